//go:build cgo

package enginetest_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"reslog/analytics/engine/enginetest"
	"reslog/internal/ticks"
	"reslog/kql"
)

// corpus is a case that ran on the real engine: the folder is named by
// RESLOG_KQL_CORPORA, and its README says what is in it.
type corpus struct {
	Source   string   `json:"source"`
	Family   string   `json:"family"`
	Query    string   `json:"query"`
	Columns  []string `json:"columns"`
	Types    []string `json:"types"`
	Rows     [][]any  `json:"rows"`
	Texts    []string `json:"rows_text"`
	Complete bool     `json:"complete"`
	RowCount int      `json:"row_count"`
	Error    bool     `json:"error"`
}

func readCorpus(t *testing.T, file string) []corpus {
	t.Helper()
	folder := os.Getenv("RESLOG_KQL_CORPORA")
	if folder == "" {
		return nil
	}
	f, err := os.Open(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []corpus
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c corpus
		d := json.NewDecoder(strings.NewReader(lines.Text()))
		d.UseNumber()
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func TestCorpusFamilies(t *testing.T) {
	pattern := regexp.MustCompile(os.Getenv("KQL_CASES"))
	q := enginetest.Open(t)
	counts := map[string]int{}
	for _, file := range []string{"engine-docs-cases.jsonl", "engine-fuzz-cases.jsonl"} {
		for _, c := range readCorpus(t, file) {
			key := c.Family + " " + c.Source
			if !pattern.MatchString(key) && !pattern.MatchString(c.Query) {
				continue
			}
			res, err := q.Run(t.Context(), c.Query)
			fam := c.Family
			if fam == "" {
				fam = "docs"
			}
			var ke *kql.Error
			switch {
			case err != nil && c.Error:
				counts[fam+" error ok"]++
			case errors.As(err, &ke) && ke.Refused:
				counts[fam+" refused"]++
				t.Logf("REFUSED %v :: %s", err, oneline(c.Query))
			case err != nil:
				counts[fam+" failed"]++
				t.Errorf("FAILED %v :: %s", firstline(err), oneline(c.Query))
			case c.Error:
				counts[fam+" accepted"]++
				t.Errorf("ACCEPTED :: %s", oneline(c.Query))
			default:
				if why := differs(c, res[0]); why != "" {
					counts[fam+" different"]++
					t.Errorf("DIFFERENT %s :: %s", why, oneline(c.Query))
				} else {
					counts[fam+" ok"]++
				}
			}
		}
	}
	for k, v := range counts {
		t.Log(k, v)
	}
}

func oneline(s string) string { return strings.Join(strings.Fields(s), " ") }
func firstline(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

func differs(c corpus, r enginetest.Result) string {
	names := make([]string, len(r.Columns))
	for i, col := range r.Columns {
		names[i] = col.Name
	}
	if strings.Join(names, ",") != strings.Join(c.Columns, ",") {
		return fmt.Sprintf("columns %v want %v", names, c.Columns)
	}
	for i, typ := range c.Types {
		if want := map[string]string{"Int64": "long", "Int32": "int", "Double": "real", "DateTime": "datetime", "TimeSpan": "timespan", "String": "string", "SByte": "bool", "Object": "dynamic", "Guid": "guid", "SqlDecimal": "decimal"}[typ]; want != r.Columns[i].Type.String() {
			return fmt.Sprintf("column %s is %s want %s", names[i], r.Columns[i].Type, want)
		}
	}
	want := c.Rows
	for _, text := range c.Texts {
		row, ok := parseTuple(text)
		if !ok {
			return "cannot parse " + text
		}
		want = append(want, row)
	}
	if n := c.RowCount; len(c.Texts) > 0 && n != len(r.Rows) || len(c.Texts) == 0 && len(want) != len(r.Rows) {
		return fmt.Sprintf("%d rows want %d", len(r.Rows), max(len(want), n))
	}
	ordered := regexp.MustCompile(`\b(sort|order|top \d+ by|serialize)\b`).MatchString(c.Query)
	used := make([]bool, len(r.Rows))
	for i, w := range want {
		found := -1
		for j, g := range r.Rows {
			if used[j] || ordered && j != i {
				continue
			}
			if sameRow(r.Columns, g, w) {
				found = j
				break
			}
		}
		if found < 0 {
			return fmt.Sprintf("row %d want %v have %v", i, w, show(r.Columns, r.Rows))
		}
		used[found] = true
	}
	return ""
}

func show(cols []kql.Column, rows [][]any) string {
	var b strings.Builder
	for i, row := range rows {
		if i > 4 {
			break
		}
		b.WriteString("(")
		for k, v := range row {
			if n, ok := v.(int64); ok && cols[k].Type == kql.Datetime {
				v = ticks.FormatDate(n)
			} else if ok && cols[k].Type == kql.Timespan {
				v = ticks.FormatSpan(n)
			}
			fmt.Fprintf(&b, "%v, ", v)
		}
		b.WriteString(") ")
	}
	if b.Len() > 500 {
		return b.String()[:500]
	}
	return b.String()
}

func sameRow(cols []kql.Column, got []any, want []any) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if !sameValue(cols[i].Type, got[i], want[i]) {
			return false
		}
	}
	return true
}

func sameValue(t kql.Type, got, want any) bool {
	if want == nil {
		return got == nil || got == "null"
	}
	w := fmt.Sprint(want)
	switch t {
	case kql.Bool:
		b, ok := got.(bool)
		return ok && (b == (w == "True" || w == "true" || w == "1"))
	case kql.Int, kql.Long:
		n, ok := got.(int64)
		return ok && strconv.FormatInt(n, 10) == w
	case kql.Real, kql.Decimal:
		f, ok := got.(float64)
		g, err := strconv.ParseFloat(strings.Replace(w, "Infinity", "Inf", 1), 64)
		return ok && err == nil && near(f, g)
	case kql.Datetime:
		n, ok := got.(int64)
		m, ok2 := ticks.ParseDate(w)
		return ok && ok2 && n == m
	case kql.Timespan:
		n, ok := got.(int64)
		m, ok2 := ticks.ParseSpan(w)
		return ok && ok2 && n == m
	case kql.Dynamic:
		s, ok := got.(string)
		if !ok {
			return false
		}
		var g any
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if d.Decode(&g) != nil {
			return false
		}
		return sameJSON(g, want)
	}
	return got == w
}

func near(f, g float64) bool {
	return f == g || math.IsNaN(f) && math.IsNaN(g) || math.Abs(f-g) <= 1e-10*math.Max(math.Abs(f), math.Abs(g))
}

func sameJSON(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, ok := y[k]
			if !ok || !sameJSON(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		same := true
		for i := range x {
			same = same && sameJSON(x[i], y[i])
		}
		if same {
			return true
		}
		used := make([]bool, len(y)) // sets have no order
		for _, v := range x {
			found := false
			for j := range y {
				if !used[j] && sameJSON(v, y[j]) {
					used[j], found = true, true
					break
				}
			}
			if !found {
				return false
			}
		}
		return true
	case json.Number:
		f, _ := x.Float64()
		g, err := strconv.ParseFloat(fmt.Sprint(b), 64)
		ai, bi := !strings.ContainsAny(x.String(), ".eE"), !strings.ContainsAny(fmt.Sprint(b), ".eE")
		return err == nil && near(f, g) && (ai == bi)
	}
	return fmt.Sprint(a) == fmt.Sprint(b)
}

// parseTuple reads the text of a row: values with commas between.
func parseTuple(s string) ([]any, bool) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "("), ")")
	var out []any
	for s != "" {
		switch s[0] {
		case '\'', '"':
			quote := s[0]
			var b strings.Builder
			i := 1
			for ; i < len(s) && s[i] != quote; i++ {
				if s[i] == '\\' && i+1 < len(s) {
					i++
					switch s[i] {
					case 'n':
						b.WriteByte('\n')
					case 't':
						b.WriteByte('\t')
					case 'r':
						b.WriteByte('\r')
					case 'x':
						n, _ := strconv.ParseUint(s[i+1:i+3], 16, 8)
						b.WriteRune(rune(n))
						i += 2
					case 'u':
						n, _ := strconv.ParseUint(s[i+1:i+5], 16, 32)
						b.WriteRune(rune(n))
						i += 4
					default:
						b.WriteByte(s[i])
					}
					continue
				}
				b.WriteByte(s[i])
			}
			out = append(out, b.String())
			s = s[min(i+1, len(s)):]
		case '[', '{':
			d := json.NewDecoder(strings.NewReader(s))
			d.UseNumber()
			var v any
			if d.Decode(&v) != nil {
				return nil, false
			}
			out = append(out, v)
			s = s[d.InputOffset():]
		default:
			text, _, _ := strings.Cut(s, ",")
			s = s[len(text):]
			if text == "null" {
				out = append(out, nil)
			} else {
				out = append(out, text)
			}
		}
		s = strings.TrimPrefix(strings.TrimPrefix(s, ","), " ")
	}
	return out, true
}
