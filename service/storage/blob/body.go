package blob

import (
	"crypto/md5"
	"encoding/base64"
	"io"
	"strconv"

	"reslog/service/storage"
)

// readBody reads a small request body and checks its MD5, if the request has one.
func readBody(c *storage.Call, most int64) ([]byte, error) {
	switch n := c.Request.ContentLength; {
	case n > most:
		return nil, bodyTooLarge(most)
	case n < 0:
		return nil, storage.ErrMissingContentLengthHeader
	case n == 0:
		return nil, nil
	}
	raw, err := io.ReadAll(io.LimitReader(c.Request.Body, most+1))
	if err != nil {
		return nil, err
	}
	want, err := expected(c, "Content-Md5", "X-Ms-Content-Crc64")
	if err != nil {
		return nil, err
	}
	sum := md5.Sum(raw)
	if want.md5 != nil {
		c.RequestMD5 = c.Request.Header["Content-Md5"][0]
	}
	c.ServerMD5 = base64.StdEncoding.EncodeToString(sum[:])
	return raw, want.check(&staged{md5: sum[:], crc: crc64Update(0, raw)})
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }
