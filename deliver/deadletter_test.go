package deliver_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"reslog/bus"
	"reslog/deliver"
)

// rejecting rejects records by the end of their ID.
func rejecting(why string, ends ...string) func([]deliver.Item) error {
	return rejectNothing(func(batch []deliver.Item) error {
		var bad []bus.Position
		for _, it := range batch {
			if slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(it.Record.ID, end) }) {
				bad = append(bad, it.Position)
			}
		}
		return deliver.Reject(errors.New(why), bad...)
	})
}

func (n *node) letters() []deliver.DeadLetter {
	n.t.Helper()
	letters, err := n.router.DeadLetters().List(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	return letters
}

func TestDeadLettersOneByOne(t *testing.T) {
	s := sink{fail: rejecting("first", "3", "7")}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s), BatchRecords: 5})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 10)...)
	n.drain()
	letters := n.letters()
	if len(letters) != 2 || letters[0].Records[0].ID != "r003" || letters[1].Records[0].ID != "r007" {
		t.Fatalf("letters %+v", letters)
	}
	// One is discarded and one replayed: it is rejected again, and a new letter.
	dead := n.router.DeadLetters()
	if err := dead.Discard(t.Context(), letters[0].Key); err != nil {
		t.Fatal(err)
	}
	s.setFail(rejecting("second", "7"))
	if err := dead.Replay(t.Context(), letters[1].Key); err != nil {
		t.Fatal(err)
	}
	n.drain()
	again := n.letters()
	if len(again) != 1 || again[0].Key == letters[1].Key || again[0].Reason != "second" || again[0].Records[0].ID != "r007" {
		t.Fatalf("letters %+v", again)
	}
	if e := n.ledger("x"); e.DeadLettered != 3 || e.Delivered != 8 || e.Accepted != 11 {
		t.Errorf("ledger %+v", e)
	}
	// Now it is taken.
	s.setFail(nil)
	if err := dead.Replay(t.Context(), again[0].Key); err != nil {
		t.Fatal(err)
	}
	n.drain()
	if left := n.letters(); len(left) != 0 {
		t.Errorf("letters %+v", left)
	}
	held := s.held()
	if len(held) != 9 || held[8] != "r007" || slices.Contains(held, "r003") {
		t.Errorf("held %v", held)
	}
	if err := dead.Replay(t.Context(), again[0].Key); !errors.Is(err, bus.ErrNotFound) {
		t.Errorf("replayed twice: %v", err)
	}
	if err := dead.Discard(t.Context(), "never there"); err != nil {
		t.Error(err)
	}
}

// A letter is replayed while its destination is down and its backlog over the
// bounds: it is at the end of the queue, like any new record.
func TestAReplayedLetterIsNoOldRecord(t *testing.T) {
	size := alike(t)
	s := sink{fail: rejecting("bad", "000")}
	p := newPauses()
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: kinds(&s), Wait: p.wait, BatchRecords: 10, BacklogBytes: 30 * size,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emitAlike(numbers("r", 0, 1))
	n.drain()
	s.setFail(down)
	n.emitAlike(numbers("s", 0, 100))
	p.next(t)
	if err := n.router.DeadLetters().Replay(t.Context(), n.letters()[0].Key); err != nil {
		t.Fatal(err)
	}
	p.resume <- struct{}{}
	p.next(t)
	if e := n.ledger("x"); e.Shed < 71 || e.Shed >= 81 || e.Shed+e.BacklogRecords != 101 {
		t.Errorf("ledger %+v", e)
	}
	s.setFail(nil)
	p.resume <- struct{}{}
	n.drain()
	if held := s.held(); len(held) == 0 || held[len(held)-1] != "r000" {
		t.Errorf("held %v", held)
	}
}

// The reason of a letter is what the destination said, in one bounded line.
func TestTheReasonOfALetterIsBounded(t *testing.T) {
	s := sink{fail: rejecting(strings.Repeat("very\nbad ", 1000), "0")}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s)})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, "0")
	n.drain()
	letters := n.letters()
	if len(letters) != 1 || len(letters[0].Reason) > 1024 || strings.Contains(letters[0].Reason, "\n") || !strings.HasPrefix(letters[0].Reason, "very bad very bad") {
		t.Errorf("letters %+v", letters)
	}
}
