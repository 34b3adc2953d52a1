package rest

import (
	"net/http"

	"reslog/service/signalr/hub"
)

// Messages: to all, a group, a user or a connection. They are accepted whether anybody
// is there or not.

func sendAll(c *call) error { return c.send(hub.Target{Except: c.query["excluded"]}) }

func sendUser(c *call) error       { return c.send(hub.Target{Kind: hub.Users, Names: []string{c.user}}) }
func sendConnection(c *call) error { return c.send(one(c.connection)) }

func sendGroup(c *call) error {
	return c.send(hub.Target{Kind: hub.Groups, Names: []string{c.group}, Except: c.query["excluded"]})
}

func one(connection string) hub.Target {
	return hub.Target{Kind: hub.Connections, Names: []string{connection}}
}

func (c *call) send(to hub.Target) error {
	if err := c.quota(); err != nil {
		return err
	}
	m, err := c.method()
	if err != nil {
		return err
	}
	p, err := m.payload("")
	if err != nil {
		return err
	}
	return c.sent(c.Hubs.Send(c.ctx, c.hub, to, p))
}

// sent is the error of a Send. Nodes that did not get it do not make it a 503, which
// would be repeated.
func (c *call) sent(err error) error {
	if err == nil {
		return nil
	}
	c.Logger.Error("a message did not reach other nodes", "request", c.route.Name, "hub", c.hub, "error", err)
	return internal()
}

// quota refuses messages when there is no quota left. It counts nothing.
func (c *call) quota() error {
	if c.Count == nil || c.Count(0) {
		return nil
	}
	return &failure{status: http.StatusTooManyRequests, code: "MessageCountReachesLimit", message: "Message count reaches limit."}
}
