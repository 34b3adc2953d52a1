package appserver

import (
	"context"

	"reslog/service/signalr/hub"
	"reslog/service/signalr/serviceprotocol"
)

// handle carries out a message of the server. Its bytes are good until the next one is
// read. What only the service sends, and flow control, which it does not take part in, is
// ignored.
func (c *conn) handle(m serviceprotocol.Message) {
	tracing := c.received(m)
	switch m := m.(type) {
	case *serviceprotocol.Ping:
		c.ping(m)
	case *serviceprotocol.ConnectionData:
		if b := c.client(m.ConnectionID); b != nil {
			b.write(m.Data)
		}
	case *serviceprotocol.CloseConnection:
		c.closeConnection(m)
	case *serviceprotocol.ClientInvocation:
		c.invoke(m)
	case *serviceprotocol.ClientCompletion:
		c.complete(callKey{c.hub, m.ConnectionID, m.InvocationID}, m)
	case *serviceprotocol.ErrorCompletion:
		c.complete(callKey{c.hub, m.ConnectionID, m.InvocationID}, m)
	case *serviceprotocol.AccessKeyRequest:
		c.accessKey(m)
	default:
		if !c.handleSend(m, tracing) && !c.handleGroup(m) {
			c.handleAsk(m)
		}
	}
}

// handleSend carries out what brings something to several clients.
func (c *conn) handleSend(m serviceprotocol.Message, tracing uint64) bool {
	switch m := m.(type) {
	case *serviceprotocol.MultiConnectionData:
		c.bring(hub.Target{Kind: hub.Connections, Names: m.ConnectionIDs}, m.Payloads, tracing)
	case *serviceprotocol.UserData:
		c.bring(hub.Target{Kind: hub.Users, Names: []string{m.User}}, m.Payloads, tracing)
	case *serviceprotocol.MultiUserData:
		c.bring(hub.Target{Kind: hub.Users, Names: m.Users}, m.Payloads, tracing)
	case *serviceprotocol.BroadcastData:
		c.bring(hub.Target{Kind: hub.All, Except: m.Excluded}, m.Payloads, tracing)
	case *serviceprotocol.GroupBroadcastData:
		// The caller is told for the record; who is not to get it is excluded.
		c.bring(hub.Target{Kind: hub.Groups, Names: []string{m.Group}, Except: m.Excluded, ExceptUsers: m.ExcludedUsers}, m.Payloads, tracing)
	case *serviceprotocol.MultiGroupBroadcastData:
		c.bring(hub.Target{Kind: hub.Groups, Names: m.Groups}, m.Payloads, tracing)
	default:
		return false
	}
	return true
}

// bring sends payloads, which are parts of what was read.
func (c *conn) bring(to hub.Target, p serviceprotocol.Payloads, tracing uint64) {
	if to.Kind != hub.All && len(to.Names) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, askTimeout)
	defer cancel()
	message := p.Clone().Payload()
	message.TracingID = tracing
	if err := c.s.config.Hubs.Send(ctx, c.hub, to, message); err != nil {
		c.s.config.Logger.Warn("a message of an application server does not reach all nodes", "hub", c.hub, "error", err)
	}
}

// handleGroup carries out what changes groups and closes connections. It is done before
// the next message is read, which may rely on it.
func (c *conn) handleGroup(m serviceprotocol.Message) bool {
	ctx, cancel := context.WithTimeout(c.ctx, askTimeout)
	defer cancel()
	hubs := c.s.config.Hubs
	switch m := m.(type) {
	case *serviceprotocol.JoinGroup:
		_, err := hubs.JoinGroup(ctx, c.hub, m.ConnectionID, m.Group)
		c.note(err)
	case *serviceprotocol.LeaveGroup:
		_, err := hubs.LeaveGroup(ctx, c.hub, m.ConnectionID, m.Group)
		c.note(err)
	case *serviceprotocol.UserJoinGroup:
		c.note(hubs.UserJoinGroup(ctx, c.hub, m.User, m.Group, m.TTL))
	case *serviceprotocol.UserLeaveGroup:
		c.note(hubs.UserLeaveGroup(ctx, c.hub, m.User, m.Group))
	case *serviceprotocol.JoinGroupWithAck:
		found, err := hubs.JoinGroup(ctx, c.hub, m.ConnectionID, m.Group)
		c.ack(m.AckID, found, err)
	case *serviceprotocol.LeaveGroupWithAck:
		found, err := hubs.LeaveGroup(ctx, c.hub, m.ConnectionID, m.Group)
		c.ack(m.AckID, found, err)
	case *serviceprotocol.UserJoinGroupWithAck:
		c.ack(m.AckID, true, hubs.UserJoinGroup(ctx, c.hub, m.User, m.Group, m.TTL))
	case *serviceprotocol.UserLeaveGroupWithAck:
		c.ack(m.AckID, true, hubs.UserLeaveGroup(ctx, c.hub, m.User, m.Group))
	case *serviceprotocol.CloseConnectionWithAck:
		n, err := hubs.Close(ctx, c.hub, hub.Target{Kind: hub.Connections, Names: []string{m.ConnectionID}}, m.Reason)
		c.ack(m.AckID, n > 0, err)
	case *serviceprotocol.CloseConnectionsWithAck:
		_, err := hubs.Close(ctx, c.hub, hub.Target{Kind: hub.All, Except: m.Excluded}, m.Reason)
		c.ack(m.AckID, true, err)
	case *serviceprotocol.CloseUserConnectionsWithAck:
		_, err := hubs.Close(ctx, c.hub, hub.Target{Kind: hub.Users, Names: []string{m.User}, Except: m.Excluded}, m.Reason)
		c.ack(m.AckID, true, err)
	case *serviceprotocol.CloseGroupConnectionsWithAck:
		_, err := hubs.Close(ctx, c.hub, hub.Target{Kind: hub.Groups, Names: []string{m.Group}, Except: m.Excluded}, m.Reason)
		c.ack(m.AckID, true, err)
	default:
		return false
	}
	return true
}

// note logs what a server that waits for no Ack is not told.
func (c *conn) note(err error) {
	if err != nil {
		c.s.config.Logger.Warn("an application server's change of groups is not carried out", "hub", c.hub, "server", c.server, "error", err)
	}
}
