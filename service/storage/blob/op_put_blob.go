package blob

import (
	"bytes"
	"encoding/base64"
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// putBlob is "Put Blob": PUT /container/blob, all versions. It makes a block
// blob from the body, or an empty page or append blob, in place of what was
// there; snapshots stay. 201.
//
// A block blob takes 64 MiB, from 2016-05-31 on 256 MiB, from 2019-12-12 on
// 5,000 MiB. Its MD5 is stored unless x-ms-blob-content-md5 gives another, which
// must be that of the body.
func (s *Service) putBlob(c *storage.Call) error {
	b, err := newBlob(c)
	if err != nil {
		return err
	}
	p, err := s.demands(c, useCreate)
	if err != nil {
		return err
	}
	allow := func(old *blobstore.Blob) error { return p.create(c, old) }
	var body *staged
	if b.Type == blobstore.BlockBlob {
		if body, err = s.stageBody(c, putBlobLimit(c.Version), &p, allow); err != nil {
			return err
		}
		if b.ContentMD5 != nil && !bytes.Equal(b.ContentMD5, body.md5) {
			want := expectation{md5: b.ContentMD5}
			return want.check(body)
		}
		b.ContentMD5 = body.md5
	} else if c.Request.ContentLength != 0 {
		return invalidHeader("Content-Length", formatInt(c.Request.ContentLength))
	}
	err = s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		if err := allow(t.Blob); err != nil {
			return err
		}
		heir(c, b, t.Blob)
		if body == nil {
			return t.Create(b)
		}
		return t.Create(b, body.content)
	})
	if err != nil {
		return s.storeError(err)
	}
	h := answer(c)
	if body != nil {
		h.set("Content-Md5", base64.StdEncoding.EncodeToString(body.md5))
		if c.Version >= storage.V2019_02_02 {
			h.set("X-Ms-Content-Crc64", crc64Text(body.crc))
		}
	}
	h.encrypted(c)
	return changed(c, h, http.StatusCreated, b)
}

func putBlobLimit(v storage.Version) int64 {
	switch {
	case v >= storage.V2019_12_12:
		return maxPutBlob
	case v >= v2016_05_31:
		return maxPutBlob2016
	}
	return maxPutBlobOld
}

// newBlob reads what a request says about the blob it makes: type, content
// headers, metadata, tags, tier, length.
func newBlob(c *storage.Call) (*blobstore.Blob, error) {
	b := &blobstore.Blob{Name: c.Name, ContentType: defaultContentType}
	if err := contentHeaders(c, b, true); err != nil {
		return nil, err
	}
	var err error
	if b.Metadata, err = requestMetadata(c); err != nil {
		return nil, err
	}
	if b.Tags, err = requestTags(c); err != nil {
		return nil, err
	}
	v := c.Request.Header["X-Ms-Blob-Type"]
	if len(v) == 0 {
		return nil, missingHeader("X-Ms-Blob-Type")
	}
	switch b.Type = blobstore.BlobType(v[0]); b.Type {
	case blobstore.BlockBlob:
		return b, requestTier(c, b)
	case blobstore.PageBlob:
		return b, newPageBlob(c, b)
	case blobstore.AppendBlob:
		if c.Version >= storage.V2015_02_21 {
			return b, nil
		}
	}
	return nil, invalidHeader("X-Ms-Blob-Type", v[0])
}

func newPageBlob(c *storage.Call, b *blobstore.Blob) error {
	n, ok, err := pageBlobLength(c)
	if err != nil {
		return err
	}
	if !ok {
		return missingHeader("X-Ms-Blob-Content-Length")
	}
	b.Length = n
	if v := c.Header("X-Ms-Blob-Sequence-Number"); v != "" {
		if b.SequenceNumber, err = parseOffset(v); err != nil {
			return invalidHeader("X-Ms-Blob-Sequence-Number", v)
		}
	}
	if v := c.Header("X-Ms-Access-Tier"); v != "" {
		return storage.ErrBlobAccessTierNotSupportedForAccountType
	}
	return nil
}
