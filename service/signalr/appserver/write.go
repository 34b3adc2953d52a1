package appserver

import (
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/event"
	"reslog/service/signalr/serviceprotocol"
)

// write writes what is queued, pings, and watches whether the server is heard of.
func (c *conn) write() {
	defer close(c.wrote)
	tick := time.NewTicker(c.s.config.PingInterval)
	defer tick.Stop()
	var b []byte
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
			if c.silence() > c.s.config.Timeout {
				c.cut(aborted(event.ReasonPingTimeout, ""))
				return
			}
			if c.greeted.Load() {
				c.send(&serviceprotocol.Ping{})
				c.tellTracing()
			}
			continue
		case <-c.queue.wake:
		}
		var last bool
		b, last = c.queue.take(b)
		if err := c.writeAll(b); err != nil {
			c.kill() // reading tells what is wrong
			return
		}
		c.queue.written()
		if last {
			c.goodbye()
			return
		}
	}
}

// writeAll writes bytes in pieces, each of which has its time.
func (c *conn) writeAll(b []byte) error {
	for len(b) > 0 {
		n := min(len(b), chunk)
		slow := time.AfterFunc(c.s.config.Timeout, func() { c.cut(aborted(ReasonSlowServer, "")) })
		err := c.ws.Write(c.ctx, websocket.MessageBinary, b[:n])
		slow.Stop()
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// goodbye closes the WebSocket as end said.
func (c *conn) goodbye() {
	c.endMu.Lock()
	code := c.ended.code
	c.endMu.Unlock()
	_ = c.ws.Close(code, "") // whatever comes of it, this was the last
	c.kill()
}

// kill cuts the connection off; how it ended is known, or will be.
func (c *conn) kill() {
	c.queue.close()
	c.cancel()
}
