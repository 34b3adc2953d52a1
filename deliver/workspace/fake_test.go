package workspace

import (
	"context"
	"errors"
	"slices"
	"sync"

	"reslog/analytics/rows"
	"reslog/kql"
)

var errDown = errors.New("the workspace is down")

// fakeStore is a workspace in memory. Like a real one it stores all of a batch or
// nothing, and its answer can be lost.
type fakeStore struct {
	mu        sync.Mutex
	positions map[string]uint64
	rows      []map[string]any // with their table as Type
	columns   map[string][]kql.Column
	left      int // operations until it fails; negative: it does not
	appends   int
}

func newFake() *fakeStore {
	return &fakeStore{positions: map[string]uint64{}, columns: map[string][]kql.Column{}, left: -1}
}

// step counts an operation. When it fails, kept says whether it took effect.
func (s *fakeStore) step() (kept bool, err error) {
	switch {
	case s.left < 0:
		return true, nil
	case s.left > 0:
		s.left--
		return true, nil
	}
	return s.appends%2 == 0, errDown
}

func (s *fakeStore) Append(ctx context.Context, b rows.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.appends++
	kept, err := s.step()
	if !kept || b.Source != "" && b.Position <= s.positions[b.Source] {
		return err
	}
	s.positions[b.Source] = b.Position
	for _, r := range b.Rows {
		for _, c := range r.Columns {
			if !slices.Contains(s.columns[r.Table], c) {
				s.columns[r.Table] = append(s.columns[r.Table], c)
			}
		}
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
	return err
}

func (s *fakeStore) Position(ctx context.Context, source string) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if _, err := s.step(); err != nil {
		return 0, err
	}
	return s.positions[source], nil
}

func (s *fakeStore) Columns(_ context.Context, table string) ([]kql.Column, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.columns[table]), nil
}

func (s *fakeStore) held() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rows)
}

func (s *fakeStore) fail(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = n
}
