package classic

import (
	"context"
	"errors"

	"reslog/bus"
	"reslog/deliver"
)

// Log is the `$logs` of one service of one account: a deliver.Destination.
type Log struct {
	cfg Config
}

// New returns a Log. It asks the account nothing until the first record.
func New(cfg Config) (*Log, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Log{cfg: cfg}, nil
}

var errNotWritten = errors.New("classic log: not written yet")

// Deliver implements deliver.Destination.
func (l *Log) Deliver(context.Context, []deliver.Item) (bus.Position, error) {
	return bus.Position{}, errNotWritten
}

// Flush implements deliver.Destination.
func (l *Log) Flush(context.Context, bool) (bus.Position, error) {
	return bus.Position{}, errNotWritten
}

// Close implements deliver.Destination.
func (l *Log) Close(context.Context) error { return nil }
