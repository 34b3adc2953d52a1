//go:build cgo

package enginetest

import "testing"

// ints are read from a table, so that the engine calculates and the binder does not.
const ints = `let T = datatable(a:long, b:long)[7,2, -7,2, 7,-2, -7,-2, 7,0, 9223372036854775807,1, -9223372036854775808,-1, long(null),1, 3000000000,4000000000]; `

func TestArithmetic(t *testing.T) {
	check(t, []queryCase{
		{ints + `T | project a + b, a - b, a * b`, lines(
			"9 5 14", "-5 -9 -14", "5 9 -14", "-9 -5 14", "7 7 0",
			"-9223372036854775808 9223372036854775806 9223372036854775807",
			"9223372036854775807 -9223372036854775807 -9223372036854775808",
			"null null null", "7000000000 -1000000000 -6446744073709551616"), true},
		{ints + `T | project a / b, a % b`, lines("3 1", "-3 1", "-3 1", "3 1", "null null", "9223372036854775807 0", "-9223372036854775808 0", "null null", "0 3000000000"), true},
		{ints + `T | project -a, a * 3, a + 9223372036854775807, a / -1, a % 3`, lines(
			"-7 21 -9223372036854775802 -7 1", "7 -21 9223372036854775800 7 2", "-7 21 -9223372036854775802 -7 1", "7 -21 9223372036854775800 7 2",
			"-7 21 -9223372036854775802 -7 1", "-9223372036854775807 9223372036854775805 -2 -9223372036854775807 1",
			"-9223372036854775808 -9223372036854775808 -1 -9223372036854775808 1", "null null null null null",
			"-3000000000 9000000000 -9223372033854775809 -3000000000 0"), true},
		{`datatable(a:int, b:int)[2147483647,2147483647, -2147483648,-1] | project a + b, a * b, -a, a / b, a % b`, lines("4294967294 4611686014132420609 -2147483647 1 0", "-2147483649 2147483648 2147483648 2147483648 0"), true},
		{`datatable(a:real, b:real)[7.5,2.0, -7.5,2.0, 1.0,0.0, 0.0,0.0] | project a / b, a % b, a - b`, lines("3.75 1.5 5.5", "-3.75 0.5 -9.5", "inf NaN 1.0", "NaN NaN 0.0"), true},
		{`datatable(a:datetime, s:timespan)[datetime(2024-02-29), 1d, datetime(9999-12-31), 1d, datetime(0001-01-01), -1tick, datetime(null), 1h] | project a + s, a - s, a + 36h, a - 36h, a - datetime(2024-01-01)`, lines(
			"2024-03-01T00:00:00.0000000Z 2024-02-28T00:00:00.0000000Z 2024-03-01T12:00:00.0000000Z 2024-02-27T12:00:00.0000000Z 59.00:00:00",
			"null 9999-12-30T00:00:00.0000000Z null 9999-12-29T12:00:00.0000000Z 2913173.00:00:00",
			"null 0001-01-01T00:00:00.0000001Z 0001-01-02T12:00:00.0000000Z null -738885.00:00:00",
			"null null null null null"), true},
		{`datatable(s:timespan, n:long)[1d, 5, 90m, 0, timespan(null), 1] | project s * n, s / n, s / 1h, s % 7h, s * 0.5, -s`, lines(
			"5.00:00:00 04:48:00 24.0 03:00:00 12:00:00 -1.00:00:00", "00:00:00 null 1.5 01:30:00 00:45:00 -01:30:00", "null null null null null null"), true},
		{`datatable(a:long)[7, -7, -9223372036854775808] | project bin(a, 5), bin(a, -1), bin(a, long(null))`, lines("5 null null", "-10 null null", "9223372036854775806 null null"), true},
		{`datatable(t:datetime)[datetime(1955-11-05T22:04:00), datetime(2024-05-06T07:08:09.1234567)] | project bin(t, 7d), bin(t, 10d), bin(t, 1tick)`, lines(
			"1955-10-31T00:00:00.0000000Z 1955-11-04T00:00:00.0000000Z 1955-11-05T22:04:00.0000000Z",
			"2024-05-06T00:00:00.0000000Z 2024-05-05T00:00:00.0000000Z 2024-05-06T07:08:09.1234567Z"), true},
	})
}

