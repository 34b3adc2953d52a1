package audit

import "net/netip"

// Bounds of what a sender controls: workers that are followed on a connection,
// hosts with a worker that are remembered, and sequences of each.
const (
	maxWorkers   = 256
	maxPlaces    = 4096
	maxSequences = 32
)

// place is where sequences come from: a worker of a host; the zero address stands
// for a Unix socket. Several nodes behind one address look like one place.
type place struct {
	host   netip.Addr
	worker int64
}

// sequence is a row of numbers of one worker, over all its connections.
type sequence struct {
	last int64
	// live is set while its connection is open.
	live bool
	// successor goes on with this sequence, if this is really over; gap is what would
	// be missing in between.
	successor *sequence
	gap       int64
}

// sequences counts what is missing. Numbers of one connection are in order, so a
// gap is a loss, and a number that is not higher than the last is a new beginning,
// of a worker that was restarted.
//
// A new connection goes on with the sequence of its place that ends closest below
// its first number. When the connection of that is still open, it may be one that
// broke without our noticing, or another node behind the same address: the gap is
// counted when it ends without having said any more.
//
// What was before the first record is not known: a new process begins anew.
type sequences struct {
	places         map[place][]*sequence
	lost, restarts int64
}

// follower has the sequences of one connection.
type follower map[int64]*sequence

// take counts the number of a record, and returns how many were missing before it.
func (s *sequences) take(f follower, host netip.Addr, worker, number int64) (missing int64) {
	q := f[worker]
	if q == nil {
		if len(f) >= maxWorkers {
			return 0
		}
		q, missing = s.begin(place{host, worker}, number)
		f[worker] = q
		s.lost += missing
		return missing
	}
	q.successor = nil // it goes on by itself
	if number <= q.last {
		s.restarts++
	} else {
		missing = number - q.last - 1
		s.lost += missing
	}
	q.last = number
	return missing
}

// begin starts the sequence of a connection that sends its first number.
func (s *sequences) begin(p place, number int64) (*sequence, int64) {
	known := s.places[p]
	best, ended := -1, false
	for i, q := range known {
		ended = ended || !q.live
		if q.last < number && q.successor == nil && (best < 0 || q.last > known[best].last) {
			best = i
		}
	}
	next := &sequence{last: number, live: true}
	var missing int64
	switch {
	case best >= 0 && known[best].live:
		known[best].successor, known[best].gap = next, number-known[best].last-1
	case best >= 0:
		missing = number - known[best].last - 1
		known = append(known[:best], known[best+1:]...)
	case ended:
		s.restarts++
	}
	s.remember(p, append(known, next))
	return next, missing
}

// remember keeps the sequences of a place, without the oldest that are too many.
func (s *sequences) remember(p place, known []*sequence) {
	if s.places == nil {
		s.places = map[place][]*sequence{}
	}
	if len(known) > maxSequences {
		known = append(known[:0], known[len(known)-maxSequences:]...)
	}
	if _, ok := s.places[p]; !ok && len(s.places) >= maxPlaces {
		for other := range s.places {
			delete(s.places, other) // any one
			break
		}
	}
	s.places[p] = known
}

// end tells that a connection is closed, and returns what was missing between it
// and those that went on before.
func (s *sequences) end(f follower, host netip.Addr) (missing int64) {
	for worker, q := range f {
		q.live = false
		if q.successor == nil {
			continue
		}
		missing += q.gap
		p := place{host, worker}
		known := s.places[p]
		for i := range known {
			if known[i] == q {
				s.places[p] = append(known[:i], known[i+1:]...)
				break
			}
		}
	}
	s.lost += missing
	return missing
}
