package archives

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"reslog/analytics/rows"
)

// part is what a splitter gave out, and where it was then.
type part struct {
	text string
	at   int64
}

// parts are all parts of text from an offset on; "!" stands for a bad one. torn
// says that the end is unfinished.
func parts(t *testing.T, text string, from int64, lines bool) (all []part, torn bool) {
	t.Helper()
	s := &splitter{r: iotest.HalfReader(strings.NewReader(text[from:])), at: from}
	next := s.object
	if lines {
		next = s.line
	}
	for range len(text) + 10 {
		p, err := next()
		var bad *partError
		switch {
		case err == nil:
			all = append(all, part{string(p), s.at})
		case errors.As(err, &bad):
			all = append(all, part{"!", s.at})
		case errors.Is(err, io.EOF):
			return all, false
		case errors.Is(err, errTorn):
			return all, true
		default:
			t.Fatal(err)
		}
	}
	t.Fatalf("%.100q does not end", text)
	return nil, false
}

func texts(all []part) string {
	var list []string
	for _, p := range all {
		list = append(list, p.text)
	}
	return strings.Join(list, "|")
}

func TestObjects(t *testing.T) {
	long := `{"x":"` + strings.Repeat("y", rows.MaxLine) + `"}`
	for _, c := range []struct {
		text, want string
		torn       bool
	}{
		{"", "", false},
		{" \n\r\n", "", false},
		{"{\"a\":1}\n{\"a\":2}\r\n\n{\"a\":3}", `{"a":1}|{"a":2}|{"a":3}`, false},
		{"\xEF\xBB\xBF{\"a\":1}\n", `{"a":1}`, false},
		{`{"a":"}{\"\\"} {"b":[{}]}`, `{"a":"}{\"\\"}|{"b":[{}]}`, false},
		// Older archives and event hubs.
		{`{"records":[{"a":1},{"a":2}]}`, `{"a":1}|{"a":2}`, false},
		{"{ \"records\" : [\n  {\n    \"a\": 1\n  },\n  {\"a\":2}\n]\n}\n", "{\n    \"a\": 1\n  }|{\"a\":2}", false},
		{"[{\"a\":1},\n{\"a\":2}]", `{"a":1}|{"a":2}`, false},
		{`{"records":[]}`, "", false},
		{`{"records":1}`, `{"records":1}`, false},
		{`{"recorded":[1]}` + "\n" + `{"a":1}`, `{"recorded":[1]}|{"a":1}`, false},
		// By hand.
		{"{\n  \"a\": {\n    \"b\": 1\n  }\n}\n{\n  \"c\": 2\n}\n", "{\n  \"a\": {\n    \"b\": 1\n  }\n}|{\n  \"c\": 2\n}", false},
		// Broken lines cost themselves only.
		{"{\"a\":1\n{\"b\":2}\n", `!|{"b":2}`, false},
		{"{\"a\":\"x\n{\"b\":2}\n", `!|{"b":2}`, false},
		{"{\"a\":[1}\n{\"b\":2}\n", `!|{"b":2}`, false},
		{"{\"a\":[1\n }\n{\"b\":2}\n", `!|{"b":2}`, false},
		{"nothing\n{\"b\":2}\nnothing", `!|{"b":2}`, true},
		{"{\"a\":{\n\"b\":\n{\"c\":1}\n", `!|!|{"c":1}`, false},
		{"{\"a\":[\n" + strings.Repeat(" 1,\n", maxSpread/4+1) + "1]}\n{\"b\":2}", "!" + strings.Repeat("|!", maxSpread/4+2) + `|{"b":2}`, false},
		// What is unfinished.
		{`{"a":1}` + "\n" + `{"a":`, `{"a":1}`, true},
		{`{"records":[{"a":1},{"a":`, `{"a":1}`, true},
		{`{"a":"`, "", true},
		// Too long.
		{long + "\n{\"b\":2}\n", `!|{"b":2}`, false},
		{`[` + long + ",\n{\"b\":2}]\n", `!|!|{"b":2}`, false},
	} {
		got, torn := parts(t, c.text, 0, false)
		if texts(got) != c.want || torn != c.torn {
			t.Errorf("%.80q: %.200q, torn %v", c.text, texts(got), torn)
		}
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("y", rows.MaxLine+readSize)
	for _, c := range []struct {
		text, want string
		torn       bool
	}{
		{"", "", false},
		{"a\nb\n\nc\n", "a|b||c", false},
		{"a\nb", "a", true},
		{"a\n" + long + "\nb\n", "a|!|b", false},
		{"a\n" + long, "a|!", false},
	} {
		got, torn := parts(t, c.text, 0, true)
		if texts(got) != c.want || torn != c.torn {
			t.Errorf("%.80q: %.200q, torn %v", c.text, texts(got), torn)
		}
	}
}

// Wherever a batch ended, what follows is what would have followed.
func TestObjectsResume(t *testing.T) {
	var lines, array, spread strings.Builder
	array.WriteString("{\"records\":[\n")
	for i := range 20 {
		fmt.Fprintf(&lines, "{\"a\":%d,\"t\":\"{[\"}\r\n", i)
		fmt.Fprintf(&array, "%s{\"a\":%d,\n\"t\":[{}]}\n", [2]string{",", ""}[min(1, 1-min(i, 1))], i)
		fmt.Fprintf(&spread, "{\n \"a\":%d\n}\n", i)
	}
	array.WriteString("]}\n")
	for _, text := range []string{lines.String(), array.String(), spread.String(), `[{"a":1},{"a":2},{"a":3}]`} {
		all, _ := parts(t, text, 0, false)
		if len(all) < 3 {
			t.Fatalf("%d parts of %q", len(all), text)
		}
		for i, p := range all {
			rest, _ := parts(t, text, p.at, false)
			if !slices.Equal(rest, all[i+1:]) {
				t.Errorf("from %d: %q, want %q", p.at, texts(rest), texts(all[i+1:]))
			}
		}
	}
}

// Reading errors are not the end.
func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	for _, text := range []string{"", "{\"a\":", "{\"a\":1}\n", "[{\"a\":1},", "\xEF"} {
		s := &splitter{r: io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))}
		for range 5 {
			if _, err := s.object(); err != nil {
				if !errors.Is(err, broken) {
					t.Errorf("%q: %v", text, err)
				}
				break
			}
		}
		s = &splitter{r: io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))}
		for range 5 {
			if _, err := s.line(); err != nil {
				if !errors.Is(err, broken) {
					t.Errorf("%q: %v", text, err)
				}
				break
			}
		}
	}
}

// Whatever a blob holds, splitting it ends, goes forward, and loses nothing but
// what separates.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n{\"a\":{\n}}\n{\"records\":[{},{\n}]}"))
	f.Add([]byte("[{\"a\":1},\n{\"a\":2}]\nx\n{\"a\":\"\n{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, lines := range []bool{false, true} {
			all, _ := parts(t, string(data), 0, lines)
			last := int64(0)
			for _, p := range all {
				if p.at <= last || p.at > int64(len(data)) {
					t.Fatalf("at %d after %d of %d", p.at, last, len(data))
				}
				last = p.at
			}
		}
	})
}
