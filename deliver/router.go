package deliver

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"reslog/bus"
	"reslog/diagnostic"
)

// Factory opens the destination of a setting. ctx bounds the opening only. An
// error is retried with backoff, unless it is Permanent: then the setting's
// records become dead letters until its destination changes.
type Factory func(ctx context.Context, s diagnostic.Setting, d diagnostic.Destination) (Destination, error)

// RouterConfig says how records get from the bus to the destinations.
type RouterConfig struct {
	// Bus and Settings are required.
	Bus      *bus.Bus
	Settings *diagnostic.Store
	// Factories open destinations, by kind. The records of a kind without one
	// wait on the bus.
	Factories map[diagnostic.DestinationKind]Factory
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
	// DrainTimeout bounds how long a worker that stops goes on delivering. 0 is 10 s.
	DrainTimeout time.Duration
	// RetryMin and RetryMax bound the wait between two attempts; it doubles from
	// the one to the other, with jitter. 0 is 100 ms and 30 s.
	RetryMin, RetryMax time.Duration
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
	c.RetryMin = cmp.Or(c.RetryMin, 100*time.Millisecond)
	c.RetryMax = cmp.Or(c.RetryMax, 30*time.Second)
	c.DeadLetterBytes = cmp.Or(c.DeadLetterBytes, 256<<20)
	return c
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

// Router keeps one worker for every setting and destination.
type Router struct {
	cfg  RouterConfig
	dead *DeadLetters

	ctx    context.Context // of the workers
	cancel context.CancelFunc

	mu      sync.Mutex
	current map[string]*worker // by stable name
	all     []*worker          // those that end, too
	running bool
	stopped bool
}

// NewRouter makes the workers of all settings, of those too that went while a
// former process could not deliver their records, and watches for changes. Make
// it before a Gate watches the same store: the cursor of a new setting must
// exist before its first record passes. Workers run once Run is called.
func NewRouter(cfg RouterConfig) *Router {
	r := &Router{cfg: cfg.withDefaults(), current: make(map[string]*worker)}
	r.dead = newDeadLetters(r.cfg.Bus, r.cfg.DeadLetterBytes)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.resume()
	r.cfg.Settings.Watch(r.update)
	return r
}

// DeadLetters returns what could not be delivered.
func (r *Router) DeadLetters() *DeadLetters { return r.dead }

// Run runs the workers until ctx ends, drains them for at most DrainTimeout and
// returns. It runs once.
func (r *Router) Run(ctx context.Context) error {
	r.mu.Lock()
	r.running = true
	for _, w := range r.all {
		go w.run(r.ctx)
	}
	r.mu.Unlock()

	<-ctx.Done()

	drain, cancel := context.WithTimeout(context.Background(), r.cfg.DrainTimeout)
	defer cancel()
	err := r.Drain(drain)
	if err != nil {
		r.cfg.Logger.Warn("not everything was delivered before stopping; the rest is delivered after the next start",
			slog.Any("error", err))
	}
	r.mu.Lock()
	r.stopped = true
	workers := slices.Clone(r.all)
	r.mu.Unlock()
	r.cancel()
	grace := time.NewTimer(r.cfg.DrainTimeout)
	defer grace.Stop()
	for _, w := range workers {
		select {
		case <-w.done:
		case <-grace.C:
			return fmt.Errorf("stop deliveries: %s hangs", w.title())
		}
	}
	return nil
}

// Drain makes every worker deliver, and settle as far as its destination can,
// what was emitted before the call.
func (r *Router) Drain(ctx context.Context) error {
	end, err := r.cfg.Bus.Flush(ctx)
	if err != nil {
		return fmt.Errorf("drain deliveries: %w", err)
	}
	r.mu.Lock()
	workers := slices.Clone(r.all)
	r.mu.Unlock()
	var waits []<-chan struct{}
	for _, w := range workers {
		waits = append(waits, w.drain(ctx, end.Number))
	}
	for i, done := range waits {
		select {
		case <-done:
		case <-workers[i].done:
		case <-ctx.Done():
			return fmt.Errorf("drain deliveries: %s is not done: %w", workers[i].title(), ctx.Err())
		}
	}
	return nil
}

// Ledger returns the account of every worker, by resource, setting and kind.
func (r *Router) Ledger() []LedgerEntry {
	r.mu.Lock()
	workers := slices.Clone(r.all)
	r.mu.Unlock()
	var entries []LedgerEntry
	for _, w := range workers {
		entries = append(entries, w.account())
	}
	slices.SortStableFunc(entries, func(a, b LedgerEntry) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Setting, b.Setting), cmp.Compare(a.Kind, b.Kind))
	})
	return entries
}

