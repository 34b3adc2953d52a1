package partner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

const (
	maxAnswer     = 1 << 20 // of an answer that is read
	maxReason     = 300     // bytes of it that become part of an error
	maxRetryAfter = 15 * time.Minute
)

// answer is what a partner answered.
type answer struct {
	status     int
	mediaType  string // without parameters, in lower case
	body       []byte // up to maxAnswer
	truncated  bool   // there was more
	retryAfter time.Duration
}

// post sends a body and reads the answer. An error means that nothing is known:
// the partner may have taken the body or not.
func (s *sender) post(ctx context.Context, body []byte) (*answer, error) {
	if err := s.hold(ctx); err != nil {
		return nil, err
	}
	if !s.cfg.NoGzip {
		body = s.compress(body)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout, fmt.Errorf("no answer within %s", s.cfg.Timeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, nil)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	req.Header = s.header.Clone()
	open := new(atomic.Int32)
	s.open, req.ContentLength, req.Body = open, int64(len(body)), newReader(body, open)
	req.GetBody = func() (io.ReadCloser, error) { return newReader(body, open), nil }
	res, err := s.client.Do(req)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	defer res.Body.Close()
	// Reading to the end keeps the connection for the next request; an answer
	// without end costs it.
	a := &answer{status: res.StatusCode}
	a.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil && a.status/100 == 2 {
		return nil, s.failed(ctx, fmt.Errorf("the answer broke off: %w", err))
	}
	if len(a.body) > maxAnswer {
		a.body, a.truncated = a.body[:maxAnswer], true
	}
	if t, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err == nil {
		a.mediaType = t
	}
	a.retryAfter = parseRetryAfter(res.Header.Get("Retry-After"), s.cfg.Now())
	return a, nil
}

// reader reads a body. The client may go on reading after it has returned, an
// answer that came early or none at all, until it closes the reader: until then
// the memory is its.
type reader struct {
	*bytes.Reader
	open   *atomic.Int32
	closed atomic.Bool
}

func newReader(body []byte, open *atomic.Int32) *reader {
	open.Add(1)
	return &reader{Reader: bytes.NewReader(body), open: open}
}

func (r *reader) Close() error {
	if !r.closed.Swap(true) {
		r.open.Add(-1)
	}
	return nil
}

// free reports whether the memory of the last body can be used again.
func (s *sender) free() bool { return s.open == nil || s.open.Load() == 0 }

// failed describes an error of the client, whose own text has the URL in it.
func (s *sender) failed(ctx context.Context, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return &sendError{text: fmt.Sprintf("send to %s at %s: %s", s.partner, s.place, s.say([]byte(err.Error()))), err: err}
}

// sendError has a text without secrets and wraps what it is of.
type sendError struct {
	text string
	err  error
}

func (e *sendError) Error() string { return e.text }
func (e *sendError) Unwrap() error { return e.err }

func (s *sender) compress(body []byte) []byte {
	if s.gzip == nil {
		s.gzip, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for levels that are none
	}
	s.zipped.Reset()
	s.gzip.Reset(&s.zipped)
	// Writing to memory does not fail.
	_, _ = s.gzip.Write(body)
	_ = s.gzip.Close()
	return s.zipped.Bytes()
}

// hold waits until the partner may be asked again, at most MaxWait.
func (s *sender) hold(ctx context.Context) error {
	rest := s.notBefore.Sub(s.cfg.Now())
	if rest <= 0 {
		return ctx.Err()
	}
	if err := s.cfg.Wait(ctx, min(rest, s.cfg.MaxWait)); err != nil {
		return err
	}
	if rest > s.cfg.MaxWait {
		return askedToWait(s.held, rest-s.cfg.MaxWait)
	}
	return nil
}

// later is the error of an answer that asks to come again.
func (s *sender) later(a *answer, reason string) error {
	var err error = s.refusal(a, reason)
	if a.retryAfter <= 0 {
		return err
	}
	s.notBefore, s.held = s.cfg.Now().Add(a.retryAfter), err
	return askedToWait(err, a.retryAfter)
}

// refusal is the error of an answer; reason is what the partner says.
func (s *sender) refusal(a *answer, reason string) *StatusError {
	return &StatusError{Partner: s.partner, Place: s.place, Status: a.status, Reason: s.say([]byte(reason))}
}

// misconfigured is the error of an answer that somebody has to do something about.
func (s *sender) misconfigured(a *answer, reason string) error {
	err := s.refusal(a, reason)
	err.Advice = advice(a.status)
	return err
}

// garbage is the error of an answer that no such partner gives.
func (s *sender) garbage(a *answer, what string) error {
	return fmt.Errorf("send to %s at %s: the answer, %d, %s: check whether the endpoint is the API itself (%s)",
		s.partner, s.place, a.status, what, s.say(a.body))
}

// say makes words of the partner fit for an error: short, in one line, and
// without our secrets, which it may well repeat.
func (s *sender) say(words []byte) string {
	out := string(words)
	for _, secret := range s.secrets {
		out = strings.ReplaceAll(out, secret, hidden)
	}
	out = strings.Join(strings.FieldsFunc(out, func(r rune) bool { return r <= ' ' || r == 0x7f || r == utf8.RuneError }), " ")
	if len(out) > maxReason {
		out = strings.ToValidUTF8(out[:maxReason], "") + "…"
	}
	return out
}

// parseRetryAfter reads seconds or a date (RFC 9110, 10.2.3).
func parseRetryAfter(v string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(v, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return max(0, min(t.Sub(now), maxRetryAfter))
}

// release gives up memory.
func (s *sender) release() { s.gzip, s.zipped, s.open = nil, bytes.Buffer{}, nil }

func (s *sender) close() {
	if s.own {
		s.client.CloseIdleConnections()
	}
}
