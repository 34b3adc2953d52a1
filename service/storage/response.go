package storage

import (
	"errors"
	"net/http"
	"os"
	"strconv"
	"time"
)

// maxHeld is how much of the answer to a read is held back in audit mode until its
// record is on disk; a longer one streams. The answer to a change is held back
// whatever its length, which the service bounds.
const maxHeld = 64 << 10

// refusalTime is how long a client may take to read an error.
const refusalTime = 10 * time.Second

// ResponseWriter is the http.ResponseWriter of a Call. It counts what goes over
// the wire and the time that takes.
//
// Operations set headers on Header() with canonical keys ("Etag",
// "X-Ms-Blob-Type") and a Content-Length when they know it, then call
// WriteHeader and Write. Content-Type is sent only when set. The Front has set
// the headers that every answer has. An operation that returns without writing
// answers 200 with an empty body. The body of an answer to HEAD is dropped, but
// its Content-Length stays.
type ResponseWriter struct {
	w    http.ResponseWriter
	call *exchange

	status     int
	begun      bool // the header is on its way
	headerSize int64
	written    int64 // body bytes taken by the connection

	refusal bool // the answer is an error

	hold bool   // collect in held instead of writing
	held []byte // the answer so far, while hold

	waited  time.Duration
	timeout bool  // the time was up while writing
	broken  error // the connection failed while writing
}

// Header returns the headers of the answer.
func (w *ResponseWriter) Header() http.Header { return w.w.Header() }

// Status returns the status given to WriteHeader, 0 before.
func (w *ResponseWriter) Status() int { return w.status }

// WriteHeader sets the status; the first call counts. The header leaves with
// the first byte of the body, or when the operation returns.
func (w *ResponseWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write writes a piece of the body. It fails when the network does or the
// request's time is up.
func (w *ResponseWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.call.req.Method == http.MethodHead || !bodyAllowed(w.status) {
		return len(p), nil
	}
	if w.hold {
		if w.holds(len(w.held) + len(p)) {
			w.held = append(w.held, p...)
			return len(p), nil
		}
		if err := w.release(); err != nil {
			return 0, err
		}
	}
	w.begin()
	return w.send(p)
}

// holds reports whether an answer of n bytes so far is held back.
func (w *ResponseWriter) holds(n int) bool {
	if op := w.call.call.Op; op != nil && op.Class != Read {
		return true
	}
	return n <= maxHeld && !w.longer()
}

// longer reports whether the announced length is more than is held back.
func (w *ResponseWriter) longer() bool {
	n, ok := w.contentLength()
	return ok && n > maxHeld
}

func (w *ResponseWriter) contentLength() (int64, bool) {
	v := w.Header()["Content-Length"]
	if len(v) == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(v[0], 10, 64)
	return n, err == nil
}

// release stops holding back and writes what was held.
func (w *ResponseWriter) release() error {
	held := w.held
	w.hold, w.held = false, nil
	if len(held) == 0 {
		return nil
	}
	w.begin()
	_, err := w.send(held)
	return err
}

// send passes p to the connection.
func (w *ResponseWriter) send(p []byte) (int, error) {
	if w.broken != nil {
		return 0, w.broken
	}
	start := time.Now()
	n, err := w.w.Write(p)
	w.waited += time.Since(start)
	w.written += int64(n)
	w.failed(err)
	return n, err
}

// failed remembers why writing did not work.
func (w *ResponseWriter) failed(err error) {
	switch {
	case err == nil || w.broken != nil:
	case errors.Is(err, http.ErrNotSupported): // no network, nothing to flush
	default:
		w.timeout = errors.Is(err, os.ErrDeadlineExceeded)
		w.broken = err
	}
}

// begin sends the header: what follows is the body.
func (w *ResponseWriter) begin() {
	if w.begun {
		return
	}
	w.call.drain()
	w.prepare()
	w.begun = true
	if n, ok := w.contentLength(); ok {
		w.call.extend(n)
	}
	if deadline, ok := w.call.context.Deadline(); ok {
		if w.refusal { // also the answer that the time is up takes a moment
			deadline = time.Now().Add(refusalTime)
		}
		if w.call.control.SetWriteDeadline(deadline) == nil && w.call.kept != nil { // else there is no network
			w.call.kept.gather()
		}
	}
	w.w.WriteHeader(w.status)
}

// prepare completes the header and computes its size. It may be called again.
func (w *ResponseWriter) prepare() {
	h := w.Header()
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // or net/http would guess one
	}
	if !bodyAllowed(w.status) {
		delete(h, "Content-Length")
		delete(h, "Content-Type")
	}
	if !w.refusal {
		w.call.applyOverrides()
	}
	w.headerSize = w.call.responseHeaderSize(h, w.status)
}

// finish sends what is left: all of an answer that was held or has no body.
func (w *ResponseWriter) finish() {
	w.complete()
	if w.hold {
		w.release() //nolint:errcheck // remembered in w.broken
	}
	w.begin()
	start := time.Now()
	w.failed(w.call.control.Flush())
	if kept := w.call.kept; kept != nil {
		w.failed(kept.flush())
	}
	w.waited += time.Since(start)
}

// complete gives an answer that is whole its Content-Length.
func (w *ResponseWriter) complete() {
	if w.begun {
		return
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if _, ok := w.Header()["Content-Length"]; !ok && w.call.req.Method != http.MethodHead && bodyAllowed(w.status) {
		w.Set("Content-Length", strconv.Itoa(len(w.held)))
	}
}

// reset forgets an answer that has not begun, headers and all.
func (w *ResponseWriter) reset() {
	w.status, w.held, w.refusal = 0, nil, false
	clear(w.Header())
}

// Set sets a header; key must be in canonical form.
func (w *ResponseWriter) Set(key, value string) { w.Header()[key] = []string{value} }

// SetTime sets a header to a time in HTTP form; key must be in canonical form.
func (w *ResponseWriter) SetTime(key string, t time.Time) {
	w.Set(key, HTTPTime(t))
}

// WriteBody answers with a whole body: status, Content-Type, Content-Length.
func (w *ResponseWriter) WriteBody(status int, contentType string, body []byte) error {
	w.Set("Content-Type", contentType)
	w.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

// xmlDeclaration starts every XML body, after a byte order mark as the service
// sends it.
const xmlDeclaration = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>`

// bodyAllowed reports whether an answer of this status has a body.
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
