package tablestore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
)

const account = "devstoreaccount1"

// at is the time of most requests.
var at = time.Date(2026, 1, 2, 3, 4, 5, 678901200, time.UTC)

func openTest(t testing.TB, c Config) *Store {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	if c.MinFree == 0 {
		c.MinFree = -1
	}
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.db != nil {
			s.Close()
		}
	})
	return s
}

// openMem opens a store in memory, for tests in which the disk has no part.
func openMem(t testing.TB) *Store {
	t.Helper()
	return openTest(t, Config{FS: vfs.NewMem(), Dir: "/store"})
}

// closeTest closes before the test's end; the cleanup will not do it again.
func closeTest(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.db = nil
}

func newTable(t testing.TB, s *Store, name string) {
	t.Helper()
	if err := s.CreateTable(t.Context(), account, Table{Name: name, Created: at}); err != nil {
		t.Fatal(err)
	}
}

// write writes and returns the first new Timestamp.
func write(t testing.TB, s *Store, table string, writes ...Write) time.Time {
	t.Helper()
	times, err := s.Write(t.Context(), account, table, at, writes)
	if err != nil {
		t.Fatalf("write to %s: %v", table, err)
	}
	return times[0]
}

func entity(partition, row string, properties ...Property) Entity {
	return Entity{Key: Key{partition, row}, Properties: properties}
}

func number(name string, n int64) Property { return Property{Name: name, Type: Int64, Number: n} }

func text(name, value string) Property { return Property{Name: name, Type: String, Text: value} }

// keysOf names the entities of a page.
func keysOf(p Page) []string {
	var list []string
	for _, e := range p.Entities {
		list = append(list, e.Partition+"/"+e.Row)
	}
	return list
}

func query(t testing.TB, s *Store, table string, q Query) Page {
	t.Helper()
	p, err := s.Query(t.Context(), account, table, q)
	if err != nil {
		t.Fatalf("query %s: %v", table, err)
	}
	return p
}

func wantUsage(t testing.TB, s *Store, want Usage) {
	t.Helper()
	if u, err := s.Usage(t.Context(), account); err != nil || u != want {
		t.Errorf("usage %+v, %v; want %+v", u, err, want)
	}
}

var whole = []Property{
	text("Text", "grün \U0001F600"),
	text("Empty", ""),
	{Name: "Bytes", Type: Binary, Text: "\x00\xff"},
	{Name: "Yes", Type: Boolean, Number: 1},
	{Name: "No", Type: Boolean},
	{Name: "When", Type: DateTime, Number: 639_000_000_000_000_001},
	{Name: "Half", Type: Double, Number: 0x3fe0000000000000},
	{Name: "NaN", Type: Double, Number: -1},
	{Name: "Id", Type: GUID, Text: "c9da6455-213d-42c9-9a79-3e9149a57833"},
	{Name: "Small", Type: Int32, Number: -1 << 31},
	{Name: "Large", Type: Int64, Number: -1 << 63},
}

