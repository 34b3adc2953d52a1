package classic

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// capacityAge is how long a measured usage is believed.
const capacityAge = time.Minute

// capacity watches the room that the account has for analytics data.
type capacity struct {
	cfg      *Config
	measured time.Time
	full     bool
}

// reached reports whether there is no room for another log.
func (c *capacity) reached(ctx context.Context) (bool, error) {
	if c.cfg.Used == nil {
		return false, nil
	}
	now := c.cfg.Now()
	if !c.measured.IsZero() && now.Sub(c.measured) < capacityAge {
		return c.full, nil
	}
	used, err := c.cfg.Used(ctx)
	if err != nil {
		return false, fmt.Errorf("measure analytics data: %w", err)
	}
	c.measured = now
	full := used >= c.cfg.Capacity
	if full != c.full {
		c.full = full
		attrs := []any{slog.String("service", string(c.cfg.Service)), slog.Int64("used", used), slog.Int64("capacity", c.cfg.Capacity)}
		if full {
			c.cfg.Logger.Warn("analytics capacity is reached: logs are no longer written; shorten their retention or delete old ones", attrs...)
		} else {
			c.cfg.Logger.Info("analytics capacity is free again: logs are written", attrs...)
		}
	}
	return full, nil
}
