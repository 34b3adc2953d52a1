package redis

import (
	"context"

	"reslog/record"
	"reslog/service/redis/connections"
	"reslog/service/redis/event"
)

// out is where the book's events go: to the Emitter, as records.
type out struct {
	encoder *encoder
	emitter record.Emitter
	stream  Stream
}

var _ connections.Out = (*out)(nil)

// Emit hands over an event, if somebody wants it.
func (o *out) Emit(ctx context.Context, e event.Event) error {
	if !o.emitter.Enabled(o.encoder.database, category) {
		return nil
	}
	return o.emitter.Emit(ctx, o.encoder.record(&e))
}

// Sync returns when what was emitted before is on disk.
func (o *out) Sync(ctx context.Context) ([]byte, error) { return o.stream.Sync(ctx) }

// Since tells which events have records that are on disk.
func (o *out) Since(ctx context.Context, mark []byte, fn func(id string)) error {
	return o.stream.Since(ctx, mark, o.encoder.database, fn)
}

// Passed lets go of what is before a mark.
func (o *out) Passed(ctx context.Context, mark []byte) error { return o.stream.Passed(ctx, mark) }
