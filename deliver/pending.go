package deliver

import (
	"cmp"
	"time"

	"reslog/bus"
)

// pending are the wanted records that were read and not handed over, in order,
// and the batches of the bus whose memory they are in. What is handed over at
// once is its chunk, the first records of it; the same chunk is handed over
// again after an error.
type pending struct {
	items   []Item   // from at on
	sizes   []uint32 // of items, on the stream
	at      int
	bytes   int    // Line and Detail of the items from at on
	size    uint64 // of them on the stream
	chunk   int    // records that are being handed over
	batches []heldBatch
}

type heldBatch struct {
	bus.Batch
	left int // of its items
}

// number returns the Number of one of the batch's records.
func (b *heldBatch) number(p bus.Position) uint64 {
	first := &b.Entries[0]
	return first.Number - uint64(first.Position.Index) + uint64(p.Index)
}

func (p *pending) len() int { return len(p.items) - p.at }

// add appends what is wanted of a batch. There is no chunk then.
func (p *pending) add(b bus.Batch, rs rules, limit *uint64) {
	if p.at > 0 {
		n := copy(p.items, p.items[p.at:])
		copy(p.sizes, p.sizes[p.at:])
		p.items, p.sizes, p.at = p.items[:n], p.sizes[:n], 0
	}
	before := len(p.items)
	for i := range b.Entries {
		e := &b.Entries[i]
		if limit != nil && e.Number > *limit {
			break // for the next destination, or for nobody
		}
		if !e.Redelivered && !rs.want(e.Record.Category, e.Number) {
			continue
		}
		p.items = append(p.items, Item{Position: e.Position, Record: e.Record})
		p.sizes = append(p.sizes, e.Size)
		p.size += uint64(e.Size)
		p.bytes += len(e.Record.Line) + len(e.Record.Detail)
	}
	p.batches = append(p.batches, heldBatch{b, len(p.items) - before})
}

// tally returns how much is pending.
func (p *pending) tally() bus.Tally { return bus.Tally{Records: uint64(p.len()), Bytes: p.size} }

// numberOf returns the Number of one of the records.
func (p *pending) numberOf(pos bus.Position) uint64 {
	for i := range p.batches {
		if b := &p.batches[i]; len(b.Entries) > 0 && b.Entries[0].Position.Seq == pos.Seq {
			return b.number(pos)
		}
	}
	return 0
}

// full reports whether there is enough for a whole chunk.
func (p *pending) full(k *Kind) bool { return p.len() >= k.BatchRecords || p.bytes >= k.BatchBytes }

// head returns how many records go together. They end with a message of the bus,
// unless that alone is too much: so where a destination may divide records does
// not depend on how far the worker had read.
func (p *pending) head(k *Kind) int {
	items, size, whole := p.items[p.at:], 0, 0
	for n := range items {
		if n > 0 && items[n].Position.Seq != items[n-1].Position.Seq {
			whole = n
		}
		size += len(items[n].Record.Line) + len(items[n].Record.Detail)
		if n > 0 && (n == k.BatchRecords || size > k.BatchBytes) {
			return cmp.Or(whole, n)
		}
	}
	return len(items)
}

// current returns the records that are being handed over.
func (p *pending) current() []Item { return p.items[p.at : p.at+p.chunk] }

// walk calls fn with the first n records, by batch.
func (p *pending) walk(n int, fn func(b *heldBatch, items []Item)) {
	at := p.at
	for i := 0; n > 0; i++ {
		b := &p.batches[i]
		if k := min(n, b.left); k > 0 {
			fn(b, p.items[at:at+k])
			at, n = at+k, n-k
		}
	}
}

// older returns how many of the first n records were stored before t.
func (p *pending) older(n int, t time.Time) (count int) {
	young := false
	p.walk(n, func(b *heldBatch, items []Item) {
		if young = young || b.Time.IsZero() || !b.Time.Before(t); !young {
			count += len(items)
		}
	})
	return count
}

// oldest returns when the first record was stored.
func (p *pending) oldest() (t time.Time, ok bool) {
	if p.len() == 0 {
		return time.Time{}, false
	}
	p.walk(1, func(b *heldBatch, _ []Item) { t = b.Time })
	return t, !t.IsZero()
}

// drop takes the first n records off, n > 0; it returns how much they were and
// the mark of the last.
func (p *pending) drop(n int) (t bus.Tally, last bus.Mark) {
	p.walk(n, func(b *heldBatch, items []Item) {
		b.left -= len(items)
		end := items[len(items)-1].Position
		last = bus.Mark{Position: end, Number: b.number(end)}
	})
	t.Records = uint64(n)
	for i := p.at; i < p.at+n; i++ {
		t.Bytes += uint64(p.sizes[i])
		p.bytes -= len(p.items[i].Record.Line) + len(p.items[i].Record.Detail)
	}
	p.at += n
	p.size -= t.Bytes
	p.chunk = max(0, p.chunk-n)
	return t, last
}

// remove takes those records out of the chunk, and returns how much they were.
func (p *pending) remove(dead map[bus.Position]bool) (t bus.Tally) {
	p.walk(p.chunk, func(b *heldBatch, items []Item) {
		for i := range items {
			if dead[items[i].Position] {
				b.left--
			}
		}
	})
	end := p.at + p.chunk
	to := end
	for i := end - 1; i >= p.at; i-- {
		if dead[p.items[i].Position] {
			t.Records++
			t.Bytes += uint64(p.sizes[i])
			p.bytes -= len(p.items[i].Record.Line) + len(p.items[i].Record.Detail)
			continue
		}
		to--
		p.items[to], p.sizes[to] = p.items[i], p.sizes[i]
	}
	p.at, p.chunk = to, end-to
	p.size -= t.Bytes
	return t
}

// finished takes the first batch off if it has no records left here.
func (p *pending) finished() (b bus.Batch, ok bool) {
	if len(p.batches) == 0 || p.batches[0].left > 0 {
		return bus.Batch{}, false
	}
	b = p.batches[0].Batch
	n := copy(p.batches, p.batches[1:])
	p.batches[n] = heldBatch{}
	p.batches = p.batches[:n]
	return b, true
}
