package blob

import (
	"encoding/base64"
	"net/http"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// The operations that read their content from x-ms-copy-source within the
// request. The source must be public or carry its own signature, or the request
// a token for it in x-ms-copy-source-authorization: the key of the request does
// not open it.

// stageSource opens the source and streams x-ms-source-range of it, or all, to
// the store, checked against x-ms-source-content-md5 or -crc64.
func (s *Service) stageSource(c *storage.Call, most int64) (*staged, error) {
	if c.Request.ContentLength > 0 {
		return nil, invalidHeader("Content-Length", formatInt(c.Request.ContentLength))
	}
	src, err := s.readableSource(c)
	if err != nil {
		return nil, err
	}
	defer src.close()
	offset, length := int64(0), src.blob.Length
	if v := c.Header("X-Ms-Source-Range"); v != "" {
		rng, ok := parseRange(v)
		if !ok {
			return nil, invalidHeader("X-Ms-Source-Range", v)
		}
		if offset, length, err = rng.within(src.blob.Length); err != nil {
			return nil, err
		}
	}
	return s.readSource(c, src, offset, length, most)
}

// readableSource opens the source of a request that reads it before it answers:
// its conditions hold and it is not in the archive tier.
func (s *Service) readableSource(c *storage.Call) (*source, error) {
	src, err := s.openSource(c)
	if err != nil {
		return nil, err
	}
	if err = checkSource(c, src, true); err == nil {
		err = online(src.blob)
	}
	if err != nil {
		src.close()
		return nil, err
	}
	return src, nil
}

// readSource streams a range of an open source to the store.
func (s *Service) readSource(c *storage.Call, src *source, offset, length, most int64) (*staged, error) {
	if length > most {
		return nil, bodyTooLarge(most)
	}
	want, err := expected(c, "X-Ms-Source-Content-Md5", "X-Ms-Source-Content-Crc64")
	if err != nil {
		return nil, err
	}
	r, err := src.reader(offset, length)
	if err != nil {
		return nil, err
	}
	got, err := s.stage(c.Context(), r, digests{md5: true, crc: true})
	if err != nil {
		return nil, s.storeError(err)
	}
	if got.length != length {
		return nil, cannotVerify(http.StatusInternalServerError, "The copy source ended early.")
	}
	c.ServerMD5 = base64.StdEncoding.EncodeToString(got.md5)
	return got, want.check(got)
}

// putBlockFromURL is "Put Block From URL": PUT /container/blob?comp=block&blockid=
// with x-ms-copy-source, from 2018-03-28 on.
func (s *Service) putBlockFromURL(c *storage.Call) error {
	id, err := blockID(c)
	if err != nil {
		return err
	}
	p, err := s.blockDemands(c)
	if err != nil {
		return err
	}
	body, err := s.stageSource(c, max(blockLimit(c.Version), maxBlock2016))
	if err != nil {
		return err
	}
	return s.keepBlock(c, id, body, &p)
}

// appendBlockFromURL is "Append Block From URL": PUT
// /container/blob?comp=appendblock with x-ms-copy-source, from 2018-11-09 on.
func (s *Service) appendBlockFromURL(c *storage.Call) error {
	d, err := s.appendDemands(c)
	if err != nil {
		return err
	}
	body, err := s.stageSource(c, appendLimit(c.Version))
	if err != nil {
		return err
	}
	if body.length == 0 {
		return storage.ErrInvalidRange
	}
	return s.addBlock(c, body, &d)
}

// putPageFromURL is "Put Page From URL": PUT /container/blob?comp=page with
// x-ms-copy-source, from 2018-11-09 on. Source and destination range are as long.
func (s *Service) putPageFromURL(c *storage.Call) error {
	offset, length, err := givenPages(c)
	if err != nil {
		return err
	}
	if length > maxPages {
		return storage.ErrInvalidPageRange
	}
	if c.Header("X-Ms-Source-Range") == "" {
		return missingHeader("X-Ms-Source-Range")
	}
	d, err := s.pageDemands(c, offset, length)
	if err != nil {
		return err
	}
	body, err := s.stageSource(c, maxPages)
	if err != nil {
		return err
	}
	if body.length != length {
		return invalidHeader("X-Ms-Source-Range", c.Header("X-Ms-Source-Range"))
	}
	return s.writePages(c, &d, body)
}

// copyBlobFromURL is "Copy Blob From URL": PUT /container/blob with
// x-ms-copy-source and x-ms-requires-sync: true, from 2018-03-28 on. The
// destination is always a block blob of at most 256 MiB. 202.
func (s *Service) copyBlobFromURL(c *storage.Call) error {
	src, err := s.readableSource(c)
	if err != nil {
		return err
	}
	defer src.close()
	if src.blob.Length > maxPutBlob2016 {
		return bodyTooLarge(maxPutBlob2016)
	}
	from := *src.blob
	from.Type = blobstore.BlockBlob
	b, err := copyTarget(c, &from)
	if err != nil {
		return err
	}
	if err := copyTags(c, src, b); err != nil {
		return err
	}
	body, err := s.verified(c, src)
	if err != nil {
		return err
	}
	b.Copy = completeCopy(c, src)
	if err := s.writeCopy(c, src, b, body); err != nil {
		return err
	}
	h := answer(c)
	h.set("X-Ms-Copy-Id", b.Copy.ID)
	h.set("X-Ms-Copy-Status", b.Copy.Status)
	if body != nil {
		h.setDigests(c, body)
	}
	return changed(c, h, http.StatusAccepted, b)
}

// verified reads the source when the request gives a checksum of it; nil
// otherwise, and writeCopy shares the content or reads it itself.
func (s *Service) verified(c *storage.Call, src *source) (*staged, error) {
	h := c.Request.Header
	if len(h["X-Ms-Source-Content-Md5"]) == 0 && len(h["X-Ms-Source-Content-Crc64"]) == 0 {
		return nil, nil
	}
	return s.readSource(c, src, 0, src.blob.Length, maxPutBlob)
}

// copyTags applies x-ms-copy-source-tag-option: REPLACE, the default, takes the
// tags of the request, COPY those of the source.
func copyTags(c *storage.Call, src *source, b *blobstore.Blob) error {
	switch v := c.Header("X-Ms-Copy-Source-Tag-Option"); strings.ToUpper(v) {
	case "", "REPLACE":
		return nil
	case "COPY":
		if b.Tags != nil {
			return invalidHeader("X-Ms-Copy-Source-Tag-Option", v)
		}
		if err := needsPermission(c, "t", blobTagsWrite); err != nil {
			return err
		}
		if src.mayReadTags != nil && !src.mayReadTags() {
			return cannotVerify(http.StatusForbidden, storage.ErrAuthorizationPermissionMismatch.Message)
		}
		b.Tags = src.blob.Tags
		return nil
	default:
		return invalidHeader("X-Ms-Copy-Source-Tag-Option", v)
	}
}

// putBlobFromURL is "Put Blob From URL": PUT /container/blob with x-ms-blob-type
// and x-ms-copy-source, from 2020-04-08 on. It makes a block blob with the
// source's content properties (unless x-ms-copy-source-blob-properties is
// false), over which go those of the request. 201.
func (s *Service) putBlobFromURL(c *storage.Call) error {
	if c.Version < v2020_04_08 {
		return storage.ErrFeatureVersionMismatch
	}
	if v := c.Header("X-Ms-Blob-Type"); v != string(blobstore.BlockBlob) {
		return invalidHeader("X-Ms-Blob-Type", v)
	}
	src, err := s.readableSource(c)
	if err != nil {
		return err
	}
	defer src.close()
	b, err := blobFromURL(c, src.blob)
	if err != nil {
		return err
	}
	if err := copyTags(c, src, b); err != nil {
		return err
	}
	body, err := s.verified(c, src)
	if err != nil {
		return err
	}
	if err := s.writeCopy(c, src, b, body); err != nil {
		return err
	}
	h := answer(c)
	if len(b.ContentMD5) > 0 {
		h.set("Content-Md5", base64.StdEncoding.EncodeToString(b.ContentMD5))
	}
	h.encrypted(c)
	return changed(c, h, http.StatusCreated, b)
}

// blobFromURL is the blob that Put Blob From URL makes.
func blobFromURL(c *storage.Call, src *blobstore.Blob) (*blobstore.Blob, error) {
	from := *src
	if strings.EqualFold(c.Header("X-Ms-Copy-Source-Blob-Properties"), "false") {
		from = blobstore.Blob{ContentType: defaultContentType, Length: src.Length, ContentMD5: src.ContentMD5}
	}
	from.Type = blobstore.BlockBlob
	b, err := copyTarget(c, &from)
	if err != nil {
		return nil, err
	}
	return b, contentHeaders(c, b, false)
}
