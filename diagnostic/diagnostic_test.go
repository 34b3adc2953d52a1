package diagnostic_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"reslog/diagnostic"
	"reslog/record"
	"reslog/resource"
)

var (
	account = resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/A")
	blobs   = account.Child("blobServices", "default")
)

// memory is a KeyValue in memory.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	err    error
}

func (m *memory) Put(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	if m.values == nil {
		m.values = make(map[string][]byte)
	}
	m.values[key] = value
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return m.err
}

func (m *memory) List(context.Context) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.values), m.err
}

func classic(name string, categories ...record.Category) diagnostic.Setting {
	s := diagnostic.Setting{Name: name, Resource: blobs, Destinations: []diagnostic.Destination{{
		Kind: diagnostic.Classic, Target: account, Options: map[string]string{"version": "1.0"},
	}}}
	for _, c := range categories {
		s.Logs = append(s.Logs, diagnostic.Log{Category: c, Enabled: true})
	}
	return s
}

// recorder is an Emitter that notes what reaches it.
type recorder struct {
	calls []string
}

func (r *recorder) Enabled(resource.ID, record.Category) bool { return true }
func (r *recorder) note(what string, rec record.Record) error {
	r.calls = append(r.calls, what+" "+rec.ID)
	return nil
}
func (r *recorder) Begin(_ context.Context, rec record.Record) error { return r.note("begin", rec) }
func (r *recorder) Emit(_ context.Context, rec record.Record) error  { return r.note("emit", rec) }
func (r *recorder) Withdraw(_ context.Context, rec record.Record) error {
	return r.note("withdraw", rec)
}

func rec(c record.Category, id string) record.Record {
	return record.Record{Resource: blobs, Category: c, ID: id}
}

func openStore(t *testing.T, kv diagnostic.KeyValue) *diagnostic.Store {
	t.Helper()
	s, err := diagnostic.OpenStore(t.Context(), kv)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASettingIsInForceWhenPutReturns(t *testing.T) {
	store := openStore(t, &memory{})
	var out recorder
	gate := diagnostic.NewGate(&out)
	store.Watch(gate.Update)
	enabled := func(c record.Category) bool { return gate.Enabled(blobs, c) }

	if enabled("StorageRead") {
		t.Error("enabled before there is a setting")
	}
	if err := store.Put(t.Context(), classic("x", "StorageRead")); err != nil {
		t.Fatal(err)
	}
	if !enabled("StorageRead") || enabled("StorageWrite") {
		t.Error("not in force after Put")
	}
	lower := resource.MustParse(strings.ToLower(blobs.String()))
	if !gate.Enabled(lower, "StorageRead") {
		t.Error("the case of the resource ID matters")
	}
	if gate.Enabled(account, "StorageRead") {
		t.Error("enabled for the parent")
	}
	if err := store.Put(t.Context(), classic("y", "StorageWrite")); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), lower, "X"); err != nil {
		t.Fatal(err)
	}
	if enabled("StorageRead") || !enabled("StorageWrite") {
		t.Error("not in force after Delete")
	}
	off := classic("y", "StorageWrite")
	off.Logs[0].Enabled = false
	if err := store.Put(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	if enabled("StorageWrite") {
		t.Error("a category that is switched off is enabled")
	}
}

func TestGatePassesOnlyWhatIsWantedAndSettlesWhatWas(t *testing.T) {
	store := openStore(t, &memory{})
	var out recorder
	gate := diagnostic.NewGate(&out)
	store.Watch(gate.Update)
	if err := store.Put(t.Context(), classic("x", "StorageRead")); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(gate.Begin(ctx, rec("StorageRead", "1")))
	must(gate.Emit(ctx, rec("StorageRead", "1")))
	must(gate.Begin(ctx, rec("StorageWrite", "2")))
	must(gate.Begin(ctx, rec("StorageRead", "3")))
	must(store.Delete(ctx, blobs, "x"))
	must(gate.Emit(ctx, rec("StorageRead", "3"))) // no longer wanted, but its intent must go
	must(gate.Begin(ctx, rec("StorageRead", "4")))
	want := "[begin 1 emit 1 begin 3 withdraw 3]"
	if got := fmt.Sprint(out.calls); got != want {
		t.Errorf("passed on %s, want %s", got, want)
	}
}

