//go:build cgo

package conformance_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// example is a query with the answer of an engine.
type example struct {
	// Area is the line of the score that it counts for, Source where it is from.
	Area, Source string
	Query        string
	Columns      []string
	// Types are of the language; "" is a type that the case does not say.
	Types []string
	// Rows are values as JSON has them, or as text where Loose.
	Rows [][]any
	// RowCount is how many rows there are, of which Rows may be the first.
	RowCount int
	// Fails is set when the engine rejects the query.
	Fails bool
	// Loose answers were printed by a human: rounded, and dynamic values as text.
	Loose bool
	// LastLine is all that is known of some answers: the last row as CSV.
	LastLine *string
	// Unusable is why the answer cannot be held against anybody.
	Unusable string
}

// record is a line of the collection's files, all forms of it together.
type record struct {
	Source   string   `json:"source"`
	Title    string   `json:"title"`
	Family   string   `json:"family"`
	Area     string   `json:"area"`
	Query    string   `json:"query"`
	Columns  []string `json:"columns"`
	Types    []string `json:"types"`
	Rows     [][]any  `json:"rows"`
	Texts    []string `json:"rows_text"`
	RowCount int      `json:"row_count"`
	Error    bool     `json:"error"`
	Emulator string   `json:"emulator"`
	Flags    []string `json:"flags"`
	LastLine *string  `json:"last_line"`
	Tags     struct{ Functions []string }
}

// collection is the folder of collected queries; "" without one.
func collection() string { return os.Getenv("RESLOG_KQL_CORPORA") }

// readExamples reads the cases of a file.
func readExamples(t testing.TB, file string) []example {
	t.Helper()
	f, err := os.Open(filepath.Join(collection(), file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []example
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r record
		d := json.NewDecoder(strings.NewReader(lines.Text()))
		d.UseNumber()
		if err := d.Decode(&r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, r.example(t, file))
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// example makes a case of a line.
func (r record) example(t testing.TB, file string) example {
	t.Helper()
	x := example{
		Source: r.Source, Query: r.Query, Columns: r.Columns, Types: make([]string, len(r.Columns)),
		Rows: r.Rows, RowCount: len(r.Rows), Fails: r.Error, LastLine: r.LastLine,
	}
	switch {
	case r.Texts != nil || r.Family != "":
		x.Area = "fuzz, " + family(r.Family)
		x.RowCount = r.RowCount
		for _, text := range r.Texts {
			row, err := readTuple(text)
			if err != nil {
				t.Fatalf("%s: %v: %s", r.Source, err, text)
			}
			x.Rows = append(x.Rows, row)
		}
	case strings.HasPrefix(file, "engine-docs"):
		x.Area = "documentation, " + r.kind()
		for i, typ := range r.Types {
			x.Types[i] = engineTypes[typ]
		}
	case strings.HasPrefix(file, "docs"):
		x.Area = "printed tables, " + r.Area
		x.Loose = true
		if r.Emulator != "agree" && r.Emulator != "" {
			x.Unusable = "the page and the engine differ"
		} else if len(r.Flags) > 0 {
			x.Unusable = "the page prints it " + strings.Join(r.Flags, ", ")
		}
	default:
		x.Area = "another implementation"
		x.Loose = true
	}
	x.Source = r.key()
	if reason, ok := unusable[x.Source]; ok {
		x.Unusable = reason
	}
	return x
}

// key is what a case is called: the end of its source, with the title of a page.
func (r record) key() string {
	name := r.Source[strings.LastIndexByte(r.Source, '/')+1:]
	if r.Title != "" {
		name += "#" + r.Title
	}
	return name
}

func family(name string) string {
	if name == "reg" || name == "reg2" || name == "probe" || name == "probe2" {
		return "regressions"
	}
	return name
}

var (
	plugins = regexp.MustCompile(`\bevaluate\b`)
	graphs  = regexp.MustCompile(`\b(make-graph|graph-match|graph-to-table|graph)\b`)
)

// kind is core, or what the goals leave out.
func (r record) kind() string {
	geo := func(f string) bool { return strings.HasPrefix(f, "geo_") }
	switch {
	case slices.ContainsFunc(r.Tags.Functions, geo) || strings.Contains(r.Query, "geo_"):
		return "geo"
	case graphs.MatchString(r.Query):
		return "graph"
	case plugins.MatchString(r.Query):
		return "plugins"
	}
	return "core"
}

// engineTypes are the types of the engine's answers.
var engineTypes = map[string]string{
	"SByte": "bool", "Boolean": "bool", "Int32": "int", "Int64": "long", "Double": "real", "SqlDecimal": "decimal", "String": "string",
	"DateTime": "datetime", "TimeSpan": "timespan", "Guid": "guid", "Object": "dynamic",
}

// readTuple reads a row in the form "('a', 1, null, {…})".
func readTuple(s string) ([]any, error) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "("), ")")
	out := []any{}
	for s != "" {
		var v any
		switch s[0] {
		case '\'', '"':
			v, s = readQuoted(s)
		case '[', '{':
			d := json.NewDecoder(strings.NewReader(s))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				return nil, fmt.Errorf("read a row: %w", err)
			}
			s = s[d.InputOffset():]
		default:
			text, _, _ := strings.Cut(s, ",")
			s = s[len(text):]
			if text != "null" {
				v = text
			}
		}
		out = append(out, v)
		s = strings.TrimPrefix(strings.TrimPrefix(s, ","), " ")
	}
	return out, nil
}

// readQuoted reads a string, which has no escapes: its closing quote is the first
// before a comma or the end.
func readQuoted(s string) (value, rest string) {
	quote := s[:1]
	for i := 1; i < len(s); i++ {
		if strings.HasPrefix(s[i:], quote) && (i+1 == len(s) || strings.HasPrefix(s[i+1:], ", ")) {
			return s[1:i], s[i+1:]
		}
	}
	return s[1:], ""
}
