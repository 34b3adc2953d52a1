package session

import "reslog/service/redis/event"

// credentials is what is read of the arguments of AUTH and HELLO. Passwords are
// never in it, but for the one argument of an inline AUTH until it is wiped.
type credentials struct {
	// first and last are the users of the first and the last AUTH of a HELLO; with one
	// only last is set.
	first, last []byte
	auths       uint8 // at most 3, which is many
	// bad says that HELLO has an option that is none, after those that are counted.
	bad  bool
	next helloArgument
}

// helloArgument is what an argument of HELLO is.
type helloArgument uint8

const (
	helloVersion helloArgument = iota
	helloOption
	helloUser
	helloPassword
	helloName
	helloNothing // after a bad option
)

func (c *credentials) wipe() {
	if c != nil {
		clear(c.last)
		c.last = nil
	}
}

// addUser takes bytes of a user's name.
func (c *credentials) addUser(b []byte) {
	c.last = append(c.last, b[:min(len(b), event.MaxUser-len(c.last))]...)
}

// matters reports whether the bytes of the argument that is read are looked at.
func (r *requests) matters() bool {
	if r.arg == 0 {
		return true
	}
	switch r.kind {
	case client, replconf, hello:
		return true
	case auth:
		return r.creds != nil && r.arg == 1
	default:
		return false
	}
}

func (s *Session) argumentByte(c byte) {
	if s.in.matters() {
		one := [1]byte{c}
		s.argumentBytes(one[:])
	}
}

// argumentBytes takes bytes of an argument that matters.
func (s *Session) argumentBytes(b []byte) {
	r := &s.in
	if r.arg > 0 {
		switch {
		case r.kind == auth, r.kind == hello && r.creds.next == helloUser:
			r.creds.addUser(b)
			return
		case r.kind == hello && r.creds.next == helloName:
			for _, c := range b {
				if c < '!' || c > '~' {
					r.creds.bad = true
				}
			}
			return
		case r.kind == hello && r.creds.next != helloOption:
			return
		}
	}
	// What does not fit is no word that is known: ntok then says more than is there.
	for _, c := range b {
		if int(r.ntok) < len(r.tok) {
			r.tok[r.ntok] = c
		}
		r.ntok = min(r.ntok+1, uint8(len(r.tok))+1)
	}
}

// token is the argument just read, nil if it is longer than any that is known.
func (r *requests) token() []byte {
	if int(r.ntok) > len(r.tok) {
		return nil
	}
	return r.tok[:r.ntok]
}

// argumentRead is after the last byte of an argument. left is how many follow, -1
// when that is not known.
func (s *Session) argumentRead(left int64) {
	r := &s.in
	tok := r.token()
	switch {
	case r.arg == 0:
		if tok != nil {
			r.kind = classify(tok)
		}
		if r.kind == hello || r.kind == auth && (left == 2 || left < 0) {
			r.creds = &credentials{}
		}
	case r.kind == hello:
		r.creds.helloArgument(tok)
	case r.kind == client && r.arg == 1:
		if !isWord(tok, "reply") {
			r.kind = plain
		}
	case r.kind == client:
		switch {
		case isWord(tok, "on"):
			r.kind = replyOn
		case isWord(tok, "off"):
			r.kind = replyOff
		case isWord(tok, "skip"):
			r.kind = replySkip
		default:
			r.kind = plain
		}
	case r.kind == replconf && r.arg%2 == 1:
		if isWord(tok, "ack") || isWord(tok, "getack") {
			r.kind = ack
		}
	}
	r.ntok = 0
	if r.arg < 1<<31 {
		r.arg++
	}
}

// helloArgument is after an argument of HELLO; tok is it where an option may be.
func (c *credentials) helloArgument(tok []byte) {
	switch c.next {
	case helloVersion, helloPassword:
		c.next = helloOption
	case helloUser:
		c.next = helloPassword
	case helloName:
		c.next = helloOption
		if c.bad {
			c.next = helloNothing
		}
	case helloOption:
		switch {
		case isWord(tok, "auth"):
			if c.auths == 1 {
				c.first = c.last
				c.last = nil
			}
			c.auths = min(c.auths+1, 3)
			c.last = c.last[:0]
			c.next = helloUser
		case isWord(tok, "setname"):
			c.next = helloName
		default:
			c.bad = true
			c.next = helloNothing
		}
	case helloNothing:
	}
}
