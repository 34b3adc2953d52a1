package kql

import (
	"slices"

	"reslog/kql/syntax"
)

// opPrint is one row.
func (b *binder) opPrint(sc scope, op *syntax.Print) (rel, error) {
	over, r := sc.over(rel{Rel: &Values{}})
	r.noWindow = true
	cols, err := b.computed(over, op.Columns)
	if err != nil {
		return rel{}, err
	}
	n := newNamer()
	n.blank = "print_"
	var out Out
	row := make([]Expr, 0, len(cols))
	for i := range cols {
		if c := &cols[i]; !isNamed(op.Columns, i, cols) {
			c.given, c.name = false, ""
			n.blanks = i - 1 // print_2 is the third
		}
		if err := b.named(n, cols[i:i+1]); err != nil {
			return rel{}, err
		}
		col, x := b.typed(cols[i].name, cols[i].x)
		out.Columns, row = append(out.Columns, col), append(row, x)
	}
	return rel{Rel: &Values{Out: out, Rows: [][]Expr{row}}}, nil
}

// isNamed reports whether the i-th column of a print was written with a name.
func isNamed(xs []syntax.Expr, i int, cols []column) bool {
	if len(xs) != len(cols) {
		return cols[i].given
	}
	_, ok := xs[i].(*syntax.Named)
	return ok
}

// opRange is a column of numbers, dates or spans.
func (b *binder) opRange(sc scope, op *syntax.RangeOp) (rel, error) {
	xs, err := b.exprs(sc, []syntax.Expr{op.From, op.To, op.Step})
	if err != nil {
		return rel{}, err
	}
	from, to, step := xs[0], xs[1], xs[2]
	t := common(from.Type(), to.Type())
	stepType := t
	switch {
	case t == Datetime:
		stepType = Timespan
	case t.IsNumber():
		t = common(t, step.Type())
		stepType = t
	case t == Timespan:
	default:
		return rel{}, b.fail(op.Span, codeOperandTypes, "range is not defined from %s to %s", from.Type(), to.Type())
	}
	f, ok := convert(from, t)
	l, ok2 := convert(to, t)
	s, ok3 := convert(step, stepType)
	if !ok || !ok2 || !ok3 {
		return rel{}, b.fail(op.Step.Pos(), codeOperandTypes, "the step of a range of %s cannot be %s", t, step.Type())
	}
	return rel{Rel: &Sequence{Out: Out{[]Col{b.newCol(op.Name.Text, t)}}, From: f, To: l, Step: s}, serialized: true}, nil
}

// opDatatable is rows that are written in the query.
func (b *binder) opDatatable(sc scope, op *syntax.Datatable) (rel, error) {
	var out Out
	seen := map[string]bool{}
	for _, p := range op.Columns {
		t, err := b.typeNamed(p.Type, p.Span)
		if err != nil {
			return rel{}, err
		}
		if seen[p.Name.Text] {
			return rel{}, b.duplicate(p.Name.Span, p.Name.Text)
		}
		seen[p.Name.Text] = true
		out.Columns = append(out.Columns, b.newCol(p.Name.Text, t))
	}
	width := len(out.Columns)
	if width == 0 || len(op.Values)%width != 0 {
		return rel{}, b.fail(op.Span, "KS173", "datatable has %d columns and %d values, which do not make whole rows", width, len(op.Values))
	}
	v := &Values{Out: out}
	for chunk := range slices.Chunk(op.Values, width) {
		row := make([]Expr, width)
		for i, x := range chunk {
			e, err := b.cell(sc, x, out.Columns[i].Type)
			if err != nil {
				return rel{}, err
			}
			row[i] = e
		}
		v.Rows = append(v.Rows, row)
	}
	return rel{Rel: v}, nil
}

// cell is a value of a datatable. Texts are read as what the column is, and
// values of another type are made into it.
func (b *binder) cell(sc scope, x syntax.Expr, t Type) (Expr, error) {
	e, err := b.expr(sc, x)
	if err != nil {
		return nil, err
	}
	if c, ok := convert(e, t); ok {
		return c, nil
	}
	if c, ok := meantAs(e, t); ok {
		return c, nil
	}
	if t == Dynamic {
		return boxed(e), nil
	}
	return &Call{T: t, Func: "to" + t.String(), Args: []Expr{e}, At: x.Pos()}, nil
}

// dotnetTypes are the DataType that getschema shows.
var dotnetTypes = map[Type]string{
	Bool: "System.SByte", Int: "System.Int32", Long: "System.Int64", Real: "System.Double", Decimal: "System.Data.SqlTypes.SqlDecimal",
	String: "System.String", Datetime: "System.DateTime", Timespan: "System.TimeSpan", Guid: "System.Guid", Dynamic: "System.Object",
}

// opGetschema is the columns of the input as rows.
func (b *binder) opGetschema(in rel) (rel, error) {
	v := &Values{Out: Out{[]Col{
		b.newCol("ColumnName", String), b.newCol("ColumnOrdinal", Int), b.newCol("DataType", String), b.newCol("ColumnType", String),
	}}}
	for i, c := range in.visible() {
		v.Rows = append(v.Rows, []Expr{
			&Const{String, c.Name},
			&Const{Int, int64(i)},
			&Const{String, dotnetTypes[c.Type]},
			&Const{String, c.Type.String()},
		})
	}
	return rel{Rel: v, serialized: true}, nil
}
