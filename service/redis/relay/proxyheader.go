package relay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// The PROXY protocol, versions 1 and 2: who accepts connections for us tells in
// front of their bytes who they are from.
//
// Source: "The PROXY protocol", doc/proxy-protocol.txt of HAProxy, sections 2.1 and
// 2.2.
const (
	sign1 = "PROXY "
	sign2 = "\r\n\r\n\x00\r\nQUIT\n"
	// maxLine is the longest header of version 1, with its CRLF.
	maxLine = 107
	// maxHeader is the longest header of version 2 that is read, TLVs with it; a
	// receiver must take 536 bytes at least.
	maxHeader = 4096
)

var errHeader = errors.New("not a PROXY header")

// origin is what a header says. Both are the zero value when it tells no addresses:
// then those of the connection hold.
type origin struct {
	client, server netip.AddrPort
}

// parseHeader reads the header at the beginning of b and returns how many bytes it
// has; none, and no error, when b does not have all of it yet.
func parseHeader(b []byte) (origin, int, error) {
	switch {
	case startsAlike(b, sign1):
		return parseLine(b)
	case startsAlike(b, sign2):
		return parseBinary(b)
	}
	return origin{}, 0, errHeader
}

// startsAlike reports whether b begins with sign, as far as b goes.
func startsAlike(b []byte, sign string) bool {
	n := min(len(b), len(sign))
	return string(b[:n]) == sign[:n]
}

// parseLine reads version 1:
//
//	PROXY TCP4 192.0.2.1 192.0.2.2 56324 6379\r\n
//	PROXY UNKNOWN …\r\n
func parseLine(b []byte) (origin, int, error) {
	line, _, whole := bytes.Cut(b[:min(len(b), maxLine)], []byte("\r\n"))
	if !whole {
		if len(b) >= maxLine {
			return origin{}, 0, errHeader
		}
		return origin{}, 0, nil
	}
	size := len(line) + len("\r\n")
	words := strings.Split(string(line), " ")
	if words[1] == "UNKNOWN" {
		return origin{}, size, nil
	}
	if len(words) != 6 || words[1] != "TCP4" && words[1] != "TCP6" {
		return origin{}, 0, errHeader
	}
	client, err := parseEndpoint(words[2], words[4], words[1] == "TCP4")
	if err != nil {
		return origin{}, 0, err
	}
	server, err := parseEndpoint(words[3], words[5], words[1] == "TCP4")
	if err != nil {
		return origin{}, 0, err
	}
	return origin{client, server}, size, nil
}

func parseEndpoint(address, port string, v4 bool) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Is4() != v4 || a.Zone() != "" {
		return netip.AddrPort{}, errHeader
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != port {
		return netip.AddrPort{}, errHeader
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), nil
}

// parseBinary reads version 2: the signature, version and command, family and
// protocol, the length of what follows, addresses, TLVs, which are skipped.
func parseBinary(b []byte) (origin, int, error) {
	const fixed = 16
	if len(b) < fixed {
		return origin{}, 0, nil
	}
	size := fixed + int(binary.BigEndian.Uint16(b[14:]))
	if b[12]>>4 != 2 || size > maxHeader {
		return origin{}, 0, errHeader
	}
	local := false
	switch b[12] & 0xf {
	case 0:
		local = true // a health check of the sender's own, addresses mean nothing
	case 1:
	default:
		return origin{}, 0, errHeader
	}
	length := 0 // of the addresses
	switch family := b[13]; {
	case local || family == 0x00: // unspecified
	case family == 0x11: // TCP over IPv4
		length = 2*4 + 2*2
	case family == 0x21: // TCP over IPv6
		length = 2*16 + 2*2
	case family == 0x31: // a Unix stream
		length = 2 * 108
	default:
		return origin{}, 0, errHeader // datagrams do not come over a connection
	}
	if size < fixed+length {
		return origin{}, 0, errHeader
	}
	if len(b) < size {
		return origin{}, 0, nil
	}
	return parseAddresses(b[fixed : fixed+length]), size, nil
}

// parseAddresses reads those of TCP; of anything else there are none.
func parseAddresses(b []byte) origin {
	n := 4
	switch len(b) {
	case 2*4 + 2*2:
	case 2*16 + 2*2:
		n = 16
	default:
		return origin{}
	}
	client, _ := netip.AddrFromSlice(b[:n])
	server, _ := netip.AddrFromSlice(b[n : 2*n])
	ports := b[2*n:]
	return origin{
		netip.AddrPortFrom(client.Unmap(), binary.BigEndian.Uint16(ports)),
		netip.AddrPortFrom(server.Unmap(), binary.BigEndian.Uint16(ports[2:])),
	}
}

// apply puts what a header says into p.
func (o origin) apply(p *Peer) {
	if o.client.IsValid() {
		p.Client, p.Server = o.client, o.server
	}
}

// guard notices a PROXY header, in however many pieces, at the beginning of what a
// client sends that must not send one. Nothing is held back for it: what comes before
// the last byte of a signature does nothing at a server.
type guard struct {
	done    bool
	version uint8
	matched uint8
}

// refuses reports whether b completes the signature of a header.
func (g *guard) refuses(b []byte) bool {
	for i := 0; i < len(b) && !g.done; i++ {
		sign := sign1
		if g.version == 2 || g.matched == 0 && b[i] == sign2[0] {
			sign, g.version = sign2, 2
		}
		if b[i] != sign[g.matched] {
			g.done = true
			break
		}
		if g.matched++; int(g.matched) == len(sign) {
			g.done = true
			return true
		}
	}
	return false
}
