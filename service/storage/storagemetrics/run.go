package storagemetrics

import (
	"context"
	"sync"
	"time"

	"reslog/internal/periodic"
)

// lastFlush is how long the rows may take that are written when Run ends.
const lastFlush = 10 * time.Second

// Run keeps the tables until ctx is done, writes what was counted until then, and
// returns nil. What is observed later is lost, so end the Fronts first.
func (c *Collector) Run(ctx context.Context) error {
	var others sync.WaitGroup
	if c.Tables != nil && c.Properties != nil {
		others.Go(func() { _ = periodic.Run(ctx, c.CapacityEvery, c.Logger, "measuring capacity", c.Measure) }) // it always returns nil
		others.Go(func() { _ = periodic.Run(ctx, time.Hour, c.Logger, "retention of metrics", c.Sweep) })
	}
	tick := time.NewTicker(c.FlushEvery)
	defer tick.Stop()
	for {
		c.flush(ctx)
		select {
		case <-ctx.Done():
			others.Wait()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
			defer cancel()
			c.flush(last)
			return nil
		case <-tick.C:
		}
	}
}
