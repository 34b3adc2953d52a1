// Package shorthand reads the short form of JSON that azure-cli takes for the
// values of options: {category:AllLogs,enabled:true}, [a,b], 'text with blanks'.
//
// Names in kebab-case become camelCase. Numbers, true, false and null are what
// they are in JSON; everything else is a string, which needs single quotes when
// it holds a blank or one of , : { } [ ] or a quote, and a quote is doubled
// inside.
package shorthand

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxDepth bounds how deep values are nested.
const maxDepth = 32

// ToJSON returns text as JSON: as it is when it is JSON already.
func ToJSON(text string) (json.RawMessage, error) {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text), nil
	}
	p := &parser{text: text}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.skip(); p.at < len(p.text) {
		return nil, p.fail("unexpected %q", p.text[p.at:p.at+1])
	}
	return json.Marshal(v)
}

type parser struct {
	text string
	at   int
}

func (p *parser) fail(format string, args ...any) error {
	return fmt.Errorf("neither JSON nor its short form: "+format+" at character %d", append(args, p.at+1)...)
}

func (p *parser) skip() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next is the byte that comes, 0 at the end.
func (p *parser) next() byte {
	p.skip()
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, p.fail("nested too deep")
	}
	switch p.next() {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '\'', '"':
		return p.quoted()
	}
	word, err := p.word()
	if err != nil {
		return nil, err
	}
	if json.Valid([]byte(word)) { // a number, true, false, null
		return json.RawMessage(word), nil
	}
	return word, nil
}

func (p *parser) object(depth int) (any, error) {
	object := map[string]any{}
	err := p.list('}', func() error {
		name, err := p.word()
		if err != nil {
			return err
		}
		name = camel(name)
		if _, twice := object[name]; twice {
			return p.fail("%s is given twice", name)
		}
		if p.next() != ':' {
			return p.fail("want ':' after %s", name)
		}
		p.at++
		object[name], err = p.value(depth + 1)
		return err
	})
	return object, err
}

func (p *parser) array(depth int) (any, error) {
	items := []any{}
	err := p.list(']', func() error {
		v, err := p.value(depth + 1)
		items = append(items, v)
		return err
	})
	return items, err
}

// list reads what is between brackets, the opening one being next.
func (p *parser) list(end byte, item func() error) error {
	p.at++
	for first := true; ; first = false {
		if p.next() == end {
			p.at++
			return nil
		}
		if !first {
			if p.next() != ',' {
				return p.fail("want ',' or '%c'", end)
			}
			p.at++
		}
		if err := item(); err != nil {
			return err
		}
	}
}

func (p *parser) quoted() (string, error) {
	quote := p.text[p.at]
	p.at++
	var b strings.Builder
	for {
		i := strings.IndexByte(p.text[p.at:], quote)
		if i < 0 {
			return "", p.fail("a string does not end")
		}
		b.WriteString(p.text[p.at : p.at+i])
		p.at += i + 1
		if p.at == len(p.text) || p.text[p.at] != quote {
			return b.String(), nil
		}
		b.WriteByte(quote)
		p.at++
	}
}

func (p *parser) word() (string, error) {
	if c := p.next(); c == '\'' || c == '"' {
		return p.quoted()
	}
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n,:{}[]'\"", p.text[p.at]) < 0 {
		p.at++
	}
	if start == p.at {
		return "", p.fail("want a value")
	}
	return p.text[start:p.at], nil
}

// camel makes retention-policy retentionPolicy.
func camel(name string) string {
	parts := strings.Split(name, "-")
	for i, part := range parts[1:] {
		if part != "" {
			parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "")
}
