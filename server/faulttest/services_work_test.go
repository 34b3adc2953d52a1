package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/server"
)

// Where all messages and entities of the tests are.
const (
	queueName = "work"
	tableName = "Work"
)

// knows is whether something happened, as far as a client knows.
type knows uint8

const (
	never   knows = iota // it was not asked for, or refused
	perhaps              // there was no answer
	surely
)

// sighting is a message that a client got.
type sighting struct {
	sent, got time.Time // of the request and of its answer
	receipt   string
}

// message is what the clients know of a message.
type message struct {
	put, updated, deleted knows
	seen                  []sighting
}

// servicesLedger is what the clients of queues and tables know.
type servicesLedger struct {
	ledger
	mu       sync.Mutex
	messages map[string]*message // by text without what updates add
	entities map[string]knows    // by row key: that it is there
	batches  map[string]knows    // by what the row keys of their entities begin with
}

func newServicesLedger() *servicesLedger {
	return &servicesLedger{messages: map[string]*message{}, entities: map[string]knows{}, batches: map[string]knows{}}
}

// hidden is how long a message is not to be seen by others after it was got. It is
// longer than a kill and a restart, so that what was got before is hidden after.
const hidden = 3 * time.Second

// batchSize is how many entities a transaction inserts.
const batchSize = 5

// serviceOptions are those of clients that note what they do.
func serviceOptions(t *testing.T, options ...func(*policy.ClientOptions)) policy.ClientOptions {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	t.Cleanup(transport.CloseIdleConnections)
	o := policy.ClientOptions{
		Transport:        &http.Client{Transport: transport, Timeout: time.Minute},
		Retry:            policy.RetryOptions{MaxRetries: -1},
		PerCallPolicies:  []policy.Policy{name{}},
		PerRetryPolicies: []policy.Policy{witness{}},
	}
	for _, option := range options {
		option(&o)
	}
	return o
}

