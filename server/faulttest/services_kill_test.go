package faulttest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/bus"
	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
	"reslog/storagelog"
)

// TestKillServices kills nodes while clients put, get, update and delete messages and
// insert and delete entities, alone and in transactions. Nothing that was answered is
// lost and nothing that was deleted is back; no message is delivered while another
// client has it; a transaction is there whole or not at all; and in audit mode every
// request has its records, once.
func TestKillServices(t *testing.T) {
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) { killServices(t, d) })
	}
}

func killServices(t *testing.T, d bus.Durability) {
	withMode := servertest.WithConfig(func(c *server.Config) { c.Durability = d })
	data := prepareServices(t, withMode)
	l := newServicesLedger()
	for round := range kills / 2 {
		l.round = round
		v := start(t, data, d)
		q, c := connectQueue(t, v.queue), connectTable(t, v.table)
		var wg sync.WaitGroup
		before := l.count()
		for w := range 2 {
			prefix := fmt.Sprintf("%d-%d", round, w)
			wg.Go(func() { l.produce(t.Context(), q, prefix) })
			wg.Go(func() { l.consume(t.Context(), q) })
			wg.Go(func() { l.insert(t.Context(), c, prefix) })
		}
		if round%3 > 0 { // else the node has hardly begun
			waitFor(t, "some answers", func() bool { return l.count()-before >= 3*workers })
		}
		time.Sleep(time.Duration(rand.IntN([]int{30, 200, 500}[round%3])) * time.Millisecond)
		v.kill(t)
		wg.Wait()
	}
	last := servertest.Start(t, servertest.WithData(data), withMode)
	last.Settle(t)
	o := outcome{attempts: l.attempts, byID: map[string][]storagelog.Entry{}}
	for _, e := range last.Logs(t) {
		o.byID[e.ClientRequestID] = append(o.byID[e.ClientRequestID], e)
		o.total++
	}
	effects := map[string]bool{}
	l.checkMessages(t, connectQueue(t, last.QueueURL()), effects)
	l.checkEntities(t, connectTable(t, last.TableURL()), effects)
	answered, lost := 0, 0
	for _, a := range o.attempts {
		o.onceOrNot(t, a)
		if a.answered.IsZero() {
			if d == bus.Audit && effects[a.operation+" "+a.blob] && len(o.byID[a.id]) == 0 {
				t.Errorf("%s %s took effect and has no record", a.operation, a.blob)
			}
			continue
		}
		answered++
		if len(o.byID[a.id]) == 0 {
			lost++
		}
	}
	if d == bus.Audit && lost > 0 {
		t.Errorf("%d of %d requests that were answered have no record", lost, answered)
	}
	t.Logf("%d kills: %d requests answered, %d of them without a record, %d not answered; %d records", kills/2, answered, lost, len(o.attempts)-answered, o.total)
	if answered < kills*workers/2 {
		t.Errorf("only %d requests were answered: the test shows little", answered)
	}
}

