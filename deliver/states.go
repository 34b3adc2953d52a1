package deliver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"reslog/bus"
)

// stateBucket holds the notes of destinations, by cursor and incarnation.
const stateBucket = "destinations"

// states are the notes of all destinations.
type states struct {
	bus *bus.Bus

	mu sync.Mutex
	kv *bus.KeyValue
}

func (s *states) bucket(ctx context.Context) (*bus.KeyValue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kv == nil {
		kv, err := s.bus.KeyValue(ctx, stateBucket)
		if err != nil {
			return nil, fmt.Errorf("open the notes of destinations: %w", err)
		}
		s.kv = kv
	}
	return s.kv, nil
}

// stateKey names the note of a destination: the cursor that its worker has, and
// the incarnation, which is drawn anew whenever the destination becomes another
// one and is stored with the cursor. So a note cannot be found by any other
// destination, whatever a crash left behind.
func stateKey(cursor, incarnation string) string { return cursor + "." + incarnation }

// remove deletes a note that nobody will ask for again.
func (s *states) remove(ctx context.Context, key string) error {
	kv, err := s.bucket(ctx)
	if err != nil {
		return err
	}
	// Most destinations keep none, and a deletion would be a write.
	if _, err := kv.Get(ctx, key); errors.Is(err, bus.ErrNotFound) {
		return nil
	}
	if err := kv.Delete(ctx, key); err != nil {
		return fmt.Errorf("remove the note of a destination: %w", err)
	}
	return nil
}

// sweep deletes the notes that a process left which died before it could. keep
// says which are still somebody's.
func (s *states) sweep(ctx context.Context, keep func(cursor, incarnation string) bool) error {
	kv, err := s.bucket(ctx)
	if err != nil {
		return err
	}
	keys, err := kv.Keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		i := strings.LastIndexByte(key, '.')
		if i < 0 || keep(key[:i], key[i+1:]) {
			continue
		}
		if err := kv.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove the note of a destination: %w", err)
		}
	}
	return nil
}

// note returns the State of a destination.
func (s *states) note(key string) *note { return &note{all: s, key: key} }

// note is the State of one instance of a destination.
type note struct {
	all    *states
	key    string
	closed atomic.Bool
}

var errNoteClosed = errors.New("the destination was closed: its state belongs to the one that follows")

func (n *note) Load(ctx context.Context) ([]byte, error) {
	kv, err := n.all.bucket(ctx)
	if err != nil {
		return nil, err
	}
	data, err := kv.Get(ctx, n.key)
	switch {
	case errors.Is(err, bus.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("load the state of a destination: %w", err)
	case data == nil:
		data = []byte{}
	}
	return data, nil
}

func (n *note) Save(ctx context.Context, data []byte) error {
	if len(data) > MaxState {
		return fmt.Errorf("save the state of a destination: it has %d bytes, at most %d are kept", len(data), MaxState)
	}
	if n.closed.Load() {
		return fmt.Errorf("save the state of a destination: %w", errNoteClosed)
	}
	kv, err := n.all.bucket(ctx)
	if err != nil {
		return err
	}
	if err := kv.Put(ctx, n.key, data); err != nil {
		return fmt.Errorf("save the state of a destination: %w", err)
	}
	return nil
}

// close ends the use of the note by one instance.
func (n *note) close() { n.closed.Store(true) }
