package signalr

import (
	"bytes"
	"strconv"

	"reslog/service/signalr/event"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/upstream"
)

// Serverless mode: the hub is an upstream. It hears of a client, of each of its
// invocations and of its end one after the other, and what it answers is the result.
//
// Sources: "Upstream endpoints"; the upstream calls of the Azure SignalR emulator.

// What may wait for the upstream of one client.
const (
	maxCalls     = 100
	maxCallBytes = 2 << 20
)

// maxAnswer is how long a message that an upstream answers may be, in bytes.
const maxAnswer = 16 << 20

// calls are those of an upstream that wait for their turn.
type calls struct {
	queue   []call
	size    int
	running bool
}

// call is one. invocation is that of the client which waits for the result.
type call struct {
	upstream.Event
	invocation string
}

const (
	connections = "connections"
	messages    = "messages"
)

// enter answers the handshake of a client without an application server.
func (c *client) enter(h hubprotocol.Handshake) error {
	if text := h.Refusal(); text != "" {
		return c.refuseHandshake(event.ReasonHandshake, text)
	}
	c.log(event.ServerlessEntered, event.Informational, event.Connection, "Entered Serverless mode.")
	// Found by everybody before its client can tell anybody that it is here.
	c.v.hubs.Join(c.pass.hub, c)
	c.mu.Lock()
	if phase(c.phase.Load()) != opening {
		c.mu.Unlock()
		c.v.hubs.Leave(c.pass.hub, c)
		return errEnded
	}
	c.enqueue(c.call(connections, "connected", "application/json", []byte(`{"type":10}`)))
	c.write(hubprotocol.AppendHandshakeResponse(nil, ""))
	c.phase.CompareAndSwap(int32(opening), int32(open))
	c.mu.Unlock()
	if phase(c.phase.Load()) == ended {
		c.v.hubs.Leave(c.pass.hub, c)
		return errEnded
	}
	return nil
}

