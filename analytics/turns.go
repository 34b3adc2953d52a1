package analytics

import (
	"context"
	"sync"
	"time"
)

// turns shares the processors between batches and queries. A query runs in as many
// threads as there are processors and a batch in one: a client that asks again as
// soon as it is answered would take most of them. So while a batch is being stored,
// queries rest as long as the last one took, or until the batch is stored. Who asks
// now and then does not wait.
type turns struct {
	mu      sync.Mutex
	batches int
	over    chan struct{} // closed when there is no batch any more
	rest    time.Time     // until when queries wait for batches
}

// longestRest bounds what a long query costs the one after it.
const longestRest = 250 * time.Millisecond

// batch begins to store a batch; the caller calls the function when it is through.
func (t *turns) batch() func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.batches == 0 {
		t.over = make(chan struct{})
	}
	t.batches++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.batches--; t.batches == 0 {
			close(t.over)
		}
	}
}

// wait lets batches have their turn before a query. It fails when ctx ends.
func (t *turns) wait(ctx context.Context) error {
	t.mu.Lock()
	busy, over, rest := t.batches > 0, t.over, time.Until(t.rest)
	t.mu.Unlock()
	if !busy || rest <= 0 {
		return nil
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-over:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// ran tells how long a query took.
func (t *turns) ran(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.batches > 0 {
		t.rest = time.Now().Add(min(took, longestRest))
	}
}
