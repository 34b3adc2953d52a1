package deliver

import (
	"context"
	"errors"

	"reslog/bus"
	"reslog/record"
)

// Item is a record with its place in the stream.
type Item struct {
	Position bus.Position
	Record   record.Record
}

// Destination is where the records of one setting go. A Worker owns it and
// calls it from one goroutine; nobody else does.
//
// Life of a record at a destination: Deliver hands it over in stream order;
// from then on the destination may hold it in memory as long as its own rules
// allow; once it is durable where it belongs, the destination reports its
// position as settled, and it is never handed over again. A process that dies
// loses nothing: after a restart every record past the last settled position is
// delivered again, so a destination must recognise what it already holds.
// Positions are what it recognises it by: they only grow, and a record keeps
// its position for ever.
type Destination interface {
	// Deliver takes a batch. The batch and the slices of its records, Line and
	// Detail, are good until Deliver returns; what is kept longer is copied.
	//
	// An error means that nothing is known about the batch. The worker waits, and
	// for as long as RetryAfter asks, and delivers the same batch again. Or it
	// gives up records at its head, or all of it, because too many wait behind
	// them, and goes on with those that follow, to the same instance: what was
	// given up may arrive or not, but no more than once. When the error is
	// Permanent the batch goes to the dead letters, with Reject a part of it.
	//
	// Deliver returns the position through which every record is settled; the
	// zero Position when nothing new is.
	Deliver(ctx context.Context, batch []Item) (settled bus.Position, err error)

	// Flush is called when the destination asked for it through FlushAfter, and
	// with force set before the worker stops: settle what can be.
	Flush(ctx context.Context, force bool) (settled bus.Position, err error)

	// Close releases what the destination holds. It does not flush.
	Close(ctx context.Context) error
}

// Permanent marks an error that trying again cannot cure.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// IsPermanent reports whether err or what it wraps was marked by Permanent.
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }
