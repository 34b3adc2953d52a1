package storagemetrics

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"reslog/metric"
	"reslog/service/storage"
	"reslog/service/storage/queuestore"
	"reslog/service/storage/tablestore"
)

// Tables is what is needed of the store of tables.
type Tables interface {
	CreateTable(ctx context.Context, account string, t tablestore.Table) error
	Query(ctx context.Context, account, table string, q tablestore.Query) (tablestore.Page, error)
	Write(ctx context.Context, account, table string, now time.Time, writes []tablestore.Write) ([]time.Time, error)
	// DeleteRange deletes all entities of a table whose keys are in r.
	DeleteRange(ctx context.Context, account, table string, r tablestore.Range) error
}

// Usages say what an account stores. A nil one is not known, and what is made of it
// is not there.
type Usages struct {
	// Blob may be expensive: it is called once an hour or less. See BlobUsageOf.
	Blob  func(ctx context.Context, account string) (BlobUsage, error)
	Queue func(ctx context.Context, account string) (queuestore.Usage, error)
	Table func(ctx context.Context, account string) (tablestore.Usage, error)
}

// Config is what a Collector needs.
type Config struct {
	// Accounts returns the accounts there are. It is asked every second. Required.
	Accounts func() []*storage.Account
	// Properties say which tables are switched on. Nil is none.
	Properties *storage.Properties
	// Tables is where their rows are kept. Nil keeps none.
	Tables Tables
	// Recorder takes the platform metrics; who makes it runs it. Nil makes none.
	Recorder *metric.Recorder
	// Usages are for the metrics of capacity.
	Usages Usages
	// FlushEvery is how often rows are written while they change; zero is a second.
	FlushEvery time.Duration
	// CapacityEvery is how often capacity is measured, and the time grain of its
	// platform metrics: whole minutes, zero is an hour.
	CapacityEvery time.Duration
	// Logger is told of what could not be read or written. Nil discards.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Collector makes the metrics of all accounts of a node. It is safe for concurrent
// use.
type Collector struct {
	Config
	accounts atomic.Pointer[map[string]*account]

	changing sync.Mutex // held to replace accounts
	gone     []*account // that are no longer among accounts, but may have counted

	flushing sync.Mutex // held while rows change
	open     map[intervalKey]*interval
	failing  bool // the logger knows that rows cannot be written
}

// New makes a Collector. Who makes it calls Run. It panics without Accounts, which is
// a mistake in the program.
func New(c Config) *Collector {
	if c.Accounts == nil {
		panic("storagemetrics.New: Accounts is required")
	}
	if c.FlushEvery <= 0 {
		c.FlushEvery = time.Second
	}
	if c.CapacityEvery <= 0 {
		c.CapacityEvery = time.Hour
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	col := &Collector{Config: c, open: make(map[intervalKey]*interval)}
	col.accounts.Store(&map[string]*account{})
	return col
}
