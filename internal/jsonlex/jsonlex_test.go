package jsonlex

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func asIs(dst []byte, s string) []byte { return append(dst, s...) }

func TestValue(t *testing.T) {
	for _, s := range []string{
		"", " ", "nul", "null", "true", "false", "truex", "-", "-0", "0", "00", "01", "1.", "1.5", ".5", "1e", "1e5", "1E+5", "-1.25e-7", "1e5.",
		`""`, `"`, `"a`, `"\`, `"\"`, `"\""`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\u00e9"`, "\"a\nb\"", "\"a\x00b\"", "\"\xff\"", `"0123456789é\n01234567"`,
		"[]", "[ ]", "[1,]", "[,]", "[1 2]", "[1,2", "]", "{}", "{ }", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a" : [ {"b":null} ] }`, `{a:1}`, `{"a":1 "b":2}`, "[1]]",
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1),
	} {
		check(t, s)
	}
}

// check compares with encoding/json, for texts that nest no deeper than is allowed.
func check(t *testing.T, s string) {
	t.Helper()
	start := SkipSpace(s, 0)
	end := Value(s, start, 0)
	got := end >= 0 && SkipSpace(s, end) == len(s)
	if twin := Value([]byte(s), start, 0); twin != end {
		t.Errorf("%.60q ends at %d, as bytes at %d", s, end, twin)
	}
	want := json.Valid([]byte(s))
	if strings.Count(s, "[")+strings.Count(s, "{") > MaxDepth {
		if got && !want {
			t.Errorf("%.60q is taken for JSON", s)
		}
		return
	}
	if got != want {
		t.Errorf("%.60q: %v, want %v", s, got, want)
	}
	if !got || s[start] != '"' {
		return
	}
	end, escaped, ascii := String(s, start+1)
	inner := s[start+1 : end-1]
	if escaped != strings.Contains(inner, `\`) {
		t.Errorf("%.60q: escapes %v", s, escaped)
	}
	if ascii != (strings.IndexFunc(inner, func(r rune) bool { return r >= utf8.RuneSelf }) < 0) {
		t.Errorf("%.60q: ASCII %v", s, ascii)
	}
	var text string
	if err := json.Unmarshal([]byte(s[start:end]), &text); err != nil {
		t.Fatal(err)
	}
	if got := string(AppendUnescaped(nil, inner, asIs)); utf8.ValidString(inner) && got != text {
		t.Errorf("%.60q says %q, want %q", s, got, text)
	}
}

func TestUnescaped(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "plain": "plain", `\"\\\/\b\f\n\r\t`: "\"\\/\b\f\n\r\t", `a\u00e9z`: "aéz", `\ud83d\ude00`: "😀", `\ud83d`: "\uFFFD", `\ud83dx`: "\uFFFDx", `\ud83d\u0041`: "\uFFFDA",
		`\ude00\ud83d`: "\uFFFD\uFFFD", `\ud83d\n`: "\uFFFD\n",
	} {
		if got := string(AppendUnescaped([]byte("before "), s, asIs)); got != "before "+want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
		if got := string(AppendUnescaped(nil, []byte(s), func(dst, s []byte) []byte { return append(dst, s...) })); got != want {
			t.Errorf("%q as bytes: %q, want %q", s, got, want)
		}
	}
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,null,true],"é":"\u00e9\n"}`, `"0123456789\"abc"`, "[[[]]]", `"\ud83d\ude00"`} {
		f.Add(s)
	}
	f.Fuzz(check)
}
