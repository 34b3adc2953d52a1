package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a query. Nothing larger is read, so that what walks a tree may
// recurse.
const (
	MaxSource = 1 << 20 // bytes
	MaxTokens = 200_000 // without comments
	MaxDepth  = 400     // levels of the tree; a pair of parentheses makes two
	MaxChain  = 10_000  // operators of one expression in a row: a or b or c …
)

// Parse reads a query. The error is always an *Error. A query without an
// expression, or without anything, is a tree with fewer or no statements: that
// there is nothing to run, the binder says.
func Parse(source string) (query *Query, err error) {
	if len(source) > MaxSource {
		return nil, &Error{Message: fmt.Sprintf("the query has more than %d bytes", MaxSource), Source: source}
	}
	p := parser{src: source}
	defer func() {
		if r := recover(); r != nil {
			stop, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			query, err = nil, stop
		}
	}()
	p.lex()
	query = &Query{Span: Span{0, len(source)}, Source: source}
	query.Statements = p.statements("")
	return query, nil
}

// parser reads tokens by recursive descent. An error leaves by a panic with an
// *Error, which Parse catches: the grammar stays readable.
type parser struct {
	src    string
	tokens []Token // without comments; the last is TokenEOF
	i      int
	depth  int
	// search is set within the condition of search, where a colon is an operator.
	search bool
}

// lex fills the tokens.
func (p *parser) lex() {
	if !utf8.ValidString(p.src) {
		p.fail(Span{}, "the query is not UTF-8")
	}
	l := lexer{src: p.src}
	p.tokens = make([]Token, 0, len(p.src)/5+8)
	for {
		t := l.next()
		switch t.Kind {
		case TokenComment:
			continue
		case TokenInvalid:
			p.invalid(t)
		}
		if p.tokens = append(p.tokens, t); t.Kind == TokenEOF {
			return
		}
		if len(p.tokens) > MaxTokens {
			p.fail(t.Span, "the query has more than %d words and signs", MaxTokens)
		}
	}
}

// invalid says what is wrong with a token.
func (p *parser) invalid(t Token) {
	text := p.text(t)
	switch c := text[0]; {
	case isQuote(c), c == '@', (c == 'h' || c == 'H') && len(text) > 1, strings.HasPrefix(text, "```"), strings.HasPrefix(text, "~~~"):
		p.fail(t.Span, "the string is not closed")
	case isWordStart(c):
		p.fail(t.Span, "expected ) at the end of %s, and brackets that match", text[:strings.IndexByte(text, '(')+1])
	}
	p.fail(t.Span, "the character %q has no meaning here", text)
}

// fail leaves with an error.
func (p *parser) fail(at Span, format string, args ...any) {
	panic(&Error{Span: at, Message: fmt.Sprintf(format, args...), Source: p.src})
}

// failNear leaves with an error at the present token and the name that was
// probably meant.
func (p *parser) failNear(near, format string, args ...any) {
	panic(&Error{Span: p.tokens[p.i].Span, Message: fmt.Sprintf(format, args...), Near: near, Source: p.src})
}

// want leaves with what would have been expected at the present token.
func (p *parser) want(format string, args ...any) {
	p.fail(p.tokens[p.i].Span, "expected %s, found %s", fmt.Sprintf(format, args...), p.found())
}

// found describes the present token.
func (p *parser) found() string {
	t := p.tokens[p.i]
	if t.Kind == TokenEOF {
		return "the end of the query"
	}
	text := []rune(p.text(t))
	if len(text) > 40 {
		return string(text[:40]) + "…"
	}
	return string(text)
}

// enter counts a level of nesting; leave with p.depth--.
func (p *parser) enter() {
	if p.depth++; p.depth > MaxDepth {
		p.fail(p.tokens[p.i].Span, "the query is nested deeper than %d levels", MaxDepth)
	}
}

func (p *parser) text(t Token) string { return p.src[t.Start:t.End] }

// tok is the present token.
func (p *parser) tok() Token { return p.tokens[p.i] }

// ahead is the token n after the present one.
func (p *parser) ahead(n int) Token { return p.tokens[min(p.i+n, len(p.tokens)-1)] }

// start is where the present token begins.
func (p *parser) start() int { return p.tokens[p.i].Start }

// from is the span from a start to the end of the last token that was read.
func (p *parser) from(start int) Span {
	end := start
	if p.i > 0 {
		end = max(start, p.tokens[p.i-1].End)
	}
	return Span{start, end}
}

// is says whether the present token is that sign or word.
func (p *parser) is(text string) bool { return p.isAt(0, text) }

func (p *parser) isAt(n int, text string) bool {
	t := p.ahead(n)
	return (t.Kind == TokenSymbol || t.Kind == TokenWord) && p.src[t.Start:t.End] == text
}

// accept reads the sign or word if it is there.
func (p *parser) accept(text string) bool {
	if !p.is(text) {
		return false
	}
	p.i++
	return true
}

// expect reads the sign or word.
func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.want("%s", text)
	}
}

// close reads the bracket that closes the one at open.
func (p *parser) close(bracket string, open Span) {
	if !p.accept(bracket) {
		if word, ok := p.word(); ok && follows(word) {
			p.want("| before the operator")
		}
		line, column := Place(p.src, open.Start)
		p.want("%s that closes %s of %d:%d", bracket, p.src[open.Start:open.End], line, column)
	}
}

// word says whether the present token is a word, and which.
func (p *parser) word() (string, bool) {
	t := p.tokens[p.i]
	return p.src[t.Start:t.End], t.Kind == TokenWord
}

// adjacent says whether nothing is between the present token and the one before.
func (p *parser) adjacent() bool {
	return p.i > 0 && p.tokens[p.i-1].End == p.tokens[p.i].Start
}

// ends says whether nothing of an operator can follow.
func (p *parser) ends() bool {
	t := p.tokens[p.i]
	if t.Kind == TokenEOF {
		return true
	}
	if t.Kind != TokenSymbol || t.End-t.Start != 1 {
		return false
	}
	switch p.src[t.Start] {
	case '|', ';', ')', '}', ',', ']':
		return true
	}
	return false
}
