package kql

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"reslog/internal/ticks"
)

// parseDynamic reads what stands in dynamic(…) and gives it as JSON without
// spaces: JSON with strings in single quotes too and with typed literals such as
// datetime(2024-01-01), which become what tostring makes of them.
// Source: Kusto Query Language reference, "The dynamic data type".
func parseDynamic(text string) (string, error) {
	p := dynamicParser{text: text}
	p.space()
	if err := p.value(); err != nil {
		return "", err
	}
	if p.space(); p.pos < len(p.text) {
		return "", fmt.Errorf("unexpected %q", p.rest())
	}
	return p.out.String(), nil
}

const maxDynamicDepth = 128

type dynamicParser struct {
	text  string
	pos   int
	depth int
	out   strings.Builder
}

// rest is what comes next, for messages.
func (p *dynamicParser) rest() string {
	s := p.text[p.pos:]
	if len(s) > 12 {
		s = s[:12]
	}
	return s
}

func (p *dynamicParser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// next passes c when it comes next.
func (p *dynamicParser) next(c byte) bool {
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *dynamicParser) value() error {
	p.space()
	if p.pos >= len(p.text) {
		return errors.New("a value is missing")
	}
	switch c := p.text[p.pos]; {
	case c == '{' || c == '[':
		return p.container(c)
	case c == '"' || c == '\'':
		s, err := p.str(c)
		p.write(s)
		return err
	case c == '-' || c == '+' || c == '.' || isDigit(c):
		return p.number()
	}
	return p.word()
}

// container reads an object or an array.
func (p *dynamicParser) container(open byte) error {
	if p.depth++; p.depth > maxDynamicDepth {
		return errors.New("it nests too deep")
	}
	defer func() { p.depth-- }()
	end := byte(']')
	if open == '{' {
		end = '}'
	}
	p.pos++
	p.out.WriteByte(open)
	if p.next(end) {
		p.out.WriteByte(end)
		return nil
	}
	for {
		if open == '{' {
			if err := p.key(); err != nil {
				return err
			}
		}
		if err := p.value(); err != nil {
			return err
		}
		if p.next(end) {
			p.out.WriteByte(end)
			return nil
		}
		if !p.next(',') {
			return fmt.Errorf("expected , or %c, found %q", end, p.rest())
		}
		p.out.WriteByte(',')
	}
}

// key reads "name": of an object.
func (p *dynamicParser) key() error {
	p.space()
	if p.pos >= len(p.text) || p.text[p.pos] != '"' && p.text[p.pos] != '\'' {
		return fmt.Errorf("expected a name in quotes, found %q", p.rest())
	}
	s, err := p.str(p.text[p.pos])
	if err != nil {
		return err
	}
	p.write(s)
	if !p.next(':') {
		return fmt.Errorf("expected :, found %q", p.rest())
	}
	p.out.WriteByte(':')
	return nil
}

// write puts a JSON string out.
func (p *dynamicParser) write(s string) { p.out.WriteString(jsonText(s)) }

// jsonText is a string as JSON, without the escapes for HTML.
func jsonText(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string has no error and a buffer neither
	return strings.TrimSuffix(b.String(), "\n")
}

// str reads a string with the escapes of JSON.
func (p *dynamicParser) str(quote byte) (string, error) {
	p.pos++
	var b strings.Builder
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		p.pos++
		switch c {
		case quote:
			return b.String(), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", errors.New("a string is not closed")
}

func (p *dynamicParser) escape(b *strings.Builder) error {
	if p.pos >= len(p.text) {
		return errors.New("a string is not closed")
	}
	c := p.text[p.pos]
	p.pos++
	switch i := strings.IndexByte(`"'\/bfnrt`, c); {
	case i >= 0:
		b.WriteByte("\"'\\/\b\f\n\r\t"[i])
	case c == 'u':
		r, err := p.unicode()
		if err != nil {
			return err
		}
		b.WriteRune(r)
	default:
		return fmt.Errorf(`\%c is not an escape`, c)
	}
	return nil
}

// unicode reads the four digits after \u, and a second \u of a pair.
func (p *dynamicParser) unicode() (rune, error) {
	unit := func() (rune, bool) {
		if p.pos+4 > len(p.text) {
			return 0, false
		}
		n, err := strconv.ParseUint(p.text[p.pos:p.pos+4], 16, 16)
		p.pos += 4
		return rune(n), err == nil //nolint:gosec // 16 bits
	}
	r, ok := unit()
	if !ok {
		return 0, errors.New(`\u needs four digits`)
	}
	if r < 0xD800 || r >= 0xDC00 || !strings.HasPrefix(p.text[p.pos:], `\u`) {
		if r >= 0xD800 && r < 0xE000 {
			return utf8.RuneError, nil
		}
		return r, nil
	}
	p.pos += 2
	low, ok := unit()
	if !ok || low < 0xDC00 || low >= 0xE000 {
		return utf8.RuneError, nil
	}
	return 0x10000 + (r-0xD800)<<10 + (low - 0xDC00), nil
}

// number reads a number; whole ones stay whole.
func (p *dynamicParser) number() error {
	start := p.pos
	for p.pos < len(p.text) && strings.IndexByte("+-.eE0123456789", p.text[p.pos]) >= 0 {
		p.pos++
	}
	text := p.text[start:p.pos]
	if p.pos < len(p.text) && isLetter(p.text[p.pos]) { // 1d, 2h
		for p.pos < len(p.text) && isLetter(p.text[p.pos]) {
			p.pos++
		}
		return p.typed(Timespan, p.text[start:p.pos])
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		p.out.WriteString(strconv.FormatInt(n, 10))
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number", text)
	}
	p.out.WriteString(jsonReal(f))
	return nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// jsonReal is a real as dynamic values show it: 5.0, never 5; NaN and the
// infinities are strings.
func jsonReal(f float64) string {
	switch {
	case math.IsNaN(f):
		return `"NaN"`
	case math.IsInf(f, 1):
		return `"Infinity"`
	case math.IsInf(f, -1):
		return `"-Infinity"`
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if a := math.Abs(f); a == 0 || a >= 1e-5 && a < 1e15 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// word reads true, false, null and typed literals: datetime(2024-01-01).
func (p *dynamicParser) word() error {
	start := p.pos
	for p.pos < len(p.text) && (isLetter(p.text[p.pos]) || isDigit(p.text[p.pos])) {
		p.pos++
	}
	word := p.text[start:p.pos]
	switch word {
	case "true", "false", "null":
		p.out.WriteString(word)
		return nil
	case "":
		return fmt.Errorf("unexpected %q", p.rest())
	}
	t, ok := ParseType(word)
	if !ok || !p.next('(') {
		return fmt.Errorf("unexpected %q", word)
	}
	end := strings.IndexByte(p.text[p.pos:], ')')
	if end < 0 {
		return fmt.Errorf("%s( is not closed", word)
	}
	text := p.text[p.pos : p.pos+end]
	p.pos += end + 1
	return p.typed(t, text)
}

// typed writes a literal of a type as JSON.
func (p *dynamicParser) typed(t Type, text string) error {
	if t == Dynamic {
		inner, err := parseDynamic(text)
		p.out.WriteString(inner)
		return err
	}
	if t != String {
		text = strings.Trim(strings.TrimSpace(text), `"'`)
	}
	v, ok := parseValue(t, text)
	if !ok {
		return fmt.Errorf("%q is not a %s", text, t)
	}
	p.out.WriteString(jsonValue(t, v))
	return nil
}

// jsonValue is a constant as it is in a dynamic value.
func jsonValue(t Type, v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		switch t {
		case Datetime:
			return `"` + ticks.FormatDate(v) + `"`
		case Timespan:
			return `"` + ticks.FormatSpan(v) + `"`
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return jsonReal(v)
	case string:
		if t == Dynamic {
			return v
		}
		return jsonText(v)
	}
	return "null"
}
