package session

// readInline reads a command that is a line of words, as sdssplitargs of Redis does:
// words may be quoted, with escapes in double quotes, and a quote ends its word. A
// line with a quote that does not close is an error of protocol. It takes all of b
// or up to the end of the line.
func (s *Session) readInline(b []byte, t *tally) int {
	r := &s.in
	for i, c := range b {
		if c == '\n' {
			s.lineRead(t)
			return i + 1
		}
		if r.cr {
			r.cr = false
			s.inlineByte('\r')
		}
		if c == '\r' {
			r.cr = true // of the end of the line perhaps
			continue
		}
		if s.inlineByte(c); r.state == qDead {
			return i + 1
		}
	}
	return len(b)
}

// wholeLine returns the end of a line without quotes that begins at b[i], and what
// the command in it is; 0 where it is not all in b, or not plain.
func wholeLine(b []byte, i int) (int, kind) {
	name := i
	for name < len(b) && b[name] > ' ' && b[name] != '"' && b[name] != '\'' {
		name++
	}
	k := classify(b[i:name])
	if name == i || k.special() {
		return 0, plain
	}
	for j := name; j < len(b); j++ {
		switch c := b[j]; {
		case c == '\n':
			return j + 1, k
		case c == '\r' && j+1 < len(b) && b[j+1] == '\n':
			return j + 2, k
		case c < ' ', c == '"', c == '\'':
			return 0, plain
		}
	}
	return 0, plain
}

// lineRead is after the end of a line.
func (s *Session) lineRead(t *tally) {
	switch s.in.state {
	case qSpace, qRest:
	case qWord, qClosed:
		s.argumentRead(-1)
	default:
		s.in.creds.wipe()
		s.readNoMore()
		return
	}
	if s.in.arg == 0 {
		s.in = requests{}
		return
	}
	s.commandRead(t)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func (s *Session) inlineByte(c byte) {
	r := &s.in
	switch r.state {
	case qSpace:
		switch {
		case isSpace(c):
		case c == 0:
			r.state = qRest
		default:
			r.state = qWord
			s.inlineByte(c)
		}
	case qWord:
		switch c {
		case ' ', '\t', '\r':
			s.wordRead(qSpace)
		case 0:
			s.wordRead(qRest)
		case '"':
			r.state = qDouble
		case '\'':
			r.state = qSingle
		default:
			s.argumentByte(c)
		}
	case qClosed:
		switch {
		case isSpace(c):
			s.wordRead(qSpace)
		case c == 0:
			s.wordRead(qRest)
		default:
			s.unbalanced()
		}
	case qSingle, qSingleEscape:
		s.singleQuoted(c)
	case qRest: // the server stops at a zero byte
	default:
		s.doubleQuoted(c)
	}
}

// wordRead is after a word that something follows.
func (s *Session) wordRead(next requestState) {
	s.argumentRead(-1)
	s.in.state = next
}

func (s *Session) unbalanced() {
	s.in.creds.wipe()
	s.readNoMore()
}

func (s *Session) singleQuoted(c byte) {
	r := &s.in
	if r.state == qSingleEscape {
		r.state = qSingle
		if c == '\'' {
			s.argumentByte(c)
			return
		}
		s.argumentByte('\\')
	}
	switch c {
	case '\\':
		r.state = qSingleEscape
	case '\'':
		r.state = qClosed
	case 0:
		s.unbalanced()
	default:
		s.argumentByte(c)
	}
}

func (s *Session) doubleQuoted(c byte) {
	r := &s.in
	switch r.state {
	case qDoubleEscape:
		r.state = qDouble
		switch c {
		case 'x':
			r.state = qDoubleHex
		case 0:
			s.unbalanced()
		default:
			s.argumentByte(unescape(c))
		}
		return
	case qDoubleHex:
		if _, ok := hexDigit(c); ok {
			r.hex = c
			r.state = qDoubleHex2
			return
		}
		r.state = qDouble
		s.argumentByte('x')
	case qDoubleHex2:
		r.state = qDouble
		high, _ := hexDigit(r.hex)
		if low, ok := hexDigit(c); ok {
			s.argumentByte(high<<4 | low)
			return
		}
		s.argumentByte('x')
		s.argumentByte(r.hex)
	default:
	}
	switch c {
	case '\\':
		r.state = qDoubleEscape
	case '"':
		r.state = qClosed
	case 0:
		s.unbalanced()
	default:
		s.argumentByte(c)
	}
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
