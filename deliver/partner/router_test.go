package partner

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"reslog/bus"
	"reslog/deliver"
	"reslog/diagnostic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The account adds up when a receiver rejects some of a request: what may not
// have been stored is not called delivered, and can be had again.
func TestLedgerAfterPartialSuccess(t *testing.T) {
	p := newOTLPPlace(t, false)
	n := 0
	p.set(func(_ *http.Request, records int) *reply {
		if n++; n == 2 {
			return partial(1, "too old")
		}
		return nil
	})
	ctx := t.Context()
	b, err := bus.Open(ctx, bus.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	kv, err := b.KeyValue(ctx, "settings")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := diagnostic.OpenStore(ctx, kv)
	if err != nil {
		t.Fatal(err)
	}
	const kind = diagnostic.Partner
	router := deliver.NewRouter(deliver.RouterConfig{
		Bus: b, Settings: settings,
		Kinds: map[diagnostic.DestinationKind]deliver.Kind{kind: {Open: func(context.Context, deliver.Opening) (deliver.Destination, error) {
			c := p.connection()
			c.MaxRecords = 10
			return NewOTLP(OTLPConfig{Connection: c})
		}}},
	})
	run, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = router.Run(run)
	}()
	defer func() { stop(); <-done }()
	if err := settings.Put(ctx, diagnostic.Setting{
		Name: "partner", Resource: account,
		Logs:         []diagnostic.Log{{Category: "StorageRead", Enabled: true}},
		Destinations: []diagnostic.Destination{{Kind: kind, Target: account.Parent()}},
	}); err != nil {
		t.Fatal(err)
	}
	const records = 40
	for _, it := range items(records) {
		if err := b.Emitter().Emit(ctx, it.Record); err != nil {
			t.Fatal(err)
		}
	}
	ledger := func() deliver.LedgerEntry {
		if e := router.Ledger(); len(e) == 1 {
			return e[0]
		}
		return deliver.LedgerEntry{}
	}
	until(t, func() bool { e := ledger(); return e.Delivered+e.DeadLettered == records })
	e := ledger()
	if e.Accepted != records || e.DeadLettered == 0 || int(e.Delivered) != len(p.Held(t)) {
		t.Errorf("ledger %+v, held %d", e, len(p.Held(t)))
	}
	letters, err := router.DeadLetters().List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	dead := 0
	for _, l := range letters {
		if !strings.Contains(l.Reason, fmt.Sprintf("rejected 1 of %d", len(l.Records))) {
			t.Errorf("reason %q of %d records", l.Reason, len(l.Records))
		}
		dead += len(l.Records)
		if err := router.DeadLetters().Replay(ctx, l.Key); err != nil {
			t.Fatal(err)
		}
	}
	if dead != int(e.DeadLettered) {
		t.Errorf("%d records in dead letters, counted are %d", dead, e.DeadLettered)
	}
	// Replayed, they arrive, with the uid they had.
	until(t, func() bool { return len(p.Held(t)) == records })
	seen := make(map[string]bool)
	for _, id := range p.Held(t) {
		seen[id] = true
	}
	for _, it := range items(records) {
		if !seen[it.Record.ID] {
			t.Errorf("record %s never arrived", it.Record.ID)
		}
	}
}

// A partner that is away costs nothing but time.
func TestOutage(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, held := a.open(t, nil)
		srv.http.Close()
		deliverFails(t, d, items(3), "127.0.0.1")
		if n := len(held()); n != 0 {
			t.Errorf("%d records held", n)
		}
	})
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing happens")
		}
	}
}
