package relay

import (
	"net/netip"
	"time"

	"reslog/service/redis/event"
)

// stage is how far a connection got.
type stage uint8

const (
	heading    stage = iota // a PROXY header is to come
	connecting              // to the server
	waiting                 // for the server's Unix socket to take one more
	moving                  // bytes
	leaving                 // was told why, and is to close
)

// side is a side of a connection: the index of its end.
const (
	client = 0
	server = 1
)

// end is the socket of one side.
type end struct {
	fd int
	// readable says that there may be something to read: events tell of changes only.
	readable bool
	// gone says that what can be read has an end, which is why a short read does not
	// mean that nothing is left.
	gone bool
	// ended says that its end was read.
	ended bool
	// broken says that it takes no more.
	broken bool
	// watched says that the loop hears of it.
	watched bool
	// room says that the loop hears when it takes bytes again.
	room bool
	// held are bytes of the other end that it did not take yet, in hold.
	held []byte
	hold *[chunk]byte
}

// conn is a connection of a client.
type conn struct {
	slot  uint32
	stage stage
	guard guard
	why   event.Reason // of the side that ended first
	peer  Peer
	tap   Tap
	ends  [2]end

	// Of connecting: addresses left to try, from first on, until a time.
	addresses    []netip.AddrPort
	first, tried int
	until        time.Duration

	// Of deadlines.
	in             *deadlines
	due            time.Duration
	earlier, later *conn
}

// slot is a place for a connection. Events name it with its generation, which is how
// those of a connection that was closed since are told from those of the next.
type slot struct {
	conn       *conn
	generation uint32
}

// slots are the connections of a loop.
type slots struct {
	all  []slot
	free []uint32
}

func (s *slots) add(c *conn) {
	if n := len(s.free); n > 0 {
		c.slot = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		c.slot = uint32(len(s.all))
		s.all = append(s.all, slot{})
	}
	s.all[c.slot].conn = c
}

func (s *slots) remove(c *conn) {
	at := &s.all[c.slot]
	at.conn = nil
	at.generation++
	s.free = append(s.free, c.slot)
}

// get returns the connection in a slot, nil when it is not of that generation.
func (s *slots) get(index, generation uint32) *conn {
	if at := &s.all[index]; at.generation == generation {
		return at.conn
	}
	return nil
}

// has reports whether c was not closed.
func (s *slots) has(c *conn) bool { return s.all[c.slot].conn == c }
