package queuestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// faultFS is a file system that fails on demand.
type faultFS struct {
	vfs.FS
	logWrite, logSync, logMake atomic.Pointer[error]
	free                       atomic.Int64 // what GetDiskUsage says; 0 asks the disk
}

func set(p *atomic.Pointer[error], err error) {
	if err == nil {
		p.Store(nil)
		return
	}
	p.Store(&err)
}

func (f *faultFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.log(name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

func (f *faultFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.log(newname, func() (vfs.File, error) { return f.FS.ReuseForWrite(oldname, newname, c) })
}

func (f *faultFS) log(name string, open func() (vfs.File, error)) (vfs.File, error) {
	if !strings.HasSuffix(name, ".log") {
		return open()
	}
	if err := f.logMake.Load(); err != nil {
		return nil, *err
	}
	file, err := open()
	return &faultFile{file, f}, err
}

func (f *faultFS) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	if n := f.free.Load(); n > 0 {
		return vfs.DiskUsage{AvailBytes: uint64(n)}, nil
	}
	return f.FS.GetDiskUsage(path)
}

type faultFile struct {
	vfs.File
	fs *faultFS
}

func (f *faultFile) Write(p []byte) (int, error) {
	if err := f.fs.logWrite.Load(); err != nil {
		n, _ := f.File.Write(p[:len(p)/2]) // half of it got there
		return n, *err
	}
	return f.File.Write(p)
}

func (f *faultFile) sync(sync func() error) error {
	if err := f.fs.logSync.Load(); err != nil {
		return *err
	}
	return sync()
}

func (f *faultFile) SyncData() error { return f.sync(f.File.SyncData) }
func (f *faultFile) Sync() error     { return f.sync(f.File.Sync) }

func (f *faultFile) SyncTo(n int64) (bool, error) {
	if err := f.fs.logSync.Load(); err != nil {
		return false, *err
	}
	return f.File.SyncTo(n)
}

// TestFailedLog lets the log fail while many work. What was acknowledged before
// is there when the store is opened again, and messages whose dequeue failed
// come back.
func TestFailedLog(t *testing.T) {
	for _, c := range []struct {
		name string
		at   func(*faultFS) *atomic.Pointer[error]
		err  error
	}{
		{"write", func(f *faultFS) *atomic.Pointer[error] { return &f.logWrite }, syscall.ENOSPC},
		{"sync", func(f *faultFS) *atomic.Pointer[error] { return &f.logSync }, syscall.EIO},
		{"rotate", func(f *faultFS) *atomic.Pointer[error] { return &f.logMake }, syscall.ENOSPC},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs := &faultFS{FS: vfs.NewMem()}
			config := Config{FS: fs, Dir: "/store"}
			s := openTest(t, config)
			newQueue(t, s, "q")
			var (
				mu   sync.Mutex
				p    = progress{}
				wg   sync.WaitGroup
				said atomic.Int64
			)
			for w := range 16 {
				wg.Go(func() {
					err := work(s, fmt.Sprint(w), func(what, text string) bool {
						mu.Lock()
						defer mu.Unlock()
						p.note(what, text)
						said.Add(1)
						return true
					})
					if !errors.Is(err, ErrReadOnly) || !errors.Is(err, c.err) {
						t.Errorf("work ended with %v", err)
					}
				})
			}
			for end := time.Now().Add(time.Minute); said.Load() < 500 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			set(c.at(fs), c.err)
			if c.name == "rotate" {
				if err := s.db.Flush(); err != nil {
					t.Log(err)
				}
			}
			wg.Wait()
			set(c.at(fs), nil)
			refusesAll(t, s, c.err)
			if len(peek(t, s, "q", 1, time.Now())) != 1 { // it still reads
				t.Error("no message is seen")
			}
			closeTest(t, s)
			s = openTest(t, config)
			p.check(t, s, p)
			if err := s.Clear(context.Background(), testAccount, "q"); err != nil {
				t.Error(err)
			}
			put(t, s, "q", "after", epoch)
			wantTexts(t, peek(t, s, "q", 9, time.Now()), "after")
		})
	}
}

