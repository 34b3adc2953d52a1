package bus

import (
	"context"
	"log/slog"

	"reslog/record"
	"reslog/resource"
)

// Tally is an amount of records.
type Tally struct {
	Records uint64
	// Bytes is what they take on the stream before compression, see Entry.Size.
	Bytes uint64
}

// ScoutConfig says what a Scout counts.
type ScoutConfig struct {
	// After is the mark to begin behind, its Number known, as in ReadConfig.
	After Mark
	// Want and Name say which records count, as in ReadConfig.
	Want func(resource.Key, record.Category) bool
	Name string
	// Only says which records of a wanted category count, by Number; nil says
	// all. It is not asked about redelivered ones, which all count.
	Only func(c record.Category, number uint64) bool
}

// Scout counts what a reader would have to read, at a fraction of the cost: it
// looks at the index of each message and decompresses nothing. It belongs to one
// goroutine.
type Scout struct {
	bus     *Bus
	cfg     ScoutConfig
	fetch   *fetcher
	wanted  filter
	frame   frame
	through Mark
	next    uint64
}

// Scout opens a scout. Close it.
func (b *Bus) Scout(cfg ScoutConfig) (*Scout, error) {
	if b.ctx.Err() != nil {
		return nil, ErrClosed
	}
	f, err := newFetcher(b.host.nc)
	if err != nil {
		return nil, err
	}
	s := &Scout{bus: b, cfg: cfg, fetch: f}
	s.wanted = filter{want: cfg.Want, name: cfg.Name, in: newInterner()}
	if cfg.After.Epoch == b.writer.epoch {
		s.through, s.next = cfg.After, cfg.After.Seq
	}
	s.through.Epoch = b.writer.epoch
	return s, nil
}

// Through returns how far the scout has counted.
func (s *Scout) Through() Mark { return s.through }

// Close releases the scout.
func (s *Scout) Close() { s.fetch.close() }

// Next counts on, through at most a mebibyte of messages, and returns what it
// found there. At the end of the stream it does not wait: more is false.
func (s *Scout) Next(ctx context.Context) (t Tally, more bool, err error) {
	ctx, cancel := s.bus.withClose(ctx)
	defer cancel()
	last := s.bus.Last().Seq
	if last < max(s.next, 1) || last == s.through.Seq && s.through.Number == s.bus.Last().Number {
		return Tally{}, false, nil
	}
	msgs, err := s.fetch.fetch(ctx, s.next)
	if err != nil {
		return Tally{}, false, s.bus.closedOr(err)
	}
	for i := range msgs {
		s.count(&msgs[i], &t)
	}
	return t, len(msgs) > 0 && s.next <= last, nil
}

// count adds what is wanted of a message. One that is not readable holds nothing
// for a reader either, who says so.
func (s *Scout) count(m *message, t *Tally) {
	s.next = m.seq + 1
	f := &s.frame
	if err := f.parse(m.data, s.wanted.in); err != nil {
		s.bus.cfg.Logger.Debug("a message of the record stream is not counted",
			slog.Uint64("sequence", m.seq), slog.Any("error", err))
		return
	}
	if s.wanted.match(f.dict) {
		number := f.before
		for _, ref := range f.refs {
			if ref.kind != kindRecord {
				continue
			}
			number++
			if number > s.through.Number && s.wanted.ok[ref.dict] && s.counts(&f.dict[ref.dict], number) {
				t.Records++
				t.Bytes += uint64(ref.size)
			}
		}
	}
	s.through = Mark{
		Position: Position{Epoch: s.through.Epoch, Seq: m.seq, Index: uint32(max(f.records, 1) - 1)},
		Number:   f.before + uint64(f.records),
	}
}

func (s *Scout) counts(k *dictKey, number uint64) bool {
	return k.to != "" || s.cfg.Only == nil || s.cfg.Only(k.category, number)
}
