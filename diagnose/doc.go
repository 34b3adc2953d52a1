// Package diagnose reads the resource logs of a SignalR service and tells what is
// wrong with its connections, as the troubleshooting guide for these logs does it by
// hand: connections that drop, that become more than they should, that are not
// authorized, and that are over a limit; and, beyond the guide, calls that failed.
//
//	r := diagnose.SignalR(records, diagnose.Options{})
//	for _, f := range r.Findings { … }
//
// A Record is an event, from a line of an archive by Parse or from a row of a table; how
// it is spelled differs, "Websockets" and "WebSockets" are the same.
//
// It reads nothing itself, and holds what it is given: maxRecords at most.
//
// # What is a finding
//
//	kind           of                                            grave when
//	drop           ConnectionAborted, by reason                  the service or its servers failed
//	growth         users and addresses with more connections     never
//	               at once than expected
//	authorization  refused tokens, by what was wrong             always
//	throttling     limits that were reached                      always
//	upstream       web hooks that failed, by status or cause     but for what the application refuses
//	request        REST requests that failed, by status          the service failed, or a limit
//
// Web hooks and requests are in logs of the type HttpRequestLogs, which a service has off
// until it is told otherwise; without them only ends of which no web hook heard are known.
//
// ConnectionEnded is no finding: the client or the server wanted it. It is counted in the
// Report, so that both can be compared.
//
// Source: "Resource logs for Azure SignalR Service", the section "Troubleshooting with
// resource logs"; "Metrics in Azure SignalR Service" for the reasons that are not there.
package diagnose

import "time"

// Severity is how grave a finding is.
type Severity string

// The severities, the gravest first.
const (
	Grave   Severity = "grave"
	Warning Severity = "warning"
	Info    Severity = "info"
)

func (s Severity) rank() int {
	switch s {
	case Grave:
		return 0
	case Warning:
		return 1
	}
	return 2
}

// Kind is the section of the guide that a finding belongs to; Upstream and Request have none.
type Kind string

// The kinds.
const (
	Drop          Kind = "drop"
	Growth        Kind = "growth"
	Authorization Kind = "authorization"
	Throttling    Kind = "throttling"
	Upstream      Kind = "upstream"
	Request       Kind = "request"
)

// Options say what to look at and what is expected. The zero value looks at everything.
type Options struct {
	// Since and Until bound the events; zero is no bound.
	Since, Until time.Time
	// User, Hub and Resource select events; "" is all. Resource is the end of a resource
	// ID, such as its name, in any case. An event without a hub is of every hub.
	User, Hub, Resource string
	// PerUser and PerAddress are how many connections at once one user and one address are
	// expected to have; 0 is 1 and 20, below 0 any number.
	PerUser, PerAddress int
	// Bins is into how many parts of time drops are counted; 0 is 12.
	Bins int
}

func (o Options) withDefaults() Options {
	setDefault(&o.PerUser, 1)
	setDefault(&o.PerAddress, 20)
	setDefault(&o.Bins, 12)
	return o
}

func setDefault(v *int, def int) {
	if *v == 0 {
		*v = def
	}
}

// Bounds of a report.
const (
	maxRecords = 5_000_000
	maxSamples = 5
	maxTallies = 10
)

// Report is what a diagnosis found.
type Report struct {
	// From and To are the first and last event that was looked at.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Records is how many events were looked at. Truncated says that there are more.
	Records   int  `json:"records"`
	Truncated bool `json:"truncated,omitempty"`
	// Clients and Servers are the connections of either end.
	Clients Connections `json:"clients"`
	Servers Connections `json:"servers"`
	// Ended are the reasons of the expected ends, as far as they were told.
	Ended []Tally `json:"ended"`
	// Findings are the gravest first, and of these the most frequent.
	Findings []Finding `json:"findings"`
}

// Grave reports whether a finding is grave.
func (r *Report) Grave() bool { return len(r.Findings) > 0 && r.Findings[0].Severity == Grave }

// Connections are counts of connections.
type Connections struct {
	Started int `json:"started"`
	Ended   int `json:"ended"`   // as expected
	Aborted int `json:"aborted"` // dropped
	// Peak is how many were open at once, at PeakAt first; Open how many at the end.
	// Those that do nothing in the time that was looked at are not known.
	Peak   int       `json:"peak"`
	PeakAt time.Time `json:"peakAt,omitzero"`
	Open   int       `json:"open"`
}

// Finding is one thing that is wrong, or may be.
type Finding struct {
	Kind     Kind     `json:"kind"`
	Severity Severity `json:"severity"`
	// Title is the reason, the limit, the user, the address, or the status of a call.
	Title string `json:"title"`
	// Meaning is what it says, Advice what to do.
	Meaning string `json:"meaning"`
	Advice  string `json:"advice"`

	// Count is how many events there are, or of Growth how many connections were open
	// at once; First and Last are the times of these events.
	Count int       `json:"count"`
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Connections are the IDs of some, Details what else their messages told: of calls
	// what was called, with kinds of names in the places of names. Examples are messages
	// of calls without what may be secret in URLs.
	Connections []string `json:"connections,omitempty"`
	Details     []Tally  `json:"details,omitempty"`
	Examples    []string `json:"examples,omitempty"`
	// Sides, Hubs, Transports, Users and Addresses are those with the most events.
	Sides      []Tally `json:"sides,omitempty"`
	Hubs       []Tally `json:"hubs,omitempty"`
	Transports []Tally `json:"transports,omitempty"`
	Users      []Tally `json:"users,omitempty"`
	Addresses  []Tally `json:"addresses,omitempty"`
	// Servers are, for clients whose server was lost, the server connections that were
	// lost within a minute of them, and where these came from.
	Servers []Tally `json:"servers,omitempty"`
	// Bins are counts over time, of the whole time that was looked at.
	Bins []Bin `json:"bins,omitempty"`
	// Expected and Actual are the audiences of refused tokens.
	Expected []string `json:"expected,omitempty"`
	Actual   []string `json:"actual,omitempty"`
}

// Tally is how often something is there.
type Tally struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Bin is a part of time.
type Bin struct {
	Start time.Time `json:"start"`
	Count int       `json:"count"`
}
