package storage

import "time"

// Observation is a finished request in figures, for those who count.
type Observation struct {
	Service Kind
	// Operation is the operation's name, "Unknown" when none was found.
	Operation string
	// Status is the HTTP status of the answer, 0 when none was sent.
	Status int
	// System says that the node made the request itself.
	System bool
	// Elapsed is from the request's arrival to the end of its answer.
	Elapsed time.Duration
}

// observe tells the Front's observer of a request that is over.
func (x *exchange) observe() {
	if x.ended.IsZero() {
		x.ended = time.Now()
	}
	x.front.Observe(Observation{
		Service:   x.front.kind,
		Operation: x.operation(),
		Status:    x.rw.Status(),
		System:    x.call.Identity.Type == System,
		Elapsed:   x.ended.Sub(x.started),
	})
}
