//go:build cgo

package enginetest

import (
	"slices"
	"strings"
	"testing"
)

// check runs queries and compares their lines; sorted where the query has no order.
func check(t *testing.T, cases []queryCase) {
	t.Helper()
	q := Open(t)
	for _, c := range cases {
		results, err := q.Run(t.Context(), c.query)
		if err != nil {
			t.Errorf("%s\n\t%v", c.query, err)
			continue
		}
		got, want := results[0].Lines(), c.want
		if !c.ordered {
			got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s\n\tgot  %s\n\twant %s\n%s", c.query, strings.Join(got, " | "), strings.Join(want, " | "), results[0].SQL)
		}
	}
}

type queryCase struct {
	query   string
	want    []string
	ordered bool
}

func lines(s ...string) []string { return s }

const people = `let people = datatable(id:long, name:string, boss:long, pay:real)[
	1, "ann", long(null), 10.5, 2, "bob", 1, 5.0, 3, "cyd", 1, real(null), 4, "", 2, 5.0, 5, "eve", long(null), real(nan)]; `

func TestSimpleRelations(t *testing.T) {
	check(t, []queryCase{
		{people + `people | count`, lines("5"), false},
		{people + `people | where pay > 5 | project name`, lines(`"ann"`), false},
		{people + `people | where isnull(boss) | project id`, lines("1", "5"), false},
		{people + `people | where boss != 1 | project id`, lines("1", "4", "5"), false},
		{people + `people | extend id = id * 2, twice = id * 2 | project id, twice`, lines("2 2", "4 4", "6 6", "8 8", "10 10"), false},
		{people + `people | project-away name, boss | take 0`, nil, false},
		{people + `people | sort by pay asc, id asc | project id, pay`, lines("3 null", "5 NaN", "2 5.0", "4 5.0", "1 10.5"), true},
		{people + `people | sort by pay desc, id asc | project id`, lines("1", "2", "4", "5", "3"), true},
		{people + `people | sort by boss asc nulls last, id desc | project id`, lines("3", "2", "4", "5", "1"), true},
		{people + `people | top 2 by strcat(name, "a") asc | project id`, lines("4", "1"), true},
		{`range x from 1 to 10 step 3`, lines("1", "4", "7", "10"), true},
		{`range x from 10 to 1 step -4`, lines("10", "6", "2"), true},
		{`range x from 3 to 1 step 1`, nil, false},
		{`range x from 0.5 to 2.0 step 0.5`, lines("0.5", "1.0", "1.5", "2.0"), true},
		{`range x from datetime(2024-01-31) to datetime(2024-02-01) step 12h`, lines("2024-01-31T00:00:00.0000000Z", "2024-01-31T12:00:00.0000000Z", "2024-02-01T00:00:00.0000000Z"), true},
		{`range x from 1s to 3s step 1s`, lines("00:00:01", "00:00:02", "00:00:03"), true},
		{`range x from long(null) to 3 step 1`, nil, false},
		{`range x from -9223372036854775807 to 9223372036854775807 step 9223372036854775807`, lines("-9223372036854775807", "0", "9223372036854775807"), true},
		{`let n = toscalar(range x from 1 to 3 step 1 | summarize max(x)); range y from 1 to n step 1`, lines("1", "2", "3"), true},
		{`range x from 1 to 100 step 1 | sample 7 | count`, lines("7"), false},
		{`range x from 1 to 5 step 1 | take toscalar(print 2)`, lines("1", "2"), true},
		{`datatable(a:int, b:string, c:dynamic)[] | summarize count()`, lines("0"), false},
		{`datatable(a:long)[3, 1, 2] | take 2`, lines("3", "1"), true},
		{`print 1, "two", datetime(null), 3.0, dynamic({"a":[1,null]}), 1h`, lines(`1 "two" null 3.0 {"a":[1,null]} 01:00:00`), false},
	})
}

