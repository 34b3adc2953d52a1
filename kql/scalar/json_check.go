package scalar

import "strings"

// canonical reports whether a text is certainly that of a dynamic value, in the
// form that Value describes: most JSON that machines write is. It makes nothing,
// and where it would have to think it says no.
func canonical(s string) bool {
	c := checker{s: s}
	return c.value(0) && c.at == len(s)
}

type checker struct {
	s  string
	at int
}

// checkedKeys is how many keys of a bag are compared with each other.
const checkedKeys = 32

func (c *checker) next(b byte) bool {
	if c.at < len(c.s) && c.s[c.at] == b {
		c.at++
		return true
	}
	return false
}

func (c *checker) word(w string) bool {
	if strings.HasPrefix(c.s[c.at:], w) {
		c.at += len(w)
		return true
	}
	return false
}

func (c *checker) value(depth int) bool {
	if c.at == len(c.s) || depth > MaxDepth {
		return false
	}
	switch c.s[c.at] {
	case '"':
		_, ok := c.text()
		return ok
	case '{':
		c.at++
		return c.bag(depth + 1)
	case '[':
		c.at++
		if c.next(']') {
			return depth < MaxDepth
		}
		for c.value(depth + 1) {
			if c.next(']') {
				return true
			}
			if !c.next(',') {
				return false
			}
		}
		return false
	}
	return c.word("true") || c.word("false") || c.word("null") || c.number()
}

// bag checks what follows the opening brace.
func (c *checker) bag(depth int) bool {
	if depth > MaxDepth {
		return false
	}
	if c.next('}') {
		return true
	}
	var keys [checkedKeys]string
	for n := range keys {
		key, ok := c.text()
		if !ok || !c.next(':') || !c.value(depth) {
			return false
		}
		for _, k := range keys[:n] {
			if k == key {
				return false
			}
		}
		keys[n] = key
		if c.next('}') {
			return true
		}
		if !c.next(',') {
			return false
		}
	}
	return false
}

// text checks a string and gives what is between the quotes, with its escapes,
// which have one spelling each.
func (c *checker) text() (string, bool) {
	if !c.next('"') {
		return "", false
	}
	for from := c.at; c.at < len(c.s); c.at++ {
		switch b := c.s[c.at]; {
		case b == '"':
			c.at++
			return c.s[from : c.at-1], true
		case b < ' ':
			return "", false
		case b == '\\':
			c.at++
			if c.at == len(c.s) || strings.IndexByte(`"\bfnrt`, c.s[c.at]) < 0 {
				return "", false
			}
		}
	}
	return "", false
}

// number checks a whole number of up to 18 digits, or one with a fraction that 15
// digits are enough for.
func (c *checker) number() bool {
	c.next('-')
	from := c.at
	n := c.digits()
	if n == 0 || n > 18 || c.s[from] == '0' && n > 1 {
		return false
	}
	zero := c.s[from] == '0'
	if !c.next('.') {
		return !zero || from == 0 || c.s[from-1] != '-'
	}
	from = c.at
	f := c.digits()
	if f == 0 || n+f > 15 || c.at < len(c.s) && c.s[c.at]|0x20 == 'e' {
		return false
	}
	return f == 1 && !zero || c.s[c.at-1] != '0' && (!zero || c.s[from] != '0')
}

func (c *checker) digits() int {
	from := c.at
	for c.at < len(c.s) && c.s[c.at]-'0' <= 9 {
		c.at++
	}
	return c.at - from
}
