package sql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"reslog/kql"
)

// heavy is the size from which the expression of a column is computed before
// anything is done with it. An engine that moves a condition below the
// expressions that it is about repeats them; a query of thirty steps that use a
// column twice each would grow to a thousand million terms.
const heavy = 4096

// heaviest is where weights end, so that they do not overflow.
const heaviest = 1 << 40

// stage prints expressions over one relation. What a printed expression uses
// several times, and what SQL wants to be a column (other rows, subqueries), is a
// column of a relation before: hoisted.
type stage struct {
	p      *printer
	from   string
	order  []key // of from
	levels [][]hoisted
	byText map[string]frag
	// over is the inside of OVER (…) for functions that look at other rows, empty
	// where they cannot stand.
	over string
}

// hoisted is a column that a level of a stage adds.
type hoisted struct {
	text, name string
	weight     int
}

// frag is a printed expression: an operand.
type frag struct {
	text string
	// level is how many levels of hoisted columns must be there before it.
	level int
	// plain operands are names and constants, which may be repeated.
	plain, constant bool
	// fickle ones have another value at each evaluation.
	fickle bool
	weight int
}

func (p *printer) stage(in rel) *stage {
	return &stage{p: p, from: in.from, order: in.order, byText: make(map[string]frag)}
}

// constants is a stage for expressions over no table: one row without columns.
func (p *printer) constants() *stage {
	return p.stage(rel{from: "(SELECT 1 AS one) AS t"})
}

// fickleFuncs give another value at each call.
func fickleFuncs(name string) bool {
	switch name {
	case "rand", "new_guid":
		return true
	}
	return false
}

// hoist makes a column of f.
func (s *stage) hoist(f frag) frag {
	if !f.fickle {
		if known, ok := s.byText[f.text]; ok {
			return known
		}
	}
	for len(s.levels) <= f.level {
		s.levels = append(s.levels, nil)
	}
	name := s.p.name("x")
	s.levels[f.level] = append(s.levels[f.level], hoisted{f.text, name, f.weight})
	out := frag{text: name, level: f.level + 1, plain: true, weight: f.weight}
	if f.weight > heavy {
		out.weight = 1
	}
	if !f.fickle {
		s.byText[f.text] = out
	}
	return out
}

// source is the relation with all hoisted columns. Nothing is hoisted after it.
func (s *stage) source() string {
	from := s.from
	for _, level := range s.levels {
		body := "SELECT *"
		isHeavy := false
		for _, h := range level {
			body += ", " + h.text + " AS " + h.name
			if h.weight > heavy {
				isHeavy = true
			}
		}
		from = s.p.relation(isHeavy, body+" FROM "+from)
	}
	return from
}

// text prints an expression.
func (s *stage) text(x kql.Expr) (string, error) {
	f, err := s.expr(x)
	return f.text, err
}

// expr prints an expression.
func (s *stage) expr(x kql.Expr) (frag, error) {
	switch x := x.(type) {
	case *kql.ColRef:
		return frag{text: column(x.Col), plain: true, weight: max(1, s.p.weights[x.Col.ID])}, nil
	case *kql.Const:
		text, err := s.p.d.Literal(x.T, x.Value)
		return frag{text: text, plain: true, constant: true, weight: 1}, err
	case *kql.Call:
		return s.call(x, s.p.d.Call)
	case *kql.WindowCall:
		return s.windowCall(x)
	case *kql.ScalarQuery:
		return s.scalarQuery(x)
	case *kql.InQuery:
		f, err := s.inQuery(x)
		f.text = "coalesce(" + f.text + ", false)"
		return f, err
	case nil:
		return frag{}, fmt.Errorf("print a plan: an expression is missing")
	}
	return frag{}, fmt.Errorf("print a plan: %T is unknown", x)
}

// cond prints an expression where null is as good as false.
func (s *stage) cond(x kql.Expr) (frag, error) {
	switch x := x.(type) {
	case *kql.InQuery:
		return s.inQuery(x)
	case *kql.Call:
		if x.Func == "and" || x.Func == "or" {
			return s.junction(x)
		}
		return s.call(x, func(c *kql.Call, args []string) (string, error) {
			if text, err := s.p.d.Condition(c, args); err != nil || text != "" {
				return text, err
			}
			return s.p.d.Call(c, args)
		})
	}
	return s.expr(x)
}

