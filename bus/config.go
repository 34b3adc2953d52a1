package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Durability says what has to be on disk before a front end may answer.
type Durability string

// Durability modes, see record.Emitter.
const (
	// Buffered never makes a request wait for its record. What a crash can take
	// is bounded by four times BatchDelay and by the batches that are being synced.
	Buffered Durability = "buffered"
	// Audit makes a request wait until its record is on disk.
	Audit Durability = "audit"
)

// Errors that callers branch on.
var (
	// ErrClosed is returned by everything once Close was called.
	ErrClosed = errors.New("the bus is closed")
	// ErrNotFound is returned by KeyValue.Get for a key that is not there.
	ErrNotFound = errors.New("key not found")
	// ErrBucketFull is wrapped by the error of a Put into a bounded bucket that
	// has no room for the value.
	ErrBucketFull = errors.New("bucket is full")
	// ErrTooLarge is returned in audit mode for a record over MaxRecord.
	ErrTooLarge = errors.New("record is too large")
	// ErrFull is returned in audit mode when MaxMemory is in use.
	ErrFull = errors.New("too many records wait to be written")
	// ErrNoSpace is wrapped by errors about a disk with less than MinFree left.
	ErrNoSpace = errors.New("not enough free disk space")
)

// Config says how to open a bus.
type Config struct {
	// Dir is the folder of the bus, made if it is missing. One process only.
	// Required.
	Dir string
	// Logger gets what an operator should know; nil discards it.
	Logger *slog.Logger
	// Durability is Buffered when empty.
	Durability Durability
	// MaxMemory bounds, in bytes, the records that were emitted and are not on
	// disk yet. 0 is 64 MiB.
	MaxMemory int64
	// MaxBytes bounds the stream on disk; beyond it the oldest records go, and
	// readers that had not read them see how many. 0 is 4 GiB.
	MaxBytes int64
	// MaxAge bounds the age of records on the stream. 0 keeps them until all
	// cursors have passed them or MaxBytes is reached.
	MaxAge time.Duration
	// BatchDelay is how long a record may wait for others to share its message
	// in buffered mode; while many come, up to four times as long. 0 is 5 ms.
	// Audit mode never waits.
	BatchDelay time.Duration
	// MaxRecord bounds one record, Line and Detail and ID together, in bytes; a
	// larger one is dropped and counted. 0 is 1 MiB.
	MaxRecord int
	// MinFree is how many bytes of the disk are left free: with less, nothing
	// is written until there is room again. 0 is 64 MiB, negative is none.
	MinFree int64
	// FreeSpace returns the free bytes of the disk that holds dir; nil asks the
	// operating system.
	FreeSpace func(dir string) (int64, error)
	// CloseTimeout bounds how long Close waits for what was emitted to reach
	// the disk. 0 is 10 s.
	CloseTimeout time.Duration
	// TrimInterval is how often records that every cursor has passed are
	// removed. 0 is 1 s. They stay for at least five intervals.
	TrimInterval time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("open bus: no folder given, set Config.Dir")
	}
	switch c.Durability {
	case "":
		c.Durability = Buffered
	case Buffered, Audit:
	default:
		return c, fmt.Errorf("open bus: durability %q is not known, use %q or %q", c.Durability, Buffered, Audit)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.FreeSpace == nil {
		c.FreeSpace = freeSpace
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	setDefault(&c.MaxMemory, 64<<20)
	setDefault(&c.MaxBytes, 4<<30)
	setDefault(&c.BatchDelay, 5*time.Millisecond)
	setDefault(&c.MaxRecord, 1<<20)
	setDefault(&c.MinFree, 64<<20)
	setDefault(&c.CloseTimeout, 10*time.Second)
	setDefault(&c.TrimInterval, time.Second)
	if c.MaxMemory < 0 || c.MaxBytes < 0 || c.MaxAge < 0 || c.BatchDelay < 0 || c.MaxRecord < 0 {
		return c, errors.New("open bus: a limit is negative")
	}
	if c.MaxRecord > maxRecordLimit {
		return c, fmt.Errorf("open bus: MaxRecord is %d, at most %d", c.MaxRecord, maxRecordLimit)
	}
	return c, nil
}

// maxRecordLimit keeps every message below the server's payload limit.
const maxRecordLimit = 4 << 20

func setDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}
