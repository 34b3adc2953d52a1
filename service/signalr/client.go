package signalr

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/event"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
	"reslog/service/signalr/token"
	"reslog/service/signalr/transport"
)

// The time of a client: how long its handshake may take, how often it is pinged, and how
// long it may be silent. Sources: "Client negotiation"; the hub protocol's defaults.
const (
	handshakeTime    = 15 * time.Second
	maxHandshakeTime = 30 * time.Second
	pingEvery        = 15 * time.Second
	silentFor        = 30 * time.Second
)

// phase is how far a client has come.
type phase int32

// The phases. In opening the handshake waits for its answer.
const (
	opening phase = iota
	open
	ended
)

// client is a client connection: what transport brings its bytes to, a member of its
// hub, and what application servers know it as.
//
// It has no goroutine of its own. What is due at some time is done by tick.
type client struct {
	v     *service
	conn  transport.Conn
	pass  *pass
	since time.Time
	id    string

	phase atomic.Int32 // phase
	// seen and sent are when something came and went last, in Unix nanoseconds.
	seen, sent atomic.Int64

	// receiving is held while what came is worked on; in is the beginning of a message
	// whose rest has not come.
	receiving sync.Mutex
	shaken    bool // the handshake has been read
	in        []byte

	// Set with the handshake, before phase leaves opening.
	protocol payload.Protocol
	known    bool // messages of the protocol can be read
	mode     Mode // Default or Serverless

	// mu guards what follows, and the order of what is sent.
	mu      sync.Mutex
	binding appserver.Binding
	tail    []byte // the beginning of a message from an application server
	replay  *replay
	asked   map[string]asked
	calls   calls
	warned  bool // that there is no upstream
	finish  sync.Once
}

// open is transport.Config's Open.
func (v *service) open(conn transport.Conn, g transport.Grant) (transport.Receiver, *transport.Refusal) {
	p, ok := g.Detail.(*pass)
	if !ok {
		return nil, &transport.Refusal{Status: http.StatusInternalServerError}
	}
	c := &client{v: v, conn: conn, pass: p, since: v.now(), id: conn.ID()}
	c.seen.Store(c.since.UnixNano())
	c.sent.Store(c.since.UnixNano())
	if over := v.limits.admit(v.mode() != Serverless, p.diagnostic()); over != "" {
		c.refused(over)
		return nil, tooMany(over)
	}
	if conn.Reconnects() {
		c.replay = newReplay()
	}
	started := c.event(event.ConnectionStarted, event.Informational, event.Connection, "Connection started")
	if err := v.server.logs.keep(context.Background(), v.conf.Load(), started, p.diagnostic()); err != nil {
		v.limits.leave(p.diagnostic())
		v.figures.systemErrors.Add(1)
		if !errors.Is(err, errUnkept) { // its beginning comes yet, and has an end
			c.putEnd(event.ConnectionAborted, event.Warning, "Connection aborted. Reason: "+event.ReasonTransient)
		}
		return nil, &transport.Refusal{Status: http.StatusServiceUnavailable, Text: "the connection cannot be logged now, try again"}
	}
	v.mu.Lock()
	v.clients[c.id] = c
	v.mu.Unlock()
	v.figures.opened.Add(1)
	return c, nil
}

// refused logs that a limit keeps a client out.
func (c *client) refused(over string) {
	e := c.event(event.ConnectionThrottled, event.Warning, event.Throttling, over)
	c.v.flood.log(c.v.log, e)
	e.Operation, e.Collection, e.Message = event.ConnectionAborted, event.Connection, "Connection aborted. Reason: "+over
	c.v.flood.log(c.v.log, e)
	c.v.figures.userErrors.Add(1)
}

// event begins an event of the connection.
func (c *client) event(o event.Operation, level event.Level, in event.Collection, message string) event.Event {
	return event.Event{
		Time:         c.v.now(),
		Operation:    o,
		Level:        level,
		Collection:   in,
		Message:      message,
		Side:         event.Client,
		ConnectionID: c.id,
		Transport:    string(c.conn.Kind()),
		User:         c.pass.token.User,
		Hub:          c.pass.hub,
		Caller:       c.conn.Caller(),
	}
}

func (c *client) log(o event.Operation, level event.Level, in event.Collection, message string) {
	c.put(c.event(o, level, in, message))
}

