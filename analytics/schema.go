package analytics

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"reslog/kql"
	"reslog/kql/sql/duckdb"
)

// A column is stored under a number of its own, because names are
// case-sensitive in the language and not in the engine. The standard columns have
// the same numbers everywhere.
const (
	idTime = 1 + iota
	idReceived
	idItem
	idResource
	idSource
	idBilled
	idBillable
	// idFirst is that of the first column of a table's own.
	idFirst = 16
)

// column is a column that rows of a table can have.
type column struct {
	kql.Column
	id int
}

// name is that of the column in the engine.
func (c column) name() string { return "c" + strconv.Itoa(c.id) }

// standard are the columns that every table stores.
func standard() []column {
	return []column{
		{kql.Column{Name: "TimeGenerated", Type: kql.Datetime}, idTime},
		{kql.Column{Name: "_TimeReceived", Type: kql.Datetime, Hidden: true}, idReceived},
		{kql.Column{Name: "_ItemId", Type: kql.String, Hidden: true}, idItem},
		{kql.Column{Name: "_ResourceId", Type: kql.String}, idResource},
		{kql.Column{Name: "SourceSystem", Type: kql.String}, idSource},
		{kql.Column{Name: "_BilledSize", Type: kql.Real}, idBilled},
		{kql.Column{Name: "_IsBillable", Type: kql.String}, idBillable},
	}
}

// computed are the columns that are made when a row is read.
func computed() []kql.Column {
	return []kql.Column{
		{Name: "TenantId", Type: kql.String},
		{Name: "Type", Type: kql.String},
		{Name: "_SubscriptionId", Type: kql.String},
	}
}

func isComputed(name string) bool {
	return name == "TenantId" || name == "Type" || name == "_SubscriptionId"
}

// physical is the type of a stored column in the engine. An item is a number, see
// value.
func physical(c column) string {
	if c.id == idItem {
		return "BIGINT"
	}
	return duckdb.Dialect{}.Type(c.Type)
}

// table is a table of a workspace. Its fields are guarded by the workspace's mu.
type table struct {
	id        int
	name      string
	retention int // days; 0: the workspace's
	columns   []column
	parts     []*part // by day, then by id
}

func (t *table) column(name string) (column, bool) {
	for _, c := range t.columns {
		if c.Name == name {
			return c, true
		}
	}
	return column{}, false
}

// schema is the table as queries see it: the known columns first, in their order,
// then those that came with rows, then the standard ones that are missing.
func (t *table) schema(known kql.Table) kql.Table {
	out := kql.Table{Name: t.name, Time: "TimeGenerated"}
	add := func(c kql.Column) {
		if !slices.ContainsFunc(out.Columns, func(o kql.Column) bool { return o.Name == c.Name }) {
			out.Columns = append(out.Columns, c)
		}
	}
	own := func(c kql.Column) kql.Column {
		// What is stored decides about the type.
		if s, ok := t.column(c.Name); ok {
			c.Type = s.Type
		}
		return c
	}
	add(computed()[0])
	add(standard()[0].Column)
	for _, c := range known.Columns {
		add(own(hide(c)))
	}
	for _, c := range t.columns {
		if c.id >= idFirst {
			add(c.Column)
		}
	}
	for _, c := range standard() {
		add(c.Column)
	}
	for _, c := range computed() {
		add(c)
	}
	return out
}

func hide(c kql.Column) kql.Column {
	c.Hidden = c.Name == "_ItemId" || c.Name == "_TimeReceived"
	return c
}

// checkName refuses what cannot be the name of a table or a column.
func checkName(what, name string) error {
	ok := name != "" && len(name) <= maxName
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			ok = false
		}
	}
	if !ok {
		return fmt.Errorf("%s name %q: use a letter, then letters, digits and _, %d at most", what, clip(name), maxName)
	}
	return nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

const ticksPerDay = 86_400 * kql.TicksPerSecond

// dayOf is the number of a day, counted from that of year 1.
func dayOf(ticks int64) int { return int(ticks / ticksPerDay) }

func dayTime(day int) time.Time { return kql.Time(int64(day) * ticksPerDay) }

// quote makes a literal of SQL, and quoteAll a list of them.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quoteAll(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quote(s)
	}
	return strings.Join(out, ", ")
}
