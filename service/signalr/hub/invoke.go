package hub

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"reslog/service/signalr/payload"
)

const (
	// checkInterval is how often another node is asked whether it still waits for
	// a client's answer.
	checkInterval = 10 * time.Second
	// checkGrace is how long an answer may be underway from a node that waits no more.
	checkGrace = 2 * time.Second
)

// call is an invocation of a member that is here.
type call struct {
	room  *room
	entry *entry
	once  sync.Once
	fn    func(Result)
	timer *time.Timer // that of a call for another node, under room.mu
}

// finish takes a call off the list and tells the result, the first time.
func (c *call) finish(res Result) {
	c.once.Do(func() {
		c.room.mu.Lock()
		delete(c.room.calls, c)
		timer := c.timer
		c.room.mu.Unlock()
		if timer != nil {
			timer.Stop()
		}
		c.fn(res)
	})
}

func loseAll(lost []*call) {
	for _, c := range lost {
		c.finish(Result{Lost: true, Error: "the connection ended before it answered"})
	}
}

// calls are those between nodes, by their keys: that this one made, and that it runs.
type calls struct {
	mu      sync.Mutex
	made    map[string]chan Result
	running map[string]bool
}

// Invoke asks a client for a result. ErrNotFound if there is no such connection.
// invocation is the invocation ID that is in p.
func (h *Hubs) Invoke(ctx context.Context, hub, id, invocation string, p *payload.Payload) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.InvokeTimeout)
	defer cancel()
	done := make(chan Result, 1)
	c, err := h.start(hub, id, func(res Result) { done <- res })
	if err != nil {
		return Result{}, err
	}
	if c == nil {
		return h.invokeThere(ctx, hub, id, invocation, p)
	}
	c.entry.member.Invoke(invocation, p, c.finish)
	select {
	case res := <-done:
		return res, nil
	case <-ctx.Done():
		c.finish(Result{})
		return Result{}, fmt.Errorf("wait for the client's answer: %w", ctx.Err())
	}
}

// start notes an invocation of a member that is here; a nil call says that it is not.
func (h *Hubs) start(hub, id string, fn func(Result)) (*call, error) {
	r := h.room(hub)
	if r == nil {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byID[id]
	if e == nil {
		return nil, nil
	}
	if err := h.reserve(); err != nil {
		return nil, err
	}
	c := &call{room: r, entry: e, fn: func(res Result) {
		h.pending.Add(-1)
		fn(res)
	}}
	if r.calls == nil {
		r.calls = map[*call]struct{}{}
	}
	r.calls[c] = struct{}{}
	return c, nil
}

func (h *Hubs) reserve() error {
	if h.pending.Add(1) > int64(h.cfg.MaxInvocations) {
		h.pending.Add(-1)
		return fmt.Errorf("invoke a client: %w", ErrFull)
	}
	return nil
}

// invokeThere has another node ask the client.
func (h *Hubs) invokeThere(ctx context.Context, hub, id, invocation string, p *payload.Payload) (Result, error) {
	if h.alone() {
		return Result{}, ErrNotFound
	}
	if err := h.reserve(); err != nil {
		return Result{}, err
	}
	defer h.pending.Add(-1)
	key := rand.Text()
	done := make(chan Result, 1)
	h.calls.mu.Lock()
	if h.calls.made == nil {
		h.calls.made = map[string]chan Result{}
	}
	h.calls.made[key] = done
	h.calls.mu.Unlock()
	defer func() {
		h.calls.mu.Lock()
		delete(h.calls.made, key)
		h.calls.mu.Unlock()
	}()
	found, full := false, false
	err := h.ask(ctx, &packet{
		kind: kindInvoke, hub: hub, id: id, text: invocation, key: key,
		json: p.Frame(payload.JSON), messagePack: p.Frame(payload.MessagePack),
	}, func(a *packet) bool {
		found, full = a.yes, a.full
		return found || full
	})
	switch {
	case full:
		return Result{}, fmt.Errorf("invoke a client: %w", ErrFull)
	case found:
		return h.await(ctx, key, done)
	case err != nil:
		return Result{}, err
	}
	return Result{}, ErrNotFound
}

// await waits for a result from another node, and asks now and then whether there is
// still one who waits for it: that node may be lost.
func (h *Hubs) await(ctx context.Context, key string, done <-chan Result) (Result, error) {
	check := time.NewTicker(checkInterval)
	defer check.Stop()
	for {
		select {
		case res := <-done:
			return res, nil
		case <-ctx.Done():
			return Result{}, fmt.Errorf("wait for the client's answer: %w", ctx.Err())
		case <-check.C:
		}
		waits := false
		err := h.ask(ctx, &packet{kind: kindInvoking, key: key}, func(a *packet) bool {
			waits = a.yes
			return waits
		})
		if waits || err != nil {
			continue
		}
		select {
		case res := <-done:
			return res, nil
		case <-ctx.Done():
		case <-time.After(checkGrace):
		}
		return Result{Lost: true, Error: "the node of the connection is lost"}, nil
	}
}

// invokeHere asks a client on behalf of another node, which gets the result as a message.
func (h *Hubs) invokeHere(q *packet) (yes, full bool) {
	h.setRunning(q.key, true) // first, since the member may leave at any moment
	c, err := h.start(q.hub, q.id, func(res Result) {
		h.setRunning(q.key, false)
		err := h.publish(&packet{
			kind: kindResult, key: q.key, protocol: string(res.Protocol),
			value: res.Value, text: res.Error, lost: res.Lost,
		})
		if err != nil {
			h.cfg.Logger.Warn("the result of a client's method does not reach the node that asked for it", "error", err)
		}
	})
	if c == nil {
		h.setRunning(q.key, false)
		return false, err != nil
	}
	c.expire(h.cfg.InvokeTimeout)
	c.entry.member.Invoke(q.text, q.payload(), c.finish)
	return true, false
}

// expire ends a call after a time, if it has not ended yet.
func (c *call) expire(after time.Duration) {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	if _, ok := c.room.calls[c]; ok {
		c.timer = time.AfterFunc(after, func() {
			c.finish(Result{Error: "the client did not answer in time"})
		})
	}
}

func (h *Hubs) setRunning(key string, running bool) {
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	if !running {
		delete(h.calls.running, key)
		return
	}
	if h.calls.running == nil {
		h.calls.running = map[string]bool{}
	}
	h.calls.running[key] = true
}

// running tells whether this node waits for a client on behalf of another.
func (h *Hubs) running(key string) bool {
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	return h.calls.running[key]
}

// result takes a result from another node, if this one asked for it.
func (h *Hubs) result(p *packet) {
	h.calls.mu.Lock()
	done := h.calls.made[p.key]
	delete(h.calls.made, p.key)
	h.calls.mu.Unlock()
	if done != nil {
		done <- Result{Protocol: payload.Protocol(p.protocol), Value: p.value, Error: p.text, Lost: p.lost}
	}
}
