package upstream

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
)

// names is a name server that has one address for every name.
type names struct{ address atomic.Pointer[netip.Addr] }

func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go n.serve(server)
		return client, nil
	}}
}

// serve answers questions as DNS has them over a stream, RFC 1035.
func (n *names) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, q); err != nil || len(q) < 12 {
			return
		}
		end := 12
		for end < len(q) && q[end] != 0 {
			end += int(q[end]) + 1
		}
		end += 5 // the root, type and class
		if end > len(q) {
			return
		}
		a := append([]byte{}, q[:end]...)
		copy(a[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}) // an answer without records
		if q[end-3] == 1 {                                      // of type A
			a[7] = 1
			ip := n.address.Load().As4()
			a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
			a = append(a, ip[:]...)
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...)); err != nil {
			return
		}
	}
}

// TestRebinding: a name that leads to a hook, and then to where none is, is refused when
// the connection is made.
func TestRebinding(t *testing.T) {
	h := newHook(t, status(204))
	_, port, err := net.SplitHostPort(h.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var n names
	lead := func(to string) {
		a := netip.MustParseAddr(to)
		n.address.Store(&a)
	}
	call := func(allowed ...string) error {
		transport := &http.Transport{DialContext: guard{allowed: newHosts(allowed), resolver: n.resolver()}.dial, DisableKeepAlives: true}
		c := h.caller(t, Config{Transport: transport, Allowed: allowed, Templates: []Template{{URL: "http://hook.example.test:" + port + "/?code=SECRET"}}})
		_, err := c.Call(t.Context(), Connected("chat", "1"))
		return err
	}
	lead("127.0.0.1")
	if err := call(); err != nil || h.calls() != 1 {
		t.Fatal(err, h.calls())
	}
	lead("169.254.169.254")
	if err := call(); !errors.Is(err, errRefused) {
		t.Error(err)
	}
	lead("0.0.0.0")
	if err := call(); !errors.Is(err, errRefused) || h.calls() != 1 {
		t.Error(err, h.calls())
	}
	if err := call("hook.example.test"); err != nil || h.calls() != 2 {
		t.Error(err, h.calls())
	}
}
