package bus

import (
	"context"
	"errors"
	"fmt"

	"reslog/record"
	"reslog/resource"
)

// Emitter returns the entrance of the stream. It wants everything: put a
// diagnostic.Gate before it.
func (b *Bus) Emitter() record.Emitter {
	if b.cfg.Durability == Audit {
		return auditEmitter{b}
	}
	return bufferedEmitter{b}
}

// bufferedEmitter never waits and never fails; what cannot be kept is counted.
type bufferedEmitter struct{ b *Bus }

func (bufferedEmitter) Enabled(resource.ID, record.Category) bool     { return true }
func (bufferedEmitter) Begin(context.Context, record.Record) error    { return nil }
func (bufferedEmitter) Withdraw(context.Context, record.Record) error { return nil }

func (e bufferedEmitter) Emit(_ context.Context, r record.Record) error {
	en := entry{kind: kindRecord, rec: r, size: sizeOf(&r)}
	if en.size > int64(e.b.cfg.MaxRecord)+entryOverhead || e.b.queue.put(&en, false) != nil {
		e.b.stats.drop(en.size - entryOverhead)
	}
	return nil
}

// auditEmitter returns when what it was given is on disk.
type auditEmitter struct{ b *Bus }

func (auditEmitter) Enabled(resource.ID, record.Category) bool { return true }

// Begin puts an intent on disk. When ctx ends before, the intent is taken back
// behind it.
func (e auditEmitter) Begin(ctx context.Context, unknown record.Record) error {
	if unknown.ID == "" {
		return errors.New("announce operation: its record has no ID")
	}
	if f := e.b.writer.fault.Load(); f != nil {
		return fmt.Errorf("announce operation: %w", f.err)
	}
	if _, held := e.b.intents.size(); held > e.b.cfg.MaxMemory {
		return fmt.Errorf("announce operation: %w", ErrFull)
	}
	err := e.b.putAndWait(ctx, entry{kind: kindIntent, rec: unknown, size: sizeOf(&unknown)}, false)
	if err != nil && ctx.Err() != nil {
		settle := settleEntry(unknown.ID)
		settle.size = sizeOf(&settle.rec)
		_ = e.b.queue.put(&settle, true) // fails only when closed: then nothing more is written
	}
	if err != nil {
		return fmt.Errorf("announce operation: %w", err)
	}
	return nil
}

// Emit puts a record on disk. When it fails the record is kept in memory and
// written as soon as that is possible again, unless the error wraps ErrFull,
// ErrTooLarge or ErrClosed.
func (e auditEmitter) Emit(ctx context.Context, r record.Record) error {
	en := entry{kind: kindRecord, rec: r, size: sizeOf(&r)}
	if f := e.b.writer.fault.Load(); f != nil {
		if err := e.b.checkAndPut(&en, false); err != nil {
			e.b.stats.drop(en.size - entryOverhead)
			return fmt.Errorf("keep record: %w", err)
		}
		return fmt.Errorf("keep record: %w", f.err)
	}
	// Its intent was let in: so is the record, whatever is in memory.
	err := e.b.putAndWait(ctx, en, e.b.intents.has(r.ID))
	if errors.Is(err, ErrFull) || errors.Is(err, ErrTooLarge) {
		e.b.stats.drop(en.size - entryOverhead)
	}
	if err != nil {
		return fmt.Errorf("keep record: %w", err)
	}
	return nil
}

// Withdraw settles an intent, if there is one.
func (e auditEmitter) Withdraw(ctx context.Context, unknown record.Record) error {
	if !e.b.intents.has(unknown.ID) {
		return nil
	}
	settle := settleEntry(unknown.ID)
	settle.size = sizeOf(&settle.rec)
	if err := e.b.putAndWait(ctx, settle, true); err != nil {
		return fmt.Errorf("withdraw operation: %w", err)
	}
	return nil
}

func (b *Bus) checkAndPut(e *entry, force bool) error {
	if e.size > int64(b.cfg.MaxRecord)+entryOverhead {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, e.size-entryOverhead, b.cfg.MaxRecord)
	}
	return b.queue.put(e, force)
}

// putAndWait returns when the entry is on disk, or will not be told.
func (b *Bus) putAndWait(ctx context.Context, e entry, force bool) error {
	e.ticket = newTicket()
	if err := b.checkAndPut(&e, force); err != nil {
		return err
	}
	select {
	case err := <-e.ticket.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
