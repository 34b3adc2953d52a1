package redis

import (
	"context"
	"errors"
	"sync"

	"reslog/record"
	"reslog/service/redis/connections"
	"reslog/service/redis/event"
)

// out is where the book's events go: to the Emitter, as records.
//
// In buffered mode Emit of the Emitter does not wait, and is called at once. In
// audit mode it waits for the disk, which event loops must not: events then wait in
// lanes, each with a goroutine, many enough that the disk is waited for together.
// The events of a connection have one lane, and so keep their order.
type out struct {
	encoder *encoder
	emitter record.Emitter
	stream  Stream
	failed  func(error) // told of each record that was not kept

	lanes   []chan func() // none in buffered mode
	working sync.WaitGroup

	mu      sync.Mutex
	waiting map[string]chan error // by event, who waits for it to be on disk
}

// How many lanes there are in audit mode, and how many events wait in each: when
// they are full Emit waits, and with it the connections of an event loop.
const (
	lanes    = 64
	laneSize = 256
)

var _ connections.Out = (*out)(nil)

func newOut(c *Config, n *encoder, failed func(error)) *out {
	o := &out{encoder: n, emitter: c.Emitter, stream: c.Stream, failed: failed, waiting: make(map[string]chan error)}
	if !c.Audit {
		return o
	}
	for range lanes {
		lane := make(chan func(), laneSize)
		o.lanes = append(o.lanes, lane)
		o.working.Go(func() {
			for do := range lane {
				do()
			}
		})
	}
	return o
}

// close ends the lanes once they are empty. Nothing may be emitted any more.
func (o *out) close() {
	for _, lane := range o.lanes {
		close(lane)
	}
	o.working.Wait()
}

// Emit hands over an event, if somebody wants it.
func (o *out) Emit(ctx context.Context, e event.Event) error {
	if !o.emitter.Enabled(o.encoder.database, category) {
		o.settle(e.ID, nil)
		return nil
	}
	if o.lanes == nil {
		return o.emitter.Emit(ctx, o.encoder.record(&e))
	}
	ctx = context.WithoutCancel(ctx)
	o.lanes[uint64(e.Connection.ID)%lanes] <- func() {
		err := o.emitter.Emit(ctx, o.encoder.record(&e))
		if err != nil {
			o.failed(err)
		}
		o.settle(e.ID, err)
	}
	return nil
}

// expect returns what tells once whether an event is on disk. Call it before the
// event is emitted.
func (o *out) expect(id string) <-chan error {
	done := make(chan error, 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[id] = done
	return done
}

// forget stops to expect an event.
func (o *out) forget(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.waiting, id)
}

func (o *out) settle(id string, err error) {
	if o.lanes == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if done, ok := o.waiting[id]; ok {
		done <- err
		delete(o.waiting, id)
	}
}

// Sync returns when what was emitted before is on disk.
func (o *out) Sync(ctx context.Context) ([]byte, error) {
	var ahead sync.WaitGroup
	for _, lane := range o.lanes {
		ahead.Add(1)
		select {
		case lane <- ahead.Done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	empty := make(chan struct{})
	go func() {
		ahead.Wait()
		close(empty)
	}()
	select {
	case <-empty:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return o.stream.Sync(ctx)
}

// Since tells which events have records that are on disk.
func (o *out) Since(ctx context.Context, mark []byte, fn func(id string)) error {
	return o.stream.Since(ctx, mark, o.encoder.database, fn)
}

var errNotKept = errors.New("its record is not on disk")
