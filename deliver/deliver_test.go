package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"reslog/bus"
	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/record"
	"reslog/resource"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	accountA = resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a")
	accountB = resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/b")
	blobsA   = accountA.Child("blobServices", "default")
	blobsB   = accountB.Child("blobServices", "default")
)

const (
	read  = record.Category("StorageRead")
	write = record.Category("StorageWrite")
)

// sink is a place in memory that keeps what was delivered to it, each record as
// soon as it is handed over.
type sink struct {
	mu      sync.Mutex
	ids     []string
	last    bus.Position
	options []string // of the destinations opened
	fail    func(batch []deliver.Item) error
	hold    bool // settle only when forced
	opened  int
}

type sinkDestination struct {
	s     *sink
	taken bus.Position
}

func (s *sink) open(_ context.Context, o deliver.Opening) (deliver.Destination, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	s.options = append(s.options, o.Destination.Options["version"])
	return &sinkDestination{s: s}, nil
}

func (d *sinkDestination) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	d.s.mu.Lock()
	fail := d.s.fail
	d.s.mu.Unlock()
	if fail != nil {
		if err := fail(batch); err != nil {
			return bus.Position{}, err
		}
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	for _, it := range batch {
		if d.s.last.IsZero() || it.Position.After(d.s.last) {
			d.s.ids = append(d.s.ids, it.Record.ID)
			d.s.last = it.Position
		}
	}
	d.taken = batch[len(batch)-1].Position
	if d.s.hold {
		return bus.Position{}, nil
	}
	return d.taken, nil
}

func (d *sinkDestination) Flush(_ context.Context, force bool) (bus.Position, error) {
	if force {
		return d.taken, nil
	}
	return bus.Position{}, nil
}

func (d *sinkDestination) Close(context.Context) error { return nil }

func (s *sink) held() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ids)
}

func (s *sink) setFail(fn func([]deliver.Item) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fn
}

// node is bus, settings, gate and router, as the server wires them.
type node struct {
	t        *testing.T
	bus      *bus.Bus
	settings *diagnostic.Store
	gate     *diagnostic.Gate
	router   *deliver.Router
	stop     func()
}

func start(t *testing.T, dir string, busCfg bus.Config, cfg deliver.RouterConfig) *node {
	t.Helper()
	log := slog.New(slog.NewTextHandler(testWriter{t}, nil))
	busCfg.Dir, busCfg.Logger = dir, log
	if busCfg.TrimInterval == 0 { // what was delivered stays to be counted
		busCfg.TrimInterval = time.Hour
	}
	b, err := bus.Open(t.Context(), busCfg)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := b.KeyValue(t.Context(), "settings")
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, bus: b, gate: diagnostic.NewGate(b.Emitter())}
	if n.settings, err = diagnostic.OpenStore(t.Context(), kv); err != nil {
		t.Fatal(err)
	}
	cfg.Bus, cfg.Settings = b, n.settings
	if cfg.Logger == nil {
		cfg.Logger = log
	}
	cfg.RetryMin, cfg.RetryMax = time.Millisecond, 10*time.Millisecond
	if cfg.FlushInterval == 0 {
		cfg.FlushInterval = 20 * time.Millisecond
	}
	if cfg.DrainTimeout == 0 {
		cfg.DrainTimeout = 30 * time.Second
	}
	n.router = deliver.NewRouter(cfg)
	n.settings.Watch(n.gate.Update)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.router.Run(ctx) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Cleanup(n.stop)
	return n
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func kinds(s *sink) map[diagnostic.DestinationKind]deliver.Kind { return opened(s.open) }

// opened is one kind of destinations, opened by fn.
func opened(fn deliver.Factory) map[diagnostic.DestinationKind]deliver.Kind {
	return map[diagnostic.DestinationKind]deliver.Kind{diagnostic.Classic: {Open: fn}}
}

// bySetting opens each setting's own sink.
func bySetting(sinks map[string]*sink) map[diagnostic.DestinationKind]deliver.Kind {
	return opened(func(ctx context.Context, o deliver.Opening) (deliver.Destination, error) {
		return sinks[o.Setting.Name].open(ctx, o)
	})
}

func setting(name string, id resource.ID, target resource.ID, version string, categories ...record.Category) diagnostic.Setting {
	s := diagnostic.Setting{Name: name, Resource: id, Destinations: []diagnostic.Destination{{
		Kind: diagnostic.Classic, Target: target, Options: map[string]string{"version": version},
	}}}
	for _, c := range categories {
		s.Logs = append(s.Logs, diagnostic.Log{Category: c, Enabled: true})
	}
	return s
}

