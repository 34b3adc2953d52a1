package kql

import (
	"slices"
	"strconv"
	"strings"

	"reslog/kql/syntax"
)

// opProject computes columns and keeps no others.
func (b *binder) opProject(sc scope, in rel, op *syntax.Project) (rel, error) {
	over, r := sc.over(in)
	cols, err := b.computed(over, op.Columns)
	if err != nil {
		return rel{}, err
	}
	if err := b.named(newNamer(), cols); err != nil {
		return rel{}, err
	}
	var out []Col
	var exprs []Expr
	used := map[int]bool{}
	for _, c := range cols {
		col, x := b.carry(used, c)
		out, exprs = append(out, col), append(exprs, x)
	}
	return b.project(r.input(), out, exprs), nil
}

// carry is the column that a computed one becomes: a column of the input that is
// passed on keeps its ID, the first time.
func (b *binder) carry(used map[int]bool, c column) (Col, Expr) {
	if ref, ok := c.x.(*ColRef); ok && !used[ref.Col.ID] && ref.Col.Name == c.name {
		used[ref.Col.ID] = true
		col := ref.Col
		col.Hidden = false
		return col, c.x
	}
	return b.typed(c.name, c.x)
}

// opExtend adds columns; one whose name is there takes its place.
func (b *binder) opExtend(sc scope, in rel, op *syntax.Extend) (rel, error) {
	return b.extend(sc, in, op.Columns)
}

// opSerialize freezes the order of the rows and adds columns like extend.
func (b *binder) opSerialize(sc scope, in rel, op *syntax.Serialize) (rel, error) {
	if !in.serialized {
		in.serialized, in.order = true, nil
	}
	if len(op.Columns) == 0 {
		return in, nil
	}
	return b.extend(sc, in, op.Columns)
}

func (b *binder) extend(sc scope, in rel, xs []syntax.Expr) (rel, error) {
	over, r := sc.over(in)
	cols, err := b.computed(over, xs)
	if err != nil {
		return rel{}, err
	}
	out := slices.Clone(in.Cols())
	exprs := refs(out)
	if err := b.namedOver(in, cols); err != nil {
		return rel{}, err
	}
	for _, c := range cols {
		i := slices.IndexFunc(out, func(col Col) bool { return col.Name == c.name })
		col, x := b.typed(c.name, c.x)
		if i < 0 {
			out, exprs = append(out, col), append(exprs, x)
			continue
		}
		out[i], exprs[i] = col, x
	}
	return b.project(r.input(), out, exprs), nil
}

// namedOver names the columns of extend. One that has a name, given or its own,
// takes the place of the column of that name; Column1 … are never those of in.
func (b *binder) namedOver(in rel, cols []column) error {
	blank := newNamer()
	for _, c := range in.Cols() {
		blank.taken[c.Name] = true
	}
	given := map[string]bool{}
	for i := range cols {
		switch c := &cols[i]; {
		case c.given && given[c.name]:
			return b.duplicate(c.at, c.name)
		case c.given:
			given[c.name] = true
		case c.name == "":
			for c.name = ""; c.name == "" || blank.taken[c.name]; {
				blank.blanks++
				c.name = blank.blank + strconv.Itoa(blank.blanks)
			}
		}
	}
	return nil
}

// matching are the columns that a name means, in the order of the input; an
// unknown name is an error, a pattern that fits none is none.
func (b *binder) matching(in rel, name syntax.Name) ([]Col, error) {
	var out []Col
	for _, c := range in.Cols() {
		if c.Name == name.Text && !name.Wild || name.Wild && !c.Hidden && wildMatch(name.Text, c.Name) {
			out = append(out, c)
		}
	}
	if len(out) == 0 && !name.Wild {
		return nil, b.near(name.Span, codeUnknownName, nearest(name.Text, columnNames(in.Cols())), "the name %s does not refer to any known column", name.Text)
	}
	return out, nil
}

// opProjectAway drops columns.
func (b *binder) opProjectAway(in rel, op *syntax.ProjectAway) (rel, error) {
	away := map[int]bool{}
	for _, name := range op.Names {
		cols, err := b.matching(in, name)
		if err != nil {
			return rel{}, err
		}
		for _, c := range cols {
			away[c.ID] = true
		}
	}
	kept := slices.DeleteFunc(slices.Clone(in.Cols()), func(c Col) bool { return away[c.ID] })
	return b.keep(in, kept), nil
}

// opProjectKeep keeps columns, in the order of the input.
func (b *binder) opProjectKeep(in rel, op *syntax.ProjectKeep) (rel, error) {
	keep := map[int]bool{}
	for _, name := range op.Names {
		cols, err := b.matching(in, name)
		if err != nil {
			return rel{}, err
		}
		for _, c := range cols {
			keep[c.ID] = true
		}
	}
	kept := slices.DeleteFunc(slices.Clone(in.Cols()), func(c Col) bool { return !keep[c.ID] })
	for i := range kept {
		kept[i].Hidden = false
	}
	return b.keep(in, kept), nil
}

// opProjectRename renames columns where they stand.
func (b *binder) opProjectRename(in rel, op *syntax.ProjectRename) (rel, error) {
	out := slices.Clone(in.Cols())
	from := refs(in.Cols())
	for _, n := range op.Columns {
		ref, ok := unparen(n.X).(*syntax.Ref)
		if !ok || len(n.Names) != 1 {
			return rel{}, b.fail(n.Span, codeColumnName, "project-rename takes New = Old")
		}
		i := slices.IndexFunc(in.Cols(), func(c Col) bool { return c.Name == ref.Name.Text })
		if i < 0 {
			_, err := b.matching(in, ref.Name)
			return rel{}, err
		}
		if slices.ContainsFunc(in.Cols(), func(c Col) bool { return c.Name == n.Names[0].Text }) {
			return rel{}, b.duplicate(n.Names[0].Span, n.Names[0].Text)
		}
		out[i].Name, out[i].Hidden = n.Names[0].Text, false
	}
	seen := map[string]bool{}
	for _, c := range out {
		if seen[c.Name] {
			return rel{}, b.duplicate(op.Span, c.Name)
		}
		seen[c.Name] = true
	}
	return b.project(in, out, from), nil
}

// opProjectReorder puts columns first; the rest keep their order.
func (b *binder) opProjectReorder(in rel, op *syntax.ProjectReorder) (rel, error) {
	var front []Col
	taken := map[int]bool{}
	for _, key := range op.Columns {
		cols, err := b.matching(in, key.Name)
		if err != nil {
			return rel{}, err
		}
		cols = slices.DeleteFunc(cols, func(c Col) bool { return taken[c.ID] })
		switch key.Order {
		case "asc", "granny-asc":
			slices.SortStableFunc(cols, func(a, c Col) int { return compareNames(key.Order, a.Name, c.Name) })
		case "desc", "granny-desc":
			slices.SortStableFunc(cols, func(a, c Col) int { return compareNames(key.Order, c.Name, a.Name) })
		}
		for _, c := range cols {
			taken[c.ID] = true
			front = append(front, c)
		}
	}
	for _, c := range in.Cols() {
		if !taken[c.ID] {
			front = append(front, c)
		}
	}
	return b.keep(in, front), nil
}

// compareNames orders names by letters, or by the numbers in them (granny).
func compareNames(order, a, c string) int {
	if strings.HasPrefix(order, "granny") {
		return naturally(a, c)
	}
	return strings.Compare(a, c)
}
