//go:build cgo

package enginetest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestTmp(t *testing.T) {
	q := Open(t)
	for _, name := range []string{"engine-docs-cases.jsonl", "engine-fuzz-cases.jsonl"} {
		f, err := os.Open(filepath.Join(os.Getenv("RESLOG_KQL_CORPORA"), name))
		if err != nil {
			t.Skip()
		}
		out, _ := os.Create("/tmp/sqlscratch/out-" + name)
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<24)
		counts := map[string]int{}
		for s.Scan() {
			var c struct{ Query string }
			if err := json.Unmarshal(s.Bytes(), &c); err != nil {
				t.Fatal(err)
			}
			rec := map[string]any{"query": c.Query}
			res, err := q.Run(t.Context(), c.Query)
			if err != nil {
				rec["error"] = err.Error()
				rec["etype"] = fmt.Sprintf("%T", err)
				counts["err"]++
			} else {
				counts["ok"]++
				r := res[0]
				var cols, types []string
				for _, c := range r.Columns {
					cols = append(cols, c.Name)
					types = append(types, c.Type.String())
				}
				rec["columns"], rec["types"], rec["rows"], rec["sql"] = cols, types, fmt.Sprint(r.Rows), r.SQL
				for _, row := range r.Rows {
					for i, v := range row {
						if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
							row[i] = map[string]string{"NaN": "NaN", "+Inf": "Infinity", "-Inf": "-Infinity"}[fmt.Sprint(f)]
						}
					}
				}
				rows, _ := json.Marshal(r.Rows)
				if rows != nil {
					rec["rows"] = json.RawMessage(rows)
				}
			}
			b, err := json.Marshal(rec)
			if err != nil {
				b = []byte(`{"error":"marshal"}`)
			}
			out.Write(append(b, '\n'))
		}
		f.Close()
		out.Close()
		t.Log(name, counts)
	}
}
