package blobstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// faultFS is a file system that fails on demand.
type faultFS struct {
	vfs.FS
	extentWrite, extentSync, logSync atomic.Pointer[error]
	free                             atomic.Int64 // what GetDiskUsage says; 0 asks the disk
}

func set(p *atomic.Pointer[error], err error) {
	if err == nil {
		p.Store(nil)
		return
	}
	p.Store(&err)
}

func (f *faultFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.OpenReadWrite(name, c, o...)
	if err != nil || !strings.HasSuffix(name, ".extent") {
		return file, err
	}
	return &faultFile{file, &f.extentWrite, &f.extentSync}, nil
}

func (f *faultFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	if err != nil || !strings.HasSuffix(name, ".log") {
		return file, err
	}
	return &faultFile{file, new(atomic.Pointer[error]), &f.logSync}, nil
}

func (f *faultFS) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	if n := f.free.Load(); n > 0 {
		return vfs.DiskUsage{AvailBytes: uint64(n)}, nil
	}
	return f.FS.GetDiskUsage(path)
}

type faultFile struct {
	vfs.File
	write, sync *atomic.Pointer[error]
}

func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.write.Load(); err != nil {
		n, _ := f.File.WriteAt(p[:len(p)/2], off) // half of it got there
		return n, *err
	}
	return f.File.WriteAt(p, off)
}

func (f *faultFile) SyncData() error {
	if err := f.sync.Load(); err != nil {
		return *err
	}
	return f.File.SyncData()
}

func (f *faultFile) Sync() error {
	if err := f.sync.Load(); err != nil {
		return *err
	}
	return f.File.Sync()
}

func (f *faultFile) SyncTo(n int64) (bool, error) {
	if err := f.sync.Load(); err != nil {
		return false, *err
	}
	return f.File.SyncTo(n)
}

// try puts a blob of data and returns the error.
func try(s Store, name string, data []byte) error {
	ctx := context.Background()
	c, err := s.Stage(ctx, bytes.NewReader(data))
	if err != nil {
		return err
	}
	return s.Update(ctx, Ref{account, "c", name}, func(t *Txn) error { return t.Create(&Blob{Type: BlockBlob}, c) })
}

// TestDiskFull checks that writes fail as such, harm nothing and work again when
// there is space.
func TestDiskFull(t *testing.T) {
	fs := &faultFS{FS: vfs.Default}
	s := openTest(t, Config{FS: fs})
	newContainer(t, s, "c")
	r := rand.New(rand.NewPCG(1, 1))
	short, long := randomBytes(r, 5000), randomBytes(r, 3*pieceBytes)
	put(t, s, "c", "short", short)
	put(t, s, "c", "long", long)
	for _, kind := range []*atomic.Pointer[error]{&fs.extentWrite, &fs.extentSync} {
		set(kind, syscall.ENOSPC)
		for _, data := range [][]byte{short[1:], long[1:]} {
			if err := try(s, "short", data); !errors.Is(err, ErrReadOnly) || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("put on a full disk: %v", err)
			}
		}
		equal(t, read(t, s, "c", "short", time.Time{}), short)
		set(kind, nil)
		for _, data := range [][]byte{short, long} {
			put(t, s, "c", "again", data)
			equal(t, read(t, s, "c", "again", time.Time{}), data)
		}
	}
	s = sealAll(t, s)
	equal(t, read(t, s, "c", "short", time.Time{}), short)
	equal(t, read(t, s, "c", "long", time.Time{}), long)
}

// TestFailedSync checks that an extent whose sync failed is written no more: a
// second sync that succeeds would say nothing about the first one's bytes.
func TestFailedSync(t *testing.T) {
	fs := &faultFS{FS: vfs.Default}
	s := openTest(t, Config{FS: fs})
	newContainer(t, s, "c")
	put(t, s, "c", "before", []byte("before"))
	bad := s.extents.shared
	set(&fs.extentSync, syscall.EIO)
	if err := try(s, "during", []byte("during")); !errors.Is(err, syscall.EIO) {
		t.Errorf("put with a failing sync: %v", err)
	}
	set(&fs.extentSync, nil)
	if err := bad.sync(); err == nil {
		t.Error("a sync after a failed one succeeded")
	}
	size := bad.size
	put(t, s, "c", "after", []byte("after"))
	if s.extents.shared == bad || bad.size != size {
		t.Error("an extent was written after its sync failed")
	}
	if _, err := s.Blob(context.Background(), Ref{account, "c", "during"}, time.Time{}); !errors.Is(err, ErrBlobNotFound) {
		t.Errorf("a put that failed left a blob: %v", err)
	}
	equal(t, read(t, s, "c", "before", time.Time{}), []byte("before"))
	equal(t, read(t, s, "c", "after", time.Time{}), []byte("after"))
}

