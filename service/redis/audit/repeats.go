package audit

import (
	"hash/maphash"
	"net/netip"

	"reslog/service/redis/event"
)

// maxRemembered is how many connections with authentications are remembered at
// least: the newest. There are at most twice as many.
const maxRemembered = 1 << 16

// repeats remembers what the authentications on connections said, as a cluster
// tells each time that it checks a connection again, and clients of Entra ID
// authenticate every second.
//
// A success is no event of its own when the last success on that connection was of
// the same status and user: a failure in between leaves a client who it was. The
// proxy has the same rule. Nor is a status that is pending, when the last of those
// was the same and no failure came since.
//
// Of a connection that has been forgotten, because it is not among the maxRemembered
// that authenticated last, the next success is an event again.
type repeats struct {
	seed         maphash.Seed
	newer, older map[session]outcome
}

// session is a connection of a database; the host keeps apart nodes whose IDs
// might be the same.
type session struct {
	host netip.Addr
	id   int64
}

// outcome has hashes of the last status and user of a success, and of one that is
// pending; 0 is none.
type outcome struct{ success, pending uint64 }

func newRepeats() *repeats {
	return &repeats{seed: maphash.MakeSeed(), newer: map[session]outcome{}}
}

// known reports whether an authentication repeats what was known already.
func (r *repeats) known(s session, status event.Status, user string) bool {
	was, ok := r.newer[s]
	if !ok {
		was = r.older[s]
	}
	is, hash := was, r.hash(status, user)
	switch {
	case status.Succeeded():
		is.success = hash
	case status.Pending():
		is.pending = hash
	case was.pending == 0:
		return false
	default:
		is.pending = 0
	}
	if ok && is == was {
		return true
	}
	if !ok && len(r.newer) >= maxRemembered {
		r.newer, r.older = map[session]outcome{}, r.newer
	}
	r.newer[s] = is
	return is == was
}

// forget forgets a connection: it is new, or closed.
func (r *repeats) forget(s session) {
	delete(r.newer, s)
	delete(r.older, s)
}

func (r *repeats) hash(status event.Status, user string) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	_ = h.WriteByte(byte(status))
	_, _ = h.WriteString(user)
	return h.Sum64() | 1
}
