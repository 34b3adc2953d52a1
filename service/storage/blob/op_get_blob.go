package blob

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// maxRangeDigest is the longest range whose digest a read may ask for.
const maxRangeDigest = 4 * mib

// getBlob is "Get Blob": GET /container/blob[?snapshot=], all versions. 200, or
// 206 with a range. The answer comes from the blob as it was when the request
// began, whatever happens to it meanwhile.
//
// From 2016-05-31 on a range carries the whole blob's MD5 as
// x-ms-blob-content-md5; the digest of the range itself comes when asked for,
// for at most 4 MiB.
func (s *Service) getBlob(c *storage.Call) error {
	at, err := snapshotTime(c)
	if err != nil {
		return err
	}
	p, err := s.demands(c, useRead)
	if err != nil {
		return err
	}
	if err := refuseStructured(c); err != nil {
		return err
	}
	handle, err := s.store.Open(c.Context(), ref(c), at)
	if err != nil {
		return s.storeError(err)
	}
	defer handle.Close()
	b := handle.Blob
	if err := s.readable(c, b, &p); err != nil {
		return err
	}
	if err := online(b); err != nil {
		return err
	}
	rng, partial, err := requestRange(c)
	if err != nil {
		return err
	}
	offset, length := int64(0), b.Length
	if partial {
		if offset, length, err = rng.within(b.Length); err != nil {
			return err
		}
	}
	h := answer(c)
	if err := h.setRange(c, handle, offset, length, partial); err != nil {
		return err
	}
	h.setBlob(c, b)
	if c.Version >= v2026_06_06 {
		h.setTier(b)
	}
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
	}
	c.Response.WriteHeader(status)
	err = handle.WriteTo(c.Response, offset, length)
	var network *blobstore.WriteError
	if errors.As(err, &network) {
		return network.Err
	}
	return err
}

// setRange sets the headers about the bytes sent: their length, their place in
// the blob and digests.
func (h *headers) setRange(c *storage.Call, handle *blobstore.Handle, offset, length int64, partial bool) error {
	b := handle.Blob
	h.set("Content-Length", formatInt(length))
	withMD5, err := wantsDigest(c, "X-Ms-Range-Get-Content-Md5", partial, length)
	if err != nil {
		return err
	}
	withCRC, err := wantsDigest(c, "X-Ms-Range-Get-Content-Crc64", partial, length)
	if err != nil {
		return err
	}
	if withMD5 && withCRC {
		return errBothChecksums
	}
	if !partial {
		if len(b.ContentMD5) > 0 {
			h.set("Content-Md5", base64.StdEncoding.EncodeToString(b.ContentMD5))
		}
		return nil
	}
	h.set("Content-Range", "bytes "+strconv.FormatInt(offset, 10)+"-"+strconv.FormatInt(offset+length-1, 10)+"/"+strconv.FormatInt(b.Length, 10))
	if len(b.ContentMD5) > 0 && c.Version >= v2016_05_31 {
		h.set("X-Ms-Blob-Content-Md5", base64.StdEncoding.EncodeToString(b.ContentMD5))
	}
	switch {
	case withMD5:
		sum := md5.New()
		if err := handle.WriteTo(sum, offset, length); err != nil {
			return err
		}
		h.set("Content-Md5", base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	case withCRC:
		var sum crcWriter
		if err := handle.WriteTo(&sum, offset, length); err != nil {
			return err
		}
		h.set("X-Ms-Content-Crc64", crc64Text(uint64(sum)))
	}
	return nil
}

// wantsDigest reads one of the headers that ask for a digest of the range.
func wantsDigest(c *storage.Call, name string, partial bool, length int64) (bool, error) {
	v := c.Request.Header[name]
	if len(v) == 0 || !strings.EqualFold(v[0], "true") {
		return false, nil
	}
	if !partial {
		return false, invalidHeader(name, v[0])
	}
	if length > maxRangeDigest {
		return false, storage.ErrOutOfRangeInput
	}
	return true, nil
}

// crcWriter is the CRC64 of what is written to it.
type crcWriter uint64

func (w *crcWriter) Write(p []byte) (int, error) {
	*w = crcWriter(crc64Update(uint64(*w), p))
	return len(p), nil
}
