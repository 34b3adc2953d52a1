package signalr

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"reslog/resource"
)

// notes is a Usage in memory.
type notes struct {
	mu   sync.Mutex
	all  map[resource.Key]Day
	fail error
}

func (n *notes) Load(_ context.Context, id resource.ID) (Day, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all[id.Key()], n.fail
}

func (n *notes) Save(_ context.Context, id resource.ID, d Day) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail == nil {
		n.all[id.Key()] = d
	}
	return n.fail
}

func (n *notes) Forget(_ context.Context, id resource.ID) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.all, id.Key())
	return n.fail
}

// The messages of the day are counted on by the next process, and begin anew with a day and
// with a service that was deleted.
func TestUsage(t *testing.T) {
	n := &notes{all: map[resource.Key]Day{}}
	with := func(s *Service, c *Config) { s.Tier, c.Usage = "Free_F1", n }
	used := func(r *rig) int64 { return r.service().limits.today().Messages }
	r := newRig(t, with)
	if used(r) != 0 {
		t.Errorf("%d are used at the beginning", used(r))
	}
	r.service().limits.spend(10 << 10)
	r.stop()

	r = newRig(t, with)
	if used(r) != 5 {
		t.Errorf("%d are used after a restart", used(r))
	}
	r.service().limits.spend(40 << 20)
	if !r.service().limits.exhausted() {
		t.Error("there are messages left")
	}
	r.stop()

	r = newRig(t, with)
	w := r.dial(r.token("chat", "u"), "chat", "")
	w.send(`{"protocol":"json","version":1}`)
	if got := w.ends(); got != `{"error":"Message count reaches limit."}` {
		t.Errorf("after a restart a client is told %s", got)
	}
	r.clock.forward(24 * time.Hour)
	r.connect("chat", "tomorrow")
	if used(r) > 1 {
		t.Errorf("%d are used the next day", used(r))
	}
	r.services.watch(r.services.list[0], true)
	r.until("the note is forgotten", func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return len(n.all) == 0
	})
}

// What cannot be noted keeps nobody from working.
func TestUsageFails(t *testing.T) {
	n := &notes{all: map[resource.Key]Day{}, fail: errors.New("the disk is full")}
	r := newRig(t, func(_ *Service, c *Config) { c.Usage = n })
	r.connect("chat", "u")
	r.service().limits.spend(1)
	r.stop()
	if len(n.all) > 0 {
		t.Errorf("noted %v", n.all)
	}
}
