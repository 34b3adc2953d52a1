package syntax

import "strings"

// number passes a long, a real, a timespan, or a name that begins with a digit.
func (l *lexer) number() TokenKind {
	if l.at(0) == '0' && (l.at(1) == 'x' || l.at(1) == 'X') && isHex(l.at(2)) {
		for l.pos += 2; isHex(l.at(0)); l.pos++ {
		}
		end := l.pos
		if l.name(); l.pos > end {
			return TokenWord
		}
		return TokenLong
	}
	l.digits()
	kind := TokenLong
	if l.at(0) == '.' && isDigit(l.at(1)) {
		l.pos++
		l.digits()
		kind = TokenReal
	} else if l.at(0) == '.' && l.at(1) != '.' && !isWordStart(l.at(1)) && l.at(1) != '[' {
		l.pos++ // 1000.
		return TokenReal
	}
	if c := l.at(0); c == 'e' || c == 'E' {
		sign := 0
		if s := l.at(1); s == '+' || s == '-' {
			sign = 1
		}
		if isDigit(l.at(1 + sign)) {
			l.pos += 1 + sign
			l.digits()
			return TokenReal
		}
	}
	end := l.pos
	l.name()
	switch {
	case l.pos == end:
		return kind
	case isUnit(l.src[end:l.pos]):
		return TokenTimespan
	case kind == TokenReal:
		l.pos = end
		return kind
	}
	return TokenWord
}

func (l *lexer) digits() {
	for isDigit(l.at(0)) {
		l.pos++
	}
}

// isUnit says whether the letters after a number make a timespan of it.
func isUnit(s string) bool {
	switch s {
	case "d", "day", "days",
		"h", "hr", "hrs", "hour", "hours",
		"m", "min", "minute", "minutes",
		"s", "sec", "second", "seconds",
		"ms", "milli", "millis", "millisecond", "milliseconds",
		"micro", "micros", "microsecond", "microseconds",
		"nano", "nanos", "nanosecond", "nanoseconds",
		"tick", "ticks":
		return true
	}
	return false
}

// symbol passes punctuation, the longest that there is.
func (l *lexer) symbol() TokenKind {
	two := l.src[l.pos:min(l.pos+2, len(l.src))]
	switch two {
	case "==", "=~", "=>", "!=", "!~", "<>", "<=", ">=", "..":
		l.pos += 2
		return TokenSymbol
	}
	if two[0] == '!' && len(two) == 2 && isWordStart(two[1]) {
		if n := negated(l.src[l.pos:]); n > 0 {
			l.pos += n
			return TokenSymbol
		}
	}
	l.pos++
	if strings.IndexByte("()[]{},;|.:=<>+-*/%", two[0]) >= 0 {
		return TokenSymbol
	}
	return TokenInvalid
}

// negated is the length of !has and its like at the start of s, or 0.
func negated(s string) int {
	n := 1
	for n < len(s) && (isWordStart(s[n]) || isDigit(s[n])) {
		n++
	}
	switch s[1:n] {
	case "in":
		if n < len(s) && s[n] == '~' {
			n++
		}
		return n
	case "has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs",
		"contains", "contains_cs", "startswith", "startswith_cs", "endswith", "endswith_cs", "between":
		return n
	}
	return 0
}

func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
func isQuote(c byte) bool { return c == '\'' || c == '"' }
