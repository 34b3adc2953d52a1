package hubprotocol

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/msgpack"
	"reslog/service/signalr/payload"
)

// Transcode appends a value of one encoding in another, as the package's doc says.
func Transcode(b []byte, from, to payload.Protocol, value []byte) ([]byte, error) {
	if from == payload.JSON {
		s := scanner{b: value, depth: maxDepth + 4}
		if err := validText(value); err != nil {
			return nil, err
		}
		if to == payload.JSON {
			if _, err := s.value(); err != nil {
				return nil, err
			}
			return append(b, value...), s.end()
		}
		b, err := s.pack(b)
		if err != nil {
			return nil, err
		}
		return b, s.end()
	}
	rest, err := msgpack.Skip(value, maxDepth+4)
	switch {
	case err != nil:
		return nil, err
	case len(rest) > 0:
		return nil, errMessagePack
	case to == payload.JSON:
		b, _, err = appendJSON(b, value)
		return b, err
	}
	return append(b, value...), nil
}

func validText(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("the message is not UTF-8")
	}
	return nil
}

// pack appends the next value as MessagePack.
func (s *scanner) pack(b []byte) ([]byte, error) {
	s.space()
	if s.i == len(s.b) {
		return nil, errJSON
	}
	switch s.b[s.i] {
	case '{':
		return s.packAll(b, '{', '}')
	case '[':
		return s.packAll(b, '[', ']')
	case '"':
		return s.packString(b)
	case 't':
		return msgp.AppendBool(b, true), s.word("true")
	case 'f':
		return msgp.AppendBool(b, false), s.word("false")
	case 'n':
		return msgp.AppendNil(b), s.word("null")
	}
	start := s.i
	if err := s.number(); err != nil {
		return nil, err
	}
	return packNumber(b, string(s.b[start:s.i])), nil
}

func (s *scanner) packString(b []byte) ([]byte, error) {
	text, err := s.string()
	if err != nil {
		return nil, err
	}
	return msgp.AppendStringFromBytes(b, text), nil
}

// packAll appends an object or an array.
func (s *scanner) packAll(b []byte, from, to byte) ([]byte, error) {
	if err := s.open(from); err != nil {
		return nil, err
	}
	start, n := len(b), 0
	b = append(b, 0)
	if s.take(to) {
		s.depth++
		return packHeader(b, start, n, from), nil
	}
	for {
		var err error
		if from == '{' {
			if b, err = s.packString(b); err != nil {
				return nil, err
			}
			if s.space(); !s.take(':') {
				return nil, errJSON
			}
		}
		if b, err = s.pack(b); err != nil {
			return nil, err
		}
		n++
		ended, err := s.next(to)
		if err != nil {
			return nil, err
		}
		if ended {
			return packHeader(b, start, n, from), nil
		}
	}
}

// packHeader puts the header of n items where one byte was left for it.
func packHeader(b []byte, start, n int, kind byte) []byte {
	var header []byte
	if kind == '{' {
		header = msgp.AppendMapHeader(nil, uint32(n))
	} else {
		header = msgp.AppendArrayHeader(nil, uint32(n))
	}
	if more := len(header) - 1; more > 0 {
		b = append(b, header[:more]...)
		copy(b[start+1+more:], b[start+1:])
	}
	copy(b[start:], header)
	return b
}

// packNumber appends a number: one without fraction and exponent as an integer.
func packNumber(b []byte, text string) []byte {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return msgp.AppendUint64(b, n)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return appendInt(b, n)
	}
	// Of a number that is out of range this is an infinity, as JSON.parse has it.
	f, _ := strconv.ParseFloat(text, 64)
	return msgp.AppendFloat64(b, f)
}

// appendInt appends an integer in its shortest form.
func appendInt(b []byte, n int64) []byte {
	if n >= 0 {
		return msgp.AppendUint64(b, uint64(n))
	}
	return msgp.AppendInt64(b, n)
}

