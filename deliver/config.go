package deliver

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"reslog/bus"
	"reslog/diagnostic"
)

// Kind is how destinations of one kind are opened and what they are given. Zero
// values are the Router's own.
type Kind struct {
	// Open is required.
	Open Factory
	// BatchRecords and BatchBytes bound what Deliver is given at once, see
	// RouterConfig. A destination that pays for each write wants large batches:
	// they are gathered from what is on the stream already, nothing waits.
	BatchRecords, BatchBytes int
	// Pace is the least time between two looks at the stream. With a longer one
	// batches are larger and records later.
	Pace time.Duration
	// FlushInterval is how often Flush is called, without force.
	FlushInterval time.Duration
}

// RouterConfig says how records get from the bus to the destinations.
type RouterConfig struct {
	// Bus and Settings are required.
	Bus      *bus.Bus
	Settings *diagnostic.Store
	// Kinds are the destinations there are. The records of a kind that is not
	// among them wait on the bus, as those of a destination that fails do.
	Kinds map[diagnostic.DestinationKind]Kind
	// Logger gets what an operator should know; nil discards it.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Wait waits between attempts; nil waits by the clock. It returns early,
	// with its error, when ctx ends.
	Wait func(ctx context.Context, d time.Duration) error
	// BatchRecords and BatchBytes bound what Deliver is given at once; a record
	// over BatchBytes goes alone. 0 is 1000 records and 1 MiB.
	BatchRecords int
	BatchBytes   int
	// FlushInterval is how often Flush is called, without force. 0 is 1 s.
	FlushInterval time.Duration
	// Pace is the least time between two looks of a worker at the stream while
	// few records come: one that comes after a quiet time is delivered at once,
	// those that follow are gathered. 0 is 50 ms, negative none.
	Pace time.Duration
	// SaveInterval is how often a cursor that moved is saved, at most. 0 is
	// 250 ms. A destination is handed again, after a crash, what it settled
	// since the last save.
	SaveInterval time.Duration
	// AttemptTimeout bounds one call of a destination. 0 is 5 minutes.
	AttemptTimeout time.Duration
	// DrainTimeout bounds how long a destination whose setting was removed or
	// changed is given to take what was emitted before. 0 is 10 s.
	DrainTimeout time.Duration
	// StopTimeout bounds how long Run goes on delivering when its context has
	// ended, and how long a destination may take to close. 0 is DrainTimeout,
	// at most 10 s.
	StopTimeout time.Duration
	// RetryMin and RetryMax bound the wait between two attempts; it doubles from
	// the one to the other, with jitter. 0 is 100 ms and 30 s. A destination
	// that asks for more, with RetryAfter, gets up to 5 minutes.
	RetryMin, RetryMax time.Duration
	// BacklogBytes bounds what waits for one destination, in bytes of its own
	// records as Entry.Size of the bus counts them; BacklogAge bounds how long
	// they wait while it cannot keep up. Beyond either the oldest are dropped
	// and counted. 0 is 1 GiB and 48 h, negative none.
	BacklogBytes int64
	BacklogAge   time.Duration
	// DeadLetterBytes bounds the dead letters kept; beyond it records are
	// dropped and counted. It is fixed when the bus folder is new. 0 is 256 MiB.
	DeadLetterBytes int64
}

func (c RouterConfig) withDefaults() RouterConfig {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	c.BatchRecords = cmp.Or(c.BatchRecords, 1000)
	c.BatchBytes = cmp.Or(c.BatchBytes, 1<<20)
	c.FlushInterval = cmp.Or(c.FlushInterval, time.Second)
	c.Pace = cmp.Or(c.Pace, 50*time.Millisecond)
	c.SaveInterval = cmp.Or(c.SaveInterval, 250*time.Millisecond)
	c.AttemptTimeout = cmp.Or(c.AttemptTimeout, 5*time.Minute)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 10*time.Second)
	c.StopTimeout = cmp.Or(c.StopTimeout, min(c.DrainTimeout, 10*time.Second))
	c.RetryMin = cmp.Or(c.RetryMin, 100*time.Millisecond)
	c.RetryMax = cmp.Or(c.RetryMax, 30*time.Second)
	c.BacklogBytes = cmp.Or(c.BacklogBytes, 1<<30)
	c.BacklogAge = cmp.Or(c.BacklogAge, 48*time.Hour)
	c.DeadLetterBytes = cmp.Or(c.DeadLetterBytes, 256<<20)
	return c
}

// kind returns what there is of a kind, defaults filled in; Open is nil when
// there is none.
func (c *RouterConfig) kind(name diagnostic.DestinationKind) Kind {
	k := c.Kinds[name]
	k.BatchRecords = cmp.Or(k.BatchRecords, c.BatchRecords)
	k.BatchBytes = cmp.Or(k.BatchBytes, c.BatchBytes)
	k.Pace = cmp.Or(k.Pace, c.Pace)
	k.FlushInterval = cmp.Or(k.FlushInterval, c.FlushInterval)
	return k
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
