package relay

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// binaryHeader is a header of version 2.
func binaryHeader(command, family byte, rest ...byte) string {
	b := append([]byte(sign2), 0x20|command, family)
	b = binary.BigEndian.AppendUint16(b, uint16(len(rest)))
	return string(append(b, rest...))
}

func addresses(client, server string) []byte {
	c, s := netip.MustParseAddrPort(client), netip.MustParseAddrPort(server)
	b := append(c.Addr().AsSlice(), s.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, c.Port())
	return binary.BigEndian.AppendUint16(b, s.Port())
}

// tlvs are a NOOP, and the VPC endpoint of AWS and the LinkID of Azure.
var tlvs = []byte("\x04\x00\x03abc\xea\x00\x05\x01vpce\xee\x00\x05\x01\x78\x56\x34\x12")

func TestParseHeader(t *testing.T) {
	v4 := origin{netip.MustParseAddrPort("203.0.113.7:40001"), netip.MustParseAddrPort("192.0.2.1:6379")}
	v6 := origin{netip.MustParseAddrPort("[2001:db8::7]:40001"), netip.MustParseAddrPort("[2001:db8::1]:6379")}
	a4, a6 := addresses("203.0.113.7:40001", "192.0.2.1:6379"), addresses("[2001:db8::7]:40001", "[2001:db8::1]:6379")
	for _, c := range []struct {
		name, header string
		want         origin
	}{
		{"1, TCP4", "PROXY TCP4 203.0.113.7 192.0.2.1 40001 6379\r\n", v4},
		{"1, TCP6", "PROXY TCP6 2001:db8::7 2001:db8::1 40001 6379\r\n", v6},
		{"1, TCP6 that is IPv4", "PROXY TCP6 ::ffff:203.0.113.7 ::ffff:192.0.2.1 40001 6379\r\n", v4},
		{"1, UNKNOWN", "PROXY UNKNOWN\r\n", origin{}},
		{"1, UNKNOWN with anything", "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", origin{}},
		{"2, TCP4", binaryHeader(1, 0x11, a4...), v4},
		{"2, TCP4 with TLVs", binaryHeader(1, 0x11, append(a4[:len(a4):len(a4)], tlvs...)...), v4},
		{"2, TCP6", binaryHeader(1, 0x21, a6...), v6},
		{"2, TCP6 with TLVs", binaryHeader(1, 0x21, append(a6[:len(a6):len(a6)], tlvs...)...), v6},
		{"2, TCP6 that is IPv4", binaryHeader(1, 0x21, addresses("[::ffff:203.0.113.7]:40001", "[::ffff:192.0.2.1]:6379")...), v4},
		{"2, Unix", binaryHeader(1, 0x31, make([]byte, 216)...), origin{}},
		{"2, unspecified", binaryHeader(1, 0x00), origin{}},
		{"2, LOCAL", binaryHeader(0, 0x00), origin{}},
		{"2, LOCAL with addresses", binaryHeader(0, 0x11, a4...), origin{}},
		{"2, 536 bytes", binaryHeader(1, 0x11, append(a4[:len(a4):len(a4)], make([]byte, 536-16-12)...)...), v4},
	} {
		for n := range len(c.header) {
			if _, size, err := parseHeader([]byte(c.header[:n])); size != 0 || err != nil {
				t.Errorf("%s: of %d bytes there are %d, %v", c.name, n, size, err)
			}
		}
		got, size, err := parseHeader([]byte(c.header + "*1\r\n$4\r\nPING\r\n"))
		if err != nil || size != len(c.header) || got != c.want {
			t.Errorf("%s: %v of %d bytes, %v; want %v of %d", c.name, got, size, err, c.want, len(c.header))
		}
	}
}

