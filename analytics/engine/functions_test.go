//go:build cgo

package engine

import (
	"errors"
	"strings"
	"testing"

	"reslog/kql"
	"reslog/kql/scalar"
)

// A call of a function costs about 0.2 µs beside what the function does.
func BenchmarkFunction(b *testing.B) {
	db, err := Open(b.Context(), Config{Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.SQL().ExecContext(b.Context(), "CREATE TABLE t AS SELECT i AS n, 'some text number ' || i AS s FROM range(1000000) r(i)"); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, text string }{
		{"none", "SELECT sum(length(s)) FROM t"},
		{"string to long", "SELECT sum(kql_strlen(s)) FROM t"},
		{"string to string", "SELECT sum(length(kql_toupper(s))) FROM t"},
		{"constant", "SELECT sum(length(kql_replace_string(s, 'text', 'word'))) FROM t"},
		{"long to string", "SELECT sum(length(kql_tostring_long(n))) FROM t"},
		{"text to bool", "SELECT count(*) FILTER (WHERE kql_has(s, 'text')) FROM t"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := db.Query(b.Context(), statement(c.text), func([]any) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/call")
		})
	}
}

// Vectors with nulls, long and short texts, empty ones and runs of equal ones
// arrive as they are, and so do the results.
func TestFunctionsSeeVectors(t *testing.T) {
	db := open(t, Config{Threads: 2})
	st := statement(`SELECT count(*)::BIGINT, count(*) FILTER (WHERE kql_reverse(kql_reverse(s)) = s)::BIGINT,
		count(*) FILTER (WHERE kql_strlen(s) = length(s))::BIGINT,
		count(*) FILTER (WHERE kql_tostring_long(n) = coalesce(n::VARCHAR, ''))::BIGINT,
		count(*) FILTER (WHERE kql_strcat(s, '-', s, 'a longer constant') = s || '-' || s || 'a longer constant')::BIGINT,
		count(*) FILTER (WHERE kql_tolong_string(coalesce(n::VARCHAR, 'none')) IS NOT DISTINCT FROM n)::BIGINT
		FROM (SELECT CASE i // 3 % 5 WHEN 0 THEN '' WHEN 1 THEN 'é' WHEN 2 THEN 'exactly 12 b' WHEN 3 THEN 'thirteen byte'
			ELSE repeat('long ', i // 3 % 700) END AS s, CASE WHEN i % 7 = 0 THEN NULL ELSE i * 1000003 END AS n
			FROM range(20000) r(i))`, kql.Long, kql.Long, kql.Long, kql.Long, kql.Long, kql.Long)
	for i, v := range rows(t, db, st)[0] {
		if v != int64(20000) {
			t.Errorf("column %d is right for %v rows of 20000", i, v)
		}
	}
	long := statement(`SELECT count(*)::BIGINT FROM (SELECT i, repeat(chr(97 + (i % 26)::INTEGER), (i % 3 * 5000)::INTEGER) AS s FROM range(4096) r(i))
		WHERE kql_strcat(s, i::VARCHAR, s) = s || i || s`, kql.Long)
	if got := rows(t, db, long); got[0][0] != int64(4096) {
		t.Errorf("long texts are right for %v rows of 4096", got[0][0])
	}
	null := rows(t, db, statement("SELECT kql_strcat(NULL, 'a', NULL), kql_tostring_long(NULL), kql_tolong_string('x')", kql.String, kql.String, kql.Long))
	if got := null[0]; got[0] != "a" || got[1] != "" || got[2] != nil {
		t.Errorf("of nulls the functions made %#v", got)
	}
}

// A function that fails ends its query, not the process; so does one whose results
// do not fit into the memory.
func TestFunctionsFail(t *testing.T) {
	db := open(t, Config{MemoryLimit: 32 << 20, Threads: 2})
	conn, err := db.SQL().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		own, err := Handle(c)
		if err != nil {
			return err
		}
		for _, f := range []scalar.Func{
			{Name: "test_panics", Params: []kql.Type{kql.Long}, Returns: kql.Long, Call: func([]any) any { panic("on purpose") }},
			{Name: "test_wrong", Params: []kql.Type{kql.Long}, Returns: kql.Long, Call: func([]any) any { return "text" }},
			{Name: "test_bad_text", Params: []kql.Type{kql.Long}, Returns: kql.String, Call: func([]any) any { return "a\xffb" }},
		} {
			if err := registerOne(own, f); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"SELECT test_panics(i) FROM range(10) t(i)", "test_panics failed: on purpose"},
		{"SELECT test_wrong(i) FROM range(10) t(i)", "a string and should be a long"},
	} {
		err := db.Query(t.Context(), statement(c.text, kql.Long), func([]any) error { return nil })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	if got := rows(t, db, statement("SELECT test_bad_text(1)", kql.String)); got[0][0] != "a\uFFFDb" {
		t.Errorf("text that is not UTF-8 became %q", got[0][0])
	}
	big := statement("SELECT kql_strcat(repeat('x', 10000), i::VARCHAR) AS s FROM range(1000000) t(i) ORDER BY s", kql.String)
	if err := db.Query(t.Context(), big, func([]any) error { return nil }); !errors.Is(err, ErrMemory) {
		t.Errorf("a query whose functions give too much ended with %v", err)
	}
}

// A function of texts where they are sees long and short ones, nulls, and arguments
// that change from row to row.
func TestFunctionOfTexts(t *testing.T) {
	db := open(t, Config{Threads: 2})
	st := statement(`SELECT count(*)::BIGINT,
		count(*) FILTER (WHERE kql_search(s, 'row 7', 0) = contains(s, 'row 7'))::BIGINT,
		count(*) FILTER (WHERE kql_search(s, n, 1) = contains(lower(s), lower(n)))::BIGINT,
		count(*) FILTER (WHERE kql_search(s, 'ROW', how) = (how & 1 = 1 AND s <> ''))::BIGINT,
		count(*) FILTER (WHERE kql_search(CASE WHEN i % 3 = 0 THEN NULL ELSE s END, 'row', 0) = (i % 3 <> 0 AND s <> ''))::BIGINT,
		count(*) FILTER (WHERE kql_search(s || 'é', 'nothing', 0) IS NULL)::BIGINT
		FROM (SELECT i, CASE WHEN i % 11 = 0 THEN '' ELSE 'row ' || i || repeat(' and', (i % 5)::INTEGER) END AS s, 'W ' || (i // 700) AS n, i % 2 AS how FROM range(20000) r(i))`,
		kql.Long, kql.Long, kql.Long, kql.Long, kql.Long, kql.Long)
	for i, v := range rows(t, db, st)[0] {
		// A text that is shorter than what is looked for needs no look.
		want := int64(20000)
		if i == 5 {
			want -= 1819
		}
		if v != want {
			t.Errorf("column %d is right for %v rows of %d", i, v, want)
		}
	}
}
