package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
)

// A destination that answers nonsense may harm its own records only by what it
// claims; it moves the mark over nothing that was not handed over.
func TestGarbageFromADestination(t *testing.T) {
	var s sink
	var mu sync.Mutex
	calls := 0
	answers := []func(batch []deliver.Item) (bus.Position, error){
		func([]deliver.Item) (bus.Position, error) {
			return bus.Position{}, errors.New("<html>\r\n<body>" + strings.Repeat("502 bad gateway\n", 1000))
		},
		func(batch []deliver.Item) (bus.Position, error) { // rejects what it was not given
			return bus.Position{}, deliver.Reject(errors.New("no such record"), bus.Position{Epoch: 1, Seq: math.MaxUint64})
		},
		func(batch []deliver.Item) (bus.Position, error) { // a position with an error
			return batch[len(batch)-1].Position, errors.New("half of it")
		},
		func(batch []deliver.Item) (bus.Position, error) { // of another stream, and beyond all
			return bus.Position{Epoch: 7, Seq: math.MaxUint64, Index: math.MaxUint32}, nil
		},
		func(batch []deliver.Item) (bus.Position, error) { return bus.Position{Epoch: 7, Seq: 1}, nil },
	}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: opened(func(ctx context.Context, o deliver.Opening) (deliver.Destination, error) {
			d, err := s.open(ctx, o)
			return &garbling{d, func(batch []deliver.Item) (bus.Position, error) {
				mu.Lock()
				defer mu.Unlock()
				calls++
				return answers[calls%len(answers)](batch)
			}}, err
		}),
		BatchRecords: 10,
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	all := numbers("r", 0, 100)
	for i := range all {
		n.emitAlike(all[i : i+1])
	}
	n.drain()
	wantIDs(t, s.held(), all)
	e := n.ledger("x")
	if e.Delivered != 100 || e.Accepted != 100 || e.DeadLettered != 0 || e.Dropped != 0 || e.LagRecords != 0 {
		t.Errorf("ledger %+v", e)
	}
	if len(e.LastError) > 1024 || strings.ContainsAny(e.LastError, "\r\n") || e.LastError == "" {
		t.Errorf("the last error has %d bytes: %q", len(e.LastError), e.LastError)
	}
}

// garbling keeps what it is given and answers something else.
type garbling struct {
	deliver.Destination
	answer func(batch []deliver.Item) (bus.Position, error)
}

func (g *garbling) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	p, err := g.answer(batch)
	if err != nil {
		return p, err
	}
	if _, err := g.Destination.Deliver(ctx, batch); err != nil {
		return bus.Position{}, err
	}
	return p, nil
}

// panicking panics in every method, the first few times.
type panicking struct {
	deliver.Destination
	left func(method string) bool
}

func (p *panicking) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	if p.left("deliver") {
		panic("deliver")
	}
	return p.Destination.Deliver(ctx, batch)
}

func (p *panicking) Flush(ctx context.Context, force bool) (bus.Position, error) {
	if p.left("flush") {
		panic("flush")
	}
	return p.Destination.Flush(ctx, force)
}

func (p *panicking) Close(ctx context.Context) error {
	if p.left("close") {
		panic("close")
	}
	return p.Destination.Close(ctx)
}

func TestPanicsEverywhere(t *testing.T) {
	s := sink{hold: true}
	var mu sync.Mutex
	counts := map[string]int{}
	left := func(method string) bool {
		mu.Lock()
		defer mu.Unlock()
		counts[method]++
		return counts[method] <= 3
	}
	n := start(t, t.TempDir(), bus.Config{}, deliver.RouterConfig{
		Kinds: opened(func(ctx context.Context, o deliver.Opening) (deliver.Destination, error) {
			if left("open") {
				panic("open")
			}
			d, err := s.open(ctx, o)
			return &panicking{d, left}, err
		}),
	})
	n.put(setting("x", blobsA, accountA, "1.0", read))
	n.emit(blobsA, read, numbers("r", 0, 10)...)
	n.drain()
	wantIDs(t, s.held(), numbers("r", 0, 10))
	n.put(setting("x", blobsA, accountA, "2.0", read)) // closes the one before
	n.emit(blobsA, read, "s")
	n.drain()
	mu.Lock()
	defer mu.Unlock()
	for _, method := range []string{"open", "deliver", "flush"} {
		if counts[method] < 4 {
			t.Errorf("%s was called %d times", method, counts[method])
		}
	}
	if counts["close"] == 0 {
		t.Error("nothing was closed")
	}
}

