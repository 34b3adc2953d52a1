package audit

// maxDepth is how many objects and arrays may be open at once in a record: the
// bits of a scanner's stack. Records of Redis Software have two.
const maxDepth = 64

// verdict is what a scanner thinks of the bytes it saw.
type verdict int

const (
	unfinished verdict = iota // the object goes on
	finished                  // the object is complete
	broken                    // this cannot be a JSON object
	tooDeep                   // it has more than maxDepth levels
)

// state is what a scanner expects next.
type state uint8

const (
	wantObject state = iota
	wantFirstName
	wantName
	wantColon
	wantFirstValue // or the end of an array
	wantValue
	wantComma // or the end of what is open
	inString
	inEscape
	inScalar
)

// scanner finds the end of a JSON object whose bytes come in pieces. It knows the
// structure well enough to see at once that something is missing, so that little is
// lost; what strings, numbers and words say it does not check.
type scanner struct {
	state state
	name  bool   // the string is a name
	depth int    // how many are open
	open  uint64 // a bit for each that is open, 1 for an object, the innermost lowest
}

// scan reads on and returns how many bytes belong to the object. When it is
// broken or too deep the byte behind those is the one that is wrong.
func (s *scanner) scan(b []byte) (n int, v verdict) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch s.state {
		case inString:
			for ; i < len(b); i++ {
				if c = b[i]; c < ' ' || c == '"' || c == '\\' {
					break
				}
			}
			if i == len(b) {
				return i, unfinished
			}
			switch {
			case c < ' ':
				return i, broken
			case c == '\\':
				s.state = inEscape
			case s.name:
				s.state = wantColon
			default:
				s.state = wantComma
			}
			continue
		case inEscape:
			if c < ' ' {
				return i, broken
			}
			s.state = inString
			continue
		case inScalar:
			if scalar(c) {
				continue
			}
			s.state = wantComma
		}
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			continue
		}
		if v = s.structure(c); v == finished {
			return i + 1, finished
		} else if v != unfinished {
			return i, v
		}
	}
	return len(b), unfinished
}

// structure reads a byte that is neither in a value nor white space.
func (s *scanner) structure(c byte) verdict {
	switch s.state {
	case wantObject:
		if c == '{' {
			return s.push(1)
		}
	case wantFirstName, wantName:
		if c == '"' {
			s.state, s.name = inString, true
			return unfinished
		}
		if c == '}' && s.state == wantFirstName {
			return s.pop()
		}
	case wantColon:
		if c == ':' {
			s.state = wantValue
			return unfinished
		}
	case wantFirstValue, wantValue:
		if c == ']' && s.state == wantFirstValue {
			return s.pop()
		}
		return s.value(c)
	case wantComma:
		object := s.open&1 == 1
		switch {
		case c == ',' && object:
			s.state = wantName
			return unfinished
		case c == ',':
			s.state = wantValue
			return unfinished
		case c == '}' && object, c == ']' && !object:
			return s.pop()
		}
	}
	return broken
}

func (s *scanner) value(c byte) verdict {
	switch {
	case c == '"':
		s.state, s.name = inString, false
	case c == '{':
		return s.push(1)
	case c == '[':
		return s.push(0)
	case scalar(c):
		s.state = inScalar
	default:
		return broken
	}
	return unfinished
}

func (s *scanner) push(object uint64) verdict {
	if s.depth == maxDepth {
		return tooDeep
	}
	s.depth++
	s.open = s.open<<1 | object
	s.state = wantFirstValue
	if object == 1 {
		s.state = wantFirstName
	}
	return unfinished
}

func (s *scanner) pop() verdict {
	s.depth--
	s.open >>= 1
	s.state = wantComma
	if s.depth == 0 {
		return finished
	}
	return unfinished
}

// scalar reports whether c may stand in a number or in true, false and null.
func scalar(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}
