package delivertest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"reslog/deliver"
)

// State is a deliver.State in memory, for a Place whose destinations keep one:
// it belongs to the place and outlives the instances opened on it.
type State struct {
	// Fail, if set, is asked before every Save, which fails with what it returns
	// and keeps the old note.
	Fail func() error

	mu   sync.Mutex
	data []byte
}

// Load implements deliver.State.
func (s *State) Load(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.data), ctx.Err()
}

// Save implements deliver.State.
func (s *State) Save(ctx context.Context, data []byte) error {
	if len(data) > deliver.MaxState {
		return fmt.Errorf("save the state of a destination: it has %d bytes, at most %d are kept", len(data), deliver.MaxState)
	}
	if s.Fail != nil {
		if err := s.Fail(); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = append([]byte{}, data...)
	return nil
}