func TestWriteAndGet(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	s := openTest(t, c)
	newTable(t, s, "Orders")
	want := entity("p", "", whole...)
	want.Timestamp = write(t, s, "ORDERS", Write{Entity: want})
	if !want.Timestamp.Equal(at) {
		t.Errorf("timestamp %v, the request's time was %v", want.Timestamp, at)
	}
	bare := entity("", "r")
	bare.Timestamp = write(t, s, "orders", Write{Kind: InsertOrMerge, Entity: bare})
	for range 2 {
		for _, e := range []Entity{want, bare} {
			got, err := s.Get(t.Context(), account, "orders", e.Key)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(e, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		if d := cmp.Diff([]Entity{bare, want}, query(t, s, "orders", Query{}).Entities); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		wantUsage(t, s, Usage{1, 2, int64(want.Size() + bare.Size())})
		closeTest(t, s)
		s = openTest(t, c)
	}
}

func TestErrors(t *testing.T) {
	s, ctx := openMem(t), context.Background()
	newTable(t, s, "t")
	stamp := write(t, s, "t", Write{Entity: entity("p", "r")})
	other := stamp.Add(100 * time.Nanosecond)
	one := func(kind Kind, row string, match time.Time, properties ...Property) error {
		_, err := s.Write(ctx, account, "t", at, []Write{{kind, entity("p", row, properties...), match}})
		return err
	}
	many := make([]Property, MaxProperties+1)
	for i := range many {
		many[i] = text(fmt.Sprint("p", i), "")
	}
	long := text("x", strings.Repeat("x", MaxSize/2))
	for _, tc := range []struct {
		name string
		err  error
		want error
	}{
		{"create twice", s.CreateTable(ctx, account, Table{Name: "T"}), ErrTableExists},
		{"table", second(s.Table(ctx, account, "u")), ErrTableNotFound},
		{"table of another account", second(s.Table(ctx, "other", "t")), ErrTableNotFound},
		{"update table", s.UpdateTable(ctx, account, "u", nil), ErrTableNotFound},
		{"refused update", s.UpdateTable(ctx, account, "t", func(*Table) error { return errRefused }), errRefused},
		{"delete table", s.DeleteTable(ctx, account, "u"), ErrTableNotFound},
		{"get", second(s.Get(ctx, account, "t", Key{"p", "s"})), ErrEntityNotFound},
		{"get from no table", second(s.Get(ctx, account, "u", Key{"p", "r"})), ErrTableNotFound},
		{"query no table", second(s.Query(ctx, account, "u", Query{})), ErrTableNotFound},
		{"write to no table", second(s.Write(ctx, account, "u", at, nil)), ErrTableNotFound},
		{"delete range of no table", s.DeleteRange(ctx, account, "u", Range{}), ErrTableNotFound},
		{"insert", one(Insert, "r", time.Time{}), ErrEntityExists},
		{"replace nothing", one(Replace, "s", time.Time{}), ErrEntityNotFound},
		{"merge nothing", one(Merge, "s", stamp), ErrEntityNotFound},
		{"delete nothing", one(Delete, "s", stamp), ErrEntityNotFound},
		{"replace another", one(Replace, "r", other), ErrCondition},
		{"merge another", one(Merge, "r", other), ErrCondition},
		{"delete another", one(Delete, "r", other), ErrCondition},
		{"insert many", one(Insert, "s", time.Time{}, many...), ErrTooMany},
		{"merge many", one(InsertOrMerge, "r", time.Time{}, many...), ErrTooMany},
		{"replace by something large", one(Replace, "r", stamp, long), ErrTooLarge},
	} {
		if !errors.Is(tc.err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, tc.err, tc.want)
		}
	}
	for _, err := range []error{
		one(Kind(77), "s", time.Time{}),
		one(Insert, "s", time.Time{}, Property{Name: "n", Type: 8}),
		one(Insert, "s", time.Time{}, Property{Name: "n", Type: Boolean, Number: 2}),
	} {
		var w *WriteError
		if !errors.As(err, &w) || w.Index != 0 {
			t.Errorf("%v", err)
		}
	}
	wantUsage(t, s, Usage{1, 1, int64((&Entity{Key: Key{"p", "r"}}).Size())})
}

var errRefused = errors.New("no")

func second[T any](_ T, err error) error { return err }

// TestEnded checks that nothing is begun for a caller that is gone.
func TestEnded(t *testing.T) {
	s := openMem(t)
	newTable(t, s, "t")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range []error{
		s.CreateTable(ctx, account, Table{Name: "u"}),
		second(s.Table(ctx, account, "t")),
		s.UpdateTable(ctx, account, "t", nil),
		s.DeleteTable(ctx, account, "t"),
		second(s.Get(ctx, account, "t", Key{})),
		second(s.Query(ctx, account, "t", Query{})),
		second(s.Write(ctx, account, "t", at, nil)),
		s.DeleteRange(ctx, account, "t", Range{}),
		second(s.Usage(ctx, account)),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if _, _, err := s.Tables(ctx, account, "", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	wantUsage(t, s, Usage{Tables: 1})
}

func randomString(r *rand.Rand, alphabet []string, n int) string {
	var b strings.Builder
	for range r.IntN(n + 1) {
		b.WriteString(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

func sorted[T any](list []T, less func(a, b T) int) []T {
	list = slices.Clone(list)
	slices.SortFunc(list, less)
	return list
}
