package signalr

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"

	"reslog/resource"
	"reslog/service/signalr/hub"
)

// peers leads what other nodes say to the service that it is about: all services of a
// node share one way to the others. A message begins with the key of the service's
// resource, after its length.
type peers struct {
	hub.Peers

	mu  sync.Mutex
	all map[resource.Key]*ofPeers
}

// newPeers returns nil without p.
func newPeers(p hub.Peers) *peers {
	if p == nil {
		return nil
	}
	m := &peers{Peers: p, all: make(map[resource.Key]*ofPeers)}
	p.Receive(m.published, m.asked)
	return m
}

// of returns the peers of one service, nil if there are none.
func (p *peers) of(id resource.ID) hub.Peers {
	if p == nil {
		return nil
	}
	o := &ofPeers{p: p, prefix: append(binary.AppendUvarint(nil, uint64(len(id.Key()))), id.Key()...)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[id.Key()] = o
	return o
}

// forget takes a service away.
func (p *peers) forget(id resource.ID) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, id.Key())
}

// find takes a message apart.
func (p *peers) find(b []byte) (o *ofPeers, rest []byte) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil
	}
	end := size + int(n)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[resource.Key(b[size:end])], b[end:]
}

func (p *peers) published(b []byte) {
	if o, rest := p.find(b); o != nil {
		if fn := o.get().publish; fn != nil {
			fn(rest)
		}
	}
}

// asked answers a question. What is not answered here has an empty answer, and others
// begin with a byte, so that an answer may be empty too.
func (p *peers) asked(b []byte) []byte {
	if o, rest := p.find(b); o != nil {
		if fn := o.get().ask; fn != nil {
			return append([]byte{1}, fn(rest)...)
		}
	}
	return nil
}

// ofPeers are the peers of one service.
type ofPeers struct {
	p      *peers
	prefix []byte

	mu  sync.Mutex
	fns receivers
}

type receivers struct {
	publish func(b []byte)
	ask     func(b []byte) []byte
}

func (o *ofPeers) get() receivers {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fns
}

// Publish implements hub.Peers.
func (o *ofPeers) Publish(b []byte) error {
	return o.p.Peers.Publish(bytes.Join([][]byte{o.prefix, b}, nil))
}

// Ask implements hub.Peers.
func (o *ofPeers) Ask(ctx context.Context, b []byte, fn func(answer []byte)) error {
	return o.p.Peers.Ask(ctx, bytes.Join([][]byte{o.prefix, b}, nil), func(answer []byte) {
		if len(answer) > 0 {
			fn(answer[1:])
		}
	})
}

// Receive implements hub.Peers.
func (o *ofPeers) Receive(publish func(b []byte), ask func(b []byte) []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fns = receivers{publish, ask}
}
