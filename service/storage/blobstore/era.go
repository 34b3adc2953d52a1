package blobstore

import (
	"sync"
	"sync/atomic"
	"weak"
)

// era stands for a stretch of time. Whatever in memory may refer to extents
// without the metadata saying so, a Content or a Handle, holds a pointer to the
// era it was made in. Nothing holds an era else once it is over. So the Go
// runtime tells when the last of them is gone, closed or forgotten, and
// keeping track costs a request one pointer.
type era struct {
	_ [64]byte // keeps it off the tiny allocator, where objects live together
}

// eras knows the present era and those that are not dead yet.
type eras struct {
	now atomic.Pointer[era]

	mu   sync.Mutex
	past []weak.Pointer[era]
}

func (e *eras) current() *era { return e.now.Load() }

// advance ends the present era. The function it returns reports whether all that
// was made until now is gone.
func (e *eras) advance() (drained func() bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if was := e.now.Swap(new(era)); was != nil {
		e.past = append(e.past, weak.Make(was))
	}
	old := append([]weak.Pointer[era](nil), e.past...)
	return func() bool {
		for _, w := range old {
			if w.Value() != nil {
				return false
			}
		}
		e.prune()
		return true
	}
}

// prune forgets the eras that are dead.
func (e *eras) prune() {
	e.mu.Lock()
	defer e.mu.Unlock()
	keep := e.past[:0]
	for _, w := range e.past {
		if w.Value() != nil {
			keep = append(keep, w)
		}
	}
	e.past = keep
}
