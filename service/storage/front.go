package storage

import (
	"log/slog"
	"net/http"
	"time"

	"reslog/record"
)

// FrontConfig is what a Front needs.
type FrontConfig struct {
	// Service routes and runs the operations. Required.
	Service Service
	// Accounts finds the accounts. Required.
	Accounts Accounts
	// Emitter takes the records; nil keeps none.
	Emitter record.Emitter
	// Audit says that the Emitter is in audit mode: operations announce
	// themselves with Begin, and answers wait for Emit. False costs nothing.
	Audit bool
	// Properties are the service properties, for CORS and the default version;
	// nil has neither.
	Properties *Properties
	// Throttle refuses requests that come too fast; nil refuses none.
	Throttle Throttle
	// SkipVersionCheck accepts every x-ms-version that has the form of a date.
	SkipVersionCheck bool
	// Logger is told of internal errors; nil is silent.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// NewRequestID makes x-ms-request-id values; nil makes random ones.
	NewRequestID func() string
}

// Front serves one service of all accounts: it is the http.Handler behind a
// listener. It is safe for use by any number of goroutines.
type Front struct {
	FrontConfig
}

// NewFront returns a Front. It panics when a required field is missing, which
// is a mistake in the program.
func NewFront(c FrontConfig) *Front {
	if c.Service == nil || c.Accounts == nil {
		panic("storage.NewFront: Service and Accounts are required")
	}
	return &Front{FrontConfig: c}
}

// ServeHTTP serves one request.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "not yet", http.StatusNotImplemented)
}