func (c *client) put(e event.Event) {
	c.v.server.logs.put(c.v.conf.Load(), e, c.pass.diagnostic())
}

// putEnd logs the end.
func (c *client) putEnd(o event.Operation, level event.Level, message string) {
	c.v.server.logs.putMust(c.v.conf.Load(), c.event(o, level, event.Connection, message), c.pass.diagnostic())
}

// ending is why a connection ends.
type ending struct {
	// reason is one of event's, detail what is known beyond it.
	reason, detail string
	// text is what the client is told, and whether it may connect again by itself.
	text      string
	reconnect bool
	// gone says that the client cannot be told.
	gone bool
}

// expected reports whether an end is one that the client or its application asked for.
func (e ending) expected() bool {
	switch e.reason {
	case event.ReasonClosedByClient, event.ReasonClosedByAPI, event.ReasonTokenExpired:
		return true
	}
	return false
}

// message is what the log says.
func (e ending) message() string {
	what := "Connection aborted. Reason: "
	if e.expected() {
		what = "Connection ended. Reason: "
	}
	detail := e.detail
	if len(detail) > maxDetail {
		detail = detail[:maxDetail] + "…"
	}
	switch {
	case detail == "":
		return what + e.reason
	case e.reason == event.ReasonServerClosed:
		return what + e.reason + ". Server reported error: " + detail
	}
	return what + e.reason + ": " + detail
}

// maxDetail bounds what the log tells of an error that somebody else chose, in bytes: an
// end that is too large for a record would have none.
const maxDetail = 4096

// end ends the connection. Only the first end counts.
func (c *client) end(e ending) {
	c.finish.Do(func() {
		was := phase(c.phase.Swap(int32(ended)))
		c.mu.Lock()
		binding, asked, opened := c.binding, c.asked, was == open
		c.asked = nil
		if !e.gone {
			c.farewell(opened, e)
		}
		c.mu.Unlock()
		c.conn.Close()
		if opened {
			c.v.hubs.Leave(c.pass.hub, c)
		}
		if binding != nil {
			if !opened {
				c.v.hubs.Leave(c.pass.hub, c)
			}
			binding.Closed("")
		}
		for _, a := range asked {
			a.fn(hub.Result{Lost: true})
		}
		c.v.mu.Lock()
		delete(c.v.clients, c.id)
		c.v.mu.Unlock()
		c.v.limits.leave(c.pass.diagnostic())
		c.v.figures.ended(e.reason)
		if e.expected() {
			c.putEnd(event.ConnectionEnded, event.Informational, e.message())
		} else {
			c.putEnd(event.ConnectionAborted, event.Warning, e.message())
		}
		if opened && c.mode == Serverless {
			c.disconnected(e)
		}
	})
}

// farewell tells the client why, in the form that it can read now: the answer to its
// handshake, or a message. It is called with mu.
func (c *client) farewell(opened bool, e ending) {
	switch {
	case opened && c.known:
		c.write(hubprotocol.AppendClose(nil, c.protocol, e.text, e.reconnect))
	case !opened && e.text != "":
		c.write(hubprotocol.AppendHandshakeResponse(nil, e.text))
	}
}

// fail ends the connection because of the client.
func (c *client) fail(reason, detail string) {
	c.end(ending{reason: reason, detail: detail, text: "Connection closed with an error."})
}

// Closed implements transport.Receiver.
func (c *client) Closed(e transport.End) {
	n := ending{reason: event.ReasonConnectionLost, gone: true}
	if c.conn.Kind() == transport.LongPolling {
		n.reason = event.ReasonPingTimeout // polls are its pings
	}
	switch e.By {
	case transport.ByClient:
		n.reason = event.ReasonClosedByClient
	case transport.BySlow:
		n.reason = event.ReasonSlowClient
	case transport.ByUs:
		n.reason = event.ReasonReloading
		if e.Err != nil {
			n.reason = event.ReasonBadMessage
		}
	}
	if e.Err != nil && e.By != transport.ByClient {
		n.detail = e.Err.Error()
	}
	c.end(n)
}

