package upstream

import "encoding/json"

// The categories of events.
const (
	Connections = "connections"
	Messages    = "messages"
)

const (
	jsonType        = "application/json"
	messagePackType = "application/x-msgpack"
)

// Connected is the event of a client that has connected. The caller adds what is known
// of the client.
func Connected(hub, connection string) Event {
	return Event{
		Hub: hub, Category: Connections, Name: "connected", ConnectionID: connection,
		ContentType: jsonType, Body: []byte(`{"type":10}`),
	}
}

// Disconnected is the event of a client that is gone; errText says why, "" is no error.
func Disconnected(hub, connection, errText string) Event {
	// Text is always encoded.
	body, _ := json.Marshal(struct {
		Type  int    `json:"type"`
		Error string `json:"error,omitempty"`
	}{11, errText})
	return Event{
		Hub: hub, Category: Connections, Name: "disconnected", ConnectionID: connection,
		ContentType: jsonType, Body: body,
	}
}

// Message is the event of a client that calls a method: invocation is its message
// without the frame, as MessagePack or as JSON.
func Message(hub, connection, target string, messagePack bool, invocation []byte) Event {
	e := Event{
		Hub: hub, Category: Messages, Name: target, ConnectionID: connection,
		ContentType: jsonType, Body: invocation,
	}
	if messagePack {
		e.ContentType = messagePackType
	}
	return e
}
