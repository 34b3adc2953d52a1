//go:build cgo

package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reslog/kql"
	ksql "reslog/kql/sql"
)

func open(t *testing.T, c Config) *DB {
	t.Helper()
	db, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func statement(text string, types ...kql.Type) ksql.Statement {
	st := ksql.Statement{SQL: text}
	for _, typ := range types {
		st.Columns = append(st.Columns, kql.Column{Type: typ})
	}
	return st
}

func rows(t *testing.T, db *DB, st ksql.Statement) [][]any {
	t.Helper()
	var out [][]any
	err := db.Query(t.Context(), st, func(v []any) error {
		out = append(out, append([]any(nil), v...))
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, st.SQL)
	}
	return out
}

func TestFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "it's 100% a folder#1")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "a b.duckdb")
	db, err := Open(t.Context(), Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL().ExecContext(t.Context(), "CREATE TABLE t AS SELECT 7::BIGINT AS x"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, Config{File: file, ReadOnly: true})
	if got := rows(t, again, statement("SELECT x FROM t", kql.Long)); got[0][0] != int64(7) {
		t.Errorf("x is %v after the database was opened again", got[0][0])
	}
	if _, err := again.SQL().ExecContext(t.Context(), "INSERT INTO t VALUES (8)"); err == nil {
		t.Error("a database that is open to be read takes rows")
	}
}

func TestFileWithQuestionMark(t *testing.T) {
	db, err := Open(t.Context(), Config{File: filepath.Join(t.TempDir(), "a?b.duckdb")})
	if err == nil {
		t.Errorf("a path with a question mark was opened: %v", db.Close())
	}
}

func TestNoWayOut(t *testing.T) {
	own, other := t.TempDir(), t.TempDir()
	secret := filepath.Join(other, "secret.csv")
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := open(t, Config{File: filepath.Join(own, "w.duckdb"), Folders: []string{filepath.Join(own, "days")}})
	if err := os.Mkdir(filepath.Join(own, "days"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"SELECT * FROM read_csv('" + secret + "')",
		"SELECT * FROM '" + secret + "'",
		"SELECT * FROM read_text('" + secret + "')",
		"SELECT * FROM glob('" + other + "/*')",
		"SELECT * FROM read_csv('" + own + "/../" + filepath.Base(other) + "/secret.csv')",
		"COPY (SELECT 1) TO '" + filepath.Join(other, "out.csv") + "'",
		"ATTACH '" + filepath.Join(other, "x.duckdb") + "' AS x",
		"INSTALL httpfs", "LOAD httpfs", "LOAD '" + secret + "'",
		"SET enable_external_access = true", "SET memory_limit = '90GB'", "SET allowed_directories = ['/']",
		"SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
		"SELECT getenv('HOME')",
		"CREATE SECRET s (TYPE s3)",
	} {
		if _, err := db.SQL().ExecContext(t.Context(), text); err == nil {
			t.Errorf("%s was run", text)
		}
	}
	days := filepath.Join(own, "days", "1.parquet")
	for _, text := range []string{
		"COPY (SELECT 5::BIGINT AS x) TO '" + days + "' (FORMAT parquet)",
		"ATTACH '" + filepath.Join(own, "days", "2.duckdb") + "' AS d2",
		"CREATE TABLE d2.t AS SELECT 6::BIGINT AS x",
	} {
		if _, err := db.SQL().ExecContext(t.Context(), text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	got := rows(t, db, statement("SELECT x FROM read_parquet('"+days+"') UNION ALL SELECT x FROM d2.t", kql.Long))
	if len(got) != 2 {
		t.Errorf("read %v from the files that are allowed", got)
	}
}

func TestEnds(t *testing.T) {
	db := open(t, Config{MemoryLimit: 64 << 20, Threads: 2})
	forever := statement("SELECT sum(a.i * b.i)::DOUBLE FROM range(1000000) a(i), range(1000000) b(i)", kql.Real)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := db.Query(ctx, forever, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a query that takes too long ended with %v", err)
	}
	reason := errors.New("the client is gone")
	ctx2, cancel2 := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel2(reason) })
	if err := db.Query(ctx2, forever, nil); !errors.Is(err, reason) {
		t.Errorf("a query that was cancelled ended with %v", err)
	}
	big := statement("SELECT count(*) FROM (SELECT i::VARCHAR || repeat('x', 100) AS k, count(*) FROM range(20000000) t(i) GROUP BY k)", kql.Long)
	if err := db.Query(t.Context(), big, nil); !errors.Is(err, ErrMemory) {
		t.Errorf("a query that needs too much memory ended with %v", err)
	}
	if got := rows(t, db, statement("SELECT 1::BIGINT", kql.Long)); got[0][0] != int64(1) {
		t.Errorf("after that the database gives %v", got)
	}
	stop := errors.New("enough")
	n := 0
	err := db.Query(t.Context(), statement("SELECT i FROM range(10) t(i)", kql.Long), func([]any) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 3 {
		t.Errorf("the query went on to row %d and ended with %v", n, err)
	}
}

func TestErrorsHaveNoSQL(t *testing.T) {
	db := open(t, Config{})
	err := db.Query(t.Context(), statement("SELECT secret_column FROM (SELECT 'hunter2' AS x)"), nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %v", err)
	}
}
