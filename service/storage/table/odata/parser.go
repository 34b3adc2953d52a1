package odata

import (
	"fmt"
	"slices"

	"reslog/service/storage/tablestore"
)

// parser reads an expression by recursive descent, and checks it on the way:
//
//	or         = and { "or" and }
//	and        = comparison { "and" comparison }
//	comparison = unary [ operator unary ]
//	unary      = "not" unary | primary
//	primary    = "(" or ")" | name | constant
type parser struct {
	lexer
	schema *schema

	token       token
	depth       int
	comparisons int
	names       []string // of the properties that are not declared, by slot
}

// operand is what was read: a condition, or something that has yet to become one.
type operand struct {
	pos       int
	condition *condition
	value     *literal
	name      string
}

// parse reads a whole expression.
func (p *parser) parse(expression string) (*condition, error) {
	if len(expression) > MaxLength {
		return nil, &Error{Offset: MaxLength, Reason: fmt.Sprintf("it is longer than %d bytes", MaxLength)}
	}
	p.src = expression
	if err := p.advance(); err != nil {
		return nil, err
	}
	o, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.token.kind != tokenEnd {
		return nil, p.unexpected("an operator")
	}
	return p.asCondition(o)
}

func (p *parser) advance() (err error) {
	p.token, err = p.next()
	return err
}

// unexpected is the error about the token that is there.
func (p *parser) unexpected(want string) error {
	if p.token.kind == tokenEnd {
		return p.fail(p.token.pos, "it ends where "+want+" should be")
	}
	return p.fail(p.token.pos, fmt.Sprintf("%q is where %s should be", clip(p.token.text), want))
}

// deeper counts a level of recursion.
func (p *parser) deeper() error {
	if p.depth++; p.depth > MaxDepth {
		return p.fail(p.token.pos, fmt.Sprintf("it is nested deeper than %d", MaxDepth))
	}
	return nil
}

// word reports whether the token is a word of the language.
func (p *parser) word(w string) bool { return p.token.kind == tokenName && p.token.text == w }

func (p *parser) or() (operand, error)  { return p.chain("or", condOr, p.and) }
func (p *parser) and() (operand, error) { return p.chain("and", condAnd, p.comparison) }

// chain reads operands joined by one word. A single one is left as it is.
func (p *parser) chain(word string, kind conditionKind, next func() (operand, error)) (operand, error) {
	left, err := next()
	for err == nil && p.word(word) {
		left, err = p.joined(left, kind, next)
	}
	return left, err
}

func (p *parser) joined(left operand, kind conditionKind, next func() (operand, error)) (operand, error) {
	first, err := p.asCondition(left)
	if err != nil {
		return left, err
	}
	if err := p.advance(); err != nil {
		return left, err
	}
	right, err := next()
	if err != nil {
		return left, err
	}
	second, err := p.asCondition(right)
	if err != nil {
		return left, err
	}
	return operand{pos: left.pos, condition: join(kind, first, second)}, nil
}

func (p *parser) comparison() (operand, error) {
	left, err := p.unary()
	if err != nil || p.token.kind != tokenName {
		return left, err
	}
	op, ok := operators[p.token.text]
	if !ok {
		return left, p.arithmetic()
	}
	at := p.token.pos
	if err := p.advance(); err != nil {
		return left, err
	}
	right, err := p.unary()
	if err != nil {
		return left, err
	}
	if err := p.arithmetic(); err != nil {
		return left, err
	}
	c, err := p.compare(at, left, op, right)
	return operand{pos: left.pos, condition: c}, err
}

// arithmetic refuses the operators that OData has and the service has not.
func (p *parser) arithmetic() error {
	if p.token.kind == tokenName && slices.Contains([]string{"add", "sub", "mul", "div", "mod"}, p.token.text) {
		return &Error{Offset: p.token.pos, Reason: "arithmetic is not implemented", Unsupported: true}
	}
	return nil
}

