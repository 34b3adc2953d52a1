package session

// number reads an integer as the server does: a sign perhaps, no zeros in front, no
// spaces.
type number struct {
	v      int64
	digits uint8
	minus  bool
}

// maxDigits keeps numbers far below what int64 holds.
const maxDigits = 15

// add takes the next character and reports whether the number is one still.
func (n *number) add(c byte) bool {
	switch {
	case c == '-' && n.digits == 0 && !n.minus:
		n.minus = true
		return true
	case c < '0' || c > '9', n.digits == maxDigits, n.digits > 0 && n.v == 0, n.minus && c == '0' && n.digits == 0:
		return false
	}
	n.v = n.v*10 + int64(c-'0')
	n.digits++
	return true
}

// value is the number, if it has a digit.
func (n *number) value() (int64, bool) {
	if n.minus {
		return -n.v, n.digits > 0
	}
	return n.v, n.digits > 0
}

// length reads a number that begins at b[i] and ends with \r and one more byte, and
// returns where the rest begins; 0 where that is not all in b, or the number is
// negative, long or none.
func length(b []byte, i int) (n, rest int) {
	start := i
	for i < len(b) {
		c := b[i]
		if c-'0' > 9 {
			break
		}
		n = n*10 + int(c-'0')
		i++
	}
	if i == start || i-start > 9 || i+2 > len(b) || b[i] != '\r' || b[start] == '0' && i-start > 1 {
		return 0, 0
	}
	return n, i + 2
}
