package queuestore

import "sync"

// marks are what is known of all slots of a queue at once. They are learned by
// looking at slots while others come, and what comes lowers them after it became
// visible. So a look need not keep anybody out: what it may have missed lowers
// what it says in the end.
type marks struct {
	mu sync.Mutex

	// low is a place below which there is no message to be seen. Readers begin
	// there, not at what is left of the messages that were consumed.
	low, lowCame place
	// expiry is a time before which no message expires.
	expiry, expiryCame uint64
}

// came notes a slot that became visible to readers.
func (m *marks) came(at place, expires uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at.less(m.low) {
		m.low = at
	}
	if at.less(m.lowCame) {
		m.lowCame = at
	}
	m.expiry = min(m.expiry, expires)
	m.expiryCame = min(m.expiryCame, expires)
}

// beginLow begins a look for the first message, which endLow must end. One at a
// time.
func (m *marks) beginLow() place {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lowCame = nowhere
	return m.low
}

// endLow ends a look that found no message below a place.
func (m *marks) endLow(low place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.low = low
	if m.lowCame.less(low) {
		m.low = m.lowCame
	}
}

// beginExpiry and endExpiry are the same for a look at all messages.
func (m *marks) beginExpiry() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expiryCame = never
}

func (m *marks) endExpiry(expiry uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expiry = min(expiry, m.expiryCame)
}

// due reports whether a message may have expired.
func (m *marks) due(now uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.expiry <= now
}

// clear notes that there is no message any more.
func (m *marks) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.low, m.expiry = nowhere, never
}

// never is later than any expiry.
const never = ^uint64(0)