func (n *node) put(s diagnostic.Setting) {
	n.t.Helper()
	if err := n.settings.Put(n.t.Context(), s); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) emit(id resource.ID, c record.Category, names ...string) {
	n.t.Helper()
	now := time.Now().UTC()
	for _, name := range names {
		r := record.Record{Resource: id, Category: c, ID: name, Time: now, Ended: now, Line: []byte(`{"id":"` + name + `"}`)}
		if err := n.gate.Emit(n.t.Context(), r); err != nil {
			n.t.Fatal(err)
		}
	}
}

func (n *node) drain() {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	if err := n.router.Drain(ctx); err != nil {
		n.t.Fatal(err)
	}
}

func numbers(prefix string, from, to int) []string {
	var names []string
	for i := from; i < to; i++ {
		names = append(names, fmt.Sprintf("%s%03d", prefix, i))
	}
	return names
}

func wantIDs(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("delivered %d records %v\nwant %d %v", len(got), got, len(want), want)
	}
}

func (n *node) ledger(name string) deliver.LedgerEntry {
	n.t.Helper()
	for _, e := range n.router.Ledger() {
		if e.Setting == name {
			return e
		}
	}
	n.t.Fatalf("no ledger for %s in %+v", name, n.router.Ledger())
	return deliver.LedgerEntry{}
}

// patience bounds what a test waits for, on a machine that has other work.
const patience = 2 * time.Minute

func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if fn() {
			return
		}
	}
	t.Fatalf("not in time: %s", what)
}

func TestOnlyWhatASettingWantsFromWhenItWasMade(t *testing.T) {
	var s sink
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.emit(blobsA, read, "before")
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 10)...)
	n.emit(blobsA, write, "unwanted")
	n.emit(blobsB, read, "elsewhere")
	n.drain()
	wantIDs(t, s.held(), numbers("r", 0, 10))
	if e := n.ledger("x"); e.Accepted != 10 || e.Delivered != 10 || e.LagRecords != 0 || e.State != deliver.Running {
		t.Errorf("ledger %+v", e)
	}
}

func TestCategoriesChangeWithoutLossOrRepeat(t *testing.T) {
	var a, b sink
	both := bySetting(map[string]*sink{"a": &a, "b": &b})
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: both})
	// b wants everything, so that all of it is on the stream whatever a wants.
	n.put(setting("b", blobsA, accountA, "1.0", read, write))
	var want []string
	for round := range 20 {
		reads, writes := numbers(fmt.Sprintf("r%02d-", round), 0, 5), numbers(fmt.Sprintf("w%02d-", round), 0, 5)
		if round%2 == 0 {
			n.put(setting("a", blobsA, accountA, "1.0", read))
			want = append(want, reads...)
		} else {
			n.put(setting("a", blobsA, accountA, "1.0", write))
			want = append(want, writes...)
		}
		for i := range reads {
			n.emit(blobsA, read, reads[i])
			n.emit(blobsA, write, writes[i])
		}
	}
	n.drain()
	wantIDs(t, a.held(), want)
	if got := len(b.held()); got != 200 {
		t.Errorf("the other setting got %d records, want 200", got)
	}
}

func TestRestartContinues(t *testing.T) {
	var s sink
	dir := t.TempDir()
	n := start(t, dir, bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("a", 0, 50)...)
	n.stop() // drains
	n = start(t, dir, bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.emit(blobsA, read, numbers("b", 0, 50)...)
	n.drain()
	wantIDs(t, s.held(), append(numbers("a", 0, 50), numbers("b", 0, 50)...))
	if e := n.ledger("x"); e.Accepted != 100 || e.Delivered != 100 || e.Retried != 0 {
		t.Errorf("ledger %+v", e)
	}
}

func TestUnsettledRecordsComeAgainAfterARestart(t *testing.T) {
	s := sink{hold: true}
	dir := t.TempDir()
	cfg := deliver.RouterConfig{Kinds: kinds(&s), DrainTimeout: 50 * time.Millisecond}
	n := start(t, dir, bus.Config{}, cfg)
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("a", 0, 5)...)
	eventually(t, "all handed over", func() bool { return len(s.held()) == 5 })
	s.setFail(func([]deliver.Item) error { return errors.New("down") })
	n.emit(blobsA, read, "b")
	eventually(t, "retries", func() bool { return n.ledger("x").Retried > 2 })
	n.stop() // cannot drain: b fails before the flush
	s.mu.Lock()
	s.ids, s.last, s.fail = nil, bus.Position{}, nil // the place lost what it had not settled
	s.mu.Unlock()
	n = start(t, dir, bus.Config{}, cfg)
	n.drain()
	wantIDs(t, s.held(), append(numbers("a", 0, 5), "b"))
	if e := n.ledger("x"); e.Delivered != 6 || e.Accepted != 6 || e.Retried == 0 {
		t.Errorf("ledger %+v", e)
	}
}

