package session

import (
	"fmt"
	"testing"
)

// state is all that later bytes can depend on, and what was told and counted.
func (w *watched) state() string {
	s := w.Session
	in, out := s.in, s.out
	creds := ""
	if in.creds != nil {
		creds = fmt.Sprintf("%+v", *in.creds)
	}
	in.creds = nil
	if !out.look {
		out.seen, out.last = false, 0
	}
	switch { // the rest is of what was read before
	case out.top == 0:
		out = replies{state: out.state}
	case out.state == aType && !out.look:
		out = replies{top: out.top, aside: out.aside, need: out.need}
	case out.state == aType:
		out.num, out.typ, out.first, out.keep, out.cr = number{}, 0, false, false, false
	}
	if w.blind {
		out = replies{}
	}
	if in.state == qStart {
		in = requests{}
	}
	return fmt.Sprintf("%q user %q who %d status %d watch %d proto %d blind %v owed %v lead %d %s tx %s %d %d subs %d %d %d in %+v %s out %+v rare %+v counts %d %d %d %d %d %d %d %d %d",
		w.events, s.user, s.who, s.status, s.watch, s.proto, s.blind, s.owed, s.lead*step1(!s.blind), s.q, s.tx, s.queued, s.txLead,
		s.channels, s.patterns, s.shards, in, creds, out, s.rare,
		w.counts.Commands.Load(), w.counts.Gets.Load(), w.counts.Sets.Load(), w.counts.Errors.Load(), w.counts.RequestBytes.Load(),
		w.counts.ReplyBytes.Load(), w.counts.Untold.Load(), w.counts.Unknown.Load(), w.counts.Blinded.Load())
}

func step1(yes bool) uint64 { return uint64(oneIf(yes)) }

func (q *queue) String() string {
	if q == nil {
		return "none"
	}
	return fmt.Sprintf("%+v %q", q.items, q.names)
}

func (r *rare) String() string {
	if r == nil {
		return fmt.Sprintf("%q %v", []byte(nil), []int64{})
	}
	return fmt.Sprintf("%q %v", r.maybe, append([]int64{}, r.outer...))
}

// cuts makes pieces of sizes that data says.
func cuts(data []byte) func(string) []string {
	i := 0
	return func(s string) []string {
		var out []string
		for len(s) > 0 {
			n := len(s)
			if len(data) > 0 {
				n = min(n, 1+int(data[i%len(data)]))
				i++
			}
			out = append(out, s[:n])
			s = s[n:]
		}
		return out
	}
}

// check feeds steps in three ways, which must come to the same.
func check(t *testing.T, steps []step, sizes []byte) {
	t.Helper()
	var states [3]string
	for i, cut := range []func(string) []string{whole, bytesOf, cuts(sizes)} {
		w := watchNew(&Counts{})
		w.feed(steps, cut)
		states[i] = w.state()
		for _, q := range []*queue{w.q, w.tx} {
			if q != nil && (len(q.items) > 2*maxItems+2 || len(q.names) > 2*maxNames) {
				t.Fatalf("%d items with %d bytes of names", len(q.items), len(q.names))
			}
		}
	}
	if states[0] != states[1] || states[0] != states[2] {
		t.Fatalf("not the same\nwhole:  %s\nbytes:  %s\npieces: %s", states[0], states[1], states[2])
	}
}

func addTranscripts(f *testing.F, add func(requests, replies, both string)) {
	f.Helper()
	for _, tr := range transcripts() {
		var requests, replies, both string
		for _, st := range tr.steps {
			if st.reply {
				replies += st.b
			} else {
				requests += st.b
			}
			for _, b := range bytesOfLength(st.b, 127) {
				n := len(b)
				if st.reply {
					n |= 128
				}
				both += string([]byte{byte(n)}) + b
			}
		}
		add(requests, replies, both)
	}
}

func bytesOfLength(s string, n int) []string {
	var out []string
	for len(s) > 0 {
		k := min(n, len(s))
		out = append(out, s[:k])
		s = s[k:]
	}
	return out
}

func FuzzRequest(f *testing.F) {
	addTranscripts(f, func(requests, _, _ string) { f.Add([]byte(requests), []byte{3, 0, 9}) })
	f.Fuzz(func(t *testing.T, b, sizes []byte) {
		check(t, []step{{b: string(b)}}, sizes)
	})
}

func FuzzReply(f *testing.F) {
	addTranscripts(f, func(requests, replies, _ string) { f.Add([]byte(requests), []byte(replies), []byte{3, 0, 9}) })
	f.Fuzz(func(t *testing.T, requests, replies, sizes []byte) {
		check(t, []step{{b: string(requests)}, {reply: true, b: string(replies)}}, sizes)
	})
}

// FuzzBoth has both directions in turn: a byte with the length of what follows,
// which is a reply if its highest bit is set.
func FuzzBoth(f *testing.F) {
	addTranscripts(f, func(_, _, both string) { f.Add([]byte(both), []byte{3, 0, 9}) })
	f.Fuzz(func(t *testing.T, b, sizes []byte) {
		var steps []step
		for len(b) > 0 {
			n, reply := int(b[0]&127), b[0]&128 != 0
			b = b[1:]
			n = min(n, len(b))
			steps = append(steps, step{reply: reply, b: string(b[:n])})
			b = b[n:]
		}
		check(t, steps, sizes)
	})
}
