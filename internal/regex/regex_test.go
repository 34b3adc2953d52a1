package regex_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"reslog/internal/regex"
)

func compile(t testing.TB, expr string) *regex.Regexp {
	t.Helper()
	r, err := regex.Compile(expr)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func found(r *regex.Regexp, s string) []string {
	var out []string
	for _, m := range r.All(s, -1) {
		out = append(out, s[m[0]:m[1]])
	}
	return out
}

func TestUnicodeClasses(t *testing.T) {
	for _, c := range []struct {
		expr, s string
		want    []string
	}{
		{`\d+`, "ＡＢ１２x3", []string{"１２", "3"}},
		{`\w+`, "café au_lait!", []string{"café", "au_lait"}},
		{`\W+`, "café, né", []string{", "}},
		{`\s`, "a\u00a0b\tc", []string{"\u00a0", "\t"}},
		{`[\s,]+`, "a,\u00a0b", []string{",\u00a0"}},
		{`[^\W_]+`, "é_b", []string{"é", "b"}},
		{`[\S]+`, "é b", []string{"é", "b"}},
		{`[\D]+`, "１a2", []string{"a"}},
		{`[]a]+`, "x]a", []string{"]a"}},
		{`[^]a]+`, "x]ay", []string{"x", "y"}},
		{`[[:digit:]x]+`, "1x２", []string{"1x"}},
		{`\u00e9\U0000006e\u{6f}\x{70}`, "énop", []string{"énop"}},
		{`(?<a>x)(?P<b>y)`, "xy", []string{"xy"}},
		{`(?i)É`, "é", []string{"é"}},
		{`\bné\b`, "né néo né", []string{"né", "né"}},
		{`\b\w`, "été école", []string{"é", "é"}},
		{`x*\b`, "é xx", []string{"", "", "xx"}},
		{`a|ab`, "ab", []string{"a"}},
		{`\b(?:a|ab)é`, "abé aé", []string{"abé", "aé"}},
		{`\B.`, "né", []string{"é"}},
	} {
		if got := found(compile(t, c.expr), c.s); !slices.Equal(got, c.want) {
			t.Errorf("%s in %q finds %q, want %q", c.expr, c.s, got, c.want)
		}
	}
}

// The complements are those of IsWord and of white space.
func TestComplements(t *testing.T) {
	word, space := compile(t, `^[\W]$`), compile(t, `^[\S]$`)
	for r := rune(1); r <= unicode.MaxRune; r += 1 + r/3000 {
		if r >= 0xd800 && r < 0xe000 {
			continue
		}
		if word.Match(string(r)) == regex.IsWord(r) {
			t.Errorf(`[\W] is wrong about %U`, r)
		}
		if space.Match(string(r)) == unicode.Is(unicode.White_Space, r) {
			t.Errorf(`[\S] is wrong about %U`, r)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, expr := range []string{
		`(`, `[a`, `a\`, `[a&&b]`, `[a[bc]]`, `[a--b]`, `(?=a)`, `(?<=a)b`, `(?x)a`, `\Qa\E`, `\<a`, `\b{start}`, `[\b]`, `\u12`, `\u{}`, `\u{110000}`,
		`\y`, `a**`, strings.Repeat("a", regex.MaxLength+1), `a{2000}`,
	} {
		if _, err := regex.Compile(expr); err == nil {
			t.Errorf("%.40s is taken", expr)
		}
	}
}

func TestGroups(t *testing.T) {
	r := compile(t, `(?P<first>\w)(x)?`)
	if r.Groups() != 2 || r.Group("first") != 1 || r.Group("") != -1 || r.Group("z") != -1 {
		t.Errorf("%d groups, first is %d", r.Groups(), r.Group("first"))
	}
	if m := r.Find("éb"); !slices.Equal(m, []int{0, 2, 0, 2, -1, -1}) {
		t.Errorf("found %v", m)
	}
	if compile(t, "q").Match("abc") || compile(t, "q").Find("abc") != nil {
		t.Error("found what is not there")
	}
}

// The own matcher must agree with Go's where that knows the boundaries too.
func FuzzMatcher(f *testing.F) {
	for _, e := range []string{`\bab*\b`, `(a|b)+?\b(c)?`, `^\B|x$`, `(?i)\bA(b|(c))*`, `(?m)^a\b.*$`} {
		f.Add(e, "ab abc\nAB xab c")
	}
	f.Fuzz(func(t *testing.T, expr, s string) {
		if len(expr) > 60 || len(s) > 200 || strings.ContainsFunc(expr+s, func(r rune) bool { return r > unicode.MaxASCII }) {
			return
		}
		re2, boundary, err := regex.Translate(expr)
		if err != nil || !boundary {
			return
		}
		want, err := regexp.Compile(re2)
		if err != nil {
			return
		}
		// One character beyond ASCII, that no expression means, at the end.
		s += " \U0001F600"
		got := compile(t, expr)
		if strings.ContainsAny(expr, `$^.zDWSPp[`) {
			return
		}
		for i, m := range want.FindAllStringSubmatchIndex(s, -1) {
			if g := got.All(s, -1); i >= len(g) || !slices.Equal(g[i], m) {
				t.Fatalf("%q in %q: match %d is %v, want %v", expr, s, i, g, m)
			}
		}
	})
}
