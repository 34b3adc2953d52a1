package audit

import (
	"net/netip"
	"testing"

	"reslog/service/redis/event"
)

func TestRepeats(t *testing.T) {
	type login struct {
		id     int64
		status event.Status
		user   string
		known  bool
	}
	const forget = -1
	for _, c := range []struct {
		name   string
		logins []login
	}{
		{"a success again", []login{{1, event.OK, "a", false}, {1, event.OK, "a", true}, {1, event.OK, "a", true}}},
		{"another user", []login{{1, event.OK, "a", false}, {1, event.OK, "b", false}, {1, event.OK, "a", false}}},
		{"another status", []login{{1, event.NotRequired, "a", false}, {1, event.OK, "a", false}}},
		{"another connection", []login{{1, event.OK, "a", false}, {2, event.OK, "a", false}, {1, event.OK, "a", true}}},
		{"failures are all told", []login{{1, event.Failed, "a", false}, {1, event.Failed, "a", false}, {1, 17, "a", false}, {1, 17, "a", false}}},
		{"a failure between", []login{{1, event.OK, "a", false}, {1, event.Failed, "a", false}, {1, event.Failed, "b", false}, {1, event.OK, "a", true}, {1, event.OK, "b", false}}},
		{"a directory is asked each time", []login{
			{1, event.DirectoryPending, "a", false},
			{1, event.OK, "a", false},
			{1, event.DirectoryPending, "a", true},
			{1, event.OK, "a", true},
			{1, event.DirectoryPending, "b", false},
			{1, event.DirectoryError, "b", false},
			{1, event.DirectoryPending, "b", false},
			{1, event.OK, "a", true},
		}},
		{"closed between", []login{{1, event.OK, "a", false}, {1, forget, "", false}, {1, event.OK, "a", false}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRepeats()
			for i, l := range c.logins {
				s := session{netip.Addr{}, l.id}
				if l.status == forget {
					r.forget(s)
				} else if got := r.known(s, l.status, l.user); got != l.known {
					t.Errorf("login %d %+v: known %v", i, l, got)
				}
			}
		})
	}
}

// TestRepeatsBounds has more connections than are remembered: the newest are.
func TestRepeatsBounds(t *testing.T) {
	r := newRepeats()
	const n = 5 * maxRemembered
	for id := range int64(n) {
		if r.known(session{id: id}, event.OK, "a") {
			t.Fatal("a new one is known")
		}
		if !r.known(session{id: 0}, event.OK, "a") && id > 0 {
			t.Fatal("one that authenticates again and again was forgotten")
		}
		if len(r.newer)+len(r.older) > 2*maxRemembered {
			t.Fatalf("%d are remembered", len(r.newer)+len(r.older))
		}
	}
	for id := int64(n - maxRemembered/2); id < n; id++ {
		if !r.known(session{id: id}, event.OK, "a") {
			t.Fatalf("%d of %d was forgotten", id, n)
		}
	}
	if r.known(session{id: 1}, event.OK, "a") {
		t.Error("the oldest is known")
	}
}
