package deliver

import (
	"context"
	"log/slog"
	"time"

	"reslog/bus"
	"reslog/diagnostic"
)

// Factory opens the destination of a setting. ctx bounds the opening only. An
// error is retried with backoff, unless it is Permanent: then the setting's
// records go to the dead letters until the setting changes.
type Factory func(ctx context.Context, s diagnostic.Setting, d diagnostic.Destination) (Destination, error)

// RouterConfig says how records get from the bus to the destinations.
type RouterConfig struct {
	// Bus and Settings are required.
	Bus      *bus.Bus
	Settings *diagnostic.Store
	// Factories open destinations, by kind. A kind without one is logged and
	// its records wait.
	Factories map[diagnostic.DestinationKind]Factory
	// Logger may be nil.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// BatchRecords and BatchBytes bound what Deliver is given at once.
	// 0 is 1000 records and 1 MiB.
	BatchRecords int
	BatchBytes   int
	// FlushInterval is how often Flush is called, without force. 0 is 1 s.
	FlushInterval time.Duration
	// DrainTimeout bounds how long a stopping worker goes on delivering. 0 is 10 s.
	DrainTimeout time.Duration
	// RetryMin and RetryMax bound the wait between two attempts; it doubles from
	// the one to the other, with jitter. 0 is 100 ms and 30 s.
	RetryMin, RetryMax time.Duration
}

// LedgerEntry is the account of one setting's records at one destination.
type LedgerEntry struct {
	Setting  string                     `json:"setting"`
	Resource string                     `json:"resource"`
	Kind     diagnostic.DestinationKind `json:"kind"`
	Target   string                     `json:"target"`
	// Since is when the worker first ran; the counters below count from then
	// on, across restarts.
	Since time.Time `json:"since"`
	// Accepted counts records read for the setting, Delivered those settled at
	// the destination.
	Accepted     uint64 `json:"accepted"`
	Delivered    uint64 `json:"delivered"`
	Bytes        uint64 `json:"bytes"` // of delivered records' lines
	Retried      uint64 `json:"retried"`
	DeadLettered uint64 `json:"deadLettered"`
	Dropped      uint64 `json:"dropped"`
	// LagRecords is how many records of the stream, of whatever setting, lie
	// behind the settled position; LagSeconds is the age of the oldest record
	// that is accepted and not settled.
	LagRecords  uint64    `json:"lagRecords"`
	LagSeconds  float64   `json:"lagSeconds"`
	LastError   string    `json:"lastError,omitempty"`
	LastErrorAt time.Time `json:"lastErrorAt,omitzero"`
	// State is "running", "retrying", "draining" or "stopped".
	State string `json:"state"`
}

// Router keeps one Worker running for every setting and destination.
type Router struct{ cfg RouterConfig }

// NewRouter makes the workers of all settings and watches for changes. Make it
// before the Gate watches the same store.
func NewRouter(cfg RouterConfig) *Router { return &Router{cfg: cfg} }

// Run runs the workers until ctx ends, then drains them and returns.
func (r *Router) Run(ctx context.Context) error { panic("being written") }

// Ledger returns the account of every worker.
func (r *Router) Ledger() []LedgerEntry { panic("being written") }

// Drain makes every worker deliver and force-flush what the bus holds by now.
func (r *Router) Drain(ctx context.Context) error { panic("being written") }
