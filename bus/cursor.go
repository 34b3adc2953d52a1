package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// cursorBucket holds the cursors of the stream.
const cursorBucket = "cursors"

// cursors are the marks up to which subscribers are done with the stream.
// Records after the lowest of them are kept, as far as the limits allow.
type cursors struct {
	kv    *KeyValue
	epoch uint64
	end   func() Mark

	mu    sync.Mutex
	marks map[string]Mark
}

// Cursor is the durable mark of one subscriber, with some data of the
// subscriber's that changes together with it.
type Cursor struct {
	all  *cursors
	name string

	mu   sync.Mutex
	mark Mark
	data []byte
}

// cursorValue is what is stored.
type cursorValue struct {
	Epoch  uint64          `json:"epoch"`
	Seq    uint64          `json:"seq"`
	Index  uint32          `json:"index"`
	Number uint64          `json:"number"`
	Data   json.RawMessage `json:"data,omitempty"`
}

func openCursors(ctx context.Context, js jetstream.JetStream, epoch uint64, end func() Mark) (*cursors, error) {
	kv, err := openKeyValue(ctx, js, jetstream.KeyValueConfig{Bucket: cursorBucket})
	if err != nil {
		return nil, err
	}
	values, err := kv.List(ctx)
	if err != nil {
		return nil, err
	}
	c := &cursors{kv: kv, epoch: epoch, end: end, marks: make(map[string]Mark)}
	for name, value := range values {
		v, err := parseCursor(value)
		if err != nil {
			return nil, fmt.Errorf("open cursor %q: %w", name, err)
		}
		c.marks[name] = v.mark()
	}
	return c, nil
}

func parseCursor(value []byte) (cursorValue, error) {
	var v cursorValue
	err := json.Unmarshal(value, &v)
	return v, err
}

func (v *cursorValue) mark() Mark {
	return Mark{Position: Position{Epoch: v.Epoch, Seq: v.Seq, Index: v.Index}, Number: v.Number}
}

// lowest returns the sequence of the message that the hindmost cursor is in,
// and false when there is no cursor.
func (c *cursors) lowest() (seq uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.marks {
		if m.Epoch != c.epoch {
			m.Seq = 0 // of an older stream: everything here is new to it
		}
		if !ok || m.Seq < seq {
			seq, ok = m.Seq, true
		}
	}
	return seq, ok
}

// OpenCursor returns the cursor of that name; if there is none it is made, at
// start. From then on the stream keeps what lies after it.
func (b *Bus) OpenCursor(ctx context.Context, name string, start Mark) (*Cursor, error) {
	if b.ctx.Err() != nil {
		return nil, ErrClosed
	}
	c := &Cursor{all: b.cursors, name: name}
	b.cursors.mu.Lock()
	_, exists := b.cursors.marks[name]
	b.cursors.mu.Unlock()
	if !exists {
		return c, c.Save(ctx, start, nil)
	}
	value, err := b.cursors.kv.Get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open cursor: %w", err)
	}
	v, err := parseCursor(value)
	if err != nil {
		return nil, fmt.Errorf("open cursor %q: %w", name, err)
	}
	c.mark, c.data = v.mark(), v.Data
	return c, nil
}

// Cursors returns the marks of all cursors, by name.
func (b *Bus) Cursors() map[string]Mark {
	b.cursors.mu.Lock()
	defer b.cursors.mu.Unlock()
	all := make(map[string]Mark, len(b.cursors.marks))
	for name, m := range b.cursors.marks {
		all[name] = m
	}
	return all
}

// DeleteCursor removes the cursor of that name; the stream no longer waits for it.
func (b *Bus) DeleteCursor(ctx context.Context, name string) error {
	c := &Cursor{all: b.cursors, name: name}
	return c.Delete(ctx)
}

// Mark returns where the cursor is.
func (c *Cursor) Mark() Mark {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mark
}

// Data returns what was saved with the mark, nil at first.
func (c *Cursor) Data() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.data
}

// Save moves the cursor to m and stores data, one JSON value or nothing, with
// it: both or neither. They are on disk when it returns.
func (c *Cursor) Save(ctx context.Context, m Mark, data []byte) error {
	value, err := json.Marshal(cursorValue{Epoch: m.Epoch, Seq: m.Seq, Index: m.Index, Number: m.Number, Data: data})
	if err != nil {
		return fmt.Errorf("save cursor %q: %w", c.name, err)
	}
	if err := c.all.kv.Put(ctx, c.name, value); err != nil {
		return fmt.Errorf("save cursor: %w", err)
	}
	c.mu.Lock()
	c.mark, c.data = m, data
	c.mu.Unlock()
	c.all.mu.Lock()
	c.all.marks[c.name] = m
	c.all.mu.Unlock()
	return nil
}

// Delete removes the cursor: the stream no longer waits for it.
func (c *Cursor) Delete(ctx context.Context) error {
	if err := c.all.kv.Delete(ctx, c.name); err != nil {
		return fmt.Errorf("delete cursor: %w", err)
	}
	c.all.mu.Lock()
	delete(c.all.marks, c.name)
	c.all.mu.Unlock()
	return nil
}
