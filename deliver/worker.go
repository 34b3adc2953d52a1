package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"sync"
	"time"

	"reslog/bus"
	"reslog/diagnostic"
	"reslog/record"
	"reslog/resource"
)

// worker delivers the records of one setting to one destination.
//
// It works in sessions: a session opens the destination and a reader behind the
// cursor, and lasts until the destination must be opened again, is another one,
// or the worker ends. What was handed over and not settled when a session is
// over is read again by the next.
type worker struct {
	router *Router
	cfg    *RouterConfig
	log    *slog.Logger
	stable string
	label  string
	id     resource.Key
	start  bus.Mark
	after  []<-chan struct{} // workers that must be done before

	done chan struct{}
	kick chan struct{} // a change for the loop to look at

	saving sync.Mutex // held over a save, so that the last one wins
	cursor *bus.Cursor

	mu       sync.Mutex
	setting  diagnostic.Setting
	dest     diagnostic.Destination
	rules    rules
	next     *diagnostic.Destination // to change to, after limit
	limit    *uint64                 // Number of the last record of this destination
	ended    bool                    // limit is the end of the worker, too
	abandon  context.CancelCauseFunc // ends the session
	drains   []drain
	since    time.Time
	counts   counts
	missed   []missed
	open     unsettled
	items    []Item   // the loop's, of the batch it hands over
	mark     bus.Mark // settled
	read     bus.Mark
	dirty    bool // mark or counts differ from what is saved
	saved    time.Time
	state    State
	lastErr  error
	failedAt time.Time
}

// drain is somebody who waits until all through a record is settled.
type drain struct {
	ctx    context.Context // until when he waits
	number uint64
	done   chan struct{}
}

// missed are records that the stream lost before they could be read.
type missed struct {
	n     uint64
	until uint64 // Number that the reader had come to
}

// saved is what is stored with a cursor.
type saved struct {
	Setting     diagnostic.Setting     `json:"setting"`
	Destination diagnostic.Destination `json:"destination"`
	Since       time.Time              `json:"since"`
	Counts      counts                 `json:"counts"`
	Rules       rules                  `json:"rules"`
	End         *uint64                `json:"end,omitempty"`
}

// Reasons for a session to end.
var (
	errReopen  = errors.New("the destination is opened again")
	errLimit   = errors.New("the destination has all its records")
	errExpired = errors.New("the time to deliver before the change is over")
)

func makeWorker(r *Router, s diagnostic.Setting, d diagnostic.Destination) *worker {
	w := &worker{
		router: r, cfg: &r.cfg, stable: stableName(&s, d.Kind), id: s.Resource.Key(),
		done: make(chan struct{}), kick: make(chan struct{}, 1),
		setting: s, dest: d, state: Starting,
	}
	w.label = fmt.Sprintf("setting %q of %s to %s", s.Name, s.Resource, d.Kind)
	w.log = r.cfg.Logger.With(slog.String("setting", s.Name), slog.String("resource", s.Resource.String()),
		slog.String("destination", string(d.Kind)))
	return w
}

// newWorker makes the worker of a new setting, with its cursor.
func newWorker(r *Router, s *diagnostic.Setting, d diagnostic.Destination, start bus.Mark) *worker {
	w := makeWorker(r, *s, d)
	w.start, w.mark, w.since = start, start, r.cfg.Now()
	w.rules = rules(nil).change(s, start.Number)
	ctx, cancel := r.short()
	defer cancel()
	if err := w.openCursor(ctx); err != nil {
		w.log.Error("the cursor of a new setting could not be made, trying again", slog.Any("error", err))
	}
	return w
}

// resumeWorker makes the worker that a cursor was of.
func resumeWorker(r *Router, cursor *bus.Cursor, name string) (*worker, error) {
	var s saved
	if err := json.Unmarshal(cursor.Data(), &s); err != nil {
		return nil, fmt.Errorf("read the state of delivery: %w", err)
	}
	w := makeWorker(r, s.Setting, s.Destination)
	if !strings.HasPrefix(name, cursorPrefix+w.stable+".") {
		return nil, errors.New("read the state of delivery: it is of another setting")
	}
	w.cursor, w.since, w.counts, w.rules, w.limit = cursor, s.Since, s.Counts, s.Rules, s.End
	w.ended = s.End != nil
	w.mark, w.start = cursor.Mark(), cursor.Mark()
	return w, nil
}

// openCursor makes the cursor and stores what the worker is for.
func (w *worker) openCursor(ctx context.Context) error {
	w.saving.Lock()
	defer w.saving.Unlock()
	if w.cursor != nil {
		return nil
	}
	cursor, err := w.cfg.Bus.OpenCursor(ctx, newCursorName(w.stable), w.start)
	if err != nil {
		return err
	}
	w.cursor = cursor
	return w.saveLocked(ctx)
}

