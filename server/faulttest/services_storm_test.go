package faulttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/bus"
	"reslog/server"
	"reslog/server/servertest"
	"reslog/storagelog"
)

// entityOf makes an entity of a row key.
func entityOf(t *testing.T, row string) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"PartitionKey": "p", "RowKey": row, "Content": row})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRetryStorm has more clients than an account may have requests, and all of them
// try again at once. Each gets what it wants in the end, once, and every refusal is
// recorded as one.
func TestRetryStorm(t *testing.T) {
	const perSecond, clients, each = 20, 24, 3
	n := servertest.Start(t, servertest.WithData(prepareServices(t)), servertest.WithConfig(func(c *server.Config) { c.Throttle = perSecond }))
	patient := func(o *policy.ClientOptions) {
		o.Retry = policy.RetryOptions{MaxRetries: 1000, RetryDelay: time.Millisecond, MaxRetryDelay: 30 * time.Millisecond}
	}
	var l ledger
	var wg sync.WaitGroup
	for w := range clients {
		q, c := connectQueue(t, n.QueueURL(), patient), connectTable(t, n.TableURL(), patient)
		wg.Go(func() {
			for i := range each {
				name := fmt.Sprintf("%d-%d", w, i)
				l.try(t.Context(), "PutMessage", http.StatusCreated, name, func(ctx context.Context) error {
					_, err := q.EnqueueMessage(ctx, name, nil)
					return err
				})
				l.try(t.Context(), "InsertEntity", http.StatusCreated, name, func(ctx context.Context) error {
					_, err := c.AddEntity(ctx, entityOf(t, name), nil)
					return err
				})
			}
		})
	}
	wg.Wait()
	time.Sleep(time.Second) // the account may have requests again
	n.Settle(t)
	byID := map[string][]storagelog.Entry{}
	for _, e := range n.Logs(t) {
		byID[e.ClientRequestID] = append(byID[e.ClientRequestID], e)
	}
	refused := 0
	for _, a := range l.attempts {
		if a.status != a.want {
			t.Errorf("%s %s: answered %d in the end", a.operation, a.blob, a.status)
		}
		successes := 0
		for _, e := range byID[a.id] {
			switch {
			case e.HTTPStatus == "201" && e.Status == "Success":
				successes++
			case e.HTTPStatus == "503" && e.Status == "ThrottlingError":
				refused++
			default:
				t.Errorf("%s %s is logged as %s %s", a.operation, a.blob, e.HTTPStatus, e.Status)
			}
		}
		if successes != 1 {
			t.Errorf("%s %s: %d records of a success", a.operation, a.blob, successes)
		}
	}
	if refused == 0 {
		t.Error("nothing was refused: there was no storm")
	}
	messages, entities := contents(t, n)
	if len(messages) != clients*each || len(entities) != clients*each {
		t.Errorf("%d messages and %d entities, want %d", len(messages), len(entities), clients*each)
	}
	t.Logf("%d requests of %d clients, %d times refused; %d messages, %d entities", len(l.attempts), clients, refused, len(messages), len(entities))
}

// contents are all messages by text, with how often each is there, and all row keys.
func contents(t *testing.T, n *servertest.Node) (messages map[string]int, rows map[string]bool) {
	t.Helper()
	messages, rows = map[string]int{}, map[string]bool{}
	for _, text := range takeAll(t, n.QueueClient(t).NewQueueClient(queueName)) {
		messages[text]++
	}
	for pager := n.TableClient(t).NewClient(tableName).NewListEntitiesPager(nil); pager.More(); {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Entities {
			var e struct{ RowKey, Content string }
			if err := json.Unmarshal(b, &e); err != nil {
				t.Fatal(err)
			}
			if e.Content != e.RowKey {
				t.Errorf("entity %s has the content %q", e.RowKey, e.Content)
			}
			rows[e.RowKey] = true
		}
	}
	return messages, rows
}

