package kql

import (
	"regexp"
	"strings"

	"reslog/kql/syntax"
)

// opSearch binds search: the rows of tables for which a condition is true, in which
// a text alone is a term that some column has. The first column is $table. A column
// that a table does not have is null there.
//
// A term is looked for in strings, dynamic values, guids and whole numbers.
//
// Source: the Kusto Query Language reference, "search operator".
func (b *binder) opSearch(sc scope, in rel, op *syntax.Search) (rel, error) {
	options, err := b.options("search", op.Options, "kind")
	if err != nil {
		return rel{}, err
	}
	kind, err := b.word(options, "kind", "case_insensitive", "default", "case_sensitive")
	if err != nil {
		return rel{}, err
	}
	legs, err := b.searched(sc, in, op.Tables, op)
	if err != nil {
		return rel{}, err
	}
	s := searcher{b: b, exact: kind == "case_sensitive"}
	columns := unifyLegs(legs)
	for i, l := range legs {
		r := b.searchedLeg(l.rel, columns, i)
		over, row := sc.over(r)
		row.noWindow = true
		s.sc, s.cols = over, s.cols[:0]
		for n, c := range columns {
			if c.from[i].ID != 0 && !c.hidden {
				s.cols = append(s.cols, r.Cols()[n])
			}
		}
		cond, err := s.cond(op.Cond)
		if err != nil {
			return rel{}, err
		}
		legs[i].rel = filtered(row.input(), cond)
	}
	return b.united(op.Span, legs, "$table", "search_arg", false)
}

// searched are the relations of a search: the pipe before it, the tables that it
// names, else all tables and views.
func (b *binder) searched(sc scope, in rel, tables []syntax.Expr, op syntax.Operator) ([]leg, error) {
	if in.Rel != nil {
		if len(tables) > 0 {
			return nil, b.fail(op.Pos(), "", "%s after a pipe cannot name tables", opName(op))
		}
		return []leg{{in, b.relName(sc, in)}}, nil
	}
	if len(tables) == 0 {
		tables = []syntax.Expr{&syntax.Ref{Span: op.Pos(), Name: syntax.Name{Span: op.Pos(), Text: "*", Wild: true}}}
	}
	legs, err := b.legs(sc, tables, false)
	if err == nil {
		b.distinctLegs(legs)
	}
	return legs, err
}

// searchedLeg gives a leg all columns of the whole search, under their names there:
// a condition means the same in every table.
func (b *binder) searchedLeg(r rel, columns []unified, i int) rel {
	cols := make([]Col, len(columns))
	for n, c := range columns {
		cols[n] = b.newCol(c.name, c.typ)
		cols[n].Hidden = c.hidden
	}
	return b.project(r, cols, legExprs(columns, i))
}

// searcher binds the condition of a search over one table.
type searcher struct {
	b     *binder
	sc    scope
	cols  []Col // those that a term may be in
	exact bool
}

func (s *searcher) cond(x syntax.Expr) (Expr, error) {
	switch x := x.(type) {
	case *syntax.Paren:
		return s.cond(x.X)
	case *syntax.Literal:
		if x.Kind == syntax.String {
			return s.anywhere(x), nil
		}
		if x.Kind != syntax.Bool {
			return nil, s.b.refuse(x.Span, "a term that is not a string in search")
		}
	case *syntax.Star:
		return &Const{Bool, true}, nil
	case *syntax.Call:
		if x.Func.Text == "not" && len(x.Args) == 1 {
			inner, err := s.cond(x.Args[0])
			if err != nil {
				return nil, err
			}
			return s.b.called(x.Span, "not", inner)
		}
	case *syntax.Binary:
		switch x.Op {
		case "and", "or":
			return s.both(x)
		case ":":
			return s.within(x)
		}
	}
	return s.b.exprOf(s.sc, x, Bool)
}

func (s *searcher) both(x *syntax.Binary) (Expr, error) {
	l, err := s.cond(x.X)
	if err != nil {
		return nil, err
	}
	r, err := s.cond(x.Y)
	if err != nil {
		return nil, err
	}
	return s.b.operate(x, l, r)
}

// within is col:"term", and *:"term".
func (s *searcher) within(x *syntax.Binary) (Expr, error) {
	term, ok := unparen(x.Y).(*syntax.Literal)
	if !ok || term.Kind != syntax.String {
		return nil, s.b.fail(x.Span, codeOperandTypes, "the right side of : must be a string literal")
	}
	if _, ok := x.X.(*syntax.Star); ok {
		return s.anywhere(term), nil
	}
	col, err := s.b.expr(s.sc, x.X)
	if err != nil {
		return nil, err
	}
	if t := col.Type(); t != String && t != Dynamic {
		return nil, s.b.fail(x.Span, codeOperandTypes, "the operator : is not defined for the operand types %s and string", t)
	}
	text, _ := convert(col, String)
	return s.term(text, term), nil
}

// anywhere is a term that any column may have.
func (s *searcher) anywhere(x *syntax.Literal) Expr {
	var conds []Expr
	for _, c := range s.cols {
		if searchable(c.Type) {
			conds = append(conds, s.term(asText(&ColRef{c}, x.Span), x))
		}
	}
	return anyOf(conds, x.Span)
}

// searchable reports whether a term is looked for in columns of a type.
func searchable(t Type) bool {
	return t == String || t == Dynamic || t == Guid || t.IsInteger()
}

// term is one term in one text: whole, or as far as stars leave it open.
func (s *searcher) term(text Expr, x *syntax.Literal) Expr {
	words := strings.Split(x.Text, "*")
	begins, ends := words[0] == "", words[len(words)-1] == ""
	op, needle := "has", strings.Trim(x.Text, "*")
	switch {
	case len(words) == 1:
	case strings.Contains(needle, "*"):
		for i, w := range words {
			words[i] = regexp.QuoteMeta(w)
		}
		needle = `(?i)\b` + strings.Join(words, ".*") + `\b`
		if s.exact {
			needle = strings.TrimPrefix(needle, "(?i)")
		}
		return &Call{T: Bool, Func: "matches regex", Args: []Expr{text, &Const{String, needle}}, At: x.Span}
	case needle == "":
		return &Const{Bool, true}
	case begins && ends:
		op = "contains"
	case ends:
		op = "hasprefix"
	case begins:
		op = "hassuffix"
	}
	if s.exact {
		op += "_cs"
	}
	return &Call{T: Bool, Func: op, Args: []Expr{text, &Const{String, needle}}, At: x.Span}
}
