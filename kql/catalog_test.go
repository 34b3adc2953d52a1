package kql

import "time"

// tables is a Catalog.
type tables []Table

func (t tables) Table(name string) (Table, bool) {
	for _, x := range t {
		if x.Name == name {
			return x, true
		}
	}
	return Table{}, false
}

func (t tables) Tables() []Table { return t }

// testNow is now() of the tests.
var testNow = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// schema is the columns of a result, "name:type".
func schema(r Result) []string {
	var out []string
	for _, c := range r.Columns {
		out = append(out, c.Name+":"+c.Type.String())
	}
	return out
}
