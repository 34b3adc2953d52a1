package partner

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
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
	gzip    *gzip.Writer // used again, like the buffer, until it is released
	zipped  bytes.Buffer
	open    *atomic.Int32 // readers of the last body that the client has not closed

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
