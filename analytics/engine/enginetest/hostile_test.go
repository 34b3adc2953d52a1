//go:build cgo

package enginetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"reslog/kql"
)

// hostileTexts are what could end a literal, a statement or a pattern.
func hostileTexts() []string {
	return []string{
		"'", "''", `"`, `\`, `\'`, "'; DROP TABLE t; --", "a'||'b", "--", "/*", "*/", "$1", "$$x$$", "?", ":a", "%", "_", "{x}",
		"\x00", "a\x00b", "\x000\x00", "\x00x1\x00", "'\x00'", "\x00'", "é\x00'", "\u2028", "\ufeff", "E'\\x41'", "U&'\\0041'", "\x1a", "\r\n", strings.Repeat("'", 999),
	}
}

// Whatever a text is, it is that text and nothing else: in constants, rows,
// dynamic values, keys, and in every operator that makes patterns of it.
func TestHostileTexts(t *testing.T) {
	q := Open(t)
	const ops = 14
	for _, s := range hostileTexts() {
		c := &kql.Const{T: kql.String, Value: s}
		v := col(1, kql.String)
		rows := &kql.Values{Out: kql.Out{Columns: []kql.Col{v}}, Rows: [][]kql.Expr{{c}, {&kql.Const{T: kql.String, Value: "other"}}}}
		call := func(f string, args ...kql.Expr) kql.Expr {
			return &kql.Call{T: kql.Bool, Func: f, Args: args}
		}
		ref := &kql.ColRef{Col: v}
		exprs := []kql.Expr{
			call("==", ref, c), call("=~", ref, c), call("contains", ref, c), call("contains_cs", ref, c), call("startswith", ref, c), call("endswith_cs", ref, c),
			call("has", ref, c), call("has_cs", ref, c), call("hasprefix", ref, c), call("hassuffix", ref, c),
			call("in", ref, c, &kql.Const{T: kql.String, Value: "z"}), call("in~", ref, c),
			call("has_any", ref, c, c, c, c, c), call("!=", ref, &kql.Const{T: kql.String, Value: s + "'"}),
		}
		if len(exprs) != ops {
			t.Fatal("the number of operators")
		}
		p := &kql.Project{Input: rows, Exprs: append([]kql.Expr{ref}, exprs...), Out: kql.Out{Columns: []kql.Col{v}}}
		for i := range exprs {
			p.Columns = append(p.Columns, col(10+i, kql.Bool))
		}
		r, err := q.Plan(t.Context(), p)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if len(r.Rows) != 2 || r.Rows[0][0] != s || r.Rows[1][0] != "other" {
			t.Errorf("%q came back as %#v", s, r.Rows)
			continue
		}
		for i, v := range r.Rows[0][1:] {
			if v != true {
				t.Errorf("%q: %s is %v", s, exprs[i].(*kql.Call).Func, v)
			}
		}
	}
}

func TestHostileQueries(t *testing.T) {
	check(t, []queryCase{
		{`print x = 'a\'b"c\\d', y = @'--/*;', z = "\u0000"`, lines(`"a'b\"c\\d" "--/*;" "\x00"`), false},
		{`print d = dynamic({"a'b":"c\"d", "$.x":1, "*":2}) | project d["a'b"], d["$.x"], d["*"], d["'"]`, lines(`"c\"d" 1 2 null`), false},
		{`datatable(['a"; --']:long, ['select']:long)[1, 2] | where ['a"; --'] == 1 | summarize max(['select']) by ['a"; --']`, lines("1 2"), false},
		{`print d = dynamic(["'", "\u0000", "\\"]) | mv-expand d | project tostring(d)`, lines(`"'"`, `"\x00"`, `"\\"`), true},
		{`print s = "x" | summarize make_list(strcat(s, "'\u0000\"\\"))`, lines(`["x'\u0000\"\\"]`), false},
	})
}

// What is nested deep or grows with every step is run or refused in time.
func TestBounded(t *testing.T) {
	q := Open(t)
	for _, c := range []struct {
		query   string
		refused bool
	}{
		{"print a = 1" + strings.Repeat(" | extend a = a + 1", 60) + " | where a > 0", false},
		{"print a = 1" + strings.Repeat(" | extend a = iff(a > 1, a, a + a)", 60) + " | where a != 0", false},
		{"print a = 1.5" + strings.Repeat(" | extend a = a * a + a", 60) + " | where a != 0", false},
		{"print a = 1" + strings.Repeat(" | summarize a = max(a) by b = a | project a", 40), false},
		{"print a = 1" + strings.Repeat(" | union (print a = 1)", 60) + " | where a > 0", false},
		{"print a = 1 | where a in (" + strings.Repeat("1, ", 20000) + "2)", false},
		{"print a = " + strings.Repeat("iff(a1 > 1, 2, ", 0) + strings.Repeat("-", 100) + "1", false},
		{"print a = 1" + strings.Repeat(" | where a > 0", 5000), true},
		{"print a = 1" + strings.Repeat(" | sort by a | extend n = row_number() | project a", 500), true},
	} {
		start := time.Now()
		_, err := q.Run(t.Context(), c.query)
		var refusal *kql.Error
		if c.refused && !errors.As(err, &refusal) || !c.refused && err != nil {
			t.Errorf("%.60s… ended with %.200v", c.query, err)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%.60s… took %s", c.query, took)
		}
	}
}

func col(id int, t kql.Type) kql.Col { return kql.Col{ID: id, Name: fmt.Sprint("c", id), Type: t} }
