// Package bus carries records from the front ends to the workers that deliver
// them, and keeps what the parts of a node share.
//
// It is one stream of records, in order, on disk; nothing else of the program
// sees the messaging system (NATS JetStream, embedded) that holds it. Records go
// in through Emitter, whose two durability modes record.Emitter describes, and
// come out of Readers, each at its own pace. A Cursor is a reader's durable
// mark: what every cursor has passed is removed, what one has not is kept until
// MaxBytes or MaxAge say otherwise; then the oldest goes and the reader learns
// how many records it missed.
//
//	b, err := bus.Open(ctx, bus.Config{Dir: dir})
//	b.Emitter().Emit(ctx, rec)              // from any goroutine
//	r, err := b.Read(ctx, bus.ReadConfig{After: cursor.Mark()})
//	batch, err := r.Next(ctx)               // waits
//	cursor.Save(ctx, batch.Through, nil)    // when they are where they belong
//
// Guarantees: a record that Stats counts as taken is on disk, synced, and is
// read exactly once by each reader, in one order for all, the order of emission
// of each goroutine within it. Memory is bounded by MaxMemory whatever happens;
// what does not fit is dropped and counted, never silently. A disk that is full
// or fails interrupts writing, corrupts nothing, and writing resumes by itself.
//
// KeyValue buckets hold small values such as settings, synced as well.
//
// A Fabric joins nodes, for what is said and not kept. It has nothing to do with
// the stream.
//
// DESIGN.md says how it works and why not otherwise.
package bus
