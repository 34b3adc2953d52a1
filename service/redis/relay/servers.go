package relay

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// refresh is how often the name of the server is looked up.
const refresh = 30 * time.Second

// servers are the addresses of the server. Its name is looked up beside the
// connections, which take what is known at the moment.
type servers struct {
	upstream Upstream
	timeout  time.Duration
	log      *calm
	lookup   func(ctx context.Context, host string) ([]netip.Addr, error)
	known    atomic.Pointer[[]netip.AddrPort]
	first    atomic.Int32 // index in known of the address that worked last
	failure  chan struct{}
}

func newServers(u Upstream, timeout time.Duration, log *calm) *servers {
	s := &servers{upstream: u, timeout: timeout, log: log, failure: make(chan struct{}, 1)}
	s.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	s.known.Store(new([]netip.AddrPort))
	return s
}

// unix reports whether the server is a Unix socket, which has no addresses.
func (s *servers) unix() bool { return s.upstream.Network == "unix" }

// all are the addresses to try, in turn, beginning with index first. The slice is
// never written to.
func (s *servers) all() (addresses []netip.AddrPort, first int) {
	addresses = *s.known.Load()
	if len(addresses) == 0 {
		return nil, 0
	}
	return addresses, int(s.first.Load()) % len(addresses)
}

// worked says that there was a connection to the address with an index of all.
func (s *servers) worked(index int) {
	if s.first.Load() != int32(index) {
		s.first.Store(int32(index))
	}
}

// failed says that no address worked.
func (s *servers) failed(err error) {
	s.log.warn("the server behind the proxy cannot be reached", "server", s.upstream.Address, "err", err)
	select {
	case s.failure <- struct{}{}:
	default:
	}
}

// follow looks the name up every now and then, and after failures, though not more
// than once a second.
func (s *servers) follow(ctx context.Context) {
	if s.unix() {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		select {
		case <-ctx.Done():
			return
		case <-s.failure:
		case <-time.After(refresh):
		}
		s.resolve(ctx)
	}
}

// resolve looks the name up once. What was known stays when that fails.
func (s *servers) resolve(ctx context.Context) {
	if s.unix() {
		return
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	found, err := s.find(limited)
	if err != nil {
		if ctx.Err() == nil {
			s.log.warn("the name of the server behind the proxy was not found, the addresses known before are used", "err", err)
		}
		return
	}
	if !slices.Equal(*s.known.Load(), found) {
		s.known.Store(&found)
	}
}

func (s *servers) find(ctx context.Context) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(s.upstream.Address)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil, err
	}
	if host == "" {
		host = "localhost"
	}
	ips, err := s.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, fmt.Errorf("%s has no addresses", host)
	}
	found := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		found[i] = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	}
	// In one order whatever the name server's: else every look-up were a change.
	slices.SortFunc(found, netip.AddrPort.Compare)
	return slices.Compact(found), nil
}
