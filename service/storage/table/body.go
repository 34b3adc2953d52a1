package table

import (
	"crypto/md5" //nolint:gosec // the protocol's checksum
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"sync"

	"reslog/service/storage"
)

// buffers are what bodies are read into and answers written in.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// maxBuffer is the largest that is kept.
const maxBuffer = 1 << 20

func newBuffer() *[]byte {
	b := buffers.Get().(*[]byte)
	*b = (*b)[:0]
	return b
}

func release(b *[]byte) {
	if cap(*b) <= maxBuffer {
		buffers.Put(b)
	}
}

// readBody reads the body of a request, which the operation bounds, and checks its
// MD5, if the request has one.
func readBody(c *storage.Call) (string, error) {
	n := c.Request.ContentLength
	if n < 0 || n > c.Op.MaxBody {
		return "", storage.ErrMissingContentLengthHeader // the Front has refused it already
	}
	b := newBuffer()
	defer release(b)
	if int64(cap(*b)) < n {
		*b = make([]byte, 0, n)
	}
	*b = (*b)[:n]
	if _, err := io.ReadFull(c.Request.Body, *b); err != nil {
		return "", err
	}
	return string(*b), checkMD5(c, *b)
}

// checkMD5 compares a body with the request's Content-MD5.
func checkMD5(c *storage.Call, body []byte) error {
	sent := first(c.Request.Header, "Content-Md5")
	if sent == "" {
		return nil
	}
	c.RequestMD5 = sent
	want, err := base64.StdEncoding.DecodeString(sent)
	if err != nil || len(want) != md5.Size {
		return storage.ErrInvalidMd5
	}
	sum := md5.Sum(body) //nolint:gosec // as above
	if string(sum[:]) != string(want) {
		return storage.ErrMd5Mismatch
	}
	return nil
}

// send answers with JSON.
func send(c *storage.Call, status int, l level, body []byte) error {
	h := c.Response.Header()
	common(h)
	h["Content-Type"] = contentTypes[l]
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Response.WriteHeader(status)
	_, err := c.Response.Write(body)
	return err
}

// sendNothing answers without a body.
func sendNothing(c *storage.Call, status int) error {
	common(c.Response.Header())
	c.Response.WriteHeader(status)
	return nil
}

// common sets the headers of all answers about data.
func common(h http.Header) {
	h["Cache-Control"] = noCache
	h["X-Content-Type-Options"] = noSniff
}
