package queue

import (
	"strconv"
	"strings"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/queuestore"
)

// buffer is what a request with a message, or an answer with some, is built in.
type buffer struct {
	raw  []byte // the body
	text []byte // a text, decoded
}

// maxPooled is the largest buffer that is kept for another request.
const maxPooled = 256 << 10

func (s *Service) buffer() *buffer {
	if b, ok := s.buffers.Get().(*buffer); ok {
		return b
	}
	return &buffer{raw: make([]byte, 0, 4<<10)}
}

func (s *Service) release(b *buffer) {
	if cap(b.raw) <= maxPooled && cap(b.text) <= maxPooled {
		s.buffers.Put(b)
	}
}

// declaration starts every XML body, after a byte order mark as the service sends it.
const declaration = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>`

// parts of a message that an answer has; ID and times it always has.
type parts uint8

const (
	withReceipt parts = 1 << iota // PopReceipt and TimeNextVisible
	withText                      // DequeueCount and MessageText
)

// writeMessages answers with messages.
func (s *Service) writeMessages(c *storage.Call, status int, list []queuestore.Message, p parts) error {
	b := s.buffer()
	defer s.release(b)
	w := xmlWriter{append(b.raw[:0], declaration...)}
	if len(list) == 0 {
		w.raw("<QueueMessagesList />")
	} else {
		w.raw("<QueueMessagesList>")
		for i := range list {
			w.message(&list[i], p)
		}
		w.raw("</QueueMessagesList>")
	}
	b.raw = w.buf
	return c.Response.WriteBody(status, "application/xml", w.buf)
}

// xmlWriter writes a document. Messages are the hot path: encoding/xml would take
// most of the time of a request.
type xmlWriter struct{ buf []byte }

// raw writes markup.
func (w *xmlWriter) raw(s string) { w.buf = append(w.buf, s...) }

// message writes one message, its elements in the order of the real service.
func (w *xmlWriter) message(m *queuestore.Message, p parts) {
	w.raw("<QueueMessage><MessageId>")
	w.raw(m.ID)
	w.raw("</MessageId><InsertionTime>")
	w.time(m.Inserted)
	w.raw("</InsertionTime><ExpirationTime>")
	w.time(m.Expires)
	w.raw("</ExpirationTime>")
	if p&withReceipt != 0 {
		w.raw("<PopReceipt>")
		w.raw(m.Receipt)
		w.raw("</PopReceipt><TimeNextVisible>")
		w.time(m.Visible)
		w.raw("</TimeNextVisible>")
	}
	if p&withText != 0 {
		w.raw("<DequeueCount>")
		w.buf = strconv.AppendInt(w.buf, int64(m.Dequeues), 10)
		w.raw("</DequeueCount>")
		w.text(m.Text)
	}
	w.raw("</QueueMessage>")
}

// text writes a MessageText. The text came out of a document, so that all of its
// characters can be in one; most have none that must be escaped.
func (w *xmlWriter) text(s string) {
	switch {
	case s == "":
		w.raw("<MessageText />")
		return
	case strings.ContainsAny(s, "&<>\r"):
		w.raw("<MessageText>")
		start := 0
		for i := range len(s) {
			var esc string
			switch s[i] {
			case '&':
				esc = "&amp;"
			case '<':
				esc = "&lt;"
			case '>':
				esc = "&gt;"
			case '\r':
				esc = "&#xD;"
			default:
				continue
			}
			w.raw(s[start:i])
			w.raw(esc)
			start = i + 1
		}
		w.raw(s[start:])
	default:
		w.raw("<MessageText>")
		w.raw(s)
	}
	w.raw("</MessageText>")
}

// time writes an HTTP date.
func (w *xmlWriter) time(t time.Time) { w.buf = storage.AppendHTTPTime(w.buf, t) }

// element writes <name>value</name>, and <name /> when the value is empty.
func (w *xmlWriter) element(name, value string) {
	w.buf = storage.AppendElement(w.buf, name, value)
}

// finish sends an answer without a body.
func finish(c *storage.Call, status int) error {
	c.Response.WriteHeader(status)
	return nil
}

// noCache says that what was read must not be kept, as the service says of all
// answers to GET.
func noCache(c *storage.Call) { c.Response.Set("Cache-Control", "no-cache") }
