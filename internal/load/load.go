// Package load measures how much of what it may use a process uses.
package load

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Meter measures the load of this process. It may be used by many goroutines.
type Meter struct {
	// used is the processor time of the process so far, memory how many bytes it has of how
	// many, 0 for any number; processors is how many it may use, now the clock.
	used       func() (time.Duration, bool)
	memory     func() (has, most uint64)
	processors func() int
	now        func() time.Time

	mu   sync.Mutex
	at   time.Time
	last time.Duration
}

// New makes a Meter, which begins to measure.
func New() *Meter {
	m := &Meter{used: processorTime, memory: memory, processors: processors, now: time.Now}
	m.begin()
	return m
}

func (m *Meter) begin() {
	m.at = m.now()
	m.last, _ = m.used()
}

// Percent is the load since it was asked for last, 0 to 100: the share of processors that
// were in use, or that of memory, if the runtime has a limit of it (GOMEMLIMIT) and it is
// larger. ok is false where the system does not tell.
func (m *Meter) Percent() (percent float64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	used, ok := m.used()
	if wall := now.Sub(m.at); wall > 0 {
		percent = 100 * float64(used-m.last) / (float64(wall) * float64(max(m.processors(), 1)))
	}
	m.at, m.last = now, used
	if has, most := m.memory(); most > 0 {
		percent = max(percent, 100*float64(has)/float64(most))
	}
	return min(max(percent, 0), 100), ok
}

// processors is how many may run the process at once. The runtime may have been told of
// more than there are.
func processors() int { return min(runtime.NumCPU(), runtime.GOMAXPROCS(0)) }

// memory is what the runtime holds its limit against.
func memory() (has, most uint64) {
	limit := debug.SetMemoryLimit(-1) // only asks
	if limit <= 0 || limit == math.MaxInt64 {
		return 0, 0
	}
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	for _, v := range s {
		if v.Value.Kind() != metrics.KindUint64 {
			return 0, 0
		}
	}
	return s[0].Value.Uint64() - s[1].Value.Uint64(), uint64(limit)
}
