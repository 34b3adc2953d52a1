package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"reslog/record"
)

// Bus is the record stream and the key-value buckets of a node.
type Bus struct {
	cfg     Config
	host    *host
	queue   *queue
	intents *intents
	pos     *progress
	stats   *counters
	writer  *writer
	cursors *cursors

	ctx    context.Context // ends when the bus is closed
	cancel context.CancelFunc
	abort  context.CancelFunc // makes the writer give up
	tasks  sync.WaitGroup
	once   sync.Once
	err    error
}

// Open opens the bus of a folder. Intents that a dead process left open have
// become records on the stream when it returns. ctx bounds the opening.
func Open(ctx context.Context, cfg Config) (*Bus, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open bus: %w", err)
	}
	h, err := startHost(ctx, cfg.Dir, cfg.Logger)
	if err != nil {
		return nil, fmt.Errorf("open bus in %s: %w", cfg.Dir, err)
	}
	b := &Bus{cfg: cfg, host: h, queue: newQueue(cfg.MaxMemory), intents: newIntents(), stats: &counters{}}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	if err := b.open(ctx); err != nil {
		b.cancel()
		h.close()
		return nil, fmt.Errorf("open bus in %s: %w", cfg.Dir, err)
	}
	if err := b.recoverIntents(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open bus in %s: %w", cfg.Dir, err), b.Close())
	}
	return b, nil
}

// open reads the state of the stream and starts the writer and the trimmer.
func (b *Bus) open(ctx context.Context) error {
	stream, epoch, err := openStream(ctx, b.host.js, b.cfg)
	if err != nil {
		return err
	}
	fetch, err := newFetcher(b.host.nc)
	if err != nil {
		return err
	}
	end, err := b.scan(ctx, fetch, stream.CachedInfo().State, epoch)
	if err == nil {
		b.pos = newProgress(end)
		b.cursors, err = openCursors(ctx, b.host.js, epoch, b.pos.mark)
	}
	if err != nil {
		fetch.close()
		return err
	}

	abort, cancel := context.WithCancel(context.Background())
	b.abort = cancel
	b.writer = &writer{
		cfg: b.cfg, host: b.host, q: b.queue, intents: b.intents, pos: b.pos, stats: b.stats,
		inFlight: 2, epoch: epoch, seq: stream.CachedInfo().State.LastSeq + 1, number: end.Number,
		urgent: make(chan struct{}, 1), abort: abort, done: make(chan struct{}),
	}
	if b.cfg.Durability == Audit {
		b.writer.inFlight = 1
	}
	go b.writer.run()
	t := &trimmer{bus: b, fetch: fetch}
	b.tasks.Go(func() { t.run(b.ctx) })
	return nil
}

// recoverIntents puts the records of intents that a dead process left open on
// the stream. Each settles its intent in the same write, so dying in the middle
// of this makes none twice.
func (b *Bus) recoverIntents(ctx context.Context) error {
	left := b.intents.all()
	if len(left) == 0 {
		return nil
	}
	for _, r := range left {
		e := entry{kind: kindRecord, rec: r, size: sizeOf(&r)}
		if err := b.queue.put(&e, true); err != nil {
			return fmt.Errorf("keep the records of %d operations of unknown outcome: %w", len(left), err)
		}
	}
	if _, err := b.Flush(ctx); err != nil {
		return fmt.Errorf("keep the records of %d operations of unknown outcome: %w", len(left), err)
	}
	b.cfg.Logger.Warn("operations were under way when the process ended before, their records say so",
		slog.Int("operations", len(left)))
	return nil
}

// Last returns the end of the stream as it is on disk: where a subscriber that
// wants what happens from now on begins.
func (b *Bus) Last() Mark { return b.pos.mark() }

// Flush waits until everything emitted before the call is on disk and returns
// the end of the stream then.
func (b *Bus) Flush(ctx context.Context) (Mark, error) {
	ctx, cancel := b.withClose(ctx)
	defer cancel()
	target := b.queue.order.Load()
	signal(b.writer.urgent)
	m, err := b.pos.wait(ctx, func(_ Mark, order uint64) bool { return order >= target })
	if err != nil {
		return m, fmt.Errorf("wait for records to reach the disk: %w", b.closedOr(err))
	}
	return m, nil
}

// Redeliver puts records on the stream that only readers of that name see, at
// new positions. They are on disk when it returns.
func (b *Bus) Redeliver(ctx context.Context, name string, recs []record.Record) error {
	if name == "" {
		return errors.New("redeliver records: no name given")
	}
	ctx, cancel := b.withClose(ctx)
	defer cancel()
	for _, r := range recs {
		e := entry{kind: kindRecord, to: name, rec: r, size: sizeOf(&r)}
		if err := b.checkAndPut(&e, true); err != nil {
			return fmt.Errorf("redeliver records: %w", err)
		}
	}
	if _, err := b.Flush(ctx); err != nil {
		return fmt.Errorf("redeliver records: %w", err)
	}
	return nil
}

// Close takes nothing more, writes what was emitted for at most CloseTimeout,
// ends all readers and closes the stream. What could not be written is counted
// as dropped and reported as an error.
func (b *Bus) Close() error {
	b.once.Do(func() {
		b.queue.close()
		before := b.stats.dropped.Load()
		timeout, cancel := context.WithTimeout(context.Background(), b.cfg.CloseTimeout)
		defer cancel()
		select {
		case <-b.writer.done:
		case <-timeout.Done():
			b.abort()
			<-b.writer.done
		}
		b.abort()
		if lost := b.stats.dropped.Load() - before; lost > 0 {
			b.err = fmt.Errorf("close bus: %d records could not be written", lost)
		}
		b.cancel()
		b.tasks.Wait()
		b.host.close()
	})
	return b.err
}
