package kql

import "reslog/kql/syntax"

// opExternalData refuses externaldata: a query reads what is in the workspace, and
// whoever may query must not make the server call addresses.
func (b *binder) opExternalData(op *syntax.ExternalData) (rel, error) {
	what := "the operator externaldata"
	return rel{}, &Error{Refused: true, What: what, Syntax: syntax.Error{
		Span: op.Span, Source: b.source, Message: what + " is not supported: queries do not read addresses outside of the workspace",
	}}
}
