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
	"sync/atomic"
	"time"

	"reslog/bus"
	"reslog/diagnostic"
)

// Router keeps one worker for every setting and destination.
type Router struct {
	cfg    RouterConfig
	dead   *DeadLetters
	states *states
	began  time.Time

	abandoned atomic.Uint64

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
	r.states = &states{bus: r.cfg.Bus}
	r.began = r.cfg.Now()
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.resume()
	r.cfg.Settings.Watch(r.update)
	return r
}

// DeadLetters returns what could not be delivered.
func (r *Router) DeadLetters() *DeadLetters { return r.dead }

// Totals returns what is counted over all settings.
func (r *Router) Totals() Totals { return Totals{Abandoned: r.abandoned.Load()} }

// Run runs the workers until ctx ends, drains them for at most StopTimeout and
// returns. Settings that are being removed go on with that after the next start.
// It runs once.
func (r *Router) Run(ctx context.Context) error {
	r.mu.Lock()
	r.running = true
	for _, w := range r.all {
		go w.run(r.ctx)
	}
	r.mu.Unlock()

	<-ctx.Done()

	drain, cancel := context.WithTimeout(context.Background(), r.cfg.StopTimeout)
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
	// What is left to do is to close and to save; a disk may be slow with that.
	grace := time.NewTimer(max(r.cfg.StopTimeout, stopGrace))
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

// stopGrace is what a worker that does not hang is given at least to end.
const stopGrace = 5 * time.Second

// Drain makes every worker deliver, and settle as far as its destination can,
// what was emitted before the call.
func (r *Router) Drain(ctx context.Context) error {
	end, err := r.cfg.Bus.Flush(ctx)
	if err != nil {
		return fmt.Errorf("drain deliveries: %w", err)
	}
	r.mu.Lock()
	// Waiting does not help those whose kind is not built into the node.
	workers := slices.DeleteFunc(slices.Clone(r.all), func(w *worker) bool { return w.kind.Open == nil })
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
	incarnations := make(map[string]string)
	for _, name := range names {
		cursor, err := r.cfg.Bus.OpenCursor(ctx, name, bus.Mark{})
		if err == nil {
			var w *worker
			if w, err = resumeWorker(r, cursor, name); err == nil {
				incarnations[name] = w.incarnation
				r.adopt(w)
				continue
			}
		}
		r.cfg.Logger.Error("the cursor of a delivery is not readable and is left alone",
			slog.String("cursor", name), slog.Any("error", err))
	}
	err := r.states.sweep(ctx, func(cursor, incarnation string) bool {
		_, exists := marks[cursor]
		current, resumed := incarnations[cursor]
		return exists && (!resumed || incarnation == current)
	})
	if err != nil {
		r.cfg.Logger.Warn("states of destinations that are gone may be left over", slog.Any("error", err))
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

func newCursorName(stable string) string { return cursorPrefix + stable + "." + newIncarnation() }

// newIncarnation returns a name that none had before.
func newIncarnation() string { return strings.ToLower(rand.Text()[:10]) }
