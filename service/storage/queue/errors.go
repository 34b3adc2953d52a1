package queue

import (
	"errors"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/queuestore"
)

// storeError turns an error of the store into the service's own.
//
// A pop receipt that is not, or no longer, that of the message is answered as if
// there were no such message, which is what the real service does and "Delete
// Message" documents; its code PopReceiptMismatch exists, but was not seen.
func (s *Service) storeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, queuestore.ErrQueueNotFound):
		return storage.ErrQueueNotFound
	case errors.Is(err, queuestore.ErrQueueExists):
		return storage.ErrQueueAlreadyExists
	case errors.Is(err, queuestore.ErrMessageNotFound), errors.Is(err, queuestore.ErrReceiptMismatch):
		return storage.ErrMessageNotFound
	case errors.Is(err, queuestore.ErrInvalidMarker):
		return storage.ErrInvalidMarker
	case errors.Is(err, queuestore.ErrReadOnly):
		s.tellReadOnly(err)
		return storage.ErrInternalError
	}
	return err
}

// readOnlyEvery is how often the log says that writes are refused.
const readOnlyEvery = 10 * time.Second

// tellReadOnly says in the node's log what clients only learn as 500
// InternalError: not 503 ServerBusy, because that counts as throttling.
func (s *Service) tellReadOnly(err error) {
	last, now := s.toldReadOnly.Load(), s.now().UnixNano()
	if now-last < int64(readOnlyEvery) || !s.toldReadOnly.CompareAndSwap(last, now) {
		return
	}
	s.log.Error("writes to queues are refused; reading and deleting go on", "error", err,
		"do", "free space on the disk of the data folder; if it has enough, a write to it failed: restart the node")
}
