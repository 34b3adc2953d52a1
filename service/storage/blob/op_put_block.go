package blob

import (
	"encoding/base64"
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// maxBlockID bounds a block ID before base64, in bytes.
const maxBlockID = 64

// putBlock is "Put Block": PUT /container/blob?comp=block&blockid=, all
// versions. It keeps a block that Put Block List can make part of the blob. 201.
//
// A block takes 4 MiB, from 2016-05-31 on 100 MiB, from 2019-12-12 on 4,000 MiB.
func (s *Service) putBlock(c *storage.Call) error {
	id, err := blockID(c)
	if err != nil {
		return err
	}
	if c.Request.ContentLength == 0 {
		return invalidHeader("Content-Length", "0")
	}
	p, err := s.blockDemands(c)
	if err != nil {
		return err
	}
	body, err := s.stageBody(c, blockLimit(c.Version), &p, func(b *blobstore.Blob) error { return p.block(c, b) })
	if err != nil {
		return err
	}
	return s.keepBlock(c, id, body, &p)
}

// blockDemands is demands for the operations on blocks, which know no conditions.
func (s *Service) blockDemands(c *storage.Call) (precondition, error) {
	p, err := s.demands(c, useCreate)
	p.conditions = conditions{}
	return p, err
}

// block checks the blob that is about to get an uncommitted block.
func (p *precondition) block(c *storage.Call, b *blobstore.Blob) error {
	if err := p.create(c, b); err != nil {
		return err
	}
	return mustBe(b, blobstore.BlockBlob)
}

// keepBlock makes a staged body an uncommitted block and answers.
func (s *Service) keepBlock(c *storage.Call, id string, body *staged, p *precondition) error {
	err := s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		if err := p.block(c, t.Blob); err != nil {
			return err
		}
		return t.StageBlock(id, body.content)
	})
	if err != nil {
		return s.storeError(err)
	}
	h := answer(c)
	h.setDigests(c, body)
	h.encrypted(c)
	return finish(c, h, http.StatusCreated)
}

func blockLimit(v storage.Version) int64 {
	switch {
	case v >= storage.V2019_12_12:
		return maxBlock
	case v >= v2016_05_31:
		return maxBlock2016
	}
	return maxBlockOld
}

// blockID reads the blockid parameter.
func blockID(c *storage.Call) (string, error) {
	id := c.Query.Get("blockid")
	if id == "" {
		return "", storage.ErrMissingRequiredQueryParameter.With("QueryParameterName", "blockid")
	}
	if !isBlockID(id) {
		return "", invalidQuery("blockid", id, "Not a valid base64 string of at most %d bytes.", maxBlockID)
	}
	return id, nil
}

func isBlockID(id string) bool {
	raw, err := base64.StdEncoding.DecodeString(id)
	return err == nil && len(raw) > 0 && len(raw) <= maxBlockID
}
