package blobstore

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// smallDisk is a disk of which content is the only use.
type smallDisk struct {
	vfs.FS
	dir  string
	size int64
	used func(fs.FileInfo) int64
}

func (d *smallDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	files, err := filepath.Glob(filepath.Join(d.dir, "extents", "*"))
	free := d.size
	for _, name := range files {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) { // collected this moment
			continue
		}
		if err != nil {
			return vfs.DiskUsage{}, err
		}
		free -= d.used(info)
	}
	return vfs.DiskUsage{AvailBytes: uint64(max(free, 0))}, err
}

// solidFile is a file that cannot have holes.
type solidFile struct{ vfs.File }

func (solidFile) Fd() uintptr { return vfs.InvalidFd }

// solidDisk is a disk of such files.
type solidDisk struct{ *smallDisk }

func (d solidDisk) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.smallDisk.OpenReadWrite(name, c, o...)
	return solidFile{f}, err
}

// fillUp puts blobs until there is no room, and returns how many that were.
func fillUp(t *testing.T, s Store, data func(i int) []byte) (n int) {
	t.Helper()
	for ; n < 10_000; n++ {
		err := try(s, fmt.Sprint(n), data(n))
		if errors.Is(err, ErrReadOnly) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the disk does not get full")
	return n
}

// relieved waits until a blob can be put, and returns how long that took.
func relieved(t *testing.T, s Store, name string, data []byte) time.Duration {
	t.Helper()
	start := time.Now()
	for {
		err := try(s, name, data)
		if err == nil {
			return time.Since(start)
		}
		if !errors.Is(err, ErrReadOnly) {
			t.Fatal(err)
		}
		if time.Since(start) > 20*time.Second {
			t.Fatalf("deleting gave no room: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// fillAndDelete fills a disk with blobs of a size, deletes those that gone says,
// and checks that as much as that can be written soon, more than once, and that
// what was not deleted is whole.
func fillAndDelete(t *testing.T, c Config, size int, gone func(i int) bool) {
	c.CollectEvery = time.Hour // it must be called
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			s.Close()
		}
	}()
	newContainer(t, s, "c")
	data := func(i int) []byte { return randomBytes(rand.New(rand.NewPCG(uint64(i), 1)), size) }
	n := fillUp(t, s, data)
	kept := map[string][]byte{}
	var slowest time.Duration
	for round := range 2 {
		var deleted []string
		for i := range n {
			name := fmt.Sprint(i)
			if gone(i) {
				update(t, s, "c", name, (*Txn).DeleteBase)
				deleted = append(deleted, name)
			} else if round == 0 {
				kept[name] = data(i)
			}
		}
		for i, name := range deleted[:len(deleted)*3/4] {
			slowest = max(slowest, relieved(t, s, name, data(1000*round+i)))
		}
		for _, name := range deleted[len(deleted)*3/4:] { // so that all can be deleted again
			slowest = max(slowest, relieved(t, s, name, nil))
		}
	}
	t.Logf("%d blobs of %d bytes; room after %v at the latest", n, size, slowest.Round(time.Millisecond))
	if slowest > 8*time.Second { // two seconds on a machine that does nothing else
		t.Errorf("it took %v until there was room", slowest)
	}
	for name, want := range kept {
		equal(t, read(t, s, "c", name, time.Time{}), want)
	}
	closed = true
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openTest(t, Config{Dir: c.Dir})
	for name, want := range kept {
		equal(t, read(t, again, "c", name, time.Time{}), want)
	}
	collectAll(t, again)
	for name, want := range kept {
		equal(t, read(t, again, "c", name, time.Time{}), want)
	}
}

func newDisk(t *testing.T, size int64, used func(fs.FileInfo) int64) *smallDisk {
	dir := t.TempDir()
	return &smallDisk{FS: vfs.Default, dir: dir, size: size, used: used}
}

// TestReliefWithoutHoles deletes most blobs where what is left must be moved.
func TestReliefWithoutHoles(t *testing.T) {
	disk := newDisk(t, 26<<20, fs.FileInfo.Size)
	c := Config{Dir: disk.dir, FS: solidDisk{disk}, MinFree: 16 << 20, ExtentBytes: 4 << 20, CollectBytes: 1 << 30}
	fillAndDelete(t, c, 60_000, func(i int) bool { return i%10 != 0 })
}

func TestHoles(t *testing.T) {
	for _, tc := range []struct {
		spans []span
		size  int64
		want  []span
		total int64
	}{
		{nil, 8192, []span{{0, 8192}}, 8192},
		{nil, 8191, []span{{0, 4096}}, 4096},
		{[]span{{0, 8192}}, 8192, nil, 0},
		{[]span{{4096, 8192}}, 8192, []span{{0, 4096}}, 4096},
		{[]span{{4097, 8192}}, 8192, []span{{0, 4096}}, 4096},
		{[]span{{4095, 4096}}, 12288, []span{{4096, 12288}}, 8192},
		{[]span{{4095, 4097}}, 12288, []span{{8192, 12288}}, 4096},
		{[]span{{20480, 24576}, {0, 100}, {50, 60}, {0, 100}, {4000, 4100}}, 40960, []span{{8192, 20480}, {24576, 40960}}, 28672},
	} {
		got, total := holes(slices.Clone(tc.spans), tc.size)
		if !slices.Equal(got, tc.want) || total != tc.total {
			t.Errorf("%v of %d: %v, %d bytes; want %v, %d", tc.spans, tc.size, got, total, tc.want, tc.total)
		}
	}
}
