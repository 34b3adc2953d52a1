package storage

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"time"
)

// ResponseWriter is the http.ResponseWriter of a Call. It counts what goes over
// the wire and the time that takes.
//
// Operations set headers on Header() with canonical keys ("Etag",
// "X-Ms-Blob-Type") and a Content-Length when they know it, then call
// WriteHeader and Write. Content-Type is sent only when set. The Front has set
// the headers that every answer has. An operation that returns without writing
// answers 200 with an empty body.
type ResponseWriter struct {
	w       http.ResponseWriter
	status  int
	written int64
}

// Header returns the headers of the answer.
func (w *ResponseWriter) Header() http.Header { return w.w.Header() }

// Status returns the status that was written, 0 before WriteHeader.
func (w *ResponseWriter) Status() int { return w.status }

// WriteHeader begins the answer; later calls do nothing.
func (w *ResponseWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	w.w.WriteHeader(status)
}

// Write writes a piece of the body. Its errors are of the network, or of the
// request's time being up.
func (w *ResponseWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.w.Write(p)
	w.written += int64(n)
	return n, err
}

// Set sets a header; key must be in canonical form.
func (w *ResponseWriter) Set(key, value string) { w.Header()[key] = []string{value} }

// SetTime sets a header to a time in HTTP form; key must be in canonical form.
func (w *ResponseWriter) SetTime(key string, t time.Time) {
	w.Set(key, t.UTC().Format(http.TimeFormat))
}

// WriteBody answers with a whole body: status, Content-Type, Content-Length.
func (w *ResponseWriter) WriteBody(status int, contentType string, body []byte) error {
	w.Set("Content-Type", contentType)
	w.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

// WriteXML answers with v as XML after the usual declaration.
func (w *ResponseWriter) WriteXML(status int, v any) error {
	body, err := xml.Marshal(v)
	if err != nil {
		return err
	}
	return w.WriteBody(status, "application/xml", append([]byte(xmlDeclaration), body...))
}

// xmlDeclaration starts every XML body, after a byte order mark as the service
// sends it.
const xmlDeclaration = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>`
