package hubprotocol

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/payload"
)

func TestToMessagePack(t *testing.T) {
	for _, v := range []struct{ json, hex string }{
		{`42`, "2a"},
		{`200`, "ccc8"},
		{`70000`, "ce00011170"},
		{`-1`, "ff"},
		{`-200`, "d1ff38"},
		{`0`, "00"},
		{`-0`, "00"},
		{`9007199254740993`, "cf0020000000000001"},
		{`18446744073709551615`, "cfffffffffffffffff"},
		{`-9223372036854775808`, "d38000000000000000"},
		{`18446744073709551616`, "cb43f0000000000000"},
		{`1.5`, "cb3ff8000000000000"},
		{`1.0`, "cb3ff0000000000000"},
		{`1e3`, "cb408f400000000000"},
		{`1e999`, "cb7ff0000000000000"},
		{`true`, "c3"},
		{`false`, "c2"},
		{`null`, "c0"},
		{`""`, "a0"},
		{`"\u00e9\n"`, "a3c3a90a"},
		{`[]`, "90"},
		{` [ 1 , [ 2 ] ] `, "92019102"},
		{`{}`, "80"},
		{`{"a":{"b":[null]},"c":"d"}`, "82a16181a16291c0a163a164"},
	} {
		got, err := Transcode([]byte("x"), payload.JSON, payload.MessagePack, []byte(v.json))
		if err != nil || !bytes.Equal(got, append([]byte("x"), unhex(t, v.hex)...)) {
			t.Errorf("%s: %x, %v, want %s", v.json, got, err, v.hex)
		}
	}
	for _, s := range []string{``, `[`, `[1,]`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1]`, `[1}`, `1 2`, `x`, `"`, "\"\xff\"", strings.Repeat("[", 65) + strings.Repeat("]", 65)} {
		for _, to := range []payload.Protocol{payload.MessagePack, payload.JSON} {
			if got, err := Transcode(nil, payload.JSON, to, []byte(s)); err == nil {
				t.Errorf("%s: %x", s, got)
			}
		}
	}
}

func TestToJSON(t *testing.T) {
	for _, v := range []struct{ hex, json string }{
		{"2a", `42`},
		{"cc2a", `42`},
		{"d1ff38", `-200`},
		{"cfffffffffffffffff", `18446744073709551615`},
		{"d38000000000000000", `-9223372036854775808`},
		{"cb3ff8000000000000", `1.5`},
		{"cb3ff0000000000000", `1`},
		{"ca3dcccccd", `0.1`},
		{"cb8000000000000000", `0`},
		{"cb444b1ae4d6e2ef50", `1e+21`},
		{"cb7ff8000000000000", `null`},
		{"cbfff0000000000000", `null`},
		{"a3c3a90a", `"é\u000a"`},
		{"a2221e", `"\"\u001e"`},
		{"a1ff", "\"\uFFFD\""},
		{"c4030102ff", `"AQL/"`},
		{"c400", `""`},
		{"c0", `null`},
		{"92c2c3", `[false,true]`},
		{"82 01c0 a2c3a902", `{"1":null,"é":2}`},
		{"83 c3 01 c0 02 ff 03", `{"true":1,"null":2,"-1":3}`},
		{"81 c4020102 05", `{"AQI=":5}`},
		{"81 d6ff00000000 05", `{"1970-01-01T00:00:00Z":5}`},
		{"81 9100 05", ``},
		{"d6ff5e0be100", `"2020-01-01T00:00:00Z"`},
		{"d7ff 77359400 5e0be100", `"2020-01-01T00:00:00.5Z"`},
		{"c70cff 1dcd6500 ffffffffffffffff", `"1969-12-31T23:59:59.5Z"`},
		{"c70cff 7fffffff 0000000000000000", `[-1,"f////wAAAAAAAAAA"]`},
		{"c70cff 00000000 7fffffffffffffff", `[-1,"AAAAAH//////////"]`},
		{"d501abcd", `[1,"q80="]`},
		{"d505abcd", `[5,"q80="]`},
		{"c80003ff010203", `[-1,"AQID"]`},
		{"c9000000017f09", `[127,"CQ=="]`},
		{"c1", ``},
		{"", ``},
		{"9101c0", ``},
	} {
		got, err := Transcode([]byte("x"), payload.MessagePack, payload.JSON, unhex(t, v.hex))
		if v.json == "" {
			if err == nil {
				t.Errorf("%s: %s", v.hex, got)
			}
			continue
		}
		if err != nil || string(got) != "x"+v.json {
			t.Errorf("%s: %s, %v, want %s", v.hex, got, err, v.json)
		} else if !json.Valid(got[1:]) {
			t.Errorf("%s: not JSON: %s", v.hex, got)
		}
	}
	if got, err := Transcode(nil, payload.MessagePack, payload.MessagePack, []byte{0x91, 1}); err != nil || !bytes.Equal(got, []byte{0x91, 1}) {
		t.Errorf("%x, %v", got, err)
	}
}