// TestFailedLog checks that the store refuses writes, and still reads, when the
// metadata's log cannot be synced.
func TestFailedLog(t *testing.T) {
	fs := &faultFS{FS: vfs.Default}
	c := Config{FS: fs, Dir: t.TempDir()}
	s := openTest(t, c)
	newContainer(t, s, "c")
	put(t, s, "c", "before", []byte("before"))
	set(&fs.logSync, syscall.EIO)
	if err := try(s, "during", []byte("during")); err == nil {
		t.Error("put with a failing log succeeded")
	}
	set(&fs.logSync, nil)
	if err := try(s, "after", []byte("after")); !errors.Is(err, ErrReadOnly) {
		t.Errorf("put after the log failed: %v", err)
	}
	for _, err := range []error{
		second(s.CreateContainer(context.Background(), account, Container{Name: "d"})),
		s.DeleteContainer(context.Background(), account, "c", nil),
		second(s.Collect(context.Background())),
	} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("change after the log failed: %v", err)
		}
	}
	equal(t, read(t, s, "c", "before", time.Time{}), []byte("before"))
	s.Close() // says that the log failed
	s.db, s.extents = nil, nil
	s = openTest(t, c)
	equal(t, read(t, s, "c", "before", time.Time{}), []byte("before"))
	put(t, s, "c", "after", []byte("after"))
}

// TestMinFree checks that the store stops before the disk is full, and that
// deleting works all the same.
func TestMinFree(t *testing.T) {
	fs := &faultFS{FS: vfs.Default}
	fs.free.Store(11 << 20)
	s := openTest(t, Config{FS: fs, MinFree: 10 << 20, CollectBytes: 1 << 40})
	newContainer(t, s, "c")
	data := make([]byte, 200<<10)
	var err error
	n := 0
	for ; n < 100 && err == nil; n++ {
		if err = try(s, "b", data); err == nil {
			fs.free.Add(-int64(len(data)))
		}
	}
	if !errors.Is(err, ErrReadOnly) || n < 2 || fs.free.Load() < 9<<20 {
		t.Errorf("after %d puts with %d bytes free: %v", n, fs.free.Load(), err)
	}
	// Collecting works in half of the reserve.
	fs.free.Store(9<<20 + 512<<10)
	s = sealAll(t, s)
	if c := collectAll(t, s); c.Extents == 0 || c.Moved == 0 {
		t.Errorf("on a full disk: %+v", c)
	}
	equal(t, read(t, s, "c", "b", time.Time{}), data)
	fs.free.Store(2 << 20)
	update(t, s, "c", "b", (*Txn).DeleteBase)
	if err := s.DeleteContainer(context.Background(), account, "c", nil); err != nil {
		t.Error(err)
	}
	fs.free.Store(100 << 20)
	newContainer(t, s, "c")
	put(t, s, "c", "b", data)
}

// TestOwnWritesGoOn lets the node itself write where others may not, in half of what
// is kept free.
func TestOwnWritesGoOn(t *testing.T) {
	type own struct{}
	fs := &faultFS{FS: vfs.Default}
	fs.free.Store(100 << 20)
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	s := openTest(t, Config{FS: fs, MinFree: 10 << 20, CollectEvery: -1, Now: func() time.Time { return now }, Own: func(ctx context.Context) bool { return ctx.Value(own{}) != nil }})
	newContainer(t, s, "c")
	write := func(ctx context.Context, name string) error {
		content, err := s.Stage(ctx, strings.NewReader("a record"))
		if err != nil {
			return err
		}
		return s.Update(ctx, Ref{account, "c", name}, func(x *Txn) error { return x.Create(&Blob{Type: BlockBlob}, content) })
	}
	ctx := context.WithValue(t.Context(), own{}, true)
	for _, c := range []struct {
		free      int64
		users, by bool // whether users and the node may write
	}{{11 << 20, true, true}, {9 << 20, false, true}, {6 << 20, false, true}, {4 << 20, false, false}} {
		fs.free.Store(c.free)
		now = now.Add(time.Second) // the free space is asked for again
		for _, w := range []struct {
			ctx context.Context
			ok  bool
		}{{ctx, c.by}, {t.Context(), c.users}, {ctx, c.by}} {
			if err := write(w.ctx, "b"); (err == nil) != w.ok || err != nil && !errors.Is(err, ErrReadOnly) {
				t.Errorf("%d bytes free, by the node %v: %v", c.free, w.ctx == ctx, err)
			}
		}
	}
}

