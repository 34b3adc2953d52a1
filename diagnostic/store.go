package diagnostic

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"reslog/resource"
)

// ErrNotFound is wrapped by Delete and Get for a setting that is not there.
var ErrNotFound = errors.New("diagnostic setting not found")

// KeyValue is where a Store keeps its settings: a bucket of its own. A
// bus.KeyValue is one.
type KeyValue interface {
	Put(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
	List(ctx context.Context) (map[string][]byte, error)
}

// Store holds the settings of a node. It is the only writer of its bucket.
type Store struct {
	kv KeyValue

	// mu is held over a whole change, watchers included: changes reach every
	// watcher in one order.
	mu       sync.Mutex
	watchers []func([]Setting)

	view     sync.RWMutex
	settings map[string]Setting // by key
}

// OpenStore reads the settings that kv holds.
func OpenStore(ctx context.Context, kv KeyValue) (*Store, error) {
	values, err := kv.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("read diagnostic settings: %w", err)
	}
	s := &Store{kv: kv, settings: make(map[string]Setting, len(values))}
	for k, v := range values {
		var set Setting
		if err := json.Unmarshal(v, &set); err != nil {
			return nil, fmt.Errorf("read diagnostic setting %q: %w", k, err)
		}
		s.settings[key(set.Resource, set.Name)] = set
	}
	return s, nil
}

// Put makes a setting or replaces the one with its name. It returns when the
// setting is stored and every watcher has it. A setting that is equal to the
// stored one changes nothing. One that does not go with the others of its
// resource is a *Refusal.
func (s *Store) Put(ctx context.Context, set Setting) error { return s.PutIf(ctx, set, nil) }

// PutIf is Put on a condition: allow, unless nil, is given the setting that
// would be replaced, nil when there is none, and its error is PutIf's. No other
// write comes between allow and the change, so allow must not call Put, PutIf,
// Delete or Watch, nor change what it is given.
func (s *Store) PutIf(ctx context.Context, set Setting, allow func(old *Setting) error) error {
	if err := set.Validate(); err != nil {
		return err
	}
	value, err := json.Marshal(set)
	if err != nil {
		return fmt.Errorf("put diagnostic setting %q: %w", set.Name, err)
	}
	// What is kept is a copy that the caller cannot change.
	var own Setting
	if err := json.Unmarshal(value, &own); err != nil {
		return fmt.Errorf("put diagnostic setting %q: %w", set.Name, err)
	}
	k := key(set.Resource, set.Name)

	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.lookup(k)
	if allow != nil {
		var was *Setting
		if exists {
			was = &old
		}
		if err := allow(was); err != nil {
			return err
		}
	}
	if exists {
		if was, err := json.Marshal(old); err == nil && string(was) == string(value) {
			return nil
		}
	}
	if refusal := cmp.Or(reserved(&own), conflict(&own, s.List(own.Resource))); refusal != nil {
		return refusal
	}
	if err := s.kv.Put(ctx, k, value); err != nil {
		return fmt.Errorf("put diagnostic setting %q: %w", set.Name, err)
	}
	s.view.Lock()
	s.settings[k] = own
	s.view.Unlock()
	s.tell()
	return nil
}

// Delete removes a setting. It returns when every watcher knows.
func (s *Store) Delete(ctx context.Context, id resource.ID, name string) error {
	k := key(id, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.lookup(k); !ok {
		return fmt.Errorf("delete diagnostic setting %q of %s: %w", name, id, ErrNotFound)
	}
	if err := s.kv.Delete(ctx, k); err != nil {
		return fmt.Errorf("delete diagnostic setting %q: %w", name, err)
	}
	s.view.Lock()
	delete(s.settings, k)
	s.view.Unlock()
	s.tell()
	return nil
}

// Get returns one setting.
func (s *Store) Get(id resource.ID, name string) (Setting, error) {
	set, ok := s.lookup(key(id, name))
	if !ok {
		return Setting{}, fmt.Errorf("diagnostic setting %q of %s: %w", name, id, ErrNotFound)
	}
	return set, nil
}

// List returns the settings of one resource, by name.
func (s *Store) List(id resource.ID) []Setting {
	all := s.All()
	return slices.DeleteFunc(all, func(set Setting) bool { return !set.Resource.Equal(id) })
}

// All returns every setting, by resource and name.
func (s *Store) All() []Setting {
	s.view.RLock()
	defer s.view.RUnlock()
	all := make([]Setting, 0, len(s.settings))
	for _, set := range s.settings {
		all = append(all, set)
	}
	slices.SortFunc(all, func(a, b Setting) int {
		return cmp.Or(cmp.Compare(a.Resource.Key(), b.Resource.Key()),
			cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return all
}

// Watch calls fn with all settings now and again after every change, from one
// goroutine at a time and before Put or Delete return. Watchers are called in
// the order they came. fn must not call Put, Delete or Watch, nor change what
// it is given.
func (s *Store) Watch(fn func([]Setting)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, fn)
	fn(s.All())
}

func (s *Store) tell() {
	all := s.All()
	for _, fn := range s.watchers {
		fn(all)
	}
}

func (s *Store) lookup(k string) (Setting, bool) {
	s.view.RLock()
	defer s.view.RUnlock()
	set, ok := s.settings[k]
	return set, ok
}

// key joins what makes a setting unique. A resource ID has no control
// character, a name has none either.
func key(id resource.ID, name string) string {
	return string(id.Key()) + "\n" + strings.ToLower(name)
}
