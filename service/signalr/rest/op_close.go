package rest

import "reslog/service/signalr/hub"

// Closing connections. The clients are told the reason.

func closeAll(c *call) error { return c.closeMany(hub.Target{}) }

func closeGroup(c *call) error {
	return c.closeMany(hub.Target{Kind: hub.Groups, Names: []string{c.group}})
}

func closeUser(c *call) error {
	return c.closeMany(hub.Target{Kind: hub.Users, Names: []string{c.user}})
}

func (c *call) closeMany(to hub.Target) error {
	to.Except = c.query["excluded"]
	_, err := c.Hubs.Close(c.ctx, c.hub, to, c.query.get("reason"))
	return err
}

// closeConnection answers 404 for a connection that is not there; version 1.0 does not
// tell.
func closeConnection(c *call) error {
	n, err := c.Hubs.Close(c.ctx, c.hub, one(c.connection), c.query.get("reason"))
	if err == nil && n == 0 && c.route.NotFound != "" {
		return c.missing()
	}
	return err
}