func TestFailuresAreRetriedInOrder(t *testing.T) {
	var s sink
	calls := 0
	s.fail = func([]deliver.Item) error {
		if calls++; calls%3 != 0 {
			return errors.New("busy")
		}
		return nil
	}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s), BatchRecords: 7})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 100)...)
	n.drain()
	wantIDs(t, s.held(), numbers("r", 0, 100))
	e := n.ledger("x")
	if e.Retried == 0 || e.LastError != "busy" || e.Delivered != 100 {
		t.Errorf("ledger %+v", e)
	}
}

func TestPermanentErrorsBecomeDeadLettersAndReplay(t *testing.T) {
	var s sink
	bad := errors.New("cannot be rendered")
	s.fail = func(batch []deliver.Item) error {
		var positions []bus.Position
		for _, it := range batch {
			if strings.HasSuffix(it.Record.ID, "3") {
				positions = append(positions, it.Position)
			}
		}
		return deliver.Reject(bad, positions...)
	}
	s.fail = rejectNothing(s.fail)
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 20)...)
	n.drain()
	var want []string
	for _, id := range numbers("r", 0, 20) {
		if !strings.HasSuffix(id, "3") {
			want = append(want, id)
		}
	}
	wantIDs(t, s.held(), want)
	if e := n.ledger("x"); e.DeadLettered != 2 || e.Delivered != 18 || e.Accepted != 20 || e.LastError == "" || e.LagRecords != 0 {
		t.Errorf("ledger %+v", e)
	}

	letters, err := n.router.DeadLetters().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var dead []string
	for _, l := range letters {
		for _, r := range l.Records {
			dead = append(dead, r.ID)
		}
		if l.Reason != bad.Error() || l.Setting != "x" {
			t.Errorf("dead letter %+v", l)
		}
	}
	slices.Sort(dead)
	if fmt.Sprint(dead) != "[r003 r013]" {
		t.Fatalf("dead letters hold %v", dead)
	}

	s.setFail(nil)
	for _, l := range letters {
		if err := n.router.DeadLetters().Replay(t.Context(), l.Key); err != nil {
			t.Fatal(err)
		}
	}
	n.drain()
	got := s.held()[18:]
	slices.Sort(got)
	wantIDs(t, got, []string{"r003", "r013"})
	if letters, _ = n.router.DeadLetters().List(t.Context()); len(letters) != 0 {
		t.Errorf("%d dead letters are left", len(letters))
	}
}

// rejectNothing turns a rejection of no positions into success.
func rejectNothing(fn func([]deliver.Item) error) func([]deliver.Item) error {
	return func(batch []deliver.Item) error {
		if err := fn(batch); deliver.Rejected(err) != nil {
			return err
		}
		return nil
	}
}

func TestAHangingDestinationHurtsNobodyElse(t *testing.T) {
	var slow, fast sink
	hang := make(chan struct{})
	slow.fail = func([]deliver.Item) error { <-hang; return nil }
	both := bySetting(map[string]*sink{"slow": &slow, "fast": &fast})
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: both})
	n.put(setting("slow", blobsA, accountA, "1.0", read))
	n.put(setting("fast", blobsA, accountB, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 500)...)
	eventually(t, "the fast one has all", func() bool { return n.ledger("fast").Delivered == 500 })
	eventually(t, "the slow one lags", func() bool {
		e := n.ledger("slow")
		return e.Delivered == 0 && e.LagRecords == 500 && e.LagSeconds > 0
	})
	close(hang)
	n.drain()
	wantIDs(t, slow.held(), numbers("r", 0, 500))
}

func TestARemovedSettingIsDeliveredToItsEnd(t *testing.T) {
	s := sink{hold: true}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 30)...)
	if err := n.settings.Delete(t.Context(), blobsA, "X"); err != nil {
		t.Fatal(err)
	}
	n.emit(blobsA, read, "after")
	// Made again at once: a new delivery, which waits for the old one.
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, "again")
	n.drain()
	wantIDs(t, s.held(), append(numbers("r", 0, 30), "again"))
	eventually(t, "one cursor", func() bool { return len(n.bus.Cursors()) == 1 })
}

func TestARemovedSettingWithADeadDestinationLetsGo(t *testing.T) {
	s := sink{fail: func([]deliver.Item) error { return errors.New("down") }}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s), DrainTimeout: 100 * time.Millisecond})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, "r")
	if err := n.settings.Delete(t.Context(), blobsA, "x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no cursor", func() bool { return len(n.bus.Cursors()) == 0 })
}

