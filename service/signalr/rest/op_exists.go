package rest

// Whether there is something: 200, or 404 with a code.

func health(*call) error { return nil }

func connectionExists(c *call) error {
	return c.exists(c.Hubs.ConnectionExists(c.ctx, c.hub, c.connection))
}

func userExists(c *call) error  { return c.exists(c.Hubs.UserExists(c.ctx, c.hub, c.user)) }
func groupExists(c *call) error { return c.exists(c.Hubs.GroupExists(c.ctx, c.hub, c.group)) }
func userInGroup(c *call) error { return c.exists(c.Hubs.InGroup(c.ctx, c.hub, c.user, c.group)) }

func (c *call) exists(yes bool, err error) error {
	if err == nil && !yes {
		return c.missing()
	}
	return err
}
