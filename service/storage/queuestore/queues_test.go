package queuestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestQueues(t *testing.T) {
	c := Config{Dir: t.TempDir(), Now: func() time.Time { return epoch }}
	s := openTest(t, c)
	ctx := context.Background()
	want := Queue{Name: "q", Metadata: Metadata{{"B", "2"}, {"a", "1"}}}
	got, err := s.CreateQueue(ctx, testAccount, want)
	if err != nil {
		t.Fatal(err)
	}
	want.Created = epoch
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("created (-want +got):\n%s", d)
	}
	got, err = s.CreateQueue(ctx, testAccount, Queue{Name: "q", Metadata: Metadata{{"c", ""}}})
	wantErr(t, err, ErrQueueExists)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("existing (-want +got):\n%s", d)
	}
	_, err = s.Queue(ctx, "other", "q")
	wantErr(t, err, ErrQueueNotFound)

	refuse := errors.New("refused")
	wantErr(t, s.UpdateQueue(ctx, testAccount, "q", func(q *Queue) error { q.Metadata[0].Value = "x"; return refuse }), refuse)
	err = s.UpdateQueue(ctx, testAccount, "q", func(q *Queue) error {
		if d := cmp.Diff(want, *q); d != "" {
			t.Errorf("to update (-want +got):\n%s", d)
		}
		q.Name, q.Created, q.Metadata = "p", after(1), Metadata{{"d", "4"}}
		q.Policies = []Policy{{"id", "", "2030-01-01", "raup"}, {ID: "2"}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want.Metadata, want.Policies = Metadata{{"d", "4"}}, []Policy{{"id", "", "2030-01-01", "raup"}, {ID: "2"}}
	for range 2 {
		got, err = s.Queue(ctx, testAccount, "q")
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("updated (-want +got): %v\n%s", err, d)
		}
		closeTest(t, s)
		s = openTest(t, c)
	}
	wantErr(t, s.UpdateQueue(ctx, testAccount, "none", func(*Queue) error { return nil }), ErrQueueNotFound)
}

// TestQueueNotFound calls everything on a queue that was deleted.
func TestQueueNotFound(t *testing.T) {
	s := openMem(t, Config{})
	newQueue(t, s, "q")
	m := put(t, s, "q", "a", epoch)
	ctx := context.Background()
	if err := s.DeleteQueue(ctx, testAccount, "q"); err != nil {
		t.Fatal(err)
	}
	for what, fn := range map[string]func() error{
		"queue":  func() error { _, err := s.Queue(ctx, testAccount, "q"); return err },
		"delete": func() error { return s.DeleteQueue(ctx, testAccount, "q") },
		"clear":  func() error { return s.Clear(ctx, testAccount, "q") },
		"count":  func() error { _, err := s.Count(ctx, testAccount, "q"); return err },
		"put":    func() error { _, err := s.Put(ctx, testAccount, "q", "", epoch, epoch, Forever); return err },
		"get":    func() error { _, err := s.Get(ctx, testAccount, "q", 1, epoch, epoch); return err },
		"peek":   func() error { _, err := s.Peek(ctx, testAccount, "q", 1, epoch); return err },
		"update": func() error {
			_, err := s.Update(ctx, testAccount, "q", m.ID, m.Receipt, nil, epoch, epoch)
			return err
		},
		"remove": func() error { return remove(s, "q", m, epoch) },
	} {
		if err := fn(); !errors.Is(err, ErrQueueNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestContext checks that nothing begins for a caller that has gone.
func TestContext(t *testing.T) {
	s := openMem(t, Config{})
	newQueue(t, s, "q")
	m := put(t, s, "q", "a", epoch)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, create := s.CreateQueue(ctx, testAccount, Queue{Name: "p"})
	_, queue := s.Queue(ctx, testAccount, "q")
	_, _, list := s.Queues(ctx, testAccount, "", "", 0)
	_, number := s.Count(ctx, testAccount, "q")
	_, add := s.Put(ctx, testAccount, "q", "", epoch, epoch, Forever)
	_, get := s.Get(ctx, testAccount, "q", 1, epoch, epoch)
	_, show := s.Peek(ctx, testAccount, "q", 1, epoch)
	_, update := s.Update(ctx, testAccount, "q", m.ID, m.Receipt, nil, epoch, epoch)
	_, usage := s.Usage(ctx, testAccount)
	for i, err := range []error{
		create, queue, list, number, add, get, show, update, usage,
		s.UpdateQueue(ctx, testAccount, "q", func(*Queue) error { return nil }),
		s.Delete(ctx, testAccount, "q", m.ID, m.Receipt, epoch),
		s.Clear(ctx, testAccount, "q"),
		s.DeleteQueue(ctx, testAccount, "q"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	wantTexts(t, dequeue(t, s, "q", 9, epoch, after(1)), "a")
}

// TestDeleteAndMakeAgain checks that nothing of a queue is in the next one of
// its name, and the same of Clear.
func TestDeleteAndMakeAgain(t *testing.T) {
	for _, kind := range []string{"delete", "clear"} {
		t.Run(kind, func(t *testing.T) {
			c := Config{Dir: t.TempDir()}
			s := openTest(t, c)
			newQueue(t, s, "q")
			newQueue(t, s, "r")
			put(t, s, "r", "stays", epoch)
			ctx := context.Background()
			for round := range 3 {
				m := put(t, s, "q", "a", epoch)
				putAt(t, s, "q", "later", epoch, after(time.Hour), Forever)
				got := dequeue(t, s, "q", 1, epoch, after(time.Second))
				if round == 1 {
					closeTest(t, s)
					s = openTest(t, c)
				}
				if kind == "delete" {
					if err := s.DeleteQueue(ctx, testAccount, "q"); err != nil {
						t.Fatal(err)
					}
					newQueue(t, s, "q")
				} else if err := s.Clear(ctx, testAccount, "q"); err != nil {
					t.Fatal(err)
				}
				wantTexts(t, peek(t, s, "q", 9, after(2*time.Hour)), "")
				wantErr(t, remove(s, "q", m, epoch), ErrMessageNotFound)
				wantErr(t, remove(s, "q", got[0], epoch), ErrMessageNotFound)
				put(t, s, "q", "b", epoch)
				if round == 2 {
					closeTest(t, s)
					s = openTest(t, c)
				}
				if n := count(t, s, "q"); n != 1 {
					t.Errorf("%d messages, want 1", n)
				}
				wantTexts(t, dequeue(t, s, "q", 9, epoch, after(time.Second)), "b")
				if err := s.Clear(ctx, testAccount, "q"); err != nil {
					t.Fatal(err)
				}
			}
			wantTexts(t, peek(t, s, "r", 9, epoch), "stays")
			u, err := s.Usage(ctx, testAccount)
			if want := (Usage{Queues: 2, Messages: 1, Bytes: 5}); u != want || err != nil {
				t.Errorf("usage %+v, want %+v (%v)", u, want, err)
			}
		})
	}
}

func TestList(t *testing.T) {
	s := openMem(t, Config{})
	ctx := context.Background()
	var want []string
	for i := range 25 {
		name := fmt.Sprintf("a-%02d", i)
		newQueue(t, s, name)
		want = append(want, name)
	}
	newQueue(t, s, "b")
	if _, err := s.CreateQueue(ctx, testAccount+"2", Queue{Name: "a-other"}); err != nil {
		t.Fatal(err)
	}
	for limit := range 30 {
		var got []string
		marker := ""
		for {
			list, next, err := s.Queues(ctx, testAccount, "a-", marker, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range list {
				got = append(got, q.Name)
			}
			if marker = next; marker == "" {
				break
			}
			if len(list) != limit {
				t.Fatalf("page of %d, want %d", len(list), limit)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("limit %d (-want +got):\n%s", limit, d)
		}
	}
	_, next, err := s.Queues(ctx, testAccount, "", "", 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteQueue(ctx, testAccount, "a-03"); err != nil { // where the marker points
		t.Fatal(err)
	}
	list, _, err := s.Queues(ctx, testAccount, "", next, 1)
	if err != nil || len(list) != 1 || list[0].Name != "a-04" {
		t.Errorf("after the marker's queue was deleted: %v (%v)", list, err)
	}
	for _, marker := range []string{"a-04", "!", "AQ", "AA", strings.Repeat("x", 5000), "/devstoreaccount1/a-04"} {
		_, _, err := s.Queues(ctx, testAccount, "", marker, 0)
		wantErr(t, err, ErrInvalidMarker)
	}
	list, next, err = s.Queues(ctx, "nobody", "", "", 0)
	if len(list) != 0 || next != "" || err != nil {
		t.Errorf("of an account without queues: %v %q (%v)", list, next, err)
	}
	// A marker behind all that begin with the prefix ends the list.
	list, next, err = s.Queues(ctx, testAccount, "a", formatMarker("b"), 0)
	if len(list) != 0 || next != "" || err != nil {
		t.Errorf("behind the prefix: %v %q (%v)", list, next, err)
	}
}

// TestManyQueues checks that queues which are put out of memory lose nothing.
func TestManyQueues(t *testing.T) {
	s := openMem(t, Config{})
	s.open.max = 3
	for i := range 10 {
		newQueue(t, s, fmt.Sprint("q", i))
	}
	for round := range 3 {
		for i := range 10 {
			put(t, s, fmt.Sprint("q", i), "a", epoch)
			if n := count(t, s, fmt.Sprint("q", i)); n != int64(round+1) {
				t.Errorf("%d messages, want %d", n, round+1)
			}
		}
	}
	for i := range 10 {
		wantTexts(t, dequeue(t, s, fmt.Sprint("q", i), 9, epoch, after(1)), "a a a")
	}
	if n := len(s.open.named); n > 3 {
		t.Errorf("%d queues in memory", n)
	}
	u, err := s.Usage(context.Background(), testAccount)
	if want := (Usage{Queues: 10, Messages: 30, Bytes: 30}); u != want || err != nil {
		t.Errorf("usage %+v, want %+v (%v)", u, want, err)
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
