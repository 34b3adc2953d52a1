package hub

import (
	"context"
	"sync"
	"testing"
)

// network joins Hubs in memory: packets go through queues, one for each direction, so
// that publishing does not wait and what one node says stays in order.
type network struct {
	mu    sync.Mutex
	nodes []*node
}

// node is the Peers of one of them.
type node struct {
	net     *network
	publish func([]byte)
	ask     func([]byte) []byte
	lost    chan struct{}
	once    sync.Once
	in      map[*node]chan delivery // by who sends
}

type delivery struct {
	b      []byte
	answer chan<- []byte // nil for what is published
}

func (n *network) join() *node {
	n.mu.Lock()
	defer n.mu.Unlock()
	nd := &node{net: n, lost: make(chan struct{}), in: map[*node]chan delivery{}}
	for _, other := range n.nodes {
		nd.in[other] = make(chan delivery, 4096)
		other.in[nd] = make(chan delivery, 4096)
		go nd.run(nd.in[other])
		go other.run(other.in[nd])
	}
	n.nodes = append(n.nodes, nd)
	return nd
}

func (nd *node) run(in <-chan delivery) {
	for {
		select {
		case <-nd.lost:
			return
		case d := <-in:
			if d.answer == nil {
				nd.publish(d.b)
			} else {
				d.answer <- nd.ask(d.b)
			}
		}
	}
}

// lose takes a node away, with all that it knows.
func (nd *node) lose() { nd.once.Do(func() { close(nd.lost) }) }

func (nd *node) others() []*node {
	nd.net.mu.Lock()
	defer nd.net.mu.Unlock()
	var list []*node
	for _, o := range nd.net.nodes {
		if o != nd {
			list = append(list, o)
		}
	}
	return list
}

func (nd *node) from(o *node) chan<- delivery {
	nd.net.mu.Lock()
	defer nd.net.mu.Unlock()
	return nd.in[o]
}

func (nd *node) Receive(publish func([]byte), ask func([]byte) []byte) {
	nd.publish, nd.ask = publish, ask
}

func (nd *node) Publish(b []byte) error {
	for _, o := range nd.others() {
		select {
		case o.from(nd) <- delivery{b: append([]byte(nil), b...)}:
		case <-o.lost:
		}
	}
	return nil
}

func (nd *node) Ask(ctx context.Context, b []byte, fn func([]byte)) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, o := range nd.others() {
		wg.Go(func() {
			answer := make(chan []byte, 1)
			select {
			case o.from(nd) <- delivery{append([]byte(nil), b...), answer}:
			case <-o.lost:
				return
			}
			select {
			case a := <-answer:
				mu.Lock()
				defer mu.Unlock()
				fn(a)
			case <-o.lost:
			case <-ctx.Done():
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// three are Hubs of three nodes.
func three(t testing.TB, c Config) ([3]*Hubs, [3]*node) {
	t.Helper()
	var net network
	var hubs [3]*Hubs
	var nodes [3]*node
	for i := range hubs {
		nodes[i] = net.join()
		t.Cleanup(nodes[i].lose)
		cfg := c
		cfg.Peers = nodes[i]
		hubs[i] = New(cfg)
	}
	return hubs, nodes
}
