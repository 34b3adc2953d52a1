package rest

import (
	"slices"
	"strings"

	"reslog/service/signalr/hub"
)

// filter of :execute: an expression of OData over userId, connectionId and groups.
//
//	userId eq 'ann' or userId eq 'bob'
//	'red' in groups and connectionId ne 'x'
//	userId in ('ann', 'bob') and not (connectionId in ('x', 'y'))
//
// A hub finds connections by their IDs, users or groups, less some connections and
// users. What does not come to that, as two groups joined by and, is refused.
func parseFilter(text string) (hub.Target, error) {
	p := filterParser{rest: text}
	t, err := p.or(0)
	if err != nil {
		return hub.Target{}, err
	}
	if p.space(); p.rest != "" {
		return hub.Target{}, errFilter("it has something behind its end")
	}
	return t.target(), nil
}

func errFilter(what string) error {
	return bad("InvalidFilter", "filter", "The filter cannot be used: "+what+".")
}

// term is a part of a filter: who is meant, less who is not.
type term struct {
	// limited says that only names of a kind are meant, of which there may be none.
	limited bool
	kind    hub.Kind
	names   []string
	// except and exceptUsers are those that are not.
	except, exceptUsers []string
}

func (t term) target() hub.Target {
	to := hub.Target{Except: t.except, ExceptUsers: t.exceptUsers}
	if t.limited {
		to.Kind, to.Names = t.kind, t.names
	}
	return to
}

func (t term) excludes() bool { return len(t.except)+len(t.exceptUsers) > 0 }

// and is what both terms mean.
func (t term) and(o term) (term, error) {
	t.except = append(slices.Clone(t.except), o.except...)
	t.exceptUsers = append(slices.Clone(t.exceptUsers), o.exceptUsers...)
	switch {
	case !o.limited:
		return t, nil
	case !t.limited:
		t.limited, t.kind, t.names = true, o.kind, o.names
		return t, nil
	case t.kind != o.kind || t.kind == hub.Groups:
		return term{}, errFilter("it joins users, connections or groups by and")
	}
	t.names = slices.DeleteFunc(slices.Clone(t.names), func(n string) bool { return !slices.Contains(o.names, n) })
	return t, nil
}

// or is what one of the terms means.
func (t term) or(o term) (term, error) {
	if !t.limited || !o.limited || t.kind != o.kind || t.excludes() || o.excludes() {
		return term{}, errFilter("it joins by or what is not of one kind")
	}
	t.names = append(slices.Clone(t.names), o.names...)
	return t, nil
}

// not is what a term does not mean. By De Morgan, one of several exclusions is none.
func (t term) not() (term, error) {
	switch {
	case t.limited && !t.excludes() && t.kind == hub.Connections:
		return term{except: t.names}, nil
	case t.limited && !t.excludes() && t.kind == hub.Users:
		return term{exceptUsers: t.names}, nil
	case !t.limited && len(t.exceptUsers) == 0 && len(t.except) > 0:
		return term{limited: true, kind: hub.Connections, names: t.except}, nil
	case !t.limited && len(t.except) == 0 && len(t.exceptUsers) > 0:
		return term{limited: true, kind: hub.Users, names: t.exceptUsers}, nil
	}
	return term{}, errFilter("it has not before what cannot be left out")
}

// maxFilterDepth bounds parentheses and nots.
const maxFilterDepth = 20

type filterParser struct {
	rest string
	// last is the last word that was read.
	last string
}

func (p *filterParser) or(depth int) (term, error) {
	return p.list(depth, "or", p.and, term.or)
}

func (p *filterParser) and(depth int) (term, error) {
	return p.list(depth, "and", p.unary, term.and)
}

// list reads what is joined by a word.
func (p *filterParser) list(depth int, word string, next func(int) (term, error), join func(a, b term) (term, error)) (term, error) {
	t, err := next(depth)
	for err == nil && p.word(word) {
		var o term
		if o, err = next(depth); err == nil {
			t, err = join(t, o)
		}
	}
	return t, err
}

func (p *filterParser) unary(depth int) (term, error) {
	if depth > maxFilterDepth {
		return term{}, errFilter("it is nested too deeply")
	}
	switch {
	case p.word("not"):
		t, err := p.unary(depth + 1)
		if err != nil {
			return term{}, err
		}
		return t.not()
	case p.mark('('):
		t, err := p.or(depth + 1)
		if err == nil && !p.mark(')') {
			err = errFilter("a parenthesis is not closed")
		}
		return t, err
	}
	return p.comparison()
}

func (p *filterParser) comparison() (term, error) {
	if name, ok := p.text(); ok {
		if !p.word("in") || !p.word("groups") {
			return term{}, errFilter("behind a text there is not: in groups")
		}
		return term{limited: true, kind: hub.Groups, names: []string{name}}, nil
	}
	t := term{limited: true}
	switch {
	case p.word("userId"):
		t.kind = hub.Users
	case p.word("connectionId"):
		t.kind = hub.Connections
	default:
		return term{}, errFilter("it compares something else than userId, connectionId and groups")
	}
	switch {
	case p.word("eq"), p.word("ne"):
		return p.equal(t)
	case p.word("in"):
		return p.among(t)
	}
	return term{}, errFilter("it compares by something else than eq, ne and in")
}

// equal reads the text behind eq or ne.
func (p *filterParser) equal(t term) (term, error) {
	negative := p.last == "ne"
	name, ok := p.text()
	if !ok {
		return term{}, errFilter("it compares with something else than a text")
	}
	t.names = []string{name}
	if negative {
		return t.not()
	}
	return t, nil
}

// among reads the list behind in.
func (p *filterParser) among(t term) (term, error) {
	if !p.mark('(') {
		return term{}, errFilter("behind in there is no list")
	}
	for {
		name, ok := p.text()
		if !ok {
			return term{}, errFilter("a list has something else than texts")
		}
		t.names = append(t.names, name)
		if p.mark(')') {
			return t, nil
		}
		if !p.mark(',') {
			return term{}, errFilter("a list is not closed")
		}
	}
}

func (p *filterParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *filterParser) mark(c byte) bool {
	p.space()
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// word reads a word if it is this one.
func (p *filterParser) word(want string) bool {
	p.space()
	n := 0
	for n < len(p.rest) && (p.rest[n]|0x20 >= 'a' && p.rest[n]|0x20 <= 'z') {
		n++
	}
	if p.rest[:n] != want {
		return false
	}
	p.rest, p.last = p.rest[n:], want
	return true
}

// text reads a text in single quotes, of which two are one inside.
func (p *filterParser) text() (string, bool) {
	p.space()
	if p.rest == "" || p.rest[0] != '\'' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		if p.rest[i] != '\'' {
			b.WriteByte(p.rest[i])
			continue
		}
		if i+1 < len(p.rest) && p.rest[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		p.rest = p.rest[i+1:]
		return b.String(), true
	}
	return "", false
}
