package rows

import (
	"reslog/catalog"
	"reslog/kql"
	"reslog/kql/scalar"
)

// table is the rows of one table while they are made.
type table struct {
	name    string
	columns []kql.Column
	index   map[string]int // of columns, by name
	rows    [][]any
	row     []any // the one that is being made
	size    int   // of its values
	slab    []any
	last    []any // what each column had last: boxed values are shared
	// known are columns that the table has elsewhere and no row here needed yet.
	known map[string]bool

	// Places of the standard columns.
	time, source, resource, billed, billable int
}

// computed are the columns that the store adds, see the package's comment.
func computed(name string) bool {
	switch name {
	case catalog.TenantID, catalog.TypeColumn, catalog.SubscriptionID, catalog.ItemID, catalog.TimeReceived:
		return true
	}
	return false
}

func newTable(t kql.Table) *table {
	n := &table{name: t.Name, index: make(map[string]int, len(t.Columns))}
	for _, c := range t.Columns {
		if !computed(c.Name) {
			n.add(c)
		}
	}
	n.time, n.source, n.resource = n.index[catalog.TimeGenerated], n.index[catalog.SourceSystem], n.index[catalog.ResourceID]
	n.billed, n.billable = n.index[catalog.BilledSize], n.index[catalog.IsBillable]
	return n
}

// add adds a column and returns its place.
func (t *table) add(c kql.Column) int {
	delete(t.known, c.Name)
	t.index[c.Name] = len(t.columns)
	t.columns = append(t.columns, c)
	t.last = append(t.last, nil)
	if t.row != nil {
		t.row = append(t.row, nil)
	}
	return len(t.columns) - 1
}

// know makes columns count that the table has elsewhere.
func (t *table) know(columns []kql.Column) {
	for _, c := range columns {
		if _, has := t.index[c.Name]; !has && !computed(c.Name) {
			if t.known == nil {
				t.known = make(map[string]bool, len(columns))
			}
			t.known[c.Name] = true
		}
	}
}

// maxColumns bounds the columns of a table, those included that the store adds.
const (
	maxColumns      = 500
	computedColumns = 5
)

// full reports whether a column can not be added to those there are.
func (t *table) full(name []byte) bool {
	return !t.known[string(name)] && t.total() >= maxColumns
}

// total is how many columns the table has, here and elsewhere.
func (t *table) total() int { return len(t.columns) + len(t.known) + computedColumns }

// slabRows is for how many rows memory is taken at once.
const slabRows = 64

// begin begins a row.
func (t *table) begin() {
	n := len(t.columns)
	if cap(t.slab)-len(t.slab) < n {
		t.slab = make([]any, 0, slabRows*n)
	}
	start := len(t.slab)
	t.slab = t.slab[:start+n]
	t.row = t.slab[start : start+n : start+n]
	t.size = 0
}

// end keeps the row. Its size and who pays are among its columns.
func (t *table) end() {
	t.set(t.billable, "True")
	t.row[t.billed] = float64(t.size - len("True")) // what is about billing costs nothing
	t.rows = append(t.rows, t.row)
	t.row = nil
}

// set sets a value of the row; a nil one leaves what is there.
func (t *table) set(column int, v any) {
	switch v := v.(type) {
	case nil:
	case string:
		t.setText(column, v)
	case int64:
		t.setInteger(column, v)
	default:
		t.put(column, v, 8)
	}
}

func (t *table) setText(column int, s string) {
	if s == "" {
		return // '' and nil are the same in a string column
	}
	if last, ok := t.last[column].(string); ok && last == s {
		t.put(column, t.last[column], len(s))
		return
	}
	t.last[column] = s
	t.put(column, t.last[column], len(s))
}

func (t *table) setInteger(column int, n int64) {
	if last, ok := t.last[column].(int64); !ok || last != n {
		t.last[column] = n
	}
	t.put(column, t.last[column], 8)
}

func (t *table) put(column int, v any, size int) {
	switch was := t.row[column].(type) {
	case nil:
	case string:
		t.size -= len(was)
	default:
		t.size -= 8
	}
	t.row[column] = v
	t.size += size
}

// setValue sets a column to what a JSON value is in its type.
func (t *table) setValue(a *arena, column int, v value) {
	switch {
	case v.kind == null:
	case t.columns[column].Type == kql.String:
		t.setText(column, a.text(v))
	default:
		t.set(column, a.convert(v, t.columns[column].Type))
	}
}

// take returns the rows and forgets them.
func (t *table) take() Rows {
	n := len(t.columns)
	for i, row := range t.rows {
		if len(row) < n { // of before a column was added
			t.rows[i] = append(row, make([]any, n-len(row))...)
		}
	}
	for i, c := range t.columns[:n] {
		if c.Type == kql.Dynamic {
			canonical(t.rows, i)
		}
	}
	r := Rows{Table: t.name, Columns: t.columns[:n:n], Values: t.rows}
	t.rows, t.slab = nil, nil
	clear(t.last)
	return r
}

// canonical brings the values of a dynamic column into the form that queries expect.
func canonical(rows [][]any, column int) {
	for _, row := range rows {
		if text, ok := row[column].(string); ok {
			row[column] = scalar.Canonical(text)
		}
	}
}
