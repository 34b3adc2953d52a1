package blob

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// probed is a blob of this node that a URL names and that may be read.
type probed struct {
	ref         blobstore.Ref
	query       url.Values
	mayReadTags func() bool
}

// probeSource finds the blob that a URL of this node names, and whether it may
// be read, by sending a request for it through the same checks as all requests.
// Only the checks run: nothing is read and nothing is logged.
func (s *Service) probeSource(c *storage.Call, u *url.URL, authorization string) (*probed, error) {
	own := "" // the container, when it is in the account of the request and may not be opened
	if authorization == "" && s.opensSources(c) {
		found, err := s.probe(c, u, storage.InProcess, "")
		if err != nil {
			return nil, err
		}
		if found.ref.Account == c.Account.Name {
			if c.Identity.Type != storage.OAuth {
				return found, nil
			}
			own = found.ref.Container
			if c.TokenAllows(found.ref.Container, blobRead) {
				found.mayReadTags = func() bool { return c.TokenAllows(found.ref.Container, blobTagsRead) }
				return found, nil
			}
		}
	}
	found, err := s.probe(c, u, func(h http.Handler) http.RoundTripper { return direct{h, c.Request.RemoteAddr} }, authorization)
	if err != nil && own != "" && !strings.Contains(u.RawQuery, "sig=") {
		c.TokenLacks(own, blobRead)
		return nil, cannotVerify(http.StatusForbidden, storage.ErrAuthorizationPermissionMismatch.Message)
	}
	return found, err
}

func (s *Service) probe(c *storage.Call, u *url.URL, transport func(http.Handler) http.RoundTripper, authorization string) (*probed, error) {
	if s.accounts == nil {
		return nil, cannotVerify(http.StatusNotFound, storage.ErrBlobNotFound.Message)
	}
	probe := &sourceProbe{Service: s, found: &probed{}}
	cfg := c.Inner(probe)
	cfg.Accounts = s.accounts
	req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, invalidHeader("X-Ms-Copy-Source", redactQuery(u.String()))
	}
	req.Header.Set("X-Ms-Version", string(c.Version))
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	req.TLS = c.Request.TLS
	res, err := transport(storage.NewFront(cfg)).RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("check copy source: %w", err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, cannotVerify(res.StatusCode, refusedSource(res.StatusCode, res.Header.Get("X-Ms-Error-Code")))
	}
	return probe.found, nil
}

// sourceChanged is said of a source that is no longer the one that was looked at.
const sourceChanged = "The copy source changed while it was read."

// refusedSource words why a source cannot be read.
func refusedSource(status int, code string) string {
	switch status {
	case http.StatusNotFound:
		return storage.ErrResourceNotFound.Message
	case http.StatusUnauthorized:
		return storage.ErrNoAuthenticationInformation.Message
	case http.StatusPreconditionFailed:
		return sourceChanged
	case http.StatusForbidden:
		return "This request is not authorized to read the copy source: " + code + "."
	}
	return "Could not verify the copy source: " + strconv.Itoa(status) + " " + code + "."
}

// sourceProbe is the blob service with one operation, which only notes what was
// asked for.
type sourceProbe struct {
	*Service
	found *probed
}

// Route takes every request for the reading of a blob.
func (p *sourceProbe) Route(c *storage.Call) (*storage.Operation, error) {
	op, err := p.Service.Route(c)
	if err != nil {
		return nil, err
	}
	if op != p.ops.getBlob {
		return nil, storage.ErrInvalidUri
	}
	noted := *op
	noted.Run = func(c *storage.Call) error {
		p.found.ref, p.found.query = ref(c), c.Query
		if c.Identity.Principal != nil {
			may := c.Allows("t", blobTagsRead)
			p.found.mayReadTags = func() bool { return may }
		}
		return finish(c, answer(c), http.StatusOK)
	}
	return &noted, nil
}

// direct sends requests to a handler without a network and without the identity
// that storage.InProcess gives.
type direct struct {
	handler http.Handler
	remote  string
}

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(context.WithoutCancel(r.Context()))
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, d.remote
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	w := &memoryWriter{header: http.Header{}}
	d.handler.ServeHTTP(w, in)
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(strings.NewReader(w.body.String())), Request: r}, nil
}

// memoryWriter keeps an answer in memory; only small ones are written to it.
type memoryWriter struct {
	header http.Header
	status int
	body   strings.Builder
}

func (w *memoryWriter) Header() http.Header { return w.header }

func (w *memoryWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}
