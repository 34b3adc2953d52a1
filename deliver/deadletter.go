package deliver

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"reslog/bus"
	"reslog/diagnostic"
	"reslog/record"
	"reslog/resource"
)

// DeadLetter is a batch of records that a destination can never take.
type DeadLetter struct {
	// Key names it.
	Key      string                     `json:"-"`
	Setting  string                     `json:"setting"`
	Resource resource.ID                `json:"resource"`
	Kind     diagnostic.DestinationKind `json:"kind"`
	Time     time.Time                  `json:"time"`
	Reason   string                     `json:"reason"`
	// Worker is the name its records are delivered again by.
	Worker  string       `json:"worker"`
	Records []DeadRecord `json:"records"`
}

// DeadRecord is one record of a DeadLetter.
type DeadRecord struct {
	Position string          `json:"position"`
	Category record.Category `json:"category"`
	Time     time.Time       `json:"time"`
	Ended    time.Time       `json:"ended"`
	ID       string          `json:"id"`
	Line     []byte          `json:"line"`
	Detail   []byte          `json:"detail,omitempty"`
}

// deadBytes bounds the lines of one DeadLetter.
const deadBytes = 512 << 10

// DeadLetters keeps what could not be delivered, until somebody replays or
// discards it.
type DeadLetters struct {
	bus   *bus.Bus
	limit int64

	mu sync.Mutex
	kv *bus.KeyValue
}

func newDeadLetters(b *bus.Bus, limit int64) *DeadLetters { return &DeadLetters{bus: b, limit: limit} }

func (d *DeadLetters) bucket(ctx context.Context) (*bus.KeyValue, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kv == nil {
		kv, err := d.bus.BoundedKeyValue(ctx, "deadletters", d.limit)
		if err != nil {
			return nil, fmt.Errorf("open dead letters: %w", err)
		}
		d.kv = kv
	}
	return d.kv, nil
}

// add keeps items. The same items added again, after a crash, are kept once.
func (d *DeadLetters) add(ctx context.Context, worker string, s *diagnostic.Setting, kind diagnostic.DestinationKind, now time.Time, items []Item, why error) error {
	kv, err := d.bucket(ctx)
	if err != nil {
		return err
	}
	for len(items) > 0 {
		letter := DeadLetter{
			Setting: s.Name, Resource: s.Resource, Kind: kind, Time: now.UTC(),
			Reason: reason(why), Worker: worker,
		}
		size := 0
		for len(items) > 0 && (size == 0 || size < deadBytes) {
			it := &items[0]
			letter.Records = append(letter.Records, DeadRecord{
				Position: it.Position.String(), Category: it.Record.Category, Time: it.Record.Time,
				Ended: it.Record.Ended, ID: it.Record.ID, Line: it.Record.Line, Detail: it.Record.Detail,
			})
			size += len(it.Record.Line) + len(it.Record.Detail) + len(it.Record.ID)
			items = items[1:]
		}
		value, err := json.Marshal(letter)
		if err != nil {
			return fmt.Errorf("keep dead letter: %w", err)
		}
		if err := kv.Put(ctx, worker+"."+letter.Records[0].Position, value); err != nil {
			return fmt.Errorf("keep dead letter: %w", err)
		}
	}
	return nil
}

// List returns all dead letters, oldest first.
func (d *DeadLetters) List(ctx context.Context) ([]DeadLetter, error) {
	kv, err := d.bucket(ctx)
	if err != nil {
		return nil, err
	}
	values, err := kv.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	letters := make([]DeadLetter, 0, len(values))
	for key, value := range values {
		l := DeadLetter{Key: key}
		if err := json.Unmarshal(value, &l); err != nil {
			return nil, fmt.Errorf("read dead letter %s: %w", key, err)
		}
		letters = append(letters, l)
	}
	slices.SortFunc(letters, func(a, b DeadLetter) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Key, b.Key))
	})
	return letters, nil
}

// Replay delivers the records of a dead letter again, to the same setting's
// destination alone, as new records at the end of the stream, and removes the
// letter. Dying between the two leaves both.
func (d *DeadLetters) Replay(ctx context.Context, key string) error {
	kv, err := d.bucket(ctx)
	if err != nil {
		return err
	}
	value, err := kv.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("replay dead letter: %w", err)
	}
	var l DeadLetter
	if err := json.Unmarshal(value, &l); err != nil {
		return fmt.Errorf("replay dead letter %s: %w", key, err)
	}
	recs := make([]record.Record, 0, len(l.Records))
	for _, r := range l.Records {
		recs = append(recs, record.Record{
			Resource: l.Resource, Category: r.Category, Time: r.Time, Ended: r.Ended,
			ID: r.ID, Line: r.Line, Detail: r.Detail,
		})
	}
	if err := d.bus.Redeliver(ctx, l.Worker, recs); err != nil {
		return fmt.Errorf("replay dead letter: %w", err)
	}
	return d.Discard(ctx, key)
}

// Discard removes a dead letter.
func (d *DeadLetters) Discard(ctx context.Context, key string) error {
	kv, err := d.bucket(ctx)
	if err != nil {
		return err
	}
	if err := kv.Delete(ctx, key); err != nil {
		return fmt.Errorf("discard dead letter: %w", err)
	}
	return nil
}
