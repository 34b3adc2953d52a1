package relay

import "time"

// deadlines are the connections that must get on by some time, the next first. A
// connection is in one of a loop's lists at most.
type deadlines struct {
	head, tail *conn
}

// add puts c in, whose deadlines mostly come in order.
func (d *deadlines) add(c *conn, at time.Duration) {
	c.expire()
	c.in, c.due = d, at
	after := d.tail
	for after != nil && after.due > at {
		after = after.earlier
	}
	c.earlier = after
	if after == nil {
		c.later, d.head = d.head, c
	} else {
		c.later, after.later = after.later, c
	}
	if c.later == nil {
		d.tail = c
	} else {
		c.later.earlier = c
	}
}

// expire takes c out of the list it is in, if any.
func (c *conn) expire() {
	d := c.in
	if d == nil {
		return
	}
	if c.earlier == nil {
		d.head = c.later
	} else {
		c.earlier.later = c.later
	}
	if c.later == nil {
		d.tail = c.earlier
	} else {
		c.later.earlier = c.earlier
	}
	c.in, c.earlier, c.later = nil, nil, nil
}

// take takes the first out if its time has come.
func (d *deadlines) take(now time.Duration) *conn {
	c := d.head
	if c == nil || c.due > now {
		return nil
	}
	c.expire()
	return c
}
