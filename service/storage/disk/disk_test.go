package disk

import (
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestTicks(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC)} {
		if got := Time(Ticks(at)); !got.Equal(at) {
			t.Errorf("%s became %s", at, got)
		}
	}
	if n := Ticks(time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)); n != 0 {
		t.Errorf("a time before all others is %d", n)
	}
}

// TestRecord reads a record as it was written, and cut anywhere.
func TestRecord(t *testing.T) {
	var e Enc
	e.Byte(3)
	e.Uint(math.MaxUint64)
	e.Int(math.MinInt64)
	e.Fixed64(1 << 60)
	e.Strings("", strings.Repeat("x", 200))
	e.Bytes([]byte("rest"))
	read := func(record string) (string, error) {
		d := Decode(record)
		d.Version(3)
		if u, i, at := d.Uint(), d.Int(), d.Ticks(); d.Err() == nil && (u != math.MaxUint64 || i != math.MinInt64 || at != 1<<60) {
			t.Errorf("numbers %d, %d, %d", u, i, at)
		}
		if a, b := d.String(), d.String(); d.Err() == nil && (a != "" || len(b) != 200) {
			t.Errorf("strings %q, %q", a, b)
		}
		rest := d.Rest()
		return rest, d.End()
	}
	if rest, err := read(string(e)); rest != "rest" || err != nil {
		t.Errorf("rest %q, %v", rest, err)
	}
	for n := range len(e) - len("rest") {
		if _, err := read(string(e[:n])); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
	e[0] = 4
	if _, err := read(string(e)); !errors.Is(err, ErrDamaged) {
		t.Errorf("another version: %v", err)
	}
}

// freeFS says how much is free.
type freeFS struct {
	vfs.FS
	free uint64
}

func (f *freeFS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: f.free}, nil
}

// TestSpace checks that what was written counts before the disk is asked again, and
// who is refused what.
func TestSpace(t *testing.T) {
	fs := &freeFS{free: 2 << 20}
	var said []bool
	p := Space{FS: fs, Min: 1 << 20, Now: func() time.Time { return time.Unix(1, 0) }, Asked: func(full bool) { said = append(said, full) }}
	if err := p.Allow(0, Adding); err != nil {
		t.Error(err)
	}
	fs.free = 1 << 20
	if err := p.Allow(100<<10, Adding); err != nil || len(said) != 1 {
		t.Errorf("the disk was asked %d times: %v", len(said), err)
	}
	if err := p.Allow(1<<20, Adding); !errors.Is(err, ErrReadOnly) || len(said) != 2 || said[0] || !said[1] {
		t.Errorf("a write that does not fit: %v, asked %v", err, said)
	}
	if err := errors.Join(p.Room(1<<19, Moving), p.Allow(0, Removing)); err != nil {
		t.Error(err)
	}
	if err := p.Room(1<<19+1, Moving); !errors.Is(err, ErrReadOnly) {
		t.Errorf("more than there is room for: %v", err)
	}
	cause := errors.New("cause")
	p.Fail(cause)
	p.Fail(errors.New("another"))
	if err := p.Allow(0, Removing); !errors.Is(err, ErrReadOnly) || !errors.Is(err, cause) {
		t.Errorf("a store that failed: %v", err)
	}
}

// TestIDs checks that no number is given out twice, over restarts too, and where
// they end.
func TestIDs(t *testing.T) {
	fs := vfs.NewMem()
	var last uint64
	for range 3 {
		db, err := Open(Config{Dir: "/db", Settings: Settings{Logger: slog.New(slog.DiscardHandler), Space: &Space{FS: fs, Dir: "/db", Min: -1}}, Format: 1, FormatKey: "format"})
		if err != nil {
			t.Fatal(err)
		}
		s := IDs{Key: "ids", Ahead: 10, Max: 1000}
		if err := s.Open(db.DB); err != nil {
			t.Fatal(err)
		}
		for range 15 {
			n, err := s.Next(0)
			if err != nil || n <= last {
				t.Fatalf("%d after %d: %v", n, last, err)
			}
			last = n
		}
		if n, err := s.Next(last + 100); err != nil || n != last+100 {
			t.Errorf("%d, not %d: %v", n, last+100, err)
		}
		last += 100
		if n, err := s.Next(1001); err == nil {
			t.Errorf("number %d is out of range", n)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
