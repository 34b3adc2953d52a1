package server

import (
	"sync"

	"golang.org/x/time/rate"

	"reslog/service/storage"
)

// throttle is a storage.Throttle: a token bucket for each account, and another
// of the same size for its `$logs`, so that reading logs does not starve the
// account nor the other way round. A second's worth may come at once.
type throttle struct {
	perSecond float64
	limiters  sync.Map // throttleKey -> *rate.Limiter
}

type throttleKey struct {
	account   string
	analytics bool
}

// Allow implements storage.Throttle.
func (t *throttle) Allow(account string, analytics bool) bool {
	key := throttleKey{account, analytics}
	l, ok := t.limiters.Load(key)
	if !ok {
		l, _ = t.limiters.LoadOrStore(key, rate.NewLimiter(rate.Limit(t.perSecond), max(1, int(t.perSecond))))
	}
	return l.(*rate.Limiter).Allow()
}

// newThrottle allows perSecond requests a second; 0 means no limit.
func newThrottle(perSecond float64) storage.Throttle {
	if perSecond == 0 {
		return nil
	}
	return &throttle{perSecond: perSecond}
}
