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
	d, err := s.pageDemands(c, offset, length)
	if err != nil {
		return err
	}
	body, err := s.stageBody(c, maxPages, &d.precondition, func(b *blobstore.Blob) error {
		if err := d.modify(c, b); err != nil {
			return err
		}
		return d.pages(b)
	})
	if err != nil {
		return err
	}
	return s.writePages(c, &d, body)
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
	d, err := s.pageDemands(c, offset, length)
	if err != nil {
		return err
	}
	return s.writePages(c, &d, nil)
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

// pageDemands are what an operation on pages demands of the blob.
type pageDemands struct {
	precondition
	sequence       sequenceCondition
	offset, length int64
}

func (s *Service) pageDemands(c *storage.Call, offset, length int64) (d pageDemands, err error) {
	d.offset, d.length = offset, length
	if d.precondition, err = s.demands(c, useWrite); err != nil {
		return d, err
	}
	d.sequence, err = sequenceConditions(c)
	return d, err
}

// pages checks the blob of which pages are about to change.
func (d *pageDemands) pages(b *blobstore.Blob) error {
	if err := mustBe(b, blobstore.PageBlob); err != nil {
		return err
	}
	if err := d.sequence.check(b.SequenceNumber); err != nil {
		return err
	}
	if d.offset+d.length > b.Length {
		return storage.ErrInvalidPageRange
	}
	return nil
}

// writePages writes a staged body over pages, or clears them, and answers.
func (s *Service) writePages(c *storage.Call, d *pageDemands, body *staged) error {
	b, err := s.updateIf(c, &d.precondition, func(t *blobstore.Txn) error {
		if err := d.pages(t.Blob); err != nil {
			return err
		}
		if body == nil {
			return t.ClearPages(d.offset, d.length)
		}
		return t.WritePages(d.offset, body.content)
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
