//go:build cgo

package enginetest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"reslog/internal/ticks"
	"reslog/kql"
)

// engineCase is a query with the rows that the real engine gave.
type engineCase struct {
	Source  string
	Query   string
	Columns []string
	Rows    [][]any
}

// different are cases whose rows cannot be ours: what they are made of is another
// at each run.
var different = regexp.MustCompile(`\bnow\(|\bago\(|\brand\(|\bsample\b|new_guid|cluster\(|current_`)

// TestEngineCases compares with what the real engine answers, for the queries that
// are not refused. Rows are compared as a set, reals to nine digits.
func TestEngineCases(t *testing.T) {
	folder := os.Getenv("RESLOG_KQL_CORPORA")
	if folder == "" {
		return
	}
	q := Open(t)
	ran, refused := 0, 0
	for _, c := range readCases(t, filepath.Join(folder, "engine-docs-cases.jsonl")) {
		if different.MatchString(c.Query) {
			continue
		}
		results, err := q.Run(t.Context(), c.Query)
		var refusal *kql.Error
		switch {
		case errors.As(err, &refusal):
			refused++
			continue
		case err != nil:
			t.Errorf("%s\n%s\n\t%v", c.Source, c.Query, err)
			continue
		}
		ran++
		sets := strings.Contains(c.Query, "make_set")
		got, want := ours(results[0], sets), theirs(results[0], c, sets)
		if !slices.Equal(got, want) {
			t.Errorf("%s\n%s\n\tgot  %s\n\twant %s", c.Source, c.Query, strings.Join(got, " | "), strings.Join(want, " | "))
		}
	}
	t.Logf("%d queries were run, %d refused", ran, refused)
}

func readCases(t *testing.T, path string) []engineCase {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []engineCase
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var c engineCase
		d := json.NewDecoder(bytes.NewReader(s.Bytes()))
		d.UseNumber()
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// ours are the rows of a result as JSON texts, sorted.
func ours(r Result, sets bool) []string {
	return texts(len(r.Rows), len(r.Columns), sets, func(row, col int) any {
		v := r.Rows[row][col]
		switch t := r.Columns[col].Type; {
		case v == nil:
			return nil
		case t == kql.Dynamic:
			return decoded(v.(string))
		case t == kql.Datetime, t == kql.Timespan:
			return Text(t, v)
		}
		return v
	})
}

// theirs are the rows of a case: a bool is 0 or 1 there.
func theirs(r Result, c engineCase, sets bool) []string {
	return texts(len(c.Rows), len(c.Columns), sets, func(row, col int) any {
		v := c.Rows[row][col]
		if col >= len(r.Columns) {
			return v
		}
		switch s, isText := v.(string); {
		case r.Columns[col].Type == kql.Dynamic && isText:
			return decoded(s)
		case r.Columns[col].Type == kql.Datetime && isText:
			if n, ok := ticks.ParseDate(s); ok {
				return ticks.FormatDate(n)
			}
		case r.Columns[col].Type == kql.Bool && v != nil:
			return v == json.Number("1") || v == true
		}
		return v
	})
}

// texts are rows as JSON, sorted; the elements of arrays too where they are sets.
func texts(rows, cols int, sets bool, at func(row, col int) any) []string {
	out := make([]string, rows)
	for i := range out {
		values := make([]any, cols)
		for j := range values {
			values[j] = rounded(at(i, j))
			if array, ok := values[j].([]any); ok && sets {
				slices.SortFunc(array, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			}
		}
		b, _ := json.Marshal(values)
		out[i] = string(b)
	}
	slices.Sort(out)
	return out
}

// decoded is a dynamic value; text that is no JSON is itself.
func decoded(s string) any {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return s
	}
	return v
}

// rounded makes numbers comparable.
func rounded(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64()
		return rounded(f)
	case int64:
		return rounded(float64(v))
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN"
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		case v == 0:
			return 0
		}
		scale := math.Pow(10, 9-math.Ceil(math.Log10(math.Abs(v))))
		return math.Round(v*scale) / scale
	case []any:
		for i := range v {
			v[i] = rounded(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = rounded(v[k])
		}
	}
	return v
}

func TestRounded(t *testing.T) {
	if a, b := rounded(0.1+0.2), rounded(json.Number("0.3")); !reflect.DeepEqual(a, b) {
		t.Errorf("%v and %v", a, b)
	}
}
