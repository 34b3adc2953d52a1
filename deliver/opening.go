package deliver

import (
	"context"

	"reslog/diagnostic"
)

// Factory opens the destination of a setting. ctx bounds the opening only. An
// error is retried with backoff, unless it is Permanent: then the setting's
// records become dead letters until its destination changes.
type Factory func(ctx context.Context, o Opening) (Destination, error)

// Opening is what a Factory is told.
type Opening struct {
	Setting     diagnostic.Setting
	Destination diagnostic.Destination
	// State is the destination's note to its successors. It is never nil.
	State State
}

// State is a small durable note of one destination, for what it must know after
// a crash and cannot ask the place it delivers to.
//
// It belongs to the setting's present destination: the next instance, in this
// process or another, loads what the one before saved. It is gone when the
// setting is removed, and when another target or other options make it another
// destination, even if the first one comes back later. It may be used from any
// goroutine, until Close returns.
type State interface {
	// Load returns what was saved last, nil when nothing was.
	Load(ctx context.Context) ([]byte, error)
	// Save replaces it, by at most MaxState bytes. It returns when they are on
	// disk; each call costs a write that is synced. When it fails the old or the
	// new note is kept.
	Save(ctx context.Context, data []byte) error
}

// MaxState bounds what State.Save takes, in bytes.
const MaxState = 256 << 10
