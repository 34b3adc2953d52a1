package blobstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listAll pages through a listing and returns what it shows, one line an item.
func listAll(t testing.TB, s Store, container string, o ListOptions) (lines []string) {
	t.Helper()
	for {
		page, err := s.List(context.Background(), account, container, o)
		if err != nil {
			t.Fatal(err)
		}
		if page.Next != "" && len(page.Items) != o.max() {
			t.Fatalf("page of %d items goes on, want %d", len(page.Items), o.max())
		}
		for _, i := range page.Items {
			switch {
			case i.Prefix != "":
				lines = append(lines, "prefix "+i.Prefix)
			case i.Uncommitted:
				lines = append(lines, "uncommitted "+i.Blob.Name)
			case !i.Blob.Snapshot.IsZero():
				lines = append(lines, "snapshot "+i.Blob.Name)
			default:
				lines = append(lines, i.Blob.Name)
			}
		}
		if o.Marker = page.Next; o.Marker == "" {
			return lines
		}
	}
}

func TestList(t *testing.T) {
	s := openMem(t, Config{})
	newContainer(t, s, "c")
	newContainer(t, s, "d")
	put(t, s, "d", "another container", nil)
	for _, name := range []string{"a", "a/b", "a/c/d", "a/c/e", "a/é", "b//c", "b/c", "top"} {
		put(t, s, "c", name, nil)
	}
	for _, name := range []string{"a/c/d", "top"} {
		for range 2 {
			update(t, s, "c", name, func(tx *Txn) error { _, err := tx.Snapshot(nil); return err })
		}
	}
	for _, name := range []string{"a/b", "a/c/block", "zz"} {
		c := stage(t, s, []byte("x"))
		update(t, s, "c", name, func(tx *Txn) error { return tx.StageBlock("AA==", c) })
	}
	for _, tc := range []struct {
		name string
		o    ListOptions
		want string
	}{
		{"all", ListOptions{}, "a|a/b|a/c/d|a/c/e|a/é|b//c|b/c|top"},
		{"prefix", ListOptions{Prefix: "a/c"}, "a/c/d|a/c/e"},
		{"prefix that is a name", ListOptions{Prefix: "top"}, "top"},
		{"prefix of nothing", ListOptions{Prefix: "x"}, ""},
		{"delimiter", ListOptions{Delimiter: "/"}, "a|prefix a/|prefix b/|top"},
		{"delimiter below", ListOptions{Delimiter: "/", Prefix: "a/"}, "a/b|prefix a/c/|a/é"},
		{"delimiter twice", ListOptions{Delimiter: "/", Prefix: "b/"}, "prefix b//|b/c"},
		{"long delimiter", ListOptions{Delimiter: "//"}, "a|a/b|a/c/d|a/c/e|a/é|prefix b//|b/c|top"},
		{"delimiter inside the prefix", ListOptions{Delimiter: "/", Prefix: "a"}, "a|prefix a/"},
		{"snapshots", ListOptions{Snapshots: true, Prefix: "a/c/"}, "snapshot a/c/d|snapshot a/c/d|a/c/d|a/c/e"},
		{"uncommitted", ListOptions{Uncommitted: true}, "a|a/b|uncommitted a/c/block|a/c/d|a/c/e|a/é|b//c|b/c|top|uncommitted zz"},
		{"uncommitted by delimiter", ListOptions{Uncommitted: true, Delimiter: "/"}, "a|prefix a/|prefix b/|top|uncommitted zz"},
		{"all there is", ListOptions{Uncommitted: true, Snapshots: true, Prefix: "t"}, "snapshot top|snapshot top|top"},
		{"start", ListOptions{StartFrom: "a/c/e"}, "a/c/e|a/é|b//c|b/c|top"},
		{"start between", ListOptions{StartFrom: "a/c/dd", Prefix: "a/"}, "a/c/e|a/é"},
		{"start after", ListOptions{StartFrom: "c", Prefix: "a/"}, ""},
	} {
		want := strings.Split(tc.want, "|")
		if tc.want == "" {
			want = nil
		}
		for _, tc.o.Max = range []int{0, 1, 2, 3} {
			if d := cmp.Diff(want, listAll(t, s, "c", tc.o)); d != "" {
				t.Errorf("%s, %d a page (-want +got):\n%s", tc.name, tc.o.Max, d)
			}
		}
	}
	for _, marker := range []string{"!", "AAAA", "YQABAA=="} {
		_, err := s.List(context.Background(), account, "c", ListOptions{Marker: marker})
		if !errors.Is(err, ErrInvalidMarker) {
			t.Errorf("marker %q: %v", marker, err)
		}
	}
}

// TestListRandom compares listings of random names with sorting them.
func TestListRandom(t *testing.T) {
	s := openMem(t, Config{})
	newContainer(t, s, "c")
	r := rand.New(rand.NewPCG(3, 3))
	alphabet := []string{"a", "b", "/", "\x00", "\xff", "|"}
	names := map[string]bool{}
	for len(names) < 200 {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		if !names[b.String()] {
			names[b.String()] = true
			put(t, s, "c", b.String(), nil)
		}
	}
	for range 300 {
		o := ListOptions{Max: 1 + r.IntN(20), Delimiter: []string{"", "/", "|", "a/"}[r.IntN(4)]}
		for range r.IntN(3) {
			o.Prefix += alphabet[r.IntN(len(alphabet))]
		}
		seen := map[string]bool{}
		var want []string
		for name := range names {
			rest, ok := strings.CutPrefix(name, o.Prefix)
			if !ok {
				continue
			}
			if i := strings.Index(rest, o.Delimiter); o.Delimiter != "" && i >= 0 {
				name = o.Prefix + rest[:i+len(o.Delimiter)]
				if seen[name] {
					continue
				}
				seen[name] = true
				name = "prefix " + name
			}
			want = append(want, name)
		}
		sort.Slice(want, func(i, j int) bool {
			a, b := strings.TrimPrefix(want[i], "prefix "), strings.TrimPrefix(want[j], "prefix ")
			return a < b || a == b && want[i] < want[j]
		})
		if d := cmp.Diff(want, listAll(t, s, "c", o)); d != "" {
			t.Fatalf("prefix %q, delimiter %q, %d a page (-want +got):\n%s", o.Prefix, o.Delimiter, o.Max, d)
		}
	}
}

