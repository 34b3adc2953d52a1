package hub

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"reslog/bus"
)

func TestNodesKnowEachOthersMembers(t *testing.T) {
	hubs, nodes := three(t, Config{})
	ctx := t.Context()
	c := join(hubs[1], "chat", "c", "ann")
	if ok, err := hubs[0].JoinGroup(ctx, "chat", "c", "g"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	questions := map[string]func(h *Hubs) (bool, error){
		"connection": func(h *Hubs) (bool, error) { return h.ConnectionExists(ctx, "Chat", "c") },
		"user":       func(h *Hubs) (bool, error) { return h.UserExists(ctx, "chat", "ann") },
		"group":      func(h *Hubs) (bool, error) { return h.GroupExists(ctx, "chat", "g") },
		"in group":   func(h *Hubs) (bool, error) { return h.InGroup(ctx, "chat", "ann", "g") },
	}
	for what, fn := range questions {
		for i, h := range hubs {
			if ok, err := fn(h); !ok || err != nil {
				t.Errorf("%s on node %d: %v, %v", what, i, ok, err)
			}
		}
	}
	for i, h := range hubs {
		for _, to := range []Target{{}, Group("g"), User("ann"), Connection("c")} {
			if err := h.Send(ctx, "chat", to, message(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		}
		eventually(t, "all four have come", func() bool { return len(c.messages()) == 4*(i+1) })
	}
	_ = hubs[0].Send(ctx, "chat", Target{Kind: Groups, Names: []string{"g"}, Except: []string{"c"}}, message("not"))
	_ = hubs[2].Send(ctx, "chat", Target{ExceptUsers: []string{"ann"}}, message("not"))
	if n, err := hubs[2].Close(ctx, "chat", User("nobody"), ""); n != 0 || err != nil {
		t.Error(n, err)
	}
	if len(c.messages()) != 12 {
		t.Errorf("%v", c.messages())
	}
	// A node that is lost takes its members with it.
	nodes[1].lose()
	for what, fn := range questions {
		if ok, err := fn(hubs[0]); ok || err != nil {
			t.Errorf("%s after the loss: %v, %v", what, ok, err)
		}
	}
}

func TestNodesClose(t *testing.T) {
	hubs, _ := three(t, Config{})
	for i, h := range hubs {
		join(h, "chat", fmt.Sprint(i), "ann")
	}
	if n, err := hubs[0].Close(t.Context(), "chat", Connection("2"), "away"); n != 1 || err != nil {
		t.Error(n, err)
	}
	if n, err := hubs[2].Close(t.Context(), "chat", Target{}, "away"); n != 2 || err != nil {
		t.Error(n, err)
	}
}

// A node that does not answer is not taken for one that says no.
func TestNodeThatDoesNotAnswer(t *testing.T) {
	var net network
	a, b := net.join(), net.join()
	t.Cleanup(a.lose)
	h := New(Config{Peers: a, AskTimeout: 20 * time.Millisecond})
	release := make(chan bool)
	t.Cleanup(func() { close(release); b.lose() })
	b.Receive(func([]byte) {}, func([]byte) []byte { <-release; return nil })
	c := join(h, "chat", "c", "")
	ctx := t.Context()
	if ok, err := h.ConnectionExists(ctx, "chat", "c"); !ok || err != nil {
		t.Error(ok, err) // that is known here
	}
	if ok, err := h.ConnectionExists(ctx, "chat", "x"); ok || !errors.Is(err, ErrPeers) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(ok, err)
	}
	if _, err := h.Invoke(ctx, "chat", "x", "1", message("m")); !errors.Is(err, ErrPeers) {
		t.Error(err)
	}
	if err := h.UserJoinGroup(ctx, "chat", "ann", "g", nil); !errors.Is(err, ErrPeers) {
		t.Error(err)
	}
	if n, err := h.Close(ctx, "chat", Target{}, ""); n != 1 || !errors.Is(err, ErrPeers) || len(c.closed) != 1 {
		t.Error(n, err)
	}
}

// The same over the fabric that joins real nodes.
func TestOverFabric(t *testing.T) {
	first, err := bus.OpenFabric(t.Context(), bus.FabricConfig{Addr: "127.0.0.1:0", Secret: "a secret of all nodes"})
	if err != nil {
		t.Fatal(err)
	}
	fabrics := []*bus.Fabric{first}
	for range 2 {
		f, err := bus.OpenFabric(t.Context(), bus.FabricConfig{
			Addr: "127.0.0.1:0", Peers: []string{first.Addr()}, Secret: "a secret of all nodes",
		})
		if err != nil {
			t.Fatal(err)
		}
		fabrics = append(fabrics, f)
	}
	var hubs []*Hubs
	var cs []*client
	for i, f := range fabrics {
		t.Cleanup(f.Close)
		h := New(Config{Peers: f.Channel("/subscriptions/1/signalr")})
		hubs = append(hubs, h)
		cs = append(cs, join(h, "chat", fmt.Sprint(i), "ann"))
	}
	all := Connection("0", "1", "2")
	for i, h := range hubs {
		for j := range cs {
			eventually(t, "nodes know each other", func() bool {
				ok, err := h.ConnectionExists(t.Context(), "chat", fmt.Sprint(j))
				return ok && err == nil
			})
			if ok, err := h.JoinGroup(t.Context(), "chat", fmt.Sprint(j), "g"); !ok || err != nil {
				t.Fatal(i, j, ok, err)
			}
		}
	}
	for i, h := range hubs {
		for _, to := range []Target{{}, Group("g"), all} {
			if err := h.Send(t.Context(), "chat", to, message(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range cs {
		eventually(t, "all have come", func() bool { return len(c.messages()) == 9 })
	}
	done := invoke(t.Context(), hubs[0], "2")
	cs[2].asked(t).fn(Result{Value: []byte("42")})
	if o := <-done; o.err != nil || string(o.res.Value) != "42" {
		t.Errorf("%+v", o)
	}
	fabrics[2].Close()
	eventually(t, "its members are gone", func() bool {
		ok, err := hubs[0].ConnectionExists(t.Context(), "chat", "2")
		return !ok && err == nil
	})
	if err := hubs[0].UserJoinGroup(t.Context(), "chat", "ann", "late", nil); err != nil {
		t.Fatal(err)
	}
	if n, err := hubs[1].Close(t.Context(), "chat", Group("late"), "enough"); n != 2 || err != nil {
		t.Error(n, err)
	}
}
