package partner

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

const (
	maxAnswer     = 1 << 20 // of an answer that is read
	maxReason     = 300     // bytes of it that become part of an error
	maxRetryAfter = 15 * time.Minute
)

// sender sends request bodies to one endpoint. It is used by one goroutine.
type sender struct {
	partner string // its name in errors
	place   string
	url     string
	header  http.Header
	secrets []string
	client  *http.Client
	own     bool // the client
	cfg     Connection
	gzip    sync.Pool // *gzip.Writer, which are large: an idle destination keeps none
	zipped  bytes.Buffer

	notBefore time.Time // the partner asked to be left alone until then
	held      error     // with this answer
}

// newSender checks a connection. auth are the headers that the protocol's own
// keys make, in addition to those of the connection.
func newSender(kind Kind, name string, c Connection, contentType string, auth map[string]Secret) (*sender, error) {
	u, err := checkEndpoint(kind, c.Endpoint)
	if err != nil {
		return nil, err
	}
	taken := make([]string, 0, len(auth))
	for name := range auth {
		taken = append(taken, http.CanonicalHeaderKey(name))
	}
	if err := checkHeaders(c.Headers, taken...); err != nil {
		return nil, err
	}
	if err := checkHeaders(auth); err != nil {
		return nil, err
	}
	s := &sender{partner: name, place: place(c.Endpoint), url: u.String(), header: make(http.Header), cfg: c}
	for _, headers := range []map[string]Secret{c.Headers, auth} {
		for name, v := range headers {
			s.header.Set(name, string(v))
			s.hide(string(v))
		}
	}
	s.header.Set("Content-Type", contentType)
	s.header.Set("User-Agent", "reslog")
	if !c.NoGzip {
		s.header.Set("Content-Encoding", "gzip")
	}
	if s.client, s.own, err = newClient(&c); err != nil {
		return nil, err
	}
	s.gzip.New = func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for levels that are none
		return w
	}
	s.cfg.Timeout, s.cfg.MaxWait = cmp.Or(c.Timeout, 30*time.Second), cmp.Or(c.MaxWait, 30*time.Second)
	if s.cfg.Now == nil {
		s.cfg.Now = time.Now
	}
	if s.cfg.Wait == nil {
		s.cfg.Wait = wait
	}
	if s.cfg.Logger == nil {
		s.cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// hide keeps a secret out of what is reported: the value of a header, the words
// of it, and what its base64 stands for.
func (s *sender) hide(secret string) {
	const least = 6 // bytes: a shorter one is no secret, and would be found everywhere
	words := append(strings.Fields(secret), secret)
	for _, w := range words {
		if plain, err := base64.StdEncoding.DecodeString(w); err == nil {
			_, password, _ := strings.Cut(string(plain), ":")
			words = append(words, string(plain), password)
		}
	}
	for _, w := range words {
		if len(w) >= least {
			s.secrets = append(s.secrets, w)
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newClient returns the client to use, and whether it is this destination's own.
func newClient(c *Connection) (client *http.Client, own bool, err error) {
	if c.Client != nil {
		if c.TLS != nil || c.CA != nil {
			return nil, false, errors.New("both a client and a TLS configuration are given: put the one into the other")
		}
		copied := *c.Client
		client = &copied
	} else {
		conf := &tls.Config{MinVersion: tls.VersionTLS12}
		if c.TLS != nil {
			conf = c.TLS.Clone()
		}
		if c.CA != nil {
			conf.RootCAs = x509.NewCertPool()
			if !conf.RootCAs.AppendCertsFromPEM(c.CA) {
				return nil, false, errors.New("the CA holds no PEM certificate")
			}
		}
		dialer := &net.Dialer{Timeout: 10 * time.Second}
		client, own = &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: conf,
			ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		}}, true
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, own, nil
}

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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	req.Header = s.header.Clone()
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
	w, ok := s.gzip.Get().(*gzip.Writer)
	if !ok {
		return nil // the pool holds nothing else
	}
	defer s.gzip.Put(w)
	s.zipped.Reset()
	w.Reset(&s.zipped)
	// Writing to memory does not fail.
	_, _ = w.Write(body)
	_ = w.Close()
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
		return &RetryAfterError{After: rest - s.cfg.MaxWait, Err: s.held}
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
	return &RetryAfterError{After: a.retryAfter, Err: err}
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

func (s *sender) close() {
	if s.own {
		s.client.CloseIdleConnections()
	}
}
