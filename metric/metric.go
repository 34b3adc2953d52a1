// Package metric gathers platform metrics: what a resource counted and measured in
// each minute, handed over as records of its category of metrics.
//
//	r := metric.New(metric.Config{Emitter: gate})
//	s := r.Set(id, "Transaction", "Transactions", "Ingress")
//	s.Add(time.Now(), metric.Sample{0, 1}, metric.Sample{1, 512})
//	r.Run(ctx)
//
// A Set holds the counters of one resource. A Gauge is a function that is asked at
// the end of every minute or hour, for what is measured and not counted. A few
// seconds after a minute has ended each metric that had a sample in it becomes one
// record, provided somebody asks for the category of the resource then. Its Line is
// what Azure Monitor exports:
//
//	{"count":4,"total":10,"minimum":1,"maximum":4,"average":2.5,
//	 "resourceId":"/SUBSCRIPTIONS/…","time":"2026-03-04T12:01:00.0000000Z",
//	 "metricName":"Transactions","timeGrain":"PT1M"}
//
// without dimensions, as exported metrics are. The time is the beginning of the
// minute. A minute without samples has no record.
//
// # Guarantees
//
// Every sample counts in exactly one record, while the process lives: a sample that
// comes when its minute has been handed over counts in the next one. The samples of
// one Add count in the same minute. Record IDs are GUIDs made from the run of the
// Recorder, the resource, the category, the metric and the minute; no run hands over
// a minute twice.
//
// When Run ends the open minute is handed over as it is. The next run begins with
// what is left of that minute: it then has two records, whose counts and totals add
// up, and which have different IDs. A process that is killed loses the samples of
// the open minute, and of the last few seconds of the one before.
//
// # What it does not do
//
// Nothing is kept on disk, and nothing is said again that the Emitter refused.
package metric

import (
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"reslog/internal/fanout"
	"reslog/record"
	"reslog/resource"
)

// Config is what a Recorder needs.
type Config struct {
	// Emitter takes the records. Required.
	Emitter record.Emitter
	// Delay is the time from the end of a minute to its records: samples that come
	// later count in the next minute. Zero is 3 s.
	Delay time.Duration
	// MaxSets bounds the Sets, and likewise the Gauges. Those beyond gather nothing.
	// Zero is 10,000.
	MaxSets int
	// Logger is told of records that the Emitter refused and of Gauges that failed.
	// Nil discards.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Recorder gathers the metrics of any number of resources. It is safe for concurrent
// use.
type Recorder struct {
	c    Config
	none *Set // what there is no room for

	flushing sync.Mutex // held while minutes are handed over

	mu     sync.Mutex
	sets   map[setKey]*Set
	gauges map[*gauge]struct{}
	closed int64     // the last minute that was handed over, since 1970
	run    uuid.UUID // part of every ID
	full   bool      // the logger knows that there are too many
}

// New makes a Recorder. Who makes it calls Run. It panics without an Emitter, which
// is a mistake in the program.
func New(c Config) *Recorder {
	if c.Emitter == nil {
		panic("metric.New: Emitter is required")
	}
	if c.Delay <= 0 {
		c.Delay = 3 * time.Second
	}
	if c.MaxSets <= 0 {
		c.MaxSets = 10_000
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	r := &Recorder{c: c, none: new(Set), sets: make(map[setKey]*Set), gauges: make(map[*gauge]struct{})}
	r.begin(minuteOf(c.Now()) - 1)
	return r
}

// begin starts a run, in which minutes up to closed are over.
func (r *Recorder) begin(closed int64) {
	r.closed = closed
	r.run = uuid.NewSHA1(uuid.NameSpaceOID, binary.BigEndian.AppendUint64(nil, uint64(r.c.Now().UnixNano())))
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// Set returns the counters of a resource, which are recorded in a category of its
// type, "Transaction" or "AllMetrics". A Sample names a metric by its place in names.
// The same call again returns the same Set. Who calls it calls Close in the end.
func (r *Recorder) Set(id resource.ID, c record.Category, names ...string) *Set {
	key := newSetKey(id, c, names)
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sets[key]; s != nil {
		s.users++
		return s
	}
	if len(r.sets) >= r.c.MaxSets {
		r.tellFull(id)
		return r.none
	}
	s := newSet(r, source{id, c}, names, r.closed)
	s.users = 1
	r.sets[key] = s
	return s
}

func (r *Recorder) tellFull(id resource.ID) {
	if !r.full {
		r.full = true
		r.c.Logger.Warn("there are too many resources with metrics; the rest has none", "max", r.c.MaxSets, "first", id.String())
	}
}

// Run hands over minutes as they end, until ctx is done, then the open one, and
// returns nil.
func (r *Recorder) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		r.Flush(ctx)
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			r.flush(last, minuteOf(r.c.Now()), false)
			return nil
		case <-tick.C:
		}
	}
}

// Flush hands over the minutes that ended at least Delay ago. Run does it every
// second.
func (r *Recorder) Flush(ctx context.Context) {
	r.flush(ctx, minuteOf(r.c.Now().Add(-r.c.Delay))-1, true)
}

// farBack is by how many minutes the clock must have been set back for the Recorder
// to begin anew, rather than wait until the clock is where it was.
const farBack = 5

// flush hands over what there is of the minutes up to last, and asks the gauges that
// are due then.
func (r *Recorder) flush(ctx context.Context, last int64, ask bool) {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.mu.Lock()
	switch {
	case last < r.closed-farBack:
		r.begin(last)
		for _, s := range r.sets {
			s.reopen(last)
		}
		fallthrough
	case last <= r.closed:
		r.mu.Unlock()
		return
	}
	r.closed = last
	run := r.run
	var work []func() error
	for key, s := range r.sets {
		work = s.take(ctx, run, last, work)
		if s.users <= 0 {
			delete(r.sets, key)
		}
	}
	if ask {
		for g := range r.gauges {
			if at, due := g.due(last); due {
				work = append(work, func() error { return g.emit(ctx, run, at) })
			}
		}
	}
	r.mu.Unlock()
	r.do(ctx, work)
}

// emitters is how many records are on their way to the Emitter at a time. In audit
// mode each of them waits for the disk, and they share the wait.
const emitters = 16

func (r *Recorder) do(ctx context.Context, work []func() error) {
	var mu sync.Mutex
	var failed int
	var first error
	fanout.Do(emitters, len(work), func(i int) {
		if err := work[i](); err != nil {
			mu.Lock()
			defer mu.Unlock()
			if failed++; first == nil {
				first = err
			}
		}
	})
	if failed > 0 && ctx.Err() == nil {
		r.c.Logger.Error("metrics of a minute were not kept", "failed", failed, "error", first)
	}
}
