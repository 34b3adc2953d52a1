package blob

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// snapshotBlob is "Snapshot Blob": PUT /container/blob?comp=snapshot, all
// versions. 201 with the snapshot's time. Metadata in the request become the
// snapshot's, which then has an ETag of its own; without, it is the same as the
// blob. A lease ID is a condition, not needed.
func (s *Service) snapshotBlob(c *storage.Call) error {
	if err := noSnapshot(c); err != nil {
		return err
	}
	md, err := requestMetadata(c)
	if err != nil {
		return err
	}
	p, err := s.demands(c, useWrite)
	if err != nil {
		return err
	}
	var snapshot *blobstore.Blob
	err = s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		if t.Blob == nil {
			return storage.ErrBlobNotFound
		}
		if err := p.observe(c, t.Blob); err != nil {
			return err
		}
		if err := s.copies.busy(t.Blob); err != nil {
			return err
		}
		var err error
		snapshot, err = t.Snapshot(md)
		return err
	})
	if err != nil {
		return s.storeError(err)
	}
	h := answer(c)
	h.set("X-Ms-Snapshot", snapshot.Snapshot.UTC().Format(snapshotFormat))
	if md != nil {
		h.encrypted(c)
	} else if c.Version >= v2015_12_11 {
		h.set("X-Ms-Request-Server-Encrypted", "false")
	}
	return changed(c, h, http.StatusCreated, snapshot)
}
