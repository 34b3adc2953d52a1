package blob

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// setBlobMetadata is "Set Blob Metadata": PUT /container/blob?comp=metadata, all
// versions. It replaces all metadata.
func (s *Service) setBlobMetadata(c *storage.Call) error {
	if err := noSnapshot(c); err != nil {
		return err
	}
	md, err := requestMetadata(c)
	if err != nil {
		return err
	}
	b, err := s.update(c, useWrite, func(t *blobstore.Txn) error {
		if err := online(t.Blob); err != nil {
			return err
		}
		t.Blob.Metadata = md
		return t.Save(true)
	})
	if err != nil {
		return err
	}
	h := answer(c)
	h.encrypted(c)
	return changed(c, h, http.StatusOK, b)
}
