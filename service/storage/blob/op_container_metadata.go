package blob

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// getContainerMetadata is "Get Container Metadata": GET or HEAD
// /container?restype=container&comp=metadata, all versions.
func (s *Service) getContainerMetadata(c *storage.Call) error {
	k, err := s.readContainer(c)
	if err != nil {
		return err
	}
	h := answer(c)
	h.setETag(c, k.ETag, k.LastModified)
	h.setMetadata(k.Metadata)
	return finish(c, h, http.StatusOK)
}

// setContainerMetadata is "Set Container Metadata": PUT
// /container?restype=container&comp=metadata, all versions. It replaces all
// metadata. Of the conditional headers only If-Modified-Since is documented;
// the others work too.
func (s *Service) setContainerMetadata(c *storage.Call) error {
	md, err := requestMetadata(c)
	if err != nil {
		return err
	}
	return s.updateContainer(c, func(k *blobstore.Container) error {
		k.Metadata = md
		return nil
	})
}

// updateContainer changes the container under the request's conditions and
// answers 200.
func (s *Service) updateContainer(c *storage.Call, fn func(*blobstore.Container) error) error {
	lease, err := givenLease(c)
	if err != nil {
		return err
	}
	q, err := parseConditions(c, useWrite)
	if err != nil {
		return err
	}
	made, err := s.store.UpdateContainer(c.Context(), c.Account.Name, c.Container, true, func(k *blobstore.Container) error {
		if err := q.check(k.ETag, k.LastModified); err != nil {
			return err
		}
		if err := checkLeaseRead(&k.Lease, c.Now, lease, leaseOnContainer); err != nil {
			return err
		}
		return fn(k)
	})
	if err != nil {
		return s.storeError(err)
	}
	return containerChanged(c, http.StatusOK, &made)
}