// TestCorrupt flips and cuts bytes of an extent.
func TestCorrupt(t *testing.T) {
	s := openTest(t, Config{})
	newContainer(t, s, "c")
	data := randomBytes(rand.New(rand.NewPCG(1, 1)), 4*pieceBytes)
	put(t, s, "c", "b", data)
	files, err := filepath.Glob(filepath.Join(s.c.Dir, "extents", "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	flip := func(off int64) {
		f, err := os.OpenFile(files[0], os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var p [1]byte
		if _, err := f.ReadAt(p[:], off); err != nil {
			t.Fatal(err)
		}
		p[0] ^= 1
		if _, err := f.WriteAt(p[:], off); err != nil {
			t.Fatal(err)
		}
	}
	h, err := s.Open(context.Background(), Ref{account, "c", "b"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	flip(2*pieceBytes + 77)
	var buf bytes.Buffer
	err = h.WriteTo(&buf, 0, h.Blob.Length)
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "blob b at 524288") {
		t.Errorf("damaged byte: %v", err)
	}
	equal(t, buf.Bytes(), data[:2*pieceBytes]) // nothing of the damaged piece
	if _, err := h.ReadAt(make([]byte, 1), 2*pieceBytes); !errors.Is(err, ErrCorrupt) {
		t.Errorf("ReadAt beside the damaged byte: %v", err)
	}
	if err := h.WriteTo(io.Discard, 3*pieceBytes, pieceBytes); err != nil {
		t.Errorf("undamaged piece: %v", err)
	}
	flip(2*pieceBytes + 77)
	if err := h.WriteTo(io.Discard, 0, h.Blob.Length); err != nil {
		t.Errorf("repaired: %v", err)
	}
	if err := os.Truncate(files[0], 3*pieceBytes+5); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteTo(io.Discard, 0, h.Blob.Length); !errors.Is(err, ErrCorrupt) {
		t.Errorf("cut file: %v", err)
	}
}

// TestFormat checks that a folder of a later version is left alone.
func TestFormat(t *testing.T) {
	s := openMem(t, Config{})
	if err := s.db.Set([]byte(keyFormat), []byte{0, 0, 0, 0, 0, 0, 0, format + 1}, nil); err != nil {
		t.Fatal(err)
	}
	c := s.c
	closeTest(t, s)
	if _, err := Open(c); err == nil || !strings.Contains(err.Error(), "format") {
		t.Errorf("a later format was opened: %v", err)
	}
}

// TestWriteError checks that the caller can tell a client that went away from a
// store that failed.
func TestWriteError(t *testing.T) {
	s := openMem(t, Config{})
	newContainer(t, s, "c")
	put(t, s, "c", "b", make([]byte, 100))
	h, err := s.Open(context.Background(), Ref{account, "c", "b"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	err = h.WriteTo(failingWriter{}, 0, 100)
	var writeErr *WriteError
	if !errors.As(err, &writeErr) || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestLogFailsAtRotation checks that a log that cannot be synced harms nothing when
// it is closed for the next one, with Pebble's locks held.
func TestLogFailsAtRotation(t *testing.T) {
	fs := &faultFS{FS: vfs.Default}
	c := Config{FS: fs, Dir: t.TempDir()}
	s := openTest(t, c)
	newContainer(t, s, "c")
	put(t, s, "c", "before", []byte("before"))
	set(&fs.logSync, syscall.EIO)
	if err := s.db.Flush(); err != nil {
		t.Log(err)
	}
	if err := try(s, "after", []byte("after")); !errors.Is(err, ErrReadOnly) || !errors.Is(err, syscall.EIO) {
		t.Errorf("put after the log failed: %v", err)
	}
	set(&fs.logSync, nil)
	s.Close()
	s.db, s.extents = nil, nil
	s = openTest(t, c)
	if got := string(read(t, s, "c", "before", time.Time{})); got != "before" {
		t.Errorf("%q", got)
	}
	put(t, s, "c", "after", []byte("after"))
}
