package disk

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// IDs gives out numbers that strictly grow, over restarts too. Its methods may be
// called from any goroutine once it is open.
type IDs struct {
	// Key is where it is kept up to where numbers may be in use.
	Key string
	// Ahead is how many numbers are recorded as used before they are.
	Ahead uint64
	// Max is the last number; 0 is no bound.
	Max uint64

	db   *pebble.DB
	last atomic.Uint64
	mark atomic.Uint64 // numbers up to here are recorded as used
	mu   sync.Mutex    // held to move mark
}

// Open goes on behind the numbers that may be in use.
func (s *IDs) Open(db *pebble.DB) error {
	s.db = db
	mark, err := Number(db, s.Key)
	s.last.Store(mark)
	s.mark.Store(mark)
	return err
}

// Next returns the next number, or least if that is greater.
func (s *IDs) Next(least uint64) (uint64, error) {
	for {
		last := s.last.Load()
		n := max(least, last+1)
		if !s.last.CompareAndSwap(last, n) {
			continue
		}
		if n > s.mark.Load() {
			return n, s.reserve(n)
		}
		return n, nil
	}
}

// reserve records that numbers up to somewhat above n may be in use. It need not
// wait for the disk: the log is in order, what uses them comes later in it.
func (s *IDs) reserve(n uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n <= s.mark.Load() {
		return nil
	}
	mark := n + s.Ahead
	if s.Max > 0 && mark > s.Max {
		return fmt.Errorf("all %d numbers are used", s.Max)
	}
	if err := s.db.Set([]byte(s.Key), binary.BigEndian.AppendUint64(nil, mark), pebble.NoSync); err != nil {
		return fmt.Errorf("reserve ids: %w", err)
	}
	s.mark.Store(mark)
	return nil
}
