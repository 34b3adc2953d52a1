package queuestore

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// space decides whether the disk takes writes. A log that meets a full disk
// cannot be continued, so nothing is written when little is left; what frees
// space is refused last.
type space struct {
	fs     vfs.FS
	dir    string
	min    int64
	now    func() time.Time
	left   atomic.Int64 // free bytes, less what was written since they were counted
	asked  atomic.Int64 // when that was, in Unix ns
	broken atomic.Pointer[error]
}

// need is how urgent a write is: the part of the reserve that it leaves alone.
type need int64

const (
	adding   need = 1 // a message or a queue
	moving   need = 2 // a dequeue: what empties a queue begins with it
	removing need = 8
)

// askEvery is how long the disk's free space is taken for what it was.
const askEvery = 100 * time.Millisecond

// allow returns an error when a write with n bytes of text must not be made.
func (p *space) allow(n int, urgency need) error {
	if err := p.failed(); err != nil {
		return err
	}
	if p.min < 0 {
		return nil
	}
	const overhead = 512 // of keys and the log, a write
	reserve := p.min / int64(urgency)
	now := p.now().UnixNano()
	if left := p.left.Add(-int64(n) - overhead); left >= reserve && since(p.asked.Load(), now) < int64(askEvery) {
		return nil
	}
	u, err := p.fs.GetDiskUsage(p.dir)
	if err != nil {
		return fmt.Errorf("free space: %w", err)
	}
	left := int64(min(u.AvailBytes, 1<<62)) - int64(n) - overhead
	p.left.Store(left)
	p.asked.Store(now)
	if left < reserve {
		return fmt.Errorf("%w: %d bytes free, %d must remain", ErrReadOnly, left, reserve)
	}
	return nil
}

// since is the time between two readings of a clock that may be set back.
func since(then, now int64) int64 { return max(now-then, then-now) }

// fail makes the store refuse writes until it is opened anew.
func (p *space) fail(cause error) {
	err := fmt.Errorf("%w: %w; open the store again when the disk is well", ErrReadOnly, cause)
	p.broken.CompareAndSwap(nil, &err)
}

func (p *space) failed() error {
	if err := p.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// diskError marks an error of a write to a full disk as ErrReadOnly too.
func diskError(err error) error {
	if err != nil && !errors.Is(err, ErrReadOnly) && vfs.IsNoSpaceError(err) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}
