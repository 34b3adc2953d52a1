package query

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// window is the time in which requests of a caller are counted.
const window = 30 * time.Second

// How much waits behind the queries of a caller that run, and for how long.
const (
	maxQueued  = 200
	maxQueuing = 3 * time.Minute
)

// limits bound what one caller does. What nobody uses is forgotten, so that
// their number is bounded by the callers of a window.
type limits struct {
	cfg Config

	mu      sync.Mutex
	callers map[string]*usage
	swept   time.Time
}

type usage struct {
	began   time.Time // of the window
	count   int
	running chan struct{} // a place is taken by sending
	queued  int
}

func newLimits(cfg Config) *limits { return &limits{cfg: cfg, callers: map[string]*usage{}} }

// of finds the usage of a caller; the caller holds mu.
func (l *limits) of(c Caller) *usage {
	now := l.cfg.Now()
	if now.Sub(l.swept) > window {
		for id, u := range l.callers {
			if now.Sub(u.began) > window && len(u.running) == 0 && u.queued == 0 {
				delete(l.callers, id)
			}
		}
		l.swept = now
	}
	u := l.callers[c.ID]
	if u == nil {
		u = &usage{began: now, running: make(chan struct{}, l.cfg.Concurrent)}
		l.callers[c.ID] = u
	}
	if now.Sub(u.began) > window {
		u.began, u.count = now, 0
	}
	return u
}

// queued is how many queries wait behind others of their callers.
func (l *limits) queued() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, u := range l.callers {
		n += u.queued
	}
	return n
}

// admit counts a request.
func (l *limits) admit(c Caller) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.of(c)
	u.count++
	if l.cfg.Rate < 0 || u.count <= l.cfg.Rate {
		return nil
	}
	e := refuse(http.StatusTooManyRequests, "ThrottledError", "More than %d requests in 30 seconds", l.cfg.Rate)
	e.RetryAfter = max(1, int((window - l.cfg.Now().Sub(u.began)).Seconds()))
	return e
}

// enter waits for a place among the running queries of a caller.
func (l *limits) enter(ctx context.Context, c Caller) (leave func(), err error) {
	l.mu.Lock()
	u := l.of(c)
	if u.queued >= maxQueued {
		l.mu.Unlock()
		return nil, ErrBusy
	}
	u.queued++
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		u.queued--
		l.mu.Unlock()
	}()
	late := time.NewTimer(maxQueuing)
	defer late.Stop()
	select {
	case u.running <- struct{}{}:
		return func() { <-u.running }, nil
	case <-late.C:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
