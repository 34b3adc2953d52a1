package workspace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"reslog/analytics/rows"
	"reslog/bus"
	"reslog/deliver"
	"reslog/kql"
)

// Store is the part of a workspace that takes rows.
type Store interface {
	// Append stores rows and the position of their source, or neither, see
	// rows.Batch. Nothing of a call takes effect after it has returned.
	Append(ctx context.Context, b rows.Batch) error
	// Position returns the position of a source that was stored last, 0 for none.
	Position(ctx context.Context, source string) (uint64, error)
}

// Config says where a Destination puts rows and which.
type Config struct {
	// Store is the workspace. Required.
	Store Store
	// Source is what the workspace knows the setting by, see Source. Required.
	Source string
	// Dedicated puts records into the tables of their categories; otherwise they
	// go to AzureDiagnostics.
	Dedicated bool
	// Columns returns the columns that a table has. It is asked for those of
	// AzureDiagnostics, which has 500 at most. Nil: only those are counted that
	// this destination made.
	Columns func(ctx context.Context, table string) ([]kql.Column, error)
	// Logger is told of records that cannot become rows. Nil discards.
	Logger *slog.Logger
}

// Source returns what a workspace knows the records of a setting by.
func Source(o deliver.Opening) string {
	return "setting " + string(o.Setting.Resource.Key()) + " " + strings.ToLower(o.Setting.Name)
}

// Destination is the workspace of one diagnostic setting: a deliver.Destination.
type Destination struct {
	cfg     Config
	builder *rows.Builder
	columns []kql.Column // that builder was made with
	batches int          // since they were asked for

	// What is stored of the stream with this epoch, if known is set.
	epoch uint64
	taken uint64
	known bool

	stats stats
}

// Stats counts what a Destination did since it was made. It may be read at any time.
type Stats struct {
	Rows     uint64 // stored
	Known    uint64 // records passed over because the workspace holds them
	Rejected uint64 // records that cannot become a row
}

type stats struct{ rows, known, rejected atomic.Uint64 }

// New returns a Destination. It asks the workspace nothing until the first record.
func New(cfg Config) (*Destination, error) {
	if cfg.Store == nil || cfg.Source == "" {
		return nil, errors.New("workspace: no store, or no name to count by")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Destination{cfg: cfg}, nil
}

// Stats returns what the Destination did so far.
func (d *Destination) Stats() Stats {
	return Stats{Rows: d.stats.rows.Load(), Known: d.stats.known.Load(), Rejected: d.stats.rejected.Load()}
}

// Deliver implements deliver.Destination: when it returns without an error the
// rows of the whole batch are stored.
func (d *Destination) Deliver(ctx context.Context, batch []deliver.Item) (settled bus.Position, err error) {
	if err := ctx.Err(); err != nil {
		return settled, err
	}
	// The stream is another one at most once in a lifetime, but a batch may say so.
	for rest := batch; len(rest) > 0; {
		n := sameStream(rest)
		if err := d.deliver(ctx, rest[:n]); err != nil {
			return bus.Position{}, err
		}
		settled = rest[n-1].Position
		rest = rest[n:]
	}
	return settled, nil
}

// sameStream returns how many items at the head are of one stream.
func sameStream(batch []deliver.Item) int {
	for i := range batch {
		if batch[i].Position.Epoch != batch[0].Position.Epoch {
			return i
		}
	}
	return len(batch)
}

func (d *Destination) deliver(ctx context.Context, batch []deliver.Item) error {
	source, err := d.load(ctx, batch[0].Position.Epoch)
	if err != nil {
		return err
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	last, err := pack(batch[len(batch)-1].Position)
	if err != nil {
		return err
	}
	if last <= d.taken {
		d.stats.known.Add(uint64(len(batch)))
		return nil
	}
	made, skipped, err := d.rows(batch)
	if err != nil {
		return err
	}
	if err := d.cfg.Store.Append(ctx, rows.Batch{Source: source, Position: last, Rows: made}); err != nil {
		d.known, d.builder = false, nil // the rows may be there or not
		return fmt.Errorf("store rows in the workspace: %w", err)
	}
	d.taken = last
	d.stats.known.Add(uint64(skipped))
	d.stats.rows.Add(uint64(len(batch) - skipped))
	return nil
}

// rows makes the rows of what is not stored yet. Records that cannot become one
// are rejected, all of the batch together.
func (d *Destination) rows(batch []deliver.Item) (made []rows.Rows, skipped int, err error) {
	var bad []bus.Position
	var reason error
	for i := range batch {
		p, err := pack(batch[i].Position)
		if err != nil {
			d.builder.Take()
			return nil, 0, err
		}
		if p <= d.taken {
			skipped++
			continue
		}
		if err := d.builder.Record(&batch[i].Record); err != nil {
			bad = append(bad, batch[i].Position)
			if reason == nil {
				reason = err
			}
		}
	}
	made = d.builder.Take()
	if reason != nil {
		d.stats.rejected.Add(uint64(len(bad)))
		d.cfg.Logger.Warn("records cannot become rows", slog.Int("records", len(bad)), slog.Any("error", reason))
		return nil, 0, deliver.Reject(reason, bad...)
	}
	return made, skipped, nil
}

// load asks what is stored, unless that is known.
func (d *Destination) load(ctx context.Context, epoch uint64) (source string, err error) {
	source = fmt.Sprintf("%s %016x", d.cfg.Source, epoch)
	if d.known && d.epoch == epoch {
		return source, nil
	}
	d.known = false
	if d.taken, err = d.cfg.Store.Position(ctx, source); err != nil {
		return "", fmt.Errorf("ask the workspace what it holds: %w", err)
	}
	d.epoch, d.known = epoch, true
	return source, nil
}

// askEvery is for how many batches what is known of the shared table's columns
// counts. Others make columns too; a few more than 500 do no harm.
const askEvery = 64

// prepare makes the builder, anew when the shared table has other columns.
func (d *Destination) prepare(ctx context.Context) error {
	d.batches++
	if d.builder != nil && (d.cfg.Columns == nil || d.cfg.Dedicated || d.batches < askEvery) {
		return nil
	}
	if d.cfg.Columns != nil && !d.cfg.Dedicated {
		columns, err := d.cfg.Columns(ctx, "AzureDiagnostics")
		if err != nil {
			return fmt.Errorf("ask the workspace for its columns: %w", err)
		}
		d.columns = columns
	}
	d.batches = 0
	// Without a clock times are kept: what has waited for long still happened when it
	// says.
	d.builder = rows.NewBuilder(rows.Config{
		Dedicated: d.cfg.Dedicated,
		Columns:   func(string) []kql.Column { return d.columns },
	})
	return nil
}

// Flush implements deliver.Destination. There is never anything to flush.
func (d *Destination) Flush(context.Context, bool) (bus.Position, error) { return bus.Position{}, nil }

// Close implements deliver.Destination. The workspace is not closed.
func (d *Destination) Close(context.Context) error {
	d.builder = nil
	return nil
}

// A position of the stream as a number: the message, of which there are fewer than
// 2^47, and the place in it, below 2^16 by the bounds of the bus.
const indexBits = 16

func pack(p bus.Position) (uint64, error) {
	if p.Seq >= 1<<(63-indexBits) || p.Index >= 1<<indexBits {
		return 0, fmt.Errorf("position %v is beyond what a workspace can count", p)
	}
	return p.Seq<<indexBits | uint64(p.Index), nil
}
