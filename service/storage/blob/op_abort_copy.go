package blob

import (
	"net/http"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// abortCopyBlob is "Abort Copy Blob": PUT /container/blob?comp=copy&copyid= with
// x-ms-copy-action: abort, from 2012-02-12 on. 204. The destination of a pending
// copy keeps its metadata and becomes empty.
func (s *Service) abortCopyBlob(c *storage.Call) error {
	if c.Version < storage.V2012_02_12 {
		return storage.ErrFeatureVersionMismatch
	}
	given := c.Query.Get("copyid")
	if given == "" {
		return storage.ErrMissingRequiredQueryParameter.With("QueryParameterName", "copyid")
	}
	id, ok := leaseID(given)
	if !ok {
		return invalidQuery("copyid", given, "not a copy id")
	}
	lease, err := givenLease(c)
	if err != nil {
		return err
	}
	err = s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		b := t.Blob
		if b == nil {
			return storage.ErrBlobNotFound
		}
		if err := checkLeaseWrite(&b.Lease, c.Now, lease, leaseOnBlob); err != nil {
			return err
		}
		s.asOf(b, c.Now)
		switch {
		case b.Copy == nil || b.Copy.Status != copyPending:
			return storage.ErrNoPendingCopyOperation
		case b.Copy.ID != id:
			return storage.ErrCopyIdMismatch
		}
		b.Copy.Status, b.Copy.Completed = copyAborted, c.Now
		return emptied(t)
	})
	if err != nil {
		return s.storeError(err)
	}
	s.copies.abort(id)
	return finish(c, answer(c), http.StatusNoContent)
}

// asOf turns what is stored of a blob into what holds now: tiers and copies
// change without a write.
func (s *Service) asOf(b *blobstore.Blob, now time.Time) {
	s.rehydrate(b, now)
	s.copies.show(b)
}
