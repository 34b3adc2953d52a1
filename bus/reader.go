package bus

import (
	"context"
	"errors"
	"log/slog"
	"time"

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
	// Redelivered says that Redeliver put it there for this reader.
	Redelivered bool
	// Size is what the record takes on the stream before compression: Line,
	// Detail, ID and some twenty bytes. A Scout counts in the same measure.
	Size   uint32
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
	// they could be read, or were skipped by MaxLag.
	Missed uint64
	// Time is when the entries were put on the stream; zero when there are none.
	Time time.Time
	// More says that messages follow which the next call of Next need not wait
	// for, so that who gathers batches goes on.
	More bool

	mem *batchMemory // what the entries lie in
}

// batchMemory is the memory of one batch.
type batchMemory struct {
	entries []Entry
	body    []byte
}

// ReadConfig says what a Reader reads.
type ReadConfig struct {
	// After is the mark to begin behind; the zero Mark begins with the oldest
	// record there is, and so does a mark of another stream. A Number of 0 with
	// a Position means that it is not known; records missed before the first
	// one read are not counted then.
	After Mark
	// Want says which records to return; nil wants all. It is asked once for
	// each resource and category of a message, from the reader's goroutine, and
	// costs nothing for messages that hold none of what is wanted.
	Want func(resource.Key, record.Category) bool
	// Name makes the reader return what Redeliver addressed to that name, too.
	Name string
	// MaxLag makes the reader skip ahead, counting Missed, when it is more than
	// so many records behind. 0 never skips.
	MaxLag uint64
	// Pace is the least time from one look at the stream to the next while
	// little is there: a record that comes after a quiet time is returned at
	// once, those that follow it are gathered, so that a stream of many small
	// messages does not wake the reader for each. 0 looks at every message.
	Pace time.Duration
}

const (
	// paceMessages is from how many waiting messages on a reader does not pace itself.
	paceMessages = 8
	// freeBatches is how many recycled batches are kept.
	freeBatches = 16
	// keepMemory is up to what size the memory of a message is used again.
	keepMemory = 4 * frameTarget
)

// Reader reads the stream in order. It belongs to one goroutine and keeps at
// most about a mebibyte of messages ahead.
type Reader struct {
	bus     *Bus
	cfg     ReadConfig
	fetch   *fetcher
	in      *interner
	ahead   []message
	through Mark
	counted bool // through.Number is known
	next    uint64
	looked  time.Time // when the stream was last looked at
	wanted  filter
	frame   frame
	scratch []byte // of a body of which little is wanted
	ids     []byte // of the records of a batch
	lengths []int
	free    chan *batchMemory
}

// Read opens a reader. Close it.
func (b *Bus) Read(_ context.Context, cfg ReadConfig) (*Reader, error) {
	if b.ctx.Err() != nil {
		return nil, ErrClosed
	}
	f, err := newFetcher(b.host.nc)
	if err != nil {
		return nil, err
	}
	r := &Reader{bus: b, cfg: cfg, fetch: f, in: newInterner(), free: make(chan *batchMemory, freeBatches)}
	r.wanted = filter{want: cfg.Want, name: cfg.Name, in: r.in}
	if cfg.After.Epoch == b.writer.epoch {
		r.through = cfg.After
		r.next = cfg.After.Seq
		r.counted = cfg.After.Number > 0 || cfg.After.Seq == 0
	} else {
		r.through.Epoch = b.writer.epoch
	}
	return r, nil
}

// Tail opens a reader of what is emitted from now on. It never slows anyone: a
// reader that falls too far behind skips ahead and is told how many it missed.
func (b *Bus) Tail(ctx context.Context, want func(resource.Key, record.Category) bool) (*Reader, error) {
	return b.Read(ctx, ReadConfig{After: b.Last(), Want: want, MaxLag: tailLag})
}

// tailLag is how many records a Tail may be behind.
const tailLag = 10_000

// Through returns how far the reader has come.
func (r *Reader) Through() Mark { return r.through }

