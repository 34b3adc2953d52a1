package msgpack

import (
	"bytes"
	"errors"
	"testing"
)

func TestNext(t *testing.T) {
	long := append([]byte{0x80, 0x01}, make([]byte, 128)...)
	for _, v := range []struct {
		name      string
		b         []byte
		most      int
		raw, rest int // bytes
		err       error
	}{
		{"one of two", []byte{2, 0x91, 6, 2, 0x91}, 10, 2, 2, nil},
		{"two bytes of length", long, 130, 128, 0, nil},
		{"one more than may be", long, 129, 0, 130, ErrTooLarge},
		{"half of one", []byte{2, 0x91}, 10, 0, 2, ErrIncomplete},
		{"half of a length", []byte{0x80}, 10, 0, 1, ErrIncomplete},
		{"nothing", nil, 10, 0, 0, ErrIncomplete},
		{"more than 2 GiB", []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, 1 << 40, 0, 5, ErrTooLarge},
	} {
		raw, rest, err := Next(v.b, v.most)
		if len(raw) != v.raw || len(rest) != v.rest || !errors.Is(err, v.err) {
			t.Errorf("%s: %d and %d bytes, %v", v.name, len(raw), len(rest), err)
		}
	}
	if _, _, err := Next(bytes.Repeat([]byte{0x80}, 5), 10); err == nil || errors.Is(err, ErrIncomplete) {
		t.Errorf("a length of six bytes: %v", err)
	}
}

func TestSkip(t *testing.T) {
	for _, v := range []struct {
		name  string
		b     string
		depth int
		rest  int
		err   error
	}{
		{"a number", "\x2a\x01", 0, 1, nil},
		{"a map in an array", "\x92\x81\xa1k\x01\xc0\x07", 2, 1, nil},
		{"deeper than may be", "\x92\x81\xa1k\x01\xc0\x07", 1, 0, ErrDeep},
		{"an array that lies", "\xdd\xff\xff\xff\xff\x01", 5, 0, ErrValue},
		{"a text that lies", "\xa5ab", 5, 0, ErrValue},
		{"no value", "\xc1", 5, 0, ErrValue},
	} {
		rest, err := Skip([]byte(v.b), v.depth)
		if len(rest) != v.rest || !errors.Is(err, v.err) {
			t.Errorf("%s: %d bytes are left, %v", v.name, len(rest), err)
		}
	}
}
