package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Waits between attempts to publish again.
const (
	firstRetry   = 20 * time.Millisecond
	longestRetry = 2 * time.Second
)

// recover is called when a message failed. Nothing is known of the messages in
// flight then. It tells those who wait that their entries are not safe, finds
// out what is on disk, opens the server again where it refuses to write, and
// leaves the rest in w.retry. It returns when publishing may be tried again, or
// when Close gives up.
//
// Intents that failed are not published again: their Begin returned an error.
// One that turns out to be on disk is settled. Records and settles are
// published again, in their order.
func (w *writer) recover(cause error) {
	flights := w.flights
	w.flights = nil
	for _, f := range flights {
		if f.err == nil {
			f.err = w.outcome(f)
		}
	}
	for _, f := range flights {
		if f.err != nil {
			cause = f.err // of the oldest that failed: the others follow from it
			break
		}
	}
	w.stats.failures.Add(1)
	w.logFault(cause)
	for _, f := range flights {
		w.refuse(f.entries, cause)
	}
	last, ok := w.untilWritable(cause)
	if !ok {
		for _, f := range flights {
			w.drop(f.entries)
		}
		w.dropRest()
		return
	}

	var again [][]entry
	w.seq = last + 1
	if len(flights) > 0 {
		w.number = flights[0].before
	}
	for _, f := range flights {
		if f.seq > last {
			again = append(again, w.withoutIntents(f.entries))
			continue
		}
		w.number = f.before + uint64(f.records)
		var settles []entry
		for i := range f.entries {
			if e := &f.entries[i]; e.kind == kindIntent && e.order > 0 {
				settles = append(settles, settleEntry(e.rec.ID))
			}
		}
		w.complete(f)
		if len(settles) > 0 {
			again = append(again, settles)
		}
	}
	w.retry = nonEmpty(append(again, w.retry...))
	w.passDropped()
	if w.fault.Swap(nil) != nil {
		w.cfg.Logger.Info("writing records again", slog.Uint64("last", last))
	}
}

func settleEntry(id string) entry {
	var e entry
	e.kind, e.rec.ID = kindSettle, id
	return e
}

// refuse tells those who wait for entries that they failed. In buffered mode
// the ones who wait are told when it is over.
func (w *writer) refuse(entries []entry, cause error) {
	if w.cfg.Durability != Audit {
		return
	}
	for i := range entries {
		entries[i].ticket.settle(cause)
		entries[i].ticket = nil
	}
}

// withoutIntents returns what of entries is to be published again, and lets go
// of the intents.
func (w *writer) withoutIntents(entries []entry) []entry {
	kept := make([]entry, 0, len(entries))
	for i := range entries {
		if entries[i].kind == kindIntent {
			w.q.release(entries[i : i+1])
			w.dropped = max(w.dropped, entries[i].order)
			continue
		}
		kept = append(kept, entries[i])
	}
	return kept
}

// untilWritable waits until the disk has room and the stream answers, and
// returns the stream's last sequence.
func (w *writer) untilWritable(cause error) (last uint64, ok bool) {
	reopen := needsReopen(cause)
	first := min(firstRetry<<min(w.streak, 10), longestRetry)
	w.streak++
	for wait, tries := first, 0; ; wait, tries = min(2*wait, longestRetry), tries+1 {
		w.shed(cause)
		timer := time.NewTimer(wait)
		select {
		case <-w.abort.Done():
			timer.Stop()
			return 0, false
		case <-timer.C:
		}
		if err := w.room(frameTarget); err != nil {
			cause = err
			continue
		}
		if reopen {
			w.cfg.Logger.Warn("opening the record stream again", slog.Any("error", cause))
			ctx, cancel := context.WithTimeout(w.abort, time.Minute)
			err := w.host.reopen(ctx)
			cancel()
			if err != nil {
				cause = err
				continue
			}
		}
		last, err := w.lastSeq()
		if err == nil {
			return last, true
		}
		cause = err
		reopen = tries >= 3
	}
}

// needsReopen reports whether the server itself refused to store, which it goes
// on doing until it is opened again.
func needsReopen(err error) bool {
	if errors.Is(err, ErrNoSpace) || errors.Is(err, errAckTimeout) {
		return false
	}
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence
	}
	return true
}

func (w *writer) lastSeq() (uint64, error) {
	ctx, cancel := context.WithTimeout(w.abort, apiTimeout)
	defer cancel()
	s, err := w.host.js.Stream(ctx, streamName)
	if err != nil {
		return 0, fmt.Errorf("ask for the end of the stream: %w", err)
	}
	return s.CachedInfo().State.LastSeq, nil
}

// shed keeps the queue of audit mode from filling with requests that wait:
// each is told, intents go, records are kept to be published later.
func (w *writer) shed(cause error) {
	if w.cfg.Durability != Audit {
		return
	}
	for {
		for w.cut.left > 0 {
			chunk := w.cut.take(nil)
			w.refuse(chunk, cause)
			if kept := w.withoutIntents(chunk); len(kept) > 0 {
				w.retry = append(w.retry, kept)
			}
		}
		w.q.recycle(&w.cut)
		if w.q.empty() {
			return
		}
		w.q.cut(&w.cut)
	}
}

// passDropped lets Flush pass the entries that were let go of, once all that
// was put before them is on disk.
func (w *writer) passDropped() {
	if w.dropped > 0 && len(w.retry) == 0 && w.cut.left == 0 {
		w.pos.advance(w.pos.mark(), w.dropped)
		w.dropped = 0
	}
}

func nonEmpty(chunks [][]entry) [][]entry {
	return slices.DeleteFunc(chunks, func(c []entry) bool { return len(c) == 0 })
}

// drop gives entries up for lost, counted.
func (w *writer) drop(entries []entry) {
	for i := range entries {
		e := &entries[i]
		if e.kind == kindRecord {
			w.stats.drop(e.size - entryOverhead)
		}
		e.ticket.settle(ErrClosed)
		e.ticket = nil
	}
	w.q.release(entries)
}

// dropRest gives up everything that waits to be published.
func (w *writer) dropRest() {
	for _, chunk := range w.retry {
		w.drop(chunk)
	}
	w.retry = nil
	for {
		for w.cut.left > 0 {
			w.drop(w.cut.take(nil))
		}
		w.q.recycle(&w.cut)
		if w.q.empty() {
			return
		}
		w.q.cut(&w.cut)
	}
}
