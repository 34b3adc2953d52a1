package kql

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the results into testdata")

// golden is a case of a file in testdata: a query and sections of what comes out.
//
//	== name
//	query
//	-- rows        rows that the Runner gives, JSON
//	-- columns     name:type of the result
//	-- plan        Plan.String
//	-- error       line:column: message (code), with "refused" before what is refused
type golden struct {
	name     string
	query    string
	sections []section
}

type section struct{ name, text string }

func readGoldens(t *testing.T, file string) []golden {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []golden
	for _, text := range strings.Split("\n"+string(data), "\n== ")[1:] {
		parts := strings.Split(text, "\n-- ")
		name, query, _ := strings.Cut(parts[0], "\n")
		g := golden{name: name, query: strings.TrimSpace(query)}
		for _, p := range parts[1:] {
			head, body, _ := strings.Cut(p, "\n")
			g.sections = append(g.sections, section{head, strings.TrimSpace(body)})
		}
		out = append(out, g)
	}
	return out
}

func (g golden) String() string {
	var s strings.Builder
	s.WriteString("== " + g.name + "\n" + g.query + "\n")
	for _, p := range g.sections {
		s.WriteString("-- " + p.name + "\n" + p.text + "\n")
	}
	return s.String()
}

// goldenTables are what the goldens read.
func goldenTables(t *testing.T) tables {
	t.Helper()
	table := func(name string, hidden string, columns ...string) Table {
		out := Table{Name: name}
		for _, c := range columns {
			name, typ, _ := strings.Cut(c, ":")
			kind, ok := ParseType(typ)
			if !ok {
				t.Fatalf("type of %s", c)
			}
			out.Columns = append(out.Columns, Column{Name: name, Type: kind, Hidden: name == hidden})
			if name == "TimeGenerated" {
				out.Time = name
			}
		}
		return out
	}
	return tables{
		table("Addresses", "", "Network:string", "Country:string"),
		table("BlobLogs", "_ItemId", "TimeGenerated:datetime", "OperationName:string", "StatusCode:string", "DurationMs:long", "Details:dynamic", "_ItemId:string"),
		table("QueueLogs", "_ItemId", "TimeGenerated:datetime", "OperationName:string", "StatusCode:long", "Messages:int", "_ItemId:string"),
	}
}

// result binds the query of a golden and writes what came of it.
func (g golden) result(t *testing.T) map[string]string {
	t.Helper()
	o := Options{Now: testNow}
	for _, s := range g.sections {
		if s.name == "rows" {
			o.Runner = runner(t, s.text)
		}
	}
	return g.bind(t, goldenTables(t), o)
}

// bind writes what comes of the query with a catalogue and options.
func (g golden) bind(t *testing.T, catalog Catalog, o Options) map[string]string {
	t.Helper()
	plan, err := Bind(t.Context(), g.query, catalog, o)
	var e *Error
	switch {
	case errors.As(err, &e) && e.Refused:
		return map[string]string{"error": "refused " + e.Error()}
	case err != nil:
		return map[string]string{"error": err.Error()}
	}
	return map[string]string{
		"columns": strings.Join(schema(plan.Results[len(plan.Results)-1]), ", "),
		"plan":    strings.TrimSpace(plan.String()),
	}
}

// runner answers with the rows of a golden, and no more than it is asked for.
func runner(t *testing.T, text string) Runner {
	return func(_ context.Context, plan *Plan, limit int) ([][]any, error) {
		var rows [][]any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&rows); err != nil {
			t.Fatalf("rows: %v", err)
		}
		for _, row := range rows {
			if want := len(plan.Results[0].Columns); len(row) != want {
				t.Errorf("a plan of %d columns runs, and the rows have %d:\n%s", want, len(row), plan)
			}
			for i, v := range row {
				if n, ok := v.(json.Number); ok {
					row[i], _ = n.Int64()
				}
			}
		}
		return rows[:min(len(rows), limit)], nil
	}
}

func TestOperatorGoldens(t *testing.T) {
	runGoldens(t, "testdata/operators/*.kqltest", golden.result)
}

// runGoldens compares the goldens of files with what result gives for them.
func runGoldens(t *testing.T, pattern string, result func(golden, *testing.T) map[string]string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		goldens := readGoldens(t, file)
		for i, g := range goldens {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".kqltest")+"/"+g.name, func(t *testing.T) {
				got := result(g, t)
				if *update {
					goldens[i].rewrite(got)
					return
				}
				g.check(t, got)
			})
		}
		if *update {
			var s []string
			for _, g := range goldens {
				s = append(s, g.String())
			}
			if err := os.WriteFile(file, []byte(strings.Join(s, "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (g golden) check(t *testing.T, got map[string]string) {
	t.Helper()
	checked := false
	for _, s := range g.sections {
		if s.name == "rows" {
			continue
		}
		checked = true
		if got[s.name] != s.text {
			t.Errorf("%s\n%s is\n%s\nand should be\n%s\n%s", g.query, s.name, got[s.name], s.text, got["error"])
		}
	}
	if !checked {
		t.Errorf("%s has nothing to compare; run with -update", g.name)
	}
}

// rewrite puts what came out into a golden: the plan only where it is asked for.
func (g *golden) rewrite(got map[string]string) {
	var out []section
	plan := false
	for _, s := range g.sections {
		plan = plan || s.name == "plan"
		if s.name == "rows" {
			out = append(out, s)
		}
	}
	for _, name := range []string{"columns", "plan", "error"} {
		if text, ok := got[name]; ok && (name != "plan" || plan) {
			out = append(out, section{name, text})
		}
	}
	g.sections = out
}
