package scalar

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"reslog/kql"
)

func lit(text string) kql.ParsePart { return kql.ParsePart{Literal: text} }

var (
	star   = kql.ParsePart{Star: true}
	column = kql.ParsePart{}
	number = kql.ParsePart{Digits: true}
)

func simple(columns int, parts ...kql.ParsePart) kql.ParsePattern {
	return kql.ParsePattern{Columns: columns, Parts: parts}
}

func callParse(t testing.TB, name string, text string, spec any) any {
	t.Helper()
	raw, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range parseFuncs() {
		if f.Name == name {
			return f.Call([]any{text, string(raw)})
		}
	}
	t.Fatalf("no function %s", name)
	return nil
}

func TestParsePattern(t *testing.T) {
	event := "Event: NotifySlice (resourceName=Scheduler, totalSlices=27, sliceNumber=-3, lockTime=02/17/2016 08:40:01)"
	cases := []struct {
		name string
		text string
		spec kql.ParsePattern
		want any // JSON, or nil
	}{
		{"columns between literals", "name=alice age=30", simple(2, lit("name="), column, lit(" age="), column), `["alice","30"]`},
		{"a missing anchor is no match", "garbage", simple(2, lit("name="), column, lit(" age="), column), nil},
		{"the second anchor is missing", "name=alice", simple(2, lit("name="), column, lit(" age="), column), nil},
		{"the first occurrence ends a column", "a###b###c", simple(2, column, lit("###"), column), `["a","b###c"]`},
		{"a column first takes from the start", "GET /a 200", simple(2, column, lit(" /a "), column), `["GET","200"]`},
		{"without a star the start is the start", "xname=a", simple(1, lit("name="), column), nil},
		{"a star first skips", "xname=a", simple(1, star, lit("name="), column), `["a"]`},
		{"a literal at the end is at the end", "<<a>>=<<b>>", simple(2, lit("<<"), column, lit(">>=<<"), column, lit(">>")), `["a","b"]`},
		{"a literal at the end may come earlier too", "r=x. y.", simple(1, lit("r="), column, lit(".")), `["x. y"]`},
		{"text behind the last literal is no match", "a=1;rest", simple(1, lit("a="), column, lit(";")), nil},
		{"a star at the end takes text behind", "a=1;rest", simple(1, lit("a="), column, lit(";"), star), `["1"]`},
		{"the last column takes the rest", "a=1;b=2;c", simple(1, lit("a="), column), `["1;b=2;c"]`},
		{"an empty column", "a=;", simple(1, lit("a="), column, lit(";")), `[""]`},
		{"only a star", "anything", simple(0, star), `[]`},
		{"only a literal", "abc", simple(0, lit("abc")), `[]`},
		{"only a literal, of another text", "abcd", simple(0, lit("abc")), nil},
		{"only a column", "anything", simple(1, column), `["anything"]`},
		{"an empty text", "", simple(1, column), `[""]`},
		{"no parts match an empty text", "", simple(0), `[]`},
		{"digits end before a star", event, simple(2, star, lit("totalSlices="), number, star, lit("sliceNumber="), number, star), `["27","-3"]`},
		{"no digits before a star", "n=x,m=1", simple(1, lit("n="), number, star), `[""]`},
		{"a sign alone is no number", "n=-,m=1", simple(1, lit("n="), number, star), `[""]`},
		{"quotes, controls and letters stay", "k=\"é<&>\t\"", simple(1, lit("k="), column), `["\"é<&>\t\""]`},
		{"a line break is a character", "a=1\nb=2", simple(2, lit("a="), column, lit("\nb="), column), `["1","2"]`},
		{
			"a regular expression is greedy", event,
			kql.ParsePattern{Columns: 1, Regex: `.*?(?:resourceName=)(?P<c0>.*)(?:,).*?`},
			`["Scheduler, totalSlices=27, sliceNumber=-3"]`,
		},
		{
			"flags turn it around", event,
			kql.ParsePattern{Columns: 1, Regex: `(?Ui).*?(?:RESOURCENAME=)(?P<c0>.*)(?:,).*?`},
			`["Scheduler"]`,
		},
		{
			"groups of the query do not count", "ab12",
			kql.ParsePattern{Columns: 2, Regex: `(?:(a)(x)?)(?P<c0>.*)(?:(1))(?P<c1>-?[0-9]+)`},
			`["b","2"]`,
		},
		{"a regular expression without a match", "abc", kql.ParsePattern{Columns: 1, Regex: `(?:x)(?P<c0>.*)`}, nil},
		{"one that does not compile", "abc", kql.ParsePattern{Columns: 1, Regex: `(`}, nil},
		{"one whose groups are missing", "abc", kql.ParsePattern{Columns: 1, Regex: `a`}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := callParse(t, "kql_parse_pattern", c.text, c.spec)
			if !sameJSON(t, got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestParseKv(t *testing.T) {
	delimited := func(pair, kv string, keys ...string) kql.ParseKv {
		return kql.ParseKv{Keys: keys, PairDelimiter: pair, KeyDelimiter: kv}
	}
	quoted := delimited(" ", "=", "a", "b")
	quoted.Open, quoted.Close, quoted.Escape = `"`, `"`, `\`
	brackets := delimited(",", ":", "a", "b")
	brackets.Open, brackets.Close = "[", "]"
	greedy := delimited(" ", "=", "name", "phone", "city")
	greedy.Greedy = true
	cases := []struct {
		name string
		text string
		spec kql.ParseKv
		want string
	}{
		{"pairs", "x:10|y:20|z:30", delimited("|", ":", "x", "y", "z"), `["10","20","30"]`},
		{"in any order, some missing", "y:20|x:10", delimited("|", ":", "x", "y", "z"), `["10","20",null]`},
		{"no pair at all", "nothing here", delimited(";", "=", "a"), `[null]`},
		{"the first of a key counts", "a=1;b=2;a=3", delimited(";", "=", "a"), `["1"]`},
		{"spaces around are dropped", " a = 11 ; b = 22 ", delimited(";", "=", "a", "b"), `["11","22"]`},
		{"spaces as the delimiter of pairs", "  a  =  v  ", delimited(" ", "=", "a"), `["v"]`},
		{"words that are no pair", "junk a=hello b=foo bar", delimited(" ", "=", "a", "b"), `["hello","foo"]`},
		{"an empty value", "a=;b=yes", delimited(";", "=", "a", "b"), `["","yes"]`},
		{"delimiters of several characters", "[a=1][b=2]", delimited("][", "=", "a", "b"), `[null,"2]"]`},
		{"keys have a case", "A=1;a=2", delimited(";", "=", "a"), `["2"]`},
		{"quotes hold delimiters", `a="x y=z" b=2`, quoted, `["x y=z","2"]`},
		{"an escape in quotes", `a="say \"bye\"" b=2`, quoted, `["say \"bye\"","2"]`},
		{"a quote that is not closed", `a="x b=2`, quoted, `["\"x","2"]`},
		{"two different quotes", `a:[1,2],b:3`, brackets, `["1,2","3"]`},
		{"a key in quotes", `[a]:1,[b]:2`, brackets, `["1","2"]`},
		{"values up to a space", "name=John Doe phone=555 5555 city=New York", delimited(" ", "=", "name", "phone", "city"), `["John","555","New"]`},
		{"greedy values reach to the next key", "name=John Doe phone=555 5555 city=New York", greedy, `["John Doe","555 5555","New York"]`},
		{
			"a regular expression", `"first key: 1", "second key: x"`,
			kql.ParseKv{Keys: []string{"second key", "first key"}, Regex: `"([\w ]+)\s*:\s*([^"]*)"`},
			`["x","1"]`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := callParse(t, "kql_parse_kv", c.text, c.spec)
			if !sameJSON(t, got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	if got := callParse(t, "kql_parse_kv", "a=1", kql.ParseKv{Keys: []string{"a"}, Regex: "("}); got != nil {
		t.Errorf("a regular expression that does not compile gives %v", got)
	}
}

// sameJSON compares a dynamic value with JSON text, nil with nil.
func sameJSON(t *testing.T, got, want any) bool {
	t.Helper()
	if got == nil || want == nil {
		return got == want
	}
	var g, w any
	if err := json.Unmarshal([]byte(got.(string)), &g); err != nil {
		t.Fatalf("%v: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want.(string)), &w); err != nil {
		t.Fatalf("%v: %v", want, err)
	}
	return fmt.Sprint(g) == fmt.Sprint(w)
}

// TestParsePatternsKept holds more patterns than are kept: all answer right.
func TestParsePatternsKept(t *testing.T) {
	funcs := parseFuncs()
	for round := range 2 {
		for i := range 2 * maxCompiled {
			spec, err := json.Marshal(simple(1, lit(fmt.Sprintf("k%d=", i)), column))
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf(`["%d"]`, round)
			if got := funcs[0].Call([]any{fmt.Sprintf("k%d=%d", i, round), string(spec)}); got != want {
				t.Fatalf("pattern %d: got %v, want %s", i, got, want)
			}
		}
	}
}

// FuzzParsePattern writes a text out of what a pattern captured and finds the same
// text again.
func FuzzParsePattern(f *testing.F) {
	f.Add("name=alice age=30", "name=", " age=", "", uint8(0))
	f.Add("xx[level=err] msg", "[level=", "] ", "", uint8(1))
	f.Add("a=1;b=22;c", "a=", ";b=", ";", uint8(2))
	f.Add("a=-12x;b=22;c", "a=", ";b=", ";c", uint8(5))
	f.Fuzz(func(t *testing.T, text, first, second, last string, shape uint8) {
		if first == "" || second == "" {
			return
		}
		var parts []kql.ParsePart
		if shape&1 != 0 {
			parts = append(parts, star)
		}
		parts = append(parts, lit(first))
		if shape&4 != 0 {
			parts = append(parts, number, star)
		} else {
			parts = append(parts, column)
		}
		parts = append(parts, lit(second), column)
		if last != "" {
			parts = append(parts, lit(last))
		}
		if shape&2 != 0 && last != "" {
			parts = append(parts, star)
		}
		texts := matchParts(parts, 2, text)
		if texts == nil {
			return
		}
		if len(texts) != 2 {
			t.Fatalf("%q: %q", text, texts)
		}
		// Everything captured is in the text, in order, around the literals.
		rest := text
		for _, piece := range []string{first, texts[0], second, texts[1], last} {
			at := strings.Index(rest, piece)
			if at < 0 {
				t.Fatalf("%q has no %q after what comes before: %q", text, piece, texts)
			}
			rest = rest[at+len(piece):]
		}
		if shape&1 == 0 && !strings.HasPrefix(text, first) {
			t.Fatalf("%q matched and does not begin with %q", text, first)
		}
	})
}
