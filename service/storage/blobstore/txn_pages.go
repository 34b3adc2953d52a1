package blobstore

import (
	"errors"
	"fmt"
)

// pageBytes is the size of a page: what page blobs are written in.
const pageBytes = 512

// Append adds c to the end of t.Blob, counts a block and touches the blob.
func (t *Txn) Append(c *Content) error {
	if err := t.need(AppendBlob); err != nil {
		return err
	}
	pieces, err := t.use(c)
	if err != nil {
		return err
	}
	if err := t.splice(t.length, max(c.Length, 1), shifted(pieces, t.length)); err != nil {
		return err
	}
	t.length += c.Length
	t.Blob.AppendBlocks++
	return t.touch()
}

// WritePages writes c over the pages from offset on and touches the blob.
func (t *Txn) WritePages(offset int64, c *Content) error {
	if err := t.pages(offset, c.Length); err != nil {
		return err
	}
	pieces, err := t.use(c)
	if err != nil {
		return err
	}
	if err := t.splice(offset, c.Length, shifted(pieces, offset)); err != nil {
		return err
	}
	return t.touch()
}

// ClearPages makes pages unwritten, which read as zeros, and touches the blob.
func (t *Txn) ClearPages(offset, length int64) error {
	if err := t.pages(offset, length); err != nil {
		return err
	}
	if err := t.splice(offset, length, nil); err != nil {
		return err
	}
	return t.touch()
}

// Resize sets the length of a page blob and touches it. What is cut off is gone:
// growing again shows zeros there.
func (t *Txn) Resize(length int64) error {
	if err := t.need(PageBlob); err != nil {
		return err
	}
	if length < 0 || length%pageBytes != 0 {
		return fmt.Errorf("length %d is not a number of pages", length)
	}
	if length < t.length {
		if err := t.splice(length, t.length-length, nil); err != nil {
			return err
		}
	}
	t.length = length
	return t.touch()
}

// pages checks that a run of pages lies within the blob.
func (t *Txn) pages(offset, length int64) error {
	if err := t.need(PageBlob); err != nil {
		return err
	}
	if offset < 0 || length <= 0 || offset%pageBytes != 0 || length%pageBytes != 0 {
		return fmt.Errorf("%d bytes at %d are not whole pages", length, offset)
	}
	if offset > t.length || length > t.length-offset {
		return errors.New("pages outside the blob")
	}
	return nil
}

// shifted returns pieces of a content at the place they get in a blob.
func shifted(pieces []piece, by int64) []piece {
	out := make([]piece, len(pieces))
	for i, p := range pieces {
		p.at += by
		out[i] = p
	}
	return out
}
