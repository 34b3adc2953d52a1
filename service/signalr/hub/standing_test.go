package hub

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func inGroup(t *testing.T, h *Hubs, user, group string, want bool) {
	t.Helper()
	if ok, err := h.InGroup(t.Context(), "chat", user, group); ok != want || err != nil {
		t.Errorf("%s in %s: %v, %v, want %v", user, group, ok, err, want)
	}
}

func TestUserGroupsStand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		ctx := t.Context()
		first := join(h, "chat", "1", "ann")
		for group, d := range map[string]*time.Duration{"year": nil, "hour": ttl(time.Hour), "now": ttl(0), "past": ttl(-time.Hour)} {
			if err := h.UserJoinGroup(ctx, "Chat", "ann", group, d); err != nil {
				t.Fatal(err)
			}
			inGroup(t, h, "ann", group, true)
		}
		h.Leave("chat", first)
		inGroup(t, h, "ann", "year", false) // nobody is there

		second := join(h, "chat", "2", "ann")
		inGroup(t, h, "ann", "year", true)
		inGroup(t, h, "ann", "hour", true)
		inGroup(t, h, "ann", "now", false)
		time.Sleep(time.Hour)
		inGroup(t, h, "ann", "hour", true) // who is in it stays
		h.Leave("chat", second)
		third := join(h, "chat", "3", "ann")
		inGroup(t, h, "ann", "hour", false)
		inGroup(t, h, "ann", "year", true)
		if err := h.UserLeaveGroup(ctx, "chat", "ann", "year"); err != nil {
			t.Fatal(err)
		}
		inGroup(t, h, "ann", "year", false)
		h.Leave("chat", third)
		if s := h.Stats(); s != (Stats{}) {
			t.Errorf("there is still %+v", s)
		}
	})
}

func TestUserGroupsLeaveAll(t *testing.T) {
	h := New(Config{})
	ctx := t.Context()
	c := join(h, "chat", "1", "ann")
	_ = h.UserJoinGroup(ctx, "chat", "ann", "a", nil)
	_ = h.UserJoinGroup(ctx, "chat", "ann", "b", ttl(time.Hour))
	_, _ = h.JoinGroup(ctx, "chat", "1", "c")
	if err := h.UserLeaveGroup(ctx, "chat", "ann", ""); err != nil {
		t.Fatal(err)
	}
	if s := h.Stats(); s.Groups != 0 || s.Standing != 0 {
		t.Errorf("there is still %+v", s)
	}
	h.Leave("chat", c)
}

func TestNewestStandingsAreKept(t *testing.T) {
	h := New(Config{MaxUserGroups: 3})
	for i := range 5 {
		_ = h.UserJoinGroup(t.Context(), "chat", "ann", fmt.Sprint(i), nil)
	}
	_ = h.UserJoinGroup(t.Context(), "chat", "ann", "2", nil)                // newer now
	_ = h.UserJoinGroup(t.Context(), "chat", "ann", "timed", ttl(time.Hour)) // of the other sort
	_ = h.UserJoinGroup(t.Context(), "chat", "ann", "5", nil)
	join(h, "chat", "1", "ann")
	for group, want := range map[string]bool{"0": false, "1": false, "2": true, "3": false, "4": true, "5": true, "timed": true} {
		inGroup(t, h, "ann", group, want)
	}
}

func TestStandingsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{MaxStanding: 3})
		for i := range 5 {
			err := h.UserJoinGroup(t.Context(), "chat", fmt.Sprint(i), "g", ttl(time.Hour))
			if errors.Is(err, ErrFull) != (i >= 3) {
				t.Errorf("user %d: %v", i, err)
			}
		}
		time.Sleep(2 * time.Hour)
		if err := h.UserJoinGroup(t.Context(), "chat", "9", "g", nil); err != nil {
			t.Errorf("when the old are over: %v", err)
		}
		if n := h.Stats().Standing; n != 1 {
			t.Errorf("%d are kept", n)
		}
	})
}

// A node that was started later learns the groups of a user when he comes to it.
func TestNodeLearnsStandings(t *testing.T) {
	var net network
	a, b := net.join(), net.join()
	t.Cleanup(a.lose)
	t.Cleanup(b.lose)
	old := New(Config{Peers: a})
	_ = New(Config{Peers: b})
	if err := old.UserJoinGroup(t.Context(), "Chat", "ann", "g", nil); err != nil {
		t.Fatal(err)
	}
	if err := old.UserJoinGroup(t.Context(), "chat", "ann", "timed", ttl(time.Hour)); err != nil {
		t.Fatal(err)
	}
	late := net.join()
	t.Cleanup(late.lose)
	h := New(Config{Peers: late})
	c := join(h, "chat", "1", "ann")
	eventually(t, "he is in his groups", func() bool {
		_ = old.Send(t.Context(), "chat", Group("g"), message("m"))
		yes, err := old.InGroup(t.Context(), "chat", "ann", "timed")
		return len(c.messages()) > 0 && yes && err == nil
	})
	if n := h.Stats().Standing; n != 2 {
		t.Errorf("it knows %d", n)
	}
	if err := old.UserLeaveGroup(t.Context(), "chat", "ann", ""); err != nil {
		t.Fatal(err)
	}
	if n := h.Stats().Standing; n != 0 {
		t.Errorf("it keeps %d", n)
	}
}

// An answer of a node that has not heard that a user left a group does not put him back.
func TestLearningDoesNotUndoLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a, b := net.join(), net.join()
		h := New(Config{Peers: a})
		asked := make(chan bool, 10)
		answer := make(chan bool)
		b.Receive(func([]byte) {}, func(q []byte) []byte {
			p, err := decode(q)
			if err != nil {
				t.Error(err)
				return nil
			}
			reply := &packet{kind: kindAnswer}
			if p.kind == kindStanding {
				asked <- true
				<-answer
				for _, g := range []string{"left", "kept"} {
					reply.sets = append(reply.sets, set{p.sets[0].hub, p.sets[0].user, g, true, year})
				}
			}
			out, _ := reply.encode()
			return out
		})
		c := join(h, "Chat", "1", "ann")
		<-asked
		h.userLeaveHere("chat", "ann", "left")
		answer <- true
		synctest.Wait()
		if s := h.Snapshot(""); len(s) != 1 || len(s[0].Groups) != 1 || s[0].Groups[0] != "kept" {
			t.Errorf("%+v", s)
		}
		// Who left all is not put back by a question that comes later, for a while.
		h.userLeaveHere("chat", "ann", "")
		h.Leave("chat", c)
		c = join(h, "chat", "2", "ann")
		<-asked
		answer <- true
		synctest.Wait()
		if s := h.Stats(); s.Groups != 0 || s.Standing != 0 {
			t.Errorf("%+v", s)
		}
		h.Leave("chat", c)
		time.Sleep(time.Minute)
		join(h, "chat", "3", "ann")
		<-asked
		answer <- true
		synctest.Wait()
		if s := h.Stats(); s.Groups != 2 {
			t.Errorf("it is remembered for ever: %+v", s)
		}
		a.lose()
		b.lose()
	})
}
