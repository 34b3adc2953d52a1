//go:build cgo

package enginetest

import (
	"os"
	"strings"
	"testing"
)

func TestQ(t *testing.T) {
	q := Open(t)
	b, _ := os.ReadFile("/tmp/sqlscratch/q.kql")
	for _, s := range strings.Split(string(b), "\n---\n") {
		if strings.TrimSpace(s) == "" {
			continue
		}
		res, err := q.Run(t.Context(), s)
		t.Logf("> %s", s)
		if err != nil {
			t.Logf("ERR %v", err)
		}
		for _, r := range res {
			t.Logf("%s", r.SQL)
			for _, row := range r.Rows {
				t.Logf("   %#v", row)
			}
		}
	}
}
