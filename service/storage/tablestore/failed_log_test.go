package tablestore

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestLogFailsUnderLoad lets the log fail while many write. Each gets an error and
// none hangs, what was acknowledged before is there when the store is opened again,
// and the counters are right.
func TestLogFailsUnderLoad(t *testing.T) {
	for _, c := range []struct {
		name string
		at   func(*faultFS) *atomic.Pointer[error]
		err  error
	}{
		{"write", func(f *faultFS) *atomic.Pointer[error] { return &f.write }, syscall.ENOSPC},
		{"sync", func(f *faultFS) *atomic.Pointer[error] { return &f.sync }, syscall.EIO},
		{"rotate", func(f *faultFS) *atomic.Pointer[error] { return &f.make }, syscall.ENOSPC},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs := &faultFS{FS: vfs.NewMem()}
			config := Config{FS: fs, Dir: "/store", MinFree: -1}
			s := openTest(t, config)
			newTable(t, s, "t")
			write(t, s, "t", Write{Entity: entity("p", "r")})
			var (
				wg   sync.WaitGroup
				said atomic.Int64
				last [16]int
			)
			for w := range last {
				wg.Go(func() {
					for n := 0; ; n++ {
						e := Entity{Key: Key{fmt.Sprint(w), fmt.Sprintf("%06d", n)}}
						if _, err := s.Write(t.Context(), account, "t", at, []Write{{Entity: e}}); err != nil {
							if !errors.Is(err, ErrReadOnly) || !errors.Is(err, c.err) {
								t.Errorf("write with a failed log: %v", err)
							}
							return
						}
						last[w] = n + 1
						said.Add(1)
					}
				})
			}
			for end := time.Now().Add(time.Minute); said.Load() < 500 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			c.at(fs).Store(&c.err)
			if c.name == "rotate" {
				if err := s.db.Flush(); err != nil {
					t.Log(err)
				}
			}
			wg.Wait()
			c.at(fs).Store(nil)
			for _, changes := range []map[string]error{growing(s), deleting(s)} {
				for name, err := range changes {
					if !errors.Is(err, ErrReadOnly) || !errors.Is(err, c.err) {
						t.Errorf("%s after the log failed: %v", name, err)
					}
				}
			}
			get(t, s, "t", "p", "r") // it still reads
			s.Close()
			s.db = nil
			s = openTest(t, config)
			entities := int64(0)
			for q := (Query{}); ; {
				p := query(t, s, "t", q)
				entities += int64(len(p.Entities))
				if q.Next = p.Next; q.Next == nil {
					break
				}
			}
			for w, n := range last {
				for i := range n {
					get(t, s, "t", fmt.Sprint(w), fmt.Sprintf("%06d", i))
				}
			}
			if u, err := s.Usage(t.Context(), account); err != nil || u.Entities != entities {
				t.Errorf("%d entities are there, usage is %+v (%v)", entities, u, err)
			}
		})
	}
}