func TestOrderSurvives(t *testing.T) {
	const sorted = `datatable(k:string, v:long)["b",2, "a",1, "c",3, "a",4] | sort by k asc, v desc `
	check(t, []queryCase{
		{sorted + `| project v`, lines("4", "1", "2", "3"), true},
		{sorted + `| extend k = strcat("x", tostring(v)) | where v != 2 | project k`, lines(`"x4"`, `"x1"`, `"x3"`), true},
		{sorted + `| take 2 | project v`, lines("4", "1"), true},
		{sorted + `| where v < 4 | take 2 | project v`, lines("1", "2"), true},
		{sorted + `| extend n = row_number() | where n > 1 | project v, n`, lines("1 2", "2 3", "3 4"), true},
		{sorted + `| summarize make_list(v)`, lines("[4,1,2,3]"), true},
		{sorted + `| extend d = dynamic([1, 10]) | mv-expand x = d to typeof(long) | project x * v`, lines("4", "40", "1", "10", "2", "20", "3", "30"), true},
		{sorted + `| as T | project v | take 3`, lines("4", "1", "2"), true},
		{sorted + `| sort by v asc | project v`, lines("1", "2", "3", "4"), true},
		{`range x from 1 to 3 step 1 | sort by -x asc | extend p = prev(x), n = next(x, 1, 0)`, lines("3 null 2", "2 3 1", "1 2 0"), true},
		{`print toscalar(datatable(v:long)[1, 3, 2] | sort by v desc | project v)`, lines("3"), true},
		{`print toscalar(datatable(v:string)["x"] | where v == "y")`, lines(`""`), true},
	})
}

func TestJoins(t *testing.T) {
	const sides = `let L = datatable(k:string, v:long)["a",1, "a",2, "b",3, "",4]; let R = datatable(k:string, w:string)["a","x", "c","y", "","z"]; `
	const nulls = `let L = datatable(k:long, v:long)[1,1, long(null),2]; let R = datatable(k:long, w:string)[1,"x", long(null),"y", 3,"z"]; `
	check(t, []queryCase{
		{sides + `L | join kind=inner R on k`, lines(`"a" 1 "a" "x"`, `"a" 2 "a" "x"`, `"" 4 "" "z"`), false},
		{sides + `L | join R on k`, lines(`"a" 1 "a" "x"`, `"" 4 "" "z"`), false},
		{sides + `L | join kind=leftouter R on k`, lines(`"a" 1 "a" "x"`, `"a" 2 "a" "x"`, `"b" 3 "" ""`, `"" 4 "" "z"`), false},
		{sides + `L | join kind=rightouter R on k`, lines(`"a" 1 "a" "x"`, `"a" 2 "a" "x"`, `"" null "c" "y"`, `"" 4 "" "z"`), false},
		{sides + `L | join kind=fullouter R on k`, lines(`"a" 1 "a" "x"`, `"a" 2 "a" "x"`, `"" null "c" "y"`, `"" 4 "" "z"`, `"b" 3 "" ""`), false},
		{sides + `L | join kind=leftsemi R on k`, lines(`"a" 1`, `"a" 2`, `"" 4`), false},
		{sides + `L | join kind=rightsemi R on k`, lines(`"a" "x"`, `"" "z"`), false},
		{sides + `L | join kind=leftanti R on k`, lines(`"b" 3`), false},
		{sides + `L | join kind=rightanti R on k`, lines(`"c" "y"`), false},
		{sides + `L | lookup R on k`, lines(`"a" 1 "x"`, `"a" 2 "x"`, `"b" 3 ""`, `"" 4 "z"`), false},
		{nulls + `L | join kind=inner R on k`, lines(`1 1 1 "x"`, `null 2 null "y"`), false},
		{nulls + `L | join kind=leftanti R on k`, nil, false},
		{nulls + `R | join kind=leftanti L on k`, lines(`3 "z"`), false},
		{nulls + `L | join kind=fullouter R on k | where isempty(w)`, nil, false},
		{sides + `L | join kind=inner (L | project v2 = v, k) on k | count`, lines("6"), false},
		{sides + `let A = materialize(L | where v > 1); A | join kind=inner A on k | project v, v1`, lines("2 2", "3 3", "4 4"), false},
		{sides + `L | where k in (R | project k)`, lines(`"a" 1`, `"a" 2`, `"" 4`), false},
		{sides + `L | where k !in (R | project k)`, lines(`"b" 3`), false},
		{sides + `L | extend hit = strcat(k, "") in~ (R | project k) | project v, hit`, lines("1 true", "2 true", "3 false", "4 true"), false},
		{nulls + `L | extend hit = k in (R | project k), miss = k !in (R | project k) | project v, hit, miss`, lines("1 true false", "2 false true"), false},
		{sides + `union L, R | summarize n = count(), s = sum(v) by k`, lines(`"a" 3 3`, `"b" 1 3`, `"" 2 4`, `"c" 1 0`), false},
		{sides + `union withsource=T kind=inner L, R | summarize n = count() by T`, lines(`"union_arg0" 4`, `"union_arg1" 3`), false},
		{sides + `L | union (R | extend v = "text") | where isempty(w) | project k, v_long, v_string`, lines(`"a" 1 ""`, `"a" 2 ""`, `"b" 3 ""`, `"" 4 ""`), false},
	})
}

