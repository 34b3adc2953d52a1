package bus

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/s2"

	"reslog/internal/fields"
	"reslog/record"
)

// frame is a decoded header; the body is decompressed when it is first asked for.
type frame struct {
	flags   byte
	before  uint64
	floor   uint64
	records int
	dict    []dictKey
	refs    []ref

	rawLen int
	packed []byte // as in the message
	raw    []byte // decompressed
}

// ref is one line of the index.
type ref struct {
	dict uint32
	kind kind
	size uint32
}

func damaged(what string) error { return fmt.Errorf("%w: %s", errFrame, what) }

// parseFrame returns the frame that data is, see parse.
func parseFrame(data []byte, in *interner) (*frame, error) {
	f := new(frame)
	if err := f.parse(data, in); err != nil {
		return nil, err
	}
	return f, nil
}

// parse reads and checks everything but the body's content, into memory that f
// has of the frame it was before. Strings of the dictionary come from in, so
// that a reader holds each once.
func (f *frame) parse(data []byte, in *interner) error {
	f.raw = nil
	if len(data) <= frameHeader || data[0] != frameMagic {
		return damaged("no frame")
	}
	if data[1] != frameVersion {
		return damaged(fmt.Sprintf("format version %d, this program knows %d", data[1], frameVersion))
	}
	if binary.LittleEndian.Uint32(data[2:]) != crc32.Checksum(data[frameHeader:], castagnoli) {
		return damaged("checksum does not match")
	}
	d := decoder{fields.Reader{B: data[frameHeader:]}}
	f.flags = d.Byte()
	f.before = d.Uint()
	f.floor = d.Uint()
	entries := d.count(maxFrameEntries)
	f.records = d.count(entries)
	f.dict = resize(f.dict, d.count(entries))
	for i := range f.dict {
		f.dict[i] = dictKey{
			resource: in.string(d.Bytes()),
			category: record.Category(in.string(d.Bytes())),
			to:       in.string(d.Bytes()),
		}
	}
	f.refs = resize(f.refs, entries)
	total, records := uint64(0), 0
	for i := range f.refs {
		k := d.Uint()
		size := d.Uint()
		if k>>2 >= uint64(len(f.dict)) || k&3 > uint64(kindSettle) || size > maxFrameBody {
			return damaged("index")
		}
		f.refs[i] = ref{dict: uint32(k >> 2), kind: kind(k & 3), size: uint32(size)}
		total += size
		if f.refs[i].kind == kindRecord {
			records++
		}
	}
	f.rawLen = d.count(maxFrameBody)
	if d.Bad || total != uint64(f.rawLen) || records != f.records {
		return damaged("header")
	}
	f.packed = d.B
	return nil
}

// resize returns a slice of n elements, s itself when it is large enough.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// body returns the decompressed body.
func (f *frame) body() ([]byte, error) { return f.bodyIn(nil) }

// bodyIn is body, decompressed into buf if that is large enough.
func (f *frame) bodyIn(buf []byte) ([]byte, error) {
	if f.raw != nil || f.rawLen == 0 {
		return f.raw, nil
	}
	if f.flags&frameS2 == 0 {
		if len(f.packed) != f.rawLen {
			return nil, damaged("body length")
		}
		f.raw = f.packed
		return f.raw, nil
	}
	if n, err := s2.DecodedLen(f.packed); err != nil || n != f.rawLen {
		return nil, damaged("body length")
	}
	raw, err := s2.Decode(buf[:cap(buf)], f.packed)
	if err != nil {
		return nil, damaged(err.Error())
	}
	f.raw = raw
	return raw, nil
}

// decodeEntry reads an entry's body; its slices are parts of b.
func decodeEntry(b []byte, k kind, rec *record.Record) error {
	id, err := decodeParts(b, k, rec)
	rec.ID = string(id)
	return err
}

// decodeParts is decodeEntry with the ID left to the caller to copy.
func decodeParts(b []byte, k kind, rec *record.Record) (id []byte, err error) {
	d := decoder{fields.Reader{B: b}}
	if k != kindSettle {
		rec.Time = d.Time()
		rec.Ended = d.Time()
	}
	id = d.Bytes()
	if k != kindSettle {
		rec.Line = d.slice()
		rec.Detail = d.slice()
	}
	if d.Bad || len(d.B) != 0 {
		return nil, damaged("entry")
	}
	return id, nil
}

// decoder reads the fields of a frame.
type decoder struct{ fields.Reader }

// count reads a number of at most limit.
func (d *decoder) count(limit int) int {
	v := d.Uint()
	if v > uint64(limit) {
		d.Fail()
		return 0
	}
	return int(v)
}

// slice is bytes, with nil for none.
func (d *decoder) slice() []byte {
	if b := d.Bytes(); len(b) > 0 {
		return b
	}
	return nil
}
