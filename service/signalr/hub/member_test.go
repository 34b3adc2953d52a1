package hub

import (
	"slices"
	"sync"
	"testing"
	"time"

	"reslog/service/signalr/payload"
)

// client is a Member that keeps what it gets.
type client struct {
	id, user string
	hubs     *Hubs // that it leaves when it is closed, if not nil
	hub      string

	mu     sync.Mutex
	got    []string
	closed []string
	// invoked are the calls that it was asked for.
	invoked []invoked
}

type invoked struct {
	id    string
	frame string
	fn    func(Result)
}

func (c *client) ID() string   { return c.id }
func (c *client) User() string { return c.user }

func (c *client) Deliver(p *payload.Payload) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, string(p.Frame(payload.JSON)))
}

func (c *client) Close(reason string) {
	c.mu.Lock()
	c.closed = append(c.closed, reason)
	c.mu.Unlock()
	if c.hubs != nil {
		c.hubs.Leave(c.hub, c)
	}
}

func (c *client) Invoke(id string, p *payload.Payload, fn func(Result)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.invoked = append(c.invoked, invoked{id, string(p.Frame(payload.MessagePack)), fn})
}

func (c *client) messages() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// asked waits until the client is asked for a result.
func (c *client) asked(t *testing.T) invoked {
	t.Helper()
	var call invoked
	eventually(t, "the client is asked", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.invoked) > 0 {
			call = c.invoked[len(c.invoked)-1]
		}
		return call.fn != nil
	})
	return call
}

func message(s string) *payload.Payload {
	return payload.Of(map[payload.Protocol][]byte{payload.JSON: []byte(s), payload.MessagePack: []byte(s)})
}

func join(h *Hubs, hub, id, user string) *client {
	c := &client{id: id, user: user, hubs: h, hub: hub}
	h.Join(hub, c)
	return c
}

func eventually(t testing.TB, what string, fn func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !fn(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after a minute: %s", what)
		}
	}
}
