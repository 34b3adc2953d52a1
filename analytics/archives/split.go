package archives

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"reslog/analytics/rows"
)

// splitter cuts a blob into records: lines, or JSON objects.
type splitter struct {
	r   io.Reader
	buf []byte // what was read and not given out
	at  int64  // offset of buf in the blob
	err error  // of r
	// inArray says that objects are elements of an array: then line breaks mean
	// nothing.
	inArray bool
}

// errTorn is the error about what is unfinished at the end of a blob.
var errTorn = errors.New("the end is unfinished")

// partError is the error about a part of a blob that is no record.
type partError struct{ reason string }

func (e *partError) Error() string { return e.reason }

const readSize = 256 << 10

// fill reads more; false at the end.
func (s *splitter) fill() bool {
	if s.err != nil {
		return false
	}
	if cap(s.buf)-len(s.buf) < readSize/4 {
		buf := make([]byte, len(s.buf), max(readSize, 2*len(s.buf)+readSize))
		copy(buf, s.buf)
		s.buf = buf
	}
	n, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
	s.buf = s.buf[:len(s.buf)+n]
	if err != nil {
		s.err = err
	}
	return n > 0 || err == nil
}

// end is why there is no more: io.EOF, or what went wrong.
func (s *splitter) end() error {
	if errors.Is(s.err, io.EOF) {
		return io.EOF
	}
	return s.err
}

// drop gives the first n bytes out.
func (s *splitter) drop(n int) []byte {
	part := s.buf[:n:n]
	s.buf, s.at = s.buf[n:], s.at+int64(n)
	return part
}

// peek returns the byte at i of what is not given out.
func (s *splitter) peek(i int) (byte, bool) {
	for len(s.buf) <= i {
		if !s.fill() {
			return 0, false
		}
	}
	return s.buf[i], true
}

// line gives out the next line, without its break. A line that is too long is
// a partError; one without a break at the end of the blob comes with errTorn.
func (s *splitter) line() ([]byte, error) {
	from := 0
	for {
		if i := bytes.IndexByte(s.buf[from:], '\n'); i >= 0 {
			line := s.drop(from + i + 1)
			if len(line) > rows.MaxLine {
				return nil, &partError{"the line is too long"}
			}
			return line[:len(line)-1], nil
		}
		if from = len(s.buf); from > rows.MaxLine {
			return nil, s.skipLine()
		}
		if !s.fill() {
			if err := s.end(); !errors.Is(err, io.EOF) || from == 0 {
				return nil, err
			}
			return s.buf, errTorn
		}
	}
}

// skipLine drops a line of any length.
func (s *splitter) skipLine() error {
	for {
		if i := bytes.IndexByte(s.buf, '\n'); i >= 0 {
			s.drop(i + 1)
			break
		}
		s.drop(len(s.buf))
		if !s.fill() {
			if err := s.end(); !errors.Is(err, io.EOF) {
				return err
			}
			break
		}
	}
	return &partError{"the line is too long"}
}

// object gives out the next JSON object. What is none is a partError, behind which
// the next call goes on. An object that does not end comes with errTorn.
func (s *splitter) object() ([]byte, error) {
	for {
		c, ok := s.peek(0)
		if !ok {
			return nil, s.end()
		}
		switch {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ']' || c == '}':
			s.drop(1)
		case c == ',' || c == '[':
			s.inArray = true
			s.drop(1)
		case c == bom[0] && s.hasBOM():
			s.drop(len(bom))
		case c != '{':
			return nil, s.bad()
		default:
			if n := s.header(); n > 0 {
				s.inArray = true
				s.drop(n)
				continue
			}
			return s.braces()
		}
	}
}

const bom = "\xEF\xBB\xBF"

func (s *splitter) hasBOM() bool {
	s.peek(len(bom) - 1)
	return bytes.HasPrefix(s.buf, []byte(bom))
}

