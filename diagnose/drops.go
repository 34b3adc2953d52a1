package diagnose

import "time"

// near is how far apart the loss of a server connection and those of its clients are.
const near = time.Minute

// drops finds connections that were aborted, by reason, and counts those that ended.
func (d *diagnosis) drops() {
	byReason := map[string]*evidence{}
	var order []string
	ends := tally{}
	for i := range d.all {
		r := &d.all[i]
		switch {
		case r.is(ended):
			name, _ := r.split()
			if name == "" {
				name = "no reason"
			}
			ends.add(name)
			continue
		case !r.is(aborted):
			continue
		}
		name, detail := r.split()
		known := reasonOf(name)
		if known.name == connectionLimit || known.name == messageLimit {
			continue // throttling has it
		}
		e := byReason[known.name]
		if e == nil {
			e = d.newEvidence(Finding{Kind: Drop, Severity: known.severity, Title: known.name, Meaning: known.meaning, Advice: known.advice})
			byReason[known.name] = e
			order = append(order, known.name)
		}
		d.add(e, r, detail)
	}
	for _, name := range order {
		f := d.finding(byReason[name])
		if name == serverDropped {
			f.Servers = d.lostServers(f.First.Add(-near), f.Last.Add(near))
		}
		d.report.Findings = append(d.report.Findings, f)
	}
	if most := ends.most(); len(most) > 0 {
		d.report.Ended = most
	}
}

// lostServers are the server connections that went away in a time.
func (d *diagnosis) lostServers(from, to time.Time) []Tally {
	lost := tally{}
	for i := range d.all {
		r := &d.all[i]
		if !r.isServer() || !r.is(aborted) && !r.is(ended) || r.Time.Before(from) || r.Time.After(to) {
			continue
		}
		name := r.Connection
		if a := r.address(); a != "" {
			name += " from " + a
		}
		lost.add(name)
	}
	return lost.most()
}
