package analytics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"reslog/analytics/engine"
	"reslog/analytics/rows"
	"reslog/kql"
)

// Append stores a batch: durable, all of it and its position, when it returns nil;
// nothing of it when it returns an error, unless the error came of the end of the
// transaction, when the position tells. A batch that was taken before is nil.
//
// Tables and columns that are missing are made. A value must be of its column's
// type, where a whole number is good for a real.
func (w *Workspace) Append(ctx context.Context, b rows.Batch) error {
	told := w.taking(b)
	groups, err := w.append(ctx, b)
	told(groups, err)
	return err
}

// append is Append; groups are what was stored, none of a batch that was known.
func (w *Workspace) append(ctx context.Context, b rows.Batch) (groups []*group, err error) {
	for _, r := range b.Rows {
		if err := check(r); err != nil {
			return nil, fmt.Errorf("append to workspace %s: table %s: %w", w.id, clip(r.Table), &refusal{err})
		}
	}
	defer w.store.turns.batch()()
	for try := 0; ; try++ {
		err := w.change(ctx, func() (err error) {
			c := w.beforeAppend(ctx)
			groups, err = w.store1(ctx, b)
			switch {
			case c == nil:
			case err == nil:
				c.begin(ctx, w.store.age)
			default:
				c.end()
			}
			return err
		})
		if err == nil {
			return groups, nil
		}
		// A query that takes all the memory there is ends soon, of the same error.
		if errors.Is(err, engine.ErrMemory) && try < 6 && ctx.Err() == nil {
			select {
			case <-time.After(50 * time.Millisecond << try):
				continue
			case <-ctx.Done():
			}
		}
		return nil, fmt.Errorf("append to workspace %s: %w", w.id, err)
	}
}

// check refuses rows that cannot be stored, before anything is.
func check(r rows.Rows) error {
	if err := checkName("table", r.Table); err != nil {
		return err
	}
	seen := make(map[string]bool, len(r.Columns))
	for _, c := range r.Columns {
		if err := checkName("column", c.Name); err != nil {
			return err
		}
		if seen[c.Name] {
			return fmt.Errorf("the rows have two columns %s", c.Name)
		}
		seen[c.Name] = true
	}
	for i, row := range r.Values {
		if len(row) != len(r.Columns) {
			return fmt.Errorf("row %d has %d values and there are %d columns", i, len(row), len(r.Columns))
		}
	}
	return nil
}

// group is the rows of a batch for one part.
type group struct {
	table   *table
	day     int
	columns []kql.Column
	rows    [][]any
	times   []int64
	sizes   []float64
	bytes   float64
	part    *part
	noted   bool
}

