package interop

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"
	"github.com/google/uuid"
)

// near reports when a time is more than some seconds from another.
func near(t *testing.T, what string, at *time.Time, want time.Time) {
	t.Helper()
	if at == nil || at.Sub(want).Abs() > 25*time.Second {
		t.Errorf("%s: got %v, want about %v", what, at, want)
	}
}

// enqueue puts a message.
func enqueue(t *testing.T, q *azqueue.QueueClient, text string, o *azqueue.EnqueueMessageOptions) *azqueue.EnqueuedMessage {
	t.Helper()
	r, err := q.EnqueueMessage(t.Context(), text, o)
	check(t, err)
	if len(r.Messages) != 1 {
		t.Fatalf("%d messages in the answer to a put", len(r.Messages))
	}
	return r.Messages[0]
}

// dequeue gets up to n messages and hides them for some seconds.
func dequeue(t *testing.T, q *azqueue.QueueClient, n, seconds int32) []*azqueue.DequeuedMessage {
	t.Helper()
	r, err := q.DequeueMessages(t.Context(), &azqueue.DequeueMessagesOptions{NumberOfMessages: &n, VisibilityTimeout: &seconds})
	check(t, err)
	return r.Messages
}

// count is the queue's approximate number of messages.
func count(t *testing.T, q *azqueue.QueueClient) int32 {
	t.Helper()
	p, err := q.GetProperties(t.Context(), nil)
	check(t, err)
	return *p.ApproximateMessagesCount
}

// TestMessageLife follows a message from put to delete.
func TestMessageLife(t *testing.T) {
	q := open(t).queue(t, nil)
	ctx := t.Context()
	began := time.Now()
	put := enqueue(t, q, "first <text> & \"more\" ü 漢字", nil)
	_, err := uuid.Parse(*put.MessageID)
	check(t, err)
	near(t, "insertion", put.InsertionTime, began)
	near(t, "expiration", put.ExpirationTime, began.AddDate(0, 0, 7))
	near(t, "next visible", put.TimeNextVisible, began)
	if *put.PopReceipt == "" {
		t.Error("a put without a pop receipt")
	}

	peeked, err := q.PeekMessage(ctx, nil)
	check(t, err)
	want(t, "peeked", len(peeked.Messages), 1)
	wantPtr(t, "id", peeked.Messages[0].MessageID, *put.MessageID)
	wantPtr(t, "text", peeked.Messages[0].MessageText, "first <text> & \"more\" ü 漢字")
	wantPtr(t, "dequeue count of a peek", peeked.Messages[0].DequeueCount, 0)

	one, err := q.DequeueMessage(ctx, nil)
	check(t, err)
	want(t, "dequeued", len(one.Messages), 1)
	m := one.Messages[0]
	wantPtr(t, "id", m.MessageID, *put.MessageID)
	wantPtr(t, "text", m.MessageText, "first <text> & \"more\" ü 漢字")
	wantPtr(t, "dequeue count", m.DequeueCount, 1)
	want(t, "insertion", m.InsertionTime.Equal(*put.InsertionTime), true)
	near(t, "next visible", m.TimeNextVisible, time.Now().Add(30*time.Second))
	want(t, "a new receipt", *m.PopReceipt != *put.PopReceipt, true)
	peeked, err = q.PeekMessage(ctx, nil)
	check(t, err)
	want(t, "peeked while it is hidden", len(peeked.Messages), 0)
	want(t, "count with hidden ones", count(t, q), 1)

	// A receipt that is no longer the message's own is none ("Delete Message").
	_, err = q.DeleteMessage(ctx, *m.MessageID, *put.PopReceipt, nil)
	wantCode(t, err, http.StatusNotFound, queueerror.MessageNotFound)
	_, err = q.UpdateMessage(ctx, *m.MessageID, *put.PopReceipt, "x", nil)
	wantCode(t, err, http.StatusNotFound, queueerror.MessageNotFound)
	updated, err := q.UpdateMessage(ctx, *m.MessageID, *m.PopReceipt, "second text", &azqueue.UpdateMessageOptions{VisibilityTimeout: to.Ptr(int32(60))})
	check(t, err)
	near(t, "next visible", updated.TimeNextVisible, time.Now().Add(time.Minute))
	want(t, "a new receipt", *updated.PopReceipt != *m.PopReceipt, true)
	want(t, "messages to get", len(dequeue(t, q, 32, 30)), 0)
	_, err = q.UpdateMessage(ctx, *m.MessageID, *updated.PopReceipt, "third text", nil) // visible at once
	check(t, err)
	again := dequeue(t, q, 1, 30)
	want(t, "dequeued again", len(again), 1)
	wantPtr(t, "text", again[0].MessageText, "third text")
	wantPtr(t, "dequeue count", again[0].DequeueCount, 2)

	_, err = q.DeleteMessage(ctx, *m.MessageID, *updated.PopReceipt, nil)
	wantCode(t, err, http.StatusNotFound, queueerror.MessageNotFound)
	_, err = q.DeleteMessage(ctx, *m.MessageID, *again[0].PopReceipt, nil)
	check(t, err)
	_, err = q.DeleteMessage(ctx, *m.MessageID, *again[0].PopReceipt, nil)
	wantCode(t, err, http.StatusNotFound, queueerror.MessageNotFound)
	_, err = q.UpdateMessage(ctx, *m.MessageID, *again[0].PopReceipt, "x", nil)
	wantCode(t, err, http.StatusNotFound, queueerror.MessageNotFound)
	want(t, "count in the end", count(t, q), 0)

	// The receipt of a put deletes as well.
	put = enqueue(t, q, "short life", nil)
	_, err = q.DeleteMessage(ctx, *put.MessageID, *put.PopReceipt, nil)
	check(t, err)
	want(t, "count", count(t, q), 0)
}

