package storage

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// requestBody is the body an operation reads. It counts the bytes, measures the
// time spent waiting for the client, bounds length and time, and remembers how
// reading broke, which decides between a timeout and a network error.
type requestBody struct {
	rc      io.ReadCloser
	control *http.ResponseController
	ctx     *callContext
	limit   int64 // bytes that may still come; an error after that

	read    int64
	waited  time.Duration
	armed   bool // a read deadline is set on the connection
	eof     bool
	timeout bool  // the time was up while reading
	broken  error // the connection failed while reading
}

// Read reads from the connection, at most until the call's deadline.
func (b *requestBody) Read(p []byte) (int, error) {
	switch {
	case b.eof:
		return 0, io.EOF
	case b.timeout:
		return 0, os.ErrDeadlineExceeded
	case b.broken != nil:
		return 0, b.broken
	}
	if !b.armed {
		deadline, _ := b.ctx.Deadline()
		b.armed = b.control.SetReadDeadline(deadline) == nil
	}
	start := time.Now()
	n, err := b.rc.Read(p)
	b.waited += time.Since(start)
	b.read += int64(n)
	if b.read > b.limit {
		return 0, ErrRequestBodyTooLarge.With("MaxLimit", itoa(b.limit))
	}
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		b.eof = true
		b.disarm()
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.timeout = true
	default:
		b.broken = err
	}
	return n, err
}

// Close does nothing: the connection owns the body.
func (b *requestBody) Close() error { return nil }

// disarm takes the read deadline off, for the connection's next request.
func (b *requestBody) disarm() {
	if b.armed {
		b.control.SetReadDeadline(time.Time{}) //nolint:errcheck // it worked when it was set
		b.armed = false
	}
}

// discard reads what is left of a short body, so that the connection can be
// used again. It reports whether all of it was read.
func (b *requestBody) discard() bool {
	const most = 256 << 10 // what net/http reads too
	if b.eof {
		return true
	}
	if b.timeout || b.broken != nil {
		return false
	}
	b.limit = b.read + most
	_, err := io.CopyN(io.Discard, b, most+1)
	return errors.Is(err, io.EOF)
}
