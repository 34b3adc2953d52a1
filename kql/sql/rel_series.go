package sql

import (
	"strings"

	"reslog/kql"
)

// series prints make-series. Rows of the range go into bins; every group that has
// any has one array an aggregate, with the default for a bin without rows.
func (p *printer) series(r *kql.Series) (rel, error) {
	b, err := p.bins(r)
	if err != nil {
		return rel{}, err
	}
	// The groups, each with its first bin and the number of its last.
	groups := p.inline("SELECT " + join(b.keys, "min("+b.from+") AS "+b.from, "min("+b.step+") AS "+b.step, b.last+" AS last_bin") +
		" FROM " + b.rows + groupBy(b.keys))
	i := p.name("o")
	all := p.inline("SELECT " + join(b.keys, b.from, b.step, i) + " FROM " + groups + " AS t, " + p.d.Numbers("last_bin", i))
	on := []string{"g." + i + " = b." + b.bin}
	var keys []string
	for n, k := range b.keys {
		on = append(on, p.d.Same(r.Keys[n].Type(), "g."+k, "b."+k))
		keys = append(keys, "g."+k)
	}
	var l list
	for n, k := range b.keys {
		l.add(keys[n], k)
	}
	for n, a := range r.Aggs {
		if col := r.Columns[len(r.Keys)+n]; p.needed[col.ID] {
			value := "CASE WHEN b." + b.bin + " IS NULL THEN " + b.defaults[n] + " ELSE " + p.d.JSON(a.T, "b."+b.aggs[n]) + " END"
			l.add(p.d.JSONArray(value, "g."+i), column(col))
		}
	}
	if axis := r.Columns[len(r.Columns)-1]; p.needed[axis.ID] {
		at := p.d.At(r.Axis.Type(), "g."+b.from, "g."+b.step, "g."+i)
		l.add(p.d.JSONArray(p.d.JSON(r.Axis.Type(), at), "g."+i), column(axis))
	}
	body := "SELECT " + l.String() + " FROM " + all + " AS g LEFT JOIN " + b.binned + " AS b ON " + strings.Join(on, " AND ") + groupBy(keys)
	return rel{from: p.inline(body), groupings: 2}, nil
}

// bins are the rows of a make-series in their bins.
type bins struct {
	// rows has all rows that count, with keys, from, step and bin; binned one row a
	// bin of a group, with aggs.
	rows, binned string
	keys, aggs   []string
	defaults     []string // JSON, one an aggregate
	// from and step are columns; last is an aggregate of rows: the last bin.
	from, step, bin, last string
}

func (p *printer) bins(r *kql.Series) (bins, error) {
	b := bins{from: p.name("x"), step: p.name("x"), bin: p.name("x"), aggs: make([]string, len(r.Aggs))}
	in, err := p.rel(r.Input)
	if err != nil {
		return b, err
	}
	s := p.stage(in)
	axis, to := p.name("x"), p.name("x")
	var before list
	for i, x := range r.Keys {
		text, err := s.text(x)
		if err != nil {
			return b, err
		}
		b.keys = append(b.keys, column(r.Columns[i]))
		before.add(text, b.keys[i])
	}
	for _, part := range []struct {
		x    kql.Expr
		name string
	}{{r.Axis, axis}, {r.From, b.from}, {r.To, to}, {r.Step, b.step}} {
		if part.x == nil {
			continue
		}
		text, err := s.text(part.x)
		if err != nil {
			return b, err
		}
		before.add(text, part.name)
	}
	var after list
	for _, k := range b.keys {
		after.add(k, k)
	}
	after.add(b.bin, b.bin)
	texts, err := p.aggs(s, r.Aggs, &before, ordering(in.order))
	if err != nil {
		return b, err
	}
	for i, a := range r.Aggs {
		b.aggs[i] = p.name("x")
		after.add(texts[i], b.aggs[i])
		def, err := p.stage(in).text(r.Defaults[i])
		if err != nil {
			return b, err
		}
		b.defaults = append(b.defaults, p.d.JSON(a.T, def))
	}
	for _, k := range in.order {
		before.add(k.name, k.name)
	}
	rows := p.inline("SELECT " + before.String() + " FROM " + s.source())
	rows = p.inRange(r, b, rows, axis, to)
	b.rows = p.shareable("SELECT *, " + p.d.Steps(r.Axis.Type(), b.from, axis, b.step) + " AS " + b.bin + " FROM " + rows)
	b.last = "max(" + b.bin + ")"
	if r.To != nil {
		b.last = "min(" + p.d.LastBin(r.Axis.Type(), b.from, to, b.step, r.ToInclusive) + ")"
	}
	b.binned = p.inline("SELECT " + after.String() + " FROM " + b.rows + groupBy(append(b.keys[:len(b.keys):len(b.keys)], b.bin)))
	return b, nil
}

// inRange keeps the rows that are in a bin, and gives rows the start of the first
// bin where the data decides.
func (p *printer) inRange(r *kql.Series, b bins, rows, axis, to string) string {
	cond := []string{axis + " IS NOT NULL"}
	if r.From != nil {
		cond = append(cond, axis+" >= "+b.from)
	}
	switch {
	case r.To != nil && r.ToInclusive:
		cond = append(cond, axis+" <= "+to)
	case r.To != nil:
		cond = append(cond, axis+" < "+to)
	}
	rows = p.inline("SELECT * FROM " + rows + " WHERE " + strings.Join(cond, " AND "))
	if r.From != nil {
		return rows
	}
	over := ""
	if len(b.keys) > 0 {
		over = "PARTITION BY " + strings.Join(b.keys, ", ")
	}
	first := p.d.FirstBin(r.Axis.Type(), "min("+axis+") OVER ("+over+")", b.step)
	return p.inline("SELECT *, " + first + " AS " + b.from + " FROM " + rows)
}

// join is a list of columns with more behind.
func join(keys []string, more ...string) string {
	return strings.Join(append(keys[:len(keys):len(keys)], more...), ", ")
}

// groupBy groups by keys; without any it is one group, and none without rows.
func groupBy(keys []string) string {
	if len(keys) == 0 {
		return " HAVING count(*) > 0"
	}
	return " GROUP BY " + strings.Join(keys, ", ")
}
