//go:build cgo

package engine

import (
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"reslog/kql"
)

// A vector of DuckDB is an array of values and a bit a value for "is valid", or
// none of these when all are. Input of functions is flat.

// text is DuckDB's string_t: a length, then either the bytes, up to 12, or their
// first four and a pointer.
type text struct {
	length  uint32
	prefix  [4]byte
	pointer [8]byte
}

const inlined = 12

// bytes are those of the string, valid as long as the vector.
func (t *text) bytes() []byte {
	if t.length <= inlined {
		return unsafe.Slice(&t.prefix[0], int(t.length))
	}
	p := *(*unsafe.Pointer)(unsafe.Pointer(&t.pointer[0]))
	return unsafe.Slice((*byte)(p), int(t.length))
}

// reader gives the values of a vector as package kql has them.
type reader struct {
	kind  kql.Type
	valid []uint64 // nil: all
	bools []bool
	ints  []int32
	longs []int64
	reals []float64
	texts []text
	// all has the bytes of all texts, copied at once, of which the next begins at
	// from: a function that keeps an argument against its promise keeps Go's
	// memory.
	all  string
	from int
	// each is set when they are too much for that, and are copied one by one.
	each bool
	// last is the value of the text in lastText: constants, and columns with few
	// values, have the same one again and again.
	last     any
	lastText text
}

func newReader(t kql.Type, v mapping.Vector, rows int) reader {
	r := reader{kind: t, valid: validity(v, rows)}
	data := mapping.VectorGetData(v)
	switch t {
	case kql.Bool:
		r.bools = unsafe.Slice((*bool)(data), rows)
	case kql.Int:
		r.ints = unsafe.Slice((*int32)(data), rows)
	case kql.Long, kql.Datetime, kql.Timespan:
		r.longs = unsafe.Slice((*int64)(data), rows)
	case kql.Real, kql.Decimal:
		r.reals = unsafe.Slice((*float64)(data), rows)
	default:
		r.texts = unsafe.Slice((*text)(data), rows)
		r.copyTexts()
	}
	return r
}

// newTexts is a reader of texts that are looked at where they are: nothing is copied
// but what at is asked for.
func newTexts(v mapping.Vector, rows int) reader {
	return reader{kind: kql.String, each: true, valid: validity(v, rows), texts: unsafe.Slice((*text)(mapping.VectorGetData(v)), rows)}
}

func validity(v mapping.Vector, rows int) []uint64 {
	p := mapping.VectorGetValidity(v)
	if p == nil {
		return nil
	}
	return unsafe.Slice((*uint64)(p), (rows+63)/64)
}

func (r *reader) at(row int) any {
	if r.isNull(row) {
		if r.kind == kql.String {
			return ""
		}
		return nil
	}
	switch {
	case r.texts != nil:
		return r.text(&r.texts[row])
	case r.longs != nil:
		return r.longs[row]
	case r.reals != nil:
		return r.reals[row]
	case r.ints != nil:
		return int64(r.ints[row])
	}
	return r.bools[row]
}

// isNull reports whether a row has no value.
func (r *reader) isNull(row int) bool {
	return r.valid != nil && r.valid[row/64]&(1<<(row%64)) == 0
}

// run is the first row behind one, at most end, which may have another value.
func (r *reader) run(row, end int) int {
	at := row + 1
	switch {
	case r.valid != nil:
	case r.texts != nil:
		for t := r.texts[row]; at < end && r.texts[at] == t; at++ {
		}
	case r.longs != nil:
		for n := r.longs[row]; at < end && r.longs[at] == n; at++ {
		}
	}
	return at
}

