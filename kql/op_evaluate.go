package kql

import (
	"maps"
	"slices"
	"strings"

	"reslog/kql/syntax"
)

// opEvaluate binds evaluate: the plugins whose rows a plan can say. Others are
// refused by name.
func (b *binder) opEvaluate(sc scope, in rel, op *syntax.Evaluate) (rel, error) {
	if _, err := b.options("evaluate", op.Options); err != nil {
		return rel{}, err
	}
	p := &plugin{b: b, sc: sc, in: in, op: op, named: map[string]syntax.Expr{}}
	for _, a := range op.Call.Args {
		if n, ok := a.(*syntax.Named); ok && len(n.Names) == 1 {
			p.named[n.Names[0].Text] = n.X
		} else {
			p.args = append(p.args, a)
		}
	}
	switch op.Call.Func.Text {
	case "bag_unpack":
		return p.bagUnpack()
	case "pivot":
		return p.pivot()
	case "narrow":
		return p.narrow()
	case "ipv4_lookup":
		return p.ipv4Lookup()
	}
	if isPlugin(op.Call.Func.Text) {
		return rel{}, b.refuse(op.Call.Func.Span, "the plugin "+op.Call.Func.Text)
	}
	return rel{}, b.fail(op.Call.Func.Span, codePlugin, "the plug-in function %s is not defined", op.Call.Func.Text)
}

// isPlugin reports whether a name is a plugin of the language.
func isPlugin(name string) bool {
	return slices.Contains(strings.Fields(ownPlugins+" "+refusedPlugins+" "+unlistedPlugins), name)
}

// plugin is one evaluate while it is bound.
type plugin struct {
	b     *binder
	sc    scope
	in    rel
	op    *syntax.Evaluate
	args  []syntax.Expr // by position
	named map[string]syntax.Expr
}

// count checks the number of arguments by position and the names of the others.
func (p *plugin) count(minimum, maximum int, names ...string) error {
	name := p.op.Call.Func.Text
	if n := len(p.args); n < minimum || maximum >= 0 && n > maximum {
		return p.b.argCount(p.op.Call.Span, name, n, minimum, maximum)
	}
	for _, given := range slices.Sorted(maps.Keys(p.named)) {
		if !slices.Contains(names, given) {
			return p.b.near(p.named[given].Pos(), codeOption, nearest(given, names), "%s has no parameter %s", name, given)
		}
	}
	return nil
}

// maxProbes bounds the plans that run while one query is bound.
const maxProbes = 20

// probe runs a plan whose rows decide about columns; more than limit of them is an
// error.
func (b *binder) probe(at syntax.Span, what string, root Rel, limit int) ([][]any, error) {
	if b.o.Runner == nil {
		return nil, b.refuse(at, what+" without a fixed schema")
	}
	if b.probes++; b.probes > maxProbes {
		return nil, b.fail(at, "", "more than %d operators of the query have columns that depend on the data", maxProbes)
	}
	plan := &Plan{Now: b.now, Results: []Result{{Name: "PrimaryResult", Root: root, Columns: root.Cols()}}}
	if err := b.bounded(plan); err != nil {
		return nil, err
	}
	narrow(root)
	rows, err := b.o.Runner(b.ctx, plan, limit+1)
	if err != nil {
		return nil, err
	}
	if len(rows) > limit {
		return nil, b.fail(at, "", "%s finds more than %d values; narrow the rows before it", what, limit)
	}
	return rows, nil
}

// schemaCols are the columns of `evaluate … : (schema)`.
func (p *plugin) schemaCols() ([]Col, error) {
	var out []Col
	for _, s := range p.op.Schema {
		t, err := p.b.typeNamed(s.Type, s.Span)
		if err != nil {
			return nil, err
		}
		out = append(out, p.b.newCol(s.Name.Text, t))
	}
	return out, nil
}
