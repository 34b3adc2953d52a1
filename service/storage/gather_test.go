package storage

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// writes counts the writes to the connections of a listener.
type writes struct {
	net.Listener
	n    atomic.Int64
	fail atomic.Bool
}

type writesConn struct {
	net.Conn
	of *writes
}

func (w *writes) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	return writesConn{c, w}, err
}

func (c writesConn) Write(p []byte) (int, error) {
	c.of.n.Add(1)
	if c.of.fail.Load() {
		return 0, errors.New("the cable is cut")
	}
	return c.Conn.Write(p)
}

// TestGather reads answers of all lengths on one connection. A short one leaves in
// one write, and what does not arrive is known.
func TestGather(t *testing.T) {
	var counted *writes
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) { s.public = PublicContainer })
	length, piece := 0, 0
	f.service.ops["x"] = &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, SAS: "r", Public: PublicBlob, Run: func(c *Call) error {
		c.Response.Set("Content-Length", itoa(int64(length)))
		text := strings.Repeat("x", length)
		for len(text) > 0 {
			n := min(piece, len(text))
			if _, err := io.WriteString(c.Response, text[:n]); err != nil {
				return err
			}
			text = text[n:]
		}
		return nil
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	counted = &writes{Listener: l}
	srv := &http.Server{Handler: f.Front, ConnContext: WithNames}
	go srv.Serve(KeepNames(counted))
	defer srv.Close()

	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	ask := func() error {
		counted.n.Store(0)
		io.WriteString(conn, "GET /devstoreaccount1/c/x HTTP/1.1\r\nHost: h\r\nX-Ms-Version: 2016-05-31\r\n\r\n")
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(res.Body)
		if err == nil && (res.StatusCode != http.StatusOK || string(body) != strings.Repeat("x", length)) {
			t.Errorf("%d bytes: status %d with %d", length, res.StatusCode, len(body))
		}
		return err
	}
	for _, c := range []struct{ length, piece, most int }{
		{0, 1, 1},
		{100, 100, 1},
		{2000, 2000, 1},
		{4096, 4096, 1},
		{4096, 100, 1},
		{7000, 7000, 1},
		{8192, 8192, 2},
		{20000, 20000, 2},
		{20000, 1000, 5},
		{1 << 20, 64 << 10, 20},
		{10, 10, 1},
	} {
		length, piece = c.length, c.piece
		if err := ask(); err != nil {
			t.Fatalf("%d bytes: %v", length, err)
		}
		if n := int(counted.n.Load()); n > c.most {
			t.Errorf("%d bytes in pieces of %d: %d writes, want %d at most", c.length, c.piece, n, c.most)
		}
	}
	counted.fail.Store(true)
	length, piece = 5000, 5000
	if err := ask(); err == nil {
		t.Error("an answer arrived that was not sent")
	}
}
