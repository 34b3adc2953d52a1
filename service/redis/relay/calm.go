package relay

import (
	"log/slog"
	"sync"
	"time"
)

// calm tells a logger one thing at most once a second, whatever clients do.
type calm struct {
	log  *slog.Logger
	mu   sync.Mutex
	last map[string]time.Time // by message; these are constants
}

// warn logs unless the same message was logged less than a second ago. A nil logger
// discards.
func (c *calm) warn(message string, args ...any) {
	if c.log == nil || !c.due(message, time.Now()) {
		return
	}
	c.log.Warn(message, args...)
}

func (c *calm) due(message string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, ok := c.last[message]; ok && now.Sub(last) < time.Second {
		return false
	}
	if c.last == nil {
		c.last = make(map[string]time.Time)
	}
	c.last[message] = now
	return true
}
