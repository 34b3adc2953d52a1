package blob

import (
	"net/http"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// deleteBlob is "Delete Blob": DELETE /container/blob[?snapshot=], all versions.
// 202. A blob with snapshots needs x-ms-delete-snapshots: "include" deletes all
// of it, "only" its snapshots. Nothing is kept: there is no soft delete.
func (s *Service) deleteBlob(c *storage.Call) error {
	at, err := snapshotTime(c)
	if err != nil {
		return err
	}
	with := strings.ToLower(c.Header("X-Ms-Delete-Snapshots"))
	if with != "" && (with != "include" && with != "only" || !at.IsZero()) {
		return invalidHeader("X-Ms-Delete-Snapshots", with)
	}
	p, err := s.demands(c, useWrite)
	if err != nil {
		return err
	}
	err = s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		if !at.IsZero() {
			b, err := t.LoadSnapshot(at)
			if err != nil {
				return err
			}
			if err := p.observe(c, b); err != nil {
				return err
			}
			return t.DeleteSnapshot(at)
		}
		if err := p.modify(c, t.Blob); err != nil {
			return err
		}
		return deleteBase(t, with)
	})
	if err != nil {
		return s.storeError(err)
	}
	h := answer(c)
	if c.Version >= storage.V2017_07_29 {
		h.set("X-Ms-Delete-Type-Permanent", "true")
	}
	return finish(c, h, http.StatusAccepted)
}

// deleteBase deletes the base blob, its snapshots or both.
func deleteBase(t *blobstore.Txn, with string) error {
	if with == "" {
		has, err := t.HasSnapshots()
		if err != nil {
			return err
		}
		if has {
			return storage.ErrSnapshotsPresent
		}
		return t.DeleteBase()
	}
	if err := t.DeleteSnapshots(); err != nil || with == "only" {
		return err
	}
	return t.DeleteBase()
}