// badHeaders are not headers, and that is known when they are there.
var badHeaders = map[string]string{
	"none":                 "*1\r\n$4\r\nPING\r\n",
	"another case":         "proxy TCP4 203.0.113.7 192.0.2.1 40001 6379\r\n",
	"no family":            "PROXY \r\n",
	"another family":       "PROXY UDP4 203.0.113.7 192.0.2.1 40001 6379\r\n",
	"IPv6 as TCP4":         "PROXY TCP4 2001:db8::7 2001:db8::1 40001 6379\r\n",
	"IPv4 as TCP6":         "PROXY TCP6 203.0.113.7 192.0.2.1 40001 6379\r\n",
	"a zone":               "PROXY TCP6 fe80::1%eth0 fe80::2 40001 6379\r\n",
	"a leading zero":       "PROXY TCP4 203.0.113.7 192.0.2.1 040001 6379\r\n",
	"a zero in an address": "PROXY TCP4 203.0.113.07 192.0.2.1 40001 6379\r\n",
	"a sign":               "PROXY TCP4 203.0.113.7 192.0.2.1 +4001 6379\r\n",
	"a port too large":     "PROXY TCP4 203.0.113.7 192.0.2.1 65536 6379\r\n",
	"no port":              "PROXY TCP4 203.0.113.7 192.0.2.1 40001\r\n",
	"a word more":          "PROXY TCP4 203.0.113.7 192.0.2.1 40001 6379 1\r\n",
	"two spaces":           "PROXY TCP4  203.0.113.7 192.0.2.1 40001 6379\r\n",
	"LF alone":             "PROXY TCP4 203.0.113.7 192.0.2.1 40001 6379\n" + strings.Repeat(" ", maxLine),
	"a line too long":      "PROXY UNKNOWN " + strings.Repeat("x", maxLine) + "\r\n",
	"another signature":    "\r\n\r\n\x00\r\nQUIT\r\x21\x11\x00\x00",
	"version 1 in binary":  sign2 + "\x11\x11\x00\x0c" + strings.Repeat("x", 12),
	"another command":      binaryHeader(2, 0x11, make([]byte, 12)...),
	"a datagram":           binaryHeader(1, 0x12, make([]byte, 12)...),
	"an unknown family":    binaryHeader(1, 0x41, make([]byte, 12)...),
	"addresses too short":  binaryHeader(1, 0x21, make([]byte, 12)...),
	"too long":             binaryHeader(1, 0x11, make([]byte, maxHeader)...),
}

func TestParseHeaderRefuses(t *testing.T) {
	for name, header := range badHeaders {
		if o, n, err := parseHeader([]byte(header)); err == nil {
			t.Errorf("%s: %v of %d bytes", name, o, n)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 203.0.113.7 192.0.2.1 40001 6379\r\nPING\r\n"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte(binaryHeader(1, 0x11, append(addresses("203.0.113.7:40001", "192.0.2.1:6379"), tlvs...)...)))
	f.Add([]byte(binaryHeader(1, 0x21, addresses("[2001:db8::7]:40001", "[2001:db8::1]:6379")...)))
	for _, header := range badHeaders {
		f.Add([]byte(header))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, n, err := parseHeader(b)
		switch {
		case n < 0 || n > len(b) || n > maxHeader || err != nil && n != 0:
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		case err == nil && n == 0 && len(b) >= maxHeader:
			t.Fatalf("%d bytes are not enough", len(b))
		case o.client.IsValid() != o.server.IsValid() || n == 0 && o != origin{}:
			t.Fatalf("%v of %d bytes", o, n)
		case o.client.IsValid() && (o.client.Addr().Is4In6() || o.client.Addr().Zone() != ""):
			t.Fatalf("%v is not in the one form of an address", o.client)
		}
		if n == 0 {
			return
		}
		// It does not depend on how much is there.
		if _, k, err := parseHeader(b[:n-1]); k != 0 || err != nil {
			t.Fatalf("without its last byte: %d, %v", k, err)
		}
		if again, k, err := parseHeader(b[:n]); k != n || err != nil || again != o {
			t.Fatalf("without the bytes after it: %v, %d, %v", again, k, err)
		}
	})
}

func TestGuard(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		want   bool
	}{
		{[]string{"PROXY TCP4 203.0.113.7 192.0.2.1 40001 6379\r\n"}, true},
		{[]string{"P", "R", "O", "X", "Y", " "}, true},
		{[]string{binaryHeader(0, 0)}, true},
		{[]string{"\r\n\r\n", "\x00\r\nQUIT", "\n"}, true},
		{[]string{"PING\r\nPROXY "}, false},
		{[]string{"PRO", "CESS\r\n"}, false},
		{[]string{"*1\r\n$4\r\nPING\r\n", "PROXY TCP4"}, false},
		{[]string{"\r\n\r\n", "PING\r\n"}, false},
		{[]string{"\r\n", "PROXY "}, false},
	} {
		var g guard
		got := false
		for _, piece := range c.pieces {
			got = got || g.refuses([]byte(piece))
		}
		if got != c.want {
			t.Errorf("%q: refused is %v", c.pieces, got)
		}
	}
}

