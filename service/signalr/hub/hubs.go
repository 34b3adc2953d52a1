package hub

import (
	"context"
	"time"

	"reslog/service/signalr/payload"
)

// Hubs are all hubs of a service. Names of hubs are compared without regard to case.
type Hubs struct{}

// New makes Hubs without members.
func New(Config) *Hubs { return &Hubs{} }

// Join takes a member into a hub, Leave takes it out, of its groups too.
func (h *Hubs) Join(hub string, m Member)  {}
func (h *Hubs) Leave(hub string, m Member) {}

// Send brings a message to who it is for, here and on other nodes.
func (h *Hubs) Send(ctx context.Context, hub string, to Target, p *payload.Payload) error { return nil }

// ConnectionExists, UserExists, GroupExists and InGroup tell whether there is such a
// connection, one of the user, one in the group, one of the user in the group.
func (h *Hubs) ConnectionExists(ctx context.Context, hub, id string) (bool, error) { return false, nil }
func (h *Hubs) UserExists(ctx context.Context, hub, user string) (bool, error)     { return false, nil }
func (h *Hubs) GroupExists(ctx context.Context, hub, group string) (bool, error)   { return false, nil }
func (h *Hubs) InGroup(ctx context.Context, hub, user, group string) (bool, error) { return false, nil }

// JoinGroup puts a connection into a group, LeaveGroup takes it out, of all of them
// without a group's name. They report whether there is such a connection.
func (h *Hubs) JoinGroup(ctx context.Context, hub, id, group string) (bool, error) { return false, nil }
func (h *Hubs) LeaveGroup(ctx context.Context, hub, id, group string) (bool, error) {
	return false, nil
}

// UserJoinGroup puts the connections of a user into a group, those to come too: for
// ttl, or for a year with none (nil); with 0 only those that are there.
func (h *Hubs) UserJoinGroup(ctx context.Context, hub, user, group string, ttl *time.Duration) error {
	return nil
}

// UserLeaveGroup takes a user out of a group, or of all without a group's name.
func (h *Hubs) UserLeaveGroup(ctx context.Context, hub, user, group string) error { return nil }

// Close closes connections, telling why, and returns how many.
func (h *Hubs) Close(ctx context.Context, hub string, to Target, reason string) (int, error) {
	return 0, nil
}

// Invoke asks a client for a result. ErrNotFound if there is no such connection.
func (h *Hubs) Invoke(ctx context.Context, hub, id string, invocation string, p *payload.Payload) (Result, error) {
	return Result{}, nil
}

// Listed is a connection in a listing.
type Listed struct{ ID, User string }

// Members lists the connections of a group, in the order of their IDs, from behind
// after.
func (h *Hubs) Members(ctx context.Context, hub, group, after string, most int) ([]Listed, error) {
	return nil, nil
}
