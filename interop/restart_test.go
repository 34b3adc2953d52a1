package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/server/servertest"
)

// TestRestart stops a node and starts it again: messages are in their order, what was
// hidden is hidden as long as it was to be, receipts are good, and entities are what
// they were.
func TestRestart(t *testing.T) {
	n := servertest.Start(t)
	g := targetOf(n)
	q := g.queues(t).NewQueueClient(unique(t))
	_, err := q.Create(t.Context(), &azqueue.CreateOptions{Metadata: meta("k", "v")})
	check(t, err)
	name := uniqueTable(t)
	c := tableOf{g.tables(t).NewClient(name), name}
	_, err = c.CreateTable(t.Context(), nil)
	check(t, err)
	for i := range 50 {
		enqueue(t, q, fmt.Sprint(i), nil)
	}
	kept := dequeue(t, q, 5, 600)
	began := time.Now()
	brief := dequeue(t, q, 5, 3)
	later := enqueue(t, q, "later", &azqueue.EnqueueMessageOptions{VisibilityTimeout: to.Ptr(int32(600))})
	added := c.add(t, at("p", "r", "text", "ü", "L@odata.type", "Edm.Int64", "L", "9007199254740993"))

	n.Restart(t)
	g = targetOf(n)
	c = tableOf{g.tables(t).NewClient(c.Name), c.Name}
	q = g.queues(t).NewQueueClient(nameOf(q))
	p, err := q.GetProperties(t.Context(), nil)
	check(t, err)
	wantMeta(t, p.Metadata, map[string]string{"k": "v"})
	want(t, "messages", *p.ApproximateMessagesCount, 51)
	_, err = q.DeleteMessage(t.Context(), *kept[0].MessageID, *kept[0].PopReceipt, nil)
	check(t, err)
	_, err = q.UpdateMessage(t.Context(), *later.MessageID, *later.PopReceipt, "changed", &azqueue.UpdateMessageOptions{VisibilityTimeout: to.Ptr(int32(600))})
	check(t, err)
	var order []string // of what was not hidden, and then of what was for a moment
	for i := 10; i < 50; i++ {
		order = append(order, fmt.Sprint(i))
	}
	for _, m := range brief {
		order = append(order, *m.MessageText)
	}
	seen := 0
	eventually(t, "all messages to come", func() bool {
		for _, m := range dequeue(t, q, 32, 600) {
			wantPtr(t, "message", m.MessageText, order[seen])
			if seen++; seen <= 40 {
				continue
			}
			wantPtr(t, "dequeue count", m.DequeueCount, 2)
			if since := time.Since(began); since < 3*time.Second {
				t.Errorf("%s is back after %v, and was hidden for 3 s", *m.MessageText, since)
			}
		}
		return seen == len(order)
	})
	o := c.get(t, "p", "r")
	want(t, "ETag", o["odata.etag"], any(string(added.ETag)))
	want(t, "text", o["text"], any("ü"))
	want(t, "long", o["L"], any("9007199254740993"))
}
