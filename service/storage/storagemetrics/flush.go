package storagemetrics

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"reslog/internal/fanout"
)

const (
	// writers is how many intervals are written at a time; they share the wait for
	// the disk.
	writers = 8
	// grace is how long after its end an interval is kept open.
	grace = 2 * time.Minute
	// patience is how long after its end an interval that cannot be written is kept.
	patience = time.Hour
)

// Flush adds what was counted to the rows and writes those that have changed. Run
// does it every FlushEvery.
func (c *Collector) Flush(ctx context.Context) error {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	now := c.Now()
	for _, a := range c.follow(c.Accounts()) {
		a.end()
		for key := range c.open {
			if key.service.account == a {
				delete(c.open, key)
			}
		}
	}
	errs := c.collect(ctx, now)
	errs = append(errs, c.save(ctx, now)...)
	c.shut(now)
	return errors.Join(errs...)
}

// collect moves what was counted into the rows of the tables that are switched on
// now, and opens the intervals of now.
func (c *Collector) collect(ctx context.Context, now time.Time) (errs []error) {
	var deltas []delta
	for _, a := range *c.accounts.Load() {
		for _, s := range a.services {
			if c.Properties == nil || c.Tables == nil {
				deltas = s.take(deltas[:0]) // nobody wants it
				continue
			}
			p, err := c.Properties.Get(ctx, a.name, s.kind)
			if err != nil { // what was counted waits
				errs = append(errs, err)
				continue
			}
			deltas = s.take(deltas[:0])
			for g := range grains {
				m := g.settings(&p)
				if !m.Enabled {
					continue
				}
				c.interval(s, g, now)
				for i := range deltas {
					d := &deltas[i]
					c.interval(s, g, time.Unix(d.minute*60, 0)).add(d, m.IncludeAPIs)
				}
			}
		}
	}
	return errs
}

// save writes the rows that have changed.
func (c *Collector) save(ctx context.Context, now time.Time) (errs []error) {
	var changed []*interval
	for _, iv := range c.open {
		if iv.dirty() {
			changed = append(changed, iv)
		}
	}
	var mu sync.Mutex
	fanout.Do(writers, len(changed), func(i int) {
		if err := changed[i].save(ctx, c.Tables, now); err != nil {
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		}
	})
	return errs
}

// shut forgets intervals that are over, and stored.
func (c *Collector) shut(now time.Time) {
	lost := 0
	for key, iv := range c.open {
		over := now.Sub(key.ends())
		if over < grace {
			continue
		}
		dirty := iv.dirty()
		if dirty && over < patience {
			continue
		}
		if dirty {
			lost++
		}
		delete(c.open, key)
	}
	if lost > 0 {
		c.Logger.Error("rows of metrics could not be written for too long and are given up", "intervals", lost)
	}
}

// flush is Flush for Run: it tells the logger when rows cannot be written, and when
// they can again.
func (c *Collector) flush(ctx context.Context) {
	err := c.Flush(ctx)
	switch {
	case err != nil && ctx.Err() == nil && !c.failing:
		c.failing = true
		c.Logger.Error("rows of metrics could not be written, trying on", "error", firstOf(err))
	case err == nil && c.failing:
		c.failing = false
		c.Logger.Info("rows of metrics are written again")
	}
}

// firstOf is the first of joined errors, with how many more there are: a disk that
// is full fails for every account.
func firstOf(err error) error {
	var many interface{ Unwrap() []error }
	if !errors.As(err, &many) {
		return err
	}
	all := many.Unwrap()
	if len(all) == 1 {
		return all[0]
	}
	return fmt.Errorf("%w (and %d more)", all[0], len(all)-1)
}
