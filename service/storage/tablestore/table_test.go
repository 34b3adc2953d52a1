package tablestore

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	s := openTest(t, c)
	want := Table{Name: "MixedCase", Created: at, Policies: []Policy{{ID: "a", Start: "s", Expiry: "e", Permission: "raud"}}}
	given := want
	given.Policies = slices.Clone(want.Policies)
	if err := s.CreateTable(t.Context(), account, given); err != nil {
		t.Fatal(err)
	}
	given.Policies[0].ID = "changed afterwards"
	check := func() {
		t.Helper()
		for _, name := range []string{"mixedcase", "MIXEDCASE", "MixedCase"} {
			got, err := s.Table(t.Context(), account, name)
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
			if len(got.Policies) > 0 {
				got.Policies[0].ID = "changed by a reader"
			}
		}
	}
	check()
	write(t, s, "mixedcase", Write{Entity: entity("p", "r")})
	if err := s.UpdateTable(t.Context(), account, "mixedCASE", func(is *Table) error {
		if d := cmp.Diff(want, *is); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		is.Name, is.Created = "other", time.Time{} // not to be changed
		is.Policies = []Policy{{ID: "b"}, {ID: "c"}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want.Policies = []Policy{{ID: "b"}, {ID: "c"}}
	check()
	closeTest(t, s)
	s = openTest(t, c)
	check()
	if _, err := s.Get(t.Context(), account, "MixedCase", Key{"p", "r"}); err != nil {
		t.Error(err)
	}
}

// TestDeleteTable checks that a name is free at once, that what is made under it
// is new, and that neighbours are untouched.
func TestDeleteTable(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	s := openTest(t, c)
	for _, name := range []string{"a", "b", "c"} {
		newTable(t, s, name)
		for i := range 10 {
			write(t, s, name, Write{Entity: entity("p", fmt.Sprint(i))})
		}
	}
	size := int64((&Entity{Key: Key{"p", "0"}}).Size())
	for round := range 3 {
		wantUsage(t, s, Usage{3, 30, 30 * size})
		if err := s.DeleteTable(t.Context(), account, "B"); err != nil {
			t.Fatal(err)
		}
		wantUsage(t, s, Usage{2, 20, 20 * size})
		if round == 1 { // what was deleted does not come back, nor its number
			closeTest(t, s)
			s = openTest(t, c)
		}
		newTable(t, s, "B")
		if p := query(t, s, "b", Query{}); len(p.Entities) != 0 {
			t.Errorf("a new table has %d entities", len(p.Entities))
		}
		for _, name := range []string{"a", "c"} {
			if p := query(t, s, name, Query{}); len(p.Entities) != 10 {
				t.Errorf("table %s has %d entities", name, len(p.Entities))
			}
		}
		for i := range 10 {
			write(t, s, "b", Write{Entity: entity("p", fmt.Sprint(i))})
		}
	}
	if id, err := s.number(keyID); err != nil || id != 6 {
		t.Errorf("the last table has number %d (%v), it is the sixth", id, err)
	}
}

func TestTables(t *testing.T) {
	s := openMem(t)
	for _, name := range []string{"Beta", "alpha", "Gamma", "$MetricsCapacityBlob", "delta", "a1", "A2"} {
		newTable(t, s, name)
	}
	if err := s.CreateTable(t.Context(), account+"2", Table{Name: "foreign"}); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateTable(t.Context(), account[:4], Table{Name: "foreign"}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		after string
		limit int
		want  []string
		more  bool
	}{
		{"", 0, []string{"a1", "A2", "alpha", "Beta", "delta", "Gamma"}, false},
		{"", 6, []string{"a1", "A2", "alpha", "Beta", "delta", "Gamma"}, false},
		{"", 5, []string{"a1", "A2", "alpha", "Beta", "delta"}, true},
		{"BETA", 1, []string{"delta"}, true},
		{"bet", 1, []string{"Beta"}, true},
		{"gamma", 0, nil, false},
		{"$", 1, []string{"a1"}, true},
		{"$MetricsCapacityBlob", 1, []string{"a1"}, true},
	} {
		list, more, err := s.Tables(t.Context(), account, tc.after, tc.limit)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, table := range list {
			names = append(names, table.Name)
		}
		if !slices.Equal(names, tc.want) || more != tc.more {
			t.Errorf("%d after %q: %v, %v; want %v, %v", tc.limit, tc.after, names, more, tc.want, tc.more)
		}
	}
}

// TestOwnTables checks that the node's tables are like others but for listings and
// usage.
func TestOwnTables(t *testing.T) {
	s := openMem(t)
	const name = "$MetricsHourPrimaryTransactionsBlob"
	newTable(t, s, name)
	write(t, s, name, Write{Entity: entity("20260102T0300", "user;All", number("TotalRequests", 1))})
	if p := query(t, s, "$metricshourprimarytransactionsblob", Query{}); len(p.Entities) != 1 {
		t.Errorf("%d entities", len(p.Entities))
	}
	wantUsage(t, s, Usage{})
	if err := s.DeleteRange(t.Context(), account, name, Range{}); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteTable(t.Context(), account, name); err != nil {
		t.Fatal(err)
	}
	wantUsage(t, s, Usage{})
}

// TestStill checks that who reads on in a table that is deleted finds out, and that
// who reads in one that is changed goes on.
func TestStill(t *testing.T) {
	s, n := openMem(t), tableName{account, "t"}
	newTable(t, s, "t")
	was, err := s.table(n)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateTable(t.Context(), account, "t", func(*Table) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.still(n, was); err != nil {
		t.Errorf("a table that was changed: %v", err)
	}
	if err := s.DeleteTable(t.Context(), account, "t"); err != nil {
		t.Fatal(err)
	}
	if err := s.still(n, was); !errors.Is(err, ErrTableNotFound) {
		t.Errorf("a table that was deleted: %v", err)
	}
	newTable(t, s, "t")
	if err := s.still(n, was); !errors.Is(err, ErrTableNotFound) {
		t.Errorf("another table of its name: %v", err)
	}
}

// TestManyTables goes past what is kept in memory.
func TestManyTables(t *testing.T) {
	s := openMem(t)
	newTable(t, s, "first")
	write(t, s, "first", Write{Entity: entity("p", "r")})
	for i := range maxCached {
		s.tables.keep(tableName{"other", fmt.Sprint(i)}, &tableState{id: 1 << 40})
	}
	if n := len(s.tables.cache); n > maxCached {
		t.Errorf("%d tables in memory", n)
	}
	if _, err := s.Get(t.Context(), account, "first", Key{"p", "r"}); err != nil {
		t.Error(err)
	}
}