// Messages come in the order in which they were put, at most 32 at once.
func TestMessageOrder(t *testing.T) {
	q := open(t).queue(t, nil)
	for i := range 40 {
		enqueue(t, q, fmt.Sprint(i), nil)
	}
	peeked, err := q.PeekMessages(t.Context(), &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(32))})
	check(t, err)
	for i, m := range peeked.Messages {
		wantPtr(t, "peeked", m.MessageText, fmt.Sprint(i))
	}
	want(t, "peeked", len(peeked.Messages), 32)
	seen := 0
	for range 3 {
		for _, m := range dequeue(t, q, 32, 60) {
			wantPtr(t, "dequeued", m.MessageText, fmt.Sprint(seen))
			seen++
		}
	}
	want(t, "dequeued", seen, 40)
	want(t, "count", count(t, q), 40)
	_, err = q.ClearMessages(t.Context(), nil)
	check(t, err)
	want(t, "count after clearing", count(t, q), 0)
}

// A message that nobody deletes comes back, and is gone when its time is up.
func TestMessageTimes(t *testing.T) {
	q := open(t).queue(t, nil)
	later := enqueue(t, q, "later", &azqueue.EnqueueMessageOptions{VisibilityTimeout: to.Ptr(int32(5))})
	near(t, "next visible", later.TimeNextVisible, time.Now().Add(5*time.Second))
	want(t, "visible at once", len(dequeue(t, q, 1, 1)), 0)
	short := enqueue(t, q, "short", &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(3))})
	near(t, "expiration", short.ExpirationTime, time.Now().Add(3*time.Second))
	forever := enqueue(t, q, "forever", &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1)), VisibilityTimeout: to.Ptr(int32(60))})
	want(t, "year of expiration", forever.ExpirationTime.Year(), 9999)

	var first *azqueue.DequeuedMessage
	eventually(t, "the message becomes visible", func() bool {
		for _, m := range dequeue(t, q, 32, 1) {
			if *m.MessageText == "later" {
				first = m
			}
		}
		return first != nil
	})
	wantPtr(t, "id", first.MessageID, *later.MessageID)
	eventually(t, "the message comes back", func() bool {
		for _, m := range dequeue(t, q, 32, 1) {
			if *m.MessageText == "later" {
				return *m.DequeueCount >= 2 && *m.PopReceipt != *first.PopReceipt
			}
		}
		return false
	})
	_, err := q.DeleteMessage(t.Context(), *first.MessageID, *first.PopReceipt, nil)
	wantCode(t, err, http.StatusNotFound, queueerror.MessageNotFound)
	eventually(t, "the short message is gone", func() bool {
		r, err := q.PeekMessages(t.Context(), &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(32))})
		check(t, err)
		for _, m := range r.Messages {
			if *m.MessageText == "short" {
				return false
			}
		}
		return time.Now().After(*short.ExpirationTime)
	})
}

