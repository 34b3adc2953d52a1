package kql

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"reslog/kql/syntax"
)

// opParse binds parse and parse-where. The pattern is matched by the scalar
// function parse_pattern, and the plan converts the texts that it finds: unless
// the kind is relaxed, a text that does not convert is a row that does not match.
//
// Where the reference says nothing we are strict: a pattern of kind simple or
// relaxed takes the whole text, unless it begins or ends with a star; one of kind
// regex may match anywhere.
//
// Source: the Kusto Query Language reference, "parse operator" and "parse-where
// operator".
func (b *binder) opParse(sc scope, in rel, op *syntax.ParseOp) (rel, error) {
	options, err := b.options(opName(op), op.Options, "kind", "flags")
	if err != nil {
		return rel{}, err
	}
	kind, err := b.word(options, "kind", "simple", "regex", "relaxed")
	if err != nil {
		return rel{}, err
	}
	columns, err := b.parseColumns(op)
	if err != nil {
		return rel{}, err
	}
	var spec ParsePattern
	if kind == "regex" {
		flags := ""
		if o, ok := options["flags"]; ok {
			flags = optionText(o.Value)
		}
		spec, err = b.regexPattern(op, flags)
	} else {
		spec, err = b.simplePattern(op)
	}
	if err != nil {
		return rel{}, err
	}
	spec.Columns = len(columns)
	over, row := sc.over(in)
	text, err := b.textOf(over, op.X)
	if err != nil {
		return rel{}, err
	}
	found, in := b.captured(row.input(), "parse_pattern", text, spec, op.Span)
	return b.parsed(in, found, columns, kind != "relaxed", op.Where), nil
}

// textOf binds what is parsed, as a string.
func (b *binder) textOf(sc scope, x syntax.Expr) (Expr, error) {
	v, err := b.expr(sc, x)
	if err != nil {
		return nil, err
	}
	if v.Type() == String {
		return v, nil
	}
	return b.called(x.Pos(), "tostring", v)
}

// captured puts the array that a function of kql/scalar finds in a text into a
// hidden column.
func (b *binder) captured(in rel, function string, text Expr, spec any, at syntax.Span) (Col, rel) {
	raw, err := json.Marshal(spec)
	if err != nil {
		panic(fmt.Sprintf("kql: a pattern of strings and numbers became no JSON: %v", err))
	}
	col := b.newCol("", Dynamic)
	col.Hidden = true
	call := &Call{T: Dynamic, Func: function, Args: []Expr{text, &Const{String, string(raw)}}, At: at}
	return col, b.project(in, append(append([]Col{}, in.Cols()...), col), append(refs(in.Cols()), call))
}

// parsed makes the columns of a pattern out of the array found: with strict all of
// them or none.
func (b *binder) parsed(in rel, found Col, columns []Col, strict, where bool) rel {
	text := func(i int) Expr {
		element := &Call{T: Dynamic, Func: "[]", Args: []Expr{&ColRef{found}, &Const{Long, int64(i)}}}
		return &Call{T: String, Func: "tostring", Args: []Expr{element}}
	}
	matched := isNotNull(&ColRef{found})
	assigns := make([]Assign, len(columns))
	plain := true
	for i, c := range columns {
		assigns[i] = Assign{c, converted(text(i), c.Type)}
		plain = plain && c.Type == String
	}
	if strict && !plain {
		// The converted values stand in hidden columns first: each is looked at twice.
		hidden := make([]Assign, len(columns))
		conds := []Expr{matched}
		for i, a := range assigns {
			col := b.newCol("", a.Col.Type)
			col.Hidden = true
			hidden[i] = Assign{col, a.X}
			assigns[i].X = &ColRef{col}
			if a.Col.Type != String && a.Col.Type != Dynamic {
				conds = append(conds, isNotNull(&ColRef{col}))
			}
		}
		in = b.appended(in, hidden)
		matched = all(conds)
		for i, a := range assigns {
			if !where {
				assigns[i].X = &Call{T: a.Col.Type, Func: "iff", Args: []Expr{matched, a.X, null(a.Col.Type)}}
			}
		}
	}
	if where {
		in = filtered(in, matched)
	}
	return b.dropHidden(b.extended(in, assigns))
}

// converted is a text as a value of a type, null where it is none.
func converted(text Expr, t Type) Expr {
	switch t {
	case String:
		return text
	case Dynamic:
		return &Call{T: Dynamic, Func: "parse_json", Args: []Expr{text}}
	}
	return &Call{T: t, Func: "to" + t.String(), Args: []Expr{text}}
}

// appended puts columns behind those of in.
func (b *binder) appended(in rel, assigns []Assign) rel {
	cols, exprs := append([]Col{}, in.Cols()...), refs(in.Cols())
	for _, a := range assigns {
		cols, exprs = append(cols, a.Col), append(exprs, a.X)
	}
	return b.project(in, cols, exprs)
}

