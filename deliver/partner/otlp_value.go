package partner

import (
	"bytes"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of opentelemetry/proto/common/v1/common.proto that are written, as
// tags: number and wire type in one byte.
const (
	keyValueKey   = 1<<3 | byte(protowire.BytesType)
	keyValueValue = 2<<3 | byte(protowire.BytesType)

	anyString = 1<<3 | byte(protowire.BytesType)
	anyBool   = 2<<3 | byte(protowire.VarintType)
	anyInt    = 3<<3 | byte(protowire.VarintType)
	anyDouble = 4<<3 | byte(protowire.Fixed64Type)
	anyArray  = 5<<3 | byte(protowire.BytesType)
	anyList   = 6<<3 | byte(protowire.BytesType) // KeyValueList

	values = 1<<3 | byte(protowire.BytesType) // of ArrayValue and KeyValueList
)

// maxNesting is how many objects and arrays of a record become nested values;
// what lies deeper is sent as its JSON text. A level costs three nested messages,
// and the parsers of several languages refuse more than 100.
const maxNesting = 20

// openMessage begins a nested message: it makes room for a length of one byte.
func openMessage(b []byte, tag byte) (out []byte, at int) {
	return append(b, tag, 0), len(b) + 2
}

// closeMessage writes the length of the message that began at at. Most messages
// are short; for one that is not, it is moved.
func closeMessage(b []byte, at int) []byte {
	n := len(b) - at
	if n < 0x80 {
		b[at-1] = byte(n)
		return b
	}
	more := protowire.SizeVarint(uint64(n)) - 1
	b = append(b, "0000000000"[:more]...)
	copy(b[at+more:], b[at:at+n])
	protowire.AppendVarint(b[:at-1], uint64(n))
	return b
}

// appendString appends an attribute whose value is text, in UTF-8. tag is the
// field that holds the attribute.
func appendString[T string | []byte](b []byte, tag byte, key string, s T) []byte {
	b, end := appendKey(b, tag, key, sizeText(len(s)))
	b = append(b, anyString)
	b = protowire.AppendVarint(b, uint64(len(s)))
	return closeSized(append(b, s...), end)
}

// appendInt appends an attribute whose value is a whole number.
func appendInt(b []byte, tag byte, key string, n int64) []byte {
	b, end := appendKey(b, tag, key, 1+protowire.SizeVarint(uint64(n)))
	b = append(b, anyInt)
	return closeSized(protowire.AppendVarint(b, uint64(n)), end)
}

func sizeText(n int) int { return 1 + protowire.SizeBytes(n) }

// appendKey appends an attribute up to its value, of which it is told the size.
func appendKey[T string | []byte](b []byte, tag byte, key T, size int) (out []byte, end int) {
	b = append(b, tag)
	b = protowire.AppendVarint(b, uint64(sizeText(len(key))+1+protowire.SizeBytes(size)))
	b = append(b, keyValueKey)
	b = protowire.AppendVarint(b, uint64(len(key)))
	b = append(b, key...)
	b = append(b, keyValueValue)
	b = protowire.AppendVarint(b, uint64(size))
	return b, len(b) + size
}

// closeSized is where an attribute whose size was given in advance must end.
func closeSized(b []byte, end int) []byte {
	if len(b) != end {
		panic("partner: the size of an attribute was miscalculated")
	}
	return b
}

// appendAttribute appends an attribute with a value out of a record.
func (e *encoder) appendAttribute(b []byte, tag byte, key []byte, v value, depth int) []byte {
	if v.plain && v.kind == text { // nearly all are
		s := v.inner()
		b, end := appendKey(b, tag, key, sizeText(len(s)))
		b = append(b, anyString)
		b = protowire.AppendVarint(b, uint64(len(s)))
		return closeSized(append(b, s...), end)
	}
	b, attribute := openMessage(b, tag)
	b = append(b, keyValueKey)
	b = protowire.AppendVarint(b, uint64(len(key)))
	b = append(b, key...)
	b, val := openMessage(b, keyValueValue)
	b = closeMessage(e.appendValue(b, v, depth), val)
	return closeMessage(b, attribute)
}

// appendValue appends the content of an AnyValue. null has none.
func (e *encoder) appendValue(b []byte, v value, depth int) []byte {
	switch v.kind {
	case text:
		b, at := openMessage(b, anyString)
		return closeMessage(appendDecoded(b, v.inner()), at)
	case boolean:
		if v.raw[0] == 't' {
			return append(b, anyBool, 1)
		}
		return append(b, anyBool, 0)
	case number:
		return appendNumber(b, v.raw)
	case array, object:
		if depth >= maxNesting {
			b, at := openMessage(b, anyString)
			return closeMessage(appendUTF8(b, v.raw), at)
		}
		if v.kind == object {
			return e.appendObject(b, v, depth)
		}
		return e.appendArray(b, v, depth)
	}
	return b
}

// appendNumber keeps whole numbers as such. What no double can hold either is
// sent as it is written.
func appendNumber(b, raw []byte) []byte {
	if n, ok := parseInt(raw); ok {
		return protowire.AppendVarint(append(b, anyInt), uint64(n))
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return protowire.AppendBytes(append(b, anyString), raw)
	}
	return protowire.AppendFixed64(append(b, anyDouble), math.Float64bits(f))
}

// parseInt reads a whole number of 64 bits.
func parseInt(raw []byte) (int64, bool) {
	if len(raw) > len("-9223372036854775808") || bytes.ContainsAny(raw, ".eE") {
		return 0, false
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}

// appendObject appends a KeyValueList.
func (e *encoder) appendObject(b []byte, v value, depth int) []byte {
	b, at := openMessage(b, anyList)
	base := len(e.members)
	e.members, _ = parseObject(e.members, v.raw)
	for i, end := base, base+len(unique(e.members[base:])); i < end; i++ {
		m := e.members[i] // the slice may move meanwhile
		b = e.appendAttribute(b, values, m.name.inner(), m.value, depth+1)
	}
	e.members = e.members[:base]
	return closeMessage(b, at)
}

// appendArray appends an ArrayValue.
func (e *encoder) appendArray(b []byte, v value, depth int) []byte {
	b, at := openMessage(b, anyArray)
	base := len(e.elements)
	e.elements = parseArray(e.elements, v.raw)
	for i, end := base, len(e.elements); i < end; i++ {
		var element int
		b, element = openMessage(b, values)
		b = closeMessage(e.appendValue(b, e.elements[i], depth+1), element)
	}
	e.elements = e.elements[:base]
	return closeMessage(b, at)
}
