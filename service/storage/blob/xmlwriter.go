package blob

import (
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// xmlWriter builds a listing. Listings have up to 5,000 items of twenty
// elements: encoding/xml would take most of the time of a request.
type xmlWriter struct {
	buf []byte
}

var xmlWriters = sync.Pool{New: func() any { return &xmlWriter{buf: make([]byte, 0, 64<<10)} }}

// newXML starts a document; release gives it back.
func newXML() *xmlWriter {
	w := xmlWriters.Get().(*xmlWriter)
	w.buf = append(w.buf[:0], "\ufeff"+`<?xml version="1.0" encoding="utf-8"?>`...)
	return w
}

func (w *xmlWriter) release() {
	if cap(w.buf) <= 8<<20 {
		xmlWriters.Put(w)
	}
}

// send answers with the document.
func (w *xmlWriter) send(c *storage.Call) error {
	return c.Response.WriteBody(200, "application/xml", w.buf)
}

// raw writes markup.
func (w *xmlWriter) raw(s string) { w.buf = append(w.buf, s...) }

// text writes character data.
func (w *xmlWriter) text(s string) { w.buf = storage.AppendXML(w.buf, s) }

// element writes <name>value</name>, and <name /> when the value is empty.
func (w *xmlWriter) element(name, value string) {
	w.buf = storage.AppendElement(w.buf, name, value)
}

// optional writes an element unless its value is empty.
func (w *xmlWriter) optional(name, value string) {
	if value != "" {
		w.element(name, value)
	}
}

// time writes an element with an HTTP date.
func (w *xmlWriter) time(name string, t time.Time) {
	w.raw("<")
	w.raw(name)
	w.raw(">")
	w.buf = t.UTC().AppendFormat(w.buf, "Mon, 02 Jan 2006 15:04:05 GMT")
	w.raw("</")
	w.raw(name)
	w.raw(">")
}

// name writes the Name element of a blob or prefix. A name with characters that
// XML cannot hold is percent-encoded and marked so, which clients know from
// version 2021-02-12 on; older ones see the encoded name.
func (w *xmlWriter) name(s string) {
	if isXMLText(s) {
		w.element("Name", s)
		return
	}
	w.raw(`<Name Encoded="true">`)
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		if c := s[i]; isNameByte(c) || strings.IndexByte("-.~/", c) >= 0 {
			w.buf = append(w.buf, c)
		} else {
			w.buf = append(w.buf, '%', hex[c>>4], hex[c&15])
		}
	}
	w.raw("</Name>")
}

// metadata writes the Metadata element.
func (w *xmlWriter) metadata(md blobstore.Metadata) {
	if len(md) == 0 {
		w.raw("<Metadata />")
		return
	}
	w.raw("<Metadata>")
	for i := range md {
		w.element(md[i].Name, md[i].Value)
	}
	w.raw("</Metadata>")
}

// tags writes the Tags element.
func (w *xmlWriter) tags(tags blobstore.Metadata) {
	w.raw("<Tags><TagSet>")
	for i := range tags {
		w.raw("<Tag>")
		w.element("Key", tags[i].Name)
		w.element("Value", tags[i].Value)
		w.raw("</Tag>")
	}
	w.raw("</TagSet></Tags>")
}

// isXMLText reports whether XML 1.0 can hold s so that a reader gets it back;
// a carriage return would come back as a line feed.
func isXMLText(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r == 0xfffe || r == 0xffff {
			return false
		}
		i += n
	}
	return true
}