// cursorPrefix begins the names of workers' cursors:
// prefix, stable name, '.', a random part. A setting that is removed and made
// again gets another cursor, so the two do not meet.
const cursorPrefix = "deliver."

// stableName is what one setting and kind is known by on the bus.
func stableName(s *diagnostic.Setting, kind diagnostic.DestinationKind) string {
	sum := sha256.Sum256([]byte(string(s.Resource.Key()) + "\n" + strings.ToLower(s.Name) + "\n" + string(kind)))
	return hex.EncodeToString(sum[:16])
}

// resume makes workers for the cursors that a former process left.
func (r *Router) resume() {
	marks := r.cfg.Bus.Cursors()
	names := make([]string, 0, len(marks))
	for name := range marks {
		if strings.HasPrefix(name, cursorPrefix) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(marks[a].Number, marks[b].Number), cmp.Compare(a, b))
	})
	ctx, cancel := r.short()
	defer cancel()
	for _, name := range names {
		cursor, err := r.cfg.Bus.OpenCursor(ctx, name, bus.Mark{})
		if err == nil {
			var w *worker
			if w, err = resumeWorker(r, cursor, name); err == nil {
				r.adopt(w)
				continue
			}
		}
		r.cfg.Logger.Error("the cursor of a delivery is not readable and is left alone",
			slog.String("cursor", name), slog.Any("error", err))
	}
}

// adopt adds a worker. One that is current replaces the one of its name, which
// ends; each waits for the one before it.
func (r *Router) adopt(w *worker) {
	for _, old := range r.all {
		if old.stable == w.stable {
			w.after = append(w.after, old.done)
		}
	}
	r.all = append(r.all, w)
	if !w.ending() {
		if old := r.current[w.stable]; old != nil {
			old.end(w.cursor.Mark().Number)
		}
		r.current[w.stable] = w
	}
	if r.running && !r.stopped {
		go w.run(r.ctx)
	}
}

// update makes the workers what the settings ask for. It is called by the Store
// before a change is in force at the Gate.
func (r *Router) update(settings []diagnostic.Setting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = slices.DeleteFunc(r.all, func(w *worker) bool { return w.ending() && w.finished() })

	// Everything emitted by now is before the change, what passes the Gate
	// later is after it.
	now := sync.OnceValue(func() bus.Mark {
		ctx, cancel := r.short()
		defer cancel()
		m, err := r.cfg.Bus.Flush(ctx)
		if err != nil {
			r.cfg.Logger.Warn("a change of settings takes effect before all earlier records are on disk", slog.Any("error", err))
		}
		return m
	})
	seen := make(map[string]bool)
	for i := range settings {
		s := &settings[i]
		if len(s.Wanted()) == 0 {
			continue
		}
		for _, d := range s.Destinations {
			name := stableName(s, d.Kind)
			seen[name] = true
			if w := r.current[name]; w != nil {
				w.change(s, d, now)
				continue
			}
			r.adopt(newWorker(r, s, d, now()))
		}
	}
	for name, w := range r.current {
		if !seen[name] {
			w.end(now().Number)
			delete(r.current, name)
		}
	}
}

// short bounds what happens while somebody waits for a change of settings.
func (r *Router) short() (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.ctx, 5*time.Second)
}

func newCursorName(stable string) string {
	return cursorPrefix + stable + "." + strings.ToLower(rand.Text()[:10])
}
