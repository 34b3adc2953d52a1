// Package periodic runs what has to be done again and again.
package periodic

import (
	"context"
	"log/slog"
	"time"
)

// Run calls fn at once and then every interval, until ctx is done; an interval of
// zero or less is an hour. A call that fails is logged as what, the next one is to
// do what it left. It returns nil.
func Run(ctx context.Context, interval time.Duration, logger *slog.Logger, what string, fn func(context.Context) error) error {
	if interval <= 0 {
		interval = time.Hour
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := fn(ctx); err != nil && ctx.Err() == nil {
			logger.Warn(what+" failed, trying again later", slog.Any("error", err), slog.Duration("in", interval))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
