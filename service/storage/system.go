package storage

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

type systemKey struct{}

// withSystem marks ctx as the node's own. Only requests that InProcess makes
// carry it: nothing that reads from a network sets it. It has no connection, also
// when ctx is that of a request that came over one.
func withSystem(ctx context.Context) context.Context {
	if ctx.Value(namesKey{}) != nil {
		ctx = context.WithValue(ctx, namesKey{}, nil)
	}
	return context.WithValue(ctx, systemKey{}, true)
}

// IsSystem reports whether a call is made for a request of the node itself: ctx is
// that of the request, or one made of it.
func IsSystem(ctx context.Context) bool { return ctx.Value(systemKey{}) != nil }

// InProcess returns a transport that calls h, usually a Front, without a
// network, as the System identity: authenticated, never throttled, never
// logged. Its requests need no credentials. It is an http.RoundTripper; an
// http.Client around it is the Transporter the Azure SDK wants.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

// RoundTrip serves r. The body of the answer is read while it is written;
// closing it early makes the handler's writes fail.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(withSystem(r.Context()))
	in := r.Clone(ctx)
	in.Header = canonical(r.Header)
	in.RequestURI = r.URL.RequestURI()
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.RemoteAddr = "127.0.0.1:0"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	body := &lentBody{rc: in.Body}
	if in.Body == nil || in.Body == http.NoBody {
		in.Body, body.rc = http.NoBody, http.NoBody
	} else {
		in.Body = body
	}
	if in.ContentLength > 0 || in.ContentLength == 0 && r.Method != http.MethodGet && r.Method != http.MethodHead {
		in.Header.Set("Content-Length", strconv.FormatInt(in.ContentLength, 10))
	}
	pr, pw := io.Pipe()
	w := &pipeWriter{header: make(http.Header), pipe: pw, begun: make(chan struct{})}
	stop := context.AfterFunc(r.Context(), func() { pr.CloseWithError(context.Cause(r.Context())) })
	go func() {
		defer cancel()
		defer stop()
		defer in.Body.Close()
		var failed any
		func() {
			defer func() { failed = recover() }()
			t.handler.ServeHTTP(w, in)
		}()
		if failed != nil { // http.ErrAbortHandler: the answer is cut short
			w.abort()
			return
		}
		w.WriteHeader(http.StatusOK)
		pw.Close()
	}()
	select {
	case <-w.begun:
	case <-ctx.Done():
		select {
		case <-w.begun: // the handler was faster
		default:
			body.Close() // the caller may use what it lent again
			return nil, ctx.Err()
		}
	}
	if w.status == 0 {
		return nil, errors.New("storage: the operation was cut off before it answered")
	}
	res := &http.Response{
		StatusCode: w.status, Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: pr, ContentLength: -1, Request: r,
	}
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		res.ContentLength = n
	}
	return res, nil
}

// lentBody is the body of a request whose caller may stop waiting before the
// handler does: once closed, no Read is under way and none begins.
type lentBody struct {
	mu     sync.Mutex
	rc     io.ReadCloser
	closed bool
}

func (b *lentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.rc.Read(p)
}

func (b *lentBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	return b.rc.Close()
}

// canonical returns a copy of h with canonical keys, as a connection would
// deliver them: SDKs set keys in lower case. Metadata names stay as they are,
// because their case means something and nothing else keeps it.
func canonical(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for k, v := range h {
		if !strings.HasPrefix(k, "x-ms-meta-") {
			k = http.CanonicalHeaderKey(k)
		}
		out[k] = append(out[k], v...)
	}
	return out
}

// pipeWriter is the http.ResponseWriter at the other end.
type pipeWriter struct {
	header http.Header
	pipe   *io.PipeWriter
	once   sync.Once
	begun  chan struct{}
	status int         // set before begun is closed
	sent   http.Header // the header as of WriteHeader
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	})
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(p)
}

// abort ends an answer that is not whole.
func (w *pipeWriter) abort() {
	w.once.Do(func() { close(w.begun) })
	w.pipe.CloseWithError(io.ErrUnexpectedEOF)
}