func TestListContainers(t *testing.T) {
	s, ctx := openMem(t, Config{}), context.Background()
	var all []string
	for i := range 25 {
		all = append(all, fmt.Sprintf("c%02d", i))
		newContainer(t, s, all[i])
	}
	newContainer(t, s, "$logs")
	if _, err := s.CreateContainer(ctx, account+"2", Container{Name: "other"}); err != nil {
		t.Fatal(err)
	}
	list := func(o ListOptions, system bool) (names []string) {
		for {
			items, next, err := s.ListContainers(ctx, account, o, system)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range items {
				names = append(names, c.Name)
			}
			if o.Marker = next; next == "" {
				return names
			}
		}
	}
	for _, page := range []int{0, 1, 7, 25} {
		if got := list(ListOptions{Max: page}, false); !slices.Equal(got, all) {
			t.Errorf("%d a page: %q", page, got)
		}
		if got := list(ListOptions{Max: page}, true); !slices.Equal(got, append([]string{"$logs"}, all...)) {
			t.Errorf("with system: %q", got)
		}
		if got := list(ListOptions{Max: page, Prefix: "c1"}, true); !slices.Equal(got, all[10:20]) {
			t.Errorf("prefix: %q", got)
		}
	}
}

func TestScan(t *testing.T) {
	s, ctx := openMem(t, Config{}), context.Background()
	want := map[string]bool{}
	for _, c := range []string{"$logs", "a", "b"} {
		newContainer(t, s, c)
		for i := range 3 {
			put(t, s, c, fmt.Sprint(i), nil)
			update(t, s, c, fmt.Sprint(i), func(tx *Txn) error { _, err := tx.Snapshot(nil); return err })
			want[fmt.Sprint(c, i)] = true
		}
	}
	got := map[string]bool{}
	if err := s.Scan(ctx, account, "", func(c string, b *Blob) bool { got[c+b.Name] = true; return true }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	n := 0
	if err := s.Scan(ctx, account, "", func(string, *Blob) bool { n++; return n < 4 }); err != nil || n != 4 {
		t.Errorf("stopped after %d, %v", n, err)
	}
	n = 0
	if err := s.Scan(ctx, account, "a", func(string, *Blob) bool { n++; return true }); err != nil || n != 3 {
		t.Errorf("%d blobs in a, %v", n, err)
	}
}

func TestContainers(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 123456700, time.UTC)
	cfg := Config{Dir: t.TempDir(), Now: func() time.Time { return now }}
	s, ctx := openTest(t, cfg), context.Background()
	c, err := s.CreateContainer(ctx, account, Container{Name: "c", Metadata: Metadata{{"K", "v"}}, PublicAccess: "blob"})
	if err != nil || c.ETag == "" || !c.LastModified.Equal(now) {
		t.Fatalf("%+v, %v", c, err)
	}
	put(t, s, "c", "b", []byte("hello"))
	first := c
	refused := errors.New("refused")
	if _, err := s.UpdateContainer(ctx, account, "c", true, func(c *Container) error {
		c.Metadata[0].Value = "changed"
		return refused
	}); !errors.Is(err, refused) {
		t.Errorf("refused update: %v", err)
	}
	if c, _ = s.Container(ctx, account, "c"); cmp.Diff(first, c) != "" {
		t.Errorf("a refused update changed: %+v", c)
	}
	c.Metadata[0].Value = "mine"
	if c, _ = s.Container(ctx, account, "c"); c.Metadata[0].Value != "v" {
		t.Error("the store shares its memory")
	}
	lease := Lease{ID: "id", Duration: 15 * time.Second, Expires: now.Add(time.Hour), Breaks: now.Add(time.Minute), Released: true}
	policies := []Policy{{"p", "2026-01-01", "", "rwd"}}
	if c, err = s.UpdateContainer(ctx, account, "c", false, func(c *Container) error { c.Lease, c.Policies = lease, policies; return nil }); err != nil || c.ETag != first.ETag {
		t.Errorf("untouched: %+v, %v", c, err)
	}
	now = now.Add(time.Second)
	if c, err = s.UpdateContainer(ctx, account, "c", true, func(c *Container) error { c.Metadata = nil; return nil }); err != nil || c.ETag == first.ETag || !c.LastModified.Equal(now) {
		t.Errorf("touched: %+v, %v", c, err)
	}
	closeTest(t, s)
	s = openTest(t, cfg)
	again, err := s.Container(ctx, account, "c")
	if err != nil || cmp.Diff(c, again) != "" {
		t.Errorf("reopened: %s, %v", cmp.Diff(c, again), err)
	}
	if err := s.DeleteContainer(ctx, account, "c", func(*Container) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("refused delete: %v", err)
	}
	if err := s.DeleteContainer(ctx, account, "c", nil); err != nil {
		t.Fatal(err)
	}
	newContainer(t, s, "c")
	if lines := listAll(t, s, "c", ListOptions{Snapshots: true, Uncommitted: true}); len(lines) != 0 {
		t.Errorf("a new container of an old name has %q", lines)
	}
	if _, user, _ := s.Usage(ctx, account); user != 0 {
		t.Errorf("%d bytes left", user)
	}
}
