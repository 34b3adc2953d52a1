package queuestore

import "testing"

// TestMarks checks that what comes during a look is not forgotten at its end.
func TestMarks(t *testing.T) {
	var m marks
	m.clear()
	for _, c := range []struct{ came, end, want place }{
		{nowhere, place{5, 1}, place{5, 1}},
		{place{4, 9}, place{7, 0}, place{4, 9}},
		{place{7, 0}, place{6, 0}, place{6, 0}},
		{place{6, 1}, place{6, 2}, place{6, 1}},
	} {
		m.beginLow()
		m.came(c.came, never)
		m.endLow(c.end)
		if m.low != c.want {
			t.Errorf("low is %v, want %v", m.low, c.want)
		}
	}
	m.came(place{1, 1}, never)
	if low := m.beginLow(); low != (place{1, 1}) {
		t.Errorf("a look begins at %v", low)
	}

	m.clear()
	for _, c := range []struct{ came, end, want uint64 }{
		{never, 5, 5}, {4, 7, 4}, {9, 6, 6},
	} {
		m.beginExpiry()
		m.came(nowhere, c.came)
		m.endExpiry(c.end)
		if m.due(c.want-1) || !m.due(c.want) {
			t.Errorf("due at %d, want %d", m.expiry, c.want)
		}
	}
	m.came(nowhere, 2)
	if m.due(1) || !m.due(2) {
		t.Errorf("due at %d, want 2", m.expiry)
	}
}
