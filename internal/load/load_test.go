package load

import (
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	var now time.Time
	var used time.Duration
	var has, most uint64
	m := &Meter{
		used: func() (time.Duration, bool) { return used, true }, memory: func() (uint64, uint64) { return has, most },
		processors: func() int { return 4 }, now: func() time.Time { return now },
	}
	m.begin()
	after := func(wall, busy time.Duration) float64 {
		now, used = now.Add(wall), used+busy
		p, ok := m.Percent()
		if !ok {
			t.Error("the system tells")
		}
		return p
	}
	for i, c := range []struct {
		wall, busy time.Duration
		has, most  uint64
		want       float64
	}{
		{time.Second, time.Second, 0, 0, 25},
		{time.Second, 0, 0, 0, 0},
		{2 * time.Second, 8 * time.Second, 0, 0, 100},
		{time.Second, 5 * time.Second, 0, 0, 100}, // clocks are not that exact
		{0, time.Second, 0, 0, 0},
		{time.Second, time.Second, 30, 40, 75},
		{time.Second, 4 * time.Second, 30, 40, 100},
	} {
		has, most = c.has, c.most
		if got := after(c.wall, c.busy); got != c.want {
			t.Errorf("%d: %v percent, want %v", i, got, c.want)
		}
	}
}

// This process has used some of its processors when it has been busy.
func TestBusy(t *testing.T) {
	m := New()
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
		continue
	}
	if p, ok := m.Percent(); !ok || p <= 0 || p > 100 {
		t.Errorf("%v percent, %t", p, ok)
	}
}
