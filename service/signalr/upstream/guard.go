package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// errRefused says that a call would go where none may go.
var errRefused = errors.New("the upstream's address is not allowed")

// hosts are those of Allowed, in lower case: "host" for all its ports, or "host:port".
type hosts map[string]bool

func newHosts(list []string) hosts {
	h := hosts{}
	for _, s := range list {
		s = strings.ToLower(strings.TrimSpace(s))
		if name, port, err := net.SplitHostPort(s); err == nil {
			h[net.JoinHostPort(plain(name), port)] = true
		} else if s != "" {
			h[plain(s)] = true
		}
	}
	return h
}

// has reports whether a host may be called at a port.
func (h hosts) has(host, port string) bool {
	host = plain(strings.ToLower(host))
	return h[host] || h[net.JoinHostPort(host, port)]
}

// plain is a host's name without brackets and without the dot of the root.
func plain(host string) string { return strings.TrimSuffix(strings.Trim(host, "[]"), ".") }

// permit refuses a URL whose host the operator did not name.
func (h hosts) permit(p parts, u *url.URL) error {
	if !p.open() || h.has(u.Hostname(), portOf(u)) {
		return nil
	}
	return fmt.Errorf("%w: the template has a placeholder in its host, and %s is not among the hosts that may be called", errRefused, u.Host)
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// newTransport makes a transport that looks at the addresses it connects to. A proxy
// would connect in its place, so it uses none.
func newTransport(allowed hosts, idle int) *http.Transport {
	return &http.Transport{
		DialContext:            guard{allowed: allowed}.dial,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConns:           4 * idle,
		MaxIdleConnsPerHost:    idle,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
}

// guard connects.
type guard struct {
	allowed hosts
	// resolver is nil for the system's.
	resolver *net.Resolver
}

// dial looks at the address when the name has been resolved: a name that leads elsewhere
// the second time is refused then.
func (g guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: 10 * time.Second, Resolver: g.resolver}
	if !g.allowed.has(host, port) {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return checkAddress(address)
		}
	}
	return d.DialContext(ctx, network, address)
}

// metadata are addresses where clouds tell a machine its secrets, beside the link-local
// ones.
var metadata = [...]netip.Addr{
	netip.MustParseAddr("168.63.129.16"),
	netip.MustParseAddr("100.100.100.200"),
	netip.MustParseAddr("192.0.0.192"),
	netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("fd20:ce::254"),
}

// checkAddress refuses an address, "ip:port", that no hook has.
func checkAddress(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: it is not an address", errRefused)
	}
	a := ap.Addr().WithZone("").Unmap()
	bad := a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast()
	for _, m := range metadata {
		bad = bad || a == m
	}
	// Addresses that carry one of IPv4: 64:ff9b::/96 and 2002::/16.
	if b := a.As16(); a.Is6() {
		switch {
		case nat64.Contains(a):
			return checkAddress(netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:])), ap.Port()).String())
		case sixToFour.Contains(a):
			return checkAddress(netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[2:6])), ap.Port()).String())
		}
	}
	if bad {
		return fmt.Errorf("%w: it is link-local, one of a cloud's metadata, or of no machine; allow the host by its name if it is meant", errRefused)
	}
	return nil
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)
