package blob

import (
	"encoding/base64"
	"net/http"

	"reslog/service/storage"
)

// getBlobProperties is "Get Blob Properties": HEAD /container/blob[?snapshot=],
// all versions. The access tier shows from 2017-04-17 on.
func (s *Service) getBlobProperties(c *storage.Call) error {
	b, err := s.read(c)
	if err != nil {
		return err
	}
	h := answer(c)
	h.set("Content-Length", formatInt(b.Length))
	if len(b.ContentMD5) > 0 {
		h.set("Content-Md5", base64.StdEncoding.EncodeToString(b.ContentMD5))
	}
	h.setBlob(c, b)
	if c.Version >= storage.V2017_04_17 {
		h.setTier(b)
	}
	c.Response.WriteHeader(http.StatusOK)
	return nil
}

// getBlobMetadata is "Get Blob Metadata": GET or HEAD
// /container/blob?comp=metadata[&snapshot=], all versions.
func (s *Service) getBlobMetadata(c *storage.Call) error {
	b, err := s.read(c)
	if err != nil {
		return err
	}
	h := answer(c)
	h.setMetadata(b.Metadata)
	h.setETag(c, b.ETag, b.LastModified)
	return finish(c, h, http.StatusOK)
}
