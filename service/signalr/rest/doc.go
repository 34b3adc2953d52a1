// Package rest is the REST API with which messages are sent, connections closed and
// groups kept from outside a hub: versions 1.0, 2022-06-01, 2022-11-01 and 2024-12-01.
//
//	mux.Handle("/api/", rest.New(rest.Config{Hubs: hubs, Accept: accept, Token: token}))
//
// Routes lists every request there is; docs/compat/signalr-rest.md is compared with it.
// Version 1.0 is below /api/v1, the others are below /api and named by api-version.
//
// # Answers
//
// What succeeds has no body, unless there is something to tell. What fails has an
// ErrorDetail, and x-ms-error-code, by which the SDKs tell a 404 that answers the question
// from one of a path that is not there: the latter has none. A message that could not be
// brought to other nodes is a 500 and not a 503, which SDKs repeat: those here have it.
//
// # Quota
//
// Nothing is counted here: each member counts what it is delivered. Config.Count is
// asked with 0 bytes, whether there is any quota left, before a message is taken.
//
// Source: "Azure SignalR Service data plane REST API reference".
package rest

import (
	"log/slog"
	"net/http"
	"time"

	"reslog/service/signalr/hub"
)

// Config is what New needs.
type Config struct {
	// Hubs are where messages go. Required.
	Hubs *hub.Hubs
	// Accept authenticates a request; nil is let through. It is not asked for
	// /api/health and /api/v1/health. Required.
	Accept func(*http.Request) *Refusal
	// Token makes a client's token for a hub (:generateToken). Required.
	Token func(r *http.Request, hub, user string, roles []string, lifetime time.Duration) (string, error)
	// AccessKey returns a key, and its ID, with which an application server signs the
	// tokens of clients (auth/accessKey). It refuses callers that do not come with a token
	// of Microsoft Entra. Nil refuses all, with 403.
	AccessKey func(*http.Request) (key, id string, refusal *Refusal)
	// Count is asked with 0 bytes; false says that the quota of messages is used up. Nil
	// is no quota.
	Count  func(bytes int) bool
	Logger *slog.Logger // nil is none
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Refusal is an answer of who is not let through.
type Refusal struct {
	Status int
	Header http.Header
}
