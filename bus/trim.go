package bus

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// trimDelay is for how many intervals records stay although every cursor has
// passed them: a subscriber that has just noted where it begins may be about to
// make its cursor.
const trimDelay = 5

// trimRoom is what the disk must have free for messages to be removed. The server
// writes to do that, up to a block, and when it runs out of room then it stands still
// for good: its store waits for a lock that it holds itself (nats-server 2.15). It is
// less than what is kept free of records by default, so that a disk that they have
// filled is emptied.
const trimRoom = 16 << 20

// trimmer removes what everybody is done with. It never removes the last
// message, which holds the running count, nor an intent that is open.
type trimmer struct {
	bus     *Bus
	fetch   *fetcher
	ends    []uint64 // last sequences at the latest ticks, oldest first
	trimmed uint64   // everything below is gone

	mendAt   time.Time // not before
	mendWait time.Duration
}

func (t *trimmer) run(ctx context.Context) {
	defer t.fetch.close()
	ticker := time.NewTicker(t.bus.cfg.TrimInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if t.mend() {
			continue
		}
		if err := t.trim(ctx); err != nil && ctx.Err() == nil {
			t.bus.cfg.Logger.Warn("old records cannot be removed, trying again", slog.Any("error", err))
		}
	}
}

// mend has the server opened again when one of its stores has stopped writing,
// less and less often while that does not help.
func (t *trimmer) mend() bool {
	making := &t.bus.host.making
	if !making.TryLock() {
		return false // nothing can be told now
	}
	err := t.bus.host.fault("")
	making.Unlock()
	switch {
	case err == nil:
		t.mendWait = 0
		return false
	case time.Now().Before(t.mendAt):
		return false
	}
	t.mendWait = min(max(2*t.mendWait, time.Second), 5*time.Minute)
	t.mendAt = time.Now().Add(t.mendWait)
	t.bus.writer.mend(err)
	return true
}

// trim removes what may go by now.
func (t *trimmer) trim(ctx context.Context) error {
	last := t.bus.Last().Seq
	t.ends = append(t.ends, last)
	keep := last // the first message to keep
	if n := len(t.ends) - trimDelay; n > 0 {
		t.ends = t.ends[n:]
		keep = min(keep, t.ends[0])
	} else {
		keep = 0
	}
	if seq, ok := t.bus.cursors.lowest(); ok {
		keep = min(keep, seq)
	}
	if t.bus.cfg.MaxAge > 0 {
		aged, err := t.aged(ctx, last)
		if err != nil {
			return err
		}
		keep = max(keep, aged)
	}
	keep = min(keep, t.bus.intents.floor(last))
	if keep <= t.trimmed || keep <= 1 {
		return nil
	}
	if free, err := t.bus.cfg.FreeSpace(t.bus.cfg.Dir); err == nil && free < trimRoom {
		return nil // the writer tells that the disk is full
	}
	s, err := t.bus.host.js.Stream(ctx, streamName)
	if err != nil {
		return err
	}
	if err := s.Purge(ctx, jetstream.WithPurgeSequence(keep)); err != nil {
		return err
	}
	t.trimmed = keep
	return nil
}

// aged returns the first message that is not older than MaxAge.
func (t *trimmer) aged(ctx context.Context, last uint64) (uint64, error) {
	msgs, err := t.fetch.since(ctx, t.bus.cfg.Now().Add(-t.bus.cfg.MaxAge))
	if err != nil {
		return 0, err
	}
	if len(msgs) == 0 {
		return last, nil
	}
	return msgs[0].seq, nil
}
