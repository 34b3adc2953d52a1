package syntax

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestBounds(t *testing.T) {
	nested := func(open, middle, end string, n int) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(end, n)
	}
	for name, c := range map[string]struct {
		query, want string
	}{
		"parentheses":         {"print " + nested("(", "1", ")", 100), ""},
		"too many":            {"print " + nested("(", "1", ")", 1<<18), "words and signs"},
		"too many left open":  {"print " + strings.Repeat("(", 150_000), "nested deeper"},
		"signs":               {"print " + nested("-", "1", "", 150_000), "nested deeper"},
		"calls":               {"print " + nested("f(", "1", ")", 100_000), "words and signs"},
		"fewer calls":         {"print " + nested("f(", "1", ")", 50_000), "nested deeper"},
		"indices":             {"print " + nested("a[", "1", "]", 50_000), "nested deeper"},
		"sub-queries":         {nested("T | join (", "U", ") on a", 1000), "nested deeper"},
		"functions":           {nested("let f = () {", "1", "};", 1000), "nested deeper"},
		"unions":              {nested("union (", "U", ")", 1000), "nested deeper"},
		"partitions":          {nested("T | partition by a { ", "U", "}", 1000), "nested deeper"},
		"expansions":          {"T" + nested("| mv-apply a on (where 1 ", "", ")", 1000), "nested deeper"},
		"a dynamic":           {"print dynamic(" + nested("[", "", "]", 1000) + ")", "brackets"},
		"right side":          {"print " + nested("a == 1 or b + (", "1", ")", 1000), "nested deeper"},
		"a long or":           {"T | where " + strings.Repeat("a == 1 or ", 5000) + "true", ""},
		"too long an or":      {"T | where " + strings.Repeat("a or ", 20_000) + "true", "operators in a row"},
		"a long path":         {"print a" + strings.Repeat(".b", 20_000), "parts"},
		"many operators":      {"T" + strings.Repeat("| take 1", 50_000), ""},
		"words":               {strings.Repeat("a;", 150_000), "words and signs"},
		"bytes":               {strings.Repeat(" ", MaxSource+1), "bytes"},
		"a long string":       {"print '" + strings.Repeat("a", MaxSource-10) + "'", ""},
		"what is only named":  {"T | fork " + nested("(", "", ")", 90_000), ""},
		"not UTF-8":           {"print '\xff'", "UTF-8"},
		"a list of functions": {strings.Repeat("let f = (a:long) { a };", 10_000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := Parse(c.query)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if wrong := roundTrip(q); wrong != "" {
					t.Errorf("%.300s", wrong)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want one of %s", err, c.want)
			}
		})
	}
}

func TestLexIsLinear(t *testing.T) {
	for _, piece := range []string{"a-", "int(a ", "dynamic([", "project-", "'a", "h@", "1.", "(a,", "!has", "é", "~~", "@'a", "// a\n", "time(\n"} {
		begin := time.Now()
		Lex(strings.Repeat(piece, MaxSource/len(piece)))
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s: %v for a million bytes", piece, took)
		}
	}
}

func TestErrorPlace(t *testing.T) {
	source := "T // größe\n| where größe == 'ü' and\n\tsumarize"
	_, err := Parse(source + " 5")
	e := (*Error)(nil)
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if line, column := Place(e.Source, e.Start); line != 3 || column != 11 || e.Token() != "5" {
		t.Errorf("%d:%d %q: %v", line, column, e.Token(), e)
	}
	_, err = Parse("T\n| where größe == 1 | sumarize")
	if !errors.As(err, &e) || e.Token() != "sumarize" || e.Near != "summarize" || !strings.HasPrefix(e.Error(), "2:22: ") {
		t.Errorf("%q: %v", e.Token(), e)
	}
}

func TestNear(t *testing.T) {
	operators := Operators()
	for name, want := range map[string]string{
		"sumarize": "summarize", "summarise": "summarize", "wher": "where", "Where": "where", "projct": "project", "extned": "extend",
		"mvexpand-": "mvexpand", "project_away": "project-away", "xyz": "", "": "", "t": "", strings.Repeat("summarize", 20): "",
	} {
		if got := Near(name, operators); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := Near("größe", []string{"große", "grosse"}); got != "große" {
		t.Errorf("%q", got)
	}
	if got := Near("Statuscode", []string{"StatusCodes", "StatusCode"}); got != "StatusCode" {
		t.Errorf("%q", got)
	}
}

func TestLex(t *testing.T) {
	source := "T | project-away a-b // c\n| where x !has_cs 'y' and h'z' in~ (1.5h, datetime(2024), 0x1, 2e3) ~ 'open"
	kinds := []string{"eof", "invalid", "comment", "word", "long", "real", "timespan", "string", "typed", "symbol"}
	var got []string
	for _, k := range Lex(source) {
		got = append(got, kinds[k.Kind]+" "+source[k.Start:k.End])
	}
	want := []string{
		"word T", "symbol |", "word project-away", "word a", "symbol -", "word b", "comment // c", "symbol |", "word where", "word x",
		"symbol !has_cs", "string 'y'", "word and", "string h'z'", "symbol in~", "symbol (", "timespan 1.5h", "symbol ,",
		"typed datetime(2024)", "symbol ,", "long 0x1", "symbol ,", "real 2e3", "symbol )", "invalid ~", "invalid 'open", "eof ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

func TestWords(t *testing.T) {
	for _, word := range Keywords() {
		if !IsKeyword(word) {
			t.Errorf("%s is no keyword", word)
		}
	}
	for _, word := range Operators() {
		if !IsOperator(word) {
			t.Errorf("%s is no operator", word)
		}
		// None is unknown to the parser: what is wrong is what follows it.
		_, err := Parse("T | " + word + " '")
		if err == nil {
			t.Errorf("%s takes what is no string", word)
		}
		if _, err = Parse("T | " + word); err != nil && strings.Contains(err.Error(), "an operator, found "+word) {
			t.Error(err)
		}
	}
	if IsOperator("print") == false || IsOperator("Where") || IsKeyword("StorageBlobLogs") || !IsKeyword("notcontains") {
		t.Error("what is an operator or a keyword")
	}
}

// benchmarked is a query of about a thousand bytes.
const benchmarked = `// Slow and failed requests of each caller, with the address it came from
let lookback = 7d;
let known = dynamic(['10.0.0.4', '10.0.0.5']);
let failed = StorageBlobLogs
| where TimeGenerated > ago(lookback) and StatusCode !in ('200', '201', '206')
| extend Caller = tostring(split(CallerIpAddress, ':')[0]), Code = toint(StatusCode)
| where Caller !in (known)
| summarize Failures = count(), Codes = make_set(Code) by Caller, bin(TimeGenerated, 1h);
StorageBlobLogs
| where TimeGenerated between (ago(lookback) .. now())
| where OperationName has_any ('PutBlob', 'GetBlob') or UserAgentHeader contains "azcopy"
| extend Caller = tostring(split(CallerIpAddress, ':')[0])
| parse Uri with * '.blob.core.windows.net/' Container '/' *
| summarize Requests = count(), Slow = countif(DurationMs > 1000), percentile(DurationMs, 95) by Caller, Container, bin(TimeGenerated, 1h)
| join kind=leftouter (failed) on Caller, TimeGenerated
| project-away Caller1, TimeGenerated1
| order by Requests desc nulls last
| take 100
`

func BenchmarkParse(b *testing.B) {
	b.SetBytes(int64(len(benchmarked)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(benchmarked); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	q, err := Parse(benchmarked)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if Format(q) == "" {
			b.Fatal("empty")
		}
	}
}
