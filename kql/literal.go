package kql

import (
	"reslog/kql/syntax"
)

// literal binds a constant as it is written.
func (b *binder) literal(x *syntax.Literal) (Expr, error) {
	t := literalTypes[x.Kind]
	if x.Null {
		if t == String {
			return &Const{String, ""}, nil
		}
		return &Const{t, nil}, nil
	}
	if t == Dynamic {
		text, err := parseDynamic(x.Text)
		if err != nil {
			return nil, b.fail(x.Span, "KS225", "dynamic(…) cannot be read: %v", err)
		}
		if text == "null" {
			return &Const{Dynamic, nil}, nil
		}
		return &Const{Dynamic, text}, nil
	}
	v, ok := parseValue(t, x.Text)
	if !ok {
		return nil, b.fail(x.Span, "", "%s is not a %s", b.source[x.Start:x.End], t)
	}
	return &Const{t, v}, nil
}

var literalTypes = [...]Type{
	syntax.Bool: Bool, syntax.Int: Int, syntax.Long: Long, syntax.Real: Real, syntax.Decimal: Decimal, syntax.String: String,
	syntax.Datetime: Datetime, syntax.Timespan: Timespan, syntax.Guid: Guid, syntax.Dynamic: Dynamic,
}
