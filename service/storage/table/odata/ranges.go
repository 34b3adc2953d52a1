package odata

import (
	"cmp"
	"slices"

	"reslog/service/storage/tablestore"
)

// maxRanges is how many ranges a filter may have. One that would have more gets
// fewer and wider ones.
const maxRanges = 1000

// zone are the keys whose partitions are in a span and whose rows are in a set,
// which is not empty.
type zone struct {
	partitions span
	rows       spans
}

// zones are a set of keys: zones with disjoint partitions, in order.
type zones []zone

// ranges are the ranges in which a condition can hold: nil is all, an empty slice
// none.
func ranges(c *condition) []tablestore.Range {
	found := []tablestore.Range{}
	for _, z := range keys(c, false).bounded() {
		found = z.appendRanges(found)
	}
	if len(found) == 1 && found[0].From == nil && found[0].To == nil {
		return nil
	}
	return found
}

// keys are those for which a condition, or its negation, can hold. What is not
// about keys can always hold.
func keys(c *condition, negated bool) zones {
	switch c.kind {
	case condConst:
		if c.value == negated {
			return nil
		}
	case condNot:
		return keys(c.list[0], !negated)
	case condAnd, condOr:
		combine := spans.intersect
		if (c.kind == condOr) != negated {
			combine = spans.union
		}
		return fold(c.list, negated, combine)
	case condCompare:
		if c.property == partitionKey || c.property == rowKey {
			return comparedKeys(c, negated)
		}
	}
	return zones{{everything(), spans{everything()}}}
}

// comparedKeys are those for which a comparison of a key holds.
func comparedKeys(c *condition, negated bool) zones {
	op := c.op
	if negated {
		op = [...]operator{opEQ: opNE, opNE: opEQ, opGT: opLE, opGE: opLT, opLT: opGE, opLE: opGT}[op]
	}
	set := spansOf(op, c.literal.text)
	if len(set) == 0 {
		return nil
	}
	if c.property == rowKey {
		return zones{{everything(), set}}
	}
	all := make(zones, len(set))
	for i, s := range set {
		all[i] = zone{s, spans{everything()}}
	}
	return all
}

// fold combines the keys of conditions, halves with halves: hundreds of them that
// are each about one partition take little time then.
func fold(list []*condition, negated bool, combine func(spans, spans) spans) zones {
	if len(list) == 1 {
		return keys(list[0], negated)
	}
	half := len(list) / 2
	return merge(fold(list[:half], negated, combine), fold(list[half:], negated, combine), combine).bounded()
}

// merge combines the rows of two sets, partition by partition.
func merge(a, b zones, combine func(spans, spans) spans) zones {
	var merged zones
	var at cut
	for len(a) > 0 || len(b) > 0 {
		inA, endA := a.from(at)
		inB, endB := b.from(at)
		next := sooner(endA, endB)
		if rows := combine(inA, inB); len(rows) > 0 {
			merged = merged.add(zone{span{at, next}, rows})
		}
		a, b, at = a.behind(next), b.behind(next), next
	}
	return merged
}

// from are the rows right behind a cut, and where they end to be those.
func (z zones) from(at cut) (rows spans, until cut) {
	switch {
	case len(z) == 0:
		return nil, cut{end: true}
	case at.compare(z[0].partitions.from) < 0:
		return nil, z[0].partitions.from
	}
	return z[0].rows, z[0].partitions.to
}

// behind is z without what ends at a cut or before it.
func (z zones) behind(at cut) zones {
	if len(z) > 0 && z[0].partitions.to.compare(at) <= 0 {
		return z[1:]
	}
	return z
}

// add appends a zone, as part of the last one when it goes on with the same rows.
func (z zones) add(next zone) zones {
	if n := len(z); n > 0 && z[n-1].partitions.to == next.partitions.from && slices.Equal(z[n-1].rows, next.rows) {
		z[n-1].partitions.to = next.partitions.to
		return z
	}
	return append(z, next)
}

// bounded is z with gaps filled, if it were too many ranges.
func (z zones) bounded() zones {
	n := 0
	for i := range z {
		n += len(z[i].rows)
	}
	if n <= maxRanges {
		return z
	}
	wider := make(zones, 0, len(z))
	for i := range z {
		wider = wider.add(zone{z[i].partitions, z[i].rows.hull()})
	}
	if n := len(wider); n > maxRanges {
		wider = zones{{span{wider[0].partitions.from, wider[n-1].partitions.to}, spans{everything()}}}
	}
	return wider
}

// appendRanges appends the ranges of a zone, behind those of zones before it. Of
// one partition they are its rows; of several they go from the first row of the
// first to the last row of the last, as every partition between them has others.
func (z zone) appendRanges(list []tablestore.Range) []tablestore.Range {
	rows := z.rows
	if !z.partitions.single() {
		rows = rows.hull()
	}
	for _, r := range rows {
		list = appendRange(list, tablestore.Range{From: firstKey(z.partitions.from, r.from), To: lastKey(z.partitions.to, r.to)})
	}
	return list
}

// appendRange appends a range, or joins it to the last one that it touches. One
// without keys, between a string and the one next to it, is left out.
func appendRange(list []tablestore.Range, r tablestore.Range) []tablestore.Range {
	if r.From != nil && r.To != nil && compareKeys(*r.From, *r.To) > 0 {
		return list
	}
	if n := len(list); n > 0 && r.From != nil && list[n-1].To != nil && compareKeys(*r.From, *list[n-1].To) <= 0 {
		if r.To == nil || compareKeys(*r.To, *list[n-1].To) > 0 {
			list[n-1].To = r.To
		}
		return list
	}
	return append(list, r)
}

// firstKey is the first key behind two cuts, nil if it is the first of all.
func firstKey(partition, row cut) *tablestore.Key {
	k := tablestore.Key{Partition: partition.next(), Row: row.next()}
	if k == (tablestore.Key{}) {
		return nil
	}
	return &k
}

// lastKey is the last key before two cuts, or the next one where there is no last
// one: no string is the last before another. nil is no bound.
func lastKey(partition, row cut) *tablestore.Key {
	switch {
	case partition.end:
		return nil
	case !partition.after:
		return &tablestore.Key{Partition: partition.text}
	case row.end:
		return &tablestore.Key{Partition: partition.next()}
	}
	return &tablestore.Key{Partition: partition.text, Row: row.text}
}

// next is the first string behind a cut that is not the end.
func (c cut) next() string {
	if c.after {
		return c.text + "\x00"
	}
	return c.text
}

func compareKeys(a, b tablestore.Key) int {
	return cmp.Or(compareText(a.Partition, b.Partition), compareText(a.Row, b.Row))
}
