package signalr

import (
	"strconv"
	"unicode/utf8"

	"reslog/record"
	"reslog/service/signalr/event"
)

// The types of logs, which a service switches on and off one by one.
const (
	connectivityLogs = "ConnectivityLogs"
	messagingLogs    = "MessagingLogs"
	httpLogs         = "HttpRequestLogs"
)

func typeOf(e *event.Event) string {
	switch {
	case e.Collection == event.Message:
		return messagingLogs
	case e.Operation == event.UpstreamFailed || e.Operation == event.RequestFailed:
		return httpLogs
	}
	return connectivityLogs
}

// lineTime is the time of a record: without a fraction where there is none.
const lineTime = "2006-01-02T15:04:05.9999999Z"

func (n *entry) record() record.Record {
	at := n.Time.UTC()
	return record.Record{
		Resource: n.id,
		Category: category,
		Time:     at,
		Ended:    at,
		ID:       n.ID,
		Line:     n.appendLine(make([]byte, 0, 640)),
	}
}

// appendLine appends the archived form.
//
// The members are those of the published sample, in its order. What an event does not
// have is null in properties. Behind them are the members that the table
// SignalRServiceDiagnosticLogs has columns for and the sample has not, where there is
// something to say: hub, groupName, invocationId, messageTracingId, messageType.
//
// Source: "Resource logs for Azure SignalR Service", archive log schema; the reference
// of the table SignalRServiceDiagnosticLogs.
func (n *entry) appendLine(b []byte) []byte {
	b = appendString(append(b, `{"properties":{"message":`...), n.Message)
	b = appendString(append(b, `,"type":`...), typeOf(&n.Event))
	b = appendString(append(b, `,"collection":`...), string(n.Collection))
	b = appendOrNull(append(b, `,"connectionId":`...), n.ConnectionID)
	b = appendOrNull(append(b, `,"userId":`...), n.User)
	b = appendOrNull(append(b, `,"transportType":`...), n.Transport)
	b = appendOrNull(append(b, `,"connectionType":`...), string(n.Side))
	b = appendIf(b, `,"hub":`, n.Hub)
	b = appendIf(b, `,"groupName":`, n.Group)
	b = appendIf(b, `,"invocationId":`, n.InvocationID)
	if n.TracingID != 0 {
		b = strconv.AppendUint(append(b, `,"messageTracingId":"`...), n.TracingID, 10)
		b = append(b, '"')
	}
	b = appendIf(b, `,"messageType":`, n.MessageType)
	b = appendString(append(b, `},"operationName":`...), string(n.Operation))
	b = appendString(append(b, `,"category":`...), string(category))
	b = appendString(append(b, `,"level":`...), string(n.Level))
	b = append(b, `,"callerIpAddress":"`...)
	if n.Caller.IsValid() {
		b = n.Caller.Unmap().WithZone("").AppendTo(b)
	}
	b = n.Time.UTC().AppendFormat(append(b, `","time":"`...), lineTime)
	b = appendString(append(b, `","resourceId":`...), n.id.Upper())
	b = appendString(append(b, `,"location":`...), n.location)
	return append(b, '}')
}

func appendOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

// appendIf appends a member if it has a value.
func appendIf(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(append(b, name...), value)
}

// appendString appends a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += size
			continue
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
		i++
	}
	return append(b, '"')
}
