package blob

import (
	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// getContainerACL is "Get Container ACL": GET or HEAD
// /container?restype=container&comp=acl, all versions. For the owner only.
func (s *Service) getContainerACL(c *storage.Call) error {
	k, err := s.readContainer(c)
	if err != nil {
		return err
	}
	h := answer(c)
	h.setETag(c, k.ETag, k.LastModified)
	h.optional("X-Ms-Blob-Public-Access", k.PublicAccess)
	return storage.WritePolicies(c, k.Policies)
}

// setContainerACL is "Set Container ACL": PUT
// /container?restype=container&comp=acl, all versions. It replaces the public
// access level and all stored access policies, of which there are at most five.
func (s *Service) setContainerACL(c *storage.Call) error {
	access, err := publicAccess(c)
	if err != nil {
		return err
	}
	raw, err := readBody(c, storage.MaxPoliciesBody)
	if err != nil {
		return err
	}
	given, err := storage.ParsePolicies(raw, "racwdxyltmeopif")
	if err != nil {
		return err
	}
	return s.updateContainer(c, func(k *blobstore.Container) error {
		k.PublicAccess, k.Policies = access, storage.ConvertPolicies[blobstore.Policy](given)
		return nil
	})
}
