package appserver_test

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"reslog/service/signalr/appserver/appservertest"
)

// counting is a client that counts what it gets.
type counting struct {
	client
	got *atomic.Int64
}

func (c *counting) Write([]byte) { c.got.Add(1) }

// BenchmarkEcho is a message of a client to its server and back, with 100 clients.
func BenchmarkEcho(b *testing.B) {
	s := start(b, nil)
	s.server(appservertest.Config{Handle: appservertest.NewHub().Handle})
	var got atomic.Int64
	var list [100]*counting
	for i := range list {
		c := &counting{client: client{id: strconv.Itoa(i), protocol: "json"}, got: &got}
		binding, err := s.Bind(c)
		if err != nil {
			b.Fatal(err)
		}
		c.binding = binding
		binding.Data([]byte(`{"protocol":"json","version":1}` + "\x1e"))
		list[i] = c
	}
	message := []byte(`{"type":1,"invocationId":"1","target":"echo","arguments":["hello"]}` + "\x1e")
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		list[i%len(list)].binding.Data(message)
	}
	for got.Load() < int64(b.N+len(list)) {
		time.Sleep(100 * time.Microsecond)
	}
}
