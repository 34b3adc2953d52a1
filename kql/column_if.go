package kql

import "reslog/kql/syntax"

func isColumnIfExists(x *syntax.Call) bool {
	return x.Func.Text == "column_ifexists" || x.Func.Text == "columnifexists"
}

// ifExistsName is the automatic name: that of the column, if it is there.
func ifExistsName(sc scope, x *syntax.Call) string {
	if len(x.Args) == 0 || sc.row == nil {
		return ""
	}
	if s, ok := x.Args[0].(*syntax.Literal); ok {
		if _, ok := sc.row.column(s.Text); ok {
			return s.Text
		}
	}
	return ""
}

// columnIfExists binds column_ifexists("name", default).
func (b *binder) columnIfExists(sc scope, x *syntax.Call) (Expr, error) {
	if len(x.Args) != 2 {
		return nil, b.argCount(x.Span, x.Func.Text, len(x.Args), 2, 2)
	}
	name, err := b.constOf(sc, x.Args[0], String)
	if err != nil {
		return nil, err
	}
	fallback, err := b.expr(sc, x.Args[1])
	if err != nil {
		return nil, err
	}
	if sc.row != nil {
		if c, ok := sc.row.column(name.Value.(string)); ok {
			return &ColRef{c}, nil
		}
	}
	return fallback, nil
}

// ingestionTime binds ingestion_time(): the hidden column _TimeReceived, which rows
// have as long as they are those of a table.
func (b *binder) ingestionTime(sc scope, x *syntax.Call) (Expr, error) {
	if sc.row != nil {
		if c, ok := sc.row.column("_TimeReceived"); ok && c.Type == Datetime {
			return &ColRef{c}, nil
		}
	}
	return nil, b.refuse(x.Span, "ingestion_time() of rows that are not those of a table")
}
