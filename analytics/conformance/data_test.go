//go:build cgo

package conformance_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/catalog"
	"reslog/kql"
)

// now is now() of the queries over tables.
var now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// catalogue is a kql.Catalog.
type catalogue []kql.Table

// Table implements kql.Catalog.
func (c catalogue) Table(name string) (kql.Table, bool) {
	at := slices.IndexFunc(c, func(t kql.Table) bool { return t.Name == name })
	if at < 0 {
		return kql.Table{}, false
	}
	return c[at], true
}

// Tables implements kql.Catalog.
func (c catalogue) Tables() []kql.Table { return c }

// grownTables are the tables of the catalogue; AzureDiagnostics has the columns that
// records of the collected queries would have made. reference are the tables as the
// folder has them.
func grownTables(t *testing.T) (tables []kql.Table, reference catalogue) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(collection(), "table-schemas.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Tables map[string][]string }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for name, columns := range doc.Tables {
		table := kql.Table{Name: name, Time: catalog.TimeGenerated}
		for _, c := range columns {
			name, text, _ := strings.Cut(c, ":")
			typ, ok := kql.ParseType(text)
			if !ok {
				t.Fatalf("table-schemas.json: the type of %s", c)
			}
			table.Columns = append(table.Columns, kql.Column{Name: name, Type: typ})
		}
		reference = append(reference, table)
	}
	slices.SortFunc(reference, func(a, b kql.Table) int { return strings.Compare(a.Name, b.Name) })
	tables = catalog.Tables()
	for i := range tables {
		if tables[i].Name != "AzureDiagnostics" {
			continue
		}
		grown, _ := reference.Table(tables[i].Name)
		for _, c := range grown.Columns {
			same := func(own kql.Column) bool { return own.Name == c.Name }
			if !slices.ContainsFunc(tables[i].Columns, same) {
				tables[i].Columns = append(tables[i].Columns, c)
			}
		}
	}
	return tables, reference
}

// samples are texts that queries take apart.
var samples = []string{
	"", "200", "404", "500", "GetBlob", "PutBlob", "Success", "https://acme.blob.core.windows.net/logs/a/b.txt?sv=1&sig=x",
	"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourcegroups/rg/providers/microsoft.storage/storageaccounts/acme",
	"10.1.2.3:4242", "203.0.113.7", `{"a":{"b":[1,2,{"c":"d"}]},"x":"1"}`, `[{"k":"v"},{"k":"w"}]`, "a=1;b=2", "2026-01-31T10:00:00.1234567Z",
	"TCP request from 10.0.0.1:80 to 10.0.0.2:443. Action: Deny", "{not json", "O'Brien \"quoted\"", "Müller", "12.5", "true",
}

// tableRows are rows of a table for a query: its own literals are among the values,
// so that its conditions hold for some.
func tableRows(table kql.Table, query string, rows int) [][]any {
	h := fnv.New64a()
	h.Write([]byte(table.Name + query))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	texts := append(slices.Clone(samples), literals(query)...)
	out := make([][]any, rows)
	for i := range out {
		out[i] = make([]any, len(table.Columns))
		for j, c := range table.Columns {
			out[i][j] = randomValue(r, c, texts)
		}
	}
	return out
}

// literals are the strings of a query.
func literals(query string) []string {
	var out []string
	for _, quote := range []string{"'", `"`} {
		parts := strings.Split(query, quote)
		for i := 1; i < len(parts); i += 2 {
			if len(parts[i]) < 100 && !strings.Contains(parts[i], "\n") {
				out = append(out, parts[i], "x "+parts[i]+" 17")
			}
		}
	}
	return out
}

func randomValue(r *rand.Rand, c kql.Column, texts []string) any {
	if c.Type != kql.String && r.IntN(6) == 0 && c.Name != "TimeGenerated" {
		return nil
	}
	switch c.Type {
	case kql.Bool:
		return r.IntN(2) == 0
	case kql.Int, kql.Long:
		return []int64{0, 1, 200, 403, -7, 2_000_000, r.Int64N(1000)}[r.IntN(7)]
	case kql.Real, kql.Decimal:
		return []float64{0, 1.5, 200, -0.25, 1e9, r.Float64() * 1000}[r.IntN(6)]
	case kql.Datetime:
		return kql.Ticks(now.Add(-time.Duration(r.Int64N(int64(40 * 24 * time.Hour)))))
	case kql.Timespan:
		return r.Int64N(1e12)
	case kql.Guid:
		return fmt.Sprintf("%08x-1bf0-4dda-aec3-cb9272f09590", r.IntN(5))
	case kql.Dynamic:
		return []string{`{"a":{"b":[1,2]},"x":"1"}`, `[1,"two",{"three":3}]`, `"text"`, `17`, `{}`, `[]`}[r.IntN(6)]
	}
	return texts[r.IntN(len(texts))]
}
