package appservertest

import (
	"encoding/json"
	"errors"
	"strings"

	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
)

// methods are those of every Hub.
var methods = map[string]func(*Call) ([]byte, error){
	"echo": func(c *Call) ([]byte, error) {
		first, err := c.first()
		if err != nil {
			return nil, err
		}
		return hubprotocol.Transcode(nil, payload.JSON, c.protocol, first)
	},
	"broadcast": func(c *Call) ([]byte, error) {
		c.send(&serviceprotocol.BroadcastData{Payloads: Invocation("message", "", c.Arguments)})
		return nil, nil
	},
	"others": func(c *Call) ([]byte, error) {
		c.send(&serviceprotocol.BroadcastData{Excluded: []string{c.ID}, Payloads: Invocation("message", "", c.Arguments)})
		return nil, nil
	},
	"toGroup": func(c *Call) ([]byte, error) {
		group, err := c.Text()
		c.send(&serviceprotocol.GroupBroadcastData{Group: group, Payloads: Invocation("message", "", c.Arguments)})
		return nil, err
	},
	"toUser": func(c *Call) ([]byte, error) {
		user, err := c.Text()
		c.send(&serviceprotocol.UserData{User: user, Payloads: Invocation("message", "", c.Arguments)})
		return nil, err
	},
	"join": func(c *Call) ([]byte, error) {
		group, err := c.Text()
		c.send(&serviceprotocol.JoinGroup{ConnectionID: c.ID, Group: group})
		return nil, err
	},
	"leave": func(c *Call) ([]byte, error) {
		group, err := c.Text()
		c.send(&serviceprotocol.LeaveGroup{ConnectionID: c.ID, Group: group})
		return nil, err
	},
	"abort": func(c *Call) ([]byte, error) {
		text, err := c.Text()
		c.Abort(text)
		return nil, err
	},
	"whoami": func(c *Call) ([]byte, error) {
		var lines []string
		for _, claim := range c.Open.Claims {
			lines = append(lines, claim.Type+": "+claim.Value)
		}
		text, err := json.Marshal(strings.Join(lines, "\n"))
		if err != nil {
			return nil, err
		}
		return hubprotocol.Transcode(nil, payload.JSON, c.protocol, text)
	},
}

// first is the first argument, as JSON.
func (c *Call) first() ([]byte, error) {
	b, err := c.Arguments.Append(nil, payload.JSON)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("there is no argument")
	}
	return list[0], nil
}

// Text is the first argument, which is to be a string.
func (c *Call) Text() (string, error) {
	b, err := c.first()
	if err != nil {
		return "", err
	}
	var s string
	err = json.Unmarshal(b, &s)
	return s, err
}

// Invocation is a call of a method of clients, for those of both protocols. One that
// cannot be encoded for a protocol is missing.
func Invocation(target, invocationID string, args hubprotocol.Arguments) serviceprotocol.Payloads {
	p := hubprotocol.NewInvocation(target, invocationID, args)
	out := serviceprotocol.Payloads{}
	for _, protocol := range []payload.Protocol{payload.JSON, payload.MessagePack} {
		if b := p.Frame(protocol); b != nil {
			out[protocol] = b
		}
	}
	return out
}

// Arguments are those of JSON text, "[1,2]".
func Arguments(text string) hubprotocol.Arguments {
	args, err := hubprotocol.NewArguments(payload.JSON, []byte(text))
	if err != nil {
		panic("appservertest: arguments are JSON: " + err.Error())
	}
	return args
}
