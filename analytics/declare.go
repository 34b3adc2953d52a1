package analytics

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"reslog/analytics/rows"
	"reslog/kql"
)

// load adds a column of the catalogue to a table.
func (t *table) load(c column, kind string) error {
	var ok bool
	if c.Type, ok = kql.ParseType(kind); !ok {
		return fmt.Errorf("column %s of table %s has the unknown type %q", c.Name, t.name, kind)
	}
	c.Column = hide(c.Column)
	t.columns = append(t.columns, c)
	return nil
}

// ensure makes the tables and columns that rows need.
func (w *Workspace) ensure(ctx context.Context, all []rows.Rows) error {
	for _, r := range all {
		if len(r.Values) == 0 {
			continue
		}
		if err := w.declare(ctx, kql.Table{Name: r.Table, Columns: r.Columns}); err != nil {
			return err
		}
	}
	return nil
}

// Declare makes a table, or gives it the columns that it lacks. A column that it
// has must have the type that it has.
func (w *Workspace) Declare(ctx context.Context, t kql.Table) error {
	err := checkName("table", t.Name)
	for _, c := range t.Columns {
		if err == nil {
			err = checkName("column", c.Name)
		}
	}
	if err == nil {
		err = w.change(ctx, func() error { return w.declare(ctx, t) })
	}
	if err != nil {
		return fmt.Errorf("declare table %s in workspace %s: %w", clip(t.Name), w.id, err)
	}
	return nil
}

// declare is Declare with the right to write.
func (w *Workspace) declare(ctx context.Context, want kql.Table) error {
	t := w.tables[want.Name]
	var added []column
	if t == nil {
		if len(w.tables) >= maxTables {
			return refuse("there are %d tables, which is as many as there may be", maxTables)
		}
		t = &table{id: w.nextTable, name: want.Name}
		added = standard()
	}
	known, _ := w.store.c.Known(want.Name)
	next := idFirst
	for _, c := range t.columns {
		next = max(next, c.id+1)
	}
	columns := slices.Concat(t.columns, added)
	for _, c := range want.Columns {
		if isComputed(c.Name) {
			continue
		}
		if i := slices.IndexFunc(columns, func(o column) bool { return o.Name == c.Name }); i >= 0 {
			if have := columns[i].Type; !takes(have, c.Type) {
				return refuse("column %s of table %s is a %s and cannot become a %s", c.Name, want.Name, have, c.Type)
			}
			continue
		}
		if i := slices.IndexFunc(known.Columns, func(o kql.Column) bool { return o.Name == c.Name }); i >= 0 {
			have := known.Columns[i].Type
			if !takes(have, c.Type) {
				return refuse("column %s of table %s is a %s and cannot become a %s", c.Name, want.Name, have, c.Type)
			}
			c.Type = have
		}
		if len(columns) >= maxColumns {
			return refuse("table %s has %d columns, which is as many as there may be", want.Name, maxColumns)
		}
		n := column{hide(c), next}
		next++
		added, columns = append(added, n), append(columns, n)
	}
	if len(added) == 0 && w.tables[want.Name] != nil {
		return nil
	}
	return w.grow(ctx, t, added)
}

// takes reports whether values of one type can be stored in a column of another.
func takes(column, values kql.Type) bool {
	return column == values || column == kql.Real && values.IsNumber() || column == kql.Long && values == kql.Int
}

