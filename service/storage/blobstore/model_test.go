package blobstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
)

// The model is what the store is meant to be, kept in maps.
type (
	modelBlob struct {
		kind     BlobType
		data     []byte
		written  []bool // page blobs, a page
		metadata string
		blocks   []Block
		appends  int
	}
	modelName struct {
		base      *modelBlob
		snapshots map[time.Time]*modelBlob
		staged    map[string][]byte
	}
	model map[string]map[string]*modelName // container, name
)

func (b *modelBlob) clone() *modelBlob {
	c := *b
	c.data, c.written, c.blocks = bytes.Clone(b.data), slices.Clone(b.written), slices.Clone(b.blocks)
	return &c
}

// stored is what the model says of Usage.
func (m model) stored() (n int64) {
	for _, c := range m {
		for _, b := range c {
			for _, s := range b.staged {
				n += int64(len(s))
			}
			all := slices.Collect(maps.Values(b.snapshots))
			if b.base != nil {
				all = append(all, b.base)
			}
			for _, v := range all {
				if v.kind != PageBlob {
					n += int64(len(v.data))
					continue
				}
				for _, w := range v.written {
					if w {
						n += pageBytes
					}
				}
			}
		}
	}
	return n
}

func (b *modelBlob) pages() (list []Range) {
	var r ranges
	for i, w := range b.written {
		if w {
			r.add(int64(i)*pageBytes, int64(i+1)*pageBytes, false)
		}
	}
	return r
}

// runner drives store and model by the same dice.
type runner struct {
	t    *testing.T
	r    *rand.Rand
	c    Config
	s    *store
	m    model
	now  time.Time
	step int
}

func (u *runner) reopen() {
	u.t.Helper()
	if u.s != nil {
		closeTest(u.t, u.s)
	}
	u.s = openTest(u.t, u.c)
}

func (u *runner) bytes() []byte {
	switch u.r.IntN(10) {
	case 0:
		return randomBytes(u.r, pieceBytes+u.r.IntN(2*pieceBytes))
	case 1:
		return nil
	}
	return randomBytes(u.r, 1+u.r.IntN(900))
}

func (u *runner) one() {
	u.now = u.now.Add(time.Duration(u.r.IntN(3)) * 100 * time.Nanosecond)
	u.step++
	container := fmt.Sprintf("c%d", u.r.IntN(3))
	name := []string{"a", "a/b", "a/b/c", "ab", "a\x00", "a\x00b", "ä", "z"}[u.r.IntN(8)]
	blobs, there := u.m[container]
	ctx := context.Background()
	switch dice := u.r.IntN(100); {
	case !there:
		newContainer(u.t, u.s, container)
		u.m[container] = map[string]*modelName{}
		return
	case dice == 0:
		if err := u.s.DeleteContainer(ctx, account, container, nil); err != nil {
			u.t.Fatal(err)
		}
		delete(u.m, container)
		return
	case dice == 1:
		u.reopen()
		return
	case dice < 5:
		u.collect()
		return
	case dice < 8:
		u.check()
		return
	}
	b := blobs[name]
	if b == nil {
		b = &modelName{snapshots: map[time.Time]*modelBlob{}, staged: map[string][]byte{}}
		blobs[name] = b
	}
	u.change(container, name, b)
}

