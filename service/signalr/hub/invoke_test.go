package hub

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"reslog/service/signalr/payload"
)

type outcome struct {
	res Result
	err error
}

func invoke(ctx context.Context, h *Hubs, id string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		res, err := h.Invoke(ctx, "chat", id, "7", message("ask"))
		done <- outcome{res, err}
	}()
	return done
}

func TestInvoke(t *testing.T) {
	hubs, _ := three(t, Config{})
	c := join(hubs[2], "chat", "c", "ann")
	for _, h := range hubs {
		done := invoke(t.Context(), h, "c")
		call := c.asked(t)
		if call.id != "7" || call.frame != "ask" {
			t.Errorf("%+v", call)
		}
		call.fn(Result{Protocol: payload.JSON, Value: []byte("42")})
		call.fn(Result{Error: "twice"})
		if o := <-done; o.err != nil || string(o.res.Value) != "42" || o.res.Protocol != payload.JSON || o.res.Error != "" {
			t.Errorf("%+v", o)
		}
		done = invoke(t.Context(), h, "c")
		eventually(t, "the next call", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return len(c.invoked) > 1
		})
		c.asked(t).fn(Result{Error: "it failed"})
		if o := <-done; o.err != nil || o.res.Error != "it failed" || o.res.Value != nil {
			t.Errorf("%+v", o)
		}
		c.mu.Lock()
		c.invoked = nil
		c.mu.Unlock()
		if o := <-invoke(t.Context(), h, "none"); !errors.Is(o.err, ErrNotFound) {
			t.Errorf("%+v", o)
		}
	}
	for i, h := range hubs {
		eventually(t, "nothing is pending", func() bool { return h.Stats().Invocations == 0 })
		if len(h.calls.made)+len(h.calls.running) != 0 {
			t.Errorf("node %d keeps calls", i)
		}
	}
}

// A member that leaves answers nothing any more, whoever asked it.
func TestInvokeOfMemberThatLeaves(t *testing.T) {
	hubs, _ := three(t, Config{})
	for _, h := range hubs {
		c := join(hubs[1], "chat", "c", "")
		done := invoke(t.Context(), h, "c")
		c.asked(t)
		hubs[1].Leave("chat", c)
		if o := <-done; o.err != nil || !o.res.Lost {
			t.Errorf("%+v", o)
		}
	}
	if s := hubs[1].Stats(); s != (Stats{}) {
		t.Errorf("there is still %+v", s)
	}
}

func TestInvokeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{MaxInvocations: 1})
		c := join(h, "chat", "c", "")
		start := time.Now()
		done := invoke(t.Context(), h, "c")
		synctest.Wait()
		if o := <-invoke(t.Context(), h, "c"); !errors.Is(o.err, ErrFull) {
			t.Errorf("one too many: %+v", o)
		}
		if o := <-done; !errors.Is(o.err, context.DeadlineExceeded) || time.Since(start) != 10*time.Minute {
			t.Errorf("%+v after %v", o, time.Since(start))
		}
		ctx, cancel := context.WithCancel(t.Context())
		done = invoke(ctx, h, "c")
		synctest.Wait()
		cancel()
		if o := <-done; !errors.Is(o.err, context.Canceled) {
			t.Errorf("%+v", o)
		}
		c.asked(t).fn(Result{}) // nobody waits any more
		if s := h.Stats(); s.Invocations != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Who waits for a client of a node that is lost is told, in the end.
func TestInvokeOfNodeThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hubs, nodes := three(t, Config{})
		c := join(hubs[1], "chat", "c", "")
		done := invoke(t.Context(), hubs[0], "c")
		c.asked(t)
		time.Sleep(3 * checkInterval) // as long as the node is there it is waited for
		select {
		case o := <-done:
			t.Fatalf("%+v", o)
		default:
		}
		nodes[1].lose()
		if o := <-done; o.err != nil || !o.res.Lost {
			t.Errorf("%+v", o)
		}
		nodes[0].lose()
		nodes[2].lose()
		hubs[1].Leave("chat", c)
	})
}