// appendJSON appends the MessagePack value that v begins with, which skip has accepted,
// as JSON, and returns what is behind it.
func appendJSON(b, v []byte) (out, rest []byte, err error) {
	switch msgp.NextType(v) {
	case msgp.ArrayType:
		return appendArray(b, v)
	case msgp.MapType:
		return appendMap(b, v)
	case msgp.StrType:
		s, rest, err := msgp.ReadStringZC(v)
		return quote(b, s), rest, err
	case msgp.BinType:
		s, rest, err := msgp.ReadBytesZC(v)
		return appendBase64(b, s), rest, err
	case msgp.BoolType:
		t, rest, err := msgp.ReadBoolBytes(v)
		return strconv.AppendBool(b, t), rest, err
	case msgp.IntType:
		n, rest, err := msgp.ReadInt64Bytes(v)
		return strconv.AppendInt(b, n, 10), rest, err
	case msgp.UintType:
		n, rest, err := msgp.ReadUint64Bytes(v)
		return strconv.AppendUint(b, n, 10), rest, err
	case msgp.Float32Type:
		f, rest, err := msgp.ReadFloat32Bytes(v)
		return appendFloat(b, f, float64(f)), rest, err
	case msgp.Float64Type:
		f, rest, err := msgp.ReadFloat64Bytes(v)
		return appendFloat(b, f, f), rest, err
	case msgp.NilType:
		return append(b, "null"...), v[1:], nil
	}
	rest, err = msgp.Skip(v)
	if err != nil {
		return nil, nil, errMessagePack
	}
	return appendExtension(b, v[:len(v)-len(rest)]), rest, nil
}

func appendArray(b, v []byte) (out, rest []byte, err error) {
	n, v, err := msgp.ReadArrayHeaderBytes(v)
	b = append(b, '[')
	for i := uint32(0); i < n && err == nil; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		b, v, err = appendJSON(b, v)
	}
	return append(b, ']'), v, err
}

func appendMap(b, v []byte) (out, rest []byte, err error) {
	n, v, err := msgp.ReadMapHeaderBytes(v)
	b = append(b, '{')
	for i := uint32(0); i < n && err == nil; i++ {
		if i > 0 {
			b = append(b, ',')
		}
		if b, v, err = appendKey(b, v); err != nil {
			break
		}
		b, v, err = appendJSON(append(b, ':'), v)
	}
	return append(b, '}'), v, err
}

// appendKey appends a map's key, which JSON has as strings only.
func appendKey(b, v []byte) (out, rest []byte, err error) {
	switch msgp.NextType(v) {
	case msgp.StrType, msgp.BinType:
		return appendJSON(b, v)
	case msgp.ArrayType, msgp.MapType:
		return nil, nil, errors.New("a map has keys that cannot be names in JSON")
	}
	text, rest, err := appendJSON(nil, v)
	switch {
	case err != nil:
		return nil, nil, err
	case text[0] == '"': // a timestamp
		return append(b, text...), rest, nil
	}
	return quote(b, text), rest, nil
}

// appendFloat appends a float as JSON.stringify does. v is f in its own precision.
func appendFloat(b []byte, v any, f float64) []byte {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(b, "null"...)
	case f == 0: // -0 too
		return append(b, '0')
	}
	text, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}

func appendBase64(b, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), data), '"')
}

// appendExtension appends an extension: a timestamp as text, another as its type and bytes.
func appendExtension(b, v []byte) []byte {
	kind, data := extension(v)
	if t, ok := timestamp(kind, data); ok {
		return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
	}
	return append(appendBase64(fmt.Appendf(b, "[%d,", kind), data), ']')
}

// extension takes an extension apart, which is whole.
func extension(v []byte) (kind int8, data []byte) {
	header := 2 // fixext: its code and its type
	switch v[0] {
	case 0xc7:
		header = 3
	case 0xc8:
		header = 4
	case 0xc9:
		header = 6
	}
	return int8(v[header-1]), v[header:]
}

// timestamp reads the extension of that name of the MessagePack specification. RFC 3339
// writes years of four digits.
func timestamp(kind int8, data []byte) (time.Time, bool) {
	if kind != -1 {
		return time.Time{}, false
	}
	var sec, nsec int64
	switch len(data) {
	case 4:
		sec = int64(binary.BigEndian.Uint32(data))
	case 8:
		n := binary.BigEndian.Uint64(data)
		sec, nsec = int64(n&(1<<34-1)), int64(n>>34)
	case 12:
		sec, nsec = int64(binary.BigEndian.Uint64(data[4:])), int64(binary.BigEndian.Uint32(data))
	default:
		return time.Time{}, false
	}
	const year0, year10000 = -62167219200, 253402300800
	if nsec >= 1e9 || sec < year0 || sec >= year10000 {
		return time.Time{}, false
	}
	return time.Unix(sec, nsec).UTC(), true
}
