package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrNotFound is returned for a resource that does not exist.
var ErrNotFound = errors.New("resource not found")

// Resource is a thing that exists on a node.
type Resource struct {
	ID       ID     `json:"id"`
	Location string `json:"location,omitempty"`
	// Kind, SKU and Tags are what Resource Manager keeps beside the properties,
	// as the client wrote them.
	Kind string            `json:"kind,omitempty"`
	SKU  json.RawMessage   `json:"sku,omitempty"`
	Tags map[string]string `json:"tags,omitempty"`
	// Properties are the resource's own, as clients see them. They hold no secret.
	Properties json.RawMessage `json:"properties,omitempty"`
	// Secrets are what only the node sees, in a form that the resource's type
	// knows: an account's keys, a partner's API key. Nothing prints them.
	Secrets json.RawMessage `json:"secrets,omitempty"`
	// Created and Changed are when the resource was made and last put.
	Created time.Time `json:"created,omitzero"`
	Changed time.Time `json:"changed,omitzero"`
}

// SKUName returns the name of the SKU, "Standard_LRS", or "".
func (r *Resource) SKUName() string {
	var sku struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(r.SKU, &sku) != nil {
		return ""
	}
	return sku.Name
}

// KeyValue is where a Store keeps resources.
type KeyValue interface {
	// List returns every key with its value.
	List(ctx context.Context) (map[string][]byte, error)
	// Put returns when the value is durable.
	Put(ctx context.Context, key string, value []byte) error
	// Delete of a key that is not there does nothing.
	Delete(ctx context.Context, key string) error
}

// Store holds the resources that exist. Reads are lock-free and never block;
// writes are durable before they can be read.
type Store struct {
	kv  KeyValue
	all atomic.Pointer[map[Key]Resource] // replaced, never changed

	mu       sync.Mutex // serialises writes and the calls of watchers
	watchers []func(Resource, bool)
}

// OpenStore reads what kv holds.
func OpenStore(ctx context.Context, kv KeyValue) (*Store, error) {
	stored, err := kv.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the resources: %w", err)
	}
	all := make(map[Key]Resource, len(stored))
	for key, value := range stored {
		var r Resource
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, fmt.Errorf("read the resource at key %s: %w", key, err)
		}
		all[r.ID.Key()] = r
	}
	s := &Store{kv: kv}
	s.all.Store(&all)
	return s, nil
}

// Get returns a resource; what it points to must not be changed.
func (s *Store) Get(id ID) (Resource, bool) {
	r, ok := (*s.all.Load())[id.Key()]
	return r, ok
}

// List returns the resources of a type, without regard to case, by ID; of all
// types when typ is "".
func (s *Store) List(typ string) []Resource {
	var list []Resource
	for _, r := range *s.all.Load() {
		if typ == "" || strings.EqualFold(r.ID.Type(), typ) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b Resource) int { return strings.Compare(string(a.ID.Key()), string(b.ID.Key())) })
	return list
}

// Put makes or replaces a resource. When it returns every watcher knows.
func (s *Store) Put(ctx context.Context, r Resource) error {
	value, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode resource %s: %w", r.ID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.kv.Put(ctx, string(r.ID.Key()), value); err != nil {
		return fmt.Errorf("keep resource %s: %w", r.ID, err)
	}
	next := maps.Clone(*s.all.Load())
	next[r.ID.Key()] = r
	s.all.Store(&next)
	for _, fn := range s.watchers {
		fn(r, true)
	}
	return nil
}

// Delete removes a resource, or returns ErrNotFound.
func (s *Store) Delete(ctx context.Context, id ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.Get(id)
	if !ok {
		return fmt.Errorf("delete %s: %w", id, ErrNotFound)
	}
	if err := s.kv.Delete(ctx, string(id.Key())); err != nil {
		return fmt.Errorf("delete resource %s: %w", id, err)
	}
	next := maps.Clone(*s.all.Load())
	delete(next, id.Key())
	s.all.Store(&next)
	for _, fn := range s.watchers {
		fn(r, false)
	}
	return nil
}

// Watch calls fn for every resource there is and then, in order, for each that
// is put (exists is true) or deleted. fn must be quick and must not call the
// Store's writing methods.
func (s *Store) Watch(fn func(r Resource, exists bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.List("") {
		fn(r, true)
	}
	s.watchers = append(s.watchers, fn)
}
