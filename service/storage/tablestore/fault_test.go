package tablestore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// faultFS is a file system that fails on demand.
type faultFS struct {
	vfs.FS
	sync atomic.Pointer[error] // of logs
	free atomic.Int64          // what GetDiskUsage says; 0 asks the disk, negative fails
}

func (f *faultFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	if err != nil || !strings.HasSuffix(name, ".log") {
		return file, err
	}
	return &faultFile{file, &f.sync}, nil
}

func (f *faultFS) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	switch n := f.free.Load(); {
	case n > 0:
		return vfs.DiskUsage{AvailBytes: uint64(n)}, nil
	case n < 0:
		return vfs.DiskUsage{}, syscall.EIO
	}
	return f.FS.GetDiskUsage(path)
}

type faultFile struct {
	vfs.File
	err *atomic.Pointer[error]
}

func (f *faultFile) SyncData() error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return f.File.SyncData()
}

func (f *faultFile) Sync() error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return f.File.Sync()
}

func (f *faultFile) SyncTo(n int64) (bool, error) {
	if err := f.err.Load(); err != nil {
		return false, *err
	}
	return f.File.SyncTo(n)
}

// changes of every kind but those that delete.
func growing(s *Store) map[string]error {
	ctx := context.Background()
	put := func(kind Kind) error {
		_, err := s.Write(ctx, account, "t", at, []Write{{Kind: kind, Entity: entity("p", "r", text("x", "y"))}})
		return err
	}
	return map[string]error{
		"create": s.CreateTable(ctx, account, Table{Name: "u"}),
		"update": s.UpdateTable(ctx, account, "t", func(*Table) error { return nil }),
		"write":  put(InsertOrReplace),
		"merge":  put(Merge),
	}
}

func deleting(s *Store) map[string]error {
	ctx := context.Background()
	_, err := s.Write(ctx, account, "t", at, []Write{{Kind: Delete, Entity: entity("p", "r")}})
	return map[string]error{
		"delete":       err,
		"delete range": s.DeleteRange(ctx, account, "t", Range{}),
		"delete table": s.DeleteTable(ctx, account, "t"),
	}
}

// TestMinFree checks that the store stops before the disk is full, that reading and
// deleting work all the same, and writing does again when there is space.
func TestMinFree(t *testing.T) {
	now := at
	fs := &faultFS{FS: vfs.NewMem()}
	fs.free.Store(11 << 20)
	s := openTest(t, Config{FS: fs, Dir: "/store", MinFree: 10 << 20, Now: func() time.Time { return now }})
	newTable(t, s, "t")
	write(t, s, "t", Write{Entity: entity("p", "r")}, Write{Entity: entity("p", "s")})
	var err error
	n := 0
	for ; n < 100 && err == nil; n++ {
		e := entity("p", fmt.Sprint(n), Property{Name: "b", Type: Binary, Text: strings.Repeat("x", 64<<10)})
		if _, err = s.Write(t.Context(), account, "t", at, []Write{{Entity: e}}); err == nil {
			fs.free.Add(-64 << 10)
		}
	}
	if !errors.Is(err, ErrReadOnly) || n < 2 || fs.free.Load() < 9<<20 {
		t.Errorf("after %d writes with %d bytes free: %v", n, fs.free.Load(), err)
	}
	var w *WriteError
	if errors.As(err, &w) {
		t.Error("a full disk is blamed on one write")
	}
	fs.free.Store(10 << 20)
	for name, err := range growing(s) {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s on a full disk: %v", name, err)
		}
	}
	get(t, s, "t", "p", "s")
	fs.free.Store(-1)
	for name, err := range growing(s) {
		if !errors.Is(err, syscall.EIO) || errors.Is(err, ErrReadOnly) {
			t.Errorf("%s on a disk of unknown space: %v", name, err)
		}
	}
	fs.free.Store(1 << 20)
	for name, err := range deleting(s) {
		if err != nil {
			t.Errorf("%s on a full disk: %v", name, err)
		}
	}
	wantUsage(t, s, Usage{})
	fs.free.Store(100 << 20)
	newTable(t, s, "t")
	write(t, s, "t", Write{Entity: entity("p", "r")})
	// Others write to the disk, too: it is asked again before the budget is used.
	fs.free.Store(1 << 20)
	now = now.Add(askEvery)
	for name, err := range growing(s) {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s when the disk has become full: %v", name, err)
		}
	}
}

// TestFailedLog checks that the store refuses changes, and still reads, when its log
// cannot be synced; and that it is well when it is opened anew.
func TestFailedLog(t *testing.T) {
	for _, cause := range []error{syscall.EIO, syscall.ENOSPC} {
		fs := &faultFS{FS: vfs.Default}
		c := Config{FS: fs, Dir: t.TempDir()}
		s := openTest(t, c)
		newTable(t, s, "t")
		write(t, s, "t", Write{Entity: entity("p", "r")})
		fs.sync.Store(&cause)
		_, err := s.Write(t.Context(), account, "t", at, []Write{{Entity: entity("p", "during")}})
		if err == nil || errors.Is(cause, syscall.ENOSPC) && !errors.Is(err, ErrReadOnly) {
			t.Errorf("write with a failing log: %v", err)
		}
		fs.sync.Store(nil)
		for name, err := range growing(s) {
			if !errors.Is(err, ErrReadOnly) {
				t.Errorf("%s after the log failed: %v", name, err)
			}
		}
		for name, err := range deleting(s) {
			if !errors.Is(err, ErrReadOnly) {
				t.Errorf("%s after the log failed: %v", name, err)
			}
		}
		get(t, s, "t", "p", "r")
		s.Close() // says that the log failed
		s.db = nil
		s = openTest(t, c)
		get(t, s, "t", "p", "r")
		write(t, s, "t", Write{Entity: entity("p", "after")})
		n := int64(len(query(t, s, "t", Query{}).Entities))
		if u, err := s.Usage(t.Context(), account); err != nil || u.Tables != 1 || u.Entities != n {
			t.Errorf("%d entities are there, usage is %+v (%v)", n, u, err)
		}
	}
}

// TestOpenFails checks what cannot be opened.
func TestOpenFails(t *testing.T) {
	c := Config{FS: vfs.NewMem(), Dir: "/store", MinFree: -1}
	s := openTest(t, c)
	newTable(t, s, "t")
	if err := s.db.Set([]byte(keyFormat), binary.BigEndian.AppendUint64(nil, format+1), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(c); err == nil {
		t.Error("a folder in use was opened")
	}
	closeTest(t, s)
	if _, err := Open(c); err == nil || !strings.Contains(err.Error(), "format") {
		t.Errorf("a later format was opened: %v", err)
	}
	c = Config{FS: vfs.NewMem(), Dir: "/store", MinFree: -1}
	s = openTest(t, c)
	newTable(t, s, "t")
	if err := s.db.Set(tableKey(account, "t"), []byte("\x01\x01garbage"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	closeTest(t, s)
	if _, err := Open(c); !errors.Is(err, ErrCorrupt) {
		t.Errorf("damaged tables were opened: %v", err)
	}
}
