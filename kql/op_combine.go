package kql

import (
	"slices"
	"strings"

	"reslog/kql/syntax"
)

// combine binds the operators that bring relations together or reshape one. in is
// the zero rel when op is the first of its pipe.
func (b *binder) combine(sc scope, in rel, op syntax.Operator) (rel, error) {
	switch op := op.(type) {
	case *syntax.Union:
		return b.opUnion(sc, in, op)
	case *syntax.Search:
		return b.opSearch(sc, in, op)
	case *syntax.Find:
		return b.opFind(sc, in, op)
	case *syntax.ExternalData:
		return b.opExternalData(op)
	case *syntax.OtherOp:
		return rel{}, b.refuse(op.Span, "the operator "+op.Keyword)
	}
	if in.Rel == nil {
		return rel{}, b.fail(op.Pos(), codeNotFirst, "%s cannot be the first operator of a query", opName(op))
	}
	switch op := op.(type) {
	case *syntax.Join:
		return b.opJoin(sc, in, op)
	case *syntax.MvExpand:
		return b.opMvExpand(sc, in, op)
	case *syntax.MvApply:
		return b.opMvApply(sc, in, op)
	case *syntax.ParseOp:
		return b.opParse(sc, in, op)
	case *syntax.ParseKv:
		return b.opParseKv(sc, in, op)
	case *syntax.MakeSeries:
		return b.opMakeSeries(sc, in, op)
	case *syntax.TopNested:
		return b.opTopNested(sc, in, op)
	case *syntax.TopHitters:
		return b.opTopHitters(sc, in, op)
	case *syntax.Evaluate:
		return b.opEvaluate(sc, in, op)
	case *syntax.Invoke:
		return b.opInvoke(sc, in, op)
	case *syntax.Partition:
		return b.opPartition(sc, in, op)
	}
	return rel{}, b.refuse(op.Pos(), "the operator "+opName(op))
}

// The codes of the official binder for these operators.
const (
	codeNotFirst      = "KS174"
	codeOption        = "KS005"
	codeMissing       = "KS006"
	codePlugin        = "KS124"
	codeJoinCondition = "KS182"
	codeJoinColumn    = "KS145"
	codeJoinTypes     = "KS227"
	codeJoinDynamic   = "KS241"
	codeJoinKeys      = "KS242"
	codeTypeName      = "KS160"
)

// options checks the options of an operator against the names that it has, and
// gives them by name. Hints say how to run a query, not what it means, and pass.
func (b *binder) options(op string, given []syntax.Option, names ...string) (map[string]syntax.Option, error) {
	out := map[string]syntax.Option{}
	for _, o := range given {
		name := o.Name.Text
		switch {
		case strings.HasPrefix(name, "hint."):
		case slices.Contains(names, name):
			out[name] = o
		default:
			return nil, b.near(o.Name.Span, codeOption, nearest(name, names), "%s has no option %s", op, name)
		}
	}
	return out, nil
}

// word is the value of an option that must be one of some words; without the
// option it is the first.
func (b *binder) word(options map[string]syntax.Option, name string, words ...string) (string, error) {
	o, ok := options[name]
	if !ok {
		return words[0], nil
	}
	given := optionText(o.Value)
	if slices.Contains(words, given) {
		return given, nil
	}
	return "", b.near(o.Span, codeOption, nearest(given, words), "%s must be one of: %s", name, strings.Join(words, ", "))
}

// optionText is the word, name or text of an option.
func optionText(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Ref:
		return x.Name.Text
	case *syntax.Literal:
		return x.Text
	}
	return ""
}

// called is a call of a scalar function of the language with bound arguments.
func (b *binder) called(at syntax.Span, name string, args ...Expr) (Expr, error) {
	f := b.functions.scalar[name]
	if f == nil {
		return nil, b.refuse(at, "the function "+name)
	}
	named, err := b.invoke(&Binding{Func: f, Name: name, Args: args, Names: make([]string, len(args)), At: at, b: b}, false)
	if err != nil {
		return nil, err
	}
	return named[0].X, nil
}

// column is the column of in that x names; x must be nothing else.
func (b *binder) column(in rel, x syntax.Expr) (Col, error) {
	ref, ok := unparen(x).(*syntax.Ref)
	if !ok || ref.Name.Wild {
		return Col{}, b.fail(x.Pos(), codeColumnName, "the name of a column is expected here")
	}
	r := row{in: in}
	c, ok := r.column(ref.Name.Text)
	if !ok {
		return Col{}, b.near(x.Pos(), codeUnknownName, nearest(ref.Name.Text, columnNames(in.Cols())), "the name %s does not refer to any known column", ref.Name.Text)
	}
	return c, nil
}

// isNotNull is a condition over x.
func isNotNull(x Expr) Expr { return &Call{T: Bool, Func: "isnotnull", Args: []Expr{x}} }

// extended puts computed columns into in: in the place of a column that has the
// name, else at the end.
func (b *binder) extended(in rel, assigns []Assign) rel {
	var cols []Col
	var exprs []Expr
	used := make([]bool, len(assigns))
	for _, c := range in.Cols() {
		col, x := c, Expr(&ColRef{c})
		for i, a := range assigns {
			if a.Col.Name == c.Name {
				col, x, used[i] = a.Col, a.X, true
			}
		}
		cols, exprs = append(cols, col), append(exprs, x)
	}
	for i, a := range assigns {
		if !used[i] {
			cols, exprs = append(cols, a.Col), append(exprs, a.X)
		}
	}
	return b.project(in, cols, exprs)
}
