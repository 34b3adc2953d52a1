package deliver

import "errors"

// Reopen is the error of Deliver or Flush when a destination has lost, beyond
// its own repair, records that it took and had not yet settled: what it staged
// was removed, or somebody else wrote in its place. The worker closes the
// destination, opens another and delivers again from the last settled position,
// as after a restart.
func Reopen(err error) error {
	if err == nil {
		return nil
	}
	return &reopenError{err}
}

// MustReopen reports whether err or what it wraps was made by Reopen.
func MustReopen(err error) bool {
	var r *reopenError
	return errors.As(err, &r)
}

type reopenError struct{ err error }

func (e *reopenError) Error() string { return e.err.Error() }
func (e *reopenError) Unwrap() error { return e.err }
