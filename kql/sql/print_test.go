package sql_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reslog/kql"
	"reslog/kql/sql"
	"reslog/kql/sql/duckdb"
)

var update = flag.Bool("update", false, "write testdata/*.sql anew")

// catalog has one table.
type catalog struct{}

var logs = kql.Table{
	Name: "Logs", Time: "TimeGenerated",
	Columns: []kql.Column{
		{Name: "TimeGenerated", Type: kql.Datetime},
		{Name: "Level", Type: kql.String},
		{Name: "Took", Type: kql.Real},
		{Name: "Bytes", Type: kql.Long},
		{Name: "Tags", Type: kql.Dynamic},
		{Name: `Odd"; --`, Type: kql.String},
	},
}

func (catalog) Table(name string) (kql.Table, bool) { return logs, name == logs.Name }
func (catalog) Tables() []kql.Table                 { return []kql.Table{logs} }

// scan reads columns by position, as a store would.
func scan(_ *kql.Scan, used []kql.Column) (string, error) {
	names := make([]string, len(used))
	for i, c := range used {
		names[i] = `"` + strings.ReplaceAll(c.Name, `"`, `""`) + `"`
	}
	if len(names) == 0 {
		names = []string{"1"}
	}
	return "(SELECT " + strings.Join(names, ", ") + " FROM logs)", nil
}

func printed(t *testing.T, query string, o sql.Options) (sql.Statement, error) {
	t.Helper()
	plan, err := kql.Bind(t.Context(), query, catalog{}, kql.Options{Now: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	o.Scan = scan
	return sql.Print(plan, 0, duckdb.Dialect{}, o)
}

// Each file of testdata is a query in comments and the SQL that it is printed as.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var query, want []string
			for line := range strings.Lines(string(text)) {
				if q, ok := strings.CutPrefix(line, "-- "); ok && len(want) == 0 {
					query = append(query, q)
				} else {
					want = append(want, line)
				}
			}
			st, err := printed(t, strings.Join(query, ""), sql.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(file, []byte("-- "+strings.Join(query, "-- ")+st.SQL+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got := st.SQL + "\n"; got != strings.Join(want, "") {
				t.Errorf("printed\n%s\nwant\n%s", got, strings.Join(want, ""))
			}
		})
	}
}

func TestStatement(t *testing.T) {
	st, err := printed(t, "Logs | summarize n = count() by Level | sort by n | project Level, N = n, Level2 = Level", sql.Options{Limit: 11})
	if err != nil {
		t.Fatal(err)
	}
	want := []kql.Column{{Name: "Level", Type: kql.String}, {Name: "N", Type: kql.Long}, {Name: "Level2", Type: kql.String}}
	if len(st.Columns) != len(want) {
		t.Fatalf("columns are %v", st.Columns)
	}
	for i, c := range st.Columns {
		if c != want[i] {
			t.Errorf("column %d is %v and should be %v", i, c, want[i])
		}
	}
	if !strings.HasSuffix(st.SQL, " LIMIT 11") || !strings.Contains(st.SQL, "(SELECT \"Level\" FROM logs)") {
		t.Errorf("printed\n%s", st.SQL)
	}
	if _, err := printed(t, "print 1", sql.Options{}); err != nil {
		t.Error(err)
	}
}

// What the dialect has not is refused with its name and place.
func TestRefusals(t *testing.T) {
	at := &kql.Call{T: kql.Long, Func: "no_such", Args: []kql.Expr{&kql.Const{T: kql.Long, Value: int64(1)}}}
	at.At.Start, at.At.End = 6, 16
	out := kql.Out{Columns: []kql.Col{{ID: 1, Name: "x", Type: kql.Long}}}
	for _, root := range []kql.Rel{
		&kql.Values{Out: out, Rows: [][]kql.Expr{{at}}},
		&kql.Aggregate{Out: out, Input: &kql.Values{}, Aggs: []*kql.Agg{{T: kql.Long, Func: "no_such", At: at.At}}},
		&kql.Window{Out: out, Input: &kql.Values{}, Exprs: []kql.Expr{&kql.WindowCall{T: kql.Long, Func: "no_such", At: at.At}}},
	} {
		plan := &kql.Plan{Results: []kql.Result{{Root: root, Columns: root.Cols()}}}
		_, err := sql.Print(plan, 0, duckdb.Dialect{}, sql.Options{})
		var e *kql.Error
		if !errors.As(err, &e) || !e.Refused || e.What != "no_such" || e.Syntax.Start != 6 {
			t.Errorf("%T: %v", root, err)
		}
	}
	if _, err := sql.Print(&kql.Plan{}, 0, duckdb.Dialect{}, sql.Options{}); err == nil {
		t.Error("a result that a plan has not was printed")
	}
}

// A plan whose columns have no side is a mistake and not a query.
func TestWrongPlans(t *testing.T) {
	c := kql.Col{ID: 1, Name: "x", Type: kql.Long}
	v := &kql.Values{Out: kql.Out{Columns: []kql.Col{c}}, Rows: [][]kql.Expr{{&kql.Const{T: kql.Long, Value: int64(1)}}}}
	ref := []kql.Expr{&kql.ColRef{Col: c}}
	for name, root := range map[string]kql.Rel{
		"both sides have it": &kql.Join{Out: v.Out, Left: v, Right: v, LeftKeys: ref, RightKeys: ref},
		"no side has it":     &kql.Join{Out: kql.Out{Columns: []kql.Col{{ID: 9}}}, Left: v, Right: v, LeftKeys: ref, RightKeys: ref},
		"unequal keys":       &kql.Join{Out: v.Out, Left: v, Right: v, LeftKeys: ref},
		"a stray apply":      &kql.Filter{Out: v.Out, Input: &kql.ApplyRows{Out: v.Out}, Cond: &kql.Const{T: kql.Bool, Value: true}},
		"a wrong constant":   &kql.Values{Out: v.Out, Rows: [][]kql.Expr{{&kql.Const{T: kql.Long, Value: "text"}}}},
		"no expression":      &kql.Project{Out: v.Out, Input: v, Exprs: []kql.Expr{nil}},
	} {
		plan := &kql.Plan{Results: []kql.Result{{Root: root, Columns: root.Cols()}}}
		if st, err := sql.Print(plan, 0, duckdb.Dialect{}, sql.Options{}); err == nil {
			t.Errorf("%s: printed\n%s", name, st.SQL)
		}
	}
}
