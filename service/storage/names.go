package storage

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// The name of a metadata pair is a header's, and the service gives it back in
// the case it was written in; net/http does not keep that. So the listener keeps
// the bytes that requests begin with, and who wants a name as it was written
// looks there.

// maxKept bounds the bytes kept of one request: its header and what of the body
// came with it.
const maxKept = 72 << 10

// KeepNames returns a listener whose connections remember how requests spell the
// names of their headers; give WithNames to the http.Server as its ConnContext.
// For TLS, l is what tls.NewListener made, and the server's method is still Serve:
// the names are inside the encryption. The Front then knows of the TLS by itself,
// which net/http does only of connections that nobody wrapped.
func KeepNames(l net.Listener) net.Listener { return namesListener{l} }

// WithNames is the ConnContext that goes with KeepNames.
func WithNames(ctx context.Context, c net.Conn) context.Context {
	if kept, ok := c.(*namesConn); ok {
		return context.WithValue(ctx, namesKey{}, kept)
	}
	return ctx
}

type namesKey struct{}

type namesListener struct{ net.Listener }

func (l namesListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	kept := &namesConn{Conn: c}
	kept.tls, _ = c.(*tls.Conn)
	return kept, nil
}

// namesConn keeps what is read from one request's end to the next one's begin.
type namesConn struct {
	net.Conn
	tls *tls.Conn // Conn, when it is one

	mu      sync.Mutex
	serving bool // what is read now is a body
	kept    []byte
	state   *tls.ConnectionState // once a request asked

	answer gathered
}

// tlsState is what http.Request.TLS should be, nil without TLS.
func (c *namesConn) tlsState() *tls.ConnectionState {
	if c.tls == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == nil {
		state := c.tls.ConnectionState()
		c.state = &state
	}
	return c.state
}

func (c *namesConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.mu.Lock()
		if !c.serving {
			c.kept = append(c.kept, p[:min(n, maxKept-len(c.kept))]...)
		}
		c.mu.Unlock()
	}
	if c.tls != nil && err != nil {
		answerPlain(err)
	}
	return n, err
}

// answerPlain tells a client that speaks HTTP without TLS what is wrong, as
// net/http would.
func answerPlain(err error) {
	var plain tls.RecordHeaderError
	if !errors.As(err, &plain) || plain.Conn == nil {
		return
	}
	switch string(plain.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET":
		io.WriteString(plain.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n") //nolint:errcheck // the connection closes either way
	}
}

// CloseWrite lets net/http end a connection so that the client still reads the
// last answer.
func (c *namesConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// begin says that a request's header is whole. It reports whether it is the one
// that came over the connection: those inside it have its context, too.
func (c *namesConn) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	inside := c.serving
	c.serving = true
	return !inside
}

// end says that the request that came over the connection is over.
func (c *namesConn) end() {
	c.answer.on = false
	c.forget()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serving, c.kept = false, c.kept[:0]
}

// spellings returns the names of headers that begin with prefix, in any case, as the
// client wrote them, by the keys that net/http makes of them; of a name that is there
// twice the first one. It looks no further than the blank line that ends the header.
func (c *namesConn) spellings(prefix string) map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]string{}
	for line := range bytes.SplitSeq(c.kept, []byte("\n")) {
		if len(line) <= 1 {
			break
		}
		end := bytes.IndexByte(line, ':')
		if end < len(prefix) || !strings.EqualFold(string(line[:len(prefix)]), prefix) {
			continue
		}
		name := string(line[:end])
		if key := http.CanonicalHeaderKey(name); found[key] == "" {
			found[key] = name
		}
	}
	return found
}

// spellings is that of the request's connection, nil when nothing is known.
func (c *Call) spellings(prefix string) map[string]string {
	if kept := c.Response.call.kept; kept != nil {
		return kept.spellings(prefix)
	}
	return nil
}
