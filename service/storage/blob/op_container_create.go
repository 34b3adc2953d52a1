package blob

import (
	"net/http"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// createContainer is "Create Container": PUT /container?restype=container, all
// versions. 201, or 409 ContainerAlreadyExists. Users cannot make the service's
// own containers; `$root` and `$web` are containers like others.
func (s *Service) createContainer(c *storage.Call) error {
	access, err := publicAccess(c)
	if err != nil {
		return err
	}
	md, err := requestMetadata(c)
	if err != nil {
		return err
	}
	made, err := s.store.CreateContainer(c.Context(), c.Account.Name, blobstore.Container{
		Name: c.Container, Metadata: md, PublicAccess: access,
	})
	if err != nil {
		return s.storeError(err)
	}
	return containerChanged(c, http.StatusCreated, &made)
}

// publicAccess reads x-ms-blob-public-access; before 2009-09-19 "true" meant
// what "container" means now.
func publicAccess(c *storage.Call) (string, error) {
	v := c.Request.Header["X-Ms-Blob-Public-Access"]
	if len(v) == 0 || v[0] == "" {
		return "", nil
	}
	switch strings.ToLower(v[0]) {
	case "container", "true":
		return string(storage.PublicContainer), nil
	case "blob":
		return string(storage.PublicBlob), nil
	}
	return "", invalidHeader("X-Ms-Blob-Public-Access", v[0])
}

// containerChanged answers a change of a container.
func containerChanged(c *storage.Call, status int, made *blobstore.Container) error {
	h := answer(c)
	h.setETag(c, made.ETag, made.LastModified)
	return finish(c, h, status)
}

// givenLease reads x-ms-lease-id, "" when there is none.
func givenLease(c *storage.Call) (string, error) {
	v := c.Request.Header["X-Ms-Lease-Id"]
	if len(v) == 0 || v[0] == "" {
		return "", nil
	}
	id, ok := leaseID(v[0])
	if !ok {
		return "", invalidHeader("X-Ms-Lease-Id", v[0])
	}
	return id, nil
}
