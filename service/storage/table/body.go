package table

import (
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

// readBody reads the body of a request. The text is a copy, of which an entity may
// keep pieces.
func readBody(c *storage.Call) (string, error) {
	b := newBuffer()
	defer release(b)
	raw, err := c.ReadBody(*b)
	if err != nil {
		return "", err
	}
	*b = raw
	return string(raw), nil
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