// copyTexts copies the texts that differ from the one before.
func (r *reader) copyTexts() {
	size, last := 0, text{}
	for i := range r.texts {
		if t := &r.texts[i]; !r.isNull(i) && *t != last {
			size, last = size+int(t.length), *t
		}
	}
	if r.each = size > bulk; r.each {
		return
	}
	var b strings.Builder
	b.Grow(size)
	last = text{}
	for i := range r.texts {
		if t := &r.texts[i]; !r.isNull(i) && *t != last {
			b.Write(t.bytes())
			last = *t
		}
	}
	r.all = b.String()
}

// text is the value of a row; rows are read in order.
func (r *reader) text(t *text) any {
	switch {
	case r.last != nil && *t == r.lastText:
	case t.length == 0:
		r.last, r.lastText = "", *t
	case r.each:
		r.last, r.lastText = string(t.bytes()), *t
	default:
		end := r.from + int(t.length)
		r.last, r.lastText, r.from = r.all[r.from:end], *t, end
	}
	return r.last
}

// writer takes the results of a function.
type writer struct {
	kind   kql.Type
	vector mapping.Vector
	valid  []uint64
	rows   int
	data   unsafe.Pointer
	// text has the strings from row first on, one after the other, ends where each
	// ends.
	text  []byte
	ends  []uint64
	null  []uint8
	first int
}

// bulk is how many bytes of texts are copied at once: what is Go's does not count
// for the limit of the engine's memory.
const bulk = 4 << 20

func newWriter(t kql.Type, v mapping.Vector, rows int) *writer {
	w := &writer{kind: t, vector: v, rows: rows, data: mapping.VectorGetData(v)}
	if isText(t) {
		w.ends, w.null = make([]uint64, 0, rows), make([]uint8, 0, rows)
	}
	return w
}

func isText(t kql.Type) bool {
	return t == kql.String || t == kql.Guid || t == kql.Dynamic
}

// set sets the value of a row; rows are set in order. A value of another type than
// the function says is a mistake of it.
func (w *writer) set(row int, v any) {
	if v == nil && w.kind != kql.String {
		w.setNull(row)
		return
	}
	var ok bool
	switch w.kind {
	case kql.Bool:
		var b bool
		b, ok = v.(bool)
		w.bools()[row] = b
	case kql.Int:
		var n int64
		n, ok = v.(int64)
		unsafe.Slice((*int32)(w.data), w.rows)[row] = int32(n)
	case kql.Long, kql.Datetime, kql.Timespan:
		var n int64
		n, ok = v.(int64)
		unsafe.Slice((*int64)(w.data), w.rows)[row] = n
	case kql.Real, kql.Decimal:
		var f float64
		f, ok = v.(float64)
		unsafe.Slice((*float64)(w.data), w.rows)[row] = f
	default:
		var s string
		s, ok = v.(string)
		if v == nil {
			ok = true // a string is never null
		}
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\uFFFD") // DuckDB relies on it
		}
		w.add(s, 0)
	}
	if !ok {
		panic(fmt.Sprintf("its result is a %T and should be a %s", v, w.kind))
	}
}

// bools are the values of a vector of truth values.
func (w *writer) bools() []bool { return unsafe.Slice((*bool)(w.data), w.rows) }

func (w *writer) setNull(row int) {
	if w.valid == nil {
		mapping.VectorEnsureValidityWritable(w.vector)
		w.valid = validity(w.vector, w.rows)
	}
	w.valid[row/64] &^= 1 << (row % 64)
	if w.null != nil {
		w.add("", 1)
	}
}

// add adds the string of the next row.
func (w *writer) add(s string, null uint8) {
	w.text = append(w.text, s...)
	w.ends, w.null = append(w.ends, uint64(len(w.text))), append(w.null, null)
	if len(w.text) > bulk {
		w.done()
	}
}

// done hands the strings over that there are.
func (w *writer) done() {
	if len(w.null) == 0 {
		return
	}
	assign(w.vector, w.first, w.text, w.ends, w.null)
	w.first += len(w.null)
	w.text, w.ends, w.null = w.text[:0], w.ends[:0], w.null[:0]
}
