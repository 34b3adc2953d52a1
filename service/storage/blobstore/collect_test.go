package blobstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// collectAll runs passes until there is nothing left to do.
func collectAll(t testing.TB, s *store) (total Collected) {
	t.Helper()
	for range 20 {
		runtime.GC()
		c, err := s.Collect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		total.Extents += c.Extents
		total.Bytes += c.Bytes
		total.Moved += c.Moved
		total.Expired += c.Expired
		if c == (Collected{}) && len(s.garbage.condemned) == 0 {
			return total
		}
	}
	t.Fatal("the collector does not come to an end")
	return total
}

// sealAll reopens the store, which seals every extent.
func sealAll(t testing.TB, s *store) *store {
	t.Helper()
	c := s.c
	closeTest(t, s)
	return openTest(t, c)
}

func onDisk(t testing.TB, dir string) (files int, bytes int64) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "extents", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) { // collected this moment
			files--
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size()
	}
	return files + len(list), bytes
}

var small = Config{ExtentBytes: 1 << 20, CollectBytes: 1 << 40}

func TestCollectDead(t *testing.T) {
	s := openTest(t, small)
	newContainer(t, s, "keep")
	newContainer(t, s, "drop")
	r := rand.New(rand.NewPCG(1, 1))
	data := randomBytes(r, 3<<20)
	for i := range 4 {
		put(t, s, "drop", fmt.Sprint(i), data)
		put(t, s, "keep", "big", data)
	}
	if _, n := onDisk(t, s.c.Dir); n < 24<<20 {
		t.Fatalf("%d bytes on disk before", n)
	}
	if err := s.DeleteContainer(context.Background(), account, "drop", nil); err != nil {
		t.Fatal(err)
	}
	s = sealAll(t, s)
	c := collectAll(t, s)
	if _, n := onDisk(t, s.c.Dir); n > 5<<20 || c.Bytes < 19<<20 {
		t.Errorf("%d bytes on disk after %+v", n, c)
	}
	equal(t, read(t, s, "keep", "big", time.Time{}), data)
}

