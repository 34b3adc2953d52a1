package session

const (
	// maxElements bounds what one aggregate says to hold, maxDepth how many may be
	// open of those that a . ends, and of those inside them.
	maxElements = 1 << 32
	maxDepth    = 16
)

// elementBegun is at the type of an element.
func (s *Session) elementBegun(c byte) {
	o := &s.out
	if o.top == 0 {
		head := s.headKind()
		if head == replicate && c != '-' && c != '+' && c != '>' {
			s.giveUp() // what follows is no reply
			return
		}
		*o = replies{top: c, need: 1, first: true}
		o.look = s.lead == 0 || s.watch != 0 || c == '>'
	} else {
		o.first = false
	}
	o.typ = c
	o.num = number{}
	o.cr, o.chunks = false, false
	o.keep = o.look && (!o.seen || s.headKind() == hello)
	switch c {
	case '+', '-', ':', '_', '#', ',', '(':
		o.state = aLine
	case '.':
		o.state = aLine
		if o.need != endless {
			s.giveUp()
		}
	case '$', '=', '!', '*', '%', '~', '>', '|':
		o.state = aNumber
	default:
		s.giveUp()
	}
	if o.keep {
		o.ntext = 0
	}
}

// headKind is the kind of the command whose reply is next.
func (s *Session) headKind() kind {
	if s.lead > 0 || s.q == nil {
		return plain
	}
	return s.q.items[0].kind
}

// elementBytes takes bytes of an element that is no aggregate.
func (s *Session) elementBytes(b []byte) {
	o := &s.out
	if !o.look {
		return
	}
	if o.typ == ':' {
		for _, c := range b {
			o.num.add(c)
		}
	}
	if o.keep {
		o.ntext += uint8(copy(o.text[o.ntext:], b))
	}
}

func (s *Session) elementLineRead() {
	o := &s.out
	switch o.typ {
	case '.':
		s.levelRead()
		return
	case ':':
		o.last, _ = o.num.value()
	}
	s.elementRead()
}

// elementNumberRead is after the number of a string or an aggregate.
func (s *Session) elementNumberRead() {
	o := &s.out
	if o.chunks && o.typ != ';' {
		s.streamBegun()
		return
	}
	n, ok := o.num.value()
	switch {
	case !ok || n < -1 || n == -1 && o.typ != '$' && o.typ != '*':
		s.giveUp()
		return
	case n == -1:
		if o.first {
			o.count = n
		}
		s.elementRead()
		return
	}
	switch o.typ {
	case '$', '=', '!', ';':
		o.num.v = n
		switch {
		case n > 0:
			o.state = aBody
		case o.typ == ';': // the last chunk
			o.chunks = false
			s.elementRead()
		default:
			o.state = aAfter
		}
	default:
		s.aggregateBegun(n)
	}
}

// streamBegun is after the ? in the place of a number.
func (s *Session) streamBegun() {
	o := &s.out
	switch o.typ {
	case '$':
		o.state = aChunk
	case '*', '%', '~':
		o.chunks = false
		o.state = aType
		if o.first {
			s.aggregateSeen()
		} else {
			o.seen = true
		}
		s.inner(endless)
	default:
		s.giveUp()
	}
}

// aggregateSeen says whether the elements of the reply, an aggregate, are looked at.
func (s *Session) aggregateSeen() {
	head := s.headKind()
	s.out.look = s.out.typ == '>' || head == hello || head.subscribes() || s.watch&watchSubscribed != 0
}

// aggregateBegun is after the number of an aggregate.
func (s *Session) aggregateBegun(n int64) {
	o := &s.out
	o.state = aType
	if n > maxElements {
		s.giveUp()
		return
	}
	if o.first {
		o.count = n
		s.aggregateSeen()
	} else {
		o.seen = true
	}
	if o.typ == '%' || o.typ == '|' {
		n *= 2
	}
	// An attribute is no element, and neither is a push that an old server wrote into
	// a reply.
	apart := !o.first && (o.typ == '|' || o.typ == '>')
	switch {
	case o.first && o.typ == '|':
		o.aside = true
		if o.need = n; n == 0 {
			s.replyRead()
		}
	case o.first && o.typ == '*' && s.tx != nil && s.headKind() == exec:
		o.top = 0
		s.execute(n)
	case o.need == endless && n > 0:
		s.inner(n)
	case o.need == endless:
	case o.need > maxElements*maxDepth:
		s.giveUp()
	case apart:
		o.need += n
	case n == 0:
		s.elementRead()
	default:
		o.need += n - 1
	}
}

// inner begins elements that are counted on their own.
func (s *Session) inner(need int64) {
	r := s.rarely()
	if len(r.outer) == maxDepth {
		s.giveUp()
		return
	}
	r.outer = append(r.outer, s.out.need)
	s.out.need = need
}

// elementRead is after an element.
func (s *Session) elementRead() {
	o := &s.out
	o.state = aType
	o.seen = true
	if o.look && s.headKind() == hello {
		s.helloElement(o.text[:o.ntext])
	}
	if o.need == endless {
		return
	}
	if o.need--; o.need == 0 {
		s.levelRead()
	}
}

// helloElement takes an element of the reply to HELLO.
func (s *Session) helloElement(text []byte) {
	o := &s.out
	switch {
	case o.field == serverField:
		o.foreign = string(text) != "redis"
	case o.field == versionField && !o.foreign:
		s.learnVersion(text)
	}
	switch string(text) {
	case "server":
		o.field = serverField
	case "version":
		o.field = versionField
	default:
		o.field = otherField
	}
}

// levelRead is after the last of elements that are counted together.
func (s *Session) levelRead() {
	o := &s.out
	o.state = aType
	for s.rare != nil && len(s.rare.outer) > 0 {
		last := len(s.rare.outer) - 1
		o.need = s.rare.outer[last]
		s.rare.outer = s.rare.outer[:last]
		if o.need == endless {
			return
		}
		if o.need--; o.need > 0 {
			return
		}
	}
	s.replyRead()
}

// replyRead is after the last byte of a reply.
func (s *Session) replyRead() {
	o := &s.out
	r := reply{typ: o.top, text: o.text[:o.ntext], count: o.count, last: o.last}
	aside := o.aside
	o.top, o.aside, o.state = 0, false, aType
	if !aside {
		s.answer(r)
	}
}
