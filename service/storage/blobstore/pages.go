package blobstore

import (
	"errors"
	"iter"
)

// Pages returns the written pages between offset and offset+length, as the
// fewest ranges.
func (h *Handle) Pages(offset, length int64) ([]Range, error) {
	if err := h.inside(offset, length); err != nil {
		return nil, err
	}
	var list ranges
	err := h.each(offset, length, func(p piece) error {
		from, to := max(offset, p.at), min(offset+length, p.end())
		list.add(from, to, false)
		return nil
	})
	return list, err
}

// PagesDiff returns the pages that were written or cleared since prev, an
// earlier snapshot of the same blob.
//
// Pages count as the same when they are the same stored bytes. So a page written
// over with what it held has changed, as the service has it too; and while the
// collector moves bytes of both blobs it may show for a moment more pages than
// have changed, never fewer.
func (h *Handle) PagesDiff(prev *Handle, offset, length int64) ([]Range, error) {
	if h.s != prev.s {
		return nil, errors.New("blobs of two stores cannot be compared")
	}
	if err := h.inside(offset, length); err != nil {
		return nil, err
	}
	// Both in step: old holds the pieces of prev not passed yet.
	var list ranges
	next, done := prev.pull(offset, length)
	defer done()
	old, more, err := next()
	if err != nil {
		return nil, err
	}
	at, end := offset, offset+length
	// upTo accounts for the bytes before to, which now show p or, if !there, nothing.
	upTo := func(to int64, p piece, there bool) error {
		for at < to {
			for more && old.end() <= at {
				if old, more, err = next(); err != nil {
					return err
				}
			}
			stop := to
			switch {
			case more && old.at <= at:
				stop = min(stop, old.end())
				if !there {
					list.add(at, stop, true)
				} else if !p.same(old) {
					list.add(at, stop, false)
				}
			default:
				if more {
					stop = min(stop, old.at)
				}
				if there {
					list.add(at, stop, false)
				}
			}
			at = stop
		}
		return nil
	}
	err = h.each(offset, length, func(p piece) error {
		if err := upTo(max(p.at, at), piece{}, false); err != nil {
			return err
		}
		return upTo(min(p.end(), end), p, true)
	})
	if err == nil {
		err = upTo(end, piece{}, false)
	}
	return list, err
}

// pull returns the pieces of a range one by one; more is false after the last.
func (h *Handle) pull(offset, length int64) (next func() (p piece, more bool, err error), done func()) {
	var failed error
	pieces, done := iter.Pull(func(yield func(piece) bool) {
		failed = h.each(offset, length, func(p piece) error {
			if !yield(p) {
				return errStopped
			}
			return nil
		})
	})
	return func() (piece, bool, error) {
		p, more := pieces()
		if !more {
			return p, false, failed
		}
		return p, true, nil
	}, done
}

var errStopped = errors.New("stopped")

// ranges collects runs in order and joins those that touch.
type ranges []Range

func (r *ranges) add(from, to int64, cleared bool) {
	if n := len(*r); n > 0 {
		last := &(*r)[n-1]
		if last.Cleared == cleared && last.Offset+last.Length == from {
			last.Length += to - from
			return
		}
	}
	if to > from {
		*r = append(*r, Range{Offset: from, Length: to - from, Cleared: cleared})
	}
}
