package appservertest

import (
	"errors"
	"sync"

	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
)

// Hub runs the clients of any number of connections. Clients may invoke:
//
//	echo        returns its first argument
//	broadcast   invokes "message" with the arguments, of all clients
//	others      the same, but for the caller
//	join, leave put the caller into a group and out of it, by its first argument
//	toGroup     invokes "message" with the arguments, of the group that the first names
//	toUser      the same, of a user
//	whoami      returns the user's claims as text: "type: value\n…"
//	abort       ends the caller's connection, reporting its first argument as the error
//
// and what is in Methods.
type Hub struct {
	// Methods are set before the hub is used. The result is encoded for the protocol of
	// the call, nil for none.
	Methods map[string]func(*Call) (result []byte, err error)
	// Opened and Closed, if set, are called when clients come and go.
	Opened func(*Client)
	Closed func(c *Client, m *serviceprotocol.CloseConnection)

	mu      sync.Mutex
	clients map[string]*Client
}

// Client is a client of a hub.
type Client struct {
	Conn *Conn
	Open *serviceprotocol.OpenConnection
	ID   string

	protocol payload.Protocol // after the handshake
	pend     []byte
}

// Call is an invocation by a client.
type Call struct {
	*Client
	hubprotocol.Message
}

// NewHub returns a hub without further methods.
func NewHub() *Hub {
	return &Hub{Methods: map[string]func(*Call) ([]byte, error){}, clients: map[string]*Client{}}
}

// Clients are the IDs of those that are connected.
func (h *Hub) Clients() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []string
	for id := range h.clients {
		ids = append(ids, id)
	}
	return ids
}

// Handle is for Config.Handle.
func (h *Hub) Handle(c *Conn, m serviceprotocol.Message) {
	switch m := m.(type) {
	case *serviceprotocol.OpenConnection:
		client := &Client{Conn: c, Open: m, ID: m.ConnectionID}
		h.mu.Lock()
		h.clients[m.ConnectionID] = client
		h.mu.Unlock()
		if h.Opened != nil {
			h.Opened(client)
		}
	case *serviceprotocol.CloseConnection:
		h.mu.Lock()
		client := h.clients[m.ConnectionID]
		if client != nil && client.Conn == c {
			delete(h.clients, m.ConnectionID)
		}
		h.mu.Unlock()
		if client != nil && h.Closed != nil {
			h.Closed(client, m)
		}
	case *serviceprotocol.ConnectionData:
		h.mu.Lock()
		client := h.clients[m.ConnectionID]
		h.mu.Unlock()
		if client != nil && client.Conn == c {
			client.pend = append(client.pend, m.Data...)
			if err := h.read(client); err != nil {
				client.Abort(err.Error())
			}
		}
	}
}

// read carries out what a client has sent.
func (h *Hub) read(c *Client) error {
	if c.protocol == "" {
		shake, rest, err := hubprotocol.ParseHandshake(c.pend)
		if errors.Is(err, hubprotocol.ErrIncomplete) {
			return nil
		}
		if err != nil {
			return err
		}
		c.pend = rest
		if text := shake.Refusal(); text != "" {
			c.Write(hubprotocol.AppendHandshakeResponse(nil, text))
			return errors.New(text)
		}
		c.protocol = shake.Protocol
		// One that comes from another server has had its answer.
		if c.Open.Headers[serviceprotocol.HeaderMigrateFrom] == nil {
			c.Write(hubprotocol.AppendHandshakeResponse(nil, ""))
		}
	}
	for len(c.pend) > 0 {
		m, rest, err := hubprotocol.Next(c.protocol, c.pend)
		if errors.Is(err, hubprotocol.ErrIncomplete) {
			return nil
		}
		if err != nil {
			return err
		}
		c.pend = rest
		if m.Type == hubprotocol.Invocation {
			h.call(&Call{Client: c, Message: m})
		}
	}
	return nil
}

// call carries out an invocation, and answers it if it asks for that.
func (h *Hub) call(c *Call) {
	method := h.Methods[c.Target]
	if method == nil {
		method = methods[c.Target]
	}
	var result []byte
	err := errors.New("there is no method " + c.Target)
	if method != nil {
		result, err = method(c)
	}
	switch {
	case c.InvocationID == "":
	case err != nil:
		c.Write(hubprotocol.AppendCompletionError(nil, c.protocol, c.InvocationID, err.Error()))
	default:
		c.Write(hubprotocol.AppendCompletion(nil, c.protocol, c.InvocationID, result))
	}
}

// Write sends bytes to the client.
func (c *Client) Write(b []byte) {
	c.send(&serviceprotocol.ConnectionData{ConnectionID: c.ID, Data: b})
}

// Abort ends the client's connection.
func (c *Client) Abort(text string) {
	c.send(&serviceprotocol.CloseConnection{ConnectionID: c.ID, Error: text})
}

// send sends for a client; if that fails, the client ends with the connection.
func (c *Client) send(m serviceprotocol.Message) { _ = c.Conn.Send(m) }

// Protocol is the client's.
func (c *Client) Protocol() payload.Protocol { return c.protocol }
