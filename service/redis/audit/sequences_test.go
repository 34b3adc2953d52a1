package audit

import (
	"net/netip"
	"testing"
)

func TestSequences(t *testing.T) {
	one, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	// A step is a number that a connection sends, or its end.
	type step struct {
		conn   int
		host   netip.Addr
		worker int64
		seq    int64 // -1 is the end
	}
	in := func(conn int, seqs ...int64) (s []step) {
		for _, seq := range seqs {
			s = append(s, step{conn, one, 0, seq})
		}
		return s
	}
	all := func(s ...[]step) (out []step) {
		for _, s := range s {
			out = append(out, s...)
		}
		return out
	}
	const end = -1
	for _, c := range []struct {
		name           string
		steps          []step
		lost, restarts int64
	}{
		{"no gap", in(1, 0, 1, 2, 3), 0, 0},
		{"what was before is not known", in(1, 500, 501), 0, 0},
		{"a gap", in(1, 0, 1, 5), 3, 0},
		{"the gap of the documentation", in(1, 0, 1, 3, 4, 5), 1, 0},
		{"begun anew", in(1, 7, 8, 0, 1), 0, 1},
		{"the same again", in(1, 7, 8, 8, 9), 0, 1},
		{"begun anew, then a gap", in(1, 7, 0, 2), 1, 1},
		{"goes on over a new connection", all(in(1, 0, 1, end), in(2, 2, 3)), 0, 0},
		{"lost between connections", all(in(1, 0, 1, end), in(2, 7, 8)), 5, 0},
		{"begun anew over a new connection", all(in(1, 0, 1, 2, end), in(2, 0, 1)), 0, 1},
		{"goes on after it began anew", all(in(1, 90, 91, end), in(2, 0, 1, end), in(3, 2)), 0, 1},
		{"workers have their own", []step{{1, one, 0, 0}, {1, one, 1, 50}, {1, one, 0, 1}, {1, one, 1, 52}}, 1, 0},
		{"hosts have their own", []step{{1, one, 0, 0}, {2, other, 0, 70}, {1, one, 0, 1}, {1, one, 0, end}, {2, other, 0, end}, {3, other, 0, 71}}, 0, 0},
		{"a connection that broke unnoticed", all(in(1, 0, 1), in(2, 4, 5), in(1, end)), 2, 0},
		{"and it is not counted before", all(in(1, 0, 1), in(2, 4, 5)), 0, 0},
		{"two nodes behind one address", all(in(1, 10), in(2, 500), in(1, 11), in(2, 501), in(1, 12), in(1, end), in(2, end)), 0, 0},
		{"both connect anew", all(in(1, 10), in(2, 500), in(1, 11, end), in(2, 501, end), in(3, 503), in(4, 12)), 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s sequences
			conns := map[int]follower{}
			var told int64
			for _, step := range c.steps {
				f := conns[step.conn]
				if f == nil {
					f = follower{}
					conns[step.conn] = f
				}
				if step.seq == end {
					told += s.end(f, step.host)
				} else {
					told += s.take(f, step.host, step.worker, step.seq)
				}
			}
			if s.lost != c.lost || s.restarts != c.restarts || told != s.lost {
				t.Errorf("lost %d (told %d), restarts %d, want %d and %d", s.lost, told, s.restarts, c.lost, c.restarts)
			}
		})
	}
}

// TestSequencesBounds has a sender that makes up workers, hosts and connections.
func TestSequencesBounds(t *testing.T) {
	var s sequences
	f := follower{}
	host := netip.MustParseAddr("10.0.0.1")
	for worker := range int64(10_000) {
		s.take(f, host, worker, 1)
	}
	if len(f) != maxWorkers {
		t.Errorf("%d workers are followed", len(f))
	}
	for range 10_000 {
		f := follower{}
		s.take(f, host, 0, 0)
		s.end(f, host)
		host = host.Next()
	}
	for i := range int64(1000) {
		s.take(follower{}, host, 0, 1000-i)
	}
	if len(s.places) > maxPlaces {
		t.Errorf("%d places are remembered", len(s.places))
	}
	if n := len(s.places[place{host, 0}]); n != maxSequences {
		t.Errorf("%d sequences of one place", n)
	}
}
