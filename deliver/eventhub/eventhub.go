package eventhub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
)

// idHeader is the header of a message that holds its id.
const idHeader = "reslog-id"

// Destination sends records to event hubs: a deliver.Destination.
type Destination struct {
	cfg  settings
	only *hub // that all records go to, if any
	hubs map[record.Category]*hub

	client *kgo.Client
	plain  bool // the broker refused a producer id
	dials  dials

	// Of the batch at hand; pass counts batches.
	pass uint64
	msgs []message
	of   []int // for each item its message, or none

	// acked are the records of a batch that failed which were acknowledged all
	// the same; lastAcked is the latest of them.
	acked     map[bus.Position]struct{}
	lastAcked bus.Position
}

// New returns a Destination. It connects with the first record.
func New(cfg Config) (*Destination, error) {
	s, err := cfg.check()
	if err != nil {
		return nil, err
	}
	d := &Destination{cfg: s}
	if s.Hub != "" {
		d.only = &hub{name: s.Hub, limit: s.MaxMessage}
	}
	if err := kgo.ValidateOpts(d.options()...); err != nil {
		return nil, fmt.Errorf("event hub: %w", err)
	}
	return d, nil
}

// Deliver implements deliver.Destination. All of a batch is settled when it
// returns without an error.
func (d *Destination) Deliver(ctx context.Context, batch []deliver.Item) (bus.Position, error) {
	if len(batch) == 0 {
		return bus.Position{}, nil
	}
	if len(d.acked) > 0 && batch[0].Position.After(d.lastAcked) {
		d.acked = nil // of a batch that is done with
	}
	if err := d.pack(batch); err != nil {
		return bus.Position{}, fmt.Errorf("event hub: %w", err)
	}
	err := d.hide(d.send(ctx, batch))
	d.recycle()
	if err != nil {
		return bus.Position{}, fmt.Errorf("event hub: %w", err)
	}
	d.acked = nil
	return batch[len(batch)-1].Position, nil
}

// send sends the messages of a batch and waits until all are acknowledged. When
// one is not, it notes which were, and closes the client.
func (d *Destination) send(parent context.Context, batch []deliver.Item) error {
	ctx, cancel := context.WithTimeout(parent, d.cfg.Timeout)
	defer cancel()
	msgs := d.msgs // drop forgets them
	if err := d.prepare(ctx, msgs); err != nil {
		expired := ctx.Err() != nil
		d.drop()
		if expired {
			return d.late(parent, len(msgs), len(msgs))
		}
		return d.explainConnect(err)
	}
	d.produce(ctx, msgs)
	missing := 0
	for i := range msgs {
		if msgs[i].err != nil {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	expired := ctx.Err() != nil
	d.drop()
	d.remember(batch, msgs)
	if err := d.refused(batch, msgs); err != nil {
		return err
	}
	if expired {
		return d.late(parent, missing, len(msgs))
	}
	return d.failure(msgs)
}

// prepare connects and looks for the hubs. The messages to hubs that cannot be
// used get the reason; an error is about all.
func (d *Destination) prepare(ctx context.Context, msgs []message) error {
	if err := d.connect(ctx); err != nil {
		return err
	}
	for i := range msgs {
		m := &msgs[i]
		if h := m.hub; h.looked != d.pass {
			h.looked, h.problem = d.pass, d.find(ctx, h)
		}
		if connect := (*connectError)(nil); errors.As(m.hub.problem, &connect) {
			return connect
		}
		m.err = m.hub.problem
	}
	return nil
}

// produce hands the messages that are to be sent to the client, in order, and
// waits for what becomes of them. It closes the client when ctx ends before.
func (d *Destination) produce(ctx context.Context, msgs []message) {
	done := make(chan struct{})
	var left atomic.Int64
	left.Store(1) // for the loop itself
	finish := func() {
		if left.Add(-1) == 0 {
			close(done)
		}
	}
	for i := range msgs {
		m := &msgs[i]
		if m.err != nil || m.empty() {
			continue
		}
		left.Add(1)
		d.client.Produce(ctx, &kgo.Record{
			Topic:   m.hub.name,
			Value:   m.value,
			Headers: []kgo.RecordHeader{{Key: idHeader, Value: m.appendID(nil)}},
		}, func(_ *kgo.Record, err error) {
			if err != nil {
				m.err = explain(m.hub, err)
			}
			finish()
		})
	}
	finish()
	select {
	case <-done:
	case <-ctx.Done():
		d.drop()
		<-done
	}
}

// remember notes what of the batch was acknowledged.
func (d *Destination) remember(batch []deliver.Item, msgs []message) {
	if d.acked == nil {
		d.acked = make(map[bus.Position]struct{})
	}
	for i, n := range d.of {
		if n != none && msgs[n].err == nil {
			d.acked[batch[i].Position] = struct{}{}
			d.lastAcked = batch[i].Position
		}
	}
}

// refused returns a rejection of the records that the brokers will never take.
// A message that is too large is so because it holds many records, as long as
// the hub's limit is not known: that is halved then.
func (d *Destination) refused(batch []deliver.Item, msgs []message) error {
	lower := make(map[*hub]int)
	var refused refusals
	for i, n := range d.of {
		if n == none || msgs[n].err == nil {
			continue
		}
		m := &msgs[n]
		switch {
		case permanent(m.err):
			refused.add(batch[i].Position, m.err)
		case !tooLarge(m.err):
		case m.first == m.last && len(m.value) > m.hub.limit/2:
			refused.add(batch[i].Position, fmt.Errorf("hub %q does not take a message of %d bytes: raise its limit: %w", m.hub.name, len(m.value), m.err))
		default:
			lower[m.hub] = max(m.hub.limit/2, leastMaxMessage)
		}
	}
	for h, limit := range lower {
		h.limit = limit
		d.cfg.Logger.Warn("a hub refuses messages for their size, trying with smaller ones", slog.String("hub", h.name), slog.Int("bytes", limit))
	}
	return refused.err()
}

// failure returns the reason of the first message that was not acknowledged.
func (d *Destination) failure(msgs []message) error {
	for i := range msgs {
		m := &msgs[i]
		switch {
		case m.err == nil:
		case tooLarge(m.err):
			return fmt.Errorf("hub %q takes no messages of %d bytes, smaller ones are tried: set MaxMessage to what it takes: %w", m.hub.name, d.cfg.MaxMessage, m.err)
		default:
			return m.err
		}
	}
	return nil
}

// Flush implements deliver.Destination. There is never anything to settle.
func (d *Destination) Flush(context.Context, bool) (bus.Position, error) {
	return bus.Position{}, nil
}

// Close implements deliver.Destination.
func (d *Destination) Close(context.Context) error {
	d.drop()
	d.msgs, d.of, d.acked = nil, nil, nil
	return nil
}
