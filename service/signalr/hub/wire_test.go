package hub

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func packets() []*packet {
	return []*packet{
		{kind: kindAnswer},
		{kind: kindSend, hub: "chat", to: Target{Kind: Groups, Names: []string{"red", ""}, Except: []string{"a"}, ExceptUsers: []string{"ann", "bob"}}, json: []byte("{}\x1e"), messagePack: []byte{2, 0x91, 6}},
		{kind: kindSend, hub: "chat", json: []byte{}},
		{kind: kindJoinGroup, hub: "chat", id: "c", group: "red"},
		{kind: kindUserJoinGroup, hub: "chat", user: "ann", group: "red", ttl: ttl(0)},
		{kind: kindUserJoinGroup, hub: "chat", user: "ann", group: "red", ttl: ttl(-time.Hour)},
		{kind: kindMembers, hub: "chat", group: "red", text: "after", number: 200},
		{kind: kindInvoke, hub: "chat", id: "c", text: "7", key: "key", messagePack: []byte{1}},
		{kind: kindResult, key: "key", protocol: "json", value: []byte("42")},
		{kind: kindResult, key: "key", text: "error", lost: true},
		{kind: kindAnswer, yes: true, full: true, number: 1 << 60},
		{kind: kindAnswer, listed: []Listed{{"a", "ann"}, {"b", ""}}},
		{kind: kindAnswer, sets: []set{{"chat", "ann", "red", true, year}, {"chat", "ann", "blue", false, 1}}},
	}
}

func TestPackets(t *testing.T) {
	for _, p := range packets() {
		b, err := p.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(b)
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%+v became %+v, %v", p, got, err)
		}
		for i := range b {
			if _, err := decode(b[:i]); err == nil {
				t.Errorf("%+v: %d bytes of %d are one too", p, i, len(b))
			}
		}
		if _, err := decode(append(b, 0)); err == nil {
			t.Errorf("%+v: more bytes are one too", p)
		}
	}
}

// What nodes say does not change without another version.
func TestPacketBytes(t *testing.T) {
	p := &packet{kind: kindSend, hub: "chat", to: Target{Kind: Groups, Names: []string{"red"}}, json: []byte("{}")}
	b, err := p.encode()
	want := []byte("\x01\x01\x07\x10\x00\x00\x04chat\x03\x01\x03red\x02{}")
	if err != nil || !bytes.Equal(b, want) {
		t.Errorf("%q, %v", b, err)
	}
}

func TestPacketsThatAreRefused(t *testing.T) {
	for _, s := range []string{
		"", "\x01", "\x02\x01\x00\x00\x00\x00", // another version
		"\x01\x01\x00\x00\x00\x80",                      // a field that is not known
		"\x01\x01\x02\x00\x00\x00\x04",                  // a kind of target that is not known
		"\x01\x01\x04\x00\x00\x00\xff\xff\xff\xff\x0f",  // a list of billions
		"\x01\x01\x04\x00\x00\x00\x00",                  // an empty list
		"\x01\x01\x01\x00\x00\x00\xff\xff\xff\xff\x0fx", // a long string
		"\x01\x40\x00\x00\x10\x00\xff\xff\xff\xff\x0f",  // a list of sets
	} {
		if p, err := decode([]byte(s)); err == nil {
			t.Errorf("%q is %+v", s, p)
		}
	}
	if _, err := decode(make([]byte, maxPacket+1)); err == nil {
		t.Error("a packet of any size is read")
	}
	p := &packet{json: make([]byte, maxPacket)}
	if _, err := p.encode(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a packet that nobody reads is made: %v", err)
	}
}

// A node of another version is not taken for one that says no.
func TestPeerThatDoesNotUnderstand(t *testing.T) {
	var net network
	a, b := net.join(), net.join()
	t.Cleanup(a.lose)
	t.Cleanup(b.lose)
	h := New(Config{Peers: a})
	other := New(Config{})
	b.Receive(other.receive, other.answer)
	if ok, err := h.either(t.Context(), &packet{kind: 60}); ok || !errors.Is(err, ErrPeers) {
		t.Errorf("%v, %v", ok, err)
	}
	b.Receive(other.receive, func([]byte) []byte { return []byte("nonsense") })
	if ok, err := h.ConnectionExists(t.Context(), "chat", "x"); ok || !errors.Is(err, ErrPeers) {
		t.Errorf("%v, %v", ok, err)
	}
	_ = b.Publish([]byte("nonsense")) // and nothing happens
}

func FuzzDecode(f *testing.F) {
	for _, p := range packets() {
		b, _ := p.encode()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decode(b)
		if err != nil {
			return
		}
		again, err := p.encode()
		if err != nil {
			t.Fatal(err)
		}
		q, err := decode(again)
		if err != nil {
			t.Fatalf("%q became %q: %v", b, again, err)
		}
		third, err := q.encode()
		if err != nil || !bytes.Equal(again, third) {
			t.Fatalf("%q became %q: %v", again, third, err)
		}
		// Whatever it is, a node survives it.
		h := New(Config{Peers: nobody{}})
		h.receive(b)
		if a, err := decode(h.answer(b)); err != nil || a.kind != kindAnswer && a.kind != kindRefusal {
			t.Fatalf("the answer is %+v, %v", a, err)
		}
	})
}

// nobody is Peers without others.
type nobody struct{ Peers }

func (nobody) Receive(func([]byte), func([]byte) []byte) {}
func (nobody) Alone() bool                               { return true }

func TestTooLargeForOthersIsDeliveredHere(t *testing.T) {
	hubs, _ := three(t, Config{})
	c := join(hubs[0], "chat", "c", "")
	err := hubs[0].Send(t.Context(), "chat", Target{}, message(strings.Repeat("x", maxPacket)))
	if !errors.Is(err, ErrTooLarge) || len(c.messages()) != 1 {
		t.Errorf("%v, %d messages", err, len(c.messages()))
	}
}
