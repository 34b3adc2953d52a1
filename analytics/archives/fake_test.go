package archives_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"reslog/analytics/rows"
)

var errDown = errors.New("the workspace is down")

// fakeStore is a workspace in memory: a batch is stored whole or not at all, and
// the answer can be lost.
type fakeStore struct {
	mu        sync.Mutex
	positions map[string]uint64
	rows      []map[string]any // with their table as Type
	left      int              // batches until it fails; negative: it does not
	lost      bool             // what fails is stored
	batches   int
}

func newStore() *fakeStore { return &fakeStore{positions: map[string]uint64{}, left: -1} }

func (s *fakeStore) Position(_ context.Context, source string) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.positions[source], nil
}

func (s *fakeStore) Append(_ context.Context, b rows.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches++
	failing := s.left == 0
	if s.left > 0 {
		s.left--
	}
	if failing && !s.lost {
		return errDown
	}
	if b.Position > s.positions[b.Source] {
		s.positions[b.Source] = b.Position
		for _, r := range b.Rows {
			for _, values := range r.Values {
				row := map[string]any{"Type": r.Table}
				for i, v := range values {
					if v != nil {
						row[r.Columns[i].Name] = v
					}
				}
				s.rows = append(s.rows, row)
			}
		}
	}
	if failing {
		return errDown
	}
	return nil
}

// column is the values of a column, with the table before each.
func (s *fakeStore) column(name string) []string {
	var list []string
	for _, row := range s.rows {
		list = append(list, fmt.Sprintf("%v %v", row["Type"], row[name]))
	}
	return list
}