func TestARemovalInterruptedByDeathGoesOn(t *testing.T) {
	down := sink{fail: func([]deliver.Item) error { return errors.New("down") }}
	var up sink
	dir := t.TempDir()
	cfg := deliver.RouterConfig{Kinds: kinds(&down), DrainTimeout: patience, StopTimeout: 10 * time.Millisecond}
	n := start(t, dir, bus.Config{}, cfg)
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, "r")
	if err := n.settings.Delete(t.Context(), blobsA, "x"); err != nil {
		t.Fatal(err)
	}
	if err := n.bus.Close(); err != nil { // the worker can do no more
		t.Fatal(err)
	}
	cfg.Kinds = kinds(&up)
	n = start(t, dir, bus.Config{}, cfg)
	eventually(t, "no cursor", func() bool { return len(n.bus.Cursors()) == 0 })
	wantIDs(t, up.held(), []string{"r"})
}

func TestAnotherDestinationTakesOverAtTheChange(t *testing.T) {
	s := sink{hold: true}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("a", 0, 20)...)
	n.put(setting("x", blobsA, accountA, "2.0", read))
	n.emit(blobsA, read, numbers("b", 0, 20)...)
	n.drain()
	wantIDs(t, s.held(), append(numbers("a", 0, 20), numbers("b", 0, 20)...))
	s.mu.Lock()
	defer s.mu.Unlock()
	if fmt.Sprint(s.options) != "[1.0 2.0]" {
		t.Errorf("opened with versions %v", s.options)
	}
}

func TestReopenDeliversFromTheLastSettledPosition(t *testing.T) {
	s := sink{hold: true}
	once := sync.OnceValue(func() error { return deliver.Reopen(errors.New("staged blocks are gone")) })
	fails := 0
	s.fail = func(batch []deliver.Item) error {
		if batch[0].Record.ID == "b000" && fails == 0 {
			fails++
			s.mu.Lock()
			s.ids, s.last = nil, bus.Position{}
			s.mu.Unlock()
			return once()
		}
		return nil
	}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("a", 0, 20)...)
	eventually(t, "handed over", func() bool { return len(s.held()) == 20 })
	n.emit(blobsA, read, "b000")
	n.drain()
	wantIDs(t, s.held(), append(numbers("a", 0, 20), "b000"))
	if e := n.ledger("x"); e.Accepted != 21 || e.Delivered != 21 {
		t.Errorf("ledger %+v", e)
	}
}

func TestAPanicIsAnError(t *testing.T) {
	var s sink
	panics := 0
	s.fail = func([]deliver.Item) error {
		if panics++; panics < 3 {
			panic("out of paper")
		}
		return nil
	}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, "r")
	n.drain()
	wantIDs(t, s.held(), []string{"r"})
	if e := n.ledger("x"); !strings.Contains(e.LastError, "out of paper") {
		t.Errorf("ledger %+v", e)
	}
}

func TestDisabledSettingHasNoWorker(t *testing.T) {
	var s sink
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	off := setting("x", blobsA, accountA, "1.0", read)
	n.put(off)
	n.emit(blobsA, read, "a")
	off.Logs = []diagnostic.Log{{Category: read}}
	n.put(off)
	n.emit(blobsA, read, "b")
	eventually(t, "no cursor", func() bool { return len(n.bus.Cursors()) == 0 })
	wantIDs(t, s.held(), []string{"a"})
}

func TestAFactoryThatCanNeverOpenMakesDeadLetters(t *testing.T) {
	never := opened(func(context.Context, deliver.Opening) (deliver.Destination, error) {
		return nil, deliver.Permanent(errors.New("no such account"))
	})
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: never})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, "r")
	n.drain()
	if e := n.ledger("x"); e.DeadLettered != 1 || !strings.Contains(e.LastError, "no such account") {
		t.Errorf("ledger %+v", e)
	}
}

func TestRecordsLostToLimitsAreCounted(t *testing.T) {
	s := sink{fail: func([]deliver.Item) error { return errors.New("down") }}
	dir := t.TempDir()
	n := start(t, dir, bus.Config{MaxBytes: 256 << 10}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	pad := strings.Repeat("0123456789abcdef", 64)
	const total = 400
	for i := range total {
		// Incompressible enough that the limit is reached.
		line := fmt.Appendf(nil, `{"i":%d,"pad":"%s%x"}`, i, pad[:i%16], noise(i))
		r := record.Record{Resource: blobsA, Category: read, ID: fmt.Sprint(i), Line: line}
		if err := n.gate.Emit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if i%10 == 9 {
			if _, err := n.bus.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.setFail(nil)
	n.drain()
	e := n.ledger("x")
	if e.Dropped == 0 || e.Delivered+e.Dropped != total || uint64(len(s.held())) != e.Delivered {
		t.Errorf("%d held, ledger %+v", len(s.held()), e)
	}
}

// noise returns a kilobyte that does not compress.
func noise(seed int) []byte {
	b := make([]byte, 1024)
	x := uint64(seed)*0x9e3779b97f4a7c15 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}
