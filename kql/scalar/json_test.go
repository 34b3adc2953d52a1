package scalar

import (
	"math"
	"strings"
	"testing"

	"reslog/internal/ticks"
	"reslog/kql"
)

func TestCanonicalText(t *testing.T) {
	for in, want := range map[string]string{
		` { "b" : 2 , "a" : [ 1 , 2.0 , null, true , "x" ] } `: `{"b":2,"a":[1,2.0,null,true,"x"]}`,
		`[1e3,-2.5E-2,0.0000001,5.0,1.50,-0.0,-0,1e21,1e20]`:   `[1000.0,-0.025,1e-7,5.0,1.5,-0.0,0,1e21,100000000000000000000.0]`,
		`[9223372036854775807,9223372036854775808]`:            `[9223372036854775807,9223372036854776000.0]`,
		`{"a":1,"b":2,"a":3}`:                                  `{"a":3,"b":2}`,
		`"\u00e9\ud83d\ude00\/\n\t\u0001\"\\"`:                 `"é😀/\n\t\u0001\"\\"`,
		`"\ud800x\ud800\u0041"`:                                "\"\uFFFDx\uFFFDA\"",
		`{}`:                                                   `{}`,
		`[]`:                                                   `[]`,
		`"é😀"`:                                                 `"é😀"`,
		`null`:                                                 `null`,
	} {
		v, ok := Parse(in)
		if !ok || v.Text() != want {
			t.Errorf("Parse(%s) is %s, %v; want %s", in, v.Text(), ok, want)
			continue
		}
		again, ok := Parse(want)
		if !ok || again.Text() != want || !Equal(v, again) {
			t.Errorf("%s does not read back: %s, %v", want, again.Text(), ok)
		}
	}
}

func TestCanonical(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	for _, s := range []string{`{"a":[1,-2,0,true,null,{}],"b":{"c":"x\n\"é"},"d":[]}`, "1.5", "-10.25", "0.5", "2.0", "123456789012345678", deep} {
		if v, ok := Parse(s); !canonical(s) || !ok || v.Text() != s {
			t.Errorf("%.40s is not taken as it is", s)
		}
	}
	for _, s := range []string{
		`{"a":1,"a":2}`, `{"a": 1}`, "-0", "01", "1.50", "0.05", "1e3", "1.5e3", `"\/"`, `"\u0041"`, `"\u001F"`, "9223372036854775808", "", "x", "[1,]", "{", `{"a"}`, `"a`, `"\`, "1 ", "nulls",
		"[" + deep + "]", "{" + strings.Repeat(`"k":1,`, 40) + "}", "1.", "-", "0.0",
	} {
		if canonical(s) {
			t.Errorf("%.40s is taken as it is", s)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "not json", "{", "[1,]", "[1 2]", "{'a':1}", `{"a" 1}`, `{"a":1,}`, `{1:2}`, "01", "-", "+1", "1.", ".5", "1e", "1e400",
		"tru", "nul", "\"a\tb\"", `"\x"`, `"\u12"`, `"a`, `"a\`, "[1] x", "NaN", "\u00a01",
		strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1),
		strings.Repeat(`{"a":`, 100_000),
	} {
		if v, ok := Parse(in); ok {
			t.Errorf("Parse(%.40q) is %.40s", in, v.Text())
		}
	}
	deep := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	if v, ok := Parse(deep); !ok || v.Text() != deep {
		t.Errorf("depth %d is refused", MaxDepth)
	}
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		t    kql.Type
		x    any
		want string
	}{
		{kql.Long, nil, "null"},
		{kql.Bool, true, "true"},
		{kql.Int, int64(-5), "-5"},
		{kql.Real, 2.0, "2.0"},
		{kql.Real, math.NaN(), `"NaN"`},
		{kql.Real, math.Inf(-1), `"-Infinity"`},
		{kql.String, "a\"b", `"a\"b"`},
		{kql.Datetime, int64(0), `"0001-01-01T00:00:00.0000000Z"`},
		{kql.Datetime, int64(ticks.Max), `"9999-12-31T23:59:59.9999999Z"`},
		{kql.Timespan, int64(ticks.Day + 1), `"1.00:00:00.0000001"`},
		{kql.Guid, "00000000-0000-0000-0000-000000000001", `"00000000-0000-0000-0000-000000000001"`},
		{kql.Dynamic, `{"a":[1]}`, `{"a":[1]}`},
		{kql.Dynamic, `no json`, `"no json"`},
	} {
		if got := Of(c.t, c.x).Text(); got != c.want {
			t.Errorf("Of(%v, %v) is %s, want %s", c.t, c.x, got, c.want)
		}
	}
}

func TestBagKeepsOrder(t *testing.T) {
	var b bagBuilder
	for i := range 40 {
		b.set(strings.Repeat("k", i+1), OfLong(int64(i)), true)
	}
	b.set("k", OfLong(-1), false)
	b.set("kk", OfLong(-2), true)
	v := b.bag()
	if len(v.Keys) != 40 || v.Get("k").Long != 0 || v.Get("kk").Long != -2 || v.Keys[39] != strings.Repeat("k", 40) {
		t.Errorf("bag is %s", v.Text())
	}
	w := v.Set("k", OfString("new")).Set("z", OfBool(false))
	if v.Get("k").Long != 0 || v.Find("z") >= 0 || w.Get("k").Str != "new" || w.Keys[40] != "z" {
		t.Errorf("Set changed its receiver, or not the copy: %s", w.Text())
	}
}

// Values of a real engine: the documentation's examples, run on Microsoft's
// emulator.
func TestFormatReal(t *testing.T) {
	third, tenths := 1.0, 0.1
	third /= 3
	tenths += 0.2
	for want, f := range map[string]float64{
		"0.3333333333333333":  third,
		"0.30000000000000007": tenths,
		"40.764323000000008":  40.764323000000005,
		"50.62500000000001":   50.62500000000001,
		"10.000000000000002":  10.000000000000002,
		"40.79686":            40.796860,
		"1500.0":              1500,
		"-0.0":                math.Copysign(0, -1),
		"inf":                 math.Inf(1),
		"-inf":                math.Inf(-1),
		"NaN":                 math.NaN(),
		"0.000001":            1e-6,
		"1.5e-7":              1.5e-7,
	} {
		if got := FormatReal(f); got != want {
			t.Errorf("FormatReal(%g) is %s, want %s", f, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x\u00e9",null,true]}`, `[[[]]]`, `"\ud83d\ude00"`, "1e-7", "[0.5,10.25,-0.0,-0,0.05,100.0,1.50]", `{"a":1,"a":2,"b":"\n\"\/"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := Parse(s)
		if canonical(s) && (!ok || v.Text() != s) {
			t.Errorf("%q is taken as it is, and is %q", s, v.Text())
		}
		if !ok {
			return
		}
		text := v.Text()
		w, ok := Parse(text)
		if !ok || w.Text() != text {
			t.Errorf("%q gives %q, which reads as %q", s, text, w.Text())
		}
	})
}
