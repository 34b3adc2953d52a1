package archive

import (
	"context"
	"fmt"
	"sync/atomic"

	"reslog/bus"
	"reslog/deliver"
)

// Archive is the archive of one diagnostic setting in one storage account: a
// deliver.Destination.
type Archive struct {
	cfg   Config
	state *state // nil until loaded
	blobs blobs
	step  step
	spare []byte // memory for the bytes of a step
	stats stats
}

// Stats counts what an Archive did since it was made. It may be read at any time.
type Stats struct {
	Records   uint64 // records appended
	Bytes     uint64 // bytes appended, line breaks included
	Appends   uint64
	Known     uint64 // records passed over because the archive holds them
	Recovered uint64 // appends whose outcome was not known and that had worked
	Blobs     uint64 // blobs made
	Refused   uint64 // records rejected: no blob or container can be named for them, or too large
}

type stats struct{ records, bytes, appends, known, recovered, blobs, refused atomic.Uint64 }

// New returns an Archive. It asks neither the account nor the State anything
// until the first record.
func New(cfg Config) (*Archive, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	a := &Archive{cfg: cfg}
	a.blobs.cfg, a.blobs.stats = &a.cfg, &a.stats
	return a, nil
}

// Stats returns what the Archive did so far.
func (a *Archive) Stats() Stats {
	return Stats{
		Records: a.stats.records.Load(), Bytes: a.stats.bytes.Load(), Appends: a.stats.appends.Load(),
		Known: a.stats.known.Load(), Recovered: a.stats.recovered.Load(),
		Blobs: a.stats.blobs.Load(), Refused: a.stats.refused.Load(),
	}
}

// Deliver implements deliver.Destination: when it returns without an error the
// whole batch is in the archive. Given the same batch again after an error, it
// goes on where the error was.
func (a *Archive) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	if len(batch) == 0 {
		return bus.Position{}, nil
	}
	if err := a.load(ctx); err != nil {
		return bus.Position{}, err
	}
	a.state.begin(batch[0].Position)
	for rest := batch; len(rest) > 0; {
		n, err := a.divide(rest)
		if err == nil {
			err = a.write(ctx, rest[:n])
		}
		if err != nil {
			return bus.Position{}, err
		}
		a.state.settle(rest[n-1].Position)
		rest = rest[n:]
	}
	return batch[len(batch)-1].Position, nil
}

// Flush implements deliver.Destination. There is never anything to flush.
func (a *Archive) Flush(context.Context, bool) (bus.Position, error) { return bus.Position{}, nil }

// Close implements deliver.Destination.
func (a *Archive) Close(context.Context) error {
	a.spare, a.blobs.known = nil, nil
	return nil
}

// load reads the plan that was saved last, once.
func (a *Archive) load(ctx context.Context) error {
	if a.state != nil {
		return nil
	}
	data, err := a.cfg.State.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the plan of the archive: %w", err)
	}
	a.state, err = decodeState(data)
	return err
}

// save makes the plan durable.
func (a *Archive) save(ctx context.Context) error {
	data, err := a.state.encode()
	if err != nil {
		return err
	}
	if err := a.cfg.State.Save(ctx, data); err != nil {
		return fmt.Errorf("save the plan of the archive: %w", err)
	}
	return nil
}
