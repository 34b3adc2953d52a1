package storage

import (
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
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
	// Authority verifies bearer tokens and knows the roles of their holders; nil
	// refuses bearer tokens and user delegation SAS.
	Authority Authority
	// AuthorizationURI is where clients get tokens, which they are told in the
	// challenge of an answer 401: "https://login.example/{tenant}/oauth2/authorize".
	// "" leaves it out. Without an Authority it means nothing.
	AuthorizationURI string
	// Audiences are for whom a token may be, beside https://storage.azure.com and
	// the account's endpoint in Azure: the endpoints of this node, where "{account}"
	// stands for the account's name. Nil is none.
	Audiences []string
	// DelegationSecret is part of every user delegation key; with another one all
	// keys so far are void. With nil they are made from the keys of the account
	// alone, and who has those can make them in anybody's name.
	DelegationSecret []byte
	// Properties are the service properties, for CORS and the default version;
	// nil has neither.
	Properties *Properties
	// Throttle refuses requests that come too fast; nil refuses none.
	Throttle Throttle
	// SkipVersionCheck accepts every x-ms-version that has the form of a date.
	SkipVersionCheck bool
	// Logger is told of internal errors; nil is silent.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now. How long things take is measured with
	// the real one.
	Now func() time.Time
	// NewRequestID makes x-ms-request-id values; nil makes random ones.
	NewRequestID func() string
	// Observe is called at the end of every request, on its goroutine; nil does
	// nothing. It must not block.
	Observe func(Observation)
}

// Front serves one service of all accounts: it is the http.Handler behind a
// listener. It is safe for use by any number of goroutines.
type Front struct {
	FrontConfig
	kind         Kind
	serverHeader []string
	challenge    http.Header // of answers 401
	preflightOp  *Operation
	infos        sync.Map  // of account name to *accountInfo
	scratches    sync.Pool // of *scratch
	date         atomic.Pointer[httpDate]
	signedDate   atomic.Pointer[signedDate]
}

// NewFront returns a Front. It panics when a required field is missing, which
// is a mistake in the program.
func NewFront(c FrontConfig) *Front {
	if c.Service == nil || c.Accounts == nil {
		panic("storage.NewFront: Service and Accounts are required")
	}
	if c.Emitter == nil {
		c.Emitter = record.Discard
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewRequestID == nil {
		c.NewRequestID = newRequestID
	}
	f := &Front{FrontConfig: c, kind: c.Service.Kind()}
	f.challenge = newChallenge(&c)
	name := title(f.kind)
	f.serverHeader = []string{"Windows-Azure-" + name + "/1.0 Microsoft-HTTPAPI/2.0"}
	f.preflightOp = &Operation{Name: name + "PreflightRequest", Class: Read, Scope: ScopeService, Run: f.preflight}
	return f
}

// title returns the service's name as operation names have it: "Blob".
func title(k Kind) string { return string(k[0]-('a'-'A')) + string(k[1:]) }

// ServeHTTP serves one request.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := f.newExchange(w, r)
	if f.Observe != nil {
		defer x.observe()
	}
	defer x.context.end(errCanceled)
	if x.kept != nil {
		defer x.kept.end()
	}
	err := x.admit()
	if err == nil {
		err = x.announce()
	}
	if err == nil {
		err = x.run()
	}
	x.settle(err)
}

// httpDate is the Date header of one second.
type httpDate struct {
	second int64
	value  []string
}

// dateHeader returns the Date header for t, made once a second.
func (f *Front) dateHeader(t time.Time) []string {
	if d := f.date.Load(); d != nil && d.second == t.Unix() {
		return d.value
	}
	d := &httpDate{second: t.Unix(), value: []string{HTTPTime(t)}}
	f.date.Store(d)
	return d.value
}
