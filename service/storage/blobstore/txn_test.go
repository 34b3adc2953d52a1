package blobstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestManyBlocks commits and re-commits lists too long to stand in a record.
func TestManyBlocks(t *testing.T) {
	s := openMem(t, Config{})
	newContainer(t, s, "c")
	ref := Ref{account, "c", "b"}
	const n = 1500
	content := func(i int) []byte { return fmt.Appendf(nil, "<block %d>", i) }
	var refs []BlockRef
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < n; i += 8 {
				c := stage(t, s, content(i))
				update(t, s, "c", "b", func(tx *Txn) error { return tx.StageBlock(fmt.Sprintf("%06d", i), c) })
			}
		})
	}
	wg.Wait()
	var want []byte
	for i := range n {
		refs = append(refs, BlockRef{Latest, fmt.Sprintf("%06d", i)})
		want = append(want, content(i)...)
	}
	commit := func(refs []BlockRef) error {
		return s.Update(context.Background(), ref, func(tx *Txn) error { return tx.CommitBlocks(&Blob{}, refs) })
	}
	check := func() {
		t.Helper()
		equal(t, read(t, s, "c", "b", time.Time{}), want)
		committed, uncommitted, b, err := s.Blocks(context.Background(), ref, time.Time{})
		if err != nil || len(uncommitted) != 0 || len(committed) != len(refs) || b.Length != int64(len(want)) {
			t.Fatalf("%d committed, %d uncommitted, %+v, %v", len(committed), len(uncommitted), b, err)
		}
		for i := range refs {
			if committed[i].ID != refs[i].ID {
				t.Fatalf("block %d is %q, want %q", i, committed[i].ID, refs[i].ID)
			}
		}
	}
	if err := commit(refs); err != nil {
		t.Fatal(err)
	}
	check()

	// Every third block again, backwards, with one new block in the middle.
	fresh := stage(t, s, []byte("fresh"))
	update(t, s, "c", "b", func(tx *Txn) error { return tx.StageBlock("fresh!", fresh) })
	refs, want = nil, nil
	for i := n - 1; i >= 0; i -= 3 {
		refs = append(refs, BlockRef{Committed, fmt.Sprintf("%06d", i)})
		want = append(want, content(i)...)
		if i == 749 {
			refs = append(refs, BlockRef{Uncommitted, "fresh!"})
			want = append(want, "fresh"...)
		}
	}
	if err := commit(refs); err != nil {
		t.Fatal(err)
	}
	check()
	s = sealAll(t, s)
	check()

	if err := commit([]BlockRef{{Committed, "000000"}}); !errors.Is(err, ErrInvalidBlockList) {
		t.Errorf("a block that went: %v", err)
	}
	if err := commit([]BlockRef{{Uncommitted, refs[0].ID}}); !errors.Is(err, ErrInvalidBlockList) {
		t.Errorf("a committed block as uncommitted: %v", err)
	}
	check() // nothing of that happened

	// A snapshot and a copy have lists of their own.
	var at time.Time
	update(t, s, "c", "b", func(tx *Txn) error {
		snap, err := tx.Snapshot(Metadata{{"a", "b"}})
		at = snap.Snapshot
		return err
	})
	h, err := s.Open(context.Background(), ref, at)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, "c", "b", func(tx *Txn) error { return tx.Create(&Blob{Type: BlockBlob}) })
	update(t, s, "c", "b", func(tx *Txn) error { return tx.CreateFrom(&Blob{Type: BlockBlob}, h) })
	h.Close()
	check()
	update(t, s, "c", "b", (*Txn).DeleteSnapshots)
	collectAll(t, s)
	check()
}

func TestBlockLimits(t *testing.T) {
	s := openMem(t, Config{})
	newContainer(t, s, "c")
	block := func(id string) error {
		c := stage(t, s, []byte("x"))
		return s.Update(context.Background(), Ref{account, "c", "b"}, func(tx *Txn) error { return tx.StageBlock(id, c) })
	}
	if err := block("AA=="); err != nil {
		t.Fatal(err)
	}
	if err := block("AAAA"); err != nil {
		t.Errorf("same length: %v", err)
	}
	if err := block("AAAAAA=="); !errors.Is(err, ErrBlockIDLength) {
		t.Errorf("other length: %v", err)
	}
	// As if there were as many as there may be.
	c, err := s.container(account, "c")
	if err != nil {
		t.Fatal(err)
	}
	var e enc
	e.header(blockHeader{count: maxUncommitted, idLength: 4, stored: 2, staged: time.Now()})
	if err := s.db.Set(nameKey(kindUncommitted, c.id, "b"), e, nil); err != nil {
		t.Fatal(err)
	}
	if err := block("BBBB"); !errors.Is(err, ErrTooManyBlocks) {
		t.Errorf("one too many: %v", err)
	}
	if err := block("AAAA"); err != nil {
		t.Errorf("in place of another: %v", err)
	}
}

