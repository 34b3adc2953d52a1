package bus

import (
	"fmt"
	"log/slog"

	"reslog/record"
)

// read takes the wanted entries of a message.
func (r *Reader) read(m message, b *Batch) {
	r.next = m.seq + 1
	err := r.frame.parse(m.data, r.in)
	if err == nil {
		err = r.entries(&r.frame, m.seq, b)
	}
	if err != nil {
		// Its records show as a gap when the next message says how many there
		// were before it.
		r.bus.stats.damaged.Add(1)
		r.bus.cfg.Logger.Error("a message of the record stream is not readable",
			slog.Uint64("sequence", m.seq), slog.Any("error", err))
	}
}

func (r *Reader) entries(f *frame, seq uint64, b *Batch) error {
	after := -1 // index of the last record already read
	if seq == r.through.Seq {
		after = int(r.through.Index)
		if r.counted && r.through.Number <= f.before {
			after = -1 // the mark says that none of this message was read
		}
	} else if r.counted && f.before > r.through.Number {
		b.Missed += f.before - r.through.Number
	}
	if r.wanted.match(f.dict) {
		if err := r.decode(f, seq, after, b); err != nil {
			return err
		}
	}
	r.through = Mark{
		Position: Position{Epoch: r.bus.writer.epoch, Seq: seq, Index: uint32(max(f.records, 1) - 1)},
		Number:   f.before + uint64(f.records),
	}
	r.counted = true
	return nil
}

// sparse is how many times larger than what is wanted of it a body must be for
// that to be copied out: a reader that gathers batches holds what it wants, not
// all the rest that came in the same messages.
const sparse = 4

// decode adds the wanted entries of f behind index after.
func (r *Reader) decode(f *frame, seq uint64, after int, b *Batch) error {
	count, size := r.measure(f, after)
	if count == 0 {
		return nil
	}
	if b.mem == nil {
		b.mem = r.memory()
	}
	buf, copied := &b.mem.body, f.rawLen > sparse*size
	if copied {
		buf = &r.scratch
	}
	body, err := f.bodyIn(*buf)
	if err != nil {
		return err
	}
	if f.flags&frameS2 != 0 {
		*buf = body
	}
	if copied {
		b.mem.body = resize(b.mem.body, size)[:0]
	}
	entries, ids, lengths := b.mem.entries[:0], r.ids[:0], r.lengths[:0]
	if cap(entries) < count {
		entries = make([]Entry, 0, count)
	}
	index, offset := -1, 0
	for _, ref := range f.refs {
		part := body[offset : offset+int(ref.size) : offset+int(ref.size)]
		offset += int(ref.size)
		if ref.kind != kindRecord {
			continue
		}
		index++
		if index <= after || !r.wanted.ok[ref.dict] {
			continue
		}
		if copied {
			start := len(b.mem.body)
			b.mem.body = append(b.mem.body, part...)
			part = b.mem.body[start:len(b.mem.body):len(b.mem.body)]
		}
		k := &f.dict[ref.dict]
		id, err := r.in.id(k.resource)
		if err != nil {
			return fmt.Errorf("%w: %w", errFrame, err)
		}
		e := Entry{
			Position:    Position{Epoch: r.bus.writer.epoch, Seq: seq, Index: uint32(index)},
			Number:      f.before + uint64(index) + 1,
			Redelivered: k.to != "",
			Size:        ref.size,
			Record:      record.Record{Resource: id, Category: k.category},
		}
		rec, err := decodeParts(part, kindRecord, &e.Record)
		if err != nil {
			return err
		}
		ids = append(ids, rec...)
		lengths = append(lengths, len(rec))
		entries = append(entries, e)
	}
	// One string holds the IDs of all.
	all := string(ids)
	for i, n := range lengths {
		entries[i].Record.ID, all = all[:n], all[n:]
	}
	r.ids, r.lengths = ids, lengths
	b.mem.entries, b.Entries = entries, entries
	if cap(r.scratch) > keepMemory {
		r.scratch = nil
	}
	return nil
}

// measure returns how many records of f behind index after are wanted, and what
// they take of its body.
func (r *Reader) measure(f *frame, after int) (count, size int) {
	index := -1
	for _, ref := range f.refs {
		if ref.kind != kindRecord {
			continue
		}
		index++
		if index > after && r.wanted.ok[ref.dict] {
			count++
			size += int(ref.size)
		}
	}
	return count, size
}
