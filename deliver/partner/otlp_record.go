package partner

import (
	"bytes"
	"encoding/binary"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"reslog/deliver"
	"reslog/record"
)

// The fields of opentelemetry/proto/logs/v1/logs.proto that are written.
const (
	logTime         = 1<<3 | byte(protowire.Fixed64Type)
	logSeverity     = 2<<3 | byte(protowire.VarintType)
	logSeverityText = 3<<3 | byte(protowire.BytesType)
	logBody         = 5<<3 | byte(protowire.BytesType)
	logAttribute    = 6<<3 | byte(protowire.BytesType)
	logObserved     = 11<<3 | byte(protowire.Fixed64Type)
)

// encoder makes OTLP log records of resource log records. What it allocates it
// uses again.
type encoder struct {
	members  []member // a stack of the objects that are being encoded
	elements []value  // and of the arrays
	key      []byte   // a name in the making

	line fields // of the record being encoded
}

// fields are the members of a record that are not simply attributes.
type fields struct {
	members    []member
	time       time.Time
	timeMember string // the one that time was taken from
	resourceID value
	location   value
	tenant     value
	category   value
	properties []member // of the object
}

// read takes a record's line apart. When it is no JSON object there are no
// members.
func (e *encoder) read(r *record.Record) (isObject bool) {
	l := &e.line
	*l = fields{members: l.members[:0], properties: l.properties[:0], time: r.Time}
	if l.members, isObject = parseObject(l.members, r.Line); !isObject {
		l.members = l.members[:0]
		return false
	}
	l.members = unique(l.members)
	for _, m := range l.members {
		switch string(m.name.inner()) {
		case "time":
			if t, ok := timeOf(m.value); ok {
				l.time, l.timeMember = t, "time"
			}
		case "timestamp":
			if t, ok := timeOf(m.value); ok && l.timeMember == "" {
				l.time, l.timeMember = t, "timestamp"
			}
		case "resourceId":
			l.resourceID = m.value
		case "location":
			l.location = m.value
		case "tenantId":
			l.tenant = m.value
		case "category":
			l.category = m.value
		case "properties":
			l.properties = propertiesOf(l.properties, m.value)
		}
	}
	return true
}

func timeOf(v value) (time.Time, bool) {
	if v.kind != text {
		return time.Time{}, false
	}
	return parseTime(v.bytes())
}

// propertiesOf returns the members of properties, which is an object or, as some
// services write it, a string that holds one.
func propertiesOf(dst []member, v value) []member {
	dst = dst[:0]
	b := v.raw
	if v.kind == text {
		b = v.bytes()
	}
	dst, ok := parseObject(dst, b)
	if !ok {
		return dst[:0]
	}
	return unique(dst)
}

// appendRecord appends the fields of the LogRecord of the record that was read.
func (e *encoder) appendRecord(b []byte, it *deliver.Item, isObject bool) []byte {
	r, l := &it.Record, &e.line
	if t := unixNano(l.time); t != 0 {
		b = binary.LittleEndian.AppendUint64(append(b, logTime), t)
	}
	observed := r.Ended // not the clock, so that a record that comes again is the same
	if observed.IsZero() {
		observed = r.Time
	}
	if t := unixNano(observed); t != 0 {
		b = binary.LittleEndian.AppendUint64(append(b, logObserved), t)
	}
	b = appendString(b, logAttribute, "log.record.uid", valid(uid(it)))
	if !l.category.isText() {
		b = appendString(b, logAttribute, "azure.category", valid(string(r.Category)))
	}
	if !isObject {
		b, body := openMessage(b, logBody)
		b, content := openMessage(b, anyString)
		return closeMessage(closeMessage(appendUTF8(b, r.Line), content), body)
	}
	for _, m := range l.members {
		b = e.appendMember(b, m, r)
	}
	return e.appendProperties(b)
}

// appendMember appends a member of the line.
func (e *encoder) appendMember(b []byte, m member, r *record.Record) []byte {
	name, v := m.name.inner(), m.value
	if v.kind == null || v.kind == text && len(v.raw) == 2 {
		return b // the collector leaves out what is empty, too
	}
	l := &e.line
	if key := mapped(string(name)); key != "" {
		return e.appendAttribute(b, logAttribute, []byte(key), v, 0)
	}
	switch string(name) {
	case "time", "timestamp":
		if string(name) == l.timeMember {
			return b
		}
	case "location", "tenantId": // of the resource
		if v.isText() {
			return b
		}
	case "resourceId":
		if v.isText() && sameID(v.bytes(), r.Resource.String()) {
			return b
		}
	case "category":
		if v.isText() {
			return appendString(b, logAttribute, "azure.category", v.bytes())
		}
	case "level", "Level":
		if string(name) == "level" || !l.has("level") {
			if out, ok := appendSeverity(b, v); ok {
				return out
			}
		}
	case "durationMs":
		if v.kind == text { // some services write "16"
			if n, ok := parseInt(v.inner()); ok {
				return appendInt(b, logAttribute, "azure.operation.duration", n)
			}
		}
		return e.appendAttribute(b, logAttribute, []byte("azure.operation.duration"), v, 0)
	case "callerIpAddress":
		return e.appendPeer(b, v)
	case "statusCode":
		if n, ok := parseInt(v.raw); ok {
			return appendInt(b, logAttribute, "http.response.status_code", n)
		}
	case "protocol":
		if v.plain {
			return appendString(b, logAttribute, "network.protocol.name", bytes.ToLower(v.inner()))
		}
	case "properties":
		if len(l.properties) > 0 || len(v.raw) == 2 {
			return b // they follow
		}
		s := v.raw
		if v.kind == text {
			s = v.bytes()
		}
		return appendString(b, logAttribute, "azure.properties", appendUTF8(nil, s))
	}
	// A name of its own. Those of the mapping have a dot behind "azure.", are
	// names of members themselves, or are named here.
	prefix := "azure."
	if len(name) == 0 || bytes.IndexByte(name, '.') >= 0 || string(name) == "correlation_id" || string(name) == "category" {
		prefix = "azure.field."
	}
	e.key = append(append(e.key[:0], prefix...), name...)
	return e.appendAttribute(b, logAttribute, e.key, v, 0)
}

func sameID(b []byte, id string) bool { return string(b) == id || strings.EqualFold(string(b), id) }

// appendProperties appends the members of properties, under their own names.
func (e *encoder) appendProperties(b []byte) []byte {
	l := &e.line
	body := -1
	for i, m := range l.properties {
		switch string(m.name.inner()) {
		case "message":
			body = i
		case "Message":
			if body < 0 {
				body = i
			}
		}
	}
	for i, m := range l.properties {
		key := m.name.inner()
		switch {
		case i == body:
			out, at := openMessage(b, logBody)
			b = closeMessage(e.appendValue(out, m.value, 0), at)
			continue
		case string(key) == "correlationId" && !l.has("correlationId"):
			key = []byte("azure.correlation_id")
		case string(key) == "duration" && !l.has("durationMs"):
			key = []byte("azure.operation.duration")
		case reserved(key):
			e.key = append(append(e.key[:0], "azure.properties."...), key...)
			key = e.key
		}
		b = e.appendAttribute(b, logAttribute, key, m.value, 0)
	}
	return b
}

// has reports whether the line has a member of that name.
func (l *fields) has(name string) bool {
	for _, m := range l.members {
		if string(m.name.inner()) == name {
			return true
		}
	}
	return false
}