// tick does what is due.
func (c *client) tick(now time.Time) {
	conf := c.v.conf.Load()
	at := func(n *atomic.Int64) time.Duration { return now.Sub(time.Unix(0, n.Load())) }
	sys := c.pass.token.System
	if isTrue(sys[token.SystemCloseOnExp]) && c.expired(now) {
		c.end(ending{reason: event.ReasonTokenExpired, text: "The authentication has expired.", reconnect: true})
		return
	}
	switch phase(c.phase.Load()) {
	case opening:
		within := seconds(sys[token.SystemHandshake], int64(maxHandshakeTime/time.Second))
		if within == 0 {
			within = handshakeTime
		}
		if now.Sub(c.since) > within {
			c.end(ending{reason: event.ReasonHandshake, detail: "it took too long", text: hubprotocol.HandshakeTimedOut})
		}
	case open:
		every, silent := pingEvery, silentFor
		if c.mode == Serverless {
			every, silent = orElse(conf.KeepAlive, every), orElse(conf.ClientTimeout, silent)
		}
		c.acknowledge()
		// Polls keep a client of long polling alive, and transport looks after them.
		if c.conn.Kind() == transport.LongPolling {
			return
		}
		if at(&c.seen) > silent && c.idle() {
			c.end(ending{reason: event.ReasonPingTimeout, text: event.ReasonPingTimeout + ".", reconnect: true})
			return
		}
		if c.known && at(&c.sent) >= every {
			c.mu.Lock()
			c.write(hubprotocol.AppendPing(nil, c.protocol))
			c.mu.Unlock()
		}
	}
}

// idle reports whether nothing that came is being worked on: a client whose application
// server does not read is not read either, and is not silent.
func (c *client) idle() bool {
	if !c.receiving.TryLock() {
		return false
	}
	defer c.receiving.Unlock()
	return true
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// expired reports whether the authentication has, of a client that asks to be closed
// then.
func (c *client) expired(now time.Time) bool {
	at := c.pass.token.Expires
	if n, err := strconv.ParseInt(c.pass.token.System[token.SystemAuthExpires], 10, 64); err == nil {
		at = time.Unix(n, 0)
	}
	return !now.Before(at)
}

// ID implements hub.Member, as do User, Deliver, Close and Invoke.
func (c *client) ID() string { return c.id }

// User is explained at ID.
func (c *client) User() string { return c.pass.token.User }

// Close is explained at ID.
func (c *client) Close(reason string) {
	e := ending{reason: event.ReasonClosedByAPI, detail: reason, text: reason, reconnect: true}
	if c.mode == Default {
		// Mostly its application server; the hub does not tell it from the REST API.
		e.reason = event.ReasonServerClosed
	}
	c.end(e)
}

// Hub implements appserver.Client, as does all that follows.
func (c *client) Hub() string { return c.pass.hub }

// Protocol is explained at Hub.
func (c *client) Protocol() payload.Protocol { return c.protocol }

// Claims is explained at Hub.
func (c *client) Claims() []appserver.Claim {
	raw := c.pass.token.Raw
	claims := make([]appserver.Claim, len(raw))
	for i, r := range raw {
		claims[i] = appserver.Claim(r)
	}
	return claims
}

// Header is explained at Hub. Conn takes tokens out of it, and of the query.
func (c *client) Header() http.Header {
	h := c.conn.Header()
	if c.pass.diagnostic() {
		h = h.Clone()
		h[serviceprotocol.HeaderDiagnostic] = []string{"true"}
	}
	return h
}

// Query is explained at Hub. Stateful reconnect is between the client and the service,
// see replay: a server that did its part too would wait for acknowledgements.
func (c *client) Query() string {
	q := c.conn.Query()
	q.Del("useStatefulReconnect")
	return "?" + q.Encode()
}

// Caller is explained at Hub.
func (c *client) Caller() netip.Addr { return c.conn.Caller() }

// End is explained at Hub.
func (c *client) End(reason, detail string, allowReconnect bool) {
	e := ending{reason: reason, detail: detail, reconnect: allowReconnect}
	switch {
	case detail == "" && reason == event.ReasonServerClosed:
	case detail != "" && isTrue(c.pass.token.System["derror"]):
		e.text = detail
	default:
		e.text = "Connection closed with an error."
	}
	c.end(e)
}

// Sticky is explained at Hub.
func (c *client) Sticky() (server string, required bool) {
	sys := c.pass.token.System
	switch sys[token.SystemSticky] {
	case "Preferred":
		return sys[token.SystemServer], false
	case "Required":
		return sys[token.SystemServer], true
	}
	return "", false
}
