package blobstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const account = "devstoreaccount1"

// openTest opens a store that does not look for garbage by itself.
func openTest(t testing.TB, c Config) *store {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	if c.MinFree == 0 {
		c.MinFree = -1
	}
	s, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.db != nil {
			s.Close()
		}
	})
	return s
}

// openMem opens a store in memory, for tests in which the disk has no part.
func openMem(t testing.TB, c Config) *store {
	t.Helper()
	c.FS, c.Dir = vfs.NewMem(), "/store"
	return openTest(t, c)
}

// closeTest closes before the test's end; the cleanup will not do it again.
func closeTest(t testing.TB, s *store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.db, s.extents = nil, nil
}

func newContainer(t testing.TB, s Store, name string) {
	t.Helper()
	if _, err := s.CreateContainer(context.Background(), account, Container{Name: name}); err != nil {
		t.Fatal(err)
	}
}

func stage(t testing.TB, s Store, data []byte) *Content {
	t.Helper()
	c, err := s.Stage(context.Background(), bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func update(t testing.TB, s Store, container, name string, fn func(*Txn) error) {
	t.Helper()
	if err := s.Update(context.Background(), Ref{account, container, name}, fn); err != nil {
		t.Fatalf("update %s/%s: %v", container, name, err)
	}
}

// put makes a block blob of data.
func put(t testing.TB, s Store, container, name string, data []byte) *Blob {
	t.Helper()
	b := &Blob{Type: BlockBlob}
	c := stage(t, s, data)
	update(t, s, container, name, func(tx *Txn) error { return tx.Create(b, c) })
	return b
}

func read(t testing.TB, s Store, container, name string, snapshot time.Time) []byte {
	t.Helper()
	h, err := s.Open(context.Background(), Ref{account, container, name}, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var buf bytes.Buffer
	if err := h.WriteTo(&buf, 0, h.Blob.Length); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func randomBytes(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

func equal(t testing.TB, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		i := 0
		for i < len(got) && i < len(want) && got[i] == want[i] {
			i++
		}
		t.Fatalf("content differs at %d: %d bytes, want %d", i, len(got), len(want))
	}
}

func TestPutAndGet(t *testing.T) {
	s := openTest(t, Config{})
	newContainer(t, s, "c")
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 4096, pieceBytes - 1, pieceBytes, pieceBytes + 1, 17*pieceBytes + 5, 200*pieceBytes + 7} {
		data := randomBytes(r, n)
		b := put(t, s, "c", "a/b", data)
		if b.Length != int64(n) || b.ETag == "" || b.LastModified.IsZero() || !b.Created.Equal(b.LastModified) {
			t.Errorf("blob of %d bytes: %+v", n, b)
		}
		equal(t, read(t, s, "c", "a/b", time.Time{}), data)

		h, err := s.Open(context.Background(), Ref{account, "c", "a/b"}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			from := r.IntN(n + 1)
			to := from + r.IntN(n-from+1)
			var buf bytes.Buffer
			if err := h.WriteTo(&buf, int64(from), int64(to-from)); err != nil {
				t.Fatal(err)
			}
			equal(t, buf.Bytes(), data[from:to])
			got := make([]byte, to-from)
			if n, err := h.ReadAt(got, int64(from)); n != len(got) || (err != nil && !errors.Is(err, io.EOF)) {
				t.Fatalf("ReadAt: %d, %v", n, err)
			}
			equal(t, got, data[from:to])
		}
		if err := h.WriteTo(io.Discard, int64(n), 1); err == nil {
			t.Error("a range past the end was read")
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNotFound(t *testing.T) {
	s, ctx := openMem(t, Config{}), context.Background()
	newContainer(t, s, "c")
	nop := func(*Txn) error { return nil }
	for _, tc := range []struct {
		name string
		err  error
		want error
	}{
		{"create twice", second(s.CreateContainer(ctx, account, Container{Name: "c"})), ErrContainerExists},
		{"container", second(s.Container(ctx, account, "d")), ErrContainerNotFound},
		{"container of another account", second(s.Container(ctx, "other", "c")), ErrContainerNotFound},
		{"update container", second(s.UpdateContainer(ctx, account, "d", true, func(*Container) error { return nil })), ErrContainerNotFound},
		{"delete container", s.DeleteContainer(ctx, account, "d", nil), ErrContainerNotFound},
		{"blob", second(s.Blob(ctx, Ref{account, "c", "b"}, time.Time{})), ErrBlobNotFound},
		{"blob in no container", second(s.Blob(ctx, Ref{account, "d", "b"}, time.Time{})), ErrContainerNotFound},
		{"open", second(s.Open(ctx, Ref{account, "c", "b"}, time.Time{})), ErrBlobNotFound},
		{"open snapshot", second(s.Open(ctx, Ref{account, "c", "b"}, time.Now())), ErrBlobNotFound},
		{"update", s.Update(ctx, Ref{account, "d", "b"}, nop), ErrContainerNotFound},
		{"list", second(s.List(ctx, account, "d", ListOptions{})), ErrContainerNotFound},
		{"scan", s.Scan(ctx, account, "d", nil), ErrContainerNotFound},
		{"save", s.Update(ctx, Ref{account, "c", "b"}, func(tx *Txn) error { return tx.Save(true) }), ErrBlobNotFound},
		{"delete", s.Update(ctx, Ref{account, "c", "b"}, (*Txn).DeleteBase), ErrBlobNotFound},
	} {
		if !errors.Is(tc.err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, tc.err, tc.want)
		}
	}
	if _, _, _, err := s.Blocks(ctx, Ref{account, "c", "b"}, time.Time{}); !errors.Is(err, ErrBlobNotFound) {
		t.Errorf("blocks: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestReadFails checks that a body that breaks off is no content.
func TestReadFails(t *testing.T) {
	s := openMem(t, Config{})
	for _, n := range []int{0, 100, pieceBytes, pieceBytes + 100} {
		for _, cause := range []error{io.ErrUnexpectedEOF, errors.New("reset")} {
			r := io.MultiReader(strings.NewReader(strings.Repeat("x", n)), failingReader{cause})
			c, err := s.Stage(context.Background(), r)
			var readErr *ReadError
			if c != nil || !errors.As(err, &readErr) || !errors.Is(err, cause) {
				t.Errorf("after %d bytes: content %v, error %v", n, c, err)
			}
		}
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }
