package storage

import (
	"net/http"
	"time"

	"reslog/record"
)

// Which requests are logged, in which category and with which status. The form
// of the record is in log_encode.go, the classic rendering of it in entries.go.

// Category returns the resource log category of the class.
func (c Class) Category() record.Category {
	return [...]record.Category{"StorageRead", "StorageWrite", "StorageDelete"}[c]
}

// class is the class of the operation. A request that names no operation counts
// by its method.
func (x *exchange) class() Class {
	switch {
	case x.call.Op != nil:
		return x.call.Op.Class
	case x.req.Method == http.MethodGet, x.req.Method == http.MethodHead, x.req.Method == http.MethodOptions:
		return Read
	case x.req.Method == http.MethodDelete:
		return Delete
	}
	return Write
}

// result is what became of a request, in the terms of Storage Analytics.
type result uint8

const (
	resultSuccess result = iota
	resultThrottling
	resultClientTimeout
	resultServerTimeout
	resultClientOther
	resultServerOther
	resultAuthorization
	resultNetwork
	// resultUnknown is that of an intent: nobody knows yet.
	resultUnknown
)

// responseType is the metricResponseType of a result.
func (r result) responseType(accountLimit bool) string {
	switch r {
	case resultThrottling:
		if accountLimit {
			return "ClientAccountRequestThrottlingError"
		}
		return "ServerBusyError"
	case resultClientTimeout:
		return "ClientTimeoutError"
	case resultServerTimeout:
		return "ServerTimeoutError"
	case resultClientOther:
		return "ClientOtherError"
	case resultServerOther, resultUnknown:
		return "ServerOtherError"
	case resultAuthorization:
		return "AuthorizationError"
	case resultNetwork:
		return "NetworkError"
	}
	return "Success"
}

// outcome is what the log says about how a request ended.
type outcome struct {
	result result
	status int    // HTTP, 0 when none was ever set
	code   string // REST error code, "" for a success
	total  time.Duration
	server time.Duration // total without the time spent on the network
}

// outcome describes the end of a request: refusal is the error it was answered
// with, aborted says that the answer did not arrive whole.
//
// Source: "Storage Analytics Logged Operations and Status Messages".
func (x *exchange) outcome(refusal *Error, aborted bool) outcome {
	o := outcome{total: time.Since(x.started)}
	network := x.body.waited + x.rw.waited
	o.server = max(o.total-network, 0)
	if x.rw.begun || !aborted {
		o.status = x.rw.status
	}
	if refusal != nil {
		o.code = refusal.Code
	}
	timeout := x.body.timeout || x.rw.timeout || refusal != nil && refusal.Is(ErrOperationTimedOut)
	switch {
	case timeout:
		o.code = ErrOperationTimedOut.Code
		// More time on the network than in the service: the client is slow.
		o.result = resultServerTimeout
		if network > o.total/2 {
			o.result = resultClientTimeout
		}
	case x.rw.broken != nil, x.body.broken != nil, aborted && refusal == nil:
		o.result, o.code = resultNetwork, "NetworkError"
	case refusal != nil && aborted: // a success that broke off
		o.result = resultOf(refusal.Status)
	default:
		o.result = resultOf(o.status)
	}
	return o
}

func resultOf(status int) result {
	switch {
	case status == http.StatusServiceUnavailable:
		return resultThrottling
	case status >= 500:
		return resultServerOther
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		return resultAuthorization
	case status >= 300:
		return resultClientOther
	}
	return resultSuccess
}

// logged reports whether a request that ended so is one that is logged.
// Requests whose authentication failed never get here, nor does the node's own
// identity.
//
// Source: "About Storage Analytics Logging": all authenticated requests are;
// of the anonymous ones the successful, those with server errors and timeouts,
// and GET requests that failed with 304. Those that the network broke are too,
// provided they were allowed: AnonymousNetworkError exists to say so.
func (x *exchange) logged(o outcome) bool {
	if x.call.Identity.Type != Anonymous {
		return true
	}
	switch o.result {
	case resultAuthorization:
		return false
	case resultClientOther:
		return o.status == http.StatusNotModified && x.req.Method == http.MethodGet
	case resultNetwork:
		return x.call.Op != nil && (o.status == 0 || o.status < 300)
	}
	return true
}

// classicStatus is the request-status of a classic log entry: one of the 24
// documented names or one of those with OAuth before it, or from version 2017-04-17 on the REST error code in place of
// ClientOtherError.
func classicStatus(auth AuthType, responseType, code string, v Version) string {
	family := 0
	switch auth {
	case Anonymous:
		family = 1
	case AccountSAS, ServiceSAS, DelegationSAS:
		family = 2
	case OAuth:
		family = 3
	}
	switch responseType {
	case "Success":
		return [...]string{"Success", "AnonymousSuccess", "SASSuccess", "OAuthSuccess"}[family]
	case "ServerBusyError", "ClientAccountRequestThrottlingError":
		return [...]string{"ThrottlingError", "AnonymousThrottlingError", "SASThrottlingError", "OAuthThrottlingError"}[family]
	case "ClientTimeoutError":
		return [...]string{"ClientTimeoutError", "AnonymousClientTimeoutError", "SASClientTimeoutError", "OAuthClientTimeoutError"}[family]
	case "ServerTimeoutError":
		return [...]string{"ServerTimeoutError", "AnonymousServerTimeoutError", "SASServerTimeoutError", "OAuthServerTimeoutError"}[family]
	case "AuthorizationError":
		return [...]string{"AuthorizationError", "AnonymousAuthorizationError", "SASAuthorizationError", "OAuthAuthorizationError"}[family]
	case "NetworkError":
		return [...]string{"NetworkError", "AnonymousNetworkError", "SASNetworkError", "OAuthNetworkError"}[family]
	case "ClientOtherError":
		if v >= V2017_04_17 && code != "" {
			return code
		}
		return [...]string{"ClientOtherError", "AnonymousClientOtherError", "SASClientOtherError", "OAuthClientOtherError"}[family]
	}
	return [...]string{"ServerOtherError", "AnonymousServerOtherError", "SASServerOtherError", "OAuthServerOtherError"}[family]
}