// store1 stores a batch and returns what it made of it, nothing when it was known;
// the caller has the right to write.
func (w *Workspace) store1(ctx context.Context, b rows.Batch) ([]*group, error) {
	if b.Source != "" && b.Position <= w.positions[b.Source] {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := kql.Ticks(w.store.c.Now())
	if err := w.ensure(ctx, b.Rows); err != nil {
		return nil, err
	}
	groups, err := w.split(b.Rows, now)
	if err != nil {
		return nil, &refusal{err}
	}
	item := max(w.nextItem, now)
	added := make(map[*table][]*part)
	err = w.transaction(ctx, func() error {
		for i, g := range groups {
			if err := w.hotPart(ctx, g, groups[:i]); err != nil {
				return err
			}
			if err := w.put(g, now, item); err != nil {
				return err
			}
			item += int64(len(g.rows))
		}
		if err := w.advance(ctx, b.Source, b.Position); err != nil {
			return err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, g := range groups {
			if !slices.Contains(g.table.parts, g.part) {
				g.table.add(g.part)
				added[g.table] = append(added[g.table], g.part)
			}
			g.part.note(int64(len(g.rows)), g.bytes, slices.Min(g.times), slices.Max(g.times), item-1)
			g.noted = true
		}
		return nil
	})
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		for t, parts := range added {
			t.remove(parts)
		}
		for _, g := range groups {
			if g.noted {
				// The extremes may stay wider than they need be.
				g.part.rows, g.part.bytes = g.part.rows-int64(len(g.rows)), g.part.bytes-g.bytes
			}
		}
		return nil, err
	}
	w.nextItem = item
	for _, g := range groups {
		g.part.logged += int64(len(g.rows))
	}
	if b.Source != "" {
		w.positions[b.Source] = b.Position
	}
	return groups, nil
}

// remove takes parts out of the table.
func (t *table) remove(parts []*part) {
	t.parts = slices.DeleteFunc(slices.Clone(t.parts), func(p *part) bool { return slices.Contains(parts, p) })
}

// add keeps the parts in order of day and id.
func (t *table) add(p *part) {
	i, _ := slices.BinarySearchFunc(t.parts, p, func(a, b *part) int {
		if a.day != b.day {
			return a.day - b.day
		}
		return int(a.id - b.id)
	})
	t.parts = slices.Insert(t.parts, i, p)
}

// split makes groups of one table and day each. Times are kept, however old; a row
// without one gets that of receipt.
func (w *Workspace) split(all []rows.Rows, now int64) ([]*group, error) {
	var groups []*group
	for _, r := range all {
		at := slices.IndexFunc(r.Columns, func(c kql.Column) bool { return c.Name == "TimeGenerated" })
		if at >= 0 && r.Columns[at].Type != kql.Datetime {
			return nil, fmt.Errorf("table %s: TimeGenerated is a %s and must be a datetime", r.Table, r.Columns[at].Type)
		}
		billed := slices.IndexFunc(r.Columns, func(c kql.Column) bool { return c.Name == "_BilledSize" })
		days := make(map[int]*group)
		var last *group
		for _, row := range r.Values {
			t := now
			if at >= 0 {
				if v, ok := row[at].(int64); ok && v >= 0 {
					t = v
				}
			}
			g := last
			if g == nil || g.day != dayOf(t) {
				if g = days[dayOf(t)]; g == nil {
					g = &group{table: w.tables[r.Table], day: dayOf(t), columns: r.Columns}
					days[g.day] = g
				}
				last = g
			}
			var size float64
			if billed >= 0 {
				size, _ = toReal(row[billed])
			} else {
				size = billedSize(r.Columns, row)
			}
			g.rows, g.times, g.sizes, g.bytes = append(g.rows, row), append(g.times, t), append(g.sizes, size), g.bytes+size
		}
		if len(days) > maxDays {
			return nil, fmt.Errorf("table %s: the batch is about %d days and may be about %d: send less at once", r.Table, len(days), maxDays)
		}
		for _, day := range slices.Sorted(maps.Keys(days)) {
			groups = append(groups, days[day])
		}
	}
	return groups, nil
}

// billedSize is the size of a row as the real service counts it: that of its
// values as text, without the standard columns.
func billedSize(columns []kql.Column, row []any) float64 {
	n := 0
	for i, v := range row {
		switch v := v.(type) {
		case string:
			if columns[i].Name[0] != '_' {
				n += len(v)
			}
		case nil:
		default:
			n += 8
		}
	}
	return float64(n)
}

// put adds a group to its part.
func (w *Workspace) put(g *group, now, item int64) error {
	items := make([]int64, len(g.rows))
	for i := range items {
		items[i] = item + int64(i)
	}
	place := make(map[string]int, len(g.columns))
	for i, c := range g.columns {
		place[c.Name] = i
	}
	var sources []source
	for _, c := range g.table.columns {
		if !g.part.columns[c.id] {
			continue
		}
		s := source{kind: c.Type, from: -1}
		if i, ok := place[c.Name]; ok {
			s.from = i
		}
		switch c.id {
		case idTime:
			s.longs = g.times
		case idReceived:
			s.kind, s.from, s.fixed = kql.Long, -1, now
		case idItem:
			s.longs = items
		case idBilled:
			s.reals = g.sizes
		case idBillable:
			if s.from < 0 {
				s.fixed = "true"
			}
		}
		sources = append(sources, s)
	}
	if err := w.feed.append(w.schema, g.part.table(), sources, g.rows); err != nil {
		return fmt.Errorf("table %s: %w", g.table.name, err)
	}
	return nil
}

// hotPart finds or makes the part that takes the rows of a group, which may be that
// of one before. Columns are in the order of their ids, which is that in which a
// table gets them.
func (w *Workspace) hotPart(ctx context.Context, g *group, before []*group) error {
	for _, o := range before {
		if o.table == g.table && o.day == g.day {
			g.part = o.part
			return nil
		}
	}
	for _, p := range g.table.parts {
		if p.day == g.day && p.state == hot && !p.resting {
			g.part = p
			return nil
		}
	}
	p, err := w.createPart(ctx, g.table, g.day)
	g.part = p
	return err
}

// createPart makes a table for rows of a day.
func (w *Workspace) createPart(ctx context.Context, t *table, day int) (*part, error) {
	p := &part{id: w.nextPart.Add(1), day: day, state: hot, columns: make(map[int]bool)}
	defs := ""
	for i, c := range t.columns {
		if i > 0 {
			defs += ", "
		}
		defs += c.name() + " " + physical(c)
		p.columns[c.id] = true
	}
	if err := w.exec(ctx, "CREATE TABLE "+w.schema+"."+p.table()+"("+defs+")"); err != nil {
		return nil, err
	}
	return p, w.exec(ctx, "INSERT INTO "+w.schema+".parts VALUES (?, ?, ?, 'hot', 0, 0, 0, 0, 0, '', 0, '', '', '')", p.id, t.id, p.day)
}

// advance stores the position of a source, in a row of its own: the highest counts,
// see compact. Nothing here is updated in place: the transaction of an UPDATE that
// finds no memory takes the whole process with it when it is rolled back.
func (w *Workspace) advance(ctx context.Context, source string, position uint64) error {
	if source == "" {
		return nil
	}
	w.advanced++
	return w.exec(ctx, "INSERT INTO "+w.schema+".positions VALUES (?, ?)", source, position)
}

// compact leaves one row of each source among the positions, when there are many.
func (w *Workspace) compact(ctx context.Context) error {
	return w.changeStill(ctx, func() error {
		if w.advanced < maxAdvanced {
			return nil
		}
		err := w.transaction(ctx, func() error {
			return w.exec(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE %s.positions AS SELECT source, max(position) AS position FROM %[1]s.positions GROUP BY source", w.schema))
		})
		if err == nil {
			w.advanced = 0
		}
		return err
	})
}

// maxAdvanced is how many rows there may be of positions beyond one of each source.
const maxAdvanced = 4096

// Position is the position of the last batch of a source; zero: none.
func (w *Workspace) Position(_ context.Context, source string) (uint64, error) {
	_, done, err := w.begin()
	if err != nil {
		return 0, err
	}
	defer done()
	return w.positions[source], nil
}

// Forget removes the position of a source; there need be none.
func (w *Workspace) Forget(ctx context.Context, source string) error {
	return w.change(ctx, func() error {
		if _, ok := w.positions[source]; !ok {
			return nil
		}
		err := w.transaction(ctx, func() error {
			return w.exec(ctx, "DELETE FROM "+w.schema+".positions WHERE source = ?", source)
		})
		if err == nil {
			delete(w.positions, source)
		}
		return err
	})
}
