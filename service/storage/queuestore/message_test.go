package queuestore

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/go-cmp/cmp"
)

// TestLife follows a message through all calls, with a restart between any two.
func TestLife(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	s := openTest(t, c)
	newQueue(t, s, "q")
	reopen := func() {
		t.Helper()
		closeTest(t, s)
		s = openTest(t, c)
		if n := count(t, s, "q"); n != 1 {
			t.Errorf("%d messages after a restart, want 1", n)
		}
	}
	ctx := context.Background()

	want := Message{Text: "hello", Inserted: epoch, Expires: after(time.Hour), Visible: epoch}
	m := putAt(t, s, "q", "hello", epoch, epoch, after(time.Hour))
	want.ID, want.Receipt = m.ID, m.Receipt
	if d := cmp.Diff(want, m); d != "" {
		t.Errorf("put (-want +got):\n%s", d)
	}
	if len(m.ID) != 36 || len(m.Receipt) != receiptTextLen {
		t.Errorf("id %q, receipt %q", m.ID, m.Receipt)
	}
	reopen()
	want.Receipt = ""
	if d := cmp.Diff([]Message{want}, peek(t, s, "q", 5, epoch)); d != "" {
		t.Errorf("peek (-want +got):\n%s", d)
	}

	got := dequeue(t, s, "q", 5, after(time.Second), after(31*time.Second))
	want.Visible, want.Dequeues = after(31*time.Second), 1
	if len(got) == 1 {
		want.Receipt = got[0].Receipt
	}
	if d := cmp.Diff([]Message{want}, got); d != "" {
		t.Fatalf("get (-want +got):\n%s", d)
	}
	if want.Receipt == "" || want.Receipt == m.Receipt {
		t.Error("a dequeue gave no new receipt")
	}
	reopen()
	wantTexts(t, dequeue(t, s, "q", 5, after(30*time.Second), after(time.Minute)), "")
	wantTexts(t, peek(t, s, "q", 5, after(30*time.Second)), "")
	wantErr(t, remove(s, "q", m, after(time.Second)), ErrReceiptMismatch)

	text := "changed"
	m, err := s.Update(ctx, testAccount, "q", want.ID, want.Receipt, &text, after(2*time.Second), after(40*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	old := want
	want.Text, want.Visible, want.Receipt = text, after(40*time.Second), m.Receipt
	if d := cmp.Diff(want, m); d != "" {
		t.Errorf("update (-want +got):\n%s", d)
	}
	reopen()
	wantErr(t, remove(s, "q", old, after(2*time.Second)), ErrReceiptMismatch)
	m, err = s.Update(ctx, testAccount, "q", m.ID, m.Receipt, nil, after(3*time.Second), after(3*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	reopen()
	got = dequeue(t, s, "q", 1, after(3*time.Second), after(4*time.Second))
	wantTexts(t, got, text)
	if len(got) == 1 && got[0].Dequeues != 2 {
		t.Errorf("dequeued %d times, want 2", got[0].Dequeues)
	}
	wantErr(t, remove(s, "q", m, after(3*time.Second)), ErrReceiptMismatch)

	// The receipt stays good after its time, until somebody else has the message.
	reopen()
	if err := remove(s, "q", got[0], after(time.Minute)); err != nil {
		t.Error(err)
	}
	wantErr(t, remove(s, "q", got[0], after(time.Minute)), ErrMessageNotFound)
	if n := count(t, s, "q"); n != 0 {
		t.Errorf("%d messages, want 0", n)
	}
	closeTest(t, s)
	s = openTest(t, c)
	wantErr(t, remove(s, "q", got[0], after(time.Minute)), ErrMessageNotFound)
}

// TestReceiptOfPut checks that who put a message may delete it.
func TestReceiptOfPut(t *testing.T) {
	s := openMem(t, Config{})
	newQueue(t, s, "q")
	m := putAt(t, s, "q", "later", epoch, after(time.Hour), Forever)
	wantTexts(t, peek(t, s, "q", 1, after(time.Minute)), "")
	if err := remove(s, "q", m, epoch); err != nil {
		t.Error(err)
	}
	wantTexts(t, peek(t, s, "q", 1, after(time.Hour)), "")
}

// TestStrangeReceipts gives ids and receipts that are not, or not of the message.
func TestStrangeReceipts(t *testing.T) {
	s := openMem(t, Config{})
	newQueue(t, s, "q")
	newQueue(t, s, "other")
	m, n := put(t, s, "q", "a", epoch), put(t, s, "q", "b", epoch)
	put(t, s, "other", "c", epoch)
	ctx := context.Background()
	for _, c := range []struct {
		queue, id, receipt string
		want               error
	}{
		{"q", m.ID, "", ErrReceiptMismatch},
		{"q", m.ID, "AgAAAAMAAAAAAAAA+Y6sNxKw1wE=", ErrReceiptMismatch},
		{"q", m.ID, n.Receipt, ErrReceiptMismatch},
		{"q", m.ID, strings.Repeat("A", 1000), ErrReceiptMismatch},
		{"q", n.ID, "\n" + m.Receipt[1:], ErrReceiptMismatch},
		{"q", "", m.Receipt, ErrMessageNotFound},
		{"q", "00000000-0000-4000-8000-000000000000", m.Receipt, ErrMessageNotFound},
		{"q", strings.Replace(m.ID, "-", "_", 1), m.Receipt, ErrMessageNotFound},
		{"q", m.ID + "0", m.Receipt, ErrMessageNotFound},
		{"other", m.ID, m.Receipt, ErrMessageNotFound},
		{"none", m.ID, m.Receipt, ErrQueueNotFound},
	} {
		wantErr(t, s.Delete(ctx, testAccount, c.queue, c.id, c.receipt, epoch), c.want)
		_, err := s.Update(ctx, testAccount, c.queue, c.id, c.receipt, nil, epoch, epoch)
		wantErr(t, err, c.want)
	}
	wantTexts(t, peek(t, s, "q", 9, epoch), "a b")
	if err := s.Delete(ctx, testAccount, "q", strings.ToUpper(m.ID), m.Receipt, epoch); err != nil {
		t.Errorf("id in capitals: %v", err)
	}
}

// TestNewReceipts checks that a receipt is new although nothing else is.
func TestNewReceipts(t *testing.T) {
	s := openMem(t, Config{})
	newQueue(t, s, "q")
	m := put(t, s, "q", "a", epoch)
	seen := map[string]bool{m.Receipt: true}
	for range 5 {
		n, err := s.Update(context.Background(), testAccount, "q", m.ID, m.Receipt, nil, epoch, after(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if seen[n.Receipt] {
			t.Fatalf("receipt %s came twice", n.Receipt)
		}
		seen[n.Receipt] = true
		wantErr(t, remove(s, "q", m, epoch), ErrReceiptMismatch)
		m = n
	}
	wantTexts(t, dequeue(t, s, "q", 9, after(2*time.Minute), after(3*time.Minute)), "a")
}

// TestOrder checks that what became visible first comes first.
func TestOrder(t *testing.T) {
	s := openMem(t, Config{})
	newQueue(t, s, "q")
	for i := range 5 {
		put(t, s, "q", fmt.Sprint("now", i), epoch) // one time, in the order they came
	}
	putAt(t, s, "q", "in2", after(time.Second), after(2*time.Second), Forever)
	put(t, s, "q", "at1", after(time.Second))
	put(t, s, "q", "at3", after(3*time.Second))
	wantTexts(t, peek(t, s, "q", 32, after(3*time.Second)), "now0 now1 now2 now3 now4 at1 in2 at3")
	list := dequeue(t, s, "q", 2, after(3*time.Second), after(10*time.Second))
	wantTexts(t, list, "now0 now1")
	if _, err := s.Update(context.Background(), testAccount, "q", list[1].ID, list[1].Receipt, nil, after(4*time.Second), after(4*time.Second)); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, dequeue(t, s, "q", 9, after(20*time.Second), after(time.Minute)), "now2 now3 now4 at1 in2 at3 now1 now0")
}

// TestClockSetBack checks that no message is lost and none overtakes another when
// the clock is set back, while the store is open and while it is not.
func TestClockSetBack(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	s := openTest(t, c)
	newQueue(t, s, "q")
	put(t, s, "q", "a", after(time.Hour))
	hidden := put(t, s, "q", "h", after(time.Hour))
	if _, err := s.Update(context.Background(), testAccount, "q", hidden.ID, hidden.Receipt, nil, after(time.Hour), after(61*time.Minute)); err != nil {
		t.Fatal(err)
	}
	put(t, s, "q", "b", after(time.Hour))
	for i := range 3 {
		wantTexts(t, peek(t, s, "q", 32, epoch), "a b")
		switch i {
		case 0:
			put(t, s, "q", "c", epoch)
			wantTexts(t, peek(t, s, "q", 32, epoch), "a b c")
			m := dequeue(t, s, "q", 3, epoch, after(time.Second))[2]
			wantTexts(t, peek(t, s, "q", 32, epoch), "")
			wantTexts(t, peek(t, s, "q", 32, after(time.Second)), "a b c")
			if err := remove(s, "q", m, epoch); err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{"a", "b"} { // as they were
				m := dequeue(t, s, "q", 1, after(time.Second), after(time.Minute))[0]
				if err := remove(s, "q", m, epoch); err != nil || m.Text != text {
					t.Fatal(m, err)
				}
				put(t, s, "q", text, epoch)
			}
		case 1:
			closeTest(t, s)
			s = openTest(t, c)
		}
	}
	wantTexts(t, peek(t, s, "q", 32, after(61*time.Minute)), "a b h")
}

// TestExpiry checks that a message is not seen from its expiry on.
func TestExpiry(t *testing.T) {
	s := openMem(t, Config{})
	newQueue(t, s, "q")
	a := putAt(t, s, "q", "a", epoch, epoch, after(time.Minute))
	putAt(t, s, "q", "b", epoch, epoch, after(time.Minute))
	put(t, s, "q", "c", epoch)
	wantTexts(t, peek(t, s, "q", 9, after(time.Minute-1)), "a b c")
	got := dequeue(t, s, "q", 1, after(59*time.Second), after(time.Hour))
	wantTexts(t, got, "a")
	wantTexts(t, peek(t, s, "q", 9, after(time.Minute)), "c")
	for _, m := range []Message{a, got[0]} {
		wantErr(t, remove(s, "q", m, after(time.Minute)), ErrMessageNotFound)
	}
	wantTexts(t, dequeue(t, s, "q", 9, after(2*time.Hour), after(3*time.Hour)), "c")
	wantTexts(t, peek(t, s, "q", 9, after(4*time.Hour)), "c")
}

// TestTooMany checks the bounds of the number of messages.
func TestTooMany(t *testing.T) {
	s := openMem(t, Config{})
	newQueue(t, s, "q")
	for range maxGet + 5 {
		put(t, s, "q", "", epoch)
	}
	for n, want := range map[int]int{-1: 0, 0: 0, 3: 3, 1 << 40: maxGet} {
		if got := len(peek(t, s, "q", n, epoch)); got != want {
			t.Errorf("peek of %d showed %d, want %d", n, got, want)
		}
	}
	if got := len(dequeue(t, s, "q", 0, epoch, epoch)); got != 0 {
		t.Errorf("get of 0 returned %d", got)
	}
}

// TestConsumed checks that a look for messages does not pass over what is left of
// those that were consumed: with their slots as they were, and as they were
// hidden.
func TestConsumed(t *testing.T) {
	s := openMem(t, Config{})
	newQueue(t, s, "q")
	const n = 2000
	at := func(i int) time.Time { return after(time.Duration(i) * time.Millisecond) }
	for i := range n {
		put(t, s, "q", "a", at(i))
	}
	steps := func(now time.Time) int {
		q, err := s.enter(testAccount, "q")
		if err != nil {
			t.Fatal(err)
		}
		defer q.life.RUnlock()
		lower, upper := slotKey(q.id, q.marks.low), slotKey(q.id, place{ticks(now) + 1, 0})
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower[:], UpperBound: upper[:]})
		if err != nil {
			t.Fatal(err)
		}
		defer it.Close()
		it.First()
		stats := it.Stats()
		return stats.ForwardStepCount[pebble.InternalIterCall]
	}
	for i := range n {
		now := at(n + i)
		list := dequeue(t, s, "q", 1, now, now.Add(n/4*time.Millisecond))
		if len(list) != 1 {
			t.Fatalf("message %d: %d came", i, len(list))
		}
		if err := remove(s, "q", list[0], now); err != nil {
			t.Fatal(err)
		}
		if got := steps(now); got > 20 && i < n-1 {
			t.Fatalf("after %d messages a look takes %d steps", i, got)
		}
	}
	// One look passes what the hidden ones left, none does it again.
	wantTexts(t, peek(t, s, "q", 9, at(2*n)), "")
	if got := steps(at(2 * n)); got > 20 {
		t.Errorf("after all messages a look takes %d steps", got)
	}
	put(t, s, "q", "last", at(2*n))
	wantTexts(t, peek(t, s, "q", 9, at(2*n)), "last")
}
