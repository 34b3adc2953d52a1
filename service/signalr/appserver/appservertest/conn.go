// Package appservertest is an application server for tests: it connects as the Azure
// SignalR SDK does, and runs a small hub.
//
//	h := appservertest.NewHub()
//	c, err := appservertest.Dial(ctx, appservertest.Config{URL: url, Key: key, Hub: "chat", Handle: h.Handle})
//	defer c.Close()
//
// A client of the hub "chat" can now invoke "echo", "broadcast" and the others of Hub.
package appservertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/serviceprotocol"
	"reslog/service/signalr/token"
)

// Config is what Dial needs.
type Config struct {
	// URL is that of the service, "http://127.0.0.1:8888"; Key its access key.
	URL, Key, Hub string
	// Server is the ID of the server, "" is "server".
	Server string
	// ID is that of the connection, "" is the service's choice.
	ID        string
	Type      serviceprotocol.ConnectionType
	Migration serviceprotocol.MigrationLevel
	// Version is that of the protocol, 0 is 1.
	Version int
	// Agent is the SDK, "" is that of an application server.
	Agent string
	// Header is added to the request.
	Header http.Header
	// Handle is called with each message, in order, but Acks that Ask waits for. It may
	// send, and must not Ask.
	Handle func(*Conn, serviceprotocol.Message)
}

// Conn is a server connection. Its methods may be called from any goroutine.
type Conn struct {
	config Config
	ws     *websocket.Conn
	cancel context.CancelFunc
	ctx    context.Context
	pend   []byte

	mu   sync.Mutex
	id   string
	last int // the last ack ID
	acks map[int]chan *serviceprotocol.Ack
	err  error
	done chan struct{}
}

// Dial connects, and returns after the handshake: with its error as an error, as with
// that of an answer that is not a WebSocket, "… got 403 …".
func Dial(ctx context.Context, config Config) (*Conn, error) {
	if config.Handle == nil {
		config.Handle = func(*Conn, serviceprotocol.Message) {}
	}
	if config.Version == 0 {
		config.Version = 1
	}
	if config.Server == "" {
		config.Server = "server" // for Conn.Server
	}
	ws, err := DialRaw(ctx, config)
	if err != nil {
		return nil, err
	}
	c := &Conn{config: config, ws: ws, acks: map[int]chan *serviceprotocol.Ack{}, done: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if err := c.handshake(ctx); err != nil {
		c.cancel()
		_ = ws.CloseNow() // the error is that of the handshake
		return nil, err
	}
	go c.read()
	return c, nil
}

// Authorization is the header that authenticates a server for a hub.
func Authorization(service, key, hub, server string) string {
	scheme, host, _ := strings.Cut(strings.TrimSuffix(service, "/"), "://")
	return "Bearer " + token.Sign(key,
		token.Claim{Type: "nameid", Value: server},
		token.Claim{Type: "aud", Value: token.ServerURL(scheme, host, hub)},
		token.Claim{Type: "exp", Value: strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)})
}

// DialRaw connects without a handshake.
func DialRaw(ctx context.Context, config Config) (*websocket.Conn, error) {
	if config.Server == "" {
		config.Server = "server"
	}
	query := url.Values{"hub": {config.Hub}}
	if config.ID != "" {
		query.Set("cid", config.ID)
	}
	header := http.Header{
		"Authorization":    {Authorization(config.URL, config.Key, config.Hub, config.Server)},
		"X-Asrs-Server-Id": {config.Server},
		"Asrs-User-Agent":  {"Microsoft.Azure.SignalR/1.0"},
	}
	if config.Agent != "" {
		header.Set("Asrs-User-Agent", config.Agent)
	}
	for name, values := range config.Header {
		header[name] = values
	}
	ws, _, err := websocket.Dial(ctx, strings.TrimSuffix(config.URL, "/")+"/server/?"+query.Encode(), &websocket.DialOptions{HTTPHeader: header}) //nolint:bodyclose // the library closes it
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(-1)
	return ws, nil
}

func (c *Conn) handshake(ctx context.Context) error {
	if err := c.Send(&serviceprotocol.HandshakeRequest{
		Version: c.config.Version, ConnectionType: c.config.Type, MigrationLevel: c.config.Migration,
	}); err != nil {
		return err
	}
	m, err := c.next(ctx)
	if err != nil {
		return err
	}
	answer, ok := m.(*serviceprotocol.HandshakeResponse)
	switch {
	case !ok:
		return fmt.Errorf("a %T instead of a handshake", m)
	case answer.Error != "":
		return errors.New(answer.Error)
	}
	c.id = answer.ConnectionID
	return nil
}

// next reads a message. Its bytes are never used for another.
func (c *Conn) next(ctx context.Context) (serviceprotocol.Message, error) {
	for {
		m, rest, err := serviceprotocol.Next(c.pend)
		if err == nil {
			c.pend = rest
			return m, nil
		}
		if !errors.Is(err, serviceprotocol.ErrIncomplete) {
			return nil, err
		}
		_, b, err := c.ws.Read(ctx)
		if err != nil {
			return nil, err
		}
		c.pend = append(c.pend[:len(c.pend):len(c.pend)], b...)
	}
}

func (c *Conn) read() {
	defer close(c.done)
	for {
		m, err := c.next(c.ctx)
		if err != nil {
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
			c.cancel()
			return
		}
		if ack, ok := m.(*serviceprotocol.Ack); ok && c.acked(ack) {
			continue
		}
		if p, ok := m.(*serviceprotocol.Ping); ok && len(p.Pairs) == 0 {
			_ = c.Send(&serviceprotocol.Ping{}) // reading tells if it fails
			continue
		}
		if m != nil {
			c.config.Handle(c, m)
		}
	}
}

func (c *Conn) acked(ack *serviceprotocol.Ack) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting, ok := c.acks[ack.ID]
	if ok {
		delete(c.acks, ack.ID)
		waiting <- ack
	}
	return ok
}

// ID is the connection's, Server the server's.
func (c *Conn) ID() string     { return c.id }
func (c *Conn) Server() string { return c.config.Server } //nolint:revive // explained above

// Send sends messages, in one frame.
func (c *Conn) Send(messages ...serviceprotocol.Message) error {
	var b []byte
	for _, m := range messages {
		b = m.Append(b)
	}
	return c.Write(b)
}

// Write sends bytes as they are.
func (c *Conn) Write(b []byte) error { return c.ws.Write(c.ctx, websocket.MessageBinary, b) }

// Ask sends the message that make returns for an ack ID, and waits for its Ack.
func (c *Conn) Ask(ctx context.Context, message func(ackID int) serviceprotocol.Message) (*serviceprotocol.Ack, error) {
	answer := make(chan *serviceprotocol.Ack, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	c.acks[id] = answer
	c.mu.Unlock()
	if err := c.Send(message(id)); err != nil {
		return nil, err
	}
	select {
	case ack := <-answer:
		return ack, nil
	case <-c.done:
		return nil, c.Err()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the connection as a server does that stops.
func (c *Conn) Close() error {
	err := c.ws.Close(websocket.StatusNormalClosure, "")
	<-c.done
	return err
}

// Abort ends it as a server does that crashes.
func (c *Conn) Abort() {
	_ = c.ws.CloseNow() // as meant
	<-c.done
}

// Done is closed when the connection has ended, Err is why.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is explained at Done.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