// Close releases the reader.
func (r *Reader) Close() { r.fetch.close() }

// Recycle gives the memory of a batch back, to be used for one to come. Nothing
// of the batch may be looked at any more, neither entries nor the Line or Detail
// of a record; IDs may. Calling it is a matter of cost only. Any goroutine may.
func (r *Reader) Recycle(b Batch) {
	if b.mem == nil || cap(b.mem.body) > keepMemory {
		return
	}
	select {
	case r.free <- b.mem:
	default:
	}
}

// memory returns memory for a batch.
func (r *Reader) memory() *batchMemory {
	select {
	case m := <-r.free:
		return m
	default:
		return &batchMemory{}
	}
}

// Next waits for records and returns those of one message; or, when it went
// through many messages with nothing wanted, none and how far it came. It
// returns an error only when ctx ends or the bus is closed: while the stream
// cannot be read it goes on trying.
func (r *Reader) Next(ctx context.Context) (Batch, error) {
	ctx, cancel := r.bus.withClose(ctx)
	defer cancel()
	var b Batch
	if r.skip(&b) {
		b.Through = r.through
		return b, nil
	}
	for range fetchMessages {
		m, err := r.message(ctx)
		if err != nil {
			return Batch{}, r.bus.closedOr(err)
		}
		r.read(m, &b)
		if len(b.Entries) > 0 {
			b.Time = m.stored()
			break
		}
		if len(r.ahead) == 0 {
			break
		}
	}
	b.Through, b.More = r.through, r.more()
	return b, nil
}

// more reports whether message would return without waiting for records.
func (r *Reader) more() bool {
	company := uint64(1)
	if r.cfg.Pace > 0 {
		company = paceMessages
	}
	return len(r.ahead) > 0 || r.bus.Last().Seq >= max(r.next, 1)+company-1
}

// message returns the next message, waiting for it.
func (r *Reader) message(ctx context.Context) (message, error) {
	for wait := firstRetry; ; {
		if err := ctx.Err(); err != nil {
			return message{}, err
		}
		if len(r.ahead) > 0 {
			m := r.ahead[0]
			r.ahead = r.ahead[1:]
			return m, nil
		}
		if _, err := r.bus.pos.wait(ctx, func(last Mark, _ uint64) bool { return last.Seq >= max(r.next, 1) }); err != nil {
			return message{}, err
		}
		if err := r.pace(ctx); err != nil {
			return message{}, err
		}
		msgs, err := r.fetch.fetch(ctx, r.next)
		if len(msgs) > 0 && err == nil {
			r.ahead = msgs
			continue
		}
		// The stream cannot be read, or was cut off while being read.
		if err != nil && ctx.Err() == nil {
			r.bus.cfg.Logger.Warn("records cannot be read, trying again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, longestRetry)
	}
}

// pace waits for company for the few messages that are there, see ReadConfig.Pace.
func (r *Reader) pace(ctx context.Context) error {
	if r.cfg.Pace <= 0 {
		return nil
	}
	if wait := r.cfg.Pace - time.Since(r.looked); wait > 0 && r.bus.Last().Seq < max(r.next, 1)+paceMessages-1 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.looked = time.Now()
	return nil
}

// skip goes to the end of the stream when MaxLag says so.
func (r *Reader) skip(b *Batch) bool {
	if r.cfg.MaxLag == 0 || !r.counted {
		return false
	}
	last := r.bus.Last()
	if last.Number <= r.through.Number || last.Number-r.through.Number <= r.cfg.MaxLag {
		return false
	}
	b.Missed += last.Number - r.through.Number
	r.through, r.next, r.ahead = last, last.Seq+1, nil
	return true
}

// withClose returns a context that ends with ctx or with the bus.
func (b *Bus) withClose(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(b.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// closedOr returns ErrClosed when that is why err came about.
func (b *Bus) closedOr(err error) error {
	if err != nil && b.ctx.Err() != nil && !errors.Is(err, ErrClosed) {
		return ErrClosed
	}
	return err
}