// save stores the mark and the counts, if they changed and the last save is not
// too recent.
func (w *worker) save(ctx context.Context, force bool) {
	w.mu.Lock()
	due := w.dirty && (force || w.cfg.Now().Sub(w.saved) >= w.cfg.SaveInterval)
	w.mu.Unlock()
	if !due {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	w.saving.Lock()
	defer w.saving.Unlock()
	if err := w.saveLocked(ctx); err != nil {
		w.log.Warn("the state of delivery could not be saved, trying again", slog.Any("error", err))
	}
}

func (w *worker) saveLocked(ctx context.Context) error {
	if w.cursor == nil {
		return nil
	}
	w.mu.Lock()
	s := saved{Setting: w.setting, Destination: w.dest, Since: w.since, Counts: w.counts, Rules: w.rules}
	if w.ended {
		s.End = w.limit
	}
	mark := w.mark
	w.saved, w.dirty = w.cfg.Now(), false
	w.mu.Unlock()
	data, err := json.Marshal(s)
	if err == nil {
		err = w.cursor.Save(ctx, mark, data)
	}
	if err != nil {
		w.mu.Lock()
		w.dirty = true
		w.mu.Unlock()
	}
	return err
}

// change makes the worker follow a setting that changed. now returns the mark of
// the last record that was emitted before.
func (w *worker) change(s *diagnostic.Setting, d diagnostic.Destination, now func() bus.Mark) {
	w.mu.Lock()
	swap := !sameDestination(w.target(), d)
	if reflect.DeepEqual(w.setting, *s) && !swap {
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	last := now().Number

	w.mu.Lock()
	w.rules = w.rules.change(s, last)
	w.setting = *s
	if swap {
		w.next = &d
		if w.limit == nil {
			w.limit = &last
		}
		w.expireLocked()
	}
	w.dirty = true
	w.mu.Unlock()
	signal(w.kick)
	w.save(context.Background(), true)
}

// target returns the destination the worker is to have.
func (w *worker) target() diagnostic.Destination {
	if w.next != nil {
		return *w.next
	}
	return w.dest
}

func sameDestination(a, b diagnostic.Destination) bool {
	return a.Kind == b.Kind && a.Target.Equal(b.Target) && maps.Equal(a.Options, b.Options)
}

// end makes the worker deliver through a record, drop its cursor and stop.
func (w *worker) end(number uint64) {
	w.mu.Lock()
	if !w.ended {
		w.ended, w.limit, w.next, w.dirty = true, &number, nil, true
		w.expireLocked()
	}
	w.mu.Unlock()
	signal(w.kick)
	w.save(context.Background(), true)
}

// expireLocked bounds what is left to do for the present destination.
func (w *worker) expireLocked() {
	limit := w.limit
	time.AfterFunc(w.cfg.DrainTimeout, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.limit == limit && w.abandon != nil {
			w.abandon(errExpired)
		}
	})
}

func (w *worker) ending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended
}

func (w *worker) finished() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// drain returns a channel that is closed when all through a record is settled,
// if that comes about before ctx ends.
func (w *worker) drain(ctx context.Context, number uint64) <-chan struct{} {
	d := drain{ctx: ctx, number: number, done: make(chan struct{})}
	w.mu.Lock()
	w.drains = append(w.drains, d)
	w.mu.Unlock()
	signal(w.kick)
	return d.done
}

// wants is the reader's filter: what any rule might ask for.
func (w *worker) wants(id resource.Key, c record.Category) bool {
	if id != w.id {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rules.category(c)
}

// title names the worker in errors.
func (w *worker) title() string { return w.label }

// account returns the ledger's line.
func (w *worker) account() LedgerEntry {
	last := w.cfg.Bus.Last()
	w.mu.Lock()
	defer w.mu.Unlock()
	target := w.target()
	e := LedgerEntry{
		Setting: w.setting.Name, Resource: w.setting.Resource.String(), Kind: target.Kind,
		Target: target.Target.String(), Since: w.since,
		Accepted:  w.counts.accepted() + uint64(w.open.records),
		Delivered: w.counts.Delivered, Bytes: w.counts.Bytes, Retried: w.counts.Retried,
		DeadLettered: w.counts.DeadLettered + uint64(w.open.dead),
		Dropped:      w.counts.Dropped + uint64(w.open.lost),
		State:        w.state,
	}
	for _, m := range w.missed {
		e.Dropped += m.n
	}
	if last.Number > w.mark.Number && last.Epoch == w.mark.Epoch {
		e.LagRecords = last.Number - w.mark.Number
	}
	if t, ok := w.open.oldest(); ok {
		e.LagSeconds = max(0, w.cfg.Now().Sub(t).Seconds())
	}
	if w.lastErr != nil {
		e.LastError, e.LastErrorAt = w.lastErr.Error(), w.failedAt
	}
	return e
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
