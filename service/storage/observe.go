package storage

import (
	"time"

	"reslog/resource"
)

// Observation is a finished request in figures, for those who count: what its
// record says, or would say if it were one that is logged.
type Observation struct {
	Service Kind
	// Account is "" when the request named none that exists, and Resource is the
	// zero ID then: no account has such requests.
	Account  string
	Resource resource.ID
	// Operation is the operation's name, "Unknown" when none was found.
	Operation string
	Class     Class
	// Received is when the request came, by the clock of the Front.
	Received time.Time
	// Status is the HTTP status of the answer, 0 when none was sent.
	Status int
	// ResponseType is the metricResponseType of the record: "Success",
	// "ClientOtherError" and so on.
	ResponseType string
	// Auth is how the request was authenticated. Proved is false when it tried to be
	// and failed; such requests are not logged.
	Auth   AuthType
	Proved bool
	// System says that the node made the request itself.
	System bool
	// Ingress and Egress are the bytes of the request and of the answer, headers
	// and bodies.
	Ingress, Egress int64
	// EndToEnd and Server are the latencies of the record.
	EndToEnd, Server time.Duration
	// Elapsed is from the request's arrival to the end of its answer, and of what
	// a client still sent after it.
	Elapsed time.Duration
}

// observe tells the Front's observer of a request that is over.
func (x *exchange) observe() {
	if x.ended.IsZero() {
		x.ended = time.Now()
	}
	o := Observation{
		Service:      x.front.kind,
		Operation:    x.operation(),
		Class:        x.class(),
		Received:     x.call.Received,
		Status:       x.rw.Status(),
		ResponseType: x.became.result.responseType(x.throttle),
		Auth:         x.call.Identity.Type,
		Proved:       x.proved,
		System:       x.call.Identity.Type == System,
		Ingress:      x.headSize() + x.body.read,
		EndToEnd:     x.became.total,
		Server:       x.became.server,
		Elapsed:      x.ended.Sub(x.started),
	}
	if x.became.status != 0 {
		o.Egress = x.rw.headerSize + x.rw.written
	}
	if x.info != nil {
		o.Account, o.Resource = x.info.account.Name, x.info.service
	}
	x.front.Observe(o)
}
