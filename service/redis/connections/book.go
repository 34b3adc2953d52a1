package connections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"reslog/internal/lockfile"
	"reslog/service/redis/event"
)

// Errors of Take.
var (
	// ErrClosed is wrapped after Close; the event goes nowhere.
	ErrClosed = errors.New("the book of connections is closed")
	// ErrEvent is wrapped for what is not an event; it goes nowhere.
	ErrEvent = errors.New("not an event")
	// ErrOwed is wrapped for an event that waits behind another one of its connection
	// that Out refused; it is handed over behind that.
	ErrOwed = errors.New("an earlier event of the connection is not kept yet")
)

// Book is the connections that are open, and the journal of their events. Its
// methods may be called from any goroutine.
type Book struct {
	cfg     Config
	in      internals
	dir     *folder
	lock    *lockfile.Lock
	framer  framer
	journal *journal

	mu      sync.Mutex
	table   *table
	seq     uint64 // of the latest event
	scratch []byte
	closed  bool
	crowded uint64 // connections that there was no place for
	taken   uint64
	turn    *sync.Cond // on mu: an entry is no longer busy
	waiting int        // how many wait for turn
	nextID  int64
	idLimit int64 // those below are reserved in the journal
	flights flights
	owed    debts
	lost    uint64 // events that Out refused and debts has no place for

	keeper keeper
	found  found
	stop   context.CancelFunc
	ended  chan struct{} // by the keeper's goroutine
	once   sync.Once
	err    error // of Close
}

// Stats are figures of a Book since it was opened.
type Stats struct {
	// Open is how many connections are open, Unlisted how many were not remembered
	// for MaxOpen.
	Open     int
	Unlisted uint64
	// Taken counts events. Late were passed on before they were in the journal,
	// Missing never were in it: its disk was slow or full.
	Taken, Late, Missing uint64
	// Owed is how many events Out has refused and is still to take, Lost how many
	// were given up.
	Owed int
	Lost uint64
	// JournalBytes is the size of the journal.
	JournalBytes int64
	// Recovered is how many events of the last process Open handed over,
	// Interrupted how many connections of it were closed.
	Recovered, Interrupted int
}

// NextID returns an ID for a connection of a proxy. Like those of Redis Software it
// has 13 digits. It is greater than all before, those of earlier processes too: it
// starts at the milliseconds since 1970, or at what the journal reserves, whichever
// is greater. It stays below 2^53.
func (b *Book) NextID() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.nextID >= b.idLimit && !b.closed {
		// Before any event of these IDs, so that there is nothing to wait for.
		b.idLimit = b.nextID + idBlock
		b.scratch = b.framer.appendNumber(b.scratch[:0], kindIDs, uint64(b.idLimit))
		b.journal.append(b.scratch, 0)
	}
	b.nextID++
	return b.nextID - 1
}

// Take writes an event to the journal, hands it to Out and notes in the book what
// it changes. A new connection takes the place of an open one with its ID, an event
// of a connection that is not open changes nothing; both are handed over.
//
// When Out refuses the event, Take returns its error. The event is not lost and must
// not be taken again: the Book hands it over once more, unless Out turns out to have
// kept it. Events of that connection wait behind it, with ErrOwed.
func (b *Book) Take(ctx context.Context, e event.Event) error {
	if err := check(&e); err != nil {
		return err
	}
	t, err := b.enter(&e)
	if err != nil {
		return err
	}
	t.group.wait()
	b.in.at("take: in the journal")
	if t.behind {
		err = ErrOwed
	} else {
		err = b.cfg.Out.Emit(ctx, e)
	}
	b.in.at("take: emitted")
	b.leave(&t, &e, err)
	if err != nil {
		return fmt.Errorf("hand over an event of a connection: %w", err)
	}
	return nil
}

func check(e *event.Event) error {
	if e.ID == "" || len(e.ID) > maxID || typeNumber(e.Type) == 0 || e.Connection.Source == "" || len(e.Connection.Source) > maxSource {
		return fmt.Errorf("take an event of a connection: %w: it needs an ID of 1 to %d bytes, a type and a source", ErrEvent, maxID)
	}
	return nil
}

// ticket is a Take under way.
type ticket struct {
	seq    uint64
	flight int
	entry  *entry
	group  *group
	behind bool
}

// enter waits until the event's connection is not busy, and gives the event its place
// in the book and in the journal.
func (b *Book) enter(e *event.Event) (ticket, error) {
	k := keyOf(e)
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := b.table.open[k]; c != nil && c.busy; c = b.table.open[k] {
		b.waiting++
		b.turn.Wait()
		b.waiting--
	}
	if b.closed {
		return ticket{}, fmt.Errorf("take an event of a connection: %w", ErrClosed)
	}
	c := b.enroll(e)
	if c != nil {
		c.busy = true
	}
	b.scratch = b.framer.appendEvent(b.scratch[:0], b.seq, e)
	return ticket{
		seq: b.seq, flight: b.flights.begin(), entry: c,
		group: b.journal.append(b.scratch, 1), behind: b.owed.has(k),
	}, nil
}

// leave ends a Take.
func (b *Book) leave(t *ticket, e *event.Event, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.owe(t.seq, e, err)
	}
	if t.entry != nil {
		t.entry.busy = false
		if b.waiting > 0 {
			b.turn.Broadcast()
		}
	}
	b.flights.end(t.flight)
}

// owe notes an event that Out refused.
func (b *Book) owe(seq uint64, e *event.Event, err error) {
	if !b.owed.add(seq, e, b.in.maxOwed) {
		b.lost++
		if b.lost == 1 {
			b.cfg.Logger.Error("too many events of connections are refused: those beyond are given up", slog.Any("error", err))
		}
	}
}

// Connections returns the connections of a source that are open, "" for those of all,
// the oldest first.
func (b *Book) Connections(source string) []Connection {
	b.mu.Lock()
	all := b.table.list(source)
	b.mu.Unlock()
	slices.SortFunc(all, byAge)
	return all
}

// Stats returns figures.
func (b *Book) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Stats{
		Open: len(b.table.open), Unlisted: b.crowded, Taken: b.taken, Owed: len(b.owed.list), Lost: b.lost,
		Recovered: b.found.recovered, Interrupted: b.found.interrupted,
	}
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	s.Late, s.Missing, s.JournalBytes = b.journal.lateFor, b.journal.missing, b.journal.end
	return s
}

// Close ends the Book once the Takes under way have ended, and marks its journal. It
// closes no connection: who is still open is closed by the next Open. When Out cannot
// be synced until ctx is done, it returns an error, and the next Open finds out what
// Out has kept.
func (b *Book) Close(ctx context.Context) error {
	b.once.Do(func() { b.err = b.close(ctx) })
	return b.err
}

func (b *Book) close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.turn.Broadcast()
	b.mu.Unlock()
	b.stop()
	<-b.ended
	err := b.mark(ctx)
	if err != nil {
		err = fmt.Errorf("mark the journal of connections: %w", err)
	}
	err = errors.Join(err, b.journal.stop())
	return errors.Join(err, b.lock.Release())
}

// idBlock is how many IDs are reserved at once, many more than are used between two
// syncs of the journal.
const idBlock = 1 << 17

// maxNumber is the greatest ID.
const maxNumber = 1<<53 - 1

// firstID is where IDs start: at the clock's milliseconds unless there were greater
// ones, and never with less than 13 digits.
func firstID(reserved int64, now time.Time) int64 {
	ms := now.UnixMilli()
	if ms > 1e14 { // a clock that is far off
		ms = 0
	}
	return max(reserved, ms, 1e12)
}
