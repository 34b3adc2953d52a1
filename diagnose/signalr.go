package diagnose

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// SignalR tells what the records of a service, in any order, say is wrong.
func SignalR(records iter.Seq[Record], o Options) Report {
	o = o.withDefaults()
	r := Report{Ended: []Tally{}, Findings: []Finding{}}
	var all []Record
	for rec := range records {
		if !o.wanted(&rec) {
			continue
		}
		if len(all) == maxRecords {
			r.Truncated = true
			break
		}
		rec.sum()
		all = append(all, rec)
	}
	slices.SortStableFunc(all, func(a, b Record) int { return a.Time.Compare(b.Time) })
	r.Records = len(all)
	if len(all) == 0 {
		return r
	}
	r.From, r.To = all[0].Time, all[len(all)-1].Time
	d := &diagnosis{Options: o, all: all, report: &r}
	d.drops()
	d.growth()
	d.refusals()
	d.limits()
	d.calls()
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(b.Count, a.Count))
	})
	return r
}

type diagnosis struct {
	Options
	all    []Record // by time
	report *Report
}

// evidence gathers the events of a finding.
type evidence struct {
	Finding
	sides, hubs, transports, users, addresses, details tally
	seen                                               map[string]bool
	bins                                               []int
}

func (d *diagnosis) newEvidence(f Finding) *evidence {
	return &evidence{
		Finding: f, sides: tally{}, hubs: tally{}, transports: tally{}, users: tally{}, addresses: tally{}, details: tally{},
		seen: map[string]bool{}, bins: make([]int, max(d.Bins, 1)),
	}
}

func (d *diagnosis) add(e *evidence, r *Record, detail string) {
	if e.Count == 0 {
		e.First = r.Time
	}
	e.Count += 1 + r.more
	e.Last = r.Time
	e.sides.add(r.Side)
	e.hubs.add(r.Hub)
	e.transports.add(r.transport())
	e.users.add(r.User)
	e.addresses.add(r.address())
	e.details.add(detail)
	e.bins[d.bin(r.Time)] += 1 + r.more
	if r.Connection != "" && len(e.Connections) < maxSamples && !e.seen[r.Connection] {
		e.seen[r.Connection] = true
		e.Connections = append(e.Connections, r.Connection)
	}
}

// finding completes what was gathered.
func (d *diagnosis) finding(e *evidence) Finding {
	f := e.Finding
	f.Sides, f.Hubs, f.Transports = e.sides.most(), e.hubs.most(), e.transports.most()
	f.Users, f.Addresses, f.Details = e.users.most(), e.addresses.most(), e.details.most()
	for i, n := range e.bins {
		f.Bins = append(f.Bins, Bin{d.report.From.Add(time.Duration(i) * d.width()), n})
	}
	return f
}

// width is how long a bin is.
func (d *diagnosis) width() time.Duration {
	return max(d.report.To.Sub(d.report.From)/time.Duration(max(d.Bins, 1)), time.Millisecond)
}

func (d *diagnosis) bin(t time.Time) int {
	return min(int(t.Sub(d.report.From)/d.width()), max(d.Bins, 1)-1)
}

// tally counts by name.
type tally map[string]int

func (t tally) add(name string) {
	if name != "" {
		t[name]++
	}
}

// most are the most frequent.
func (t tally) most() []Tally {
	list := make([]Tally, 0, len(t))
	for name, n := range t {
		list = append(list, Tally{name, n})
	}
	slices.SortFunc(list, func(a, b Tally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), maxTallies)]
}
