package blob

import (
	"net/http"
	"strconv"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// appendBlock is "Append Block": PUT /container/blob?comp=appendblock, from
// 2015-02-21 on. 201 with the offset the block got.
//
// A block takes 4 MiB, from 2022-11-02 on 100 MiB. x-ms-blob-condition-appendpos
// and -maxsize are checked where the block is added, so that of concurrent
// writers with the same position one wins.
func (s *Service) appendBlock(c *storage.Call) error {
	if c.Version < storage.V2015_02_21 {
		return errAppendBlobVersion
	}
	if c.Request.ContentLength == 0 {
		return invalidHeader("Content-Length", "0")
	}
	d, err := s.appendDemands(c)
	if err != nil {
		return err
	}
	body, err := s.stageBody(c, appendLimit(c.Version), &d.precondition, func(b *blobstore.Blob) error {
		if err := d.modify(c, b); err != nil {
			return err
		}
		return d.block(b, c.Request.ContentLength)
	})
	if err != nil {
		return err
	}
	return s.addBlock(c, body, &d)
}

const v2022_11_02 storage.Version = "2022-11-02"

func appendLimit(v storage.Version) int64 {
	if v >= v2022_11_02 {
		return maxAppend
	}
	return maxAppendOld
}

// appendDemands are what Append Block demands of the blob.
type appendDemands struct {
	precondition
	position appendPosition
}

func (s *Service) appendDemands(c *storage.Call) (d appendDemands, err error) {
	if d.precondition, err = s.demands(c, useWrite); err != nil {
		return d, err
	}
	d.position, err = appendConditions(c)
	return d, err
}

// block checks the blob that is about to get a block of n bytes.
func (d *appendDemands) block(b *blobstore.Blob, n int64) error {
	if err := appendable(b); err != nil {
		return err
	}
	if b.AppendBlocks >= maxCommitted {
		return storage.ErrBlockCountExceedsLimit
	}
	return d.position.check(b.Length, n)
}

// addBlock adds a staged body to the append blob and answers.
func (s *Service) addBlock(c *storage.Call, body *staged, d *appendDemands) error {
	offset := int64(0)
	b, err := s.updateIf(c, &d.precondition, func(t *blobstore.Txn) error {
		if err := d.block(t.Blob, body.length); err != nil {
			return err
		}
		offset = t.Blob.Length
		return t.Append(body.content)
	})
	if err != nil {
		return err
	}
	h := answer(c)
	h.set("X-Ms-Blob-Append-Offset", formatInt(offset))
	h.set("X-Ms-Blob-Committed-Block-Count", strconv.Itoa(b.AppendBlocks))
	h.setDigests(c, body)
	h.encrypted(c)
	return changed(c, h, http.StatusCreated, b)
}

// appendable refuses what cannot be appended to.
func appendable(b *blobstore.Blob) error {
	if err := mustBe(b, blobstore.AppendBlob); err != nil {
		return err
	}
	if b.Sealed {
		return storage.ErrBlobIsSealed
	}
	return nil
}

// appendPosition holds the conditions of append blobs; -1 where none is given.
type appendPosition struct {
	at, most int64
}

func appendConditions(c *storage.Call) (appendPosition, error) {
	p := appendPosition{at: -1, most: -1}
	for name, to := range map[string]*int64{"X-Ms-Blob-Condition-Appendpos": &p.at, "X-Ms-Blob-Condition-Maxsize": &p.most} {
		v := c.Request.Header[name]
		if len(v) == 0 || v[0] == "" {
			continue
		}
		n, err := parseOffset(v[0])
		if err != nil {
			return p, invalidHeader(name, v[0])
		}
		*to = n
	}
	return p, nil
}

// check applies the conditions to a blob of the given length that is to grow.
func (p *appendPosition) check(length, grows int64) error {
	if p.at >= 0 && p.at != length {
		return storage.ErrAppendPositionConditionNotMet
	}
	if p.most >= 0 && length+grows > p.most {
		return storage.ErrMaxBlobSizeConditionNotMet
	}
	return nil
}

// sealBlob is "Append Blob Seal": PUT /container/blob?comp=seal, from 2019-12-12
// on. A sealed blob is never appended to again; sealing it twice is fine.
func (s *Service) sealBlob(c *storage.Call) error {
	if c.Version < v2019_10_10 {
		return storage.ErrFeatureVersionMismatch
	}
	position, err := appendConditions(c)
	if err != nil {
		return err
	}
	b, err := s.update(c, useWrite, func(t *blobstore.Txn) error {
		if err := mustBe(t.Blob, blobstore.AppendBlob); err != nil {
			return err
		}
		if err := position.check(t.Blob.Length, 0); err != nil {
			return err
		}
		touch := !t.Blob.Sealed
		t.Blob.Sealed = true
		return t.Save(touch)
	})
	if err != nil {
		return err
	}
	h := answer(c)
	h.set("X-Ms-Blob-Sealed", "true")
	return changed(c, h, http.StatusOK, b)
}
