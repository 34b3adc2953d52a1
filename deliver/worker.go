package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	kind   Kind
	log    *slog.Logger
	stable string
	label  string
	id     resource.Key
	start  bus.Mark
	after  []<-chan struct{} // workers that must be done before

	attempt int // run's: failed ones since records were last taken

	done chan struct{}
	kick chan struct{} // a change for the loop to look at

	saving     sync.Mutex // held over a save, so that the last one wins
	cursor     *bus.Cursor
	cursorName string

	mu          sync.Mutex
	setting     diagnostic.Setting
	dest        diagnostic.Destination
	incarnation string // of the destination, see stateKey
	rules       rules
	next        []turn                  // destinations to change to, one after the other, after limit
	limit       *uint64                 // Number of the last record of this destination
	expires     time.Time               // when it must have that; zero: not known yet
	ended       bool                    // limit is the end of the worker, too
	abandon     context.CancelCauseFunc // ends the session
	drains      []drain
	since       time.Time
	counts      counts
	missed      []missed
	pending     pending // the loop's, to change under mu
	open        unsettled
	mark        bus.Mark // settled
	read        bus.Mark // handed over, what is wanted through it
	ahead       ahead
	late        time.Time // since when it has not kept up; zero: it does
	shedding    uint64    // records shed since it last kept up
	dirty       bool      // mark, counts or late differ from what is saved
	saved       time.Time
	state       Phase
	lastErr     string
	failedAt    time.Time
}

// missed are records that the stream lost before they could be read.
type missed struct {
	n      uint64
	behind uint64 // Number of a record that was read after them
}

// saved is what is stored with a cursor.
type saved struct {
	Setting     diagnostic.Setting     `json:"setting"`
	Destination diagnostic.Destination `json:"destination"`
	Incarnation string                 `json:"incarnation,omitempty"`
	Since       time.Time              `json:"since"`
	Late        time.Time              `json:"late,omitzero"`
	Counts      counts                 `json:"counts"`
	Rules       rules                  `json:"rules"`
	Through     *uint64                `json:"through,omitempty"` // limit
	Next        []turn                 `json:"next,omitempty"`
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
		router: r, cfg: &r.cfg, kind: r.cfg.kind(d.Kind), stable: stableName(&s, d.Kind), id: s.Resource.Key(),
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
	w.cursorName, w.incarnation = newCursorName(w.stable), newIncarnation()
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
	w.cursor, w.cursorName, w.incarnation = cursor, name, s.Incarnation
	w.since, w.late, w.counts, w.rules = s.Since, s.Late, s.Counts, s.Rules
	w.limit, w.next, w.ended = s.Through, s.Next, s.End != nil
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
	cursor, err := w.cfg.Bus.OpenCursor(ctx, w.cursorName, w.start)
	if err != nil {
		return err
	}
	w.cursor = cursor
	return w.saveLocked(ctx)
}

// saveTimeout bounds one write of what is kept for a worker.
const saveTimeout = 10 * time.Second

// save stores the mark and the counts, if they changed and the last save is not
// too recent.
func (w *worker) save(ctx context.Context, force bool) {
	w.mu.Lock()
	due := w.dirty && (force || w.cfg.Now().Sub(w.saved) >= w.cfg.SaveInterval)
	w.mu.Unlock()
	if !due {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
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
	s := saved{
		Setting: w.setting, Destination: w.dest, Incarnation: w.incarnation,
		Since: w.since, Late: w.late, Counts: w.counts, Rules: w.rules,
		Through: w.limit, Next: slices.Clone(w.next), End: w.endLocked(),
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

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