// disconnected tells the upstream that the client is gone.
func (c *client) disconnected(e ending) {
	body := []byte(`{"type":11}`)
	if !e.expected() {
		body = append(appendString([]byte(`{"type":11,"error":`), e.message()), '}')
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enqueue(c.call(connections, "disconnected", "application/json", body))
}

// serve works on a message of a client without an application server.
func (c *client) serve(m *hubprotocol.Message) {
	switch m.Type {
	case hubprotocol.Invocation:
		n := c.call(messages, m.Target, "application/json", bytes.Clone(m.Raw))
		if c.protocol != payload.JSON {
			n.ContentType = "application/x-msgpack"
		}
		n.invocation = m.InvocationID
		c.mu.Lock()
		flooding := len(c.calls.queue) >= maxCalls || c.calls.size+len(m.Raw) > maxCallBytes
		if !flooding {
			c.enqueue(n)
		}
		c.mu.Unlock()
		if flooding {
			c.fail(event.ReasonFlooding, "its upstream has "+strconv.Itoa(maxCalls)+" invocations to answer")
		}
	case hubprotocol.StreamInvocation:
		c.complete(m.InvocationID, "Streaming is not supported in Serverless mode.")
	case hubprotocol.Close:
		c.end(ending{reason: event.ReasonClosedByClient, detail: m.Error, gone: true})
	}
}

func (c *client) call(category, name, contentType string, body []byte) call {
	return call{Event: upstream.Event{
		Hub:          c.pass.hub,
		Category:     category,
		Name:         name,
		ConnectionID: c.id,
		User:         c.User(),
		Claims:       c.claimTexts(),
		Query:        c.Query(),
		ContentType:  contentType,
		Body:         body,
	}}
}

func (c *client) claimTexts() []string {
	texts := make([]string, len(c.pass.token.Claims))
	for i, claim := range c.pass.token.Claims {
		texts[i] = claim.Type + ": " + claim.Value
	}
	return texts
}

// enqueue has a call made when its turn comes. It is called with mu.
func (c *client) enqueue(n call) {
	c.calls.queue = append(c.calls.queue, n)
	c.calls.size += len(n.Body)
	if !c.calls.running {
		c.calls.running = true
		c.v.calling.Add(1)
		go c.callAll()
	}
}

// callAll makes the calls that wait.
func (c *client) callAll() {
	defer c.v.calling.Add(-1)
	for {
		c.mu.Lock()
		if len(c.calls.queue) == 0 {
			c.calls = calls{}
			c.mu.Unlock()
			return
		}
		n := c.calls.queue[0]
		c.calls.queue[0] = call{}
		c.calls.queue = c.calls.queue[1:]
		c.calls.size -= len(n.Body)
		c.mu.Unlock()
		// Nobody waits for what a client called that is gone.
		if n.Category == messages && phase(c.phase.Load()) == ended {
			continue
		}
		c.callOne(&n)
	}
}

func (c *client) callOne(n *call) {
	a, err := c.v.hooks.Load().Call(c.v.ctx, n.Event)
	c.v.figures.calls.Add(1)
	ok := err == nil && a.Status >= 200 && a.Status < 300 && !a.TooLarge
	if (err != nil || a.Called) && !ok {
		c.failed(n, a, err)
	}
	if n.Category == connections {
		if n.Name == "connected" && err == nil && a.Called && (a.Status == 401 || a.Status == 403) {
			c.fail(event.ReasonUpstreamForbidden, "status code "+strconv.Itoa(a.Status))
		}
		return
	}
	if err == nil && !a.Called {
		c.alone(n)
		return
	}
	if n.invocation == "" {
		return
	}
	problem := upstream.Problem(a, err)
	switch {
	case problem != "":
		c.complete(n.invocation, problem)
	case len(a.Body) == 0:
		c.result(hubprotocol.AppendCompletion(nil, c.protocol, n.invocation, nil))
	case (hubprotocol.Limits{MaxMessage: maxAnswer}).Check(c.protocol, a.Body) != nil:
		c.complete(n.invocation, "Invocation failed, the response is no message of the protocol "+string(c.protocol)+".")
	default:
		c.result(a.Body)
	}
}

// complete ends an invocation with an error.
func (c *client) complete(invocation, text string) {
	c.result(hubprotocol.AppendCompletionError(nil, c.protocol, invocation, text))
}

func (c *client) result(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messageOut(b, 0)
}

// alone is for an invocation that no upstream is for. The log says it once for each
// connection.
func (c *client) alone(n *call) {
	if n.invocation != "" {
		c.complete(n.invocation, "Invocation failed, no upstream is set up for the method.")
	}
	c.mu.Lock()
	first := !c.warned
	c.warned = true
	c.mu.Unlock()
	if first {
		e := c.event(event.UpstreamFailed, event.Warning, event.Connection,
			"No upstream is set up for 'hub:"+n.Hub+",event:"+n.Name+",category:"+n.Category+"': what the client invokes reaches nobody.")
		e.InvocationID = n.invocation
		c.put(e)
	}
}

// failed logs a call that failed.
func (c *client) failed(n *call, a upstream.Answer, err error) {
	c.v.figures.userErrors.Add(1)
	of := "'hub:" + n.Hub + ",event:" + n.Name + ",category:" + n.Category + "'"
	var text string
	switch {
	case err != nil:
		text = "Failed to invoke the upstream for " + of + ". " + upstream.Cause(err)
	case a.TooLarge:
		text = "The response of the upstream for " + of + " is too large."
	default:
		text = "Unexpected status code invoking the upstream for " + of + ". StatusCode: " + strconv.Itoa(a.Status) + "."
	}
	e := c.event(event.UpstreamFailed, event.Warning, event.Connection, text)
	e.InvocationID = n.invocation
	c.v.flood.log(c.put, e)
	if n.Name == "disconnected" && n.Category == connections {
		c.log(event.EndConnectionFailed, event.Warning, event.Connection, "The upstream was not told that the connection has ended. "+text)
	}
}
