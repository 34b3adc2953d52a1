package session

import "bytes"

// replies is where the reading of replies stands.
type replies struct {
	state   replyState
	typ     byte       // of the element that is read
	top     byte       // of the reply, 0 between replies
	first   bool       // the element is the reply itself
	look    bool       // the reply is looked into
	keep    bool       // text takes the element that is read
	cr      bool       // the last byte was \r
	chunks  bool       // the element is a string in chunks
	aside   bool       // what is read is an attribute before a reply
	field   helloField // of the reply to HELLO: what the next element is
	foreign bool       // of the reply to HELLO: it is not Redis that says so
	seen    bool       // an element came
	ntext   uint8
	need    int64  // elements to come, endless where only a . ends them
	count   int64  // the number of the reply, if it is an aggregate
	last    int64  // the last integer in it
	num     number // a number, or how many bytes of what follows it are to come
	text    [maxText]byte
}

// maxText is how much of a reply is enough to tell what it says.
const maxText = 40

// helloField is what of the reply to HELLO is read.
type helloField uint8

const (
	otherField helloField = iota
	serverField
	versionField
)

type replyState uint8

const (
	aType   replyState = iota // the type of an element
	aLine                     // an element up to its end of line
	aNumber                   // a length
	aBody                     // as many bytes
	aAfter                    // the end of line after them
	aChunk                    // the ; of a chunk
)

// endless is the number of elements of an aggregate that a . ends.
const endless = -1

// reply is one that was read.
type reply struct {
	typ byte
	// text is the start of it, or of the first element if that is a string.
	text        []byte
	count, last int64
}

func (r reply) failed() bool { return isError(r.typ) }

func (r reply) is(text string) bool { return r.typ == '+' && string(r.text) == text }

func (r reply) starts(prefix string) bool { return bytes.HasPrefix(r.text, []byte(prefix)) }

// Reply follows what the server answered. It does not keep b.
func (s *Session) Reply(b []byte) {
	if len(b) == 0 {
		return
	}
	s.counts.ReplyBytes.Add(int64(len(b)))
	var errs int64
	o := &s.out
	for i := 0; i < len(b) && !s.blind; {
		if o.state == aType {
			if isError(b[i]) {
				errs++
			}
			if o.top == 0 && s.lead > 0 && s.watch == 0 { // nearly always
				if end := scalar(b, i); end > 0 {
					s.lead--
					i = end
					continue
				}
			}
			if end := s.readElement(b, i); end > 0 {
				i = end
				continue
			}
		}
		i += s.readReply(b[i:])
	}
	if errs != 0 {
		s.counts.Errors.Add(errs)
	}
}

// readElement takes an element that begins at b[i], or the head of an aggregate, and
// returns its end; 0 where it is not all in b, or needs a closer look.
func (s *Session) readElement(b []byte, i int) int {
	o := &s.out
	switch {
	case b[i] == '*' || b[i] == '%' || b[i] == '~':
		n, end := length(b, i+1)
		if end == 0 || b[end-1] != '\n' {
			return 0
		}
		if s.elementBegun(b[i]); !s.blind {
			s.aggregateBegun(int64(n))
		}
		return end
	case o.top == 0 && s.headKind() != replicate:
		end := scalar(b, i)
		if end > 0 {
			s.answer(reply{typ: b[i], text: scalarText(b[i:end])})
		}
		return end
	case o.top != 0 && !o.look && o.need > 0:
		end := scalar(b, i)
		if end > 0 {
			if o.need--; o.need == 0 {
				s.levelRead()
			}
		}
		return end
	}
	return 0
}

// readReply takes at least one byte of b and returns how many.
func (s *Session) readReply(b []byte) int {
	o := &s.out
	c := b[0]
	switch o.state {
	case aType:
		s.elementBegun(c)
	case aLine:
		if o.cr && c == '\n' {
			o.cr = false
			s.elementLineRead()
			return 1
		}
		n := bytes.IndexByte(b, '\r')
		if o.cr = n >= 0; !o.cr {
			n = len(b)
		}
		s.elementBytes(b[:n])
		if o.cr {
			n++
		}
		return n
	case aNumber:
		switch {
		case o.cr && c == '\n':
			o.cr = false
			s.elementNumberRead()
		case o.cr:
			s.giveUp()
		case c == '\r':
			o.cr = true
		case c == '?' && o.num == number{} && !o.chunks:
			o.chunks = true
		case o.chunks && o.typ != ';', !o.num.add(c):
			s.giveUp()
		}
	case aBody:
		n := int(min(o.num.v, int64(len(b))))
		s.elementBytes(b[:n])
		if o.num.v -= int64(n); o.num.v == 0 {
			o.state = aAfter
		}
		return n
	case aAfter:
		switch {
		case c == '\r' && !o.cr:
			o.cr = true
		case c == '\n' && o.cr:
			o.cr = false
			if o.chunks {
				o.state = aChunk
			} else {
				s.elementRead()
			}
		default:
			s.giveUp()
		}
	case aChunk:
		if c != ';' {
			s.giveUp()
			break
		}
		o.typ = ';'
		o.num = number{}
		o.state = aNumber
	}
	return 1
}
