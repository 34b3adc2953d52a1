package relay

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"

	"reslog/service/redis/event"
)

// deaf is a Tap that does nothing.
type deaf struct{}

func (deaf) Connected(netip.AddrPort) {}
func (deaf) Request([]byte)           {}
func (deaf) Reply([]byte)             {}
func (deaf) Ready() bool              { return true }
func (deaf) Close(event.Reason)       {}

// BenchmarkRoundTrip sends 64 bytes to an echo server and back: once without a relay,
// and through each engine.
func BenchmarkRoundTrip(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go echo(c)
		}
	}()
	b.Run("direct", func(b *testing.B) { roundTrips(b, l.Addr().String()) })
	for name, engine := range engines() {
		b.Run(name, func(b *testing.B) {
			r := New(Config{
				Upstream: Upstream{Network: "tcp", Address: l.Addr().String()},
				Open:     func(Peer, func()) Tap { return deaf{} },
			})
			front, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			served := make(chan error, 1)
			go func() { served <- r.serve(ctx, front, engine(r, front)) }()
			roundTrips(b, front.Addr().String())
			cancel()
			if err := <-served; err != nil {
				b.Error(err)
			}
		})
	}
}

func roundTrips(b *testing.B, address string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf); err != nil {
			b.Fatal(err)
		}
	}
}
