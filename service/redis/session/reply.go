package session

import "bytes"

// replies is where the reading of replies stands.
type replies struct {
	state   replyState
	typ     byte // of the element that is read
	top     byte // of the reply, 0 between replies
	first   bool // the element is the reply itself
	look    bool // the reply is looked into
	keep    bool // text takes the element that is read
	cr      bool // the last byte was \r
	chunks  bool // the element is a string in chunks
	aside   bool // what is read is an attribute before a reply
	version bool // of HELLO: the next element is the version
	ntext   uint8
	need    int64 // elements to come, endless where only a . ends them
	skip    int64 // bytes to come of what is skipped
	seen    int64 // elements that came
	count   int64 // the number of the reply, if it is an aggregate
	last    int64 // the last integer in it
	num     number
	text    [40]byte
}

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
			if o.top == 0 {
				if s.lead > 0 && s.watch == 0 {
					if end := scalar(b, i); end > 0 {
						if isError(b[i]) {
							errs++
						}
						s.lead--
						i = end
						continue
					}
				}
			} else if !o.look && o.need > 0 {
				if end := scalar(b, i); end > 0 {
					if isError(b[i]) {
						errs++
					}
					i = end
					if o.need--; o.need == 0 {
						s.levelRead()
					}
					continue
				}
			}
			if isError(b[i]) {
				errs++
			}
		}
		i += s.readReply(b[i:])
	}
	if errs != 0 {
		s.counts.Errors.Add(errs)
	}
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
		n := int(min(o.skip, int64(len(b))))
		s.elementBytes(b[:n])
		if o.skip -= int64(n); o.skip == 0 {
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
