package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"reslog/service/signalr/token"
)

// clients are WebSockets of one server. They are written by hand, RFC 6455, so that they
// take little of the processors that they share with it.
type clients struct {
	conns []net.Conn
	// received counts invocations, closed the connections that have ended; failure is
	// why the first did.
	received, closed atomic.Int64
	failure          atomic.Pointer[error]
	stopping         atomic.Bool
	// more is told of each message once there are as many as awaited.
	awaited atomic.Int64
	more    chan struct{}
	done    chan struct{}
	reading sync.WaitGroup
}

// dialing is how many connect at a time.
const dialing = 64

// pingEvery is how often clients say that they are there.
const pingEvery = 15 * time.Second

// connect opens n connections of the users "user-0" and so on.
func connect(ctx context.Context, s *server, n int) (*clients, error) {
	c := &clients{conns: make([]net.Conn, n), more: make(chan struct{}, 1), done: make(chan struct{})}
	var failed error
	var once sync.Once
	var dial sync.WaitGroup
	next := atomic.Int64{}
	for range dialing {
		dial.Go(func() {
			for i := int(next.Add(1) - 1); i < n && ctx.Err() == nil; i = int(next.Add(1) - 1) {
				if err := c.dial(ctx, s, i); err != nil {
					once.Do(func() { failed = fmt.Errorf("client %d of %s: %w", i, s.name, err) })
					next.Store(int64(n))
					return
				}
			}
		})
	}
	dial.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	if failed != nil {
		c.close()
		return nil, failed
	}
	go c.ping()
	return c, nil
}

// dial opens one, says the handshake, and reads it from then on.
func (c *clients) dial(ctx context.Context, s *server, i int) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	c.conns[i] = conn
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	user := "user-" + strconv.Itoa(i)
	bearer := sign(token.ClientURL("http", s.addr, hubName), user)
	if _, err := fmt.Fprintf(conn, "GET /client/?hub="+hubName+" HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-User: %s\r\nAuthorization: Bearer %s\r\n\r\n", s.addr, user, bearer); err != nil {
		return err
	}
	in := bufio.NewReaderSize(conn, 512)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil { // it has none
		return err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return errors.New(answer.Status)
	}
	if _, err := conn.Write(masked(`{"protocol":"json","version":1}`)); err != nil {
		return err
	}
	first, err := readFrame(in, nil)
	if err != nil {
		return err
	}
	if string(first) != "{}\x1e" {
		return fmt.Errorf("the handshake is answered %q", first)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	c.reading.Go(func() { c.read(in) })
	return nil
}

// invocations is what messages that count begin with.
var invocations = []byte(`{"type":1,`)

func (c *clients) read(in *bufio.Reader) {
	var b []byte
	for {
		var err error
		if b, err = readFrame(in, b[:0]); err != nil {
			c.closed.Add(1)
			if !c.stopping.Load() {
				c.failure.CompareAndSwap(nil, &err)
			}
			return
		}
		if n := int64(bytes.Count(b, invocations)); n > 0 && c.received.Add(n) == c.awaited.Load() {
			select {
			case c.more <- struct{}{}:
			default:
			}
		}
	}
}

// await waits until n more invocations have come since before, when there were so many.
func (c *clients) await(ctx context.Context, before, n int64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c.awaited.Store(before + n)
	tick := time.NewTicker(50 * time.Millisecond) // for one that came before it was awaited
	defer tick.Stop()
	for c.received.Load() < before+n {
		select {
		case <-c.more:
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d messages came: %w", c.received.Load()-before, n, errors.Join(ctx.Err(), c.problem()))
		}
	}
	if got := c.received.Load() - before; got != n {
		return fmt.Errorf("%d messages came instead of %d", got, n)
	}
	return c.problem()
}

// problem is an error if connections have ended.
func (c *clients) problem() error {
	if n := c.closed.Load(); n > 0 {
		return fmt.Errorf("%d connections have ended, the first of them with: %w", n, *c.failure.Load())
	}
	return nil
}

func (c *clients) ping() {
	frame := masked(`{"type":6}`)
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, conn := range c.conns {
				_, _ = conn.Write(frame) // reading tells
			}
		case <-c.done:
			return
		}
	}
}

// close ends all connections, in an orderly way, and waits for their end.
func (c *clients) close() {
	c.stopping.Store(true)
	close(c.done)
	for _, conn := range c.conns {
		if conn != nil {
			_, _ = conn.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8}) // a close frame, 1000
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		}
	}
	c.reading.Wait()
	for _, conn := range c.conns {
		if conn != nil {
			_ = conn.Close()
		}
	}
}

// masked is a message of the hub protocol in a text frame, with a mask of zero.
func masked(message string) []byte {
	b := []byte{0x81, 0x80 | byte(len(message)+1), 0, 0, 0, 0}
	return append(append(b, message...), 0x1e)
}

// readFrame appends the payload of a frame to b. A close frame is io.EOF.
func readFrame(in *bufio.Reader, b []byte) ([]byte, error) {
	var head [10]byte
	if _, err := io.ReadFull(in, head[:2]); err != nil {
		return b, err
	}
	n := uint64(head[1] & 0x7f)
	switch n {
	case 126:
		if _, err := io.ReadFull(in, head[2:4]); err != nil {
			return b, err
		}
		n = uint64(binary.BigEndian.Uint16(head[2:]))
	case 127:
		if _, err := io.ReadFull(in, head[2:10]); err != nil {
			return b, err
		}
		n = binary.BigEndian.Uint64(head[2:])
	}
	const most = 1 << 20
	if n > most {
		return b, fmt.Errorf("a frame of %d bytes", n)
	}
	from := len(b)
	b = append(b, make([]byte, n)...)
	if _, err := io.ReadFull(in, b[from:]); err != nil {
		return b, err
	}
	if head[0]&0x0f == 0x08 {
		return b, io.EOF
	}
	return b, nil
}
