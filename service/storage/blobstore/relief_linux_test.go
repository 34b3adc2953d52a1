package blobstore

import (
	"io/fs"
	"syscall"
	"testing"
	"time"
)

// blocksOnDisk is what a file takes up, holes not counted.
func blocksOnDisk(i fs.FileInfo) int64 {
	if st, ok := i.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return i.Size()
}

// TestRelief deletes every fourth blob, or most, or a few that lie side by side,
// short ones that share a file and long ones.
func TestRelief(t *testing.T) {
	for name, tc := range map[string]struct {
		size int
		gone func(int) bool
	}{
		"every fourth short": {60_000, func(i int) bool { return i%4 == 1 }},
		"most short":         {40_000, func(i int) bool { return i%16 != 0 }},
		"few long":           {1 << 20, func(i int) bool { return i < 4 }},
		"most long":          {700_000, func(i int) bool { return i%8 != 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			disk := newDisk(t, 18<<20, blocksOnDisk)
			fillAndDelete(t, Config{Dir: disk.dir, FS: disk, MinFree: 8 << 20}, tc.size, tc.gone)
		})
	}
}

// TestReliefSpares checks that what is read or about to be used is not taken.
func TestReliefSpares(t *testing.T) {
	disk := newDisk(t, 24<<20, blocksOnDisk)
	s := openTest(t, Config{Dir: disk.dir, FS: disk, MinFree: 8 << 20})
	newContainer(t, s, "c")
	content := map[string][]byte{}
	for _, name := range []string{"a", "read", "b", "copied", "c", "used", "d"} {
		content[name] = make([]byte, 100_000)
		for i := range content[name] {
			content[name][i] = name[0] + byte(i)
		}
		if name != "used" {
			put(t, s, "c", name, content[name])
		}
	}
	used := stage(t, s, content["used"])
	put(t, s, "c", "end", content["a"])
	open := func(name string) *Handle {
		h, err := s.Open(t.Context(), Ref{account, "c", name}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	reading, copying := open("read"), open("copied")
	for _, name := range []string{"a", "read", "copied", "c"} {
		update(t, s, "c", name, (*Txn).DeleteBase)
	}
	relieve := func() (bytes int64) {
		for range 3 {
			s.garbage.given.Add(1)
			c, _, err := s.relieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			bytes += c.Bytes
		}
		return bytes
	}
	if n := relieve(); n != 0 {
		t.Errorf("%d bytes given back while they were in use", n)
	}
	var w writerOf
	if err := reading.WriteTo(&w, 0, reading.Blob.Length); err != nil {
		t.Error(err)
	}
	equal(t, w.p, content["read"])
	reading.Close()
	update(t, s, "c", "used", func(tx *Txn) error { return tx.Create(&Blob{Type: BlockBlob}, used) })
	update(t, s, "c", "copy", func(tx *Txn) error { return tx.CreateFrom(&Blob{Type: BlockBlob}, copying) })
	copying.Close()
	if n := relieve(); n < 250_000 || n > 310_000 {
		t.Errorf("%d bytes given back of three blobs of 100000", n)
	}
	for name, from := range map[string]string{"b": "b", "d": "d", "used": "used", "copy": "copied", "end": "a"} {
		equal(t, read(t, s, "c", name, time.Time{}), content[from])
	}
}

type writerOf struct{ p []byte }

func (w *writerOf) Write(p []byte) (int, error) { w.p = append(w.p, p...); return len(p), nil }