func (p *parser) unary() (operand, error) {
	if !p.word("not") {
		return p.primary()
	}
	if err := p.deeper(); err != nil {
		return operand{}, err
	}
	defer func() { p.depth-- }()
	pos := p.token.pos
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	o, err := p.unary()
	if err != nil {
		return o, err
	}
	c, err := p.asCondition(o)
	if err != nil {
		return o, err
	}
	return operand{pos: pos, condition: negate(c)}, nil
}

func (p *parser) primary() (operand, error) {
	t := p.token
	o := operand{pos: t.pos}
	switch t.kind {
	case tokenOpen:
		return p.group()
	case tokenLiteral:
		o.value = &t.value
	case tokenName:
		if t.text == "null" {
			return o, p.fail(t.pos, "null cannot be compared: not of a comparison finds what has no such property")
		}
		o.name = t.text
	default:
		return o, p.unexpected("a property, a constant or a parenthesis")
	}
	if err := p.advance(); err != nil {
		return o, err
	}
	if o.name != "" && p.token.kind == tokenOpen {
		return o, &Error{Offset: t.pos, Reason: "the function " + clip(o.name) + " is not implemented", Unsupported: true}
	}
	return o, nil
}

// group reads what is in parentheses.
func (p *parser) group() (operand, error) {
	if err := p.deeper(); err != nil {
		return operand{}, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	o, err := p.or()
	if err != nil {
		return o, err
	}
	if p.token.kind != tokenClose {
		return o, p.unexpected("an operator or a closing parenthesis")
	}
	return o, p.advance()
}

// asCondition makes a condition of a Boolean property or constant.
func (p *parser) asCondition(o operand) (*condition, error) {
	switch {
	case o.condition != nil:
		return o.condition, nil
	case o.value == nil:
		return p.compareProperty(o, opEQ, o.pos, literal{typ: tablestore.Boolean, number: 1})
	case o.value.typ != tablestore.Boolean:
		return nil, p.fail(o.pos, "a constant of type "+typeNames[o.value.typ]+" is no condition")
	}
	return constant(o.value.number == 1), nil
}

// compare makes a comparison of two operands; at is where its operator is.
func (p *parser) compare(at int, left operand, op operator, right operand) (*condition, error) {
	switch {
	case left.condition != nil || right.condition != nil:
		return nil, p.fail(at, "conditions cannot be compared; not binds tighter than this operator: write not (…)")
	case left.value == nil && right.value == nil:
		return nil, p.fail(at, "one side of a comparison must be a constant")
	case left.value == nil:
		return p.compareProperty(left, op, right.pos, *right.value)
	case right.value == nil:
		return p.compareProperty(right, op.mirrored(), left.pos, *left.value)
	case left.value.typ != right.value.typ:
		return nil, p.mismatch(right.pos, left.value.typ, right.value.typ)
	}
	if err := p.count(at); err != nil {
		return nil, err
	}
	return constant(right.value.test(op)(left.value.property())), nil
}

// compareProperty makes a comparison of a property with a constant at a position.
func (p *parser) compareProperty(o operand, op operator, at int, v literal) (*condition, error) {
	if err := p.count(o.pos); err != nil {
		return nil, err
	}
	prop, ok := p.schema.declared[o.name]
	switch {
	case ok && prop.typ() != v.typ:
		return nil, p.mismatch(at, prop.typ(), v.typ)
	case !ok && p.schema.closed:
		return nil, p.fail(o.pos, "there is no property "+clip(o.name))
	case !ok:
		prop = p.slot(o.name)
	}
	return &condition{kind: condCompare, property: prop, op: op, literal: v}, nil
}

func (p *parser) mismatch(at int, want, got tablestore.Type) error {
	return p.fail(at, fmt.Sprintf("operand types %s and %s are incompatible", typeNames[want], typeNames[got]))
}

// count counts a comparison.
func (p *parser) count(at int) error {
	if p.comparisons++; p.comparisons > MaxComparisons {
		return p.fail(at, fmt.Sprintf("it has more than %d comparisons", MaxComparisons))
	}
	return nil
}

// slot is the index of a name among those of the expression.
func (p *parser) slot(name string) property {
	i := slices.Index(p.names, name)
	if i < 0 {
		i = len(p.names)
		p.names = append(p.names, name)
	}
	return property(i)
}
