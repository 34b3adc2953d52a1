package redis

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"

	"reslog/record"
	"reslog/resource"
	"reslog/service/redis/event"
)

// category is that of the records of connection events.
const category record.Category = "ConnectionEvents"

// timeLayout is the time of a record, to 100 ns.
const timeLayout = "2006-01-02T15:04:05.0000000Z"

// encoder makes the records of the events of a database.
//
// Source: "Monitor Azure Managed Redis data using diagnostic settings", contents of
// the connection logs, whose samples have the members in this order.
type encoder struct {
	database resource.ID
	// middle is what stands between the time of a record and the time of its event.
	middle  []byte
	details bool
}

func newEncoder(database resource.ID, location string, details bool) (*encoder, error) {
	head := struct {
		ResourceID    string          `json:"resourceId"`
		Category      record.Category `json:"category"`
		Location      string          `json:"location"`
		OperationName string          `json:"operationName"`
	}{database.Upper(), category, location, "Microsoft.Cache/redisEnterprise/databases/ConnectionEvents/Read"}
	middle, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("encode the location %q: %w", location, err)
	}
	middle[0] = ',' // it goes on with the time before it and the properties behind it
	middle = append(middle[:len(middle)-1], `,"properties":{"eventEpochTime":`...)
	return &encoder{database, middle, details}, nil
}

// record describes an event.
func (n *encoder) record(e *event.Event) record.Record {
	captured := e.CapturedAt().UTC()
	return record.Record{
		Resource: n.database,
		Category: category,
		Time:     captured,
		Ended:    captured,
		ID:       e.ID,
		Line:     n.appendLine(make([]byte, 0, len(n.middle)+352), e),
	}
}

// appendLine appends the archived form.
func (n *encoder) appendLine(b []byte, e *event.Event) []byte {
	b = e.CapturedAt().UTC().AppendFormat(append(b, `{"time":"`...), timeLayout)
	b = append(append(b, '"'), n.middle...)
	b = strconv.AppendInt(b, e.Time.Unix(), 10)
	b = strconv.AppendInt(append(b, `,"id":`...), e.Connection.ID, 10)
	b = appendAddr(append(b, `,"clientIP":"`...), e.Connection.Client.Addr())
	b = append(append(b, `","eventType":"`...), e.Type...)
	b = append(b, '"')
	if e.Type == event.Authentication {
		b = strconv.AppendInt(append(b, `,"eventStatus":`...), int64(e.Status), 10)
	}
	if n.details {
		b = appendDetails(b, e)
	}
	return append(b, "}}"...)
}

// appendDetails appends what the records of Azure do not have.
func appendDetails(b []byte, e *event.Event) []byte {
	c := &e.Connection
	if e.Type == event.Authentication {
		b = appendMember(b, "username", e.User)
	}
	if c.Client.IsValid() {
		b = strconv.AppendUint(append(b, `,"clientPort":`...), uint64(c.Client.Port()), 10)
	}
	if c.Server.IsValid() {
		b = appendAddr(append(b, `,"serverIP":"`...), c.Server.Addr())
		b = strconv.AppendUint(append(b, `","serverPort":`...), uint64(c.Server.Port()), 10)
	}
	if c.Database != "" {
		b = appendMember(b, "database", c.Database)
	}
	if c.CommonName != "" {
		b = appendMember(b, "commonName", c.CommonName)
	}
	if e.Reason != "" {
		b = appendMember(b, "reason", string(e.Reason))
	}
	if c.Internal {
		b = append(b, `,"internal":true`...)
	}
	return b
}

// appendMember appends a member whose value is somebody else's text.
func appendMember(b []byte, name, value string) []byte {
	b = append(append(append(b, `,"`...), name...), `":"`...)
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < ' ' || c > '~' || c == '\\' || c == '"' {
			return append(appendQuoted(b, Escape(value)), '"')
		}
	}
	return append(append(b, value...), '"')
}

// appendQuoted appends an escaped text as the inside of a JSON string: nothing else
// in it needs a backslash.
func appendQuoted(b []byte, escaped string) []byte {
	for i := range len(escaped) {
		if c := escaped[i]; c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, escaped[i])
	}
	return b
}

// appendAddr appends an address as it is, that of a private link in its IPv6 form;
// nothing if there is none, as for a Unix socket. An interface's name is no part of it.
func appendAddr(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	return a.Unmap().WithZone("").AppendTo(b)
}
