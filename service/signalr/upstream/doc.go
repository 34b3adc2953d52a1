// Package upstream calls the web hooks of a serverless hub: when clients connect, call
// a method, and disconnect.
//
//	c := upstream.New(upstream.Config{Templates: templates, Keys: keys})
//	a, err := c.Call(ctx, upstream.Connected(hub, connection))
//	if text := upstream.Problem(a, err); text != "" {
//		// the invocation fails with this text
//	}
//
// The first template whose patterns match gets the event; without one it is dropped.
//
// # Answers
//
// A 200 with a body is a completion, framed as the client's protocol has it, and goes
// to the client as it is; a 200 without one and a 204 are a method that returned nothing.
// Problem has the text for anything else.
//
// # Repeats
//
// A call of which nothing was sent, because the hook cannot be reached, is repeated.
// So is the event of a connection that is answered with 429, 502, 503 or 504. A
// message that was sent is repeated only if the answer is 429 or 503 with Retry-After, by
// which the hook says that it has not begun: after a 502, a 504 or a broken connection
// the method may have run, and the caller is told instead. A Retry-After that is longer
// than what is left of the timeout is not waited for.
//
// # Where calls may go
//
// Only to the host that stands in the template that the operator wrote, or to one of
// Allowed; a template with a placeholder in its host reaches hosts of Allowed only.
// Redirects are not followed, and proxies of the environment not used. Addresses that are
// link-local, unspecified or multicast, and those where clouds serve their metadata, are
// refused when the connection is made, after the name was resolved, unless Allowed has the
// host. What clients put into a URL is escaped, and cannot leave its segment of the path.
//
// No error and no log line has a URL, a key or a token in it: a URL may carry a code.
//
// It does not read secrets from a key vault: such a template is refused by Check.
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
	// Hub, Category and Event are "*", a name, or names separated by commas, in any
	// case. "" is "*".
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
	// ContentType and Body are those of the request. A message's body is the client's
	// invocation without its frame.
	ContentType string
	Body        []byte
}

// Answer is what the web hook said.
type Answer struct {
	// Called is false when no rule matches.
	Called bool
	Status int
	// Body is that of a 2xx, nil for none.
	Body []byte
	// TooLarge says that the body is over the limit.
	TooLarge bool
}

// Config is what New needs.
type Config struct {
	Templates []Template
	// Keys are the access keys that requests are signed with, the primary first; asked
	// for each request. Required.
	Keys func() []string
	// Allowed are the hosts that may be called, "host" or "host:port", beside those of
	// the Templates' own literal hosts. Redirects are not followed.
	Allowed []string
	// Token makes the bearer token for a managed identity's resource; nil refuses.
	Token func(ctx context.Context, resource string) (string, error)
	// Timeout bounds a call with its repeats, 0 is 100 s. Retries are those of a call that
	// did not reach the hook or found it busy, 0 is 2, below 0 none.
	Timeout    time.Duration
	Retries    int
	MaxAnswer  int64 // 0 is 16 MiB
	Concurrent int   // calls at once, 0 is 256; others wait, within their timeout
	// Transport sends requests; nil is one that looks at the addresses it connects to.
	// Another has to do that itself.
	Transport http.RoundTripper
	Logger    *slog.Logger // nil is none
}