func TestComparison(t *testing.T) {
	const nulls = `let T = datatable(a:long, b:long)[1,1, 1,2, 1,long(null), long(null),1, long(null),long(null)]; `
	const reals = `let T = datatable(a:real)[1.0, real(nan), real(+inf), real(null)]; `
	check(t, []queryCase{
		{nulls + `T | project a == b, a != b, a < b, a == 1, a != 1, a <= 1`, lines(
			"true false false true false true", "false true true true false true", "false true null true false true",
			"false true null false true null", "null null null false true null"), true},
		{nulls + `T | where not(a == b) | count`, lines("3"), false},
		{nulls + `T | where not(a < b) | count`, lines("1"), false},
		{nulls + `T | where a == 1 or b == 1 | count`, lines("4"), false},
		{nulls + `T | where not(a == 1 and b == 1) | count`, lines("4"), false},
		{nulls + `T | project a in (1, 3), a !in (1, 3), b in (a, 2), a between (0 .. 1), a !between (0 .. 1)`, lines(
			"true false true true false", "true false true true false", "true false false true false",
			"false true false null null", "false true false null null"), true},
		{nulls + `T | project iff(a > b, "x", "y"), case(a > b, 1, a == b, 2, 3), coalesce(a, b, 7)`, lines(`"y" 2 1`, `"y" 3 1`, `"y" 3 1`, `"y" 3 1`, `"y" 3 7`), true},
		{reals + `T | project a == a, a > 0.5, a <= 2.0, a in (1.0, 2.0), a between (0.0 .. 5.0), a != 1.0`, lines(
			"true true true true true false", "false false false false false true", "true true false false false true", "null null null false null true"), true},
		{reals + `T | where a > 0.5 or a <= 0.5 | count`, lines("2"), false},
		{reals + `T | where a != a | count`, lines("1"), false},
		{`datatable(s:string)["", "a", "A"] | project isnull(s), isempty(s), isnotempty(s), s == "a", s =~ "a", s != "a", s !~ "a", coalesce(s, "z")`, lines(
			`false true false false false true true "z"`, `false false true true true false false "a"`, `false false true false true true false "A"`), true},
		{`datatable(d:dynamic)[dynamic({"k":"v","n":1.0,"z":null}), dynamic(null), dynamic([1]), dynamic("")] | project d.k == "v", d.n == 1, isnull(d.z), isempty(d), isnotnull(d)`, lines(
			"true true true false true", "false false true true false", "false false true false true", "false false true true true"), true},
		{`datatable(s:string)["a", "b", ""] | project s in (dynamic(["a", 1, null])), s in~ ("A", "x"), s !in ("a", "b"), s in ("")`, lines("true true false false", "false false false false", "false false true true"), true},
		{`datatable(s:string, d:dynamic)["a", dynamic(["a","b"]), "A", dynamic(["a"]), "a", dynamic(null), "1", dynamic([1])] | project s in (d), s in~ (d), s !in (d)`, lines("true true false", "false true true", "false false true", "false false true"), true},
		{`datatable(n:long, d:dynamic)[1, dynamic([1,2]), 3, dynamic(["3"]), long(null), dynamic([null])] | project n in (d), n in (dynamic([1, 2.0]))`, lines("true true", "false false", "false false"), true},
	})
}

func TestText(t *testing.T) {
	const words = `let T = datatable(s:string)["alpha-beta", "alpha_beta", "alphabeta", "ALPHA", "café au lait", "Version=1.2.3", "a", ""]; `
	check(t, []queryCase{
		{words + `T | where s has "alpha" | project s`, lines(`"alpha-beta"`, `"alpha_beta"`, `"ALPHA"`), true},
		{words + `T | where s has_cs "alpha" | project s`, lines(`"alpha-beta"`, `"alpha_beta"`), true},
		{words + `T | where s !has "alpha" | count`, lines("5"), false},
		{words + `T | where s has "CAFÉ" or s has "caf" | project s`, lines(`"café au lait"`), true},
		{words + `T | where s has "2.3" | project s`, lines(`"Version=1.2.3"`), true},
		{words + `T | where s has "" | count`, lines("8"), false},
		{words + `T | where s !contains "" | count`, lines("0"), false},
		{words + `T | where s contains "HABET" | project s`, lines(`"alphabeta"`), true},
		{words + `T | where s contains_cs "LPH" | project s`, lines(`"ALPHA"`), true},
		{words + `T | where s hasprefix "alph" | count`, lines("4"), false},
		{words + `T | where s hassuffix "beta" | count`, lines("3"), false},
		{words + `T | where s startswith "al" and s !startswith_cs "AL" | count`, lines("3"), false},
		{words + `T | where s endswith "TA" and s !endswith_cs "x" | count`, lines("3"), false},
		{words + `T | where s has_any ("lait", "beta") | count`, lines("3"), false},
		{words + `T | where s has_any (dynamic(["x1", "x2", "x3", "lait", "1.2"])) | count`, lines("2"), false},
		{words + `T | where s has_all ("alpha", "beta") | count`, lines("2"), false},
		{words + `T | extend n = "au", m = dynamic(["au", "lait"]) | where s has n and s has_any (m) and s has_all (m) | count`, lines("1"), false},
		{words + `let L = datatable(w:string)["beta", "lait"]; T | where s has_any (L) | count`, lines("3"), false},
		{`datatable(s:string, n:string)["foo bar", "bar", "foobar", "bar", "a.b", ".", "x", ""] | project s has n, s hasprefix n, s hassuffix n, s contains n, s startswith n`, lines(
			"true true true true false", "false false true true false", "true true true true false", "true true true true true"), true},
		{`datatable(s:string)["50%", "5_0", "500"] | where s contains "0%" or s contains "_" | count`, lines("2"), false},
	})
}

func TestPaths(t *testing.T) {
	const bags = `let T = datatable(d:dynamic, k:string, i:long)[dynamic({"a":{"b":[10,20,null]},"x y":1,"q\"t":2,"0":3,"é":4,"*":5,"a.b":6}), "x y", 0, dynamic([1,[2,3]]), "0", -1, dynamic("text"), "a", 0, dynamic(null), "a", 0]; `
	check(t, []queryCase{
		{bags + `T | project d.a.b[1], d["a"]["b"][-1], d.a.b[-3], d["x y"], d['q"t'], d["0"], d["é"], d["*"], d["a.b"]`, lines(
			"20 null 10 1 2 3 4 5 6", "null null null null null null null null null", "null null null null null null null null null", "null null null null null null null null null"), true},
		{bags + `T | project d[0], d[1][0], d[5], d[k], d[i], d.a[k]`, lines("null null null 1 null null", "1 2 null null [2,3] null", "null null null null null null", "null null null null null null"), true},
		{bags + `T | where d.a.b[0] == 10 | project tostring(d.a.b)`, lines(`"[10,20,null]"`), false},
	})
}
