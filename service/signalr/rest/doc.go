// Package rest is the REST API with which messages are sent, connections closed and
// groups kept from outside a hub: versions 1.0, 2022-06-01, 2022-11-01 and 2024-12-01.
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
	Hubs *hub.Hubs
	// Accept authenticates a request; nil is let through. Required.
	Accept func(*http.Request) *Refusal
	// Token makes a client's token for a hub (:generateToken). Required.
	Token func(r *http.Request, hub, user string, roles []string, lifetime time.Duration) (string, error)
	// Count counts an outgoing message of so many bytes to so many clients; false says
	// that the quota is used up.
	Count  func(bytes int) bool
	Logger *slog.Logger
	Now    func() time.Time
}

// Refusal is an answer of who is not let through.
type Refusal struct {
	Status int
	Header http.Header
}
