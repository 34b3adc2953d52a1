package partner

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"reslog/internal/jsonlex"
)

// jsonSeeds are texts at the edges of the grammar.
var jsonSeeds = []string{
	`{}`, ` { } `, `{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1 "b":2}`, `[]`, ``, `null`, `{`, `}`, `{}x`, "{}\x00",
	`{"a":[1,2,[3,{"b":null}]],"c":true,"d":false}`, `{"a":[1,]}`, `{"a":[,1]}`, `{"a":tru}`, `{"a":nul}`, `{"a":truex}`,
	`{"a":0}`, `{"a":-0}`, `{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":.5}`, `{"a":1.5e+10}`, `{"a":1e}`, `{"a":1E-}`, `{"a":+1}`, `{"a":1e5x}`,
	`{"a":9223372036854775807}`, `{"a":-9223372036854775808}`, `{"a":9223372036854775808}`, `{"a":1e999}`,
	`{"a":"\u00e9\ud83d\ude00"}`, `{"a":"\ud83d"}`, `{"a":"\ud83dx"}`, `{"a":"\ude00\ud83d"}`, `{"a":"\ud83d\u0041"}`, `{"a":"\u12"}`, `{"a":"\x"}`, `{"a":"\`, `{"a":"`, `{"a":"\"}`,
	"{\"a\":\"\xff\"}", "{\"a\":\"tab\there\"}", "{\"a\":\"line\nbreak\"}", "{\n\t\"a\" :\r\n 1 }", `{"a":"\b\f\n\r\t\/\\\""}`,
	`{"12345678":"12345678","1234567":"1234567\\","123456789012345\"":1}`, `{"a":"` + strings.Repeat("x", 100) + `é` + strings.Repeat("y", 9) + `"}`,
	`{"a":1,"a":2,"\u0061":3}`, `{"":{"":{"":""}}}`, `{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
	`{"a":` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat("}", 40) + `}`,
}

func FuzzParseObject(f *testing.F) {
	for _, s := range jsonSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkParse(t, b)
	})
}

// checkParse compares the scanner with encoding/json.
func checkParse(t *testing.T, b []byte) {
	t.Helper()
	members, ok := parseObject(nil, b)
	trimmed := bytes.TrimLeft(b, " \t\r\n")
	want := json.Valid(b) && len(trimmed) > 0 && trimmed[0] == '{'
	if want && deeper(b) {
		return // the limits differ
	}
	if ok != want {
		t.Fatalf("object is %v, want %v: %q", ok, want, b)
	}
	if !ok {
		return
	}
	members = unique(members)
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if len(members) != len(all) {
		t.Fatalf("%d members, want %d: %q", len(members), len(all), b)
	}
	for _, m := range members {
		name := string(m.name.inner())
		raw, there := all[name]
		if !there || !utf8.ValidString(name) || !bytes.Equal(raw, m.value.raw) {
			t.Fatalf("member %q is %q, want %q", name, m.value.raw, raw)
		}
		if m.value.kind == text {
			var s string
			if err := json.Unmarshal(raw, &s); err != nil || s != string(m.value.bytes()) {
				t.Fatalf("%s is %q, want %q (%v)", raw, m.value.bytes(), s, err)
			}
		}
	}
	var line []byte
	if line = appendLine(nil, b); bytes.ContainsAny(line, "\r\n") || !json.Valid(line) {
		t.Fatalf("as a line: %q", line)
	}
}

// deeper reports whether b has more brackets than may be open.
func deeper(b []byte) bool {
	return bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) >= jsonlex.MaxDepth
}

func TestParseObject(t *testing.T) {
	for _, s := range jsonSeeds {
		checkParse(t, []byte(s))
	}
	nested := func(n int) []byte {
		return []byte(`{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`)
	}
	if _, ok := parseObject(nil, nested(jsonlex.MaxDepth)); !ok {
		t.Error("refuses what is as deep as allowed")
	}
	if _, ok := parseObject(nil, nested(1_000_000)); ok {
		t.Error("takes what is a million levels deep")
	}
}

// The last of members with one name counts, however many there are.
func TestUnique(t *testing.T) {
	for _, n := range []int{3, 10, 100, 1000} {
		var b strings.Builder
		b.WriteByte('{')
		for i := range n {
			b.WriteString(`"k` + string(rune('a'+i%3)) + `":` + strings.Repeat("1", 1+i/(n-3+1)) + `,`)
		}
		b.WriteString(`"end":0}`)
		members, ok := parseObject(nil, []byte(b.String()))
		if !ok {
			t.Fatal("no object")
		}
		if got := len(unique(members)); got != 4 {
			t.Errorf("%d members of %d, want 4", got, n)
		}
	}
}

func TestQuoted(t *testing.T) {
	for _, s := range []string{"", "plain", `"\`, "\x00\x1f\x7f\n\r\t", "é😀\u2028", "\xff\xc3("} {
		var got string
		if err := json.Unmarshal(appendQuoted(nil, []byte(s)), &got); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		if want := strings.Map(func(r rune) rune { return r }, s); got != want { // Map replaces what is no UTF-8
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	for s, want := range map[string]string{
		"2026-03-04T12:00:00.6047124Z":       "2026-03-04T12:00:00.6047124Z",
		"2026-03-04T12:00:00Z":               "2026-03-04T12:00:00Z",
		"2026-03-04 12:00:00.5":              "2026-03-04T12:00:00.5Z",
		"2026-03-04T12:00:00,25z":            "2026-03-04T12:00:00.25Z",
		"2026-03-04T12:00:00.123456789123Z":  "2026-03-04T12:00:00.123456789Z",
		"2026-03-04T12:00:00+05:30":          "2026-03-04T06:30:00Z",
		"2026-03-04T12:00:00.1-01:00":        "2026-03-04T13:00:00.1Z",
		"2024-02-29T00:00:00Z":               "2024-02-29T00:00:00Z",
		"2026-02-29T00:00:00Z":               "",
		"2026-13-04T12:00:00Z":               "",
		"2026-00-04T12:00:00Z":               "",
		"2026-03-00T12:00:00Z":               "",
		"2026-03-04T24:00:00Z":               "",
		"2026-03-04T12:60:00Z":               "",
		"2026-03-04T12:00:0xZ":               "",
		"2026-03-04T12:00:00.Z":              "",
		"2026-03-04T12:00:00 GMT":            "",
		"2026-03-04T12:00:00+24:00":          "",
		"2026-03-04T12:00:00+0a:00":          "",
		"2026/03/04T12:00:00":                "",
		"1772625600":                         "",
		"":                                   "",
		"Wed, 04 Mar 2026 12:00:00 GMT     ": "",
	} {
		got, ok := parseTime([]byte(s))
		text := ""
		if ok {
			text = got.Format(time.RFC3339Nano)
		}
		if text != want {
			t.Errorf("%q is %q, want %q", s, text, want)
		}
	}
	for y, want := range map[int]bool{1: false, 1969: false, 1970: true, 2261: true, 2262: false, 9999: false} {
		if got := unixNano(time.Date(y, 6, 1, 0, 0, 0, 0, time.UTC)) != 0; got != want {
			t.Errorf("year %d: %v", y, got)
		}
	}
}

func TestPosition(t *testing.T) {
	for _, it := range items(5) {
		it.Position.Epoch = 0xfedcba9876543210
		if d := cmp.Diff(it.Position.String(), string(appendPosition(nil, it.Position))); d != "" {
			t.Error(d)
		}
	}
}