func TestAggregates(t *testing.T) {
	check(t, []queryCase{
		{people + `people | summarize count(), sum(pay), avg(pay), min(pay), max(pay)`, lines("5 NaN NaN NaN NaN"), false},
		{people + `people | where id < 5 | summarize count(), sum(pay), avg(pay), min(pay), max(pay), dcount(pay)`, lines("4 20.5 6.833333333333333 5.0 10.5 2"), false},
		{people + `people | where id > 9 | summarize count(), sum(pay), avg(pay), min(name), max(pay), take_any(name), make_list(id), stdev(id)`, lines(`0 0.0 NaN "" null "" [] 0.0`), false},
		{people + `people | where id > 9 | summarize count() by name`, nil, false},
		{people + `people | summarize n = count(), who = make_list(id) by boss | project boss, n`, lines("null 2", "1 2", "2 1"), false},
		{people + `people | summarize arg_max(id, name), arg_min(id, name) by boss`, lines(`null 5 "eve" 1 "ann"`, `1 3 "cyd" 2 "bob"`, `2 4 "" 4 ""`), false},
		{people + `people | distinct boss`, lines("null", "1", "2"), false},
		{people + `people | summarize by bin(id, 2)`, lines("0", "2", "4"), false},
		{people + `people | summarize countif(id > 2), sumif(id, id > 2), percentile(id, 50)`, lines("3 12 3"), false},
		{`range x from 1 to 4 step 1 | summarize x = sum(x) by y = x % 2 | where y == 1`, lines("1 4"), false},
		{`datatable(a:long)[9223372036854775807, 1] | summarize sum(a)`, lines("-9223372036854775808"), false},
		{`datatable(t:datetime)[datetime(2024-01-01), datetime(2024-01-01T00:00:00.0000003Z)] | summarize avg(t), max(t)`, lines("2024-01-01T00:00:00.0000001Z 2024-01-01T00:00:00.0000003Z"), false},
		{`datatable(s:string)["a'b", "", "c\"d"] | summarize make_list(s)`, lines(`["a'b","","c\"d"]`), false},
		{`datatable(x:real)[1.0, 2.5, 1e20] | summarize make_list(x)`, lines(`[1.0,2.5,100000000000000000000.0]`), false},
		{`datatable(x:datetime)[datetime(0001-01-01), datetime(9999-12-31T23:59:59.9999999Z)] | summarize make_list(x)`, lines(`["0001-01-01T00:00:00.0000000Z","9999-12-31T23:59:59.9999999Z"]`), false},
	})
}