// A destination that fails in every way at random, bounds that are always near,
// changes of the setting and stops: in the end every record is delivered
// once and in order, or dead, or counted as dropped.
func TestEveryRecordIsAccountedFor(t *testing.T) {
	size := alike(t)
	var s sink
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(5, 6))
	calm, stuck := false, true
	s.fail = func(batch []deliver.Item) error {
		mu.Lock()
		defer mu.Unlock()
		if stuck {
			return errors.New("stuck")
		}
		var bad []bus.Position
		for _, it := range batch {
			if strings.HasSuffix(it.Record.ID, "13") {
				bad = append(bad, it.Position)
			}
		}
		switch {
		case len(bad) > 0:
			return deliver.Reject(errors.New("bad"), bad...)
		case calm:
			return nil
		}
		switch rnd.IntN(10) {
		case 0, 1, 2, 3, 4:
			return errors.New("busy")
		case 5:
			panic("at random")
		case 6:
			return deliver.Reopen(errors.New("lost"))
		}
		return nil
	}
	dir := t.TempDir()
	cfg := deliver.RouterConfig{
		Kinds: kinds(&s), BatchRecords: 7, BatchBytes: 3 << 10, BacklogBytes: 40 * size,
		SaveInterval: time.Millisecond, StopTimeout: 300 * time.Millisecond, DeadLetterBytes: 64 << 10,
	}
	n := start(t, dir, bus.Config{}, cfg)
	var all []string
	emit := func(count int) {
		from := len(all)
		all = append(all, numbers("r", from, from+count)...)
		n.emitAlike(all[from:])
	}
	amount := rand.New(rand.NewPCG(7, 8))
	for round := range 30 {
		n.put(setting("x", blobsA, accountA, fmt.Sprint(round/10), read))
		for range 1 + amount.IntN(8) {
			emit(1 + amount.IntN(60))
		}
		if round == 0 {
			emit(100)
			eventually(t, "records are shed", func() bool { return n.ledger("x").Shed > 0 })
			mu.Lock()
			stuck = false
			mu.Unlock()
		}
		if round%6 == 5 {
			n.stop()
			n = start(t, dir, bus.Config{}, cfg)
		}
	}
	mu.Lock()
	calm = true
	mu.Unlock()
	for range 4 { // among so many is one that is rejected
		n.drain()
		emit(30)
	}
	n.drain()
	e := n.ledger("x")
	letters, err := n.router.DeadLetters().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fate := map[string]string{}
	for _, id := range s.held() {
		fate[id] += "delivered "
	}
	dead := uint64(0)
	for _, l := range letters {
		for _, r := range l.Records {
			fate[r.ID] += "dead "
			dead++
		}
	}
	for id, f := range fate {
		if f != "delivered " && f != "dead " {
			t.Errorf("%s: %s", id, f)
		}
	}
	last := -1
	for _, id := range s.held() {
		i := slices.Index(all, id)
		if i <= last {
			t.Errorf("%s is held after %s", id, all[last])
		}
		last = i
	}
	total := uint64(len(all))
	if e.Delivered+e.DeadLettered+e.Dropped != total || e.Accepted != total {
		t.Errorf("%d emitted, ledger %+v", total, e)
	}
	// A dead letter whose record was not settled when the destination was opened
	// anew may be of a record that was shed then.
	if e.Delivered != uint64(len(s.held())) || e.DeadLettered > dead {
		t.Errorf("%d held, %d dead, ledger %+v", len(s.held()), dead, e)
	}
	if e.Shed == 0 || e.DeadLettered == 0 || e.LagRecords != 0 || e.BacklogRecords != 0 {
		t.Errorf("ledger %+v", e)
	}
}