func TestStoreSurvivesARestart(t *testing.T) {
	var kv memory
	store := openStore(t, &kv)
	want := []diagnostic.Setting{classic("a", "StorageRead"), classic("B", "StorageWrite", "StorageDelete")}
	for _, s := range want {
		if err := store.Put(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	store = openStore(t, &kv)
	if got := store.List(blobs); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := store.List(account); len(got) != 0 {
		t.Errorf("settings of another resource: %v", got)
	}
	if got, err := store.Get(blobs, "b"); err != nil || got.Name != "B" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := store.Get(blobs, "c"); !errors.Is(err, diagnostic.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if err := store.Delete(t.Context(), blobs, "c"); !errors.Is(err, diagnostic.ErrNotFound) {
		t.Errorf("delete: %v", err)
	}
}

func TestPutKeepsNothingOfTheCallers(t *testing.T) {
	store := openStore(t, &memory{})
	s := classic("x", "StorageRead")
	if err := store.Put(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	s.Logs[0].Category = "changed"
	s.Destinations[0].Options["version"] = "changed"
	got, err := store.Get(blobs, "x")
	if err != nil || got.Logs[0].Category != "StorageRead" || got.Destinations[0].Options["version"] != "1.0" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWatchersAreCalledInOrderAndOnlyForChanges(t *testing.T) {
	var kv memory
	store := openStore(t, &kv)
	var calls []string
	for _, name := range []string{"one", "two"} {
		store.Watch(func(all []diagnostic.Setting) { calls = append(calls, fmt.Sprint(name, len(all))) })
	}
	s := classic("x", "StorageRead")
	for range 2 { // the second changes nothing
		if err := store.Put(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	kv.err = errors.New("no disk")
	if err := store.Put(t.Context(), classic("y", "StorageRead")); !errors.Is(err, kv.err) {
		t.Errorf("put: %v", err)
	}
	if err := store.Delete(t.Context(), blobs, "x"); !errors.Is(err, kv.err) {
		t.Errorf("delete: %v", err)
	}
	want := []string{"one0", "two0", "one1", "two1"}
	if !slices.Equal(calls, want) {
		t.Errorf("calls %v, want %v", calls, want)
	}
	if len(store.All()) != 1 {
		t.Errorf("what could not be stored is in force: %v", store.All())
	}
}

func TestOpenStoreSaysWhatIsDamaged(t *testing.T) {
	_, err := diagnostic.OpenStore(t.Context(), &memory{values: map[string][]byte{"k": []byte("{")}})
	if err == nil || !strings.Contains(err.Error(), `"k"`) {
		t.Errorf("open: %v", err)
	}
}

func TestValidate(t *testing.T) {
	if s := classic("storage-analytics", "StorageRead"); s.Validate() != nil {
		t.Errorf("a good setting: %v", s.Validate())
	}
	for says, change := range map[string]func(*diagnostic.Setting){
		"names no resource":    func(s *diagnostic.Setting) { s.Resource = resource.ID{} },
		"the name has 0 bytes": func(s *diagnostic.Setting) { s.Name = "" },
		"the name has 261":     func(s *diagnostic.Setting) { s.Name = strings.Repeat("n", 261) },
		"may not contain":      func(s *diagnostic.Setting) { s.Name = "a/b" },
		"not valid UTF-8":      func(s *diagnostic.Setting) { s.Name = "a\xff" },
		"control":              func(s *diagnostic.Setting) { s.Name = "a\nb" },
		"no destination":       func(s *diagnostic.Setting) { s.Destinations = nil },
		"kind \"moon\"":        func(s *diagnostic.Setting) { s.Destinations[0].Kind = "moon" },
		"has no target":        func(s *diagnostic.Setting) { s.Destinations[0].Target = resource.ID{} },
		"two destinations":     func(s *diagnostic.Setting) { s.Destinations = append(s.Destinations, s.Destinations[0]) },
		"9 destinations":       func(s *diagnostic.Setting) { s.Destinations = make([]diagnostic.Destination, 9) },
		"names no category":    func(s *diagnostic.Setting) { s.Logs[0].Category = "" },
		"listed twice":         func(s *diagnostic.Setting) { s.Logs = append(s.Logs, s.Logs[0]) },
		"366 days":             func(s *diagnostic.Setting) { s.Logs[0].Retention = diagnostic.Retention{Enabled: true, Days: 366} },
		"-1 days":              func(s *diagnostic.Setting) { s.Logs[0].Retention.Days = -1 },
		"257 logs":             func(s *diagnostic.Setting) { s.Logs = make([]diagnostic.Log, 257) },
		"longer than 4096":     func(s *diagnostic.Setting) { s.Destinations[0].Options["k"] = strings.Repeat("v", 4097) },
		"has 33 options": func(s *diagnostic.Setting) {
			for i := range 32 {
				s.Destinations[0].Options[fmt.Sprint(i)] = "v"
			}
		},
	} {
		s := classic("x", "StorageRead")
		change(&s)
		err := s.Validate()
		if !errors.Is(err, diagnostic.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
		store := openStore(t, &memory{})
		if err := store.Put(t.Context(), s); !errors.Is(err, diagnostic.ErrInvalid) {
			t.Errorf("%s: put: %v", says, err)
		}
	}
}

func TestGateUnderChange(t *testing.T) {
	var out recorder
	gate := diagnostic.NewGate(&out)
	settings := []diagnostic.Setting{classic("x", "StorageRead")}
	gate.Update(settings)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if !gate.Enabled(blobs, "StorageRead") {
					t.Error("a category that every setting wants was not enabled")
					return
				}
			}
		})
	}
	for i := range 1000 {
		gate.Update(append(settings, classic(fmt.Sprint(i), "StorageWrite")))
	}
	close(stop)
	wg.Wait()
}

func BenchmarkGateEnabled(b *testing.B) {
	var out recorder
	gate := diagnostic.NewGate(&out)
	gate.Update([]diagnostic.Setting{classic("x", "StorageRead")})
	b.ReportAllocs()
	for b.Loop() {
		gate.Enabled(blobs, "StorageRead")
	}
}

func TestPutIfAsksBeforeItChanges(t *testing.T) {
	store := openStore(t, &memory{})
	no := errors.New("not today")
	if err := store.PutIf(t.Context(), classic("x", "StorageRead"), func(old *diagnostic.Setting) error {
		if old != nil {
			t.Errorf("there is a setting before the first: %v", old)
		}
		return no
	}); !errors.Is(err, no) {
		t.Errorf("put: %v", err)
	}
	if len(store.All()) != 0 {
		t.Error("a setting that was not allowed is there")
	}
	if err := store.Put(t.Context(), classic("x", "StorageRead")); err != nil {
		t.Fatal(err)
	}
	if err := store.PutIf(t.Context(), classic("X", "StorageWrite"), func(old *diagnostic.Setting) error {
		if old == nil || !old.Wants("StorageRead") {
			t.Errorf("the setting before is %v", old)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Get(blobs, "x"); err != nil || !got.Wants("StorageWrite") {
		t.Errorf("got %v, %v", got, err)
	}
}