// TestCollectSpares checks that what is only in memory keeps its extents.
func TestCollectSpares(t *testing.T) {
	s := openTest(t, small)
	newContainer(t, s, "c")
	r := rand.New(rand.NewPCG(1, 1))
	data := [][]byte{randomBytes(r, 3<<20), randomBytes(r, 3<<20+5), randomBytes(r, 100)}
	ctx := context.Background()

	put(t, s, "c", "read", data[0])
	h, err := s.Open(ctx, Ref{account, "c", "read"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "c", "copied", data[1])
	source, err := s.Open(ctx, Ref{account, "c", "copied"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	staged := stage(t, s, data[1])
	for _, name := range []string{"read", "copied"} {
		update(t, s, "c", name, (*Txn).DeleteBase)
	}
	for range 5 {
		runtime.GC()
		if _, err := s.Collect(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var buf bytes.Buffer
	if err := h.WriteTo(&buf, 0, h.Blob.Length); err != nil {
		t.Fatal(err)
	}
	equal(t, buf.Bytes(), data[0])
	h.Close()

	// What is used now was condemned while nobody referred to it.
	update(t, s, "c", "staged", func(tx *Txn) error { return tx.Create(&Blob{Type: BlockBlob}, staged) })
	update(t, s, "c", "copy", func(tx *Txn) error { return tx.CreateFrom(&Blob{Type: BlockBlob}, source) })
	source.Close()
	collectAll(t, s)
	equal(t, read(t, s, "c", "staged", time.Time{}), data[1])
	equal(t, read(t, s, "c", "copy", time.Time{}), data[1])

	for _, name := range []string{"staged", "copy"} {
		update(t, s, "c", name, (*Txn).DeleteBase)
	}
	s = sealAll(t, s)
	collectAll(t, s)
	if files, n := onDisk(t, s.c.Dir); files != 0 {
		t.Errorf("%d files of %d bytes remain of nothing", files, n)
	}
}

// TestCollectMoves checks that mostly dead extents are emptied, and that what
// blobs share they share still.
func TestCollectMoves(t *testing.T) {
	s := openTest(t, small)
	newContainer(t, s, "c")
	r := rand.New(rand.NewPCG(1, 1))
	want := map[string][]byte{}
	for i := range 200 {
		name, data := fmt.Sprintf("%03d", i), randomBytes(r, 16<<10)
		put(t, s, "c", name, data)
		if i%10 == 0 {
			want[name] = data
		}
	}
	update(t, s, "c", "page", func(tx *Txn) error { return tx.Create(&Blob{Type: PageBlob, Length: 64 << 10}) })
	for i := range 30 { // more pieces than stand in a record
		c := stage(t, s, randomBytes(r, pageBytes))
		update(t, s, "c", "page", func(tx *Txn) error { return tx.WritePages(int64(i)*2*pageBytes, c) })
	}
	want["page"] = read(t, s, "c", "page", time.Time{})
	block := randomBytes(r, 1000)
	staged := stage(t, s, block)
	update(t, s, "c", "blocks", func(tx *Txn) error { return tx.StageBlock("AA==", staged) })
	var at time.Time
	for _, name := range []string{"page", "000"} {
		update(t, s, "c", name, func(tx *Txn) error {
			snap, err := tx.Snapshot(nil)
			at = snap.Snapshot
			return err
		})
	}
	for i := range 200 {
		if name := fmt.Sprintf("%03d", i); want[name] == nil {
			update(t, s, "c", name, (*Txn).DeleteBase)
		}
	}
	s = sealAll(t, s)
	before, err := s.Blob(context.Background(), Ref{account, "c", "010"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	c := collectAll(t, s)
	if c.Moved == 0 || c.Moved > 600<<10 {
		t.Errorf("moved %d bytes", c.Moved)
	}
	if _, n := onDisk(t, s.c.Dir); n > 700<<10 {
		t.Errorf("%d bytes on disk", n)
	}
	for name, data := range want {
		equal(t, read(t, s, "c", name, time.Time{}), data)
	}
	equal(t, read(t, s, "c", "000", at), want["000"])
	if after, err := s.Blob(context.Background(), Ref{account, "c", "010"}, time.Time{}); err != nil || after.ETag != before.ETag || !after.LastModified.Equal(before.LastModified) {
		t.Errorf("moving changed %+v to %+v (%v)", before, after, err)
	}
	update(t, s, "c", "blocks", func(tx *Txn) error { return tx.CommitBlocks(&Blob{}, []BlockRef{{Latest, "AA=="}}) })
	equal(t, read(t, s, "c", "blocks", time.Time{}), block)

	list, _, err := s.ListContainers(context.Background(), account, ListOptions{}, true)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	snap, err := s.List(context.Background(), account, "c", ListOptions{Prefix: "page", Snapshots: true})
	if err != nil || len(snap.Items) != 2 {
		t.Fatal(snap, err)
	}
	base, err := s.Open(context.Background(), Ref{account, "c", "page"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	prev, err := s.Open(context.Background(), Ref{account, "c", "page"}, snap.Items[0].Blob.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	defer prev.Close()
	if diff, err := base.PagesDiff(prev, 0, base.Blob.Length); err != nil || len(diff) != 0 {
		t.Errorf("pages differ after moving: %v, %v", diff, err)
	}
}

// TestCollectUnderLoad writes, copies, deletes and reads while collecting.
func TestCollectUnderLoad(t *testing.T) {
	s := openMem(t, Config{ExtentBytes: pieceBytes, CollectBytes: 1 << 40})
	newContainer(t, s, "c")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 5))
			want := map[string][]byte{}
			for ctx.Err() == nil {
				name := fmt.Sprintf("%d-%d", w, r.IntN(6))
				data, there := want[name]
				switch r.IntN(4) {
				case 0:
					if there {
						update(t, s, "c", name, (*Txn).DeleteBase)
						delete(want, name)
					}
				case 1:
					if there {
						h, err := s.Open(context.Background(), Ref{account, "c", name}, time.Time{})
						if err != nil {
							t.Error(err)
							return
						}
						update(t, s, "c", name, (*Txn).DeleteBase)
						runtime.Gosched()
						update(t, s, "c", name, func(tx *Txn) error { return tx.CreateFrom(&Blob{Type: BlockBlob}, h) })
						h.Close()
					}
				case 2:
					if there {
						equal(t, read(t, s, "c", name, time.Time{}), data)
					}
				case 3:
					want[name] = randomBytes(r, 1000+r.IntN(20000))
					put(t, s, "c", name, want[name])
				}
			}
			for name, data := range want {
				equal(t, read(t, s, "c", name, time.Time{}), data)
			}
		})
	}
	deleted := 0
	for ctx.Err() == nil {
		runtime.GC()
		c, err := s.Collect(context.Background())
		if err != nil {
			t.Error(err)
		}
		deleted += c.Extents
	}
	wg.Wait()
	if deleted == 0 {
		t.Error("nothing was collected")
	}
}

// TestCollectByItself checks the loop that Open starts.
func TestCollectByItself(t *testing.T) {
	dir := t.TempDir()
	c := Config{Dir: dir, MinFree: -1, ExtentBytes: pieceBytes, CollectEvery: 5 * time.Millisecond}
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	newContainer(t, s, "c")
	for i := range 20 {
		put(t, s, "c", "b", make([]byte, 100<<10+i))
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		runtime.GC()
		if files, _ := onDisk(t, dir); files <= 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("garbage remains")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestBlocksExpire(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := openMem(t, Config{Now: func() time.Time { return now }})
	newContainer(t, s, "c")
	for _, name := range []string{"collected", "seen", "renewed"} {
		c := stage(t, s, make([]byte, 100))
		update(t, s, "c", name, func(tx *Txn) error { return tx.StageBlock("AA==", c) })
	}
	now = now.Add(blockExpiry)
	renew := stage(t, s, make([]byte, 10))
	update(t, s, "c", "renewed", func(tx *Txn) error { return tx.StageBlock("BB==", renew) })
	now = now.Add(time.Second)
	if got := listAll(t, s, "c", ListOptions{Uncommitted: true}); len(got) != 1 || got[0] != "uncommitted renewed" {
		t.Errorf("listed %q", got)
	}
	longer := stage(t, s, make([]byte, 7))
	update(t, s, "c", "seen", func(tx *Txn) error { return tx.StageBlock("AAAAAA==", longer) })
	if c := collectAll(t, s); c.Expired != 1 {
		t.Errorf("%+v", c)
	}
	if _, user, _ := s.Usage(context.Background(), account); user != 117 {
		t.Errorf("%d bytes stored, want 117", user)
	}
}
