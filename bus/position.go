package bus

import "fmt"

// Position is the place of a record in the stream. Positions grow in the order
// of publication and are never reused: Epoch is drawn at random when a stream is
// created, so positions of a stream that was deleted and made anew do not
// compare with those of the old one.
//
// The zero Position is before every record.
type Position struct {
	Epoch uint64 // identity of the stream
	Seq   uint64 // stream sequence of the message, from 1
	Index uint32 // place of the record in the message, from 0
}

// IsZero reports whether p is before every record.
func (p Position) IsZero() bool { return p.Seq == 0 }

// After reports whether p is later in the stream than q. Positions of different
// streams are not comparable: then it reports true.
func (p Position) After(q Position) bool {
	if p.Epoch != q.Epoch {
		return true
	}
	if p.Seq != q.Seq {
		return p.Seq > q.Seq
	}
	return p.Index > q.Index
}

// String returns "epoch-seq-index", fixed-width hexadecimal, which sorts as
// positions do.
func (p Position) String() string {
	return fmt.Sprintf("%016x-%016x-%08x", p.Epoch, p.Seq, p.Index)
}
