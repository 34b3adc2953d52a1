package blob

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// setBlobProperties is "Set Blob Properties": PUT /container/blob?comp=properties,
// all versions. The six content properties change together: when one is given,
// or nothing at all, those not given are cleared. Length and sequence number of
// page blobs change by themselves.
func (s *Service) setBlobProperties(c *storage.Call) error {
	if err := noSnapshot(c); err != nil {
		return err
	}
	var content blobstore.Blob
	if err := contentHeaders(c, &content, false); err != nil {
		return err
	}
	length, resize, err := pageBlobLength(c)
	if err != nil {
		return err
	}
	action := c.Header("X-Ms-Sequence-Number-Action")
	b, err := s.update(c, useWrite, func(t *blobstore.Txn) error {
		b := t.Blob
		if err := online(b); err != nil {
			return err
		}
		if resize || action != "" {
			if err := mustBe(b, blobstore.PageBlob); err != nil {
				return err
			}
		}
		if action != "" {
			if err := setSequenceNumber(c, b, action); err != nil {
				return err
			}
		}
		if givesContent(c) || !resize && action == "" {
			b.ContentType, b.ContentEncoding, b.ContentLanguage = content.ContentType, content.ContentEncoding, content.ContentLanguage
			b.ContentDisposition, b.CacheControl, b.ContentMD5 = content.ContentDisposition, content.CacheControl, content.ContentMD5
		}
		b.Copy = nil // its properties are not the source's any more
		if resize {
			return t.Resize(length)
		}
		return t.Save(true)
	})
	if err != nil {
		return err
	}
	h := answer(c)
	if b.Type == blobstore.PageBlob {
		h.set("X-Ms-Blob-Sequence-Number", formatInt(b.SequenceNumber))
	}
	return changed(c, h, http.StatusOK, b)
}

// givesContent reports whether a content property is in the request.
func givesContent(c *storage.Call) bool {
	for _, name := range [...]string{
		"X-Ms-Blob-Content-Type", "X-Ms-Blob-Content-Encoding", "X-Ms-Blob-Content-Language",
		"X-Ms-Blob-Content-Disposition", "X-Ms-Blob-Cache-Control", "X-Ms-Blob-Content-Md5",
	} {
		if len(c.Request.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// maxPageBlob is the largest page blob, in bytes: 8 TiB.
const maxPageBlob = 8 << 40

// pageBlobLength reads x-ms-blob-content-length.
func pageBlobLength(c *storage.Call) (n int64, ok bool, err error) {
	v := c.Request.Header["X-Ms-Blob-Content-Length"]
	if len(v) == 0 {
		return 0, false, nil
	}
	n, err = parseOffset(v[0])
	if err != nil || n%pageSize != 0 || n > maxPageBlob {
		return 0, false, invalidHeader("X-Ms-Blob-Content-Length", v[0])
	}
	return n, true, nil
}

// setSequenceNumber does what x-ms-sequence-number-action says.
func setSequenceNumber(c *storage.Call, b *blobstore.Blob, action string) error {
	given := c.Header("X-Ms-Blob-Sequence-Number")
	if strings.EqualFold(action, "increment") {
		if given != "" {
			return invalidHeader("X-Ms-Blob-Sequence-Number", given)
		}
		if b.SequenceNumber == math.MaxInt64 {
			return storage.ErrSequenceNumberIncrementTooLarge
		}
		b.SequenceNumber++
		return nil
	}
	if given == "" {
		return missingHeader("X-Ms-Blob-Sequence-Number")
	}
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil || n < 0 {
		return invalidHeader("X-Ms-Blob-Sequence-Number", given)
	}
	switch strings.ToLower(action) {
	case "max":
		b.SequenceNumber = max(b.SequenceNumber, n)
	case "update":
		b.SequenceNumber = n
	default:
		return invalidHeader("X-Ms-Sequence-Number-Action", action)
	}
	return nil
}
