package connections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// keeper is what one goroutine does now and then: marks, syncs and compactions of the
// journal.
//
// A mark in the journal, (n, m), says that Out keeps all events up to n, and that m, a
// mark of Out, was made before the first event after n was emitted: what Out has of
// those is found with Since(m). That m cannot be the mark that Out made when it kept
// n, for events after n may have been emitted before it; it is the one before.
type keeper struct {
	settled uint64 // n
	lookup  []byte // m
	latest  []byte // the m of the next mark
	idle    int    // ticks without an event
	failing bool
}

const (
	// idleTicks is after how many ticks without an event a mark is made all the
	// same, so that Since never has much to look through.
	idleTicks = 5
	// markTimeout bounds a mark, so that the journal is synced and compacted while Out
	// does not answer.
	markTimeout = 10 * time.Second
	// maxTries is how often an event that Out refuses is handed over.
	maxTries = 1000
)

func (b *Book) keep(ctx context.Context) {
	defer close(b.ended)
	tick := time.NewTicker(b.cfg.SyncInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			b.tick(ctx)
		}
	}
}

// tick does what is due. What fails is logged when it begins and when it is over.
func (b *Book) tick(ctx context.Context) {
	b.journal.retry()
	err := b.journal.sync()
	if err == nil {
		err = b.pass(ctx)
	}
	k := &b.keeper
	k.idle++
	if b.unsettled() || k.idle >= idleTicks {
		limited, cancel := context.WithTimeout(ctx, markTimeout)
		err = errors.Join(err, b.mark(limited))
		cancel()
	}
	if b.due() {
		err = errors.Join(err, b.compact())
	}
	switch {
	case err != nil && ctx.Err() == nil && !k.failing:
		k.failing = true
		b.cfg.Logger.Error("cannot mark the journal of connections, it grows until that succeeds", slog.Any("error", err))
	case err == nil && k.failing:
		k.failing = false
		b.cfg.Logger.Info("the journal of connections is marked again")
	}
}

// unsettled reports whether there were events since the last mark.
func (b *Book) unsettled() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seq != b.keeper.settled || len(b.owed.list) > 0
}

// mark waits until all events so far were emitted and Out keeps them, those too that it
// refused, and writes that to the journal.
func (b *Book) mark(ctx context.Context) error {
	seq, offset, err := b.landed(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	owed := len(b.owed.list)
	b.mu.Unlock()
	mark, err := b.sync(ctx)
	if err == nil && owed > 0 {
		if err = b.settle(ctx, owed); err == nil {
			mark, err = b.sync(ctx)
		}
	}
	if err != nil {
		return err
	}
	b.in.at("mark: out is synced")
	k := &b.keeper
	b.journal.append(b.framer.appendMark(nil, seq, k.latest), 0).wait()
	b.in.at("mark: written")
	b.journal.settle(offset)
	k.settled, k.lookup, k.latest, k.idle = seq, k.latest, mark, 0
	return nil
}

// pass tells Out what it need not keep any more for Since: what is before the mark that
// a start would ask for. The journal with that mark is synced.
func (b *Book) pass(ctx context.Context) error {
	if b.keeper.lookup == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, markTimeout)
	defer cancel()
	if err := b.cfg.Out.Passed(ctx, b.keeper.lookup); err != nil {
		return fmt.Errorf("let go of events of connections that are settled: %w", err)
	}
	return nil
}

// landed waits for the Takes that have begun. It returns the latest of them, and where
// in the journal those that begin afterwards come.
func (b *Book) landed(ctx context.Context) (seq uint64, offset int64, err error) {
	for {
		b.mu.Lock()
		landed, fresh := b.flights.turn()
		seq, offset = b.seq, b.journal.position()
		b.mu.Unlock()
		select {
		case <-landed:
		case <-ctx.Done():
			return 0, 0, fmt.Errorf("wait for events that are handed over: %w", ctx.Err())
		}
		if fresh {
			return seq, offset, nil
		}
	}
}

func (b *Book) sync(ctx context.Context) ([]byte, error) {
	mark, err := b.cfg.Out.Sync(ctx)
	if err != nil {
		return nil, fmt.Errorf("sync what keeps events of connections: %w", err)
	}
	if len(mark) > maxMark {
		return nil, fmt.Errorf("sync what keeps events of connections: its mark has %d bytes, more than %d", len(mark), maxMark)
	}
	return mark, nil
}

// settle hands over the first events that Out refused, unless it kept them all the same.
// Out was synced since.
func (b *Book) settle(ctx context.Context, n int) error {
	b.mu.Lock()
	due := append([]debt(nil), b.owed.list[:n]...)
	b.mu.Unlock()
	missing := make(map[string]bool, n)
	for _, d := range due {
		missing[d.event.ID] = true
	}
	if err := b.cfg.Out.Since(ctx, b.keeper.lookup, func(id string) { delete(missing, id) }); err != nil {
		return fmt.Errorf("look up events of connections that were refused: %w", err)
	}
	for _, d := range due {
		var err error
		if missing[d.event.ID] {
			err = b.cfg.Out.Emit(ctx, d.event)
		}
		b.mu.Lock()
		first := &b.owed.list[0]
		first.tries++
		giveUp := err != nil && first.tries >= maxTries
		if err == nil || giveUp {
			b.owed.pay()
		}
		if giveUp {
			b.lost++
		}
		b.mu.Unlock()
		if giveUp {
			b.cfg.Logger.Error("an event of a connection is given up", slog.String("id", d.event.ID), slog.Int("tries", maxTries), slog.Any("error", err))
		} else if err != nil {
			return fmt.Errorf("hand over again an event of a connection: %w", err)
		}
		delete(missing, d.event.ID)
	}
	return nil
}
