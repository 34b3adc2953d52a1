package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
	"reslog/diagnostic"
)

func TestAKindHasItsOwnBatches(t *testing.T) {
	const limit = 16 << 10
	var mu sync.Mutex
	up := false
	var sizes, messages []int
	s := sink{fail: func(batch []deliver.Item) error {
		mu.Lock()
		defer mu.Unlock()
		if !up {
			return errDown
		}
		size, seqs := 0, map[uint64]bool{}
		for _, it := range batch {
			size += len(it.Record.Line) + len(it.Record.Detail)
			seqs[it.Position.Seq] = true
		}
		if len(batch) > 1 && (size > limit || len(batch) > 500) {
			t.Errorf("a batch of %d records, %d bytes", len(batch), size)
		}
		sizes, messages = append(sizes, size), append(messages, len(seqs))
		return nil
	}}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: map[diagnostic.DestinationKind]deliver.Kind{
			diagnostic.Classic: {Open: s.open, BatchRecords: 500, BatchBytes: limit},
		},
		BatchRecords: 3,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	all := numbers("r", 0, 600)
	for i := 0; i < len(all); i += 10 {
		n.emitAlike(all[i : i+10])
	}
	eventually(t, "a failure", func() bool { return n.ledger("x").Retried > 0 })
	mu.Lock()
	up = true
	mu.Unlock()
	n.drain()
	wantIDs(t, s.held(), all)
	// What waits on the stream is gathered from many messages: of 600 records of
	// 220 bytes nearly every batch is as large as it may be.
	full := 0
	for i := range sizes {
		if sizes[i] > limit/2 && messages[i] > 3 {
			full++
		}
	}
	if full < 5 || len(sizes) > 20 {
		t.Errorf("%d batches, %d of them large: %v bytes of %v messages", len(sizes), full, sizes, messages)
	}
}

func TestAKindHasItsOwnFlushInterval(t *testing.T) {
	var flushes atomic.Int64
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: map[diagnostic.DestinationKind]deliver.Kind{diagnostic.Classic: {
			Open: func(context.Context, deliver.Opening) (deliver.Destination, error) {
				return flushCounter{n: &flushes}, nil
			},
			FlushInterval: time.Millisecond,
		}},
		FlushInterval: time.Hour,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	eventually(t, "many flushes", func() bool { return flushes.Load() > 20 })
}

type flushCounter struct{ n *atomic.Int64 }

func (f flushCounter) Deliver(_ context.Context, batch []deliver.Item) (bus.Position, error) {
	return batch[len(batch)-1].Position, nil
}

func (f flushCounter) Flush(context.Context, bool) (bus.Position, error) {
	f.n.Add(1)
	return bus.Position{}, nil
}
func (f flushCounter) Close(context.Context) error { return nil }

func TestAnUnknownKindWaits(t *testing.T) {
	dir := t.TempDir()
	cfg := deliver.RouterConfig{StopTimeout: 500 * time.Millisecond}
	n := start(t, dir, bus.Config{}, cfg)
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 5)...)
	eventually(t, "it says so", func() bool {
		e := n.ledger("x")
		return strings.Contains(e.LastError, `"classic"`) && e.State == deliver.Retrying && e.BacklogRecords == 5
	})
	n.stop()
	var s sink
	cfg.Kinds = kinds(&s)
	n = start(t, dir, bus.Config{}, cfg)
	n.drain()
	wantIDs(t, s.held(), numbers("r", 0, 5))
}

func TestADestinationSaysWhenToTryAgain(t *testing.T) {
	for asked, want := range map[time.Duration][2]time.Duration{
		0:                {0, 10 * time.Millisecond},
		90 * time.Second: {90 * time.Second, 90 * time.Second},
		time.Hour:        {5 * time.Minute, 5 * time.Minute}, // no longer than this
	} {
		t.Run(asked.String(), func(t *testing.T) {
			s := sink{fail: func([]deliver.Item) error {
				return fmt.Errorf("throttled: %w", deliver.RetryAfter(errors.New("429"), asked))
			}}
			p := newPauses()
			n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: kinds(&s), Wait: p.wait})
			n.put(setting("x", blobsA, accountA, "1.0", read))
			n.emit(blobsA, read, "r")
			for range 3 {
				if d := p.next(t); d < want[0] || d > want[1] {
					t.Errorf("waits %v, want %v to %v", d, want[0], want[1])
				}
				p.resume <- struct{}{}
			}
			p.next(t)
			s.setFail(nil)
			p.resume <- struct{}{}
			n.drain()
		})
	}
}

// What gathers on the bus while a destination is busy goes to it together, and
// messages of the bus stay whole.
func TestSmallMessagesAreHandedOverTogether(t *testing.T) {
	const messages, each = 60, 4
	s := &sink{}
	n := start(t, t.TempDir(), bus.Config{BatchDelay: time.Microsecond}, deliver.RouterConfig{
		Kinds: kinds(s), Pace: -1, BatchRecords: 3*each - 1,
	})
	var mu sync.Mutex
	var batches [][]bus.Position
	begun, release := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(begun); <-release })
	s.setFail(func(batch []deliver.Item) error {
		first()
		mu.Lock()
		defer mu.Unlock()
		var ps []bus.Position
		for _, it := range batch {
			ps = append(ps, it.Position)
		}
		batches = append(batches, ps)
		return nil
	})
	n.put(setting("x", blobsA, accountA, "1", read))
	var want []string
	for i := range messages {
		var names []string
		for j := range each {
			names = append(names, fmt.Sprintf("%d-%d", i, j))
		}
		want = append(want, names...)
		before := n.bus.Last().Number
		n.emit(blobsA, read, names...)
		for n.bus.Last().Number < before+each {
			time.Sleep(time.Millisecond)
		}
		if i == 0 {
			<-begun
		}
	}
	close(release)
	n.drain()
	if got := s.held(); !slices.Equal(got, want) {
		t.Fatalf("delivered %v, want %v", got, want)
	}
	mu.Lock()
	defer mu.Unlock()
	seen := make(map[uint64]bool)
	for i, ps := range batches {
		if len(ps) > 3*each-1 {
			t.Errorf("batch %d has %d records", i, len(ps))
		}
		if seen[ps[0].Seq] {
			t.Errorf("batch %d begins inside a message", i)
		}
		for _, p := range ps {
			seen[p.Seq] = true
		}
	}
	if len(batches) >= len(seen) || len(seen) < messages {
		t.Errorf("%d batches for %d messages", len(batches), len(seen))
	}
}

// What nobody can take does not make a stop wait.
func TestDrainDoesNotWaitForAKindThatIsNotThere(t *testing.T) {
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{Kinds: map[diagnostic.DestinationKind]deliver.Kind{}})
	n.put(setting("x", blobsA, accountA, "1", read))
	n.emit(blobsA, read, "waits")
	n.drain()
}
