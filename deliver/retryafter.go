package deliver

import (
	"errors"
	"time"
)

// maxRetryAfter is for how long a destination may ask not to be tried again,
// unless RetryMax is longer.
const maxRetryAfter = 5 * time.Minute

// RetryAfter says with an error when there is a point in trying again: the
// worker waits at least d, up to 5 minutes or RetryMax if that is longer. It
// may wrap any other error of this package and be wrapped.
func RetryAfter(err error, d time.Duration) error {
	if err == nil || d <= 0 {
		return err
	}
	return &retryAfterError{err: err, after: d}
}

// RetryDelay returns the wait that err or what it wraps was given by RetryAfter.
func RetryDelay(err error) (d time.Duration, ok bool) {
	var r *retryAfterError
	if errors.As(err, &r) {
		return r.after, true
	}
	return 0, false
}

type retryAfterError struct {
	err   error
	after time.Duration
}

func (e *retryAfterError) Error() string { return e.err.Error() }
func (e *retryAfterError) Unwrap() error { return e.err }