// change does one thing to one blob.
func (u *runner) change(container, name string, b *modelName) {
	r, t, s := u.r, u.t, u.s
	do := func(fn func(*Txn) error) { t.Helper(); update(t, s, container, name, fn) }
	dice := r.IntN(100)
	switch {
	case dice < 15: // Put Blob
		parts := [][]byte{u.bytes(), u.bytes()}[:1+r.IntN(2)]
		var cs []*Content
		for _, p := range parts {
			cs = append(cs, stage(t, s, p))
		}
		nb := &modelBlob{kind: BlockBlob, data: bytes.Join(parts, nil), metadata: fmt.Sprint(u.step)}
		do(func(tx *Txn) error {
			return tx.Create(&Blob{Type: BlockBlob, Metadata: Metadata{{"step", nb.metadata}}}, cs...)
		})
		b.base, b.staged = nb, map[string][]byte{}
	case dice < 20:
		do(func(tx *Txn) error { return tx.Create(&Blob{Type: AppendBlob}) })
		b.base, b.staged = &modelBlob{kind: AppendBlob}, map[string][]byte{}
	case dice < 25:
		n := 1 + r.IntN(200)
		do(func(tx *Txn) error { return tx.Create(&Blob{Type: PageBlob, Length: int64(n) * pageBytes}) })
		b.base = &modelBlob{kind: PageBlob, data: make([]byte, n*pageBytes), written: make([]bool, n)}
		b.staged = map[string][]byte{}
	case dice < 40: // Put Block, some of them in one transaction with others
		for range 1 + r.IntN(8) {
			id, data := fmt.Sprintf("%02d", r.IntN(40)), u.bytes()
			c := stage(t, s, data)
			do(func(tx *Txn) error { return tx.StageBlock(id, c) })
			b.staged[id] = data
		}
	case dice < 48:
		u.commit(container, name, b)
	case dice < 52 && b.base != nil:
		do(func(tx *Txn) error {
			snap, err := tx.Snapshot(nil)
			if err == nil {
				b.snapshots[snap.Snapshot] = b.base.clone()
			}
			return err
		})
	case dice < 54:
		for at := range b.snapshots {
			do(func(tx *Txn) error { return tx.DeleteSnapshot(at) })
			delete(b.snapshots, at)
			break
		}
	case dice < 57 && b.base != nil:
		do(func(tx *Txn) error {
			if err := tx.DeleteSnapshots(); err != nil {
				return err
			}
			return tx.DeleteBase()
		})
		*b = modelName{snapshots: map[time.Time]*modelBlob{}, staged: map[string][]byte{}}
	case dice < 60 && b.base != nil:
		b.base.metadata = fmt.Sprint(u.step)
		do(func(tx *Txn) error {
			tx.Blob.Metadata = Metadata{{"step", b.base.metadata}}
			return tx.Save(true)
		})
	case dice < 64 && b.base != nil: // Copy Blob, onto another or itself
		h, err := s.Open(context.Background(), Ref{account, container, name}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		to := []string{"a", "copy"}[r.IntN(2)]
		dst := u.m[container][to]
		if dst == nil {
			dst = &modelName{snapshots: map[time.Time]*modelBlob{}}
			u.m[container][to] = dst
		}
		nb := b.base.clone()
		nb.metadata = fmt.Sprint(u.step)
		if r.IntN(3) == 0 { // a copy must not need what it copies from
			do(func(tx *Txn) error { return tx.Create(&Blob{Type: BlockBlob}) })
			b.base, b.staged = &modelBlob{kind: BlockBlob}, map[string][]byte{}
			u.collect()
		}
		update(t, s, container, to, func(tx *Txn) error {
			return tx.CreateFrom(&Blob{Type: nb.kind, AppendBlocks: nb.appends, Metadata: Metadata{{"step", nb.metadata}}}, h)
		})
		dst.base, dst.staged = nb, map[string][]byte{}
	case b.base != nil && b.base.kind == AppendBlob:
		for range 1 + r.IntN(12) {
			data := u.bytes()
			c := stage(t, s, data)
			do(func(tx *Txn) error { return tx.Append(c) })
			b.base.data = append(b.base.data, data...)
			b.base.appends++
		}
	case b.base != nil && b.base.kind == PageBlob:
		for range 1 + r.IntN(12) {
			u.page(do, b.base)
		}
	}
}

func (u *runner) page(do func(func(*Txn) error), v *modelBlob) {
	r := u.r
	pages := len(v.written)
	if pages == 0 || r.IntN(20) == 0 {
		n := 1 + r.IntN(200)
		do(func(tx *Txn) error { return tx.Resize(int64(n) * pageBytes) })
		for len(v.written) < n {
			v.written = append(v.written, false)
			v.data = append(v.data, make([]byte, pageBytes)...)
		}
		v.written, v.data = v.written[:n], v.data[:n*pageBytes]
		return
	}
	from := r.IntN(pages)
	n := 1 + r.IntN(min(pages-from, 20))
	off := int64(from) * pageBytes
	if r.IntN(3) == 0 {
		do(func(tx *Txn) error { return tx.ClearPages(off, int64(n)*pageBytes) })
		clear(v.data[off:][:n*pageBytes])
		for i := range n {
			v.written[from+i] = false
		}
		return
	}
	data := randomBytes(r, n*pageBytes)
	c := stage(u.t, u.s, data)
	do(func(tx *Txn) error { return tx.WritePages(off, c) })
	copy(v.data[off:], data)
	for i := range n {
		v.written[from+i] = true
	}
}

// commit lists some blocks, some of which may not be there.
func (u *runner) commit(container, name string, b *modelName) {
	var refs []BlockRef
	nb := &modelBlob{kind: BlockBlob, metadata: fmt.Sprint(u.step)}
	valid := true
	for range u.r.IntN(40) {
		id := fmt.Sprintf("%02d", u.r.IntN(40))
		source := BlockSource(u.r.IntN(3))
		staged, isStaged := b.staged[id]
		at, committed := int64(0), false
		var length int64
		if b.base != nil {
			for _, c := range b.base.blocks {
				if c.ID == id {
					committed, length = true, c.Length
					break
				}
				at += c.Length
			}
		}
		if found := source != Committed && isStaged || source != Uncommitted && committed; !found && u.r.IntN(50) > 0 {
			continue // mostly valid lists
		}
		refs = append(refs, BlockRef{source, id})
		switch {
		case source != Committed && isStaged:
			nb.data = append(nb.data, staged...)
			nb.blocks = append(nb.blocks, Block{id, int64(len(staged))})
		case source != Uncommitted && committed:
			nb.data = append(nb.data, b.base.data[at:at+length]...)
			nb.blocks = append(nb.blocks, Block{id, length})
		default:
			valid = false
		}
	}
	err := u.s.Update(context.Background(), Ref{account, container, name}, func(tx *Txn) error {
		return tx.CommitBlocks(&Blob{Metadata: Metadata{{"step", nb.metadata}}}, refs)
	})
	if !valid {
		if !errors.Is(err, ErrInvalidBlockList) {
			u.t.Fatalf("invalid block list: %v", err)
		}
		return
	}
	if err != nil {
		u.t.Fatal(err)
	}
	b.base, b.staged = nb, map[string][]byte{}
}

func (u *runner) collect() {
	u.t.Helper()
	if u.r.IntN(2) == 0 {
		runtime.GC()
	}
	if _, err := u.s.Collect(context.Background()); err != nil {
		u.t.Fatal(err)
	}
}

// check compares all there is.
func (u *runner) check() {
	u.t.Helper()
	ctx := context.Background()
	_, user, err := u.s.Usage(ctx, account)
	if err != nil || user != u.m.stored() {
		u.t.Fatalf("step %d: %d bytes stored, want %d (%v)", u.step, user, u.m.stored(), err)
	}
	for container, blobs := range u.m {
		var names []string
		for name, b := range blobs {
			for at, v := range b.snapshots {
				names = append(names, fmt.Sprintf("%q %020d", name, ticks(at)))
				u.same(container, name, at, v)
				if v.kind == PageBlob && b.base != nil && b.base.kind == PageBlob {
					u.sameDiff(container, name, at, v, b.base)
				}
			}
			if b.base != nil {
				names = append(names, fmt.Sprintf("%q %020d", name, baseBlob))
				u.same(container, name, time.Time{}, b.base)
			} else if len(b.staged) > 0 {
				names = append(names, fmt.Sprintf("%q uncommitted", name))
			}
			u.sameBlocks(container, name, b)
		}
		var got []string
		o := ListOptions{Snapshots: true, Uncommitted: true, Max: 1 + u.r.IntN(7)}
		for {
			page, err := u.s.List(ctx, account, container, o)
			if err != nil {
				u.t.Fatal(err)
			}
			for _, i := range page.Items {
				if i.Uncommitted {
					got = append(got, fmt.Sprintf("%q uncommitted", i.Blob.Name))
				} else {
					got = append(got, fmt.Sprintf("%q %020d", i.Blob.Name, snapshotTicks(i.Blob.Snapshot)))
				}
			}
			if o.Marker = page.Next; o.Marker == "" {
				break
			}
		}
		sort.Strings(got)
		sort.Strings(names)
		if d := cmp.Diff(names, got); d != "" {
			u.t.Fatalf("step %d: list of %s (-want +got):\n%s", u.step, container, d)
		}
	}
}

func (u *runner) same(container, name string, at time.Time, v *modelBlob) {
	u.t.Helper()
	h, err := u.s.Open(context.Background(), Ref{account, container, name}, at)
	if err != nil {
		u.t.Fatalf("step %d: %v", u.step, err)
	}
	defer h.Close()
	if h.Blob.Type != v.kind || h.Blob.Length != int64(len(v.data)) || h.Blob.AppendBlocks != v.appends {
		u.t.Fatalf("step %d: %s/%q is %+v, want %s of %d bytes, %d appends", u.step, container, name, h.Blob, v.kind, len(v.data), v.appends)
	}
	if v.metadata != "" && h.Blob.Metadata[0].Value != v.metadata {
		u.t.Fatalf("step %d: metadata %v, want %s", u.step, h.Blob.Metadata, v.metadata)
	}
	equal(u.t, read(u.t, u.s, container, name, at), v.data)
	if v.kind == PageBlob {
		got, err := h.Pages(0, h.Blob.Length)
		if err != nil || !slices.Equal(got, v.pages()) {
			u.t.Fatalf("step %d: pages of %s/%q: %v, want %v (%v)", u.step, container, name, got, v.pages(), err)
		}
	}
}

// sameDiff compares a page blob with one of its snapshots. Pages written over
// with the same bytes may or may not count as changed.
func (u *runner) sameDiff(container, name string, at time.Time, old, v *modelBlob) {
	u.t.Helper()
	ctx := context.Background()
	h, err := u.s.Open(ctx, Ref{account, container, name}, time.Time{})
	if err != nil {
		u.t.Fatal(err)
	}
	defer h.Close()
	prev, err := u.s.Open(ctx, Ref{account, container, name}, at)
	if err != nil {
		u.t.Fatal(err)
	}
	defer prev.Close()
	got, err := h.PagesDiff(prev, 0, h.Blob.Length)
	if err != nil {
		u.t.Fatal(err)
	}
	const same, changed, cleared = 0, 1, 2
	is := make([]int, len(v.written))
	last := int64(-1)
	for _, r := range got {
		if r.Offset < last || r.Length <= 0 {
			u.t.Fatalf("step %d: ranges out of order: %v", u.step, got)
		}
		last = r.Offset + r.Length
		for i := r.Offset / pageBytes; i < last/pageBytes; i++ {
			is[i] = changed
			if r.Cleared {
				is[i] = cleared
			}
		}
	}
	for i, written := range v.written {
		was := i < len(old.written) && old.written[i]
		var ok bool
		switch {
		case !written && was:
			ok = is[i] == cleared
		case !written:
			ok = is[i] == same
		case was && bytes.Equal(v.data[i*pageBytes:][:pageBytes], old.data[i*pageBytes:][:pageBytes]):
			ok = is[i] != cleared
		default:
			ok = is[i] == changed
		}
		if !ok {
			u.t.Fatalf("step %d: page %d is %d in the difference (was written %v, is written %v)", u.step, i, is[i], was, written)
		}
	}
}

func (u *runner) sameBlocks(container, name string, b *modelName) {
	u.t.Helper()
	committed, uncommitted, _, err := u.s.Blocks(context.Background(), Ref{account, container, name}, time.Time{})
	if b.base == nil && len(b.staged) == 0 {
		if !errors.Is(err, ErrBlobNotFound) {
			u.t.Fatalf("step %d: blocks of nothing: %v", u.step, err)
		}
		return
	}
	var want []Block
	for _, id := range slices.Sorted(maps.Keys(b.staged)) {
		want = append(want, Block{id, int64(len(b.staged[id]))})
	}
	if err != nil || !slices.Equal(uncommitted, want) {
		u.t.Fatalf("step %d: uncommitted blocks %v, want %v (%v)", u.step, uncommitted, want, err)
	}
	if b.base != nil && !slices.Equal(committed, b.base.blocks) {
		u.t.Fatalf("step %d: committed blocks %v, want %v", u.step, committed, b.base.blocks)
	}
}

// TestModel does random things to the store and to a model of it, with restarts
// and collections in between, and compares.
func TestModel(t *testing.T) {
	steps := 1500
	if testing.Short() {
		steps = 300
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			u := &runner{t: t, r: rand.New(rand.NewPCG(seed, 7)), m: model{}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
			u.c = Config{
				Dir: "/store", FS: vfs.NewMem(), ExtentBytes: 2 * pieceBytes, CollectBytes: 1 << 40,
				Now: func() time.Time { return u.now },
			}
			u.reopen()
			for range steps {
				u.one()
			}
			u.check()
			u.reopen()
			u.check()
			runtime.GC()
			u.collect()
			u.check()
		})
	}
}
