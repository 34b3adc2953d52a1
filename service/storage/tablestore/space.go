package tablestore

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// space decides whether the disk takes writes.
type space struct {
	fs     vfs.FS
	dir    string
	min    int64
	now    func() time.Time
	budget atomic.Int64 // bytes to write before the disk is asked again
	until  atomic.Int64 // when it is asked in any case, in Unix ns
	broken atomic.Pointer[error]
}

// askEvery is how long the disk's free space is taken for what it was.
const askEvery = 100 * time.Millisecond

// writable returns an error when n more bytes must not be written.
func (s *space) writable(n int) error {
	if err := s.failed(); err != nil {
		return err
	}
	if s.min < 0 {
		return nil
	}
	now := s.now().UnixNano()
	if s.budget.Add(-int64(n)) >= 0 && now < s.until.Load() {
		return nil
	}
	// What the budget allows must fit above the reserve, or there is none. Others
	// write to the disk too, so it does not last.
	budget := max(s.min/16, 1<<20)
	err := s.check(int64(n) + budget)
	if errors.Is(err, ErrReadOnly) {
		budget = 0
		err = s.check(int64(n))
	}
	if err == nil {
		s.budget.Store(budget)
		s.until.Store(now + int64(askEvery))
	}
	return err
}

// check returns ErrReadOnly unless n bytes fit and leave the reserve free.
func (s *space) check(n int64) error {
	u, err := s.fs.GetDiskUsage(s.dir)
	if err != nil {
		return fmt.Errorf("free space: %w", err)
	}
	if left := int64(min(u.AvailBytes, 1<<62)); left-n < s.min {
		return fmt.Errorf("%w: %d bytes free, %d must remain: free some of the disk", ErrReadOnly, left, s.min)
	}
	return nil
}

// fail makes the store refuse writes until it is opened anew.
func (s *space) fail(cause error) {
	err := fmt.Errorf("%w until it is opened anew: %w", ErrReadOnly, cause)
	s.broken.CompareAndSwap(nil, &err)
}

func (s *space) failed() error {
	if p := s.broken.Load(); p != nil {
		return *p
	}
	return nil
}

// diskError marks an error of a write to a full disk as ErrReadOnly too.
func diskError(err error) error {
	if !errors.Is(err, ErrReadOnly) && vfs.IsNoSpaceError(err) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}
