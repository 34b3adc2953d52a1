package storage

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// ReadOnlyNotice says in the node's log what clients only learn as 500
// InternalError (ServerOtherError in theirs), that a store takes no writes: not 503
// ServerBusy, because that counts as throttling, which it is not, and slowing down
// does not help. It says so once in a while.
type ReadOnlyNotice struct {
	log  *slog.Logger
	now  func() time.Time
	what string
	said atomic.Int64 // when it last did, in ns since 1970
}

// readOnlyEvery is how often the log says that writes are refused.
const readOnlyEvery = 10 * time.Second

// NewReadOnlyNotice makes the notice for a store of what, "blobs". A nil log is
// none, a nil now is time.Now.
func NewReadOnlyNotice(what string, log *slog.Logger, now func() time.Time) *ReadOnlyNotice {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if now == nil {
		now = time.Now
	}
	return &ReadOnlyNotice{log: log, now: now, what: what}
}

// Refuse is the answer to a write that the store refused with err.
func (n *ReadOnlyNotice) Refuse(err error) *Error {
	said, now := n.said.Load(), n.now().UnixNano()
	if now-said >= int64(readOnlyEvery) && n.said.CompareAndSwap(said, now) {
		n.log.Error("writes are refused; reading and deleting go on", "of", n.what, "error", err,
			"do", "free space on the disk of the data folder; if it has enough, a write to it failed: restart the node")
	}
	return ErrInternalError
}
