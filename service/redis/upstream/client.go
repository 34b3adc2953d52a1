package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config is what New needs.
type Config struct {
	// Network is "tcp" or "unix"; "" is "tcp".
	Network, Address string
	// TLS is what the connection needs; nil is none. Without a ServerName it is the
	// host of Address.
	TLS *tls.Config
	// User and Password are those that Info and Clients are asked with. Without a
	// Password they are asked as who has none; without a User it is that of "default".
	User, Password string
	// Timeout bounds a call, beside its ctx; 0 is 5 s.
	Timeout time.Duration
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	c Config

	mu sync.Mutex
	// own are where its latest connections came from. A server may still list one
	// that has been closed.
	own  [16]netip.AddrPort
	next int
}

// New makes a Client. Nothing is connected yet.
func New(c Config) *Client {
	if c.Network == "" {
		c.Network = "tcp"
	}
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Second
	}
	if c.TLS != nil && c.TLS.ServerName == "" {
		c.TLS = c.TLS.Clone()
		if host, _, err := net.SplitHostPort(c.Address); err == nil {
			c.TLS.ServerName = host
		}
	}
	return &Client{c: c}
}

// conn is a connection to the server.
type conn struct {
	net.Conn
	replies *bufio.Reader
}

// connect makes a connection, which ends with ctx.
func (c *Client) connect(ctx context.Context) (*conn, func(), error) {
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	raw, err := new(net.Dialer).DialContext(ctx, c.c.Network, c.c.Address)
	if err == nil {
		c.remember(raw.LocalAddr())
	}
	if err == nil && c.c.TLS != nil {
		secured := tls.Client(raw, c.c.TLS)
		if err = secured.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
		}
		raw = secured
	}
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("connect to the Redis server: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = raw.SetDeadline(deadline) // fails only when it is closed, as all else does then
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	done := func() {
		stop()
		cancel()
		_ = raw.Close()
	}
	return &conn{raw, bufio.NewReaderSize(raw, 16<<10)}, done, nil
}

// remember keeps where a connection came from.
func (c *Client) remember(local net.Addr) {
	if tcp, ok := local.(*net.TCPAddr); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.own[c.next%len(c.own)] = unmapped(tcp.AddrPort())
		c.next++
	}
}

// isOwn reports whether a client is this one.
func (c *Client) isOwn(info ClientInfo) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return info.Addr.IsValid() && slices.Contains(c.own[:], info.Addr)
}

// Open reports whether the server lets in who has no password: it answers a PING
// before any AUTH with anything but that it wants one. A server that answers that it
// has too many clients was not asked.
func (c *Client) Open(ctx context.Context) (bool, error) {
	conn, done, err := c.connect(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	_, err = conn.ask("PING")
	var refusal *Error
	switch {
	case err == nil:
		return true, nil
	case !errors.As(err, &refusal):
		return false, fmt.Errorf("ask the Redis server without a password: %w", err)
	case refusal.Code == "NOAUTH", refusal.Code == "DENIED":
		return false, nil
	case refusal.Code == "ERR" && strings.HasPrefix(refusal.Text, "max number of clients"):
		return false, fmt.Errorf("ask the Redis server without a password: %w", err)
	}
	return true, nil
}

// Info returns the fields of INFO, without its headings.
func (c *Client) Info(ctx context.Context) (map[string]string, error) {
	text, err := c.askText(ctx, "INFO")
	if err != nil {
		return nil, err
	}
	return parseInfo(text), nil
}

// Clients returns the clients of CLIENT LIST, in its order, without the Client's own
// connections, as far as their addresses tell them from others.
func (c *Client) Clients(ctx context.Context) ([]ClientInfo, error) {
	text, err := c.askText(ctx, "CLIENT", "LIST")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(parseClients(text), c.isOwn), nil
}

// askText asks with the user and the password of the Config.
func (c *Client) askText(ctx context.Context, command ...string) (string, error) {
	conn, done, err := c.connect(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if err := c.authenticate(conn); err != nil {
		return "", err
	}
	text, err := conn.ask(command...)
	if err != nil {
		return "", fmt.Errorf("ask the Redis server for %s: %w", strings.Join(command, " "), err)
	}
	return text, nil
}

// authenticate logs in, if there is a password. What a server without passwords says
// to one is no reason to stop.
func (c *Client) authenticate(conn *conn) error {
	if c.c.Password == "" {
		return nil
	}
	words := []string{"AUTH", c.c.User, c.c.Password}
	if c.c.User == "" {
		words = []string{"AUTH", c.c.Password}
	}
	_, err := conn.ask(words...)
	var refusal *Error
	if !errors.As(err, &refusal) {
		if err != nil {
			return fmt.Errorf("log in to the Redis server: %w", err)
		}
		return nil
	}
	if strings.HasPrefix(refusal.Text, "AUTH <password> called without any password") ||
		strings.HasPrefix(refusal.Text, "Client sent AUTH, but no password is set") {
		return nil
	}
	// An unknown command is answered with its arguments: the text stays here.
	return fmt.Errorf("log in to the Redis server: %w",
		&Error{refusal.Code, "it refused the user and the password; check RESLOG_REDIS_PASSWORD and the user"})
}
