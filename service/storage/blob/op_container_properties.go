package blob

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// getContainerProperties is "Get Container Properties": GET or HEAD
// /container?restype=container, all versions. 200 with everything in headers.
func (s *Service) getContainerProperties(c *storage.Call) error {
	k, err := s.readContainer(c)
	if err != nil {
		return err
	}
	h := answer(c)
	h.setETag(c, k.ETag, k.LastModified)
	h.setMetadata(k.Metadata)
	h.setLease(c, &k.Lease)
	if c.Version >= v2016_05_31 {
		h.optional("X-Ms-Blob-Public-Access", k.PublicAccess)
	}
	if c.Version >= storage.V2017_11_09 {
		h.set("X-Ms-Has-Immutability-Policy", "false")
		h.set("X-Ms-Has-Legal-Hold", "false")
	}
	if c.Version >= storage.V2019_07_07 {
		h.set("X-Ms-Default-Encryption-Scope", accountEncryptionKey)
		h.set("X-Ms-Deny-Encryption-Scope-Override", "false")
	}
	if c.Version >= storage.V2020_10_02 {
		h.set("X-Ms-Immutable-Storage-With-Versioning-Enabled", "false")
	}
	return finish(c, h, http.StatusOK)
}

// readContainer loads the container and applies x-ms-lease-id as a condition.
func (s *Service) readContainer(c *storage.Call) (*blobstore.Container, error) {
	lease, err := givenLease(c)
	if err != nil {
		return nil, err
	}
	k, err := s.store.Container(c.Context(), c.Account.Name, c.Container)
	if err != nil {
		return nil, s.storeError(err)
	}
	return &k, checkLeaseRead(&k.Lease, c.Now, lease, leaseOnContainer)
}
