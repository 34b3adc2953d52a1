package serviceprotocol

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"
)

// Every type comes back as it was, from one stream and however it is cut.
func TestAllMessages(t *testing.T) {
	messages := full()
	if len(messages) != 40 {
		t.Fatalf("%d messages, want all 40", len(messages))
	}
	var stream []byte
	for i, m := range messages {
		if got := newMessage(i + 1); reflect.TypeOf(got) != reflect.TypeOf(m) {
			t.Errorf("type %d is %T, want %T", i+1, got, m)
		}
		one := m.Append(nil)
		for cut := range len(one) {
			if _, rest, err := Next(one[:cut]); !errors.Is(err, ErrIncomplete) || len(rest) != cut {
				t.Fatalf("%T cut at %d: %v, %d bytes left", m, cut, err, len(rest))
			}
		}
		stream = m.Append(stream)
	}
	for _, want := range messages {
		got, rest, err := Next(stream)
		if err != nil {
			t.Fatalf("%T: %v", want, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		stream = rest
	}
	if len(stream) != 0 {
		t.Errorf("%d bytes left", len(stream))
	}
}

// Older servers leave out items at the end, newer ones have more: each message can be
// read with every number of items, and with one that nobody knows.
func TestItemsMissingAndMore(t *testing.T) {
	for kind, m := range full() {
		body := bodyOf(t, m)
		n, items, err := msgp.ReadArrayHeaderBytes(body)
		if err != nil {
			t.Fatal(err)
		}
		rest := items
		for i := uint32(0); i < n; i++ {
			if rest, err = msgp.Skip(rest); err != nil {
				t.Fatal(err)
			}
			part := append(msgp.AppendArrayHeader(nil, i+1), items[:len(items)-len(rest)]...)
			got, _, err := Next(frame(part))
			if err != nil || reflect.TypeOf(got) != reflect.TypeOf(m) {
				t.Errorf("type %d with %d items: %T, %v", kind+1, i+1, got, err)
			}
		}
		if kind+1 == 3 {
			continue // of a ping all items are pairs
		}
		more := msgp.AppendArrayHeader(nil, n+2)
		more = append(append(more, items...), 0x92, 0x01, 0xa1, 'x', 0xc0)
		if got, _, err := Next(frame(more)); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("type %d with more items: %+v, %v", kind+1, got, err)
		}
	}
}

// nil is taken wherever a value may be.
func TestNilItems(t *testing.T) {
	for kind := 1; kind <= 40; kind++ {
		body := append(msgp.AppendArrayHeader(nil, 10), byte(kind))
		body = append(body, bytes.Repeat([]byte{0xc0}, 9)...)
		got, _, err := Next(frame(body))
		if err != nil {
			t.Errorf("type %d: %v", kind, err)
			continue
		}
		if kind == 3 {
			continue
		}
		if want := newMessage(kind); !reflect.DeepEqual(got, want) {
			t.Errorf("type %d: %+v", kind, got)
		}
	}
}

func TestUnknownTypeIsNil(t *testing.T) {
	for _, hex := range []string{"9229a161", "9500a1619001c2", "92cd0400c0", "91ff"} {
		m, rest, err := Next(append(frame(unhex(t, hex)), 9))
		if m != nil || err != nil || len(rest) != 1 {
			t.Errorf("%s: %v, %v, %d bytes left", hex, m, err, len(rest))
		}
	}
}

func TestUnknownPropertiesAreSkipped(t *testing.T) {
	// 9: [1,{}], 1: 7, 100: "x"
	m, _, err := Next(frame(unhex(t, "94 0b a163 a167 83 09 920180 01 07 64 a178")))
	want := &JoinGroup{ConnectionID: "c", Group: "g", Ext: Ext{TracingID: 7}}
	if err != nil || !reflect.DeepEqual(m, want) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestRefused(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty":                      frame(nil),
		"empty array":                frame(unhex(t, "90")),
		"no array":                   frame(unhex(t, "a161")),
		"type is a string":           frame(unhex(t, "91a131")),
		"connection is a number":     frame(unhex(t, "940b01a16780")),
		"a string that ends early":   frame(unhex(t, "930ba863")),
		"array longer than it is":    frame(unhex(t, "9f0b")),
		"size that lies":             frame(unhex(t, "9307ddffffffff")),
		"map that lies":              frame(unhex(t, "9304a163dfffffffff")),
		"something behind":           frame(unhex(t, "9103c0")),
		"no such code":               frame(unhex(t, "9229c1")),
		"deep":                       frame(append(unhex(t, "9229"), append(bytes.Repeat([]byte{0x91}, 40), 0xc0)...)),
		"not UTF-8":                  frame(unhex(t, "920fa1ff")),
		"length of six bytes":        {0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
		"length of five bytes, 2^35": {0xff, 0xff, 0xff, 0xff, 0x7f},
		"length of 2 GiB":            {0xff, 0xff, 0xff, 0xff, 0x07},
	} {
		m, rest, err := Next(b)
		if err == nil || errors.Is(err, ErrIncomplete) || m != nil || len(rest) != len(b) {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

func TestBound(t *testing.T) {
	b := (&ServiceError{Message: strings.Repeat("x", 500)}).Append(nil)
	if _, _, err := NextWithin(len(b), b); err != nil {
		t.Error(err)
	}
	// It is refused by its length, before its bytes are there.
	if _, _, err := NextWithin(len(b)-1, b[:3]); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

// What a payload holds is not copied, all else is.
func TestPayloadsAreParts(t *testing.T) {
	b := (&UserData{User: "u", Payloads: Payloads{"json": []byte("abc")}}).Append(nil)
	m, _, err := Next(b)
	if err != nil {
		t.Fatal(err)
	}
	got := m.(*UserData)
	kept := got.Payloads.Clone()
	for i := range b {
		b[i] = 'Z'
	}
	if got.User != "u" || string(got.Payloads["json"]) != "ZZZ" || string(kept["json"]) != "abc" {
		t.Errorf("%+v, %s", got, kept["json"])
	}
	if p := kept.Payload(); string(p.Frame("json")) != "abc" || p.Frame("messagepack") != nil {
		t.Error("the payload has other frames")
	}
	if kept.Size() != 3 {
		t.Errorf("size %d", kept.Size())
	}
}

func TestPingPairs(t *testing.T) {
	m, _, err := Next(frame(unhex(t, "9403a161a162a163")))
	if err != nil {
		t.Fatal(err)
	}
	p := m.(*Ping)
	if v, ok := p.Get("a"); !ok || v != "b" || len(p.Pairs) != 1 {
		t.Errorf("%+v", p)
	}
	if _, ok := p.Get("c"); ok {
		t.Error("a word without a value counts")
	}
	many := &Ping{}
	for range 200 {
		many.Pairs = append(many.Pairs, Pair{PingEcho, "1"})
	}
	if got, _, err := Next(many.Append(nil)); err != nil || !reflect.DeepEqual(got, many) {
		t.Errorf("a ping of 200 pairs: %v", err)
	}
}

func TestMembers(t *testing.T) {
	members := []Member{{"c1", "u"}, {"c2", ""}}
	b := AppendMembers(nil, members, "c2")
	if want := unhex(t, "92 92 92a26331a175 92a26332c0 a26332"); !bytes.Equal(b, want) {
		t.Errorf("%x, want %x", b, want)
	}
	got, next, err := ParseMembers(b)
	if err != nil || next != "c2" || !reflect.DeepEqual(got, members) {
		t.Errorf("%v, %q, %v", got, next, err)
	}
	if _, next, err := ParseMembers(AppendMembers(nil, nil, "")); err != nil || next != "" {
		t.Errorf("%q, %v", next, err)
	}
	if _, _, err := ParseMembers(unhex(t, "92ddffffffff")); err == nil {
		t.Error("a size that lies is taken")
	}
}

// frame puts a length before a message.
func frame(body []byte) []byte {
	b := []byte{}
	n := uint64(len(body))
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(append(b, byte(n)), body...)
}

// bodyOf is a message without its length.
func bodyOf(t *testing.T, m Message) []byte {
	t.Helper()
	b := m.Append(nil)
	for b[0]&0x80 != 0 {
		b = b[1:]
	}
	return b[1:]
}
