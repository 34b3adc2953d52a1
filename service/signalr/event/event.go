// Package event is what the resource logs of a SignalR service tell, in their words:
// connections start, end and abort, tokens are refused, limits are reached.
//
// Source: "Resource logs for Azure SignalR Service"; the reference of the table
// SignalRServiceDiagnosticLogs.
package event

import (
	"net/netip"
	"time"
)

// Operation is the operationName of an event.
type Operation string

// The operations. That of refused tokens and of limits are not published; their
// messages are.
const (
	ConnectionStarted   Operation = "ConnectionStarted"
	ConnectionEnded     Operation = "ConnectionEnded"
	ConnectionAborted   Operation = "ConnectionAborted"
	EndConnectionFailed Operation = "EndConnectionFailed"
	ServerlessEntered   Operation = "ServerlessModeEntered"
	AuthorizationFailed Operation = "AuthorizationFailed"
	ConnectionThrottled Operation = "ConnectionThrottled"
	MessageThrottled    Operation = "MessageThrottled"
	// Messages, traced when it is asked for.
	MessageReceived Operation = "MessageReceived"
	MessageSent     Operation = "MessageSent"
	// Calls of upstreams, and requests of the REST API, when they fail.
	UpstreamFailed Operation = "InvokeUpstreamFailed"
	RequestFailed  Operation = "RestApiRequestFailed"
)

// Level is how grave an event is.
type Level string

// The levels.
const (
	Informational Level = "Informational"
	Warning       Level = "Warning"
	Error         Level = "Error"
)

// Collection is the part of the logs that an event is in.
type Collection string

// The collections.
const (
	Connection    Collection = "Connection"
	Authorization Collection = "Authorization"
	Throttling    Collection = "Throttling"
	Message       Collection = "Message"
)

// Side is the end that a connection is of.
type Side string

// The sides.
const (
	Client Side = "Client"
	Server Side = "Server"
)

// The reasons of aborted connections, as the logs spell them.
const (
	ReasonConnectionLimit   = "Connection count reaches limit"
	ReasonMessageLimit      = "Message count reaches limit"
	ReasonServerClosed      = "Application server closed the connection"
	ReasonPingTimeout       = "Connection ping timeout"
	ReasonReloading         = "Service reloading, reconnect"
	ReasonTransient         = "Internal server transient error"
	ReasonServerDropped     = "Server connection dropped"
	ReasonNoServer          = "No server available"
	ReasonSlowClient        = "The client does not take its messages"
	ReasonHandshake         = "The handshake failed"
	ReasonTokenExpired      = "The token expired"
	ReasonBadMessage        = "The client sent a message that cannot be read"
	ReasonClosedByClient    = "The client closed the connection"
	ReasonConnectionLost    = "The connection was lost"
	ReasonClosedByAPI       = "The connection was closed through the REST API"
	ReasonUpstreamForbidden = "The upstream refused the connection"
	ReasonFlooding          = "The client sends more than is taken"
)

// Event is one that is logged.
type Event struct {
	// ID is a GUID; "" is one drawn at random.
	ID         string
	Time       time.Time
	Operation  Operation
	Level      Level
	Collection Collection
	// Message is the text; of an aborted connection "Connection aborted. Reason: …".
	Message string

	// Side, ConnectionID, Transport ("WebSockets", "ServerSentEvents", "LongPolling"),
	// User, Hub and Caller describe the connection, zero where there is none.
	Side         Side
	ConnectionID string
	Transport    string
	User         string
	Hub          string
	Caller       netip.Addr

	// Group, InvocationID, TracingID and MessageType are of Message.
	Group, InvocationID, MessageType string
	TracingID                        uint64
}

// Sink takes events. It neither blocks nor fails.
type Sink func(Event)
