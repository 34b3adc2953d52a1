//go:build cgo

package analytics

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/analytics/rows"
	"reslog/kql"
)

// model is what a workspace should hold: for every table, its rows as texts with
// their times.
type model struct {
	rows      map[string][]modelRow
	retention map[string]int
	positions map[string]uint64
}

type modelRow struct {
	at   int64
	text string
}

var modelColumns = []kql.Column{
	{Name: "TimeGenerated", Type: kql.Datetime},
	{Name: "Id", Type: kql.String},
	{Name: "Etag", Type: kql.String},
	{Name: "AccountName", Type: kql.String},
	{Name: "Uri", Type: kql.String},
	{Name: "ObjectKey", Type: kql.String},
	{Name: "_ResourceId", Type: kql.String},
	{Name: "n", Type: kql.Long},
	{Name: "N", Type: kql.Real},
	{Name: "b", Type: kql.Bool},
	{Name: "g", Type: kql.Guid},
	{Name: "d", Type: kql.Dynamic},
}

// modelRowOf makes a row whose values are now and then not what their column has
// most of the time.
func modelRowOf(rnd *rand.Rand, t int64) []any {
	odd := func() bool { return rnd.IntN(12) == 0 }
	account := []string{"alpha", "beta", "ünïcode", ""}[rnd.IntN(4)]
	id := fmt.Sprintf("%08x-%04x-4000-8000-%012x", rnd.Uint32(), rnd.IntN(1<<16), rnd.Int64N(1<<48))
	row := []any{t, id, fmt.Sprintf("0x8DC%X", rnd.Int64N(1<<40)), account, "", "", "/subscriptions/s/" + account, rnd.Int64(), rnd.NormFloat64(), rnd.IntN(2) == 0, id, `{"k":[1,"é"]}`}
	path := fmt.Sprintf("/c/%d", rnd.IntN(9))
	row[4], row[5] = "https://"+account+".blob:443"+path+"?q=1?2", "/"+account+path
	if odd() {
		row[1] = []any{strings.ToUpper(id), "{" + id + "}", "", id[1:], "x'y\"z"}[rnd.IntN(5)]
	}
	if odd() {
		row[2] = []any{"0x0ABC", "0xabc", "", `"0x8D1"`, "0xFFFFFFFFFFFFFFFF", "0x"}[rnd.IntN(6)]
	}
	if odd() {
		row[4] = []any{"", "/no/host", "https://", "HTTPS://x/y", "https://host?x"}[rnd.IntN(5)]
	}
	if odd() {
		row[5] = []any{"", "/", "/alpha/c/1", "else"}[rnd.IntN(4)]
	}
	for i := 7; i < len(row); i++ {
		if odd() {
			row[i] = nil
		}
	}
	return row
}

func textOf(row []any) string { return fmt.Sprintf("%#v", row) }

// TestModel compares a workspace with a model over random appends, restarts,
// closings of days and retentions.
func TestModel(t *testing.T) {
	seeds := []uint64{1, 2}
	if testing.Short() {
		seeds = seeds[:1]
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runModel(t, seed) })
	}
}

func runModel(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	v := start(t, func(c *Config) { c.FileRows, c.Retention, c.segmentRows = 60, 6, 16 })
	m := &model{rows: map[string][]modelRow{}, retention: map[string]int{}, positions: map[string]uint64{}}
	for step := range 40 {
		switch x := rnd.IntN(12); {
		case x < 6:
			m.append(v, rnd)
		case x < 8:
			v.clock.move(time.Duration(rnd.IntN(20)) * time.Hour)
			v.maintain()
			m.expire(v)
		case x == 8:
			v.restart()
		case x == 9:
			name := []string{"A_CL", "B_CL"}[rnd.IntN(2)]
			days := rnd.IntN(8)
			if err := v.w.SetRetention(t.Context(), name, days); err != nil {
				t.Fatal(err)
			}
			m.retention[name] = days
			m.expireAll(v)
		case x == 10 && rnd.IntN(4) == 0:
			err := v.w.Drop(t.Context(), "B_CL")
			if (err == nil) != v.has("B_CL", m) {
				t.Fatalf("drop: %v", err)
			}
			delete(m.rows, "B_CL")
			delete(m.retention, "B_CL")
		}
		m.compare(v, fmt.Sprintf("step %d", step))
		if t.Failed() {
			return
		}
	}
	v.clock.move(48 * time.Hour)
	v.maintain()
	m.expire(v)
	m.compare(v, "at the end")
	v.restart()
	m.compare(v, "at the end, again")
	files, err := os.ReadDir(v.w.days())
	if err != nil {
		t.Fatal(err)
	}
	days := map[string]int{}
	for _, f := range files {
		days[f.Name()[:10]]++
		if !strings.HasSuffix(strings.TrimSuffix(f.Name(), indexSuffix), ".parquet") {
			t.Errorf("the file %s is left", f.Name())
		}
	}
	t.Logf("%d rows in %d files of %d days", len(m.rows["A_CL"])+len(m.rows["B_CL"]), len(files), len(days))
}

// has reports whether the table was made in the model.
func (v *world) has(name string, m *model) bool {
	_, rows := m.rows[name]
	_, days := m.retention[name]
	return rows || days
}

