package faulttest

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// hubNames are the event hubs that the records of the blob service go to.
var hubNames = []string{"insights-logs-storageread", "insights-logs-storagewrite", "insights-logs-storagedelete"}

// broker is a Kafka broker whose connections can be troubled.
type broker struct {
	cluster *kfake.Cluster
	mode    atomic.Int32

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newBroker(t *testing.T) *broker {
	t.Helper()
	b := &broker{conns: map[net.Conn]bool{}}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, hubNames...), kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		return troubledListener{l, b}, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	b.cluster = cluster
	return b
}

// make makes trouble, of those that a connection can be in: gone, lost, noise, late.
func (b *broker) make(mode trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mode.Store(int32(mode))
	if mode == gone {
		for c := range b.conns {
			c.Close()
		}
		clear(b.conns)
	}
}

type troubledListener struct {
	net.Listener
	broker *broker
}

// Accept implements net.Listener.
func (l troubledListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.broker.mu.Lock()
	l.broker.conns[c] = true
	l.broker.mu.Unlock()
	return &troubledConn{c, l.broker}, nil
}

// troubledConn is the broker's end of a connection.
type troubledConn struct {
	net.Conn
	broker *broker
}

// Read implements io.Reader.
func (c *troubledConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if trouble(c.broker.mode.Load()) == gone {
		c.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

// Write implements io.Writer. What the broker was asked for is done by now.
func (c *troubledConn) Write(p []byte) (int, error) {
	switch trouble(c.broker.mode.Load()) {
	case gone, lost:
		c.Close()
		return 0, net.ErrClosed
	case noise:
		return c.Conn.Write(junk(len(p)))
	case late:
		time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
	}
	return c.Conn.Write(p)
}

// hubContent is what a consumer gets.
type hubContent struct {
	messages, again int
	differs         int            // messages with an id that another message has with other content
	times           map[string]int // of records in messages that are not there again, by request id
}

// consume reads all hubs, and drops the messages whose id it has seen, as a
// consumer is told to do.
func (b *broker) consume(t *testing.T) hubContent {
	t.Helper()
	var total int64
	for _, h := range hubNames {
		for _, p := range b.cluster.PartitionInfos(h) {
			total += p.HighWatermark
		}
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.cluster.ListenAddrs()...), kgo.ConsumeTopics(hubNames...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := hubContent{times: map[string]int{}}
	seen := map[string]string{} // by hub and id
	for got := int64(0); got < total; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("consume, after %d of %d messages: %v", got, total, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			got++
			c.add(t, r, seen)
		})
	}
	return c
}

func (c *hubContent) add(t *testing.T, r *kgo.Record, seen map[string]string) {
	t.Helper()
	c.messages++
	if len(r.Headers) != 1 || r.Headers[0].Key != "reslog-id" {
		t.Errorf("message with headers %v", r.Headers)
		return
	}
	id := r.Topic + " " + string(r.Headers[0].Value)
	if old, there := seen[id]; there {
		c.again++
		if old != string(r.Value) {
			c.differs++
		}
		return
	}
	seen[id] = string(r.Value)
	var body struct {
		Records []line `json:"records"`
	}
	if err := json.Unmarshal(r.Value, &body); err != nil {
		t.Errorf("message %s: %v", id, err)
	}
	for _, l := range body.Records {
		c.times[l.CorrelationID]++
	}
}
