package deliver

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"reslog/bus"
	"reslog/record"
	"reslog/resource"
)

// ahead is what a scout has counted of the records that a worker has not handed
// over, those in its hands included. It is counted behind what the worker has
// handed over when the scout sets out; what is handed over later is taken off,
// and when the worker has come to where the scout is, it is of no use any more.
type ahead struct {
	generation int // grows when what was counted is not valid any more
	active     bool
	through    bus.Mark
	tally      bus.Tally
}

func (a *ahead) reset() { *a = ahead{generation: a.generation + 1} }

// pass takes off what was handed over, through record number.
func (a *ahead) pass(t bus.Tally, number uint64) {
	switch {
	case !a.active:
	case number > a.through.Number:
		a.reset()
	default:
		// A category that was switched off since may make it less than nothing.
		a.tally.Records -= min(a.tally.Records, t.Records)
		a.tally.Bytes -= min(a.tally.Bytes, t.Bytes)
	}
}

// scouting counts for a session. Two goroutines do, the worker's between
// attempts, when it needs to know, and the watch, when the worker is late or
// does not come back from its destination.
type scouting struct {
	mu         sync.Mutex // held while counting
	scout      *bus.Scout // nil: none is under way
	generation int        // of the worker's ahead that scout counts for
}

// count counts through the end of the stream.
func (s *session) count(ctx context.Context) error {
	s.scouting.mu.Lock()
	defer s.scouting.mu.Unlock()
	w := s.w
	for more := true; more; {
		scout, err := s.current()
		if err != nil {
			return err
		}
		var t bus.Tally
		if t, more, err = scout.Next(ctx); err != nil {
			return err
		}
		w.mu.Lock()
		if w.ahead.generation != s.generation {
			w.mu.Unlock()
			return nil // what was counted is of no use: the next time, then
		}
		w.ahead.through = scout.Through()
		w.ahead.tally.Records += t.Records
		w.ahead.tally.Bytes += t.Bytes
		w.mu.Unlock()
	}
	return nil
}

// current returns the scout that is under way, or one that sets out.
func (s *session) current() (*bus.Scout, error) {
	w := s.w
	w.mu.Lock()
	generation, from := w.ahead.generation, w.read
	if s.scout != nil && s.generation == generation {
		w.mu.Unlock()
		return s.scout, nil
	}
	cfg := w.scoutLocked(from)
	w.ahead.active, w.ahead.through = true, from
	w.mu.Unlock()
	s.recall()
	scout, err := w.cfg.Bus.Scout(cfg)
	if err != nil {
		return nil, err
	}
	s.scout, s.generation = scout, generation
	return scout, nil
}

// recall ends the scout that is under way.
func (s *session) recall() {
	if s.scout != nil {
		s.scout.Close()
		s.scout = nil
	}
}

// scoutLocked says what a scout of this worker counts.
func (w *worker) scoutLocked(after bus.Mark) bus.ScoutConfig {
	// What is for the destinations to come waits as well.
	rs, id, last := w.rules, w.id, w.endLocked()
	return bus.ScoutConfig{
		After: after, Name: w.stable,
		Want: func(key resource.Key, c record.Category) bool { return key == id && rs.category(c) },
		Only: func(c record.Category, number uint64) bool {
			return (last == nil || number <= *last) && rs.want(c, number)
		},
	}
}

// watch counts while the worker is late, for the ledger and for the bounds, and
// notices when it keeps up again.
func (s *session) watch(ctx context.Context) {
	w := s.w
	// A worker that keeps up is behind by what came in one round.
	tick := time.NewTicker(w.round())
	defer tick.Stop()
	defer func() {
		s.scouting.mu.Lock()
		s.recall()
		s.scouting.mu.Unlock()
	}()
	for before := w.cfg.Bus.Last(); ; before = w.cfg.Bus.Last() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if w.behind(before) {
			w.fallBehind()
			if err := s.count(ctx); err != nil && ctx.Err() == nil {
				w.log.Warn("the backlog cannot be counted, trying again", slog.String("error", reason(err)))
			}
			continue
		}
		w.keepUp()
		s.scouting.mu.Lock()
		s.recall()
		s.scouting.mu.Unlock()
	}
}

// round is how long a record may be on the way to a worker that keeps up.
func (w *worker) round() time.Duration {
	return time.Second + 2*max(0, w.kind.Pace) + w.kind.FlushInterval
}

// behind reports whether the worker has not handed over all that was on the
// stream at a mark.
func (w *worker) behind(m bus.Mark) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.read.Epoch != m.Epoch { // the cursor is of an older stream
		return m.Number > 0
	}
	return w.read.Number < m.Number || w.pending.len() > 0
}

// backlogLocked returns what is known to wait for the destination.
func (w *worker) backlogLocked() bus.Tally {
	if known := w.pending.tally(); !w.ahead.active || known.Records > w.ahead.tally.Records {
		return known // the scout has just set out, or there is none
	}
	return w.ahead.tally
}
