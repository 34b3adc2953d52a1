package blob

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// deleteContainer is "Delete Container": DELETE /container?restype=container,
// all versions. 202. A leased container needs its lease ID; leases of its blobs
// do not matter. The name is free at once, where the real service needs a while.
func (s *Service) deleteContainer(c *storage.Call) error {
	lease, err := givenLease(c)
	if err != nil {
		return err
	}
	q, err := parseConditions(c, useWrite)
	if err != nil {
		return err
	}
	err = s.store.DeleteContainer(c.Context(), c.Account.Name, c.Container, func(k *blobstore.Container) error {
		if err := q.check(k.ETag, k.LastModified); err != nil {
			return err
		}
		return checkLeaseWrite(&k.Lease, c.Now, lease, leaseOnContainer)
	})
	if err != nil {
		return s.storeError(err)
	}
	return finish(c, answer(c), http.StatusAccepted)
}
