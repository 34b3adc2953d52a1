package kql

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// corpora is the folder of collected queries, which is not part of the project.
func corpora(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("RESLOG_KQL_CORPORA")
	if dir == "" {
		t.Skip("RESLOG_KQL_CORPORA is not set")
	}
	return dir
}

// tables is a Catalog.
type tables []Table

func (t tables) Table(name string) (Table, bool) {
	for _, x := range t {
		if x.Name == name {
			return x, true
		}
	}
	return Table{}, false
}

func (t tables) Tables() []Table { return t }

// corpusTables are the seven tables of the corpus.
func corpusTables(t *testing.T, dir string) tables {
	t.Helper()
	var doc struct {
		Tables map[string][]string
	}
	data, err := os.ReadFile(filepath.Join(dir, "table-schemas.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var out tables
	for name, cols := range doc.Tables {
		table := Table{Name: name, Time: "TimeGenerated"}
		for _, c := range cols {
			i := strings.LastIndexByte(c, ':')
			typ, ok := ParseType(c[i+1:])
			if !ok {
				t.Fatalf("type of %s", c)
			}
			table.Columns = append(table.Columns, Column{Name: c[:i], Type: typ})
		}
		out = append(out, table)
	}
	slices.SortFunc(out, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return out
}

var testNow = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// TestCorpusSchemas compares the columns of results with those that the official
// binder computes.
func TestCorpusSchemas(t *testing.T) {
	dir := corpora(t)
	catalog := corpusTables(t, dir)
	f, err := os.Open(filepath.Join(dir, "result-schemas.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	equal, refused := 0, map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var want struct {
			File    string
			Columns []string
		}
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "queries", want.File))
		if err != nil {
			t.Fatal(err)
		}
		asked := &asking{tables: catalog}
		plan, err := Bind(t.Context(), string(text), asked, Options{Now: testNow})
		var e *Error
		switch {
		case errors.As(err, &e) && e.Refused:
			refused[e.What]++
		case len(asked.missed) > 0:
			refused["reads tables of others"]++
		case e != nil && e.Code == "KS227":
			refused["a join that the official binder rejects too"]++
		case e != nil && (e.Code == codeUnknownTable || e.Code == codeUnknownName || e.Code == codeUnknownFunction):
			// Tables and functions of others; the official binder says so too, and guesses.
			refused["unknown: "+e.Syntax.Token()]++
		case err != nil:
			t.Errorf("%s: %v", want.File, err)
		default:
			got := schema(plan.Results[len(plan.Results)-1])
			if !slices.Equal(got, want.Columns) && !typedByColumn(string(text), got, want.Columns) {
				t.Errorf("%s:\n got %v\nwant %v", want.File, got, want.Columns)
				continue
			}
			equal++
		}
	}
	t.Logf("%d equal; refused:%s", equal, counts(refused))
}

// asking is a catalogue that notes the tables that it has not.
type asking struct {
	tables
	missed []string
}

func (a *asking) Table(name string) (Table, bool) {
	t, ok := a.tables.Table(name)
	if !ok && strings.ToUpper(name[:1]) == name[:1] {
		a.missed = append(a.missed, name)
	}
	return t, ok
}

// typedByColumn is the known difference: the official binder gives column_ifexists
// the type of the default, we give it that of the column that it finds.
func typedByColumn(query string, got, want []string) bool {
	if !strings.Contains(query, "ifexists") || len(got) != len(want) {
		return false
	}
	for i := range got {
		a, _, _ := strings.Cut(got[i], ":")
		b, _, _ := strings.Cut(want[i], ":")
		if a != b {
			return false
		}
	}
	return true
}

func schema(r Result) []string {
	var out []string
	for _, c := range r.Columns {
		out = append(out, c.Name+":"+c.Type.String())
	}
	return out
}

// counts lists what was refused, the most frequent first.
func counts(m map[string]int) string {
	var names []string
	total := 0
	for name, n := range m {
		names = append(names, name)
		total += n
	}
	sort.Slice(names, func(i, j int) bool {
		return m[names[i]] > m[names[j]] || m[names[i]] == m[names[j]] && names[i] < names[j]
	})
	var s strings.Builder
	s.WriteString(" " + strconv.Itoa(total))
	for _, name := range names {
		s.WriteString("\n  " + strconv.Itoa(m[name]) + " " + name)
	}
	return s.String()
}

// TestCorpusInvalid: what the official parser rejects must not bind.
func TestCorpusInvalid(t *testing.T) {
	dir := corpora(t)
	catalog := corpusTables(t, dir)
	files, err := filepath.Glob(filepath.Join(dir, "queries", "invalid", "*.kql"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Bind(t.Context(), string(text), catalog, Options{Now: testNow}); err == nil {
			t.Errorf("%s is accepted:\n%s", filepath.Base(f), text)
		}
	}
}

// TestCorpusEngine binds queries that Microsoft's engine ran: the columns must be
// those of its answer, or the query refused by name.
func TestCorpusEngine(t *testing.T) {
	dir := corpora(t)
	for _, name := range []string{"engine-docs-cases.jsonl", "engine-fuzz-cases.jsonl"} {
		t.Run(name, func(t *testing.T) { corpusEngine(t, filepath.Join(dir, name)) })
	}
}

func corpusEngine(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	equal, accepted, refused := 0, 0, map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c engineCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		plan, err := Bind(t.Context(), c.Query, tables{}, Options{Now: testNow})
		var e *Error
		switch {
		case errors.As(err, &e) && e.Refused:
			refused[e.What]++
		case c.Error && err == nil:
			accepted++ // the engine is stricter, or misses a function
			t.Logf("accepted: %s", c.Query)
		case c.Error:
			equal++
		case err != nil:
			t.Errorf("%s\n%v", c.Query, err)
		case !c.same(plan.Results):
			t.Errorf("%s\n got %v\nwant %v %v", c.Query, schema(plan.Results[len(plan.Results)-1]), c.Columns, c.Types)
		default:
			equal++
		}
	}
	t.Logf("%d equal, %d accepted that the engine rejects; refused:%s", equal, accepted, counts(refused))
}

type engineCase struct {
	Query          string
	Error          bool
	Columns, Types []string
}

// same compares names and, where the case has them, types.
func (c engineCase) same(results []Result) bool {
	cols := results[len(results)-1].Columns
	if len(cols) != len(c.Columns) {
		return false
	}
	for i, col := range cols {
		if col.Name != c.Columns[i] || i < len(c.Types) && col.Type.String() != engineTypes[c.Types[i]] {
			return false
		}
	}
	return true
}

// engineTypes are the types of the engine's answers.
var engineTypes = map[string]string{
	"SByte": "bool", "Boolean": "bool", "Int32": "int", "Int64": "long", "Double": "real", "SqlDecimal": "decimal", "String": "string",
	"DateTime": "datetime", "TimeSpan": "timespan", "Guid": "guid", "Object": "dynamic",
}
