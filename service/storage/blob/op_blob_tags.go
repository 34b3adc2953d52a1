package blob

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// getBlobTags is "Get Blob Tags": GET /container/blob?comp=tags[&snapshot=],
// from 2019-12-12 on.
func (s *Service) getBlobTags(c *storage.Call) error {
	if c.Version < storage.V2019_12_12 {
		return storage.ErrFeatureVersionMismatch
	}
	if err := refuseBlobConditions(c); err != nil {
		return err
	}
	b, err := s.read(c)
	if err != nil {
		return err
	}
	w := newXML()
	defer w.release()
	w.tags(b.Tags)
	return w.send(c)
}

// setBlobTags is "Set Blob Tags": PUT /container/blob?comp=tags[&snapshot=], from
// 2019-12-12 on. It replaces all tags; ETag and Last-Modified stay. 204.
func (s *Service) setBlobTags(c *storage.Call) error {
	if c.Version < storage.V2019_12_12 {
		return storage.ErrFeatureVersionMismatch
	}
	at, err := snapshotTime(c)
	if err != nil {
		return err
	}
	if err := refuseBlobConditions(c); err != nil {
		return err
	}
	p, err := s.demands(c, useWrite)
	if err != nil {
		return err
	}
	raw, err := readBody(c, maxTagsBody)
	if err != nil {
		return err
	}
	tags, err := parseTagSet(raw)
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
			b.Tags = tags
			return t.SaveSnapshot(b)
		}
		if err := p.modify(c, t.Blob); err != nil {
			return err
		}
		t.Blob.Tags = tags
		return t.Save(false)
	})
	if err != nil {
		return s.storeError(err)
	}
	return finish(c, answer(c), http.StatusNoContent)
}

// refuseBlobConditions refuses the x-ms-blob-if- headers of the newest versions.
func refuseBlobConditions(c *storage.Call) error {
	for _, name := range [...]string{"X-Ms-Blob-If-Match", "X-Ms-Blob-If-None-Match", "X-Ms-Blob-If-Modified-Since", "X-Ms-Blob-If-Unmodified-Since"} {
		if v := c.Request.Header[name]; len(v) > 0 {
			return unsupportedHeader(name, v[0])
		}
	}
	return nil
}
