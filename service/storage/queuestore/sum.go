package queuestore

import (
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// sum is the merge operator of the database: totals add up, so that a change
// need not read them.
type sum struct{ t totals }

func newSum(_, value []byte) (pebble.ValueMerger, error) {
	s := new(sum)
	return s, s.MergeNewer(value)
}

func (s *sum) MergeNewer(value []byte) error {
	t, err := decodeTotals(value)
	s.t.messages += t.messages
	s.t.bytes += t.bytes
	s.t.order = max(s.t.order, t.order)
	return err
}

func (s *sum) MergeOlder(value []byte) error { return s.MergeNewer(value) }

func (s *sum) Finish(bool) ([]byte, io.Closer, error) {
	b := s.t.encode()
	return b[:], nil, nil
}
