package queuestore

import (
	"context"
	"errors"
	"time"
)

// Errors that callers branch on. Everything else is a failure of the disk.
var (
	ErrQueueExists     = errors.New("queue exists")
	ErrQueueNotFound   = errors.New("queue not found")
	ErrMessageNotFound = errors.New("message not found")
	ErrReceiptMismatch = errors.New("the pop receipt is not that of the message")
	ErrInvalidMarker   = errors.New("marker was not made by a listing")
	ErrReadOnly        = errors.New("store takes no more writes")
)

// Forever is the expiry of a message that never expires.
var Forever = time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC)

// Queue is a queue's properties.
type Queue struct {
	Name     string
	Metadata Metadata
	Policies []Policy
	Created  time.Time
}

// Metadata are name and value pairs in the order and case the client sent.
type Metadata []Pair

// Pair is one name and its value.
type Pair struct{ Name, Value string }

// Policy is a stored access policy, kept as the client wrote it.
type Policy struct{ ID, Start, Expiry, Permission string }

// Message is a message as a dequeue or a peek sees it.
type Message struct {
	ID       string // a GUID, lower case
	Text     string
	Inserted time.Time
	Expires  time.Time
	// Visible is when it can be dequeued again.
	Visible time.Time
	// Receipt is the pop receipt: whoever has it may update and delete the
	// message. Empty after a peek.
	Receipt string
	// Dequeues is how often it was dequeued.
	Dequeues int
}

// Usage is what an account has in its queues, with messages that have expired and
// are still there. Bytes are those of the texts.
type Usage struct {
	Queues, Messages, Bytes int64
}

// API is what the queue service needs of a Store.
//
// Every mutation is atomic and durable when its call returns; concurrent
// mutations share their syncs. All methods may be called from any goroutine.
// now is the time of the request: what has expired by then is not seen.
type API interface {
	// CreateQueue makes a queue. When there is one of that name it returns that one
	// with ErrQueueExists: the service decides by its metadata.
	CreateQueue(ctx context.Context, account string, q Queue) (Queue, error)
	Queue(ctx context.Context, account, name string) (Queue, error)
	// UpdateQueue changes a queue: fn gets a private copy and may refuse.
	UpdateQueue(ctx context.Context, account, name string, fn func(*Queue) error) error
	// DeleteQueue deletes a queue with its messages. The name is free when it
	// returns; space is given back in the background.
	DeleteQueue(ctx context.Context, account, name string) error
	// Queues lists by name. next is "" at the end.
	Queues(ctx context.Context, account, prefix, marker string, limit int) (list []Queue, next string, err error)

	// Count is how many messages there are, visible or not: an upper bound, that
	// may count some that have expired.
	Count(ctx context.Context, account, queue string) (int64, error)
	// Put adds a message, which can be dequeued from visible on and is gone from
	// expires on.
	Put(ctx context.Context, account, queue, text string, now, visible, expires time.Time) (Message, error)
	// Get dequeues up to n messages, those that became visible first, and hides
	// them until the given time. No two calls return one message.
	Get(ctx context.Context, account, queue string, n int, now, until time.Time) ([]Message, error)
	// Peek is Get without any effect: no receipts, the count of dequeues stays.
	Peek(ctx context.Context, account, queue string, n int, now time.Time) ([]Message, error)
	// Update hides a message until the given time, gives it a new receipt and,
	// unless text is nil, a new text. A receipt of before is ErrReceiptMismatch.
	Update(ctx context.Context, account, queue, id, receipt string, text *string, now, until time.Time) (Message, error)
	Delete(ctx context.Context, account, queue, id, receipt string, now time.Time) error
	// Clear deletes all messages.
	Clear(ctx context.Context, account, queue string) error

	Usage(ctx context.Context, account string) (Usage, error)
	Close() error
}