func (m *model) append(v *world, rnd *rand.Rand) {
	now := at(v.clock.now())
	b := rows.Batch{Source: []string{"", "x", "y"}[rnd.IntN(3)]}
	b.Position = m.positions[b.Source] + uint64(rnd.IntN(2))
	taken := b.Source == "" || b.Position > m.positions[b.Source]
	for range 1 + rnd.IntN(3) {
		r := rows.Rows{Table: []string{"A_CL", "B_CL"}[rnd.IntN(2)], Columns: modelColumns}
		// The columns that come last are not always there.
		r.Columns = modelColumns[:len(modelColumns)-rnd.IntN(4)]
		for range 1 + rnd.IntN(50) {
			row := modelRowOf(rnd, now-rnd.Int64N(4*ticksPerDay))[:len(r.Columns)]
			r.Values = append(r.Values, row)
			if taken {
				full := slices.Concat(row, make([]any, len(modelColumns)-len(row)))
				m.rows[r.Table] = append(m.rows[r.Table], modelRow{row[0].(int64), textOf(full)})
			}
		}
		b.Rows = append(b.Rows, r)
	}
	v.append(b)
	if b.Source != "" {
		m.positions[b.Source] = b.Position
	}
}

func (m *model) keeps(v *world, name string) int64 {
	days := m.retention[name]
	if days == 0 {
		days = v.c.Retention
	}
	return int64(dayOf(at(v.clock.now())-int64(days)*ticksPerDay)) * ticksPerDay
}

func (m *model) expire(v *world) { m.expireAll(v) }
func (m *model) expireAll(v *world) {
	for name, all := range m.rows {
		from := m.keeps(v, name)
		m.rows[name] = slices.DeleteFunc(all, func(r modelRow) bool { return r.at < from })
	}
}

func (m *model) compare(v *world, when string) {
	v.t.Helper()
	for name, want := range m.rows {
		names := make([]string, len(modelColumns))
		for i, c := range modelColumns {
			names[i] = c.Name
		}
		if err := v.w.Declare(v.t.Context(), kql.Table{Name: name, Columns: modelColumns}); err != nil {
			v.t.Fatal(err)
		}
		got, err := v.query(Request{Query: name + " | project " + strings.Join(names, ", ")})
		if err != nil {
			v.t.Fatalf("%s: %v", when, err)
		}
		m.same(v, when+": "+name, want, got)
		// A time range prunes, and must not take away too much.
		at := at(v.clock.now()) - 2*ticksPerDay
		got, err = v.query(Request{Query: name + " | project " + strings.Join(names, ", "), Span: kql.TimeRange{From: at, HasFrom: true}})
		if err != nil {
			v.t.Fatalf("%s: %v", when, err)
		}
		m.same(v, when+": the last two days of "+name, slices.DeleteFunc(slices.Clone(want), func(r modelRow) bool { return r.at < at }), got)
		if len(want) > 0 && strings.Contains(when, "end") {
			m.lookup(v, when, name, len(want))
		}
	}
	infos, err := v.w.Tables(v.t.Context())
	if err != nil {
		v.t.Fatal(err)
	}
	for _, i := range infos {
		if i.Rows != int64(len(m.rows[i.Name])) {
			v.t.Errorf("%s: %s has %d rows by its information, want %d", when, i.Name, i.Rows, len(m.rows[i.Name]))
		}
	}
}

// lookup finds the rows of some text, which is looked for as it is stored, and
// compares with a search that cannot be.
func (m *model) lookup(v *world, when, name string, n int) {
	v.t.Helper()
	for _, column := range []string{"Id", "Etag", "Uri", "ObjectKey", "AccountName"} {
		rows, err := v.query(Request{Query: fmt.Sprintf("%s | summarize by %s | take 3", name, column)})
		if err != nil {
			v.t.Fatal(err)
		}
		for _, r := range rows {
			text := kqlString(r[0].(string))
			q := fmt.Sprintf("%s | summarize a = countif(strcat(%s, '') == %s) | extend b = toscalar(%s | where %s == %s | count)", name, column, text, name, column, text)
			got, err := v.query(Request{Query: q})
			if err != nil {
				v.t.Fatalf("%s: %v", q, err)
			}
			if got[0][0] != got[0][1] || got[0][0] == int64(0) {
				v.t.Errorf("%s: of %d rows %v have %s %s, and %v are found", when, n, got[0][0], column, text, got[0][1])
			}
			for _, op := range []string{"contains", "contains_cs", "has", "startswith"} {
				some := r[0].(string)
				some = kqlString(strings.ToValidUTF8(some[len(some)/2:], ""))
				q := fmt.Sprintf("%s | summarize a = countif(strcat(%s, '') %s %s) | extend b = toscalar(%s | where %[2]s %[3]s %[4]s | count)", name, column, op, some, name)
				got, err := v.query(Request{Query: q})
				if err != nil {
					v.t.Fatalf("%s: %v", q, err)
				}
				if got[0][0] != got[0][1] {
					v.t.Errorf("%s: %v rows have %s %s %s, and %v are found", when, got[0][0], column, op, some, got[0][1])
				}
			}
		}
	}
}

func kqlString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func (m *model) same(v *world, when string, want []modelRow, got [][]any) {
	v.t.Helper()
	count := map[string]int{}
	for _, r := range want {
		count[r.text]++
	}
	for _, r := range got {
		count[textOf(r)]--
	}
	wrong := 0
	for text, n := range count {
		if n != 0 {
			if wrong++; wrong < 4 {
				v.t.Errorf("%s: %+d of %s", when, -n, text)
			}
		}
	}
	if wrong > 0 {
		v.t.Errorf("%s: %d rows are wrong, got %d and want %d", when, wrong, len(got), len(want))
	}
}
