package storage

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Throttle says whether an account may have one more request now. Allow is
// called once for each authorized request and must not block. analytics is true
// for requests into `$logs`, which have a budget of their own.
type Throttle interface {
	Allow(account string, analytics bool) bool
}

// RateConfig is what NewRateThrottle needs.
type RateConfig struct {
	// PerSecond is how many requests a second an account may make; 0 is without
	// limit.
	PerSecond float64
	// Analytics is the same for requests into `$logs`; 0 is without limit.
	Analytics float64
	// Burst is how many requests may come at once; 0 is what a second allows.
	Burst int
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// NewRateThrottle returns a token bucket for each account.
func NewRateThrottle(c RateConfig) Throttle {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &rateThrottle{config: c}
}

type rateThrottle struct {
	config  RateConfig
	buckets sync.Map // of bucketKey to *rate.Limiter
}

type bucketKey struct {
	account   string
	analytics bool
}

// Allow takes a token.
func (t *rateThrottle) Allow(account string, analytics bool) bool {
	perSecond := t.config.PerSecond
	if analytics {
		perSecond = t.config.Analytics
	}
	if perSecond <= 0 {
		return true
	}
	key := bucketKey{account, analytics}
	v, ok := t.buckets.Load(key)
	if !ok {
		burst := t.config.Burst
		if burst <= 0 {
			burst = max(1, int(perSecond))
		}
		v, _ = t.buckets.LoadOrStore(key, rate.NewLimiter(rate.Limit(perSecond), burst))
	}
	return v.(*rate.Limiter).AllowN(t.config.Now(), 1)
}