func connectQueue(t *testing.T, url string, options ...func(*policy.ClientOptions)) *azqueue.QueueClient {
	t.Helper()
	cred, err := azqueue.NewSharedKeyCredential(server.DevAccount, server.DevKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := azqueue.NewQueueClientWithSharedKeyCredential(url+"/"+server.DevAccount+"/"+queueName, cred, &azqueue.ClientOptions{ClientOptions: serviceOptions(t, options...)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func connectTable(t *testing.T, url string, options ...func(*policy.ClientOptions)) *aztables.Client {
	t.Helper()
	cred, err := aztables.NewSharedKeyCredential(server.DevAccount, server.DevKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := aztables.NewClientWithSharedKey(url+"/"+server.DevAccount+"/"+tableName, cred, &aztables.ClientOptions{ClientOptions: serviceOptions(t, options...)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// known is what an attempt says of what it was to do.
func (a *attempt) known() knows {
	switch {
	case a.answered.IsZero():
		return perhaps
	case a.status == a.want:
		return surely
	}
	return never
}

// of returns what is known of a message, by its text.
func (l *servicesLedger) of(text string) *message {
	text = strings.TrimRight(text, "!")
	m := l.messages[text]
	if m == nil {
		m = &message{}
		l.messages[text] = m
	}
	return m
}

// takeAll takes all messages there are, and returns their texts.
func takeAll(t *testing.T, q *azqueue.QueueClient) (texts []string) {
	t.Helper()
	for {
		r, err := q.DequeueMessages(t.Context(), &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(32)), VisibilityTimeout: to.Ptr(int32(3600))})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Messages) == 0 {
			return texts
		}
		for _, m := range r.Messages {
			texts = append(texts, *m.MessageText)
		}
	}
}

// produce puts messages until the node no longer answers, or ctx is over.
func (l *servicesLedger) produce(ctx context.Context, q *azqueue.QueueClient, prefix string) {
	for i := 0; ctx.Err() == nil; i++ {
		text := fmt.Sprintf("%s/%d", prefix, i)
		a := attempt{operation: "PutMessage", want: http.StatusCreated, blob: text}
		answered := l.note(ctx, &a, func(ctx context.Context) error {
			_, err := q.EnqueueMessage(ctx, text, nil)
			return err
		})
		l.mu.Lock()
		l.of(text).put = a.known()
		l.mu.Unlock()
		if !answered {
			return
		}
	}
}

// consume gets messages, updates some, deletes some and leaves some.
func (l *servicesLedger) consume(ctx context.Context, q *azqueue.QueueClient) {
	for i := 0; ctx.Err() == nil; i++ {
		got, answered := l.get(ctx, q, int32(1+i%4))
		if !answered {
			return
		}
		for n, m := range got {
			switch (i + n) % 3 {
			case 0:
				answered = l.delete(ctx, q, m)
			case 1:
				answered = l.update(ctx, q, m)
			}
			if !answered {
				return
			}
		}
	}
}

// get dequeues up to n messages.
func (l *servicesLedger) get(ctx context.Context, q *azqueue.QueueClient, n int32) (got []*azqueue.DequeuedMessage, answered bool) {
	var a attempt // what it is called depends on what is there
	a.want = http.StatusOK
	seconds := int32(hidden / time.Second)
	answered = l.note(ctx, &a, func(ctx context.Context) error {
		r, err := q.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: &n, VisibilityTimeout: &seconds})
		got = r.Messages
		return err
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range got {
		known := l.of(*m.MessageText)
		known.seen = append(known.seen, sighting{a.sent, time.Now(), *m.PopReceipt})
	}
	return got, answered
}

func (l *servicesLedger) delete(ctx context.Context, q *azqueue.QueueClient, m *azqueue.DequeuedMessage) bool {
	a := attempt{operation: "DeleteMessage", want: http.StatusNoContent, blob: *m.MessageText}
	answered := l.note(ctx, &a, func(ctx context.Context) error {
		_, err := q.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil)
		return err
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.of(*m.MessageText)
	known.deleted = max(known.deleted, a.known())
	return answered
}

// update adds a mark to the text, and hides the message for as long again.
func (l *servicesLedger) update(ctx context.Context, q *azqueue.QueueClient, m *azqueue.DequeuedMessage) bool {
	seconds := int32(hidden / time.Second)
	a := attempt{operation: "UpdateMessage", want: http.StatusNoContent, blob: *m.MessageText}
	answered := l.note(ctx, &a, func(ctx context.Context) error {
		_, err := q.UpdateMessage(ctx, *m.MessageID, *m.PopReceipt, strings.TrimRight(*m.MessageText, "!")+"!", &azqueue.UpdateMessageOptions{VisibilityTimeout: &seconds})
		return err
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.of(*m.MessageText)
	known.updated = max(known.updated, a.known())
	if a.known() == surely {
		known.seen = append(known.seen, sighting{a.sent, a.answered, ""}) // hidden anew
	}
	return answered
}

// insert inserts entities, one at a time and by transactions, and deletes some.
func (l *servicesLedger) insert(ctx context.Context, c *aztables.Client, prefix string) {
	entity := func(row string) []byte {
		b, err := json.Marshal(map[string]any{"PartitionKey": "p", "RowKey": row, "Content": strings.Repeat(row, 20)})
		if err != nil {
			panic(err) // strings can be encoded
		}
		return b
	}
	for i := 0; ctx.Err() == nil; i++ {
		row := fmt.Sprintf("%s-%d", prefix, i)
		if i%3 == 2 {
			a := attempt{operation: "EntityGroupTransaction", want: http.StatusAccepted, blob: row, parts: batchSize}
			var actions []aztables.TransactionAction
			for n := range batchSize {
				actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: entity(fmt.Sprintf("%s-%d", row, n))})
			}
			answered := l.note(ctx, &a, func(ctx context.Context) error { _, err := c.SubmitTransaction(ctx, actions, nil); return err })
			l.mu.Lock()
			l.batches[row+"-"] = a.known()
			l.mu.Unlock()
			if !answered {
				return
			}
			continue
		}
		a := attempt{operation: "InsertEntity", want: http.StatusCreated, blob: row}
		answered := l.note(ctx, &a, func(ctx context.Context) error { _, err := c.AddEntity(ctx, entity(row), nil); return err })
		l.mu.Lock()
		l.entities[row] = a.known()
		l.mu.Unlock()
		if !answered {
			return
		}
		if i%3 == 1 {
			a := attempt{operation: "DeleteEntity", want: http.StatusNoContent, blob: row}
			answered := l.note(ctx, &a, func(ctx context.Context) error { _, err := c.DeleteEntity(ctx, "p", row, nil); return err })
			l.mu.Lock()
			l.entities[row] = surely - a.known()
			l.mu.Unlock()
			if !answered {
				return
			}
		}
	}
}
