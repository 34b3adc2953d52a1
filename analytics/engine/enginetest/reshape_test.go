//go:build cgo

package enginetest

import "testing"

func TestExpand(t *testing.T) {
	const bags = `let T = datatable(id:long, d:dynamic)[1, dynamic([10, "x", null]), 2, dynamic({"a":1, "b\"c":[2]}), 3, dynamic([]), 4, dynamic(null), 5, dynamic("text")]; `
	check(t, []queryCase{
		{bags + `T | mv-expand d`, lines("1 10", `1 "x"`, "1 null", `2 {"a":1}`, `2 {"b\"c":[2]}`, "4 null", `5 "text"`), false},
		{bags + `T | mv-expand bagexpansion=array d | where id == 2`, lines(`2 ["a",1]`, `2 ["b\"c",[2]]`), false},
		{bags + `T | mv-expand with_itemindex=i d limit 2 | where id < 3`, lines("1 10 0", `1 "x" 1`, `2 {"a":1} 0`, `2 {"b\"c":[2]} 1`), false},
		{bags + `T | mv-expand x = d to typeof(long) | where isnotnull(x) | project id, x`, lines("1 10"), false},
		{`print a = dynamic([1,2,3]), b = dynamic(["x"]) | mv-expand a, b`, lines(`1 "x"`, "2 null", "3 null"), false},
		{`print a = dynamic([]), b = dynamic(["x"]) | mv-expand a, b`, lines(`null "x"`), false},
		{`print a = dynamic([[1,2],[3]]) | mv-expand a | mv-expand a`, lines("1", "2", "3"), false},
	})
}

func TestApply(t *testing.T) {
	const rows = `let T = datatable(id:long, d:dynamic)[1, dynamic([5, 1, 3]), 2, dynamic([4, 10, 8, 7]), 3, dynamic([])]; `
	check(t, []queryCase{
		{rows + `T | mv-apply x = d to typeof(long) on (top 2 by x) | project id, x`, lines("1 5", "1 3", "2 10", "2 8"), false},
		{rows + `T | mv-apply x = d to typeof(long) on (top 2 by x | summarize l = make_list(x)) | project id, l`, lines("1 [5,3]", "2 [10,8]", "3 []"), false},
		{rows + `T | mv-apply x = d to typeof(long) on (summarize s = sum(x), n = count()) | project id, s, n`, lines("1 9 3", "2 29 4", "3 0 0"), false},
		{rows + `T | mv-apply x = d to typeof(long) on (where x > id * 3 | extend y = x - id | order by y asc | extend n = row_number()) | project id, y, n`, lines("1 4 1", "2 5 1", "2 6 2", "2 8 3"), false},
		{rows + `T | mv-apply with_itemindex=i x = d to typeof(long) on (where i == 1) | project id, x, i`, lines("1 1 1", "2 10 1"), false},
		{rows + `T | mv-apply x = d to typeof(long) on (extend y = dynamic([1, 2]) | mv-apply z = y to typeof(long) on (summarize s = sum(z * x))) | summarize sum(s)`, lines("114"), false},
		{rows + `let best = toscalar(T | count); T | mv-apply x = d to typeof(long) on (where x == best) | project id, x`, lines("1 3"), false},
		{rows + `T | mv-apply x = d to typeof(long) on (where x in (range v from 1 to 4 step 1 | project v)) | project id, x`, lines("1 1", "1 3", "2 4"), false},
	})
}

func TestWindow(t *testing.T) {
	const rows = `let T = datatable(g:string, v:long)["a",1, "a",2, "b",5, "b",5, "b",9] | sort by g asc, v asc; `
	check(t, []queryCase{
		{rows + `T | extend p = prev(v), q = prev(g, 2), n = next(v, 1, -1)`, lines(`"a" 1 null "" 2`, `"a" 2 1 "" 5`, `"b" 5 2 "a" 5`, `"b" 5 5 "a" 9`, `"b" 9 5 "b" -1`), true},
		{rows + `T | extend n = row_number(), m = row_number(7, g != prev(g)) | project n, m`, lines("1 7", "2 8", "3 7", "4 8", "5 9"), true},
		{rows + `T | extend s = row_cumsum(v), r = row_cumsum(v, g != prev(g)) | project s, r`, lines("1 1", "3 3", "8 5", "13 10", "22 19"), true},
		{rows + `T | extend d = row_rank_dense(v), m = row_rank_min(v), e = row_rank_dense(v, g != prev(g)) | project d, m, e`, lines("1 1 1", "2 2 2", "3 3 1", "3 3 1", "4 5 2"), true},
		{rows + `T | extend x = row_cumsum(v) - prev(row_cumsum(v))`, lines(`"a" 1 null`, `"a" 2 2`, `"b" 5 5`, `"b" 5 5`, `"b" 9 9`), true},
		{rows + `T | extend n = row_number() | where n % 2 == 1 | extend m = row_number() | project n, m`, lines("1 1", "3 2", "5 3"), true},
		{`datatable(x:long)[3, 1, 2] | serialize n = row_number()`, lines("3 1", "1 2", "2 3"), true},
		{`datatable(x:long)[long(null), 1, long(null)] | serialize s = row_cumsum(x), d = row_rank_dense(x)`, lines("null 0 1", "1 1 2", "null 1 3"), true},
		{`datatable(x:long)[9223372036854775807, 1] | serialize s = row_cumsum(x)`, lines("9223372036854775807 9223372036854775807", "1 -9223372036854775808"), true},
	})
}

func TestSeries(t *testing.T) {
	const rows = `let T = datatable(t:datetime, g:string, v:long)[datetime(2024-01-01), "a", 1, datetime(2024-01-01T06:00), "a", 2, datetime(2024-01-03), "a", 4, datetime(2024-01-02), "b", 8, datetime(2023-01-01), "old", 16]; `
	const axis = `["2024-01-01T00:00:00.0000000Z","2024-01-02T00:00:00.0000000Z","2024-01-03T00:00:00.0000000Z"]`
	check(t, []queryCase{
		{rows + `T | make-series s = sum(v) on t from datetime(2024-01-01) to datetime(2024-01-04) step 1d by g`, lines(`"a" [3,0,4] `+axis, `"b" [0,8,0] `+axis), false},
		{rows + `T | make-series s = avg(v) default=-1.5, n = count() on t from datetime(2024-01-01) to datetime(2024-01-03T00:00:00.0000001) step 1d`, lines(`[1.5,8.0,4.0] [2,1,1] ` + axis), false},
		{rows + `T | where g == "a" | make-series m = max(v) on t step 1d`, lines(`[2,0,4] ` + axis), false},
		{rows + `T | make-series m = max(v) on t from datetime(2025-01-01) to datetime(2025-01-02) step 1d by g`, nil, false},
		{`range x from 0 to 9 step 1 | make-series n = count() on x from 0 to 10 step 4`, lines("[4,4,2] [0,4,8]"), false},
		{`range x from 0.0 to 1.0 step 0.25 | make-series n = count() on x from 0.0 to 1.0 step 0.5`, lines("[2,2] [0.0,0.5]"), false},
		{rows + `let from = toscalar(T | where g == "b" | summarize min(t)); T | make-series n = count() on t from from to from + 1d step 1d`, lines(`[1] ["2024-01-02T00:00:00.0000000Z"]`), false},
	})
}
