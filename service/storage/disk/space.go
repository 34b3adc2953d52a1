package disk

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrReadOnly says that a disk is too full, or a store too damaged, for a write.
var ErrReadOnly = errors.New("store takes no more writes")

// Space decides whether the disk takes writes. A log that meets a full disk
// cannot be continued, so nothing is written when little is left; what frees
// space is refused last. Its methods may be called from any goroutine.
type Space struct {
	FS  vfs.FS
	Dir string
	// Min is the reserve: the free bytes below which writes that add are refused;
	// negative is none.
	Min int64
	Now func() time.Time
	// Asked, unless nil, is told by Allow whether the disk was full when it was
	// asked: for writes that add, whatever was to be written.
	Asked func(full bool)

	left   atomic.Int64 // free bytes, less what was written since they were counted
	asked  atomic.Int64 // when that was, in Unix ns
	broken atomic.Pointer[error]
}

// Need is how urgent a write is: it leaves that part of the reserve alone.
type Need int64

const (
	// Adding is what leaves the whole of it.
	Adding Need = 1
	// Moving is what emptying a store begins with.
	Moving Need = 2
	// Removing is what frees space.
	Removing Need = 8
)

const (
	// askEvery is how long the disk's free space is taken for what it was.
	askEvery = 100 * time.Millisecond
	// overhead is what a write needs for its keys and in the log, or more.
	overhead = 512
)

// Allow returns an error when a write of n bytes must not be made: ErrReadOnly, or
// that the disk does not say how full it is.
func (p *Space) Allow(n int, urgency Need) error {
	if err := p.Failed(); err != nil {
		return err
	}
	if p.Min < 0 {
		return nil
	}
	size := int64(n) + overhead
	now := p.Now().UnixNano()
	if p.left.Add(-size) >= p.reserve(urgency) && since(p.asked.Load(), now) < int64(askEvery) {
		return nil
	}
	left, err := p.count(size, urgency)
	if err == nil || errors.Is(err, ErrReadOnly) {
		p.left.Store(left)
		p.asked.Store(now)
		if p.Asked != nil {
			p.Asked(left < p.reserve(Adding))
		}
	}
	return err
}

// Room asks the disk whether n bytes fit.
func (p *Space) Room(n int64, urgency Need) error {
	if p.Min < 0 {
		return nil
	}
	_, err := p.count(n, urgency)
	return err
}

// count returns how much is free after a write.
func (p *Space) count(size int64, urgency Need) (left int64, err error) {
	u, err := p.FS.GetDiskUsage(p.Dir)
	if err != nil {
		return 0, fmt.Errorf("free space: %w", err)
	}
	free := int64(min(u.AvailBytes, 1<<62))
	if reserve := p.reserve(urgency); free-size < reserve {
		err = fmt.Errorf("%w: %d bytes free, %d must remain: free some of the disk", ErrReadOnly, free, reserve)
	}
	return free - size, err
}

func (p *Space) reserve(urgency Need) int64 { return p.Min / int64(urgency) }

// since is the time between two readings of a clock that may be set back.
func since(then, now int64) int64 { return max(now-then, then-now) }

// Fail makes the store refuse writes until it is opened anew.
func (p *Space) Fail(cause error) {
	err := fmt.Errorf("%w: %w; open the store again when the disk is well", ErrReadOnly, cause)
	p.broken.CompareAndSwap(nil, &err)
}

// Failed returns why writes are refused for good, as an ErrReadOnly.
func (p *Space) Failed() error {
	if err := p.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// Full marks an error of a write to a full disk as ErrReadOnly too.
func Full(err error) error {
	if err != nil && !errors.Is(err, ErrReadOnly) && vfs.IsNoSpaceError(err) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}
