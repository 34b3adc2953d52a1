package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"reslog/client"
)

func chartTable(columns string, rows ...string) client.QueryTable {
	var t client.QueryTable
	for c := range strings.SplitSeq(columns, ",") {
		name, typ, _ := strings.Cut(c, ":")
		t.Columns = append(t.Columns, client.QueryColumn{Name: name, Type: typ})
	}
	for _, r := range rows {
		var row []any
		dec := json.NewDecoder(strings.NewReader(r))
		dec.UseNumber()
		if err := dec.Decode(&row); err != nil {
			panic(err)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func draw(t client.QueryTable, r client.QueryRender) (string, bool) {
	var b bytes.Buffer
	drawn := drawChart(&b, t, &r)
	return b.String(), drawn
}

func TestBars(t *testing.T) {
	table := chartTable("s:string,n:long", `["a",8]`, `["bb",4]`, `["",0]`, `["c",null]`)
	got, ok := draw(table, client.QueryRender{Visualization: "piechart", Title: "T"})
	if !ok || !strings.HasPrefix(got, "T\n") {
		t.Errorf("chart\n%s", got)
	}
	for _, line := range []string{"a", "bb", "(empty)"} {
		if !strings.Contains(got, "\n"+line) {
			t.Errorf("no bar %s in\n%s", line, got)
		}
	}
	if !strings.Contains(got, strings.Repeat("█", 40)+" 8  66.7 %\n") || !strings.Contains(got, " "+strings.Repeat("█", 20)+" 4  33.3 %\n") {
		t.Errorf("bars\n%s", got)
	}
	many := chartTable("s:string,n:long,m:real", `["a",1,0.5]`)
	for range 50 {
		many.Rows = append(many.Rows, many.Rows[0])
	}
	if got, _ := draw(many, client.QueryRender{Visualization: "barchart"}); !strings.Contains(got, "a, m ") || !strings.Contains(got, "… and 62 more\n") {
		t.Errorf("many bars\n%s", got)
	}
	if _, ok := draw(chartTable("s:string", `["a"]`), client.QueryRender{Visualization: "barchart"}); ok {
		t.Error("a chart without numbers is drawn")
	}
	if _, ok := draw(chartTable("s:string,n:long"), client.QueryRender{Visualization: "barchart"}); ok {
		t.Error("a chart without rows is drawn")
	}
	if _, ok := draw(table, client.QueryRender{Visualization: "card"}); ok {
		t.Error("a card is drawn")
	}
}

func TestLines(t *testing.T) {
	one := chartTable("t:datetime,n:long", `["2024-01-01T00:00:00Z",0]`, `["2024-01-01T01:00:00Z",4]`, `["2024-01-01T02:00:00Z",8]`)
	got, ok := draw(one, client.QueryRender{Visualization: "timechart"})
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if !ok || len(lines) != chartHeight+2 {
		t.Fatalf("chart\n%s", got)
	}
	if !strings.HasPrefix(lines[0], "         8 │") || !strings.HasSuffix(lines[0], "█") || strings.Contains(lines[0], "█ ") {
		t.Errorf("the top is %q", lines[0])
	}
	if !strings.Contains(lines[len(lines)-1], "2024-01-01 00:00:00") || !strings.HasSuffix(lines[len(lines)-1], "2024-01-01 02:00:00") {
		t.Errorf("the axis is %q", lines[len(lines)-1])
	}
	several := chartTable("t:datetime,s:string,n:long", `["2024-01-01T00:00:00Z","low",1]`, `["2024-01-01T02:00:00Z","low",2]`, `["2024-01-01T00:00:00Z","high",9]`)
	got, ok = draw(several, client.QueryRender{Visualization: "linechart"})
	if high, low := strings.Index(got, "high │"), strings.Index(got, "low │"); !ok || high < 0 || low < high || !strings.Contains(got, "│ 9\n") {
		t.Errorf("series\n%s", got)
	}
	scatter := chartTable("x:real,y:real", `[1.5,2]`, `[2.5,"NaN"]`, `[3.5,1]`)
	if got, ok := draw(scatter, client.QueryRender{Visualization: "scatterchart"}); !ok || !strings.Contains(got, "1.5") || !strings.Contains(got, "3.5") {
		t.Errorf("scatter %v\n%s", ok, got)
	}
	if _, ok := draw(chartTable("t:datetime,n:long", `["no time",1]`), client.QueryRender{Visualization: "timechart"}); ok {
		t.Error("no times are drawn")
	}
}

func TestPointAt(t *testing.T) {
	e := &client.QueryError{Message: "outer", Inner: &client.QueryFault{Message: "x", Inner: &client.QueryFault{Message: "no such \x1b[31mcolumn", Line: 2, Pos: 9, Token: "cönt"}}}
	got := pointAt("T\r\n| where\tcönt\r\n| count", e)
	if got != "the query is wrong: no such \uFFFD[31mcolumn\n  | where cönt\n          ^^^^" {
		t.Errorf("%q", got)
	}
	if got := pointAt("T", &client.QueryError{Message: "refused"}); got != "the query is wrong: refused" {
		t.Errorf("%q", got)
	}
}

func TestIsWhole(t *testing.T) {
	for text, want := range map[string]bool{
		"T": true, "T | count": true, "T |": false, "T | where a in (1,": false, "T | project a,": false, "let x = (": false,
		"T | where s == 'a (' ": true, "T // (": true, "print x =": false, "T | summarize count() by": false, "datatable(a:long)[1, 2": false,
	} {
		if got := isWhole(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestComplete(t *testing.T) {
	p := &prompt{words: []string{"StorageBlobLogs", "StorageQueueLogs", "summarize", "where"}, tables: []client.WorkspaceTable{
		{Name: "StorageBlobLogs", Columns: []client.QueryColumn{{Name: "StatusCode"}, {Name: "StatusText"}}},
	}}
	for line, want := range map[string]string{
		"Sto":                             "Storage",
		"StorageB":                        "StorageBlobLogs ",
		"StorageBlobLogs | wh":            "StorageBlobLogs | where ",
		"StorageBlobLogs | where Stat":    "StorageBlobLogs | where Status",
		"StorageBlobLogs | where StatusC": "StorageBlobLogs | where StatusCode ",
	} {
		got, pos, ok := p.complete(line, len(line), '\t')
		if !ok || got != want || pos != len(want) {
			t.Errorf("%q: %q, %d, %v", line, got, pos, ok)
		}
	}
	for _, line := range []string{"", "x", "StorageQueueLogs | where StatusC", "T | "} {
		if got, _, ok := p.complete(line, len(line), '\t'); ok {
			t.Errorf("%q: %q", line, got)
		}
	}
	if _, _, ok := p.complete("wh", 2, 'e'); ok {
		t.Error("another key completes")
	}
}
