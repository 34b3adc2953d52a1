package analytics

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// measure is what a query takes of the processors and of memory. Neither can be told
// apart from what else goes on in the process: the time is that of the process while
// the query ran, the memory by how much the engine's grew meanwhile.
//
// The engine's own figures are no better. Its time of processors is that of clocks,
// which go on for a thread that waits for its turn, and its peak of memory is the
// highest of all queries that a connection has run.
type measure struct {
	db    *sql.DB
	began times
	base  int64
	stop  context.CancelFunc
	done  chan struct{}

	mu   sync.Mutex
	peak int64
}

// times are those of the processors that the process has used.
type times struct{ user, kernel time.Duration }

// How often memory is looked at, besides at the end of a result: soon at first and then
// less, as a look takes half a millisecond.
const (
	firstLook = 10 * time.Millisecond
	lastLook  = 80 * time.Millisecond
)

// measured begins to measure on a database; the caller ends it.
func measured(ctx context.Context, db *sql.DB) *measure {
	ctx, stop := context.WithCancel(ctx)
	m := &measure{db: db, began: processorTimes(), stop: stop, done: make(chan struct{})}
	m.base = m.memory(ctx)
	go m.watch(ctx)
	return m
}

// memory is what the engine has in use; zero when it cannot be asked.
func (m *measure) memory(ctx context.Context) int64 {
	var n sql.NullInt64
	if err := m.db.QueryRowContext(ctx, "SELECT CAST(sum(memory_usage_bytes) AS BIGINT) FROM duckdb_memory()").Scan(&n); err != nil {
		return 0 // the query is ending too, or its own memory is all there is
	}
	return n.Int64
}

// look notes how much memory is in use now.
func (m *measure) look(ctx context.Context) {
	n := m.memory(ctx) - m.base
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peak = max(m.peak, n)
}

func (m *measure) watch(ctx context.Context) {
	defer close(m.done)
	for wait := firstLook; ; wait = min(2*wait, lastLook) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			m.look(ctx)
		}
	}
}

// end stops measuring and fills in what was found.
func (m *measure) end(stats *Stats) {
	m.stop()
	<-m.done
	now := processorTimes()
	stats.User, stats.Kernel, stats.PeakMemory = now.user-m.began.user, now.kernel-m.began.kernel, m.peak
}
