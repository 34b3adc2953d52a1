package blobstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// TestNameSet checks that nothing put in is missed and that little else is found,
// filled as full as it is meant to be.
func TestNameSet(t *testing.T) {
	set := &nameSet{lines: make([]nameLine, 1<<10)}
	r := rand.New(rand.NewPCG(1, 1))
	in := make([]uint64, len(set.lines)*namesPerLine)
	for i := range in {
		in[i] = r.Uint64()
		set.add(in[i])
	}
	for _, h := range in {
		if !set.has(h) {
			t.Fatalf("%x was put in and is not there", h)
		}
	}
	wrong := 0
	for range len(in) {
		h := r.Uint64()
		if set.has(h) {
			wrong++
		}
		if set.has(blocksOf(h)) {
			wrong++
		}
	}
	if wrong > len(in)/15 {
		t.Errorf("%d of %d that were not put in are there", wrong, 2*len(in))
	}
}

// TestHashKey checks that a blob has the same hash by its name and by its keys.
func TestHashKey(t *testing.T) {
	s := openMem(t, Config{})
	for _, name := range []string{"", "a", "a/b", "\x00", "a\x00\x01", "\xff\x00\x00", strings.Repeat("ü", 512)} {
		want := s.hashName(7, name)
		for _, key := range [][]byte{blobKey(7, name, baseBlob), nameKey(kindUncommitted, 7, name), append(nameKey(kindBlock, 7, name), "AA=="...)} {
			if got, _, ok := s.hashKey(key); !ok || got != want {
				t.Errorf("%q: hash %x of the key %q, want %x", name, got, key, want)
			}
		}
		if s.hashName(8, name) == want {
			t.Errorf("%q has the same hash in two containers", name)
		}
	}
}

// seen reports what a transaction finds of a blob.
func seen(t *testing.T, s *store, name string) (blob, blocks bool) {
	t.Helper()
	err := s.Update(context.Background(), Ref{account, "c", name}, func(tx *Txn) error {
		h, err := tx.header()
		blob, blocks = tx.Blob != nil, h.count > 0
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return blob, blocks
}

// TestNamesSurvive checks that what exists is found after it was made, after a
// restart, and after a mark, and that what does not exist is not looked for.
func TestNamesSurvive(t *testing.T) {
	s := openTest(t, Config{})
	newContainer(t, s, "c")
	put(t, s, "c", "blob\x00", []byte("x"))
	staged := stage(t, s, []byte("y"))
	update(t, s, "c", "blocks", func(tx *Txn) error { return tx.StageBlock("AA==", staged) })
	put(t, s, "c", "gone", []byte("x"))
	update(t, s, "c", "gone", (*Txn).DeleteBase)
	check := func(when string) {
		t.Helper()
		for name, want := range map[string][2]bool{"blob\x00": {true, false}, "blocks": {false, true}, "gone": {}, "never": {}} {
			if blob, blocks := seen(t, s, name); blob != want[0] || blocks != want[1] {
				t.Errorf("%s: %q has a blob: %v, blocks: %v", when, name, blob, blocks)
			}
		}
	}
	may := func(name string) bool {
		c, err := s.container(account, "c")
		if err != nil {
			t.Fatal(err)
		}
		return s.names.may(s.hashName(c.id, name))
	}
	check("at once")
	if may("never") || !may("gone") {
		t.Errorf("never: %v, gone: %v", may("never"), may("gone"))
	}
	s = sealAll(t, s)
	check("after a restart")
	if may("never") || may("gone") || !may("blob\x00") {
		t.Error("the set at start is not that of what exists")
	}
	put(t, s, "c", "gone", []byte("x"))
	update(t, s, "c", "gone", (*Txn).DeleteBase)
	collectAll(t, s)
	check("after a mark")
	if may("never") || may("gone") {
		t.Error("a mark does not forget what is gone")
	}
	// Many names at start: everything may be there until a mark has looked.
	s.names.begin()
	s.names.sets.Store(&nameSets{})
	check("before the first mark")
	if !may("never") {
		t.Error("there is a complete set of names nobody read")
	}
	collectAll(t, s)
	check("after the first mark")
	if may("never") {
		t.Error("the first mark made no set")
	}
	// A mark that fails leaves the old set.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range 1100 {
		update(t, s, "c", fmt.Sprint("many", i), func(tx *Txn) error { return tx.Create(&Blob{Type: BlockBlob}) })
	}
	if _, err := s.Collect(ctx); err == nil {
		t.Fatal("a collection without time succeeded")
	}
	check("after a mark that failed")
	if may("never") {
		t.Error("a mark that failed took the set away")
	}
}

// TestNamesWhileMarking makes blobs while the set is built anew, over and over:
// none may be missed by who comes next.
func TestNamesWhileMarking(t *testing.T) {
	s := openMem(t, Config{})
	newContainer(t, s, "c")
	ctx, cancel := context.WithCancel(context.Background())
	var marks sync.WaitGroup
	marks.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.Collect(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 1500 {
				name := fmt.Sprint(w, "-", i)
				if blob, _ := seen(t, s, name); blob {
					t.Errorf("%s is there before it is made", name)
				}
				update(t, s, "c", name, func(tx *Txn) error { return tx.Create(&Blob{Type: BlockBlob}) })
				for _, j := range []int{i, i / 2} {
					if blob, _ := seen(t, s, fmt.Sprint(w, "-", j)); !blob {
						t.Errorf("blob %d-%d was made and is not seen", w, j)
					}
				}
			}
		})
	}
	writers.Wait()
	cancel()
	marks.Wait()
}
