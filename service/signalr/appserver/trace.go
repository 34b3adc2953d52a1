package appserver

import (
	"reslog/service/signalr/event"
	"reslog/service/signalr/serviceprotocol"
)

// received has a message of the server traced, and returns its tracing ID; 0 for one that
// is not traced. Traced is what brings something to clients, and changes of groups that are
// answered: the types that the table SignalRServiceDiagnosticLogs names.
func (c *conn) received(m serviceprotocol.Message) uint64 {
	var kind, group string
	var id uint64
	switch m := m.(type) {
	case *serviceprotocol.MultiConnectionData:
		kind, id = "MultiConnectionDataMessage", m.TracingID
	case *serviceprotocol.UserData:
		kind, id = "UserDataMessage", m.TracingID
	case *serviceprotocol.MultiUserData:
		kind, id = "MultiUserDataMessage", m.TracingID
	case *serviceprotocol.BroadcastData:
		kind, id = "BroadcastDataMessage", m.TracingID
	case *serviceprotocol.GroupBroadcastData:
		kind, group, id = "GroupBroadcastDataMessage", m.Group, m.TracingID
	case *serviceprotocol.MultiGroupBroadcastData:
		kind, id = "MultiGroupBroadcastDataMessage", m.TracingID
	case *serviceprotocol.JoinGroupWithAck:
		kind, group, id = "JoinGroupWithAckMessage", m.Group, m.TracingID
	case *serviceprotocol.LeaveGroupWithAck:
		kind, group, id = "LeaveGroupWithAckMessage", m.Group, m.TracingID
	default:
		return 0
	}
	e := c.event(event.MessageReceived)
	e.MessageType, e.Group, e.TracingID = kind, group, id
	return c.s.config.Trace(e)
}

// sent has a client's message to the server traced.
func (c *conn) sent(id uint64, invocation string) {
	e := c.event(event.MessageSent)
	e.TracingID, e.InvocationID = id, invocation
	c.s.config.Trace(e)
}

// event begins one of a message.
func (c *conn) event(o event.Operation) event.Event {
	return event.Event{
		Time: c.s.config.Now(), Operation: o, Level: event.Informational, Collection: event.Message,
		Side: event.Server, ConnectionID: c.id, Transport: "WebSockets", User: c.server, Hub: c.hub, Caller: c.caller,
	}
}

// tellTracing tells the server whether its messages are traced, if that has changed: only
// then it gives them IDs.
func (c *conn) tellTracing() {
	want := c.s.config.Tracing()
	if c.tracing.Swap(want) == want {
		return
	}
	value := "0"
	if want {
		value = "1"
	}
	c.send(&serviceprotocol.Ping{Pairs: []serviceprotocol.Pair{{Key: serviceprotocol.PingTracing, Value: value}}})
}
