package classic

import (
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/deliver"
	"reslog/deliver/delivertest"
)

// place is an account as the contract of destinations sees it.
type place struct {
	*account
	clock clock
}

func (p *place) Open(t *testing.T) deliver.Destination {
	return open(t, p.account, &p.clock, func(c *Config) {
		c.BlockSize, c.LogSize, c.FlushInterval = 1500, 4000, time.Minute
	})
}

func (p *place) Held(t *testing.T) []string {
	held := p.held(t)
	names := make([]string, 0, len(held))
	for name := range held {
		names = append(names, name)
	}
	slices.Sort(names)
	var ids []string
	for _, name := range names {
		ids = append(ids, held[name]...)
	}
	return ids
}

func (p *place) Break(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n < 0 {
		p.fail = nil
		return true
	}
	p.fail = func(call string) fault {
		n--
		switch {
		case n >= 0:
			return works
		case n%2 == 0 && !strings.HasPrefix(call, "GET"):
			return failsAfter // the answer is lost
		}
		return failsBefore
	}
	return true
}

func TestContract(t *testing.T) {
	delivertest.Run(t, delivertest.Harness{
		New: func(t *testing.T) delivertest.Place {
			return &place{account: newAccount(t), clock: clock{noon}}
		},
		// Within an hour's folder order is kept, and hours are read one by one.
		Unordered: true,
	})
}
