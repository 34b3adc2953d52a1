// Package upstream calls the web hooks of a serverless hub: when clients connect, call
// a method, and disconnect.
//
// Source: "Upstream endpoints", Azure SignalR Service.
package upstream

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Template is a rule: the first whose patterns match gets the event.
type Template struct {
	// URL has {hub}, {category} and {event} in it, escaped when they are put in.
	URL string
	// Hub, Category and Event are "*", a name, or names separated by commas.
	Hub, Category, Event string
	// ManagedIdentity asks for an Authorization header for this resource, "" none.
	ManagedIdentity string
}

// Event is what happened.
type Event struct {
	Hub, Category, Name string // "connections" with "connected" or "disconnected"; "messages" with the target
	ConnectionID        string
	User                string
	Claims              []string // "type: value"
	Query               string   // begins with '?'
	// ContentType and Body are those of the request.
	ContentType string
	Body        []byte
}

// Answer is what the web hook said.
type Answer struct {
	// Called is false when no rule matches.
	Called bool
	Status int
	Body   []byte
	// TooLarge says that the body is over the limit.
	TooLarge bool
}

// Config is what New needs.
type Config struct {
	Templates []Template
	// Keys are the access keys that requests are signed with, the primary first; asked
	// for each request.
	Keys func() []string
	// Allowed are the hosts that may be called, "host" or "host:port", beside those of
	// the Templates' own literal hosts. Redirects are not followed.
	Allowed []string
	// Token makes the bearer token for a managed identity's resource.
	Token func(ctx context.Context, resource string) (string, error)
	// Timeout bounds a call, 0 is 100 s. Retries are those of a call that did not reach the
	// hook or found it busy, 0 is 2.
	Timeout    time.Duration
	Retries    int
	MaxAnswer  int64 // 0 is 16 MiB
	Concurrent int   // calls at once, 0 is 256
	Transport  http.RoundTripper
	Logger     *slog.Logger
}
