package appserver

import (
	"context"
	"errors"

	"reslog/service/signalr/hub"
	"reslog/service/signalr/serviceprotocol"
)

// The pages of a group's members.
const (
	page    = 200
	maxPage = 1000
)

// ack answers a message.
func (c *conn) ack(id int, found bool, err error) {
	m := &serviceprotocol.Ack{ID: id, Status: serviceprotocol.StatusOK}
	switch {
	case errors.Is(err, hub.ErrPeers), errors.Is(err, context.DeadlineExceeded):
		m.Status, m.Message = serviceprotocol.StatusTimeout, "Other nodes have not answered in time."
	case err != nil:
		m.Status, m.Message = serviceprotocol.StatusInternalError, err.Error()
	case !found:
		m.Status = serviceprotocol.StatusNotFound
	}
	c.send(m)
}

// handleAsk answers questions, each in a goroutine of its own: other nodes may have to be
// asked.
func (c *conn) handleAsk(m serviceprotocol.Message) {
	hubs := c.s.config.Hubs
	switch m := m.(type) {
	case *serviceprotocol.CheckUserInGroup:
		c.check(m.AckID, func(ctx context.Context) (bool, error) { return hubs.InGroup(ctx, c.hub, m.User, m.Group) })
	case *serviceprotocol.CheckGroupExistence:
		c.check(m.AckID, func(ctx context.Context) (bool, error) { return hubs.GroupExists(ctx, c.hub, m.Group) })
	case *serviceprotocol.CheckConnectionExistence:
		c.check(m.AckID, func(ctx context.Context) (bool, error) { return hubs.ConnectionExists(ctx, c.hub, m.ConnectionID) })
	case *serviceprotocol.CheckUserExistence:
		c.check(m.AckID, func(ctx context.Context) (bool, error) { return hubs.UserExists(ctx, c.hub, m.User) })
	case *serviceprotocol.GroupMemberQuery:
		c.ask(func(ctx context.Context) { c.members(ctx, m) })
	}
}

func (c *conn) check(id int, fn func(context.Context) (bool, error)) {
	c.ask(func(ctx context.Context) {
		found, err := fn(ctx)
		c.ack(id, found, err)
	})
}

// ask runs fn in a goroutine. With too many of them it waits, and nothing is read.
func (c *conn) ask(fn func(context.Context)) {
	select {
	case c.asks <- struct{}{}:
	case <-c.ctx.Done():
		return
	}
	c.work.Go(func() {
		defer func() { <-c.asks }()
		ctx, cancel := context.WithTimeout(c.ctx, askTimeout)
		defer cancel()
		fn(ctx)
	})
}

// members answers with a page of a group's members. A continuation token is the ID of
// the last of the page before.
func (c *conn) members(ctx context.Context, m *serviceprotocol.GroupMemberQuery) {
	size := page
	if m.MaxPageSize > 0 {
		size = min(m.MaxPageSize, maxPage)
	}
	whole := false // the page is all that was asked for
	for _, limit := range []int{m.Max, m.Top} {
		if limit > 0 && limit <= size {
			size, whole = limit, true
		}
	}
	// One more tells whether there is another page.
	list, err := c.s.config.Hubs.Members(ctx, c.hub, m.Group, m.ContinuationToken, size+1)
	if err != nil {
		c.ack(m.AckID, false, err)
		return
	}
	next := ""
	if len(list) > size {
		list = list[:size]
		if !whole {
			next = list[size-1].ID
		}
	}
	members := make([]serviceprotocol.Member, len(list))
	for i, l := range list {
		members[i] = serviceprotocol.Member{ConnectionID: l.ID, User: l.User}
	}
	c.send(&serviceprotocol.Ack{ID: m.AckID, Status: serviceprotocol.StatusOK, Payload: serviceprotocol.AppendMembers(nil, members, next)})
}

var errNoIdentity = errors.New("this service takes no Microsoft Entra tokens: use an access key")

func refuseKey(context.Context, string, string) (id, key string, err error) {
	return "", "", errNoIdentity
}

// accessKey gives the server a key for its Microsoft Entra token.
func (c *conn) accessKey(m *serviceprotocol.AccessKeyRequest) {
	c.ask(func(ctx context.Context) {
		id, key, err := c.s.config.AccessKey(ctx, m.Token, m.KeyID)
		answer := &serviceprotocol.AccessKeyResponse{KeyID: id, AccessKey: key}
		if err != nil {
			answer = &serviceprotocol.AccessKeyResponse{ErrorType: "Unauthorized", ErrorMessage: err.Error()}
		}
		c.send(answer)
	})
}
