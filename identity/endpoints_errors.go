package identity

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// oauthError is a refusal of the sign-in surface (RFC 6749, 5.2), with the number
// that Microsoft Entra gives it ("Microsoft Entra authentication and authorization
// error codes").
type oauthError struct {
	status  int
	code    string
	number  int
	message string
	// appID is whom it concerns, for the log.
	appID      string
	retryAfter time.Duration
}

func badRequest(code string, number int, message string) *oauthError {
	return &oauthError{status: http.StatusBadRequest, code: code, number: number, message: message}
}

func missing(parameter string) *oauthError {
	return badRequest("invalid_request", 900144, "The request body must contain the following parameter: '"+parameter+"'.")
}

// signInError maps what Authenticate says.
func signInError(err error, req tokenRequest, tenant string) *oauthError {
	var throttled *ThrottledError
	var e *oauthError
	switch {
	case errors.As(err, &throttled):
		e = &oauthError{status: http.StatusTooManyRequests, code: "temporarily_unavailable", number: 90055, message: "Too many wrong secrets: try again later.", retryAfter: throttled.RetryAfter}
	case errors.Is(err, ErrUnknownApplication):
		e = badRequest("unauthorized_client", 700016, "Application with identifier '"+appName(req.appID)+"' was not found in the directory '"+tenant+"'.")
	default:
		e = &oauthError{status: http.StatusUnauthorized, code: "invalid_client", number: 7000215, message: "Invalid client secret provided for the application '" + appName(req.appID) + "'."}
	}
	e.appID = appName(req.appID)
	return e
}

// appName is an application ID as it may be repeated. What is no GUID is not: it
// may be a secret in the wrong place.
func appName(appID string) string {
	if isGUID(appID) {
		return appID
	}
	return "(not a GUID)"
}

// oauthBody is the JSON of a refusal, as Entra has it.
type oauthBody struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
}

// fail is the one place that writes refusals.
func (e *Endpoints) fail(w http.ResponseWriter, r *http.Request, refused *oauthError) {
	now := e.cfg.Now().UTC().Format("2006-01-02 15:04:05Z")
	trace, correlation := uuid.NewString(), r.Header.Get("client-request-id")
	if !isGUID(correlation) {
		correlation = uuid.NewString()
	}
	if refused.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="reslog"`) // RFC 6749, 5.2
	}
	if refused.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(refused.retryAfter.Seconds()))))
	}
	w.Header().Set("x-ms-request-id", trace)
	e.cfg.Logger.Info("sign-in refused", "code", refused.number, "appId", refused.appID, "path", clip(r.URL.Path), "remote", r.RemoteAddr, "correlationId", correlation)
	e.write(w, refused.status, oauthBody{
		Error: refused.code, Codes: []int{refused.number}, Timestamp: now, TraceID: trace, CorrelationID: correlation,
		Description: fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", refused.number, refused.message, trace, correlation, now),
	})
}
