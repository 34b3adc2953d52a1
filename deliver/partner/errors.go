package partner

import (
	"fmt"
	"net/http"
	"time"

	"reslog/deliver"
)

// StatusError is an answer that did not accept the request.
type StatusError struct {
	Partner string // "Datadog"
	Place   string // scheme and host of the endpoint
	Status  int
	// Reason is what the partner said, shortened and without secrets.
	Reason string
	// Advice is what to do, for what does not pass by itself.
	Advice string
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("send to %s at %s: %d %s", e.Partner, e.Place, e.Status, http.StatusText(e.Status))
	if e.Advice != "" {
		s += ": " + e.Advice
	}
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	return s
}

// askedToWait is the error of Deliver while a partner has asked to be left alone
// for d. Handing over again sooner does no harm: Deliver waits itself, as long as
// it may.
func askedToWait(err error, d time.Duration) error {
	return deliver.RetryAfter(fmt.Errorf("%w; asked to wait for %s", err, d.Round(time.Millisecond)), d)
}

// advice is what an administrator does about a status that does not pass.
func advice(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "the key or password was not accepted: correct it"
	case status == http.StatusForbidden:
		return "the key may not write logs here: check it and what it permits"
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return "this API is not at the endpoint: check its host, port and path"
	case status == http.StatusUnsupportedMediaType || status == http.StatusNotAcceptable:
		return "the endpoint does not take this encoding: choose the other one, or no compression"
	case status == http.StatusProxyAuthRequired:
		return "a proxy wants credentials: check the proxy of this node"
	case status/100 == 3:
		return "redirects are not followed, they would take the key elsewhere: set the endpoint to where it leads"
	case status/100 == 4:
		return "the request as such was not accepted: check the endpoint"
	}
	return ""
}
