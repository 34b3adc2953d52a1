package queue

import (
	"errors"

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
		return s.readOnly.Refuse(err)
	}
	return err
}
