package storagelog

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Condition is a demand on one field of a record.
type Condition struct {
	Field Field
	Op    Op
	// Values are what Equal and NotEqual compare the text with: any of them,
	// or none.
	Values []string
	// Pattern is what Matches and MatchesNot look for in the text.
	Pattern *regexp.Regexp
	// Number is what the other operators compare with. An empty field is
	// neither greater nor less than any number.
	Number int64
	// FoldCase makes Equal and NotEqual ignore case.
	FoldCase bool
}

// Op is an operator of a Condition.
type Op uint8

// Operators, as ParseCondition spells them.
const (
	Equal          Op = iota // =
	NotEqual                 // !=
	Matches                  // ~
	MatchesNot               // !~
	Less                     // <
	LessOrEqual              // <=
	Greater                  // >
	GreaterOrEqual           // >=
)

// opSpellings has longer spellings before those they begin with.
var opSpellings = []struct {
	text string
	op   Op
}{
	{"!=", NotEqual},
	{"!~", MatchesNot},
	{"<=", LessOrEqual},
	{">=", GreaterOrEqual},
	{"=", Equal},
	{"~", Matches},
	{"<", Less},
	{">", Greater},
}

// ParseCondition reads "field=value", "field~regexp", "latency>=100" and so on.
// The field is any name that ParseField knows.
func ParseCondition(s string) (Condition, error) {
	var c Condition
	at := strings.IndexAny(s, "=!~<>")
	if at < 0 {
		return c, fmt.Errorf("condition %q has no operator, want field=value, field~regexp or field>=number", s)
	}
	name := strings.TrimSpace(s[:at])
	f, ok := ParseField(name)
	if !ok {
		return c, fmt.Errorf("condition %q: there is no field %q", s, name)
	}
	c.Field = f
	for _, o := range opSpellings {
		value, ok := strings.CutPrefix(s[at:], o.text)
		if !ok {
			continue
		}
		c.Op = o.op
		var err error
		switch o.op {
		case Equal, NotEqual:
			c.Values = []string{value}
		case Matches, MatchesNot:
			if c.Pattern, err = regexp.Compile(value); err != nil {
				return c, fmt.Errorf("condition %q: %w", s, err)
			}
		default:
			if !f.Numeric() {
				return c, fmt.Errorf("condition %q: field %s is no number, use = or ~", s, f)
			}
			if c.Number, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64); err != nil {
				return c, fmt.Errorf("condition %q: %q is no number", s, value)
			}
		}
		return c, nil
	}
	return c, fmt.Errorf("condition %q: %q is no operator, want = != ~ !~ < <= > >=", s, s[at:at+1])
}

// Match reports whether a record meets the condition.
func (c *Condition) Match(l *Line) bool { return c.matchRaw(l.Raw(c.Field)) }

// matchRaw is Match for the field as it is stored.
func (c *Condition) matchRaw(raw []byte) bool {
	if c.Op >= Less {
		n, ok := parseUint(raw)
		return ok && c.compare(n)
	}
	if c.Field.spec().kind == quoted && bytes.IndexByte(raw, '&') >= 0 {
		raw = appendDecoded(nil, raw)
	}
	switch c.Op {
	case Matches:
		return c.Pattern.Match(raw)
	case MatchesNot:
		return !c.Pattern.Match(raw)
	}
	equal := slices.ContainsFunc(c.Values, func(v string) bool {
		return string(raw) == v || c.FoldCase && strings.EqualFold(string(raw), v)
	})
	return equal == (c.Op == Equal)
}

func (c *Condition) compare(n int64) bool {
	switch c.Op {
	case Less:
		return n < c.Number
	case LessOrEqual:
		return n <= c.Number
	case Greater:
		return n > c.Number
	default:
		return n >= c.Number
	}
}

// needle returns bytes that every record which meets the condition holds, nil
// when there are no such.
func (c *Condition) needle() []byte {
	if c.Op != Equal || c.FoldCase || len(c.Values) != 1 || c.Values[0] == "" {
		return nil
	}
	switch c.Field {
	case FieldVersion, FieldHTTPStatus, FieldAuthType, FieldRequesterAccount, FieldOwnerAccount, FieldService:
		return nil // most records have the same
	}
	v := []byte(c.Values[0])
	for _, b := range v {
		if b < ' ' || b >= 0x7f || bytes.IndexByte([]byte(`&<>"';`), b) >= 0 {
			return nil // written in more than one way
		}
	}
	if c.Field.spec().kind == quoted {
		return v
	}
	return append(append([]byte{';'}, v...), ';')
}