// trusting makes the relay expect headers of clients on this host.
func (n *node) trusting(u Upstream) {
	n.config.Upstream = u
	n.config.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

func TestHeaderOfTrusted(t *testing.T) {
	v4, v6 := "203.0.113.7:40001", "[2001:db8::7]:40001"
	for name, c := range map[string]struct{ header, client, server string }{
		"version 1": {"PROXY TCP4 203.0.113.7 192.0.2.1 40001 6379\r\n", v4, "192.0.2.1:6379"},
		"version 2": {binaryHeader(1, 0x21, append(addresses(v6, "[2001:db8::1]:6379"), tlvs...)...), v6, "[2001:db8::1]:6379"},
		"LOCAL":     {binaryHeader(0, 0), "", ""},
		"UNKNOWN":   {"PROXY UNKNOWN\r\n", "", ""},
	} {
		for _, pieces := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				each(t, func(t *testing.T, n *node) {
					b := newBackend(t, "tcp", "127.0.0.1:0", echo)
					n.trusting(b.upstream())
					n.start()
					conn := n.dial()
					if pieces {
						for i := range c.header {
							io.WriteString(conn, c.header[i:i+1])
							time.Sleep(100 * time.Microsecond)
						}
						io.WriteString(conn, "PING\r\n")
					} else {
						io.WriteString(conn, c.header+"PING\r\n")
					}
					got := make([]byte, 6)
					if _, err := io.ReadFull(conn, got); err != nil || string(got) != "PING\r\n" {
						t.Errorf("got %q, %v", got, err)
					}
					conn.Close()
					tap := n.only()
					tap.want(event.ByClient, []byte("PING\r\n"), []byte("PING\r\n"))
					want := Peer{Client: netip.MustParseAddrPort(conn.LocalAddr().String()), Server: netip.MustParseAddrPort(n.address)}
					if c.client != "" {
						want = Peer{Client: netip.MustParseAddrPort(c.client), Server: netip.MustParseAddrPort(c.server)}
					}
					if tap.peer != want {
						t.Errorf("the peer is %v, want %v", tap.peer, want)
					}
				})
			})
		}
	}
}

// Who is trusted and does not send a good header in time is refused, and the server
// hears nothing of it.
func TestHeaderMissing(t *testing.T) {
	bad := map[string]string{"nothing": "", "half a line": "PROXY TCP4 203", "half a binary one": binaryHeader(1, 0x11, 1, 2)[:17]}
	for name, header := range badHeaders {
		bad[name] = header
	}
	each(t, func(t *testing.T, n *node) {
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.trusting(b.upstream())
		n.config.HandshakeTimeout = 100 * time.Millisecond
		n.start()
		for name, header := range bad {
			c := n.dial()
			io.WriteString(c, header)
			if got, err := io.ReadAll(c); len(got) > 0 || isTimeout(err) {
				t.Errorf("%s: got %q, %v", name, got, err)
			}
		}
		// One that ends before its header does.
		c := n.dial()
		io.WriteString(c, "PROXY TCP4 203")
		c.CloseWrite()
		io.ReadAll(c)
		n.settle()
		taps := n.all()
		if len(taps) != len(bad)+1 {
			t.Errorf("%d taps of %d clients", len(taps), len(bad)+1)
		}
		for _, tap := range taps {
			tap.want(event.Refused, nil, nil)
		}
		if b.total.Load() != 0 {
			t.Error("the server was connected to")
		}
	})
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// Who is not trusted does not get a header past the relay.
func TestHeaderOfUntrusted(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		b := newBackend(t, "tcp", "127.0.0.1:0", echo)
		n.config.Upstream = b.upstream()
		n.config.Trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		n.start()
		for _, pieces := range [][]string{
			{"PROXY TCP4 203.0.113.7 192.0.2.1 40001 6379\r\nPING\r\n"},
			{"PRO", "XY TCP4 203.0.113.7 192.0.2.1 40001 6379\r\nPING\r\n"},
			{binaryHeader(1, 0x11, addresses("203.0.113.7:40001", "192.0.2.1:6379")...)},
		} {
			c := n.dial()
			for _, piece := range pieces {
				io.WriteString(c, piece)
				time.Sleep(20 * time.Millisecond)
			}
			if got, err := io.ReadAll(c); isTimeout(err) || strings.Contains(string(got), "PROXY ") {
				t.Errorf("got %q, %v", got, err)
			}
		}
		n.settle()
		for _, tap := range n.all() {
			if tap.why != event.Refused || tap.peer.Client.Addr() != netip.MustParseAddr("127.0.0.1") {
				t.Errorf("%v closed because %q", tap.peer, tap.why)
			}
		}
	})
}
