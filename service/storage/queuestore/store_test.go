package queuestore

import (
	"context"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const account1 = "devstoreaccount1"

// openTest opens a store that does not sweep by itself.
func openTest(t testing.TB, c Config) *Store {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	if c.MinFree == 0 {
		c.MinFree = -1
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = -1
	}
	s, err := Open(c)
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
func openMem(t testing.TB, c Config) *Store {
	t.Helper()
	c.FS, c.Dir = vfs.NewMem(), "/store"
	return openTest(t, c)
}

// closeTest closes before the test's end; the cleanup will not do it again.
func closeTest(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.db = nil
}

func newQueue(t testing.TB, s *Store, name string) {
	t.Helper()
	if _, err := s.CreateQueue(context.Background(), account1, Queue{Name: name}); err != nil {
		t.Fatal(err)
	}
}
