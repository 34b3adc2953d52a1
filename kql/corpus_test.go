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
	defer f.Close() //nolint:errcheck // read only
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
		plan, err := Bind(t.Context(), string(text), catalog, Options{Now: testNow})
		var e *Error
		switch {
		case errors.As(err, &e) && e.Refused:
			refused[e.What]++
		case err != nil:
			t.Errorf("%s: %v\n%s", want.File, err, text)
		default:
			got := schema(plan.Results[len(plan.Results)-1])
			if !slices.Equal(got, want.Columns) {
				t.Errorf("%s:\n got %v\nwant %v\n%s", want.File, got, want.Columns, text)
				continue
			}
			equal++
		}
	}
	t.Logf("%d equal; refused:%s", equal, counts(refused))
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
