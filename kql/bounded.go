package kql

import (
	"errors"

	"reslog/kql/syntax"
)

// parseError is what a query that cannot be read fails with.
func parseError(err error) error {
	var e *syntax.Error
	if errors.As(err, &e) {
		return &Error{Code: "KS005", Syntax: *e}
	}
	return err
}

// sizes measures a plan as a printer sees it: what is shared counts each time,
// except for Shared.
type sizes struct {
	exprs map[Expr]int
	rels  map[Rel]int
}

// bounded fails when a plan printed would be too large. Lets and parameters share
// expressions, so that a small plan in memory can be an immense one in text.
func (b *binder) bounded(p *Plan) error {
	s := sizes{map[Expr]int{}, map[Rel]int{}}
	total := 0
	for _, r := range p.Results {
		total = sum(total, s.rel(r.Root))
	}
	if total > 5*b.o.MaxNodes {
		return b.fail(syntax.Span{End: len(b.source)}, "", "the query is too large: its functions expand to more than %d steps", 5*b.o.MaxNodes)
	}
	return nil
}

const tooLarge = 1 << 40

func sum(a, b int) int { return min(a+b, tooLarge) }

func (s sizes) expr(x Expr) int {
	if n, ok := s.exprs[x]; ok {
		return n
	}
	n := 1
	for _, y := range operands(x) {
		n = sum(n, s.expr(y))
	}
	switch x := x.(type) {
	case *ScalarQuery:
		n = sum(n, s.rel(x.Root))
	case *InQuery:
		n = sum(n, s.rel(x.Root))
	}
	s.exprs[x] = n
	return n
}

func (s sizes) rel(r Rel) int {
	if n, ok := s.rels[r]; ok {
		return n
	}
	n := 1 + len(r.Cols())
	for _, in := range Inputs(r) {
		n = sum(n, s.rel(in))
	}
	for _, x := range Exprs(r) {
		n = sum(n, s.expr(x))
	}
	if _, ok := r.(*Shared); ok {
		s.rels[r] = 1
		return n
	}
	s.rels[r] = n
	return n
}