// TestRefusals checks what a transaction refuses, and that nothing of it stays.
func TestRefusals(t *testing.T) {
	s := openMem(t, Config{})
	newContainer(t, s, "c")
	put(t, s, "c", "block", []byte("block"))
	update(t, s, "c", "page", func(tx *Txn) error { return tx.Create(&Blob{Type: PageBlob, Length: 1024}) })
	page := func() *Content { return stage(t, s, make([]byte, 512)) }
	used := page()
	update(t, s, "c", "page", func(tx *Txn) error { return tx.WritePages(0, used) })
	refused := errors.New("refused")
	for _, tc := range []struct {
		name, blob string
		fn         func(*Txn) error
	}{
		{"append to a block blob", "block", func(tx *Txn) error { return tx.Append(page()) }},
		{"append to nothing", "none", func(tx *Txn) error { return tx.Append(page()) }},
		{"pages of a block blob", "block", func(tx *Txn) error { return tx.WritePages(0, page()) }},
		{"resize a block blob", "block", func(tx *Txn) error { return tx.Resize(512) }},
		{"page past the end", "page", func(tx *Txn) error { return tx.WritePages(1024, page()) }},
		{"page across pages", "page", func(tx *Txn) error { return tx.WritePages(1, page()) }},
		{"no pages", "page", func(tx *Txn) error { return tx.ClearPages(0, 0) }},
		{"page overflow", "page", func(tx *Txn) error { return tx.ClearPages(512, 1<<62) }},
		{"odd length", "page", func(tx *Txn) error { return tx.Resize(513) }},
		{"content twice", "page", func(tx *Txn) error { return tx.WritePages(512, used) }},
		{"snapshot of nothing", "none", func(tx *Txn) error { return second(tx.Snapshot(nil)) }},
		{"no such snapshot", "block", func(tx *Txn) error { return tx.DeleteSnapshot(time.Now()) }},
		{"save no such snapshot", "block", func(tx *Txn) error { return tx.SaveSnapshot(&Blob{Snapshot: time.Now()}) }},
		{"refused at the end", "page", func(tx *Txn) error {
			return errors.Join(tx.DeleteBase(), tx.Create(&Blob{Type: BlockBlob}), refused)
		}},
	} {
		if err := s.Update(context.Background(), Ref{account, "c", tc.blob}, tc.fn); err == nil {
			t.Errorf("%s: no error", tc.name)
		}
	}
	equal(t, read(t, s, "c", "block", time.Time{}), []byte("block"))
	equal(t, read(t, s, "c", "page", time.Time{}), make([]byte, 1024))
	if _, user, _ := s.Usage(context.Background(), account); user != 5+512 {
		t.Errorf("%d bytes stored", user)
	}
}