func TestMessageLimits(t *testing.T) {
	q := open(t).queue(t, nil)
	ctx := t.Context()
	largest := strings.Repeat("x", 64<<10)
	enqueue(t, q, largest, nil)
	got := dequeue(t, q, 1, 30)
	want(t, "the largest text comes back", *got[0].MessageText == largest, true)
	_, err := q.UpdateMessage(ctx, *got[0].MessageID, *got[0].PopReceipt, strings.Repeat("é", 32<<10), nil)
	check(t, err)
	for _, text := range []string{largest + "x", strings.Repeat("é", 32<<10) + "x", strings.Repeat("x", 1<<20)} {
		_, err := q.EnqueueMessage(ctx, text, nil)
		if !queueerror.HasCode(err, queueerror.MessageTooLarge, queueerror.RequestBodyTooLarge) {
			t.Errorf("a text of %d bytes: %v", len(text), err)
		}
	}
	number := func(n int32) *int32 { return &n }
	for _, o := range []azqueue.EnqueueMessageOptions{
		{TimeToLive: number(0)},
		{TimeToLive: number(-2)},
		{VisibilityTimeout: number(-1)},
		{VisibilityTimeout: number(7*86400 + 1)},
		{TimeToLive: number(10), VisibilityTimeout: number(10)},
		{TimeToLive: number(10), VisibilityTimeout: number(11)},
	} {
		_, err := q.EnqueueMessage(ctx, "x", &o)
		outOfRange(t, fmt.Sprintf("put of %v", o), err)
	}
	for _, o := range []azqueue.DequeueMessagesOptions{
		{NumberOfMessages: number(0)},
		{NumberOfMessages: number(33)},
		{NumberOfMessages: number(-1)},
		{VisibilityTimeout: number(0)},
		{VisibilityTimeout: number(7*86400 + 1)},
	} {
		_, err := q.DequeueMessages(ctx, &o)
		outOfRange(t, fmt.Sprintf("get of %v", o), err)
	}
	for _, n := range []int32{0, 33} {
		_, err := q.PeekMessages(ctx, &azqueue.PeekMessagesOptions{NumberOfMessages: &n})
		outOfRange(t, fmt.Sprint("peek of ", n), err)
	}
	m := enqueue(t, q, "x", nil)
	_, err = q.UpdateMessage(ctx, *m.MessageID, *m.PopReceipt, "x", &azqueue.UpdateMessageOptions{VisibilityTimeout: number(7*86400 + 1)})
	outOfRange(t, "update", err)
	_, err = q.DeleteMessage(ctx, *m.MessageID, "no receipt", nil)
	wantRefusal(t, err)
	_, err = q.DeleteMessage(ctx, uuid.NewString(), *m.PopReceipt, nil)
	wantCode(t, err, http.StatusNotFound, queueerror.MessageNotFound)
	_, err = q.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil)
	check(t, err)
}

// outOfRange reports an error that does not say that a parameter is out of range.
func outOfRange(t *testing.T, what string, err error) {
	t.Helper()
	if !queueerror.HasCode(err, queueerror.OutOfRangeQueryParameterValue, queueerror.InvalidQueryParameterValue) {
		t.Errorf("%s: %v", what, err)
	}
}

// Clients that get at once share the messages: no two have the same.
func TestMessagesAtOnce(t *testing.T) {
	q := open(t).queue(t, nil)
	const messages, clients = 200, 8
	var wg sync.WaitGroup
	for w := range clients {
		wg.Go(func() {
			for i := range messages / clients {
				if _, err := q.EnqueueMessage(t.Context(), fmt.Sprintf("%d/%d", w, i), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var mu sync.Mutex
	seen := map[string]int{}
	for range clients {
		wg.Go(func() {
			for {
				r, err := q.DequeueMessages(t.Context(), &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(3)), VisibilityTimeout: to.Ptr(int32(600))})
				if err != nil {
					t.Error(err)
				}
				if err != nil || len(r.Messages) == 0 {
					return
				}
				mu.Lock()
				for _, m := range r.Messages {
					seen[*m.MessageText]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	want(t, "messages", len(seen), messages)
	for text, n := range seen {
		want(t, "deliveries of "+text, n, 1)
	}
}
