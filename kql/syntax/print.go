package syntax

import "strings"

// Format writes a tree as a query: a line for each operator, what is in
// parentheses indented. Parse gives the same tree again, but for the spans, of
// every tree that Parse has made. Comments are lost.
func Format(n Node) string {
	w := printer{}
	w.node(n)
	return w.b.String()
}

// printer writes a tree.
type printer struct {
	b      strings.Builder
	indent int
	inline bool // within an expression: pipes stay on the line
}

func (w *printer) put(parts ...string) {
	for _, s := range parts {
		w.b.WriteString(s)
	}
}

// line begins a new line.
func (w *printer) line() {
	w.b.WriteByte('\n')
	for range w.indent {
		w.put("    ")
	}
}

// node writes any node.
func (w *printer) node(n Node) {
	switch n := n.(type) {
	case *Query:
		w.statements(n.Statements)
	case Statement:
		w.statement(n)
	case Operator:
		w.operator(n)
	case Expr:
		w.expr(n)
	case Name:
		w.name(n)
	case Param:
		w.param(n)
	case Option:
		w.option(n)
	case SortKey:
		w.sortKey(n)
	}
}

func (w *printer) statements(list []Statement) {
	for i, s := range list {
		if i > 0 {
			w.put(";")
			w.line()
		}
		w.statement(s)
	}
}

func (w *printer) statement(s Statement) {
	switch s := s.(type) {
	case *LetStatement:
		w.put("let ")
		w.name(s.Name)
		w.put(" = ")
		w.indent++
		if f, is := s.Value.(*FunctionExpr); is {
			w.indent--
			w.function(f)
			return
		}
		w.expr(s.Value)
		w.indent--
	case *SetStatement:
		w.put("set ")
		w.memberName(s.Name)
		if s.Value != nil {
			w.put("=")
			w.expr(s.Value)
		}
	case *DeclareStatement:
		w.put("declare query_parameters")
		w.params(s.Params, false)
	case *ExprStatement:
		w.expr(s.Expr)
	case *OtherStatement:
		w.put(s.Keyword, " ", s.Text)
	}
}

// body writes the statements of a function between braces.
func (w *printer) body(q *Query) {
	inline := w.inline
	w.inline = false
	w.put("{")
	w.indent++
	if len(q.Statements) > 0 {
		w.line()
	}
	w.statements(q.Statements)
	w.indent--
	w.line()
	w.put("}")
	w.inline = inline
}

func (w *printer) function(f *FunctionExpr) {
	if f.View {
		w.put("view ")
	}
	w.params(f.Params, false)
	w.put(" ")
	w.body(f.Body)
}

// params writes parameters or columns in parentheses, a star before them.
func (w *printer) params(list []Param, star bool) {
	w.put("(")
	if star {
		w.put("*")
	}
	for i, p := range list {
		if i > 0 || star {
			w.put(", ")
		}
		w.param(p)
	}
	w.put(")")
}

func (w *printer) param(p Param) {
	w.name(p.Name)
	w.put(":")
	switch {
	case p.AnyCols:
		w.put("(*)")
	case p.Table:
		w.params(p.Columns, false)
	default:
		w.put(p.Type)
	}
	if p.Default != nil {
		w.put("=")
		w.expr(p.Default)
	}
}

// pipe writes a source and its operators, on lines of their own.
func (w *printer) pipe(p *Pipe) {
	if p.Source != nil {
		w.expr(p.Source)
	}
	for i, op := range p.Operators {
		if i > 0 || p.Source != nil {
			if w.inline {
				w.put(" ")
			} else {
				w.line()
			}
			w.put("| ")
		}
		w.operator(op)
	}
}

// block writes a query in parentheses, indented when it has several steps.
func (w *printer) block(p *Pipe) {
	steps := len(p.Operators)
	if p.Source != nil {
		steps++
	}
	w.put("(")
	if w.inline || steps < 2 {
		w.pipe(p)
	} else {
		w.indent++
		w.line()
		w.pipe(p)
		w.indent--
		w.line()
	}
	w.put(")")
}

// within writes an expression whose pipes stay on the line.
func (w *printer) within(x Expr) {
	inline := w.inline
	w.inline = true
	w.expr(x)
	w.inline = inline
}

func (w *printer) list(list []Expr) {
	for i, x := range list {
		if i > 0 {
			w.put(", ")
		}
		w.within(x)
	}
}
