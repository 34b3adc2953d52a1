package rows

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"reslog/kql"
	"reslog/storagelog"
)

const letters = "_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// checkRows checks what holds for all rows: as many values as columns, names that a
// store takes, text that is UTF-8 and bounded, dynamic values that are JSON.
func checkRows(t *testing.T, all []Rows) {
	t.Helper()
	for _, r := range all {
		for _, row := range r.Values {
			if len(row) != len(r.Columns) {
				t.Fatalf("%s: %d values, %d columns", r.Table, len(row), len(r.Columns))
			}
			for i, v := range row {
				s, ok := v.(string)
				if !ok {
					continue
				}
				c := r.Columns[i]
				if len(c.Name) > maxColumnName || strings.Trim(c.Name, letters) != "" || c.Name[0] <= '9' {
					t.Fatalf("%s has a column %q", r.Table, c.Name)
				}
				if !utf8.ValidString(s) {
					t.Fatalf("%s.%s is not UTF-8: %q", r.Table, c.Name, s)
				}
				if c.Type == kql.Dynamic && !json.Valid([]byte(s)) {
					t.Fatalf("%s.%s is no JSON: %q", r.Table, c.Name, s)
				}
				if c.Type != kql.Dynamic && len(s) > maxText {
					t.Fatalf("%s.%s has %d bytes", r.Table, c.Name, len(s))
				}
			}
		}
	}
}

// Whatever a line is, it is a row of every kind or an error; it is a row only if
// it is a JSON object, by the judgement of another parser.
func FuzzLine(f *testing.F) {
	f.Add([]byte(blobLine))
	f.Add([]byte(`{"time":"2026-01-01T00:00:00Z","properties":"{\"a\":{\"b\":[1,\"\\ud800\"]}}","identity":{"x":1e400}}`))
	f.Add([]byte(`{"time":"2026-01-01T00:00:00Z","metricName":"x","total":"1"}`))
	f.Add([]byte("{\"a\":\"\xff\\u0000\"}"))
	f.Fuzz(func(t *testing.T, line []byte) {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var parsed map[string]json.RawMessage
		isObject := json.Unmarshal(line, &parsed) == nil && parsed != nil
		for _, cfg := range []Config{{Dedicated: true}, {}} {
			for _, o := range []Origin{{Time: at}, {Time: at, Category: "StorageRead"}, {}} {
				b := NewBuilder(cfg)
				err := b.Line(line, o)
				if err != nil && !errors.Is(err, ErrUnusable) {
					t.Fatal(err)
				}
				if !o.Time.IsZero() && (err == nil) != isObject {
					t.Fatalf("%v, and it is an object: %v", err, isObject)
				}
				checkRows(t, b.Take())
			}
		}
		b := NewBuilder(Config{})
		_ = b.Stream("A_CL", []kql.Column{{Name: "a", Type: kql.Dynamic}, {Name: "time", Type: kql.Guid}}).Add(line)
		_ = b.Collector("B", CollectorOptions{TimeField: "time"}).Add(line)
		checkRows(t, b.Take())
		_ = Elements(line, func([]byte) error { return nil })
	})
}

// Whatever a line of a classic log is, the lenient reading of it is a row or an error.
func FuzzEntry(f *testing.F) {
	for _, name := range []string{"v1.log", "v2.log", "artefacts.txt"} {
		data, err := os.ReadFile("../../storagelog/testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var l storagelog.Line
		if !l.ParseLenient(line) {
			return
		}
		var e storagelog.Entry
		l.Entry(&e)
		b := NewBuilder(Config{})
		if err := b.Entry(&e, EntryOrigin{}); err != nil && !errors.Is(err, ErrUnusable) {
			t.Fatal(err)
		}
		checkRows(t, b.Take())
	})
}