// TestLostAnswers has clients try everything until they know what became of it, over
// connections that lose and cut requests and answers. What they know is so, in audit
// mode every answer has its record, and none has two.
func TestLostAnswers(t *testing.T) {
	audit := servertest.WithConfig(func(c *server.Config) { c.Durability = bus.Audit })
	n := servertest.Start(t, servertest.WithData(prepareServices(t, audit)), audit)
	queues, tables := newProxy(t, n.QueueURL()), newProxy(t, n.TableURL())
	s := &storm{gone: map[string]bool{}, tries: map[string]int{}}
	stop := make(chan struct{})
	var chaos, wg sync.WaitGroup
	chaos.Go(func() {
		troubles := []trouble{calm, calm, gone, cut, error503, busy, lost, torn, noise, late}
		for {
			for _, p := range []*proxy{queues, tables} {
				p.make(troubles[rand.IntN(len(troubles))])
			}
			select {
			case <-stop:
				queues.make(calm)
				tables.make(calm)
				return
			case <-time.After(time.Duration(rand.IntN(30)) * time.Millisecond):
			}
		}
	})
	for w := range workers {
		q, c := connectQueue(t, queues.url()), connectTable(t, tables.url())
		wg.Go(func() {
			for i := range 25 {
				s.round(t, q, c, fmt.Sprintf("%d-%d", w, i), i)
			}
		})
	}
	wg.Wait()
	close(stop)
	chaos.Wait()
	messages, rows := contents(t, n)
	for name, gone := range s.gone {
		if rows[name] == gone {
			t.Errorf("entity %s: there %v, deleted %v", name, rows[name], gone)
		}
		delete(rows, name)
	}
	for name := range rows {
		t.Errorf("nobody inserted %s", name)
	}
	for text, tries := range s.tries {
		if n := messages[text]; n < 1 || n > tries {
			t.Errorf("message %s is there %d times after %d tries", text, n, tries)
		}
		delete(messages, text)
	}
	for text := range messages {
		t.Errorf("nobody put %s", text)
	}
	s.checkRecords(t, n)
}

// storm is what clients know that do not give up.
type storm struct {
	ledger
	mu    sync.Mutex
	gone  map[string]bool // by row key: that it was deleted again
	tries map[string]int  // by text: how often it was put
}

// round inserts an entity, a transaction and a message, and deletes some of them.
func (s *storm) round(t *testing.T, q *azqueue.QueueClient, c *aztables.Client, name string, i int) {
	s.until(t, "InsertEntity", 0, []string{"EntityAlreadyExists"}, func(ctx context.Context) error {
		_, err := c.AddEntity(ctx, entityOf(t, name), nil)
		return err
	})
	deleted := i%3 == 0
	if deleted {
		s.until(t, "DeleteEntity", 0, []string{"ResourceNotFound"}, func(ctx context.Context) error {
			_, err := c.DeleteEntity(ctx, "p", name, nil)
			return err
		})
	}
	actions := make([]aztables.TransactionAction, batchSize)
	for n := range actions {
		actions[n] = aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: entityOf(t, fmt.Sprintf("%s-%d", name, n))}
	}
	s.until(t, "EntityGroupTransaction", batchSize, []string{""}, func(ctx context.Context) error { // its refusals are inside
		_, err := c.SubmitTransaction(ctx, actions, nil)
		return err
	})
	tries := s.until(t, "PutMessage", 0, nil, func(ctx context.Context) error { _, err := q.EnqueueMessage(ctx, name, nil); return err })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[name], s.tries[name] = deleted, tries
	for n := range actions {
		s.gone[fmt.Sprintf("%s-%d", name, n)] = false
	}
}

// until tries until the service itself says that it is done: with a success, or with
// one of the codes that say that an earlier try was.
func (s *storm) until(t *testing.T, operation string, parts int, done []string, do func(context.Context) error) (tries int) {
	for tries = 1; tries < 2000; tries++ {
		a := attempt{operation: operation, parts: parts}
		var err error
		s.note(t.Context(), &a, func(ctx context.Context) error { err = do(ctx); return err })
		if err == nil {
			return tries
		}
		var re *azcore.ResponseError
		if errors.As(err, &re) && re.RawResponse.Header.Get("x-ms-request-id") != "" {
			if re.StatusCode < 500 && re.StatusCode != http.StatusTooManyRequests {
				for _, code := range done {
					if re.ErrorCode == code {
						return tries
					}
				}
				t.Errorf("%s: %v", operation, err)
				return tries
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%s: no answer to %d tries", operation, tries)
	return tries
}

// checkRecords compares what was answered with the records: no request has two, and
// those of which an answer came have one.
func (s *storm) checkRecords(t *testing.T, n *servertest.Node) {
	t.Helper()
	n.Settle(t)
	seen, byID := map[string]int{}, map[string]int{}
	for _, e := range n.Logs(t) {
		seen[fmt.Sprint(e.RequestID, " ", e.OperationNumber)]++
		if e.OperationNumber == 0 {
			byID[e.ClientRequestID]++
		}
	}
	for id, n := range seen {
		if n > 1 {
			t.Errorf("%d records of request %s", n, id)
		}
	}
	answered, without := 0, 0
	for _, a := range s.attempts {
		if byID[a.id] > 1 {
			t.Errorf("%d requests were made of one: %s", byID[a.id], a.operation)
		}
		if a.requestID == "" {
			continue // not answered by the node
		}
		answered++
		if byID[a.id] == 0 {
			without++
			t.Errorf("%s was answered %d and has no record", a.operation, a.status)
		}
	}
	t.Logf("%d tries, %d of them answered by the node; %d without a record", len(s.attempts), answered, without)
}