// junction prints and, or of conditions.
func (s *stage) junction(x *kql.Call) (frag, error) {
	out := frag{weight: 1}
	texts := make([]string, len(x.Args))
	for i, a := range x.Args {
		f, err := s.cond(a)
		if err != nil {
			return frag{}, err
		}
		texts[i] = f.text
		out.add(f)
	}
	out.text = "(" + strings.Join(texts, " "+strings.ToUpper(x.Func)+" ") + ")"
	return out, nil
}

// add takes over what an operand brings with it.
func (f *frag) add(arg frag) {
	f.level = max(f.level, arg.level)
	f.weight = min(f.weight+arg.weight, heaviest)
	f.fickle = f.fickle || arg.fickle
}

// condArg reports whether an argument is a condition for which null is false.
func condArg(c *kql.Call, i int) bool {
	switch c.Func {
	case "iff", "iif":
		return i == 0
	case "case":
		return i%2 == 0 && i != len(c.Args)-1
	}
	return false
}

// call prints a call with emit. An argument that is no constant is a placeholder
// for emit, which shows how often it is used: a second use makes a column of what
// is more than a name.
func (s *stage) call(x *kql.Call, emit func(*kql.Call, []string) (string, error)) (frag, error) {
	x = flatPath(x)
	args := make([]frag, len(x.Args))
	texts := make([]string, len(x.Args))
	for i, a := range x.Args {
		var err error
		if condArg(x, i) {
			args[i], err = s.cond(a)
		} else {
			args[i], err = s.expr(a)
		}
		if err != nil {
			return frag{}, err
		}
		if texts[i] = args[i].text; !args[i].constant {
			texts[i] = "\x00" + strconv.Itoa(i) + "\x00"
		}
	}
	text, err := emit(x, texts)
	if err != nil || text == "" {
		return frag{}, err
	}
	out := frag{weight: 1, fickle: fickleFuncs(x.Func)}
	for i, a := range args {
		if a.constant {
			continue
		}
		n := strings.Count(text, texts[i])
		if n == 0 {
			continue
		}
		if !a.plain && n > 1 {
			a = s.hoist(a)
		}
		text = strings.ReplaceAll(text, texts[i], a.text)
		a.weight *= n
		out.add(a)
	}
	out.text = text
	return out, nil
}

// flatPath makes one call of the indexes of a chain, d["a"]["b"].
func flatPath(x *kql.Call) *kql.Call {
	if x.Func != "[]" {
		return x
	}
	var steps []kql.Expr
	base := kql.Expr(x)
	for {
		c, ok := base.(*kql.Call)
		if !ok || c.Func != "[]" {
			break
		}
		steps = append(steps, c.Args[1:]...)
		base = c.Args[0]
	}
	slices.Reverse(steps)
	return &kql.Call{T: x.T, Func: x.Func, Args: append([]kql.Expr{base}, steps...), At: x.At}
}

// scalarQuery prints toscalar(): a column, because a subquery cannot stand
// everywhere.
func (s *stage) scalarQuery(x *kql.ScalarQuery) (frag, error) {
	col := x.Root.Cols()[0]
	r, err := s.p.uncorrelated(x.Root)
	if err != nil {
		return frag{}, err
	}
	text := "(SELECT " + column(col) + " FROM " + r.from + orderBy(r.order) + " LIMIT 1)"
	if x.T == kql.String {
		text = "coalesce(" + text + ", '')"
	}
	return s.hoist(frag{text: text, weight: 1}), nil
}

// inQuery prints an in over a relation; null where X is null.
func (s *stage) inQuery(x *kql.InQuery) (frag, error) {
	f, err := s.expr(x.X)
	if err != nil {
		return frag{}, err
	}
	r, err := s.p.uncorrelated(x.Root)
	if err != nil {
		return frag{}, err
	}
	name := column(x.Root.Cols()[0])
	value := name
	if x.Fold {
		f.text, value = s.p.d.Fold(f.text), s.p.d.Fold(name)
	}
	f.text = "(" + f.text + " IN (SELECT " + value + " FROM " + r.from + " WHERE " + name + " IS NOT NULL))"
	f.plain = false
	return f, nil
}

// uncorrelated prints a relation that does not depend on the row at hand, in the
// scope of the statement: a subquery of a lateral one may be used outside of it.
func (p *printer) uncorrelated(r kql.Rel) (rel, error) {
	if p.depends(r) {
		return p.rel(r)
	}
	scope := p.scope
	p.scope = p.root
	defer func() { p.scope = scope }()
	return p.rel(r)
}
