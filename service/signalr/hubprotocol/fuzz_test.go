package hubprotocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"reslog/service/signalr/payload"
)

const mostFuzzed = 1 << 12

// read reads one message and checks what holds of any bytes.
func read(t *testing.T, p payload.Protocol, b []byte) (Message, bool) {
	before := bytes.Clone(b)
	m, rest, err := Limits{MaxMessage: mostFuzzed}.Next(p, b)
	if !bytes.Equal(b, before) {
		t.Fatal("reading has changed the bytes")
	}
	if err != nil {
		if errors.Is(err, ErrIncomplete) && len(b) >= mostFuzzed {
			t.Fatal("more bytes are asked for than a message may have")
		}
		if len(rest) != len(b) {
			t.Fatal("an error takes bytes")
		}
		return Message{}, false
	}
	if len(m.Frame)+len(rest) != len(b) || len(m.Frame) > mostFuzzed || !bytes.Contains(m.Frame, m.Raw) {
		t.Fatalf("frame %x, raw %x, rest %x", m.Frame, m.Raw, rest)
	}
	return m, true
}

// again writes what was read, and reads it.
func again(t *testing.T, p payload.Protocol, m Message) {
	var b []byte
	var err error
	switch m.Type {
	case Invocation:
		b, err = AppendInvocation(nil, p, m.Target, m.InvocationID, m.Arguments)
	case StreamItem:
		if m.Result == nil {
			return
		}
		b = AppendStreamItem(nil, p, m.InvocationID, m.Result)
	case Completion:
		if m.Error != "" {
			b = AppendCompletionError(nil, p, m.InvocationID, m.Error)
		} else {
			b = AppendCompletion(nil, p, m.InvocationID, m.Result)
		}
	case Ping:
		b = AppendPing(nil, p)
	case Close:
		b = AppendClose(nil, p, m.Error, m.AllowReconnect)
	case Ack:
		b = AppendAck(nil, p, m.SequenceID)
	case Sequence:
		b = AppendSequence(nil, p, m.SequenceID)
	default:
		return
	}
	got, rest, readErr := Next(p, b)
	if err != nil || readErr != nil || len(rest) > 0 {
		t.Fatalf("%+v was written as %q: %v, %v", m, b, err, readErr)
	}
	m.StreamIDs = nil // not written
	if !reflect.DeepEqual(bare(got), bare(m)) {
		t.Fatalf("%+v was read again as %+v", bare(m), bare(got))
	}
}

// arguments of a message can be encoded for both protocols, but for odd maps, and come
// back from JSON as they went.
func arguments(t *testing.T, p payload.Protocol, m Message) {
	if m.Type != Invocation && m.Type != StreamInvocation {
		return
	}
	text, err := m.Arguments.Append(nil, payload.JSON)
	if err != nil {
		if p == payload.JSON {
			t.Fatal(err)
		}
		return
	}
	if !json.Valid(text) {
		t.Fatalf("not JSON: %q", text)
	}
	packed, err := Transcode(nil, payload.JSON, payload.MessagePack, text)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Transcode(nil, payload.MessagePack, payload.JSON, packed)
	if err != nil {
		t.Fatal(err)
	}
	stable, err := Transcode(nil, payload.JSON, payload.MessagePack, back)
	if err != nil {
		t.Fatal(err)
	}
	final, err := Transcode(nil, payload.MessagePack, payload.JSON, stable)
	if err != nil || !bytes.Equal(back, final) {
		t.Fatalf("%q became %q: %v", back, final, err)
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"type":1,"target":"m","arguments":[1,{"a":"\u00e9\ud83d\ude00"},[-1.5e3]],"streamIds":["1"]}`, `{"type":6}`, `{"type":3,"invocationId":"1","result":null}`,
		`{"type":7,"error":"x","allowReconnect":true}`, `{"type":8,"sequenceId":9}`, `{"type":2,"invocationId":"1","item":[]}`,
	} {
		f.Add([]byte(s + "\x1e"))
	}
	f.Add([]byte(`{"type":1,"target":"","arguments":[{"":"000"},[-0.0,1.0]]}` + "\x1e"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok := read(t, payload.JSON, b)
		if !ok {
			return
		}
		if !json.Valid(m.Raw) {
			t.Fatalf("taken, and not JSON: %q", m.Raw)
		}
		again(t, payload.JSON, m)
		arguments(t, payload.JSON, m)
	})
}

// The scanner takes what encoding/json takes, and reads strings alike.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"a":[1.5e-3,"\u12aF",{"b":null}]}`))
	f.Add([]byte(`"\ud83d\ude00\ud83d\u0041\/"`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := scanner{b: b, depth: 10000}
		_, err := s.value()
		if err == nil {
			err = s.end()
		}
		if (err == nil) != json.Valid(b) {
			t.Fatalf("%q: %v, encoding/json says %v", b, err, json.Valid(b))
		}
		var want string
		if validText(b) == nil && len(b) > 0 && b[0] == '"' && json.Unmarshal(b, &want) == nil {
			s := scanner{b: b}
			if got, err := s.string(); err != nil || string(got) != want {
				t.Fatalf("%q: %q, %v, want %q", b, got, err, want)
			}
		}
	})
}

func FuzzMessagePack(f *testing.F) {
	for _, s := range []string{"960180a378797aa66d6574686f64912a90", "950380a378797a032a", "9307a378797ac3", "9208cc24", "960180c0a16d9181a161c4020102c090", "940280a13180"} {
		f.Add(framed(unhex(f, s)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, ok := read(t, payload.MessagePack, b); ok {
			again(t, payload.MessagePack, m)
			arguments(t, payload.MessagePack, m)
		}
	})
}

func FuzzHandshake(f *testing.F) {
	f.Add([]byte("{\"protocol\":\"json\",\"version\":1}\x1e{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, rest, err := ParseHandshake(b)
		if err != nil {
			return
		}
		got, left, err := ParseHandshake(append(AppendHandshake(nil, h), rest...))
		if err != nil || got != h || !bytes.Equal(left, rest) {
			t.Fatalf("%+v was read again as %+v, %v", h, got, err)
		}
	})
}

func FuzzCall(f *testing.F) {
	f.Add([]byte(`{"target":"m","arguments":[1]}`), true)
	f.Add(unhex(f, "82a6746172676574a16da9617267756d656e74739101"), false)
	f.Add(unhex(f, "82a46a736f6ec40b7b2274797065223a367d1eab6d6573736167657061636bc403029106"), false)
	f.Fuzz(func(t *testing.T, b []byte, text bool) {
		p := payload.MessagePack
		if text {
			p = payload.JSON
		}
		if target, a, err := ParseCall(p, b); err == nil {
			frame := NewInvocation(target, "", a).Frame(p)
			if m, _, err := Next(p, frame); err != nil && !errors.Is(err, ErrTooLarge) || err == nil && m.Target != target {
				t.Fatalf("%q: %v", frame, err)
			}
		}
		if frames, err := (Limits{}).ParsePayloads(b); err == nil && len(frames) > 100 {
			t.Fatal("too many")
		}
	})
}
