package kql

import "reslog/kql/syntax"

// combine binds the operators that bring relations together or reshape one. in is
// the zero rel when op is the first of its pipe.
func (b *binder) combine(sc scope, in rel, op syntax.Operator) (rel, error) {
	return rel{}, b.refuse(op.Pos(), "the operator "+opName(op))
}
