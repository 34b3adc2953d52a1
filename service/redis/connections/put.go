package connections

import (
	"context"
	"fmt"
	"log/slog"

	"reslog/service/redis/event"
)

// Waiter is told when an event is in the journal, or the journal is late.
type Waiter interface {
	// Noted is called once for each Put, from any goroutine, Put's own among them,
	// with no lock of the Book held. It must not block.
	Noted()
}

// Put is Take for who must not wait, and an Out that does not block: it returns at
// once. Events that are put at about the same time are written to the journal together;
// then w is told, nil for nobody, and the events are handed to Out, in their order. An
// event that Out refuses is dealt with as with Take, and Config.Refused is told of it.
//
// When Put returns an error, w is told nothing. One connection must not have events
// of both Put and Take.
func (b *Book) Put(e event.Event, w Waiter) error {
	if err := check(&e); err != nil {
		return err
	}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return fmt.Errorf("take an event of a connection: %w", ErrClosed)
	}
	b.enroll(&e)
	b.scratch = b.framer.appendEvent(b.scratch[:0], b.seq, &e)
	let := b.journal.post(b.scratch, posted{seq: b.seq, flight: b.flights.begin(), event: e, waiter: w})
	b.mu.Unlock()
	if let {
		b.journal.handOn()
	}
	return nil
}

// enroll gives an event its number and notes what it changes. It returns the entry of
// its connection, nil for none.
func (b *Book) enroll(e *event.Event) *entry {
	b.seq++
	b.taken++
	c, ok := b.table.apply(b.seq, e)
	if !ok {
		b.crowded++
		if b.crowded == 1 {
			b.cfg.Logger.Error("too many open connections: those beyond are not remembered, and after a crash not reported as closed",
				slog.Int("max", b.cfg.MaxOpen), slog.String("source", e.Connection.Source))
		}
	}
	return c
}

// posted is an event of Put on its way.
type posted struct {
	seq    uint64
	flight int
	event  event.Event
	waiter Waiter
}

// hand hands over events that the journal has let go.
func (b *Book) hand(some []posted) {
	b.in.at("put: in the journal")
	for i := range some {
		if w := some[i].waiter; w != nil {
			w.Noted()
		}
	}
	b.mu.Lock()
	owing := len(b.owed.list) > 0
	b.mu.Unlock()
	for i := range some {
		p := &some[i]
		if err := b.emit(&p.event, owing); err != nil {
			owing = true
			b.mu.Lock()
			b.owe(p.seq, &p.event, err)
			b.mu.Unlock()
			b.cfg.Refused(fmt.Errorf("hand over an event of a connection: %w", err))
		}
		b.in.at("put: emitted")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range some {
		b.flights.end(some[i].flight)
	}
}

// emit hands over an event, unless an earlier one of its connection is owed.
func (b *Book) emit(e *event.Event, owing bool) error {
	if owing {
		b.mu.Lock()
		behind := b.owed.has(keyOf(e))
		b.mu.Unlock()
		if behind {
			return ErrOwed
		}
	}
	return b.cfg.Out.Emit(context.Background(), *e)
}
