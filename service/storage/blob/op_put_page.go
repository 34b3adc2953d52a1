package blob

import (
	"net/http"
	"strconv"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// putPage is "Put Page" with x-ms-page-write: update: PUT
// /container/blob?comp=page, all versions. The range names whole pages of 512
// bytes, at most 4 MiB, and the body is exactly as long. 201.
func (s *Service) putPage(c *storage.Call) error {
	offset, length, err := givenPages(c)
	if err != nil {
		return err
	}
	if length > maxPages {
		return storage.ErrInvalidPageRange
	}
	if c.Request.ContentLength != length {
		return invalidHeader("Content-Length", formatInt(c.Request.ContentLength))
	}
	body, err := s.stageBody(c, maxPages)
	if err != nil {
		return err
	}
	return s.writePages(c, offset, length, body)
}

// clearPage is "Put Page" with x-ms-page-write: clear. The range may be of any
// length; the request has no body.
func (s *Service) clearPage(c *storage.Call) error {
	offset, length, err := givenPages(c)
	if err != nil {
		return err
	}
	if c.Request.ContentLength != 0 {
		return invalidHeader("Content-Length", formatInt(c.Request.ContentLength))
	}
	return s.writePages(c, offset, length, nil)
}

// givenPages reads the range a page operation is about.
func givenPages(c *storage.Call) (offset, length int64, err error) {
	for _, name := range [...]string{"X-Ms-Range", "Range"} {
		if v := c.Request.Header[name]; len(v) > 0 && v[0] != "" {
			return pageRange(name, v[0])
		}
	}
	return 0, 0, missingHeader("X-Ms-Range")
}

// writePages writes a staged body over pages, or clears them, and answers.
func (s *Service) writePages(c *storage.Call, offset, length int64, body *staged) error {
	sequence, err := sequenceConditions(c)
	if err != nil {
		return err
	}
	b, err := s.update(c, useWrite, func(t *blobstore.Txn) error {
		if err := mustBe(t.Blob, blobstore.PageBlob); err != nil {
			return err
		}
		if err := sequence.check(t.Blob.SequenceNumber); err != nil {
			return err
		}
		if offset+length > t.Blob.Length {
			return storage.ErrInvalidPageRange
		}
		if body == nil {
			return t.ClearPages(offset, length)
		}
		return t.WritePages(offset, body.content)
	})
	if err != nil {
		return err
	}
	h := answer(c)
	h.set("X-Ms-Blob-Sequence-Number", formatInt(b.SequenceNumber))
	if body != nil {
		h.setDigests(c, body)
		h.encrypted(c)
	}
	return changed(c, h, http.StatusCreated, b)
}

// sequenceCondition holds the x-ms-if-sequence-number- headers; nil where none
// is given.
type sequenceCondition struct {
	le, lt, eq *int64
}

func sequenceConditions(c *storage.Call) (sequenceCondition, error) {
	var q sequenceCondition
	for _, f := range [...]struct {
		name string
		to   **int64
	}{
		{"X-Ms-If-Sequence-Number-Le", &q.le},
		{"X-Ms-If-Sequence-Number-Lt", &q.lt},
		{"X-Ms-If-Sequence-Number-Eq", &q.eq},
	} {
		v := c.Request.Header[f.name]
		if len(v) == 0 || v[0] == "" {
			continue
		}
		n, err := strconv.ParseInt(v[0], 10, 64)
		if err != nil || n < 0 {
			return q, invalidHeader(f.name, v[0])
		}
		*f.to = &n
	}
	return q, nil
}

func (q *sequenceCondition) check(n int64) error {
	if q.le != nil && n > *q.le || q.lt != nil && n >= *q.lt || q.eq != nil && n != *q.eq {
		return storage.ErrSequenceNumberConditionNotMet
	}
	return nil
}