// grow makes a table, or adds columns to one and to the parts that take rows.
func (w *Workspace) grow(ctx context.Context, t *table, added []column) error {
	isNew := w.tables[t.name] == nil
	var open []*part
	for _, p := range t.parts {
		if p.state == hot {
			open = append(open, p)
		}
	}
	err := w.transaction(ctx, func() error {
		if isNew {
			if err := w.exec(ctx, "INSERT INTO "+w.schema+".tables VALUES (?, ?, 0)", t.id, t.name); err != nil {
				return err
			}
		}
		for _, c := range added {
			if err := w.exec(ctx, "INSERT INTO "+w.schema+".columns VALUES (?, ?, ?, ?)", t.id, c.id, c.Name, c.Type.String()); err != nil {
				return err
			}
			for _, p := range open {
				if err := w.exec(ctx, "ALTER TABLE "+w.schema+"."+p.table()+" ADD COLUMN "+c.name()+" "+physical(c)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	t.columns = append(slices.Clip(t.columns), added...)
	for _, p := range open {
		for _, c := range added {
			p.columns[c.id] = true
		}
	}
	if isNew {
		w.tables[t.name] = t
		w.nextTable++
	}
	return nil
}

// Tables are the tables that have rows or were declared, by name. Those that have a
// known schema and nothing else are not among them.
func (w *Workspace) Tables(context.Context) ([]TableInfo, error) {
	_, done, err := w.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	out := make([]TableInfo, 0, len(w.tables))
	for name, t := range w.tables {
		known, _ := w.store.c.Known(name)
		i := TableInfo{Table: t.schema(known), Retention: t.days(w), Own: t.retention > 0}
		for _, p := range t.parts {
			i.count(p)
		}
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b TableInfo) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// count adds a part to what is known of a table.
func (i *TableInfo) count(p *part) {
	if p.rows == 0 {
		return
	}
	day := dayTime(p.day)
	if n := len(i.Days); n == 0 || !i.Days[n-1].Day.Equal(day) {
		i.Days = append(i.Days, DayInfo{Day: day, Closed: true})
	}
	d := &i.Days[len(i.Days)-1]
	d.Rows, d.Bytes, d.Stored, d.Closed = d.Rows+p.rows, d.Bytes+int64(p.bytes), d.Stored+p.size, d.Closed && p.state == filed
	i.Rows, i.Bytes, i.Stored = i.Rows+p.rows, i.Bytes+int64(p.bytes), i.Stored+p.size
	if first := kql.Time(p.first); i.First.IsZero() || first.Before(i.First) {
		i.First = first
	}
	if last := kql.Time(p.last); last.After(i.Last) {
		i.Last = last
	}
}

// days is how many days the table keeps its rows.
func (t *table) days(w *Workspace) int {
	if t.retention > 0 {
		return t.retention
	}
	return w.retention
}

// SetRetention sets for how many days a table keeps its rows; 0: those of the
// workspace. A table that has no rows yet is declared by it.
func (w *Workspace) SetRetention(ctx context.Context, name string, days int) error {
	if err := checkName("table", name); err != nil {
		return err
	}
	if days < 0 {
		return fmt.Errorf("a retention of %d days: use a positive number, or 0 for that of the workspace", days)
	}
	err := w.change(ctx, func() error {
		if w.tables[name] == nil {
			if err := w.declare(ctx, kql.Table{Name: name}); err != nil {
				return err
			}
		}
		t := w.tables[name]
		err := w.transaction(ctx, func() error {
			if err := w.exec(ctx, "DELETE FROM "+w.schema+".tables WHERE id = ?", t.id); err != nil {
				return err
			}
			return w.exec(ctx, "INSERT INTO "+w.schema+".tables VALUES (?, ?, ?)", t.id, t.name, days)
		})
		if err == nil {
			w.mu.Lock()
			t.retention = days
			w.mu.Unlock()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("set the retention of table %s in workspace %s: %w", name, w.id, err)
	}
	return w.expire(ctx)
}

// SetDefaultRetention sets for how many days tables keep their rows that have no
// retention of their own; 0: Config.Retention.
func (w *Workspace) SetDefaultRetention(ctx context.Context, days int) error {
	if days < 0 {
		return fmt.Errorf("a retention of %d days: use a positive number, or 0 for the default", days)
	}
	err := w.change(ctx, func() error {
		err := w.transaction(ctx, func() error {
			if err := w.exec(ctx, "DELETE FROM "+w.schema+".meta WHERE name = 'retention'"); err != nil || days == 0 {
				return err
			}
			return w.exec(ctx, "INSERT INTO "+w.schema+".meta VALUES ('retention', ?)", fmt.Sprint(days))
		})
		if err == nil {
			w.mu.Lock()
			if w.retention = days; days == 0 {
				w.retention = w.store.c.Retention
			}
			w.mu.Unlock()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("set the retention of workspace %s: %w", w.id, err)
	}
	return w.expire(ctx)
}

// Drop removes a table with all of its rows. One with a known schema can be read
// afterwards, and is empty.
func (w *Workspace) Drop(ctx context.Context, name string) error {
	err := w.changeStill(ctx, func() error {
		t := w.tables[name]
		if t == nil {
			return ErrNoTable
		}
		return w.replace(ctx, t, t.parts, nil, func() error {
			for _, from := range []string{"tables WHERE id", "columns WHERE tab"} {
				if err := w.exec(ctx, "DELETE FROM "+w.schema+"."+from+" = ?", t.id); err != nil {
					return err
				}
			}
			return nil
		}, func() { delete(w.tables, name) })
	})
	if err != nil {
		return fmt.Errorf("drop table %s of workspace %s: %w", clip(name), w.id, err)
	}
	return nil
}

// expire drops the days whose retention has ended.
func (w *Workspace) expire(ctx context.Context) error {
	now := w.store.c.Now()
	var gone Expired
	err := w.changeStill(ctx, func() error {
		gone = Expired{Workspace: w.id}
		for _, t := range w.tables {
			keep := dayOf(kql.Ticks(now.Add(-time.Duration(t.days(w)) * 24 * time.Hour)))
			var old []*part
			for _, p := range t.parts {
				if p.day < keep {
					old = append(old, p)
				}
			}
			if len(old) == 0 {
				continue
			}
			if err := w.replace(ctx, t, old, nil, nil, nil); err != nil {
				return err
			}
			gone.count(old)
			w.store.c.Logger.Info("days past their retention are dropped", "workspace", w.id, "table", t.name, "parts", len(old), "before", dayTime(keep).Format(time.DateOnly))
		}
		return nil
	})
	gone.Err = err
	w.store.c.Observer.Expired(gone)
	if err != nil {
		return fmt.Errorf("drop the days of workspace %s that are past their retention: %w", w.id, err)
	}
	return nil
}