// looksLikeJSON reports whether what comes begins as JSON does, in the middle of an
// array, too.
func (s *splitter) looksLikeJSON() bool {
	i := 0
	if s.hasBOM() {
		i = len(bom)
	}
	for ; i < 256; i++ {
		switch c, ok := s.peek(i); {
		case !ok:
			return true // there is nothing
		case c != ' ' && c != '\n' && c != '\r' && c != '\t':
			return strings.IndexByte("{[,]}", c) >= 0
		}
	}
	return true
}

// header returns the length of {"records":[ if that is what comes.
func (s *splitter) header() int {
	i := 0
	for _, token := range [...]string{"{", `"records"`, ":", "["} {
		for {
			c, ok := s.peek(i)
			if !ok || i > 256 {
				return 0
			}
			if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
				break
			}
			i++
		}
		s.peek(i + len(token) - 1)
		if !bytes.HasPrefix(s.buf[i:], []byte(token)) {
			return 0
		}
		i += len(token)
	}
	return i
}

// bad drops the rest of the line, which is no record.
func (s *splitter) bad() error {
	_, err := s.line()
	var part *partError
	if err == nil || errors.As(err, &part) {
		return &partError{"this is not a JSON object"}
	}
	return err
}

// maxSpread bounds how far an object may go on behind the line that it begins in,
// when it is not an element of an array.
const maxSpread = 64 << 10

// braces gives out the object that begins here. Outside of an array one that is
// broken costs no more than its line.
func (s *splitter) braces() ([]byte, error) {
	if n := s.plainLine(); n > 0 {
		return s.whole(n, false)
	}
	depth, firstBreak := 0, -1
	inString, escaped := false, false
	for i := 0; ; i++ {
		if i >= len(s.buf) && !s.more(i) {
			if err := s.end(); !errors.Is(err, io.EOF) {
				return nil, err
			}
			if firstBreak >= 0 && !s.inArray {
				return nil, s.bad()
			}
			return s.buf, errTorn
		}
		c := s.buf[i]
		if c == '\n' && !s.inArray {
			if firstBreak < 0 {
				firstBreak = i
			}
			next, _ := s.peek(i + 1)
			if inString || next == '{' || i-firstBreak > maxSpread {
				return nil, s.bad()
			}
		}
		if i > rows.MaxLine {
			if !s.inArray {
				return nil, s.bad()
			}
			s.drop(i)
			return nil, &partError{"the object is too long"}
		}
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped = c == '\\'
			inString = c != '"'
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth == 0 {
			return s.whole(i+1, firstBreak >= 0)
		}
	}
}

// plainLine returns the length of the object that is a line of its own, as nearly
// all are; 0 when that is not what comes.
func (s *splitter) plainLine() int {
	if s.inArray {
		return 0
	}
	n := bytes.IndexByte(s.buf, '\n')
	for n < 0 && len(s.buf) <= rows.MaxLine && s.more(len(s.buf)) {
		n = bytes.IndexByte(s.buf, '\n')
	}
	if n < 0 {
		return 0
	}
	line := bytes.TrimRight(s.buf[:n], " \t\r")
	if len(line) > rows.MaxLine || !rows.IsObject(line) {
		return 0
	}
	return len(line)
}

// more makes the byte at i be there; false at the end.
func (s *splitter) more(i int) bool {
	_, ok := s.peek(i)
	return ok
}

// whole gives out an object of n bytes. One that is spread over lines must be
// right, else it is the first line that is wrong.
func (s *splitter) whole(n int, spread bool) ([]byte, error) {
	if spread && !rows.IsObject(s.buf[:n]) {
		return nil, s.bad()
	}
	object := s.drop(n)
	s.lineBreak()
	return object, nil
}

// lineBreak drops what ends a line, so that the position is behind it.
func (s *splitter) lineBreak() {
	for i := 0; i < 4; i++ {
		switch c, ok := s.peek(i); {
		case ok && c == '\n':
			s.drop(i + 1)
			return
		case !ok || c != ' ' && c != '\r' && c != '\t':
			return
		}
	}
}