// refusesAll checks that no change is made.
func refusesAll(t *testing.T, s *Store, want error) {
	t.Helper()
	ctx := context.Background()
	_, create := s.CreateQueue(ctx, testAccount, Queue{Name: "p"})
	_, add := s.Put(ctx, testAccount, "q", "", epoch, epoch, Forever)
	_, get := s.Get(ctx, testAccount, "q", 1, time.Now(), time.Now())
	_, update := s.Update(ctx, testAccount, "q", "", "", nil, epoch, epoch)
	for i, err := range []error{
		create, add, get, update,
		s.UpdateQueue(ctx, testAccount, "q", func(*Queue) error { return nil }),
		s.Delete(ctx, testAccount, "q", "", "", epoch),
		s.Clear(ctx, testAccount, "q"),
		s.DeleteQueue(ctx, testAccount, "q"),
	} {
		if !errors.Is(err, ErrReadOnly) || !errors.Is(err, want) {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

// TestFailedGet checks that a dequeue that did not get to the disk hides nothing
// when the store is opened again.
func TestFailedGet(t *testing.T) {
	fs := &faultFS{FS: vfs.NewCrashableMem()}
	s := openTest(t, Config{FS: fs, Dir: "/store"})
	newQueue(t, s, "q")
	put(t, s, "q", "a", epoch)
	set(&fs.logWrite, syscall.ENOSPC)
	if list, err := s.Get(context.Background(), testAccount, "q", 1, epoch, after(time.Hour)); !errors.Is(err, ErrReadOnly) || list != nil {
		t.Errorf("get with a full disk: %v (%v)", list, err)
	}
	closeTest(t, s)
	set(&fs.logWrite, nil)
	s = openTest(t, Config{FS: fs, Dir: "/store"})
	list := dequeue(t, s, "q", 9, epoch, after(time.Hour))
	if len(list) != 1 || list[0].Dequeues != 1 {
		t.Errorf("after the failure: %+v", list)
	}
}

// TestFullAtOpen checks that a store which cannot make its log is not opened.
func TestFullAtOpen(t *testing.T) {
	fs := &faultFS{FS: vfs.NewMem()}
	set(&fs.logMake, syscall.ENOSPC)
	if _, err := Open(Config{FS: fs, Dir: "/store"}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("opened on a full disk: %v", err)
	}
	set(&fs.logMake, nil)
	s := openTest(t, Config{FS: fs, Dir: "/store"})
	newQueue(t, s, "q")
}

// TestMinFree checks what is refused when the disk is nearly full: first what
// adds, then what moves, last what deletes.
func TestMinFree(t *testing.T) {
	fs := &faultFS{FS: vfs.NewMem()}
	fs.free.Store(100 << 20)
	const reserve = 8 << 20
	var clock setClock
	clock.set(epoch)
	s := openTest(t, Config{FS: fs, Dir: "/store", MinFree: reserve, Now: clock.now})
	newQueue(t, s, "q")
	for range 10 {
		put(t, s, "q", "a", epoch)
	}
	ctx := context.Background()
	text := "b"
	for _, c := range []struct {
		free                 int64
		adds, moves, removes bool
	}{
		{reserve + 1<<20, true, true, true},
		{reserve - 1, false, true, true},
		{reserve/2 - 1, false, false, true},
		{reserve/8 - 1, false, false, false},
		{reserve + 1<<20, true, true, true},
	} {
		fs.free.Store(c.free)
		clock.Add(int64(time.Second)) // what the disk said before is no more believed
		want := func(what string, err error, allowed bool) {
			t.Helper()
			if allowed && err != nil || !allowed && !errors.Is(err, ErrReadOnly) {
				t.Errorf("%s with %d bytes free: %v", what, c.free, err)
			}
		}
		_, err := s.Put(ctx, testAccount, "q", "a", epoch, epoch, Forever)
		want("put", err, c.adds)
		_, err = s.CreateQueue(ctx, testAccount, Queue{Name: fmt.Sprint("q", c.free, clock.Load())})
		want("create", err, c.adds)
		want("update queue", s.UpdateQueue(ctx, testAccount, "q", func(*Queue) error { return nil }), c.adds)
		list, err := s.Get(ctx, testAccount, "q", 1, epoch, after(time.Hour))
		want("get", err, c.moves)
		if err == nil {
			m := list[0]
			_, err = s.Update(ctx, testAccount, "q", m.ID, m.Receipt, &text, epoch, after(time.Hour))
			want("update", err, c.adds)
			m, err = s.Update(ctx, testAccount, "q", list[0].ID, list[0].Receipt, nil, epoch, epoch)
			if !c.adds { // else the receipt is that of the update before
				want("hide", err, c.moves)
				want("delete", remove(s, "q", m, epoch), c.removes)
			}
		}
		if n := len(peek(t, s, "q", 32, epoch)); n == 0 {
			t.Error("nothing to be seen")
		}
	}
	fs.free.Store(reserve / 4)
	clock.Add(int64(time.Second))
	if err := s.Clear(ctx, testAccount, "q"); err != nil {
		t.Error(err)
	}
	if err := s.DeleteQueue(ctx, testAccount, "q"); err != nil {
		t.Error(err)
	}
}

// TestMinFreeBetween checks that what is written between two looks at the disk
// counts.
func TestMinFreeBetween(t *testing.T) {
	fs := &faultFS{FS: vfs.NewMem()}
	fs.free.Store(2 << 20)
	s := openTest(t, Config{FS: fs, Dir: "/store", MinFree: 1 << 20, Now: func() time.Time { return epoch }})
	newQueue(t, s, "q")
	text := strings.Repeat("x", 64<<10)
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		if _, err = s.Put(context.Background(), testAccount, "q", text, epoch, epoch, Forever); err == nil {
			fs.free.Add(-int64(len(text)))
		}
	}
	if !errors.Is(err, ErrReadOnly) || n < 8 || n > 17 {
		t.Errorf("after %d puts: %v", n, err)
	}
}
