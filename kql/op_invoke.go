package kql

import "reslog/kql/syntax"

// piped is the name by which a function that is invoked knows the pipe before it;
// no query can write it.
const piped = "\x00pipe"

// opInvoke binds invoke: a call of a function whose first parameter is the pipe.
//
// Source: the Kusto Query Language reference, "invoke operator".
func (b *binder) opInvoke(sc scope, in rel, op *syntax.Invoke) (rel, error) {
	l := sc.lets.find(op.Call.Func.Text)
	if l == nil || l.function() == nil {
		return rel{}, b.near(op.Call.Func.Span, codeUnknownFunction, b.meantTable(sc, op.Call.Func.Text), "there is no function %s to invoke", op.Call.Func.Text)
	}
	if f := l.function(); len(f.Params) == 0 || !f.Params[0].Table {
		return rel{}, b.fail(op.Call.Span, codeNotTable, "the first parameter of %s must be a table", l.name.Text)
	}
	in.Rel = &Shared{Out: Out{in.Cols()}, Input: in.Rel}
	source := &let{name: syntax.Name{Span: op.Span, Text: piped}, used: true}
	source.table = func() (rel, error) { return b.fresh(in), nil }
	caller := scope{lets: newLets(sc.lets)}
	caller, err := b.define(caller, source)
	if err != nil {
		return rel{}, err
	}
	call := &syntax.Call{Span: op.Call.Span, Func: op.Call.Func}
	call.Args = append(call.Args, &syntax.Ref{Span: op.Call.Span, Name: source.name})
	call.Args = append(call.Args, op.Call.Args...)
	return b.callTableLet(caller, call, l)
}
