package serviceprotocol

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// Whatever comes, reading ends without a panic, keeps to its bounds, and what was read
// is read the same after it has been written.
func FuzzNext(f *testing.F) {
	for _, m := range full() {
		f.Add(m.Append(nil))
	}
	for _, v := range vectors {
		f.Add(frame(unhex(f, v.hex)))
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x07})
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		const most = 1 << 16
		m, rest, err := NextWithin(most, b)
		if !bytes.Equal(b, before) {
			t.Fatal("reading has changed the bytes")
		}
		switch {
		case errors.Is(err, ErrIncomplete) && len(b) >= most:
			t.Fatal("more bytes are asked for than a message may have")
		case err != nil && (m != nil || len(rest) != len(b)):
			t.Fatal("an error comes with a message")
		case err == nil && len(rest) >= len(b):
			t.Fatal("nothing was read")
		}
		if m == nil {
			return
		}
		written := m.Append([]byte("x"))[1:]
		again, rest, err := Next(written)
		if err != nil || len(rest) != 0 || reflect.TypeOf(again) != reflect.TypeOf(m) || !bytes.Equal(again.Append(nil), written) {
			t.Fatalf("%+v was read again as %+v, %v", m, again, err)
		}
	})
}

func FuzzMembers(f *testing.F) {
	f.Add(AppendMembers(nil, []Member{{"c", "u"}}, "t"))
	f.Fuzz(func(t *testing.T, b []byte) {
		members, next, err := ParseMembers(b)
		if err != nil {
			return
		}
		again, nextAgain, err := ParseMembers(AppendMembers(nil, members, next))
		if err != nil || next != nextAgain || !reflect.DeepEqual(again, members) {
			t.Fatalf("%v was read again as %v, %v", members, again, err)
		}
	})
}
