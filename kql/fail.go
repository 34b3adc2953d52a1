package kql

import (
	"fmt"

	"reslog/kql/syntax"
)

// The codes of the official binder that we give, by what they are about. A code
// is part of what clients see and match.
const (
	codeUnknownName     = "KS142"
	codeUnknownFunction = "KS211"
	codeUnknownTable    = "KS204"
	codeOperandTypes    = "KS106"
	codeType            = "KS141"
	codeArgumentCount   = "KS119"
	codeArgumentPairs   = "KS121"
	codeNotConstant     = "KS186"
	codeDuplicateColumn = "KS171"
	codeNotTable        = "KS126"
	codeColumnName      = "KS109"
	codeRedefined       = "KS201"
	codeAggregate       = "KS144"
	codeScalarExpected  = "KS108"
	codeNoElements      = "KS147"
	codeNoCommonType    = "KS232"
	codeNotGroupable    = "KS116"
	codeTableColumns    = "KS249"
	codeArgumentType    = "KS107"
	codeNotNumber       = "KS137"
	codeNotInteger      = "KS134"
	codeNotSummable     = "KS138"
	codeDynamicKey      = "KS206"
)

func (b *binder) fail(at syntax.Span, code, format string, args ...any) error {
	return &Error{Code: code, Syntax: syntax.Error{Span: at, Message: fmt.Sprintf(format, args...), Source: b.source}}
}

// near is fail with the name that was probably meant.
func (b *binder) near(at syntax.Span, code, meant, format string, args ...any) error {
	return &Error{Code: code, Syntax: syntax.Error{Span: at, Message: fmt.Sprintf(format, args...), Near: meant, Source: b.source}}
}

// refuse is for what is right in the language and not run here.
func (b *binder) refuse(at syntax.Span, what string) error {
	return &Error{Refused: true, What: what, Syntax: syntax.Error{Span: at, Message: what + " is not supported", Source: b.source}}
}

func (b *binder) argCount(at syntax.Span, name string, n, minimum, maximum int) error {
	want := fmt.Sprintf("%d arguments", minimum)
	switch {
	case maximum < 0:
		want = "at least " + want
	case maximum != minimum:
		want = fmt.Sprintf("%d to %d arguments", minimum, maximum)
	case minimum == 1:
		want = "1 argument"
	}
	return b.fail(at, codeArgumentCount, "the function %s takes %s and has %d", name, want, n)
}
