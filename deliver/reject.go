package deliver

import (
	"errors"

	"reslog/bus"
)

// Reject is the error of Deliver when single records of a batch can never be
// taken, such as one that cannot be rendered: the worker puts the records at
// those positions into the dead letters, with err as the reason, and delivers
// the rest of the batch again.
func Reject(err error, positions ...bus.Position) error {
	if err == nil || len(positions) == 0 {
		return err
	}
	return &rejectError{err: err, positions: positions}
}

// Rejected returns the positions that err rejects, and nil when err or what it
// wraps was not made by Reject.
func Rejected(err error) []bus.Position {
	var r *rejectError
	if errors.As(err, &r) {
		return r.positions
	}
	return nil
}

type rejectError struct {
	err       error
	positions []bus.Position
}

func (e *rejectError) Error() string { return e.err.Error() }
func (e *rejectError) Unwrap() error { return e.err }
