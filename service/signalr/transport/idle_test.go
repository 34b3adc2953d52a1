package transport_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"reslog/service/signalr/transport"
)

// nobody receives nothing.
type nobody struct{}

func (nobody) Receive([]byte) error { return nil }
func (nobody) Resumed()             {}
func (nobody) Closed(transport.End) {}

// BenchmarkIdleWebSocket tells the memory of a WebSocket on which nothing happens.
func BenchmarkIdleWebSocket(b *testing.B) {
	h := transport.New(transport.Config{
		Accept: func(*http.Request) (transport.Grant, *transport.Refusal) { return transport.Grant{}, nil },
		Open: func(transport.Conn, transport.Grant) (transport.Receiver, *transport.Refusal) {
			return nobody{}, nil
		},
	})
	s := httptest.NewServer(h)
	defer s.Close()
	conns := make([]net.Conn, 0, 2000)
	for b.Loop() {
		before := inUse()
		for range cap(conns) {
			conns = append(conns, upgrade(b, s.Listener.Addr().String()))
		}
		b.ReportMetric(float64(inUse()-before)/float64(len(conns)), "B/conn")
		for _, c := range conns {
			c.Close()
		}
		conns = conns[:0]
	}
	h.Close(b.Context())
}

// upgrade opens a WebSocket with as little of its own as can be.
func upgrade(b *testing.B, addr string) net.Conn {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(c, "GET /client/?hub=chat HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", addr)
	res, err := http.ReadResponse(bufio.NewReaderSize(c, 512), nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		b.Fatalf("upgrading: %v", err)
	}
	return c
}

func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
