package bus

import (
	"context"
	"sync"
)

// progress is how far the stream has come, and wakes those who wait for more.
type progress struct {
	mu      sync.Mutex
	last    Mark
	order   uint64 // every entry put with at most this order is done with
	changed chan struct{}
}

func newProgress(last Mark) *progress {
	return &progress{last: last, changed: make(chan struct{})}
}

func (p *progress) advance(last Mark, order uint64) {
	p.mu.Lock()
	p.last = last
	p.order = max(p.order, order)
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
}

func (p *progress) mark() Mark {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// wait returns the end of the stream once reached says so.
func (p *progress) wait(ctx context.Context, reached func(last Mark, order uint64) bool) (Mark, error) {
	for {
		p.mu.Lock()
		last, order, changed := p.last, p.order, p.changed
		p.mu.Unlock()
		if reached(last, order) {
			return last, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return last, ctx.Err()
		}
	}
}
