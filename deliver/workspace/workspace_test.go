package workspace

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/analytics/rows"
	"reslog/bus"
	"reslog/deliver"
	"reslog/diagnostic"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func items(epoch uint64, ids ...string) []deliver.Item {
	var list []deliver.Item
	for i, id := range ids {
		list = append(list, deliver.Item{Position: bus.Position{Epoch: epoch, Seq: uint64(i + 1)}, Record: newRecord(i, id, noon)})
	}
	return list
}

func open(t *testing.T, s *fakeStore, set func(*Config)) *Destination {
	t.Helper()
	cfg := Config{Store: s, Source: "x", Dedicated: true}
	if set != nil {
		set(&cfg)
	}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Records that are no JSON are rejected, alone and at once; the rest is taken.
func TestReject(t *testing.T) {
	s := newFake()
	d := open(t, s, nil)
	batch := items(1, "a", "b", "c", "d")
	batch[1].Record.Line = []byte("no json")
	batch[3].Record.Line = nil
	_, err := d.Deliver(t.Context(), batch)
	if got := deliver.Rejected(err); !slices.Equal(got, []bus.Position{batch[1].Position, batch[3].Position}) || !errors.Is(err, rows.ErrUnusable) {
		t.Fatalf("%v rejects %v", err, got)
	}
	if len(s.held()) != 0 {
		t.Error("rows were stored with some rejected")
	}
	rest := []deliver.Item{batch[0], batch[2]}
	if p, err := d.Deliver(t.Context(), rest); err != nil || p != batch[2].Position {
		t.Fatalf("%v, %v", p, err)
	}
	if len(s.held()) != 2 || d.Stats() != (Stats{Rows: 2, Rejected: 2}) {
		t.Errorf("%d rows, %+v", len(s.held()), d.Stats())
	}
}

// Rows are in the table of their category, or in the shared one.
func TestTables(t *testing.T) {
	for dedicated, table := range map[bool]string{true: "StorageBlobLogs", false: "AzureDiagnostics"} {
		s := newFake()
		d := open(t, s, func(c *Config) { c.Dedicated = dedicated })
		if _, err := d.Deliver(t.Context(), items(1, "a")); err != nil {
			t.Fatal(err)
		}
		if row := s.held()[0]; row["Type"] != table || row["_ResourceId"] != string(blobs.Key()) || row["Category"] != "StorageRead" {
			t.Errorf("%v", row)
		}
	}
}

// The stream of another data folder counts on its own.
func TestEpochs(t *testing.T) {
	s := newFake()
	d := open(t, s, nil)
	batch := append(items(1, "a", "b"), items(2, "c")...)
	for range 2 {
		if p, err := d.Deliver(t.Context(), batch); err != nil || p != batch[2].Position {
			t.Fatalf("%v, %v", p, err)
		}
	}
	if len(s.held()) != 3 || d.Stats().Known != 3 {
		t.Errorf("%d rows, %+v", len(s.held()), d.Stats())
	}
	again := open(t, s, func(c *Config) { c.Source = "another setting" })
	if _, err := again.Deliver(t.Context(), batch); err != nil || len(s.held()) != 6 {
		t.Errorf("another setting: %d rows, %v", len(s.held()), err)
	}
}

// The columns that others made in the shared table count for its bound.
func TestSharedColumns(t *testing.T) {
	s := newFake()
	fill := open(t, s, func(c *Config) { c.Dedicated, c.Source, c.Columns = false, "other", s.Columns })
	batch := items(1, "a")
	var line strings.Builder
	line.WriteString(`{"correlationId":"a","properties":{"x":1`)
	for i := range 500 {
		fmt.Fprintf(&line, `,"p%d":1`, i)
	}
	batch[0].Record.Line = []byte(line.String() + "}}")
	mine := open(t, s, func(c *Config) { c.Dedicated, c.Columns = false, s.Columns })
	late := func(i int) {
		t.Helper()
		one := items(uint64(i), fmt.Sprint("r", i))
		one[0].Record.Line = fmt.Appendf(nil, `{"correlationId":"%d","properties":{"late%d":1}}`, i, i)
		if _, err := mine.Deliver(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	late(1)
	if _, err := fill.Deliver(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for i := range askEvery { // by then it has asked again
		one := items(uint64(100+i), "x")
		one[0].Record.Line = []byte(`{"correlationId":"x"}`)
		if _, err := mine.Deliver(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	late(2)
	held := s.held()
	if first, last := held[0], held[len(held)-1]; first["late1_d"] != 1.0 || last["late2_d"] != nil || last["AdditionalFields"] != `{"late2_d":1}` {
		t.Errorf("%v\n%v", first, last)
	}
	if n := len(s.columns["AzureDiagnostics"]); n > 495 {
		t.Errorf("%d columns", n)
	}
}

func TestRefusals(t *testing.T) {
	for _, cfg := range []Config{{}, {Store: newFake()}, {Source: "x"}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
	d := open(t, newFake(), nil)
	batch := items(1, "a")
	for _, p := range []bus.Position{{Epoch: 1, Seq: 1 << 47}, {Epoch: 1, Seq: 1, Index: 1 << 16}} {
		batch[0].Position = p
		if _, err := d.Deliver(t.Context(), batch); err == nil || deliver.IsPermanent(err) {
			t.Errorf("%v: %v", p, err)
		}
	}
	s := newFake()
	s.fail(0)
	if _, err := open(t, s, nil).Deliver(t.Context(), items(1, "a")); !errors.Is(err, errDown) || deliver.IsPermanent(err) {
		t.Errorf("%v", err)
	}
}

// Settings of one name on one resource have one source, whatever their case.
func TestSource(t *testing.T) {
	o := deliver.Opening{Setting: diagnostic.Setting{Name: "Audit", Resource: blobs}}
	if got := Source(o); got != "setting "+string(blobs.Key())+" audit" {
		t.Errorf("%q", got)
	}
}
