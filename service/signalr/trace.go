package signalr

import (
	"strconv"

	"reslog/service/signalr/event"
)

// Message tracing: where messages of clients and of application servers come by.
//
//	client ──Received──▶ service ──Sent──▶ server      of diagnostic clients only
//	client ◀──Sent────── service ◀──Received── server
//
// With messages logged it is of all clients, what goes to them; without, of diagnostic
// clients, both ways. A server gives its messages an ID when it is told that they are
// traced, or was called by a diagnostic client; the client's Sent has the same ID, on the
// node that the server is connected to. What comes from a client has another than what a
// server makes of it.
//
// Source: "Azure SignalR Service: how to troubleshoot with resource logs", message tracing.

// trace logs a message that a client sent or gets, and returns its ID: id, or if that is
// 0 a new one; 0 if it is not traced.
func (c *client) trace(o event.Operation, invocation string, id uint64) uint64 {
	conf := c.v.conf.Load()
	diagnostic := c.pass.diagnostic()
	if !diagnostic && (!conf.Messaging || o != event.MessageSent) {
		return 0
	}
	if id == 0 {
		id = c.v.tracing.Add(1)
	}
	e := c.event(o, event.Informational, event.Message, "")
	e.TracingID, e.InvocationID = id, invocation
	e.Message = traced(&e)
	c.put(e)
	return id
}

// trace is appserver.Config's Trace.
func (v *service) trace(e event.Event) uint64 {
	conf := v.conf.Load()
	// What goes to a server is told of diagnostic clients only; what comes with an ID may
	// be for one, or for nobody who is traced.
	diagnostic := e.Operation == event.MessageSent || e.TracingID != 0 && v.limits.diagnosing()
	if !conf.Messaging && !diagnostic {
		return 0
	}
	if e.TracingID == 0 {
		e.TracingID = v.tracing.Add(1)
	}
	e.Message = traced(&e)
	v.server.logs.put(conf, e, diagnostic)
	return e.TracingID
}

// traced is the text of an event of a message.
func traced(e *event.Event) string {
	side := "client"
	if e.Side == event.Server {
		side = "server"
	}
	n, at := strconv.FormatUint(e.TracingID, 10), " "+side+" connection "+e.ConnectionID
	switch {
	case e.Operation == event.MessageSent:
		return "Sent a message " + n + " to" + at + " successfully."
	case e.MessageType != "":
		return "Received a " + e.MessageType + " message " + n + " from" + at + "."
	}
	return "Received a message " + n + " from" + at + "."
}
