// Package audit listens to the audit stream of Redis Software: clusters connect
// to it, over TCP or a Unix socket, and send connection events as JSON values, one
// after the other.
//
//	l := audit.New(audit.Config{Take: func(e event.Event) { … }})
//	err := l.Serve(ctx, listener) // until ctx is done
//
// Both generations are read: that of Redis Software 6.2.18 to 8.0, and that of 8.2
// with its sequence numbers for each worker, whose gaps are counted as lost events.
//
// # What becomes an event
//
//	new_conn, close_conn  an event
//	new_int_conn          an event of type new_conn, marked Internal
//	auth                  an event, unless it repeats what the connection was told
//	                      already, see repeats.go
//	command               none; counted
//	anything else         none; refused and counted, and the stream goes on at the
//	                      next JSON value, see decoder.go
//
// An event's Time is that of the record, in whole seconds; Captured is when it was
// read. Its connection has the ID that the cluster gave it, so a Listener is for
// one cluster: two of them may give the same.
//
// The ID of an event is made of the record and of the host that sent it, where the
// record has a sequence number: the same record, sent again over a new connection or
// to another process, is the same event. Without a number two logins that fail in
// one second look alike, so these events have IDs of their own.
//
// # What it does not do
//
// The sender does not wait for an answer, so an event that was sent is lost when
// the process ends before it read it. Records are in the order of their worker, and
// when a worker connects anew while its old connection is still being read, the two
// are not ordered. There is no TLS and no password, as there is none in the sender:
// whoever reaches the listener is believed.
//
// Source: "Audit connection events" and "Database connection auditing", Redis
// Software.
package audit
