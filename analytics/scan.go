package analytics

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"reslog/kql"
)

// catalog is what a query may name.
type catalog struct{ q *query }

// Table implements kql.Catalog: of several workspaces, a table has the columns of
// all; where types differ, that of the first counts.
func (c catalog) Table(name string) (kql.Table, bool) {
	out := kql.Table{Name: name, Time: "TimeGenerated"}
	found := false
	add := func(t kql.Table) {
		found = true
		for _, col := range t.Columns {
			if !slices.ContainsFunc(out.Columns, func(o kql.Column) bool { return o.Name == col.Name }) {
				out.Columns = append(out.Columns, col)
			}
		}
	}
	for _, r := range c.q.workspaces {
		if v, ok := r.tables[name]; ok {
			add(v.Table)
		}
	}
	if known, ok := c.q.workspaces[0].w.store.c.Known(name); ok {
		add((&table{name: name}).schema(known))
	}
	return out, found
}

// Tables implements kql.Catalog: the tables that have columns of their own in one
// of the workspaces. Those that are only known have no rows, and are not searched.
func (c catalog) Tables() []kql.Table {
	var names []string
	for _, r := range c.q.workspaces {
		for name := range r.tables {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []kql.Table
	for _, name := range slices.Compact(names) {
		t, _ := c.Table(name)
		out = append(out, t)
	}
	return out
}

// scan is the relation that a table is read from, see sql.Options.
func (q *query) scan(s *kql.Scan, used []kql.Column) (string, error) {
	q.tables[s.Table.Name] = true
	var selects []string
	for _, r := range q.workspaces {
		v, ok := r.tables[s.Table.Name]
		if !ok {
			continue
		}
		more, err := q.selects(r, v, s, used)
		if err != nil {
			return "", err
		}
		selects = append(selects, more...)
	}
	if len(selects) == 0 {
		items := []string{"1"}
		for i, c := range used {
			if i == 0 {
				items = nil
			}
			items = append(items, nothing(c.Type))
		}
		return "(SELECT " + strings.Join(items, ", ") + " WHERE false)", nil
	}
	return "(" + strings.Join(selects, " UNION ALL ") + ")", nil
}

// nothing is the value of a column that a row has not.
func nothing(t kql.Type) string {
	if t == kql.String {
		return "''"
	}
	return "CAST(NULL AS " + physical(column{Column: kql.Column{Type: t}}) + ")"
}

// selects are the parts of one workspace's table that a scan is about. Files that
// are stored alike are read together.
func (q *query) selects(r reading, v view, s *kql.Scan, used []kql.Column) ([]string, error) {
	type set struct {
		items, where string
		files        []string
	}
	var sets []*set
	var out []string
	for _, p := range v.parts {
		if !p.within(s.Time.From, s.Time.To, s.Time.HasFrom, s.Time.HasTo) {
			continue
		}
		if d := p.broken.Load(); d != nil {
			q.lost[p] = Missing{Workspace: r.w.id, Table: v.Name, Day: dayTime(p.day), File: r.w.path(p), Err: d.error}
			continue
		}
		q.scanned[p] = true
		items, where := q.items(r, v, p, used), q.where(v, p, s)
		if p.state != filed {
			out = append(out, "SELECT "+items+" FROM "+r.w.schema+"."+p.table()+where)
			continue
		}
		found, ok := q.segments(r.w, v, p, s)
		if q.keep && (!ok || len(found) > 0) && !r.w.store.heads.keep(p, q.age, r.w.store.c.heads) {
			return nil, errHeads
		}
		if ok {
			for _, f := range found {
				cond := " WHERE " + f.where(p.layout)
				if where != "" {
					cond += " AND " + strings.TrimPrefix(where, " WHERE ")
				}
				out = append(out, "SELECT "+items+" FROM read_parquet("+quote(r.w.path(p))+", file_row_number=true)"+cond)
			}
			continue
		}
		i := slices.IndexFunc(sets, func(o *set) bool { return o.items == items && o.where == where })
		if i < 0 {
			i = len(sets)
			sets = append(sets, &set{items: items, where: where})
		}
		sets[i].files = append(sets[i].files, r.w.path(p))
	}
	for _, f := range sets {
		out = append(out, "SELECT "+f.items+" FROM read_parquet(["+quoteAll(f.files)+"])"+f.where)
	}
	return out, nil
}

// items is the select list of a part.
func (q *query) items(r reading, v view, p *part, used []kql.Column) string {
	if len(used) == 0 {
		return "1"
	}
	list := make([]string, len(used))
	for i, c := range used {
		list[i] = value(r.w, v, p, c)
	}
	return strings.Join(list, ", ")
}

// value is the SQL of a column of the language in a part.
func value(w *Workspace, v view, p *part, c kql.Column) string {
	switch c.Name {
	case "TenantId":
		return quote(w.id)
	case "Type":
		return quote(v.Name)
	case "_SubscriptionId":
		// /subscriptions/<id>/…
		id := value(w, v, p, standard()[idResource-1].Column)
		return "CASE WHEN starts_with(" + id + ", '/subscriptions/') THEN split_part(" + id + ", '/', 3) ELSE '' END"
	}
	i := slices.IndexFunc(v.columns, func(o column) bool { return o.Name == c.Name })
	if i < 0 || v.columns[i].Type != c.Type {
		return nothing(c.Type)
	}
	col := v.columns[i]
	name := col.name()
	if p.state != filed {
		if !p.columns[col.id] {
			return nothing(c.Type)
		}
		if c.Type == kql.String && col.id != idItem {
			return "coalesce(" + name + ", '')"
		}
	} else {
		e, ok := p.layout.find(col.id)
		if !ok {
			return nothing(c.Type)
		}
		if col.id != idItem {
			return p.layout.read(e, c.Type)
		}
	}
	if col.id == idItem {
		return fmt.Sprintf("printf('%s%%04x-%%012x', %s >> 48, %[2]s & 281474976710655)", w.itemKey, name)
	}
	return name
}

// where is the condition on a part that a scan allows for: what follows from the
// request and the query and can be told from what is stored. It lets the engine
// skip rows; all but the resource is checked again above.
func (q *query) where(v view, p *part, s *kql.Scan) string {
	var conds []string
	t := s.Time
	if t.HasFrom && p.first < t.From {
		conds = append(conds, fmt.Sprintf("c%d >= %d", idTime, t.From))
	}
	if t.HasTo && p.last >= t.To {
		conds = append(conds, fmt.Sprintf("c%d < %d", idTime, t.To))
	}
	if q.r.Resource != "" {
		id := strings.TrimRight(strings.ToLower(strings.Map(printable, q.r.Resource)), "/")
		name := value(nil, v, p, standard()[idResource-1].Column)
		conds = append(conds, "(lower("+name+") = "+quote(id)+" OR starts_with(lower("+name+"), "+quote(id+"/")+"))")
	}
	for _, e := range q.demands[s] {
		if c := e.on(v, p); c != "" {
			conds = append(conds, c)
		}
	}
	if len(conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conds, " AND ")
}

// printable drops what no resource ID has.
func printable(r rune) rune {
	if r == 0 || unicode.IsControl(r) {
		return -1
	}
	return r
}
