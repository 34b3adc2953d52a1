package rest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
)

// maxCommands bounds the commands of a request.
const maxCommands = 100

// command is one of :execute. The reference names their types only; the members are
// those of the requests that do the same.
type command struct {
	Type string `json:"type"`
	// Target and Arguments are of SendMessage.
	Target    string          `json:"target"`
	Arguments json.RawMessage `json:"arguments"`
	Group     string          `json:"group"`  // of JoinGroup and LeaveGroup
	Reason    string          `json:"reason"` // of CloseConnection
}

// execute does a list of commands, in their order, with the connections that a filter
// finds, without one with all of the hub. Nothing is done unless all can be. The
// connections are found anew for each command.
func execute(c *call) error {
	to := hub.Target{}
	if text := c.query.get("filter"); strings.TrimSpace(text) != "" {
		var err error
		if to, err = parseFilter(text); err != nil {
			return err
		}
	}
	steps, err := c.steps(to)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// steps checks the commands and returns what does them.
func (c *call) steps(to hub.Target) ([]func() error, error) {
	b, f, err := c.body()
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return nil, required()
	}
	if f != asJSON {
		return nil, bad("InvalidCommands", "commands", "Commands are written as JSON.")
	}
	var commands []command
	if err := json.Unmarshal(b, &commands); err != nil || len(commands) == 0 {
		return nil, bad("InvalidCommands", "commands", "The commands are not an array of objects.")
	}
	if len(commands) > maxCommands {
		return nil, bad("InvalidCommands", "commands", "There are more than 100 commands.")
	}
	steps := make([]func() error, len(commands))
	for i, one := range commands {
		if steps[i], err = c.step(one, to); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

func (c *call) step(one command, to hub.Target) (func() error, error) {
	switch strings.ToLower(one.Type) {
	case "sendmessage":
		if err := c.quota(); err != nil {
			return nil, err
		}
		p, err := one.message()
		return func() error { return c.sent(c.Hubs.Send(c.ctx, c.hub, to, p)) }, err
	case "closeconnection":
		return func() error {
			_, err := c.Hubs.Close(c.ctx, c.hub, to, one.Reason)
			return err
		}, nil
	case "joingroup":
		if to.Kind == hub.All || to.Kind == hub.Users && len(to.Except) > 0 || to.Kind != hub.Groups && len(to.ExceptUsers) > 0 {
			return nil, errFilter("JoinGroup needs one that names connections, users or groups, and leaves out some of groups only")
		}
		return func() error { return c.joinAll(to, one.Group) }, validGroup(one.Group)
	case "leavegroup":
		return func() error { return c.leaveAll(to, one.Group) }, validGroup(one.Group)
	}
	return nil, bad("InvalidCommands", "commands", "A command's type is SendMessage, JoinGroup, LeaveGroup or CloseConnection.")
}

func (one command) message() (*payload.Payload, error) {
	var args hubprotocol.Arguments
	if len(one.Arguments) > 0 && string(one.Arguments) != "null" {
		var err error
		if args, err = hubprotocol.NewArguments(payload.JSON, one.Arguments); err != nil {
			return nil, bad("InvalidMessage", "commands", "A command's arguments cannot be read: "+err.Error()+".")
		}
	}
	if one.Target == "" {
		return nil, bad("InvalidMessage", "commands", "A command to send a message has no target.")
	}
	return newMethod(one.Target, args).payload("")
}

// joinAll puts connections into a group. Who has gone meanwhile is none of them.
func (c *call) joinAll(to hub.Target, group string) error {
	switch to.Kind {
	case hub.Users:
		now := time.Duration(0) // only those that are there
		for _, user := range to.Names {
			if err := c.Hubs.UserJoinGroup(c.ctx, c.hub, user, group, &now); err != nil {
				return err
			}
		}
		return nil
	case hub.Connections:
		for _, id := range to.Names {
			if slices.Contains(to.Except, id) {
				continue
			}
			if _, err := c.Hubs.JoinGroup(c.ctx, c.hub, id, group); err != nil {
				return err
			}
		}
		return nil
	}
	return c.members(to.Names, to, func(m hub.Listed) error {
		_, err := c.Hubs.JoinGroup(c.ctx, c.hub, m.ID, group)
		return err
	})
}

// leaveAll takes connections out of a group. A user's standing in it stays.
func (c *call) leaveAll(to hub.Target, group string) error {
	leave := func(m hub.Listed) error {
		_, err := c.Hubs.LeaveGroup(c.ctx, c.hub, m.ID, group)
		return err
	}
	if to.Kind == hub.Groups {
		return c.members(to.Names, to, leave)
	}
	return c.members([]string{group}, to, func(m hub.Listed) error {
		if to.Kind == hub.Users && !slices.Contains(to.Names, m.User) || to.Kind == hub.Connections && !slices.Contains(to.Names, m.ID) {
			return nil
		}
		return leave(m)
	})
}

// members calls fn with the connections of groups that are not left out.
func (c *call) members(groups []string, to hub.Target, fn func(hub.Listed) error) error {
	const page = 1000
	for _, g := range groups {
		for after := ""; ; {
			list, err := c.Hubs.Members(c.ctx, c.hub, g, after, page)
			if err != nil {
				return err
			}
			for _, m := range list {
				after = m.ID
				if slices.Contains(to.Except, m.ID) || m.User != "" && slices.Contains(to.ExceptUsers, m.User) {
					continue
				}
				if err := fn(m); err != nil {
					return err
				}
			}
			if len(list) < page {
				break
			}
		}
	}
	return nil
}
