package fields

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
	"time"
)

func encoded() []byte {
	b := []byte{7}
	b = binary.AppendUvarint(b, math.MaxUint64)
	b = binary.AppendVarint(b, -3)
	b = append(binary.AppendUvarint(b, 4), "text"...)
	b = append(binary.AppendUvarint(b, 0), "two"...)
	b = binary.AppendVarint(b, -1)
	return binary.AppendUvarint(b, 999_999_999)
}

// read reads encoded, and tells whether all was as it was written.
func read(r *Reader) bool {
	c, u, i := r.Byte(), r.Uint(), r.Int()
	text, none, two, at := r.Text(), r.Bytes(), r.Take(3), r.Time()
	return c == 7 && u == math.MaxUint64 && i == -3 && text == "text" && len(none) == 0 && string(two) == "two" &&
		at.Equal(time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC))
}

func TestReader(t *testing.T) {
	r := &Reader{B: encoded()}
	if !read(r) || r.Bad || len(r.B) != 0 {
		t.Errorf("%+v", r)
	}
}

// What ends too early is told, whatever field it is in, and nothing is read beyond it.
func TestTooShort(t *testing.T) {
	whole := encoded()
	for n := range whole {
		r := &Reader{B: bytes.Clone(whole[:n])}
		if read(r) || !r.Bad || len(r.B) != 0 || r.Byte() != 0 || r.Uint() != 0 || r.Text() != "" || !r.Time().IsZero() {
			t.Errorf("%d bytes: %+v", n, r)
		}
	}
}

func TestRefusals(t *testing.T) {
	overlong := bytes.Repeat([]byte{0x80}, 11)
	for name, fn := range map[string]func(*Reader){
		"a number of eleven bytes":     func(r *Reader) { r.B = overlong; r.Uint() },
		"a negative one":               func(r *Reader) { r.B = overlong; r.Int() },
		"a length that lies":           func(r *Reader) { r.B = binary.AppendUvarint(nil, math.MaxUint64); r.Bytes() },
		"a second of many nanoseconds": func(r *Reader) { r.B = []byte{0, 0x80, 0x94, 0xeb, 0xdc, 0x03}; r.Time() },
	} {
		r := &Reader{}
		if fn(r); !r.Bad {
			t.Errorf("%s was read", name)
		}
	}
}

// Who appends to bytes that were read does not change what comes behind them.
func TestBytesEnd(t *testing.T) {
	r := &Reader{B: []byte("\x02abcd")}
	_ = append(r.Bytes(), 'x')
	if string(r.B) != "cd" {
		t.Errorf("%q is left", r.B)
	}
}