// Long arrays and maps get longer headers.
func TestLongHeaders(t *testing.T) {
	for _, n := range []int{15, 16, 65535, 65536} {
		list := make([]int, n)
		object := make(map[string]int, n)
		for i := range n {
			list[i] = i
			object["key"+itoa(i)] = i
		}
		for _, v := range []any{list, object} {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			packed, err := Transcode(nil, payload.JSON, payload.MessagePack, text)
			if err != nil {
				t.Fatal(err)
			}
			back, err := Transcode(nil, payload.MessagePack, payload.JSON, packed)
			if err != nil || !bytes.Equal(back, text) {
				t.Errorf("%T of %d items comes back otherwise: %v", v, n, err)
			}
		}
	}
}

func itoa(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// What our writer packs, a reader that somebody else wrote understands.
func TestPackedIsUnderstood(t *testing.T) {
	const text = `{"a":[1,-1,200,-200,70000,1.5,true,false,null,"é"],"b":{"c":"` + "long " + `"}}`
	packed, err := Transcode(nil, payload.JSON, payload.MessagePack, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := msgp.UnmarshalAsJSON(&out, packed); err != nil {
		t.Fatal(err)
	}
	var got, want any
	if json.Unmarshal(out.Bytes(), &got) != nil || json.Unmarshal([]byte(text), &want) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s", out.Bytes())
	}
}

func TestInvocationOfBoth(t *testing.T) {
	for p, raw := range map[payload.Protocol]string{payload.JSON: `[42]`, payload.MessagePack: "\x91\x2a"} {
		invocation := NewInvocation("method", "xyz", args(t, p, raw))
		if got, want := string(invocation.Frame(payload.JSON)), "{\"type\":1,\"invocationId\":\"xyz\",\"target\":\"method\",\"arguments\":[42]}\x1e"; got != want {
			t.Errorf("from %s: %q", p, got)
		}
		if got, want := invocation.Frame(payload.MessagePack), unhex(t, "11 96 01 80 a378797a a66d6574686f64 912a 90"); !bytes.Equal(got, want) {
			t.Errorf("from %s: %x", p, got)
		}
	}
	// A key that JSON cannot have: clients of the other protocol get it all the same.
	odd := NewInvocation("m", "", args(t, payload.MessagePack, "\x91\x81\x90\x01"))
	if odd.Frame(payload.JSON) != nil || odd.Frame(payload.MessagePack) == nil {
		t.Error("frames of what cannot be JSON")
	}
}

func TestArgumentsRefused(t *testing.T) {
	for _, s := range []string{"", "{}", "1", "[", "[1] 2", "null", "[\"\xff\"]", strings.Repeat("[", 61) + strings.Repeat("]", 61)} {
		if _, err := NewArguments(payload.JSON, []byte(s)); err == nil {
			t.Errorf("%s is taken", s)
		}
	}
	for _, s := range []string{"", "80", "01", "91", "9101c0", "91c1", "c0"} {
		if _, err := NewArguments(payload.MessagePack, unhex(t, s)); err == nil {
			t.Errorf("%s is taken", s)
		}
	}
	if _, err := NewArguments(payload.MessagePack, append(bytes.Repeat([]byte{0x91}, 61), 0xc0)); err == nil {
		t.Error("deep arguments are taken")
	}
	// As deep as they may be, they come in a message that is read.
	deep := args(t, payload.JSON, strings.Repeat("[", 60)+strings.Repeat("]", 60))
	for _, p := range []payload.Protocol{payload.JSON, payload.MessagePack} {
		if _, _, err := Next(p, NewInvocation("m", "", deep).Frame(p)); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}
