package bus

import (
	"context"

	"reslog/record"
	"reslog/resource"
)

// Mark is a Position with the number of records up to and including it, counted
// from the stream's first. The number is what makes a gap countable.
type Mark struct {
	Position
	Number uint64
}

// Entry is a record and its place.
type Entry struct {
	Position Position
	// Number counts records from 1, so that the difference of two entries'
	// Numbers is how far apart they are.
	Number uint64
	Record record.Record
}

// Batch is what one call of Reader.Next read.
type Batch struct {
	// Entries are the wanted records, in order. There may be none when
	// everything read was unwanted.
	Entries []Entry
	// Through is how far the reader has come, unwanted records included.
	Through Mark
	// Missed counts the records, wanted or not, that had left the stream before
	// they could be read.
	Missed uint64
}

// ReadConfig says what a Reader reads.
type ReadConfig struct {
	// After is the mark to begin behind; the zero Mark begins with the oldest.
	After Mark
	// Want says which records to return; nil wants all.
	Want func(resource.Key, record.Category) bool
	// Name makes the reader return what Redeliver addressed to that name, too.
	Name string
	// MaxLag makes the reader skip ahead, counting Missed, when it is more than
	// so many records behind. 0 never skips.
	MaxLag uint64
}

// Bus is the record stream and the key-value buckets of a node.
type Bus struct{ cfg Config }

func Open(ctx context.Context, cfg Config) (*Bus, error)                 { panic("being written") }
func (b *Bus) Close() error                                              { panic("being written") }
func (b *Bus) Emitter() record.Emitter                                   { panic("being written") }
func (b *Bus) Last() Mark                                                { panic("being written") }
func (b *Bus) Flush(ctx context.Context) (Mark, error)                   { panic("being written") }
func (b *Bus) Read(ctx context.Context, cfg ReadConfig) (*Reader, error) { panic("being written") }
func (b *Bus) Redeliver(ctx context.Context, name string, recs []record.Record) error {
	panic("being written")
}
func (b *Bus) OpenCursor(ctx context.Context, name string, start Mark) (*Cursor, error) {
	panic("being written")
}
func (b *Bus) KeyValue(ctx context.Context, bucket string) (*KeyValue, error) { panic("being written") }
func (b *Bus) Stats() Stats                                                   { panic("being written") }

// Tail reads live records and skips ahead when its reader is slow.
func (b *Bus) Tail(ctx context.Context, want func(resource.Key, record.Category) bool) (*Reader, error) {
	panic("being written")
}

type Reader struct{}

func (r *Reader) Next(ctx context.Context) (Batch, error) { panic("being written") }
func (r *Reader) Close()                                  {}

type Cursor struct{}

func (c *Cursor) Mark() Mark                                          { panic("being written") }
func (c *Cursor) Data() []byte                                        { panic("being written") }
func (c *Cursor) Save(ctx context.Context, m Mark, data []byte) error { panic("being written") }
func (c *Cursor) Delete(ctx context.Context) error                    { panic("being written") }

type KeyValue struct{}

func (k *KeyValue) Get(ctx context.Context, key string) ([]byte, error)     { panic("being written") }
func (k *KeyValue) Put(ctx context.Context, key string, value []byte) error { panic("being written") }
func (k *KeyValue) Delete(ctx context.Context, key string) error            { panic("being written") }
func (k *KeyValue) List(ctx context.Context) (map[string][]byte, error)     { panic("being written") }

// Watch calls fn with every present key, then with every change until ctx ends.
func (k *KeyValue) Watch(ctx context.Context, fn func(key string, value []byte, deleted bool)) error {
	panic("being written")
}

// Stats are counters since Open, and gauges.
type Stats struct {
	Emitted, Taken, Dropped                uint64 // records
	EmittedBytes, TakenBytes, DroppedBytes uint64
	Messages, MessageBytes                 uint64 // published, as stored
	Failures                               uint64 // publishes that failed
	QueueRecords, QueueBytes               int64
	OpenIntents                            int64
	StreamMessages, StreamBytes            uint64
}

func freeSpace(dir string) (int64, error) { panic("being written") }
