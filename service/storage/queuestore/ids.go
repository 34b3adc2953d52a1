package queuestore

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// ids gives out numbers that grow, over restarts too. Queues and messages are
// numbered by it, so messages are numbered in the order in which they came.
type ids struct {
	db   *disk.DB
	last atomic.Uint64
	mark atomic.Uint64 // numbers up to here are recorded as used
	mu   sync.Mutex    // held to move mark
}

// idReserve is how many numbers are recorded as used at once.
const idReserve = 1 << 24

// maxSeq bounds numbers: that many bits of one are in an id.
const maxSeq = 1<<seqBits - 1

func (s *ids) open(db *disk.DB) error {
	s.db = db
	mark, err := disk.Number(db, keyIDs)
	s.last.Store(mark)
	s.mark.Store(mark)
	return err
}

func (s *ids) next() (uint64, error) {
	n := s.last.Add(1)
	if n <= s.mark.Load() {
		return n, nil
	}
	return n, s.reserve(n)
}

// reserve records that numbers up to somewhat above n may be in use. It need not
// wait for the disk: the log is in order, what uses them comes later in it.
func (s *ids) reserve(n uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n <= s.mark.Load() {
		return nil
	}
	mark := n + idReserve
	if mark > maxSeq {
		return fmt.Errorf("all %d numbers are used", uint64(maxSeq))
	}
	if err := s.db.Set([]byte(keyIDs), binary.BigEndian.AppendUint64(nil, mark), pebble.NoSync); err != nil {
		return fmt.Errorf("reserve ids: %w", err)
	}
	s.mark.Store(mark)
	return nil
}
