package session

import "math"

// requests is where the reading of requests stands.
//
// What a request is, the source of Redis 7.0 says, processMultibulkBuffer: the byte
// after \r and the two after an argument are skipped, whatever they are, and numbers
// are strict.
type requests struct {
	state requestState
	kind  kind // of the command that is read, once its name is
	cr    bool // an inline command: the last byte was \r
	ntok  uint8
	hex   byte     // an inline command: the first digit of \xHH
	arg   uint32   // the index of the argument that is read
	left  int64    // arguments to come, of an array
	num   number   // a number, or how many bytes of what follows it are to come
	tok   [16]byte // the start of the argument, if it matters
	creds *credentials
}

type requestState uint8

const (
	qStart  requestState = iota // between requests
	qCount                      // the number of arguments
	qFirst                      // the byte after it
	qDollar                     // the $ of an argument
	qLength                     // its length
	qBefore                     // the byte after it
	qBody                       // the argument
	qAfter                      // the two bytes after it
	qSpace                      // inline.go
	qWord
	qDouble
	qDoubleEscape
	qDoubleHex
	qDoubleHex2
	qSingle
	qSingleEscape
	qClosed
	qRest
	qDead // after what the server takes for an error of protocol, it reads no more
)

// Request follows what the client sent. It does not keep b.
func (s *Session) Request(b []byte) {
	if len(b) == 0 {
		return
	}
	s.counts.RequestBytes.Add(int64(len(b)))
	var t tally
	for i := 0; i < len(b) && s.in.state != qDead; {
		switch {
		case s.in.state == qStart && b[i] == '*':
			if end, k := wholeCommand(b, i); end > 0 {
				i = end
				if k.special() {
					s.in = requests{kind: k, arg: 1}
					s.commandRead(&t)
					continue
				}
				t.count(k)
				s.expectPlain()
				continue
			}
		case s.in.state == qStart:
			if end, k := wholeLine(b, i); end > 0 {
				t.count(k)
				s.expectPlain()
				i = end
				continue
			}
		case s.in.state == qDollar && s.in.arg > 0 && !s.in.matters():
			if end := wholeArgument(b, i); end > 0 {
				s.in.arg++
				s.in.left--
				i = end
				if s.in.left == 0 {
					s.commandRead(&t)
				}
				continue
			}
		default:
		}
		i += s.readRequest(b[i:], &t)
	}
	t.addTo(s.counts)
}

// wholeCommand returns the end of a command that begins at b[i] and what it is; 0
// where it is not all in b, or its arguments matter.
func wholeCommand(b []byte, i int) (int, kind) {
	n, i := length(b, i+1)
	if n <= 0 || i >= len(b) || b[i] != '$' {
		return 0, plain
	}
	l, i := length(b, i+1)
	if i == 0 || l+2 > len(b)-i {
		return 0, plain
	}
	k := classify(b[i : i+l])
	if i += l + 2; k.special() {
		if n == 1 && (k == multi || k == exec || k == discard) {
			return i, k
		}
		return 0, plain
	}
	for n--; n > 0; n-- {
		if i = wholeArgument(b, i); i == 0 {
			return 0, plain
		}
	}
	return i, k
}

// wholeArgument returns the end of an argument that begins at b[i]; 0 where it is
// not all in b.
func wholeArgument(b []byte, i int) int {
	if i >= len(b) || b[i] != '$' {
		return 0
	}
	l, i := length(b, i+1)
	if i == 0 || l+2 > len(b)-i {
		return 0
	}
	return i + l + 2
}

// readRequest takes at least one byte of b and returns how many.
func (s *Session) readRequest(b []byte, t *tally) int {
	r := &s.in
	switch r.state {
	case qStart:
		*r = requests{}
		if b[0] != '*' {
			r.state = qSpace
			return s.readInline(b, t)
		}
		r.state = qCount
	case qCount:
		if b[0] == '\r' {
			r.state = qFirst
		} else if !r.num.add(b[0]) {
			s.readNoMore()
		}
	case qFirst:
		n, ok := r.num.value()
		switch {
		case !ok || n > math.MaxInt32:
			s.readNoMore()
		case n <= 0:
			r.state = qStart
		default:
			r.left = n
			r.state = qDollar
		}
	case qDollar:
		r.num = number{}
		r.state = qLength
		if b[0] != '$' {
			s.readNoMore()
		}
	case qLength:
		if b[0] == '\r' {
			r.state = qBefore
		} else if !r.num.add(b[0]) {
			s.readNoMore()
		}
	case qBefore:
		n, ok := r.num.value()
		if !ok || n < 0 {
			s.readNoMore()
			break
		}
		r.num.v = n
		r.state = qBody
		if n == 0 {
			s.bodyRead()
		}
	case qBody:
		n := int(min(r.num.v, int64(len(b))))
		if r.matters() {
			s.argumentBytes(b[:n])
		}
		if r.num.v -= int64(n); r.num.v == 0 {
			s.bodyRead()
		}
		return n
	case qAfter:
		if r.num.v--; r.num.v > 0 {
			break
		}
		r.state = qDollar
		if r.left == 0 {
			s.commandRead(t)
		}
	default:
		return s.readInline(b, t)
	}
	return 1
}

// bodyRead is after the last byte of an argument of an array.
func (s *Session) bodyRead() {
	s.in.left--
	s.argumentRead(s.in.left)
	s.in.num.v = 2
	s.in.state = qAfter
}

// readNoMore is after what no command follows.
func (s *Session) readNoMore() {
	s.in = requests{state: qDead}
}
