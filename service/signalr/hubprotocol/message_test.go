package hubprotocol

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/payload"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// framed puts a length before a message.
func framed(raw []byte) []byte {
	return appendFramed(nil, func(b []byte) []byte { return append(b, raw...) })
}

func args(t testing.TB, p payload.Protocol, raw string) Arguments {
	t.Helper()
	a, err := NewArguments(p, []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// bare is a message without what it was read from.
func bare(m Message) Message {
	m.Raw, m.Frame = nil, nil
	return m
}

// The examples of the specification.
func TestMessagePackVectors(t *testing.T) {
	fortyTwo := func(t *testing.T) Arguments { return args(t, payload.MessagePack, "\x91\x2a") }
	for _, v := range []struct {
		name, hex string
		want      func(t *testing.T) Message
		write     func(t *testing.T) []byte // nil: we write another form, or none
	}{
		{"invocation", "96 01 80 a378797a a66d6574686f64 912a 90", func(t *testing.T) Message {
			return Message{Type: Invocation, InvocationID: "xyz", Target: "method", Arguments: fortyTwo(t)}
		}, func(t *testing.T) []byte { return invocation(t, "method", "xyz", fortyTwo(t)) }},
		{"invocation without ID", "96 01 80 c0 a66d6574686f64 912a 90", func(t *testing.T) Message {
			return Message{Type: Invocation, Target: "method", Arguments: fortyTwo(t)}
		}, func(t *testing.T) []byte { return invocation(t, "method", "", fortyTwo(t)) }},
		{"invocation of an old client", "95 01 80 c0 a66d6574686f64 912a", func(t *testing.T) Message {
			return Message{Type: Invocation, Target: "method", Arguments: fortyTwo(t)}
		}, nil},
		{"headers and streams", "96 01 82 a161a162 a163a164 c0 a66d6574686f64 912a 92a131a132", func(t *testing.T) Message {
			return Message{Type: Invocation, Target: "method", Arguments: fortyTwo(t), StreamIDs: []string{"1", "2"}}
		}, nil},
		{"stream invocation", "96 04 80 a378797a a66d6574686f64 912a 90", func(t *testing.T) Message {
			return Message{Type: StreamInvocation, InvocationID: "xyz", Target: "method", Arguments: fortyTwo(t)}
		}, nil},
		{"stream item", "94 02 80 a378797a 2a", constant(Message{Type: StreamItem, InvocationID: "xyz", Result: []byte{0x2a}}), func(*testing.T) []byte {
			return AppendStreamItem(nil, payload.MessagePack, "xyz", []byte{0x2a})
		}},
		{"void", "94 03 80 a378797a 02", constant(Message{Type: Completion, InvocationID: "xyz"}), func(*testing.T) []byte {
			return AppendCompletion(nil, payload.MessagePack, "xyz", nil)
		}},
		{"value", "95 03 80 a378797a 03 2a", constant(Message{Type: Completion, InvocationID: "xyz", Result: []byte{0x2a}}), func(*testing.T) []byte {
			return AppendCompletion(nil, payload.MessagePack, "xyz", []byte{0x2a})
		}},
		{"error", "95 03 80 a378797a 01 a54572726f72", constant(Message{Type: Completion, InvocationID: "xyz", Error: "Error"}), func(*testing.T) []byte {
			return AppendCompletionError(nil, payload.MessagePack, "xyz", "Error")
		}},
		{"cancel", "93 05 80 a378797a", constant(Message{Type: CancelInvocation, InvocationID: "xyz"}), nil},
		{"ping", "91 06", constant(Message{Type: Ping}), func(*testing.T) []byte { return AppendPing(nil, payload.MessagePack) }},
		{"close", "92 07 a378797a", constant(Message{Type: Close, Error: "xyz"}), nil},
		{"close, reconnect", "93 07 a378797a c3", constant(Message{Type: Close, Error: "xyz", AllowReconnect: true}), func(*testing.T) []byte {
			return AppendClose(nil, payload.MessagePack, "xyz", true)
		}},
		{"close without error", "93 07 c0 c2", constant(Message{Type: Close}), func(*testing.T) []byte {
			return AppendClose(nil, payload.MessagePack, "", false)
		}},
		{"ack", "92 08 cc24", constant(Message{Type: Ack, SequenceID: 36}), nil},
		{"ack, short", "92 08 24", constant(Message{Type: Ack, SequenceID: 36}), func(*testing.T) []byte {
			return AppendAck(nil, payload.MessagePack, 36)
		}},
		{"sequence", "92 09 cc13", constant(Message{Type: Sequence, SequenceID: 19}), nil},
		{"sequence, large", "92 09 ce00010000", constant(Message{Type: Sequence, SequenceID: 65536}), func(*testing.T) []byte {
			return AppendSequence(nil, payload.MessagePack, 65536)
		}},
		{"unknown type", "93 2a a161 8101c0", constant(Message{Type: 42}), nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			raw := unhex(t, v.hex)
			frame := framed(raw)
			m, rest, err := Next(payload.MessagePack, append(bytes.Clone(frame), 2))
			if err != nil || len(rest) != 1 {
				t.Fatalf("%v, %d bytes left", err, len(rest))
			}
			if !bytes.Equal(m.Raw, raw) || !bytes.Equal(m.Frame, frame) {
				t.Errorf("raw %x, frame %x", m.Raw, m.Frame)
			}
			if want := v.want(t); !reflect.DeepEqual(bare(m), want) {
				t.Errorf("read %+v, want %+v", bare(m), want)
			}
			if v.write != nil {
				if got := v.write(t); !bytes.Equal(got, frame) {
					t.Errorf("written %x, want %x", got, frame)
				}
			}
			for cut := range len(frame) {
				if _, _, err := Next(payload.MessagePack, frame[:cut]); !errors.Is(err, ErrIncomplete) {
					t.Errorf("cut at %d: %v", cut, err)
				}
			}
		})
	}
	if got := AppendPing(nil, payload.MessagePack); !bytes.Equal(got, []byte{2, 0x91, 6}) {
		t.Errorf("ping %x", got)
	}
	if m, _, err := Next(Blazorpack, []byte{2, 0x91, 6}); err != nil || m.Type != Ping {
		t.Errorf("%+v, %v", m, err)
	}
}

func constant(m Message) func(*testing.T) Message { return func(*testing.T) Message { return m } }

func invocation(t *testing.T, target, id string, a Arguments) []byte {
	t.Helper()
	b, err := AppendInvocation(nil, payload.MessagePack, target, id, a)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestJSONMessages(t *testing.T) {
	list := func(raw string) Arguments { return args(t, payload.JSON, raw) }
	for _, v := range []struct {
		json string
		want Message
	}{
		{
			`{"type":1,"invocationId":"123","target":"Send","arguments":[42,"Test Message"]}`,
			Message{Type: Invocation, InvocationID: "123", Target: "Send", Arguments: list(`[42,"Test Message"]`)},
		},
		{
			`{"arguments": [ {"a":[]} ] ,"headers":{"x":"y"},"target":"Send", "type" : 1 }`,
			Message{Type: Invocation, Target: "Send", Arguments: list(`[ {"a":[]} ]`)},
		},
		{
			`{"type":1,"invocationId":null,"target":"Send","arguments":[],"streamIds":["1","\u0032"],"future":[{}]}`,
			Message{Type: Invocation, Target: "Send", Arguments: list(`[]`), StreamIDs: []string{"1", "2"}},
		},
		{
			`{"\u0074ype":1,"target":"S\u00e9nd \ud83d\ude00 \ud83d \/\"\\\b\f\n\r\t","arguments":[]}`,
			Message{Type: Invocation, Target: "Sénd 😀 \uFFFD /\"\\\b\f\n\r\t", Arguments: list(`[]`)},
		},
		{`{"type":4,"invocationId":"1","target":"S","arguments":[]}`, Message{Type: StreamInvocation, InvocationID: "1", Target: "S", Arguments: list(`[]`)}},
		{`{"type":2,"invocationId":"1","item":42}`, Message{Type: StreamItem, InvocationID: "1", Result: []byte("42")}},
		{`{"type":3,"invocationId":"1"}`, Message{Type: Completion, InvocationID: "1"}},
		{`{"type":3,"invocationId":"1","result":null}`, Message{Type: Completion, InvocationID: "1", Result: []byte("null")}},
		{`{"type":3,"invocationId":"1","result":{"a": 1},"error":null}`, Message{Type: Completion, InvocationID: "1", Result: []byte(`{"a": 1}`)}},
		{`{"type":3,"invocationId":"1","error":"It didn't work!"}`, Message{Type: Completion, InvocationID: "1", Error: "It didn't work!"}},
		{`{"type":5,"invocationId":"1"}`, Message{Type: CancelInvocation, InvocationID: "1"}},
		{`{"type":6}`, Message{Type: Ping}},
		{`{"type":7}`, Message{Type: Close}},
		{
			`{"type":7,"error":"Connection closed because of an error!","allowReconnect":true}`,
			Message{Type: Close, Error: "Connection closed because of an error!", AllowReconnect: true},
		},
		{`{"type":8,"sequenceId":1394}`, Message{Type: Ack, SequenceID: 1394}},
		{`{"type":9,"sequenceId":1234}`, Message{Type: Sequence, SequenceID: 1234}},
		{`{"type":99,"invocationId":5}`, Message{Type: 99}},
		{`{"type":1,"type":6}`, Message{Type: Ping}},
	} {
		frame := []byte(v.json + "\x1e")
		m, rest, err := Next(payload.JSON, append(bytes.Clone(frame), '{'))
		if err != nil || string(rest) != "{" {
			t.Errorf("%s: %v, rest %q", v.json, err, rest)
			continue
		}
		if string(m.Raw) != v.json || !bytes.Equal(m.Frame, frame) {
			t.Errorf("%s: raw %q, frame %q", v.json, m.Raw, m.Frame)
		}
		if !reflect.DeepEqual(bare(m), v.want) {
			t.Errorf("%s: %+v, want %+v", v.json, bare(m), v.want)
		}
	}
	if _, _, err := Next(payload.JSON, []byte(`{"type":6}`)); !errors.Is(err, ErrIncomplete) {
		t.Error(err)
	}
}

func TestJSONRefused(t *testing.T) {
	for _, s := range []string{
		``, ` `, `null`, `[]`, `6`, `{`, `{"type":6`, `{"type":6}}`, `{"type":6} x`, `{"type":6,}`, `{,"type":6}`, `{"type" 6}`, `{type:6}`,
		`{"type":06}`, `{"type":6.}`, `{"type":6e}`, `{"type":+6}`, `{"type":-}`, `{"type":"6"}`, `{"type":6.0}`, `{"type":99999999999}`, `{}`, `{"TYPE":6}`,
		`{"type":6,"x":tru}`, `{"type":6,"x":nul}`, `{"type":6,"x":"\x"}`, `{"type":6,"x":"\u12g4"}`, `{"type":6,"x":"\u123`, `{"type":6,"x":"\`,
		"{\"type\":6,\"x\":\"a\nb\"}", "{\"type\":6,\"x\":\"\xff\"}", "\xef\xbb\xbf{\"type\":6}", `{"type":6,"x":[1 2]}`, `{"type":6,"x":[1,]}`, `{"type":6,"x":}`,
		`{"type":6,"x":NaN}`, `{"type":6,"x":'a'}`, `{"type":6/**/}`,
		`{"type":1,"arguments":[]}`, `{"type":1,"target":"x"}`, `{"type":1,"target":"x","arguments":{}}`, `{"type":1,"target":5,"arguments":[]}`,
		`{"type":1,"target":"x","arguments":[],"streamIds":[5]}`, `{"type":1,"target":"x","arguments":[],"invocationId":5}`,
		`{"type":4,"target":"x","arguments":[]}`, `{"type":3}`, `{"type":3,"invocationId":"1","error":"x","result":1}`, `{"type":3,"invocationId":"1","error":5}`,
		`{"type":2,"item":1}`, `{"type":5}`, `{"type":8}`, `{"type":9,"sequenceId":"1"}`, `{"type":7,"error":[]}`,
		`{"type":6,"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
	} {
		b := []byte(s + "\x1e")
		if m, rest, err := Next(payload.JSON, b); err == nil || errors.Is(err, ErrIncomplete) || len(rest) != len(b) {
			t.Errorf("%s: %+v", s, m)
		}
	}
	deep := `{"type":6,"x":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + "}\x1e"
	if _, _, err := Next(payload.JSON, []byte(deep)); err != nil {
		t.Error(err)
	}
}

func TestMessagePackRefused(t *testing.T) {
	deep := append(unhex(t, "922a"), append(bytes.Repeat([]byte{0x91}, 64), 0xc0)...)
	for name, b := range map[string][]byte{
		"empty":                framed(nil),
		"no items":             framed(unhex(t, "90")),
		"a map":                framed(unhex(t, "8106c0")),
		"type is a string":     framed(unhex(t, "91a136")),
		"type is nil":          framed(unhex(t, "91c0")),
		"negative type":        framed(unhex(t, "91ff")),
		"something behind":     framed(unhex(t, "9106c0")),
		"too short":            framed(unhex(t, "9206")),
		"size that lies":       framed(unhex(t, "ddffffffff06")),
		"string that lies":     framed(unhex(t, "9207dbffffffff61")),
		"map that lies":        framed(unhex(t, "9306dfffffffffc0")),
		"no such code":         framed(unhex(t, "9206c1")),
		"no target":            framed(unhex(t, "930180c0")),
		"target is a number":   framed(unhex(t, "950180c00590")),
		"no arguments":         framed(unhex(t, "940180c0a178")),
		"arguments are a map":  framed(unhex(t, "950180c0a17880")),
		"target not UTF-8":     framed(unhex(t, "950180c0a1ff90")),
		"streams are a number": framed(unhex(t, "960180c0a1789005")),
		"a stream is a number": framed(unhex(t, "960180c0a178909105")),
		"stream without ID":    framed(unhex(t, "960480c0a1789090")),
		"completion of kind 4": framed(unhex(t, "950380a13104c0")),
		"completion, no value": framed(unhex(t, "940380a13103")),
		"completion, no kind":  framed(unhex(t, "930380a131")),
		"completion, no ID":    framed(unhex(t, "940380c002")),
		"ack without number":   framed(unhex(t, "9108")),
		"ack of a string":      framed(unhex(t, "9208a131")),
		"deep":                 framed(deep),
		"length of six bytes":  {0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
		"length of 2 GiB":      {0xff, 0xff, 0xff, 0xff, 0x07},
	} {
		if m, rest, err := Next(payload.MessagePack, b); err == nil || errors.Is(err, ErrIncomplete) || len(rest) != len(b) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	if _, _, err := Next(payload.MessagePack, framed(append(deep[:1:1], deep[2:]...))); err == nil {
		t.Error("a message whose type is an array is taken")
	}
	if _, _, err := Next("xml", []byte{1}); err == nil {
		t.Error("a protocol that is not known is taken")
	}
}

func TestLimits(t *testing.T) {
	for _, p := range []payload.Protocol{payload.JSON, payload.MessagePack} {
		b, err := AppendInvocation(nil, p, strings.Repeat("x", 500), "", Arguments{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := (Limits{MaxMessage: len(b)}).Next(p, b); err != nil {
			t.Errorf("%s: %v", p, err)
		}
		l := Limits{MaxMessage: len(b) - 1}
		if _, _, err := l.Next(p, b); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", p, err)
		}
		if _, _, err := l.Next(p, b[:len(b)-1]); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s, not whole: %v", p, err)
		}
		if _, _, err := (Limits{MaxDepth: 1}).Next(p, b); !errors.Is(err, errDeep) {
			t.Errorf("%s, depth: %v", p, err)
		}
		if _, _, err := (Limits{MaxDepth: 2}).Next(p, b); err != nil {
			t.Errorf("%s, depth: %v", p, err)
		}
	}
}

// Messages may come in one piece, or a byte at a time.
func TestStream(t *testing.T) {
	for _, p := range []payload.Protocol{payload.JSON, payload.MessagePack} {
		var stream []byte
		stream = AppendPing(stream, p)
		stream, err := AppendInvocation(stream, p, "Send", "1", args(t, payload.JSON, `["`+strings.Repeat("é", 5000)+`",17]`))
		if err != nil {
			t.Fatal(err)
		}
		stream = AppendCompletion(stream, p, "1", nil)
		stream = AppendClose(stream, p, "bye", true)
		if err := (Limits{}).Check(p, stream); err != nil {
			t.Error(err)
		}
		var got []Type
		var held []byte
		for _, c := range stream {
			held = append(held, c)
			m, rest, err := Next(p, held)
			if errors.Is(err, ErrIncomplete) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got, held = append(got, m.Type), append([]byte(nil), rest...)
		}
		if want := []Type{Ping, Invocation, Completion, Close}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v", p, got)
		}
		if err := (Limits{}).Check(p, stream[:len(stream)-1]); !errors.Is(err, ErrIncomplete) {
			t.Error(err)
		}
		if err := (Limits{}).Check(p, nil); err == nil {
			t.Error("nothing is a message")
		}
	}
}

func TestJSONAppend(t *testing.T) {
	for got, want := range map[string]string{
		string(AppendPing(nil, payload.JSON)):                                               `{"type":6}`,
		string(AppendClose(nil, payload.JSON, "", false)):                                   `{"type":7}`,
		string(AppendClose(nil, payload.JSON, "a \"b\"\x1e\xff", true)):                     `{"type":7,"error":"a \"b\"\u001e` + "\uFFFD" + `","allowReconnect":true}`,
		string(AppendAck(nil, payload.JSON, 36)):                                            `{"type":8,"sequenceId":36}`,
		string(AppendSequence(nil, payload.JSON, 19)):                                       `{"type":9,"sequenceId":19}`,
		string(AppendCompletion(nil, payload.JSON, "1", nil)):                               `{"type":3,"invocationId":"1"}`,
		string(AppendCompletion(nil, payload.JSON, "1", []byte(`{"a":1}`))):                 `{"type":3,"invocationId":"1","result":{"a":1}}`,
		string(AppendCompletionError(nil, payload.JSON, "1", "é")):                          `{"type":3,"invocationId":"1","error":"é"}`,
		string(AppendStreamItem(nil, payload.JSON, "1", []byte(`5`))):                       `{"type":2,"invocationId":"1","item":5}`,
		string(NewInvocation("m", "", Arguments{}).Frame(payload.JSON)):                     `{"type":1,"target":"m","arguments":[]}`,
		string(NewInvocation("m\n", "7", args(t, payload.JSON, "[1]")).Frame(payload.JSON)): `{"type":1,"invocationId":"7","target":"m\u000a","arguments":[1]}`,
	} {
		if got != want+"\x1e" {
			t.Errorf("%q, want %q", got, want)
		}
		if _, rest, err := Next(payload.JSON, []byte(got)); err != nil || len(rest) > 0 {
			t.Errorf("%q: %v", got, err)
		}
	}
}

func TestCounted(t *testing.T) {
	for kind := Type(0); kind < 11; kind++ {
		if got, want := kind.Counted(), kind >= 1 && kind <= 5; got != want {
			t.Errorf("%d: %v", kind, got)
		}
	}
}

func TestHandshake(t *testing.T) {
	h, rest, err := ParseHandshake([]byte("{\"protocol\":\"messagepack\",\"version\":1}\x1e\x02\x91\x06"))
	if err != nil || h != (Handshake{payload.MessagePack, 1}) || !bytes.Equal(rest, []byte{2, 0x91, 6}) || h.Refusal() != "" {
		t.Errorf("%+v, %x, %v", h, rest, err)
	}
	if got := AppendHandshake(nil, Handshake{payload.JSON, 1}); string(got) != "{\"protocol\":\"json\",\"version\":1}\x1e" {
		t.Errorf("%q", got)
	}
	for h, want := range map[Handshake]string{
		{payload.JSON, 1}:        "",
		{payload.JSON, 2}:        "",
		{payload.MessagePack, 2}: "",
		{"xml", 1}:               "Requested protocol 'xml' is not available.",
		{Blazorpack, 1}:          "Requested protocol 'blazorpack' is not available.",
		{payload.JSON, 3}:        "The server does not support version 3 of the 'json' protocol.",
		{payload.JSON, 0}:        "The server does not support version 0 of the 'json' protocol.",
	} {
		if got := h.Refusal(); got != want {
			t.Errorf("%+v: %q", h, got)
		}
	}
	for _, s := range []string{
		"{}", "[]", "null", "{\"protocol\":\"json\"}", "{\"version\":1}", "{\"protocol\":5,\"version\":1}", "{\"protocol\":\"json\",\"version\":\"1\"}",
		"{\"type\":6}", "", "GET / HTTP/1.1", strings.Repeat(" ", MaxHandshake),
	} {
		if h, _, err := ParseHandshake([]byte(s + "\x1e")); err == nil {
			t.Errorf("%q: %+v", s, h)
		}
	}
	for _, s := range []string{"", "{\"protocol\":\"json\",\"version\":1}", strings.Repeat("x", MaxHandshake-1)} {
		if _, _, err := ParseHandshake([]byte(s)); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, _, err := ParseHandshake(bytes.Repeat([]byte{'x'}, MaxHandshake)); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

func TestHandshakeResponse(t *testing.T) {
	for text, want := range map[string]string{"": "{}\x1e", "no \"such\" thing": "{\"error\":\"no \\\"such\\\" thing\"}\x1e"} {
		b := AppendHandshakeResponse(nil, text)
		if string(b) != want {
			t.Errorf("%q", b)
		}
		got, rest, err := ParseHandshakeResponse(append(b, 'x'))
		if err != nil || got != text || string(rest) != "x" {
			t.Errorf("%q, %q, %v", got, rest, err)
		}
	}
	if _, _, err := ParseHandshakeResponse([]byte("5\x1e")); err == nil {
		t.Error("a number is an answer")
	}
}

func TestCall(t *testing.T) {
	for _, body := range []string{`{"target":"m","arguments":[1,"a"]}`, ` {"Arguments":[1,"a"],"TARGET":"m","rawOnly":false} `} {
		target, a, err := ParseCall(payload.JSON, []byte(body))
		got, _ := a.Append(nil, payload.JSON)
		if err != nil || target != "m" || string(got) != `[1,"a"]` {
			t.Errorf("%s: %q, %s, %v", body, target, got, err)
		}
	}
	target, a, err := ParseCall(payload.MessagePack, unhex(t, "83 a6546172676574 a16d a9617267756d656e7473 9201a161 a178 c0"))
	got, _ := a.Append(nil, payload.JSON)
	if err != nil || target != "m" || string(got) != `[1,"a"]` {
		t.Errorf("%q, %s, %v", target, got, err)
	}
	for _, body := range []string{``, `{}`, `[]`, `{"target":""}`, `{"target":5}`, `{"target":"m","arguments":{}}`, `{"target":"m"`, "{\"target\":\"\xff\"}"} {
		if _, _, err := ParseCall(payload.JSON, []byte(body)); err == nil {
			t.Errorf("%s is taken", body)
		}
	}
	for _, body := range []string{"", "80", "90", "81a67461726765740 5", "81a6746172676574c0", "8101c0", "df00000065"} {
		b, _ := hex.DecodeString(strings.ReplaceAll(body, " ", ""))
		if _, _, err := ParseCall(payload.MessagePack, b); err == nil {
			t.Errorf("%s is taken", body)
		}
	}
	// No arguments are none.
	if _, a, err := ParseCall(payload.JSON, []byte(`{"target":"m","arguments":null}`)); err != nil {
		t.Error(err)
	} else if got, _ := a.Append(nil, payload.MessagePack); !bytes.Equal(got, []byte{0x90}) {
		t.Errorf("%x", got)
	}
}

func TestPayloads(t *testing.T) {
	body := func(json string) []byte {
		b := msgp.AppendMapHeader(nil, 3)
		b = msgp.AppendBytes(msgp.AppendString(b, "json"), []byte(json))
		b = msgp.AppendBytes(msgp.AppendString(b, "messagepack"), []byte{2, 0x91, 6})
		return msgp.AppendBytes(msgp.AppendString(b, "future"), []byte("?"))
	}
	got, err := Limits{}.ParsePayloads(body("{\"type\":6}\x1e"))
	if err != nil || string(got[payload.JSON]) != "{\"type\":6}\x1e" || len(got) != 3 {
		t.Errorf("%v, %v", got, err)
	}
	for _, json := range []string{"{\"type\":6}", "", "x\x1e"} {
		if _, err := (Limits{}).ParsePayloads(body(json)); err == nil {
			t.Errorf("%q is taken", json)
		}
	}
	if _, err := (Limits{}).ParsePayloads(unhex(t, "81a46a736f6ea161")); err == nil {
		t.Error("a string is taken for binary")
	}
}
