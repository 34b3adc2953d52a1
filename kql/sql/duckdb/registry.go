package duckdb

import (
	"fmt"
	"strconv"
	"strings"

	"reslog/kql"
	"reslog/kql/scalar"
	"reslog/kql/sql"
)

// emit prints a call of printed arguments, which are operands. An argument may be
// used several times: the printer notices, and computes it once. What it is, a
// constant for one, is to be asked of c.Args[i]. What is printed is made an
// operand by the caller. A form that cannot be exact is refused with refuse; an
// emit that returns "" leaves the call to the next: the Go function.
type emit = func(c *kql.Call, args []string) (string, error)

// emitAggregate prints an aggregate; in has its arguments, filter and order.
type emitAggregate = func(a *kql.Agg, in sql.Rows) (string, error)

// emitWindow prints a function over other rows; over is the inside of OVER (…).
type emitWindow = func(w *kql.WindowCall, args []string, over string) (string, error)

// A family of functions is one file, func_<family>.go, with one of these by the
// names of the language.
type (
	calls      map[string]emit
	aggregates map[string]emitAggregate
	windows    map[string]emitWindow
)

// template prints a pattern: $1 is the first argument, $* is
// all of them with commas between.
func template(pattern string) emit {
	return func(_ *kql.Call, args []string) (string, error) { return fill(pattern, args), nil }
}

// byType chooses by the type of the first argument; a type that is missing is
// left to the Go function.
func byType(of map[kql.Type]emit) emit {
	return func(c *kql.Call, args []string) (string, error) {
		if len(c.Args) == 0 || of[c.Args[0].Type()] == nil {
			return "", nil
		}
		return of[c.Args[0].Type()](c, args)
	}
}

// byCount chooses by the number of arguments, as byType does by the type.
func byCount(of map[int]emit) emit {
	return func(c *kql.Call, args []string) (string, error) {
		if of[len(args)] == nil {
			return "", nil
		}
		return of[len(args)](c, args)
	}
}

// fill replaces $1, $2 … and $* of a pattern by arguments.
func fill(pattern string, args []string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(pattern, '$')
		if at < 0 || at == len(pattern)-1 {
			b.WriteString(pattern)
			return b.String()
		}
		b.WriteString(pattern[:at])
		switch c := pattern[at+1]; {
		case c == '*':
			b.WriteString(strings.Join(args, ", "))
		case c >= '1' && c <= '9' && int(c-'1') < len(args):
			b.WriteString(args[c-'1'])
		default:
			b.WriteString(pattern[at : at+2])
		}
		pattern = pattern[at+2:]
	}
}

// refuse is the error for a call that the language has and we have not.
func refuse(c *kql.Call, format string, args ...any) error {
	return kql.Refuse(c.At, c.Func, fmt.Sprintf(format, args...))
}

// refuseAggregate and refuseWindow are refuse for the other kinds of calls.
func refuseAggregate(a *kql.Agg, format string, args ...any) error {
	return kql.Refuse(a.At, a.Func, fmt.Sprintf(format, args...))
}

func refuseWindow(w *kql.WindowCall, format string, args ...any) error {
	return kql.Refuse(w.At, w.Func, fmt.Sprintf(format, args...))
}

// constant is the value of an expression that is a constant.
func constant(x kql.Expr) (any, bool) {
	c, ok := x.(*kql.Const)
	if !ok {
		return nil, false
	}
	return c.Value, true
}

// constantString is the value of an expression that is a constant string.
func constantString(x kql.Expr) (string, bool) {
	v, _ := constant(x)
	s, ok := v.(string)
	return s, ok
}

// constantLong is the value of an expression that is a constant whole number, or
// a date or span.
func constantLong(x kql.Expr) (int64, bool) {
	v, _ := constant(x)
	n, ok := v.(int64)
	return n, ok
}

// callFamilies and aggregateFamilies are searched in order.
func callFamilies() []calls {
	return []calls{
		operatorCalls, stringCalls, convertCalls, dynamicCalls, regexCalls, datetimeCalls, mathCalls, hashCalls,
	}
}

func aggregateFamilies() []aggregates { return []aggregates{baseAggregates, statisticAggregates} }

// Call implements sql.Dialect: a template, else the Go function, else a refusal.
func (Dialect) Call(c *kql.Call, args []string) (string, error) {
	for _, family := range callFamilies() {
		f := family[c.Func]
		if f == nil {
			continue
		}
		if text, err := f(c, args); err != nil || text != "" {
			return operand(text), err
		}
	}
	types := make([]kql.Type, len(c.Args))
	for i, x := range c.Args {
		types[i] = x.Type()
	}
	if f, ok := scalar.Find(c.Func, types); ok {
		return f.Name + "(" + strings.Join(args, ", ") + ")", nil
	}
	return "", refuse(c, "function %s is not supported%s", strconv.Quote(c.Func), of(types))
}

// of says which types a call had that is refused.
func of(types []kql.Type) string {
	if len(types) == 0 {
		return ""
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.String()
	}
	return " for (" + strings.Join(names, ", ") + ")"
}

// Condition implements sql.Dialect.
func (Dialect) Condition(c *kql.Call, args []string) (string, error) {
	f := conditionCalls[c.Func]
	if f == nil {
		return "", nil
	}
	text, err := f(c, args)
	return operand(text), err
}

// Aggregate implements sql.Dialect.
func (Dialect) Aggregate(a *kql.Agg, in sql.Rows) (string, error) {
	for _, family := range aggregateFamilies() {
		if f := family[a.Func]; f != nil {
			text, err := f(a, in)
			return operand(text), err
		}
	}
	return "", refuseAggregate(a, "aggregate %s is not supported", strconv.Quote(a.Func))
}

// Window implements sql.Dialect.
func (Dialect) Window(w *kql.WindowCall, args []string, over string) (string, error) {
	if f := windowCalls[w.Func]; f != nil {
		text, err := f(w, args, over)
		return operand(text), err
	}
	return "", refuseWindow(w, "function %s is not supported", strconv.Quote(w.Func))
}

// call prints another call, by way of the interface: a family cannot refer to the
// list of families that it is in.
func call(c *kql.Call, args []string) (string, error) {
	var d sql.Dialect = Dialect{}
	return d.Call(c, args)
}

// operand puts what needs it into parentheses.
func operand(text string) string {
	if text == "" || atomic(text) {
		return text
	}
	return "(" + text + ")"
}

// atomic reports whether text is a name (or the printer's placeholder for an
// argument, between two NULs), a number, a string, a call or in
// parentheses; where it is unsure it says no.
func atomic(text string) bool {
	i := 0
	for i < len(text) && (text[i] == '_' || text[i] >= '0' && text[i] <= '9' || text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z') {
		i++
	}
	if i == len(text) {
		return true
	}
	switch text[i] {
	case 0:
		return i == 0 && strings.Count(text, "\x00") == 2 && strings.HasSuffix(text, "\x00")
	case '\'':
		return i == 0 && !strings.Contains(text[1:len(text)-1], "'") && strings.HasSuffix(text, "'")
	case '(':
		return closes(text[i:])
	}
	return false
}

// closes reports whether the parenthesis that text begins with is closed at its end.
func closes(text string) bool {
	depth, quoted := 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i == len(text)-1
			}
		}
	}
	return false
}
