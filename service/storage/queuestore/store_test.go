package queuestore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const testAccount = "devstoretestAccount"

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
	if _, err := s.CreateQueue(context.Background(), testAccount, Queue{Name: name}); err != nil {
		t.Fatal(err)
	}
}

// epoch is when tests begin.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func after(d time.Duration) time.Time { return epoch.Add(d) }

// put adds a message that is visible at once and never expires.
func put(t testing.TB, s *Store, queue, text string, now time.Time) Message {
	t.Helper()
	return putAt(t, s, queue, text, now, now, Forever)
}

func putAt(t testing.TB, s *Store, queue, text string, now, visible, expires time.Time) Message {
	t.Helper()
	m, err := s.Put(context.Background(), testAccount, queue, text, now, visible, expires)
	if err != nil {
		t.Fatalf("put: %v", err)
	}
	return m
}

func dequeue(t testing.TB, s *Store, queue string, n int, now, until time.Time) []Message {
	t.Helper()
	list, err := s.Get(context.Background(), testAccount, queue, n, now, until)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	return list
}

func peek(t testing.TB, s *Store, queue string, n int, now time.Time) []Message {
	t.Helper()
	list, err := s.Peek(context.Background(), testAccount, queue, n, now)
	if err != nil {
		t.Fatalf("peek: %v", err)
	}
	return list
}

func remove(s *Store, queue string, m Message, now time.Time) error {
	return s.Delete(context.Background(), testAccount, queue, m.ID, m.Receipt, now)
}

func count(t testing.TB, s *Store, queue string) int64 {
	t.Helper()
	n, err := s.Count(context.Background(), testAccount, queue)
	if err != nil {
		t.Fatalf("count: %v", err)
	}
	return n
}

// texts are the texts of messages, in one string.
func texts(list []Message) string {
	var all []string
	for _, m := range list {
		all = append(all, m.Text)
	}
	return strings.Join(all, " ")
}

func wantTexts(t testing.TB, list []Message, want string) {
	t.Helper()
	if got := texts(list); got != want {
		t.Errorf("messages %q, want %q", got, want)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}
