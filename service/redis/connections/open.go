package connections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"reslog/internal/lockfile"
	"reslog/service/redis/event"
)

// found is what Open did.
type found struct{ recovered, interrupted int }

// Open reads the journal in cfg.Dir, hands over what of it Out does not have, and closes
// the connections of the process that wrote it. What a crash tore off is cut; where the
// journal is damaged the rest is read, the file is kept as "damaged", and an error is
// logged. Out must be able to take, to sync and to be looked through. When Open fails it
// can be called again: nothing is handed over twice.
func Open(ctx context.Context, cfg Config) (*Book, error) { return open(ctx, cfg, defaults()) }

func open(ctx context.Context, cfg Config, in internals) (*Book, error) {
	cfg.SyncInterval = cmp.Or(cfg.SyncInterval, time.Second)
	cfg.MaxOpen = cmp.Or(cfg.MaxOpen, 1_000_000)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Refused == nil {
		cfg.Refused = func(error) {}
	}
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewString
	}
	b := &Book{
		cfg: cfg, in: in, dir: &folder{path: cfg.Dir, in: in},
		framer: newFramer(rand.Uint64()), ended: make(chan struct{}),
	}
	b.turn = sync.NewCond(&b.mu)
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the book of connections: %w", err)
	}
	var err error
	if b.lock, err = lockfile.Take(filepath.Join(cfg.Dir, locked)); err != nil {
		return nil, fmt.Errorf("open the book of connections: %w", err)
	}
	if err := b.recover(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the book of connections in %s: %w", cfg.Dir, err), b.lock.Release())
	}
	keeping, stop := context.WithCancel(context.Background())
	b.stop = stop
	go b.keep(keeping)
	return b, nil
}

// recover does what Open says, and begins a new file.
func (b *Book) recover(ctx context.Context) error {
	numbers, err := b.dir.list()
	if err != nil {
		return err
	}
	p, err := b.newest(numbers)
	if err != nil {
		return err
	}
	if err := errors.Join(b.continueFrom(ctx, p), p.close()); err != nil {
		return err
	}
	if b.found != (found{}) {
		b.cfg.Logger.Warn("the last process did not end well: events of connections were handed over that it had not delivered, and connections closed that were open",
			slog.Int("events", b.found.recovered), slog.Int("connections", b.found.interrupted))
	}
	mark, err := b.sync(ctx)
	if err != nil {
		return err
	}
	b.in.at("open: out is synced")
	return b.start(p, numbers, mark)
}

// continueFrom brings Out to where the last process was, and ends what ended with it.
func (b *Book) continueFrom(ctx context.Context, p *past) error {
	if p.file == nil {
		return nil
	}
	if err := b.report(p); err != nil {
		return err
	}
	if err := b.handOver(ctx, p); err != nil {
		return err
	}
	return b.interrupt(ctx, p)
}

// report logs what cannot be read, and cuts off what is torn.
func (b *Book) report(p *past) error {
	path := b.dir.name(p.number)
	if p.broken() {
		b.cfg.Logger.Error("the journal of connections is damaged: what can be read is used, connections and events in between are lost",
			slog.String("file", path), slog.String("kept as", damaged), slog.Int("gaps", len(p.gaps)), slog.Int64("bytes", p.lost()),
			slog.Int("unknown", p.unknown))
	}
	if p.end == p.size {
		return nil
	}
	b.cfg.Logger.Warn("the end of the journal of connections was not written whole and is cut off",
		slog.String("file", path), slog.Int64("at", p.end), slog.Int64("bytes", p.size-p.end))
	if err := os.Truncate(path, p.end); err != nil {
		return fmt.Errorf("cut off the torn end of the journal: %w", err)
	}
	return nil
}

// handOver emits the events after the last mark that Out does not have.
func (b *Book) handOver(ctx context.Context, p *past) error {
	missing := make(map[string]bool)
	if err := p.events(func(e *event.Event) error { missing[e.ID] = true; return nil }); err != nil {
		return err
	}
	if len(missing) == 0 {
		return nil
	}
	if err := b.cfg.Out.Since(ctx, p.lookup, func(id string) { delete(missing, id) }); err != nil {
		return fmt.Errorf("look up events of the last process: %w", err)
	}
	return p.events(func(e *event.Event) error {
		if !missing[e.ID] {
			return nil
		}
		if err := b.cfg.Out.Emit(ctx, *e); err != nil {
			return fmt.Errorf("hand over an event of the last process: %w", err)
		}
		b.in.at("open: emitted")
		delete(missing, e.ID)
		b.found.recovered++
		return nil
	})
}

// interrupt closes the connections of proxies. The events are in the old journal before
// they are emitted, so that a crash meanwhile makes no others.
func (b *Book) interrupt(ctx context.Context, p *past) error {
	const some = 20_000 // to be synced at once
	open := p.table.sorted(proxy)
	events := make([]event.Event, 0, min(some, len(open)))
	for len(open) > 0 {
		n := min(some, len(open))
		events = events[:0]
		for _, c := range open[:n] {
			at := b.cfg.Now()
			if at.Before(c.last) {
				at = c.last
			}
			events = append(events, event.Event{
				ID: b.cfg.NewID(), Type: event.CloseConnection, Time: at.UTC(),
				Connection: c.Connection.Connection, Reason: event.Interrupted,
			})
		}
		open = open[n:]
		if err := p.add(events); err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
		b.in.at("open: closing")
		for _, e := range events {
			if err := b.cfg.Out.Emit(ctx, e); err != nil {
				return fmt.Errorf("hand over the end of a connection: %w", err)
			}
			b.in.at("open: closed")
			b.found.interrupted++
		}
	}
	return nil
}

// start begins a new file behind all that there are, and removes them.
func (b *Book) start(p *past, numbers []uint64, mark []byte) error {
	b.table, b.seq = p.table, p.seq
	b.table.max = b.cfg.MaxOpen
	b.nextID = firstID(p.ids, b.cfg.Now())
	if b.nextID > maxNumber-idBlock {
		return fmt.Errorf("IDs of connections are used up at %d", b.nextID)
	}
	b.idLimit = b.nextID
	b.keeper = keeper{settled: b.seq, lookup: mark, latest: mark}
	b.dir.current = 1
	if len(numbers) > 0 {
		b.dir.current = numbers[0] + 1
	}
	f, err := b.dir.create(b.dir.current)
	if err != nil {
		return fmt.Errorf("make a journal: %w", err)
	}
	b.in.at("open: created")
	w := &builder{file: f, framer: b.framer}
	w.begin(b.seq, b.idLimit, b.seq, mark)
	for _, c := range b.table.open {
		w.open(c)
	}
	w.buf = w.framer.appendNumber(w.buf, kindComplete, 0)
	w.flush(1)
	b.in.at("open: written")
	if err := errors.Join(w.err, f.Sync(), b.dir.sync()); err != nil {
		return errors.Join(fmt.Errorf("make a journal: %w", err), f.Close())
	}
	if p.file != nil && p.broken() { // it is closed by now
		err = b.dir.keep(p.number)
	}
	for _, n := range numbers {
		err = errors.Join(err, b.dir.remove(n))
		b.in.at("open: removed")
	}
	if err = errors.Join(err, b.dir.sync()); err != nil {
		return errors.Join(fmt.Errorf("remove the old journal: %w", err), f.Close())
	}
	b.journal = newJournal(f, w.at, b.in, b.cfg.Logger, b.hand)
	return nil
}