// prepareServices makes a data folder in which queues and tables log, with those of
// the tests.
func prepareServices(t *testing.T, options ...servertest.Option) (data string) {
	t.Helper()
	data = t.TempDir()
	n := servertest.Start(t, append(options, servertest.WithData(data))...)
	if _, err := connectQueue(t, n.QueueURL()).Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := connectTable(t, n.TableURL()).CreateTable(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	n.SetLoggingOf(t, client.Queue, "rwd")
	n.SetLoggingOf(t, client.Table, "rwd")
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return data
}

// onceOrNot is once for requests of which some are refused: a message that came back
// may have been got by somebody else before it was deleted.
func (o *outcome) onceOrNot(t *testing.T, a attempt) {
	t.Helper()
	if !a.answered.IsZero() && a.status != a.want && (a.operation == "DeleteMessage" || a.operation == "UpdateMessage") && a.status == 404 {
		a.want = a.status
	}
	if entries := o.byID[a.id]; a.operation == "" && len(entries) > 0 && entries[0].Operation != "GetMessageRead" && entries[0].Operation != "GetMessageWrite" {
		if a.operation = entries[0].Operation; !strings.HasPrefix(a.operation, "GetMessage") {
			t.Errorf("a get is logged as %s", a.operation)
		}
	}
	o.once(t, a)
}

// checkMessages takes all messages there are and holds them up against what is known.
// It adds what puts have done to effects.
func (l *servicesLedger) checkMessages(t *testing.T, q *azqueue.QueueClient, effects map[string]bool) {
	t.Helper()
	l.checkDeliveries(t)
	time.Sleep(hidden) // then nothing is hidden that a client has
	left := map[string]string{}
	for _, whole := range takeAll(t, q) {
		text := strings.TrimRight(whole, "!")
		if left[text] != "" {
			t.Errorf("message %s is there twice", text)
		}
		left[text] = whole
	}
	put, deleted, lost, back := 0, 0, 0, 0
	for text, m := range l.messages {
		if m.put == surely {
			put++
		}
		if m.deleted == surely {
			deleted++
		}
		there := left[text] != ""
		effects["PutMessage "+text] = there || len(m.seen) > 0
		switch {
		case there && m.deleted == surely:
			back++
			t.Errorf("message %s is back", text)
		case !there && m.put == surely && m.deleted == never:
			lost++
			t.Errorf("message %s is lost", text)
		case there && m.updated == surely && !strings.HasSuffix(left[text], "!"):
			t.Errorf("message %s has the text of before its update", text)
		case there && m.updated == never && strings.HasSuffix(left[text], "!"):
			t.Errorf("message %s has a text that nobody gave it", text)
		}
		delete(left, text)
	}
	for text := range left {
		t.Errorf("nobody put the message %s", text)
	}
	t.Logf("%d messages put and %d deleted as answered; lost %d, back %d", put, deleted, lost, back)
}

// checkDeliveries reports messages that were delivered while they were hidden. Times
// are those of the client: a message is hidden from some time after the request that
// got it was sent.
func (l *servicesLedger) checkDeliveries(t *testing.T) {
	t.Helper()
	deliveries, twice := 0, 0
	for text, m := range l.messages {
		slices.SortFunc(m.seen, func(a, b sighting) int { return a.got.Compare(b.got) })
		receipts := map[string]bool{}
		for i, d := range m.seen {
			if d.receipt == "" {
				continue // an update
			}
			deliveries++
			if receipts[d.receipt] {
				t.Errorf("message %s was delivered twice with one receipt", text)
			}
			receipts[d.receipt] = true
			if i > 0 && d.got.Before(m.seen[i-1].sent.Add(hidden)) {
				twice++
				t.Errorf("message %s was delivered again %v after it was asked for", text, d.got.Sub(m.seen[i-1].sent))
			}
		}
	}
	t.Logf("%d deliveries, %d of them while the message was hidden", deliveries, twice)
}

// checkEntities reads the table and holds it up against what is known. It adds what
// inserts have done to effects.
func (l *servicesLedger) checkEntities(t *testing.T, c *aztables.Client, effects map[string]bool) {
	t.Helper()
	there := map[string]bool{}
	for pager := c.NewListEntitiesPager(nil); pager.More(); {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Entities {
			var e aztables.EDMEntity
			if err := e.UnmarshalJSON(b); err != nil {
				t.Fatal(err)
			}
			if e.Properties["Content"] != strings.Repeat(e.RowKey, 20) {
				t.Errorf("entity %s has the content %v", e.RowKey, e.Properties["Content"])
			}
			there[e.RowKey] = true
		}
	}
	lost, back := 0, 0
	for row, k := range l.entities {
		effects["InsertEntity "+row] = there[row]
		switch {
		case k == surely && !there[row]:
			lost++
			t.Errorf("entity %s is lost", row)
		case k == never && there[row]:
			back++
			t.Errorf("entity %s is there, and should not", row)
		}
		delete(there, row)
	}
	for prefix, k := range l.batches {
		n := 0
		for i := range batchSize {
			row := fmt.Sprint(prefix, i)
			if there[row] {
				n++
			}
			delete(there, row)
		}
		effects["EntityGroupTransaction "+strings.TrimSuffix(prefix, "-")] = n > 0
		if n != batchSize && (n != 0 || k == surely) {
			lost++
			t.Errorf("%d of the %d entities of transaction %s are there", n, batchSize, prefix)
		}
	}
	for row := range there {
		t.Errorf("nobody inserted the entity %s", row)
	}
	t.Logf("%d entities and %d transactions: lost %d, back %d", len(l.entities), len(l.batches), lost, back)
}
