package storagemetrics

import "reslog/service/storage"

// outcome is what became of a request, in the terms of the columns.
type outcome uint8

const (
	success outcome = iota
	throttling
	clientTimeout
	serverTimeout
	clientOther
	serverOther
	authorization
	network
	outcomes
)

// outcomeNames are the columns of outcomes, without what comes before them.
var outcomeNames = [outcomes]string{
	"Success", "ThrottlingError", "ClientTimeoutError", "ServerTimeoutError",
	"ClientOtherError", "ServerOtherError", "AuthorizationError", "NetworkError",
}

// family is how a request was authenticated, as far as there are columns for it.
type family uint8

const (
	plain family = iota
	anonymous
	sas
	families
)

// familyNames are what is before the name of an outcome.
var familyNames = [families]string{"", "Anonymous", "SAS"}

// status is one of the 24 counters of a row.
type status uint8

const statuses = int(outcomes) * int(families)

func (s status) outcome() outcome { return outcome(s / status(families)) }
func (s status) family() family   { return family(s % status(families)) }

// name is the column of the counter: "SASClientOtherError".
func (s status) name() string { return familyNames[s.family()] + outcomeNames[s.outcome()] }

// billable reports whether requests that ended so are among TotalBillableRequests.
//
// Source: "Storage Analytics Logged Operations and Status Messages", the column
// "Billable".
func (s status) billable() bool {
	switch s.outcome() {
	case throttling, serverTimeout, serverOther:
		return false
	case authorization:
		return s.family() != anonymous
	}
	return true
}

// applicable reports whether availability takes notice of requests that ended so.
//
// Source: the same, the column "Availability".
func (s status) applicable() bool {
	return s.outcome() != throttling && (s.outcome() != authorization || s.family() != anonymous)
}

// statusOf is the counter of a request.
//
// Requests with a bearer token have no columns of their own; they count in those
// without a prefix, as do the node's own. A request that failed to prove who makes it
// is an anonymous one.
func statusOf(o *storage.Observation) status {
	f := plain
	switch o.Auth {
	case storage.Anonymous:
		f = anonymous
	case storage.AccountSAS, storage.ServiceSAS, storage.DelegationSAS:
		f = sas
	}
	return status(outcomeOf(o.ResponseType))*status(families) + status(f)
}

// outcomeOf reads a metricResponseType.
func outcomeOf(responseType string) outcome {
	switch responseType {
	case "Success":
		return success
	case "ServerBusyError", "ClientAccountRequestThrottlingError":
		return throttling
	case "ClientTimeoutError":
		return clientTimeout
	case "ServerTimeoutError":
		return serverTimeout
	case "ClientOtherError":
		return clientOther
	case "AuthorizationError":
		return authorization
	case "NetworkError":
		return network
	}
	return serverOther
}