// dropHidden drops the columns without a name, which only the plan uses.
func (b *binder) dropHidden(in rel) rel {
	p, ok := in.Rel.(*Project)
	if !ok {
		return in
	}
	out := &Project{Input: p.Input}
	for i, c := range p.Columns {
		if !c.Hidden || c.Name != "" {
			out.Columns, out.Exprs = append(out.Columns, c), append(out.Exprs, p.Exprs[i])
		}
	}
	in.Rel = out
	return in
}

// parseColumns are the columns of a pattern, and checks the order of its parts.
func (b *binder) parseColumns(op *syntax.ParseOp) ([]Col, error) {
	var out []Col
	names := newNamer()
	for i, part := range op.Pattern {
		before := syntax.ParsePart{Literal: &syntax.Literal{}}
		if i > 0 {
			before = op.Pattern[i-1]
		}
		switch {
		case part.Star:
			switch {
			case before.Star:
				return nil, b.fail(part.Span, "KS102", "a string literal must follow a *")
			case before.Name.Text != "" && (before.Type == "" || before.Type == "string"):
				return nil, b.fail(part.Span, "KS103", "using * after parsing a string column is ambiguous")
			}
		case part.Literal == nil:
			if before.Literal == nil {
				return nil, b.fail(part.Span, "KS101", "the column name must follow a string literal")
			}
			t, err := b.parseType(part)
			if err != nil {
				return nil, err
			}
			if !names.reserve(part.Name.Text) {
				return nil, b.fail(part.Span, codeDuplicateColumn, "a column with the name %s is already declared", part.Name.Text)
			}
			out = append(out, b.newCol(part.Name.Text, t))
		}
	}
	return out, nil
}

func (b *binder) parseType(part syntax.ParsePart) (Type, error) {
	if part.Type == "" {
		return String, nil
	}
	return b.typeNamed(part.Type, part.Span)
}

// simplePattern are the parts of kind simple and relaxed.
func (b *binder) simplePattern(op *syntax.ParseOp) (ParsePattern, error) {
	var p ParsePattern
	for i, part := range op.Pattern {
		text, err := b.parseLiteral(part)
		if err != nil {
			return p, err
		}
		last := len(p.Parts) - 1
		switch {
		case part.Star:
			p.Parts = append(p.Parts, ParsePart{Star: true})
		case part.Literal == nil:
			if last >= 0 && p.Parts[last].Literal == "" {
				return p, b.fail(part.Span, "KS101", "the column name must follow a string literal that is not empty")
			}
			digits := i+1 < len(op.Pattern) && op.Pattern[i+1].Star
			if digits && part.Type != "" {
				if t, err := b.parseType(part); err != nil || !t.IsInteger() {
					return p, b.refuse(part.Span, "a column of type "+part.Type+" before * in parse (put a literal between them)")
				}
			}
			p.Parts = append(p.Parts, ParsePart{Digits: digits})
		case text == "": // an empty literal is everywhere
		case last >= 0 && p.Parts[last].Literal != "":
			p.Parts[last].Literal += text
		default:
			p.Parts = append(p.Parts, ParsePart{Literal: text})
		}
	}
	return p, nil
}

func (b *binder) parseLiteral(part syntax.ParsePart) (string, error) {
	if part.Literal == nil {
		return "", nil
	}
	if x, ok := unparen(part.Literal).(*syntax.Literal); ok && x.Kind == syntax.String {
		return x.Text, nil
	}
	return "", b.fail(part.Literal.Pos(), "KS101", "a pattern is made of string literals, columns and *")
}

// regexPattern is the regular expression of kind regex: a column of strings takes
// what it can get, one of whole numbers a sign and digits, a star as little as it
// can.
func (b *binder) regexPattern(op *syntax.ParseOp, flags string) (ParsePattern, error) {
	var re strings.Builder
	if flags != "" {
		if strings.Trim(flags, "imsU") != "" {
			return ParsePattern{}, b.fail(op.Span, codeOption, "flags must be some of i, m, s and U")
		}
		re.WriteString("(?" + flags + ")")
	}
	n := 0
	for _, part := range op.Pattern {
		text, err := b.parseLiteral(part)
		if err != nil {
			return ParsePattern{}, err
		}
		switch {
		case part.Star:
			re.WriteString(".*?")
		case part.Literal == nil:
			t, err := b.parseType(part)
			if err != nil {
				return ParsePattern{}, err
			}
			switch {
			case t == String || t == Datetime:
				fmt.Fprintf(&re, "(?P<c%d>.*)", n)
			case t.IsInteger():
				fmt.Fprintf(&re, "(?P<c%d>-?[0-9]+)", n)
			default:
				return ParsePattern{}, b.refuse(part.Span, "a column of type "+t.String()+" in parse kind=regex (convert a string after it)")
			}
			n++
		default:
			if _, err := regexp.Compile(text); err != nil {
				return ParsePattern{}, b.fail(part.Span, "", "this is not a regular expression: %v", err)
			}
			re.WriteString("(?:" + text + ")")
		}
	}
	if _, err := regexp.Compile(re.String()); err != nil {
		return ParsePattern{}, b.fail(op.Span, "", "the pattern is not a regular expression: %v", err)
	}
	return ParsePattern{Regex: re.String()}, nil
}
