package syntax

import (
	"strconv"
	"strings"
	"unicode"
)

func (w *printer) expr(x Expr) {
	switch x := x.(type) {
	case *Literal:
		w.literal(x)
	case *Ref:
		w.name(x.Name)
	case *Star:
		w.put("*")
	case *Unary:
		w.put(x.Op)
		w.expr(x.X)
	case *Binary:
		w.binary(x)
	case *List:
		w.put("(")
		w.list(x.Items)
		w.put(")")
	case *Range:
		w.put("(")
		w.within(x.From)
		w.put(" .. ")
		w.within(x.To)
		w.put(")")
	case *Call:
		w.call(x)
	case *Member:
		w.expr(x.X)
		w.put(".")
		w.memberName(x.Name)
	case *Index:
		w.expr(x.X)
		w.put("[")
		w.within(x.Index)
		w.put("]")
	case *Named:
		w.named(x)
	case *Paren:
		if p, is := x.X.(*Pipe); is {
			w.block(p)
			return
		}
		w.put("(")
		w.within(x.X)
		w.put(")")
	case *TypeOf:
		w.put("typeof")
		if x.Type != "" {
			w.put("(", x.Type, ")")
			return
		}
		w.params(x.Schema, x.Star)
	case *FunctionExpr:
		w.function(x)
	case *Pipe:
		w.pipe(x)
	case *BadExpr:
		w.put(x.Text)
	}
}

// binary writes the operators of one strength in a row without recursion, for
// there may be thousands.
func (w *printer) binary(x *Binary) {
	chain := []*Binary{x}
	for {
		left, is := chain[len(chain)-1].X.(*Binary)
		if !is {
			break
		}
		chain = append(chain, left)
	}
	w.expr(chain[len(chain)-1].X)
	for i := len(chain) - 1; i >= 0; i-- {
		w.put(" ", chain[i].Op, " ")
		w.expr(chain[i].Y)
	}
}

func (w *printer) call(x *Call) {
	if x.On != nil {
		w.expr(x.On)
		w.put(".")
	}
	if _, typed := isTyped(x.Func.Text); typed || x.Func.Text == "typeof" {
		w.bracketed(x.Func.Text)
	} else if x.On != nil || x.Func.Text == "range" {
		w.memberName(x.Func)
	} else {
		w.name(x.Func)
	}
	w.put("(")
	w.list(x.Args)
	w.put(")")
}

func (w *printer) named(x *Named) {
	if x.Tuple {
		w.put("(")
	}
	for i, n := range x.Names {
		if i > 0 {
			w.put(", ")
		}
		w.name(n)
	}
	if x.Tuple {
		w.put(")")
	}
	w.put(" = ")
	w.expr(x.X)
}

// name writes a name, in brackets where it is not one without.
func (w *printer) name(n Name) {
	if n.Wild || isPlain(n.Text) && !isReserved(n.Text) {
		w.put(n.Text)
		return
	}
	w.bracketed(n.Text)
}

// memberName writes a name after a dot, where every word is a name.
func (w *printer) memberName(n Name) {
	if n.Wild || isPlain(n.Text) {
		w.put(n.Text)
		return
	}
	w.bracketed(n.Text)
}

func (w *printer) bracketed(text string) { w.put("[", quote(text), "]") }

// isPlain says whether a text is a name without brackets.
func isPlain(text string) bool {
	l := lexer{src: text}
	t := l.next()
	return t.Kind == TokenWord && t.Start == 0 && t.End == len(text) && strings.IndexByte(text, '-') < 0
}

// isReserved says whether a name is better read in brackets, or can only be read
// so somewhere.
func isReserved(text string) bool {
	switch text {
	case "true", "True", "TRUE", "false", "False", "FALSE", "typeof", "entity_group",
		"by", "on", "of", "with", "where", "from", "to", "step", "asc", "desc", "nulls", "first", "last", "default", "as",
		"let", "set", "declare", "alias", "restrict", "view",
		"print", "union", "find", "search", "range", "datatable", "externaldata", "external_data", "inline_external_table",
		"evaluate", "invoke":
		return true
	}
	op, _ := binary(text)
	return op != ""
}

func (w *printer) literal(x *Literal) {
	switch x.Kind {
	case String:
		if x.Hidden {
			w.put("h")
		}
		w.put(quote(x.Text))
	case Bool:
		w.put(bare(x, x.Text == "true" || x.Text == "false", "bool"))
	case Long:
		w.put(bare(x, isToken(x.Text, TokenLong), "long"))
	case Real:
		w.put(bare(x, isToken(x.Text, TokenReal), "real"))
	case Timespan:
		w.put(bare(x, isToken(x.Text, TokenTimespan), "timespan"))
	case Int:
		w.put("int(", x.Text, ")")
	case Decimal:
		w.put("decimal(", x.Text, ")")
	case Datetime:
		w.put("datetime(", x.Text, ")")
	case Guid:
		w.put("guid(", x.Text, ")")
	case Dynamic:
		w.put("dynamic(", x.Text, ")")
	}
}

// bare is the text of a literal, with the type around it unless it says so itself.
func bare(x *Literal, is bool, name string) string {
	if is {
		return x.Text
	}
	return name + "(" + x.Text + ")"
}

// isToken says whether a text is one token of that kind.
func isToken(text string, kind TokenKind) bool {
	l := lexer{src: text}
	t := l.next()
	return t.Kind == kind && t.Start == 0 && t.End == len(text) && text[len(text)-1] != '.'
}

// quote writes a string: in the quotes that it has less of, verbatim where it has
// backslashes, with escapes where it has characters that are not seen.
func quote(s string) string {
	q := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		q = '"'
	}
	hidden := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0
	if !hidden && strings.IndexByte(s, '\\') >= 0 {
		return "@" + string(q) + strings.ReplaceAll(s, string(q), string(q)+string(q)) + string(q)
	}
	out := append(make([]byte, 0, len(s)+2), q)
	for _, r := range s {
		switch {
		case r == '\\' || r == rune(q):
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\r':
			out = append(out, `\r`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r < 0x10000 && !unicode.IsPrint(r):
			hex := strconv.FormatInt(int64(r), 16)
			out = append(out, `\u`+strings.Repeat("0", 4-len(hex))+hex...)
		default:
			out = append(out, string(r)...)
		}
	}
	return string(append(out, q))
}
