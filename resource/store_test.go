package resource

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"testing"
)

// memory is a KeyValue that fails when it is told to.
type memory struct {
	values map[string][]byte
	err    error
}

func (m *memory) List(context.Context) (map[string][]byte, error) { return maps.Clone(m.values), m.err }

func (m *memory) Put(_ context.Context, key string, value []byte) error {
	if m.err == nil {
		m.values[key] = value
	}
	return m.err
}

func (m *memory) Delete(_ context.Context, key string) error {
	if m.err == nil {
		delete(m.values, key)
	}
	return m.err
}

const accountPath = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/"

func TestStoreKeepsResources(t *testing.T) {
	ctx := t.Context()
	kv := &memory{values: map[string][]byte{}}
	s, err := OpenStore(ctx, kv)
	if err != nil {
		t.Fatal(err)
	}
	a := Resource{ID: MustParse(accountPath + "Alpha"), Location: "local", Properties: json.RawMessage(`{"k":1}`)}
	b := Resource{ID: MustParse(accountPath + "beta")}
	hub := Resource{ID: MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.SignalRService/SignalR/hub")}
	for _, r := range []Resource{hub, b, a} {
		if err := s.Put(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(ctx, b.ID); err != nil {
		t.Fatal(err)
	}

	again, err := OpenStore(ctx, kv)
	if err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]*Store{"written": s, "read again": again} {
		got, ok := store.Get(MustParse(accountPath + "ALPHA"))
		if !ok || got.Location != "local" || string(got.Properties) != `{"k":1}` || got.ID.String() != a.ID.String() {
			t.Errorf("%s: got %+v, %v", name, got, ok)
		}
		if _, ok := store.Get(b.ID); ok {
			t.Errorf("%s: the deleted resource is still there", name)
		}
		if list := store.List("microsoft.storage/STORAGEACCOUNTS"); len(list) != 1 || !list[0].ID.Equal(a.ID) {
			t.Errorf("%s: list of accounts is %v", name, list)
		}
		if list := store.List(""); len(list) != 2 {
			t.Errorf("%s: list of all is %v", name, list)
		}
	}
}

func TestStoreTellsWatchers(t *testing.T) {
	ctx := t.Context()
	s, err := OpenStore(ctx, &memory{values: map[string][]byte{}})
	if err != nil {
		t.Fatal(err)
	}
	r := Resource{ID: MustParse(accountPath + "one")}
	if err := s.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	var seen []bool
	s.Watch(func(_ Resource, exists bool) { seen = append(seen, exists) })
	if err := s.Put(ctx, r); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 3 || !seen[0] || !seen[1] || seen[2] {
		t.Errorf("watcher saw %v, want true true false", seen)
	}
}

func TestStoreFailures(t *testing.T) {
	ctx := t.Context()
	kv := &memory{values: map[string][]byte{}}
	s, err := OpenStore(ctx, kv)
	if err != nil {
		t.Fatal(err)
	}
	r := Resource{ID: MustParse(accountPath + "one")}
	if err := s.Delete(ctx, r.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("delete of nothing: %v", err)
	}
	kv.err = errors.New("disk is gone")
	if err := s.Put(ctx, r); !errors.Is(err, kv.err) {
		t.Errorf("put: %v", err)
	}
	if _, ok := s.Get(r.ID); ok {
		t.Error("a resource that could not be kept can be read")
	}
	kv.err = nil
	kv.values["x"] = []byte("{")
	if _, err := OpenStore(ctx, kv); err == nil {
		t.Error("a broken resource was read")
	}
}
