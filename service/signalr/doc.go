// Package signalr is an Azure SignalR Service: clients connect over WebSockets,
// server-sent events or long polling; their hubs run in application servers that connect
// too (Default mode), or behind web hooks and the REST API (Serverless mode); and every
// connection leaves its resource logs.
//
//	s := signalr.New(signalr.Config{…})
//	go s.Run(ctx)
//	http.Serve(listener, s)
//
// The path of a client: transport carries its bytes, client.go reads its handshake and
// pings, and leads them to appserver or, in Serverless mode, to upstream. hub knows who
// is where. token knows who may. Events of all are event.Event; log.go makes records.
//
// A Server follows its Services: keys that are made anew hold from the next request on,
// rules of upstreams and units from the next event on. When the mode or the tier changes,
// or the service is deleted, its clients are told to connect again.
//
// # Guarantees
//
// A connection that is let in has one ConnectionStarted and one ConnectionEnded or
// ConnectionAborted, which always tells a reason. The first is handed over before the
// client's first byte is read, and one that the Emitter does not keep is not let in. The
// others follow within moments, those of one connection in order, and none waits for
// those of another. An end that the Emitter does not keep, as with a full disk in audit
// mode, is handed over again until it does, as are both of an application server; all other
// events may be left out, and are counted. A process that is killed takes the ends of the connections that were open, or
// had just ended, with it: clients come back to the next one as new connections.
//
// Whatever a client does not take, and whatever it sends faster than its upstream
// answers, is bounded: it is closed, and the log says so.
//
// # Limits of the tiers
//
// Connections are counted as the service counts them, messages by each 2 KiB that has
// begun on its way to a client or an application server. Limits are those of this node:
// several nodes of one service have each their own. The messages of the day are counted on
// by the next process, all but those of the last seconds before one is killed.
package signalr

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"reslog/metric"
	"reslog/record"
	"reslog/resource"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/upstream"
)

// Mode is how hubs are run.
type Mode string

// The modes.
const (
	Default    Mode = "Default"
	Serverless Mode = "Serverless"
	Classic    Mode = "Classic"
)

// Service is a SignalR resource, as it is set up now.
type Service struct {
	ID       resource.ID
	Location string
	Mode     Mode
	// Keys are the access keys, the primary first.
	Keys []string
	// Tier is the SKU's name, "Free_F1", and Units how many of it.
	Tier  string
	Units int
	// Upstreams are the web hooks.
	Upstreams []upstream.Template
	// KeepAlive and ClientTimeout are the pings of Serverless mode; 0 is 15 s and 30 s.
	KeepAlive, ClientTimeout time.Duration
	// Connectivity, Messaging and HTTPRequests say which types of logs are wanted.
	Connectivity, Messaging, HTTPRequests bool
}

// Services are the resources that the node serves.
type Services interface {
	// ByHost returns the service that a Host header names: "<name>.service.signalr.net",
	// or the only one, or the first, for any other host.
	ByHost(host string) (Service, bool)
	// Watch calls fn with every service there is and whenever one changes or, with
	// gone, is deleted.
	Watch(fn func(s Service, gone bool))
}

// Config is what New needs.
type Config struct {
	Services Services
	Emitter  record.Emitter
	// Unkept reports whether an error of the Emitter says that the record is not kept, and
	// will not be: an end is handed over again then. nil is any error.
	Unkept   func(error) bool
	Recorder *metric.Recorder
	// Load is how much of what it may use the process has used since the last call, in
	// percent, for the metric ServerLoad; nil, or not ok, is not known.
	Load func() (percent float64, ok bool)
	// Usage keeps the number of messages of the day; nil counts anew in each process.
	Usage Usage
	// Peers are other nodes; nil is none.
	Peers hub.Peers
	// Identity verifies Microsoft Entra tokens of application servers and callers of the
	// REST API, and tells whether they may; nil refuses them.
	Identity func(ctx context.Context, token string, id resource.ID, action string) error
	// ManagedIdentity makes tokens for upstreams; nil refuses.
	ManagedIdentity func(ctx context.Context, resource string) (string, error)
	// UpstreamHosts may be called beside those of the templates.
	UpstreamHosts []string
	// HTTP is the client side of upstreams; nil is the default.
	HTTP   http.RoundTripper
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}