// TestProperties checks what touches a blob and what the store does not let a
// caller change.
func TestProperties(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 123456700, time.UTC)
	s := openMem(t, Config{Now: func() time.Time { return now }})
	newContainer(t, s, "c")
	first := *put(t, s, "c", "b", []byte("hello"))
	get := func() Blob {
		t.Helper()
		b, err := s.Blob(context.Background(), Ref{account, "c", "b"}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return *b
	}
	if b := get(); b.ETag != first.ETag || !b.LastModified.Equal(now) || b.Length != 5 {
		t.Errorf("%+v", b)
	}
	now = now.Add(time.Second)
	update(t, s, "c", "b", func(tx *Txn) error {
		*tx.Blob = Blob{Tier: "Cool", Length: 9, ETag: "mine", Type: PageBlob, Created: tx.Blob.Created}
		return tx.Save(false)
	})
	if b := get(); b.ETag != first.ETag || !b.LastModified.Equal(first.LastModified) || b.Length != 5 || b.Tier != "Cool" || b.Type != BlockBlob {
		t.Errorf("untouched: %+v", b)
	}
	equal(t, read(t, s, "c", "b", time.Time{}), []byte("hello"))
	update(t, s, "c", "b", func(tx *Txn) error { return tx.Save(true) })
	second := get()
	if second.ETag <= first.ETag || !second.LastModified.Equal(now) || !second.Created.Equal(first.Created) {
		t.Errorf("touched: %+v", second)
	}

	// Snapshots: times differ though the clock stands still.
	seen := map[time.Time]bool{}
	var snap *Blob
	for range 5 {
		update(t, s, "c", "b", func(tx *Txn) (err error) { snap, err = tx.Snapshot(nil); return err })
		seen[snap.Snapshot] = true
		if snap.ETag != second.ETag {
			t.Errorf("snapshot without metadata: %+v", snap)
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d different snapshots", len(seen))
	}
	update(t, s, "c", "b", func(tx *Txn) error {
		if has, err := tx.HasSnapshots(); !has || err != nil {
			t.Errorf("HasSnapshots: %t, %v", has, err)
		}
		b, err := tx.LoadSnapshot(snap.Snapshot)
		if err != nil {
			return err
		}
		b.Tier = "Archive"
		return tx.SaveSnapshot(b)
	})
	got, err := s.Blob(context.Background(), Ref{account, "c", "b"}, snap.Snapshot)
	if err != nil || got.Tier != "Archive" || got.ETag != snap.ETag {
		t.Errorf("snapshot: %+v, %v", got, err)
	}
	update(t, s, "c", "b", func(tx *Txn) error {
		return errors.Join(tx.DeleteSnapshot(snap.Snapshot), tx.DeleteSnapshots(), tx.DeleteBase(), tx.Create(&Blob{Type: AppendBlob}))
	})
	if b := get(); b.Type != AppendBlob || b.Length != 0 {
		t.Errorf("created anew: %+v", b)
	}
}

// TestETagsGrow checks that ETags grow though the clock is set back, in one
// process and from one to the next.
func TestETagsGrow(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	s := openMem(t, Config{Now: func() time.Time { return now }})
	newContainer(t, s, "c")
	last := uint64(0)
	for i := range 50 {
		if i%10 == 9 {
			now = now.Add(-time.Hour)
			s = sealAll(t, s)
		}
		b := put(t, s, "c", "b", nil)
		if n := parseETag(b.ETag); n <= last {
			t.Fatalf("ETag %s after %s", b.ETag, formatETag(last))
		} else {
			last = n
		}
	}
}

// TestReadersAndWriter overwrites a blob while others read it.
func TestReadersAndWriter(t *testing.T) {
	s := openMem(t, Config{ExtentBytes: 1 << 20, CollectBytes: 1 << 40})
	newContainer(t, s, "c")
	content := func(i byte) []byte { return bytes.Repeat([]byte{i}, 5*pieceBytes+int(i)) }
	put(t, s, "c", "b", content(0))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				h, err := s.Open(context.Background(), Ref{account, "c", "b"}, time.Time{})
				if err != nil {
					t.Error(err)
					return
				}
				var buf bytes.Buffer
				if err := h.WriteTo(&buf, 0, h.Blob.Length); err != nil {
					t.Error(err)
				}
				h.Close()
				p := buf.Bytes()
				if want := content(p[0]); !bytes.Equal(p, want) {
					t.Errorf("read a mixture: %d bytes that begin with %d", len(p), p[0])
				}
			}
		})
	}
	for i := range byte(40) {
		put(t, s, "c", "b", content(i))
		if i%4 == 0 {
			runtime.GC()
			if _, err := s.Collect(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}
	close(done)
	wg.Wait()
}

// TestManyPieces reads a content with keys of its own as of Open.
func TestManyPieces(t *testing.T) {
	s := openMem(t, Config{})
	newContainer(t, s, "c")
	r := rand.New(rand.NewPCG(4, 4))
	update(t, s, "c", "log", func(tx *Txn) error { return tx.Create(&Blob{Type: AppendBlob}) })
	var want []byte
	add := func() {
		data := randomBytes(r, 1+r.IntN(300))
		c := stage(t, s, data)
		update(t, s, "c", "log", func(tx *Txn) error { return tx.Append(c) })
		want = append(want, data...)
	}
	for range 300 {
		add()
	}
	h, err := s.Open(context.Background(), Ref{account, "c", "log"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	before := bytes.Clone(want)
	for range 20 {
		add()
	}
	update(t, s, "c", "log", (*Txn).DeleteBase)
	collectAll(t, s)
	if h.Blob.AppendBlocks != 300 {
		t.Errorf("%d blocks", h.Blob.AppendBlocks)
	}
	for range 100 {
		from := r.IntN(len(before))
		n := r.IntN(len(before) - from)
		var buf bytes.Buffer
		if err := h.WriteTo(&buf, int64(from), int64(n)); err != nil {
			t.Fatal(err)
		}
		equal(t, buf.Bytes(), before[from:from+n])
	}
}

// TestBoundedMemory streams a blob that is much larger than what it may cost.
func TestBoundedMemory(t *testing.T) {
	s := openTest(t, Config{})
	newContainer(t, s, "c")
	const size = 96 << 20
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	most := before
	watch := func() { most = max(most, heap()) }
	c, err := s.Stage(context.Background(), &watchedReader{n: size, every: 16 << 20, fn: watch})
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, "c", "b", func(tx *Txn) error { return tx.Create(&Blob{Type: BlockBlob}, c) })
	h, err := s.Open(context.Background(), Ref{account, "c", "b"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w := &watchedWriter{every: 16 << 20, fn: watch}
	if err := h.WriteTo(w, 0, size); err != nil || w.n != size {
		t.Fatal(w.n, err)
	}
	if most > before+8<<20 {
		t.Errorf("heap grew by %d MiB", (most-before)>>20)
	}
}

type watchedReader struct {
	n, at, every int
	fn           func()
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n := min(len(p), r.n-r.at)
	if n == 0 {
		return 0, io.EOF
	}
	if (r.at+n)/r.every != r.at/r.every {
		r.fn()
	}
	r.at += n
	return n, nil
}

type watchedWriter struct {
	n, every int
	fn       func()
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	if (w.n+len(p))/w.every != w.n/w.every {
		w.fn()
	}
	w.n += len(p)
	return len(p), nil
}

// TestPages checks ranges and differences on a case made by hand.
func TestPages(t *testing.T) {
	s := openMem(t, Config{})
	newContainer(t, s, "c")
	const p = pageBytes
	step := func(fn func(*Txn) error) { t.Helper(); update(t, s, "c", "d", fn) }
	fill := func(page, n int64) {
		c := stage(t, s, bytes.Repeat([]byte{byte(page + 1)}, int(n*p)))
		step(func(tx *Txn) error { return tx.WritePages(page*p, c) })
	}
	step(func(tx *Txn) error { return tx.Create(&Blob{Type: PageBlob, Length: 100 * p}) })
	fill(0, 10)
	fill(20, 10)
	var at time.Time
	step(func(tx *Txn) error {
		snap, err := tx.Snapshot(nil)
		at = snap.Snapshot
		return err
	})
	fill(5, 2)
	fill(30, 5)
	step(func(tx *Txn) error { return tx.ClearPages(25*p, 2*p) })
	step(func(tx *Txn) error { return tx.Resize(200 * p) })
	h, err := s.Open(context.Background(), Ref{account, "c", "d"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	prev, err := s.Open(context.Background(), Ref{account, "c", "d"}, at)
	if err != nil {
		t.Fatal(err)
	}
	defer prev.Close()
	for _, tc := range []struct {
		off, n int64
		diff   bool
		want   []Range
	}{
		{0, 200 * p, false, []Range{{0, 10 * p, false}, {20 * p, 5 * p, false}, {27 * p, 8 * p, false}}},
		{3 * p, 4 * p, false, []Range{{3 * p, 4 * p, false}}},
		{10 * p, 10 * p, false, nil},
		{0, 200 * p, true, []Range{{5 * p, 2 * p, false}, {25 * p, 2 * p, true}, {30 * p, 5 * p, false}}},
		{6 * p, 20 * p, true, []Range{{6 * p, p, false}, {25 * p, p, true}}},
	} {
		got, err := h.Pages(tc.off, tc.n)
		if tc.diff {
			got, err = h.PagesDiff(prev, tc.off, tc.n)
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%d bytes at %d, difference %t: %v, want %v (%v)", tc.n, tc.off, tc.diff, got, tc.want, err)
		}
	}
	if _, err := h.Pages(0, 201*p); err == nil {
		t.Error("pages past the end")
	}
}
