package blob

import (
	"errors"
	"fmt"
	"strings"

	"reslog/service/storage/blobstore"
)

// Expressions over blob tags: the where parameter of "Find Blobs by Tags" and
// the conditions x-ms-if-tags and x-ms-source-if-tags. Both are a subset of a
// SQL WHERE clause over strings; find takes only comparisons joined by AND and
// adds @container, conditions add <>, OR and parentheses.

// Bounds of an expression.
const (
	maxTagExprLength  = 16 << 10
	maxTagExprOps     = 10
	maxTagExprDepth   = 16
	containerPseudTag = "@container"
)

var errTagExpr = errors.New("invalid tag expression")

// tagExpr is a parsed expression.
type tagExpr struct {
	op          string // "AND", "OR" or a comparison
	left, right *tagExpr
	name, value string
}

// parseTagCondition parses the value of x-ms-if-tags.
func parseTagCondition(s string) (*tagExpr, error) {
	return parseTagExpr(s, false)
}

// parseTagQuery parses the where parameter of Find Blobs by Tags.
func parseTagQuery(s string) (*tagExpr, error) {
	return parseTagExpr(s, true)
}

func parseTagExpr(s string, find bool) (*tagExpr, error) {
	if len(s) > maxTagExprLength {
		return nil, fmt.Errorf("%w: longer than %d bytes", errTagExpr, maxTagExprLength)
	}
	p := &tagParser{rest: s, find: find}
	p.next()
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.kind != tagEnd {
		return nil, p.unexpected("the end")
	}
	return e, nil
}

// match evaluates e on the tags of a blob. A comparison with a tag that is not
// there is false, <> too.
func (e *tagExpr) match(tags blobstore.Metadata) bool {
	switch e.op {
	case "AND":
		return e.left.match(tags) && e.right.match(tags)
	case "OR":
		return e.left.match(tags) || e.right.match(tags)
	}
	for i := range tags {
		if tags[i].Name == e.name {
			return compare(e.op, tags[i].Value, e.value)
		}
	}
	return false
}

// inContainer evaluates the @container comparisons of a find expression; those
// of tags count as true.
func (e *tagExpr) inContainer(container string) bool {
	if e.op == "AND" {
		return e.left.inContainer(container) && e.right.inContainer(container)
	}
	return e.name != containerPseudTag || compare(e.op, container, e.value)
}

// matchFound evaluates a find expression on a blob of an allowed container and
// collects the tags it names.
func (e *tagExpr) matchFound(tags blobstore.Metadata) bool {
	if e.op == "AND" {
		return e.left.matchFound(tags) && e.right.matchFound(tags)
	}
	return e.name == containerPseudTag || e.match(tags)
}

// names reports whether e compares the tag of that name.
func (e *tagExpr) names(tag string) bool {
	if e.op == "AND" || e.op == "OR" {
		return e.left.names(tag) || e.right.names(tag)
	}
	return e.name == tag
}

func compare(op, a, b string) bool {
	switch op {
	case "=":
		return a == b
	case "<>":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

type tagToken uint8

const (
	tagEnd tagToken = iota
	tagName
	tagString
	tagOp
	tagAnd
	tagOr
	tagOpen
	tagClose
	tagBad
)

type tagParser struct {
	rest string
	find bool
	kind tagToken
	text string
	ops  int
}

func (p *tagParser) unexpected(want string) error {
	return fmt.Errorf("%w: found %q where %s was expected", errTagExpr, p.text, want)
}

func (p *tagParser) or(depth int) (*tagExpr, error) {
	return p.chain(tagOr, depth, p.and)
}

func (p *tagParser) and(depth int) (*tagExpr, error) {
	return p.chain(tagAnd, depth, p.term)
}

// chain parses operands joined by one operator.
func (p *tagParser) chain(join tagToken, depth int, operand func(int) (*tagExpr, error)) (*tagExpr, error) {
	e, err := operand(depth)
	if err != nil {
		return nil, err
	}
	for p.kind == join {
		if join == tagOr && p.find {
			return nil, p.unexpected("AND")
		}
		if p.ops++; p.ops > maxTagExprOps {
			return nil, fmt.Errorf("%w: more than %d logical operations", errTagExpr, maxTagExprOps)
		}
		p.next()
		right, err := operand(depth)
		if err != nil {
			return nil, err
		}
		op := "AND"
		if join == tagOr {
			op = "OR"
		}
		e = &tagExpr{op: op, left: e, right: right}
	}
	return e, nil
}

func (p *tagParser) term(depth int) (*tagExpr, error) {
	if p.kind == tagOpen && !p.find {
		if depth >= maxTagExprDepth {
			return nil, fmt.Errorf("%w: parentheses nested deeper than %d", errTagExpr, maxTagExprDepth)
		}
		p.next()
		e, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.kind != tagClose {
			return nil, p.unexpected(")")
		}
		p.next()
		return e, nil
	}
	e := &tagExpr{name: p.text}
	if p.kind != tagName {
		return nil, p.unexpected("a tag name")
	}
	if strings.HasPrefix(e.name, "@") && (!p.find || e.name != containerPseudTag) {
		return nil, p.unexpected("a tag name")
	}
	p.next()
	if p.kind != tagOp || p.find && p.text == "<>" {
		return nil, p.unexpected("a comparison")
	}
	e.op = p.text
	p.next()
	if p.kind != tagString {
		return nil, p.unexpected("a value in single quotes")
	}
	e.value = p.text
	p.next()
	return e, nil
}

// next reads a token into kind and text.
func (p *tagParser) next() {
	s := strings.TrimLeft(p.rest, " \t\r\n")
	if s == "" {
		p.kind, p.text, p.rest = tagEnd, "", ""
		return
	}
	n := 1
	switch c := s[0]; {
	case c == '(':
		p.kind = tagOpen
	case c == ')':
		p.kind = tagClose
	case c == '\'' || c == '"':
		p.quoted(s)
		return
	case c == '=':
		p.kind = tagOp
	case c == '<' || c == '>':
		p.kind = tagOp
		if len(s) > 1 && (s[1] == '=' || c == '<' && s[1] == '>') {
			n = 2
		}
	case c == '@' || isNameByte(c):
		for n < len(s) && isNameByte(s[n]) {
			n++
		}
		p.kind = tagName
		switch {
		case strings.EqualFold(s[:n], "AND"):
			p.kind = tagAnd
		case strings.EqualFold(s[:n], "OR"):
			p.kind = tagOr
		}
	default:
		p.kind = tagBad
	}
	p.text, p.rest = s[:n], s[n:]
}

// quoted reads a name in double or a value in single quotes; a doubled quote
// stands for one.
func (p *tagParser) quoted(s string) {
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		p.kind, p.text, p.rest = tagString, b.String(), s[i+1:]
		if quote == '"' {
			p.kind = tagName
		}
		return
	}
	p.kind, p.text, p.rest = tagBad, s, ""
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
