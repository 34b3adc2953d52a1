package rest

import (
	"math"
	"time"
)

// Who is in which group.

func addConnection(c *call) error {
	return c.exists(c.Hubs.JoinGroup(c.ctx, c.hub, c.connection, c.group))
}

// removeConnection answers 200 for a connection that is not there, and so is not in the
// group: SDKs take a 404 for a failure. In version 1.0 it is one.
func removeConnection(c *call) error {
	yes, err := c.Hubs.LeaveGroup(c.ctx, c.hub, c.connection, c.group)
	return c.exists(yes || c.route.NotFound == "", err)
}

func removeConnectionFromAll(c *call) error {
	_, err := c.Hubs.LeaveGroup(c.ctx, c.hub, c.connection, "")
	return err
}

// addUser puts a user's connections into a group, those of the next ttl seconds too: of a
// year without it, and only those that are there with 0.
func addUser(c *call) error {
	n, there, err := c.integer("ttl", 0, math.MaxInt32)
	if err != nil {
		return err
	}
	var ttl *time.Duration
	if there {
		d := time.Duration(n) * time.Second
		ttl = &d
	}
	return c.Hubs.UserJoinGroup(c.ctx, c.hub, c.user, c.group, ttl)
}

func removeUser(c *call) error { return c.Hubs.UserLeaveGroup(c.ctx, c.hub, c.user, c.group) }

func removeUserFromAll(c *call) error { return c.Hubs.UserLeaveGroup(c.ctx, c.hub, c.user, "") }
