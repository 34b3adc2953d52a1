package diagnose

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Record is an event of a connection. Texts are as the logs have them.
type Record struct {
	Time       time.Time
	Resource   string // its ID
	Operation  string // "ConnectionAborted"
	Collection string // "Connection", "Authorization", "Throttling"
	Level      string
	Message    string
	Connection string
	Side       string // "Client" or "Server"
	Transport  string
	User, Hub  string
	Caller     string // an address, with or without a port

	more int // events like it that the message sums up
}

// Parse reads a line of an archive. What is a record of another category has no
// Operation of this one, which SignalR leaves out.
func Parse(line []byte) (Record, error) {
	var l struct {
		Time          time.Time `json:"time"`
		ResourceID    string    `json:"resourceId"`
		OperationName string    `json:"operationName"`
		Level         string    `json:"level"`
		Caller        string    `json:"callerIpAddress"`
		Properties    struct {
			Message        string `json:"message"`
			Collection     string `json:"collection"`
			ConnectionID   string `json:"connectionId"`
			UserID         string `json:"userId"`
			TransportType  string `json:"transportType"`
			ConnectionType string `json:"connectionType"`
			Hub            string `json:"hub"`
			HubName        string `json:"hubName"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return Record{}, fmt.Errorf("read a record: %w", err)
	}
	p := &l.Properties
	hub := p.Hub
	if hub == "" {
		hub = p.HubName
	}
	return Record{
		Time: l.Time, Resource: l.ResourceID, Operation: l.OperationName, Collection: p.Collection, Level: l.Level, Message: p.Message,
		Connection: p.ConnectionID, Side: p.ConnectionType, Transport: p.TransportType, User: p.UserID, Hub: hub, Caller: l.Caller,
	}, nil
}

// wanted reports whether the Options select a record.
func (o *Options) wanted(r *Record) bool {
	switch {
	case r.Time.IsZero() || r.Collection == "" && r.Operation == "":
		return false
	case !o.Since.IsZero() && r.Time.Before(o.Since), !o.Until.IsZero() && !r.Time.Before(o.Until):
		return false
	case o.User != "" && r.User != o.User:
		return false
	case o.Hub != "" && r.Hub != "" && !strings.EqualFold(r.Hub, o.Hub):
		return false
	case o.Resource == "":
		return true
	}
	id, end := strings.ToLower(r.Resource), strings.ToLower(strings.Trim(o.Resource, "/"))
	return strings.HasSuffix("/"+strings.Trim(id, "/"), "/"+end)
}

// sum takes out of a message what a node adds to it in a flood: "… (and 7 more like this
// in the last minute)".
func (r *Record) sum() {
	text, rest, ok := strings.Cut(r.Message, " (and ")
	if !ok {
		return
	}
	n, rest, _ := strings.Cut(rest, " ")
	if more, err := strconv.Atoi(n); err == nil && more > 0 && rest == "more like this in the last minute)" {
		r.Message, r.more = text, more
	}
}

// The operations that say how a connection lives.
const (
	started = "ConnectionStarted"
	ended   = "ConnectionEnded"
	aborted = "ConnectionAborted"
)

func (r *Record) is(operation string) bool { return strings.EqualFold(r.Operation, operation) }

func (r *Record) in(collection string) bool { return strings.EqualFold(r.Collection, collection) }

func (r *Record) isServer() bool { return strings.EqualFold(r.Side, "Server") }

// transport is the name of a transport in one spelling.
func (r *Record) transport() string {
	if strings.EqualFold(r.Transport, "websockets") {
		return "WebSockets"
	}
	return r.Transport
}

// address is the address of the caller without a port.
func (r *Record) address() string {
	a := r.Caller
	if rest, ok := strings.CutPrefix(a, "["); ok {
		host, _, _ := strings.Cut(rest, "]")
		return host
	}
	if host, _, ok := strings.Cut(a, ":"); ok && strings.Count(a, ":") == 1 {
		return host
	}
	return a
}

// split takes the reason out of the message of an end, "Connection aborted. Reason:
// Application server closed the connection. Server reported error: x", and what follows.
func (r *Record) split() (reason, detail string) {
	text := strings.TrimSpace(r.Message)
	if i := strings.Index(strings.ToLower(text), "reason:"); i >= 0 {
		text = strings.TrimSpace(text[i+len("reason:"):])
	} else if lower := strings.ToLower(text); strings.HasPrefix(lower, "connection aborted") || strings.HasPrefix(lower, "connection ended") {
		_, text, _ = strings.Cut(text, ".")
		text = strings.TrimSpace(text)
	}
	if known := find(text); known != nil {
		detail = strings.TrimSpace(strings.TrimLeft(text[known.match(text):], ".: "))
		return known.name, detail
	}
	reason, detail, _ = strings.Cut(text, ". ")
	return strings.TrimSuffix(strings.TrimSpace(reason), "."), strings.TrimSpace(detail)
}
