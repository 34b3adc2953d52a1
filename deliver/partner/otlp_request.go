package partner

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"reslog/deliver"
	"reslog/resource"
)

// The fields of ExportLogsServiceRequest, ResourceLogs, Resource, ScopeLogs and
// InstrumentationScope that are written.
const (
	requestResourceLogs  = 1<<3 | byte(protowire.BytesType)
	resourceLogsResource = 1<<3 | byte(protowire.BytesType)
	resourceLogsScope    = 2<<3 | byte(protowire.BytesType)
	resourceAttribute    = 1<<3 | byte(protowire.BytesType)
	scopeLogsScope       = 1<<3 | byte(protowire.BytesType)
	scopeLogsRecord      = 2<<3 | byte(protowire.BytesType)
	scopeName            = 1<<3 | byte(protowire.BytesType)
)

// request is an ExportLogsServiceRequest in the making: the records lie by the
// resource they are of, already encoded.
type request struct {
	encoder
	groups []group
	size   int
	body   []byte

	// What the last record added.
	last     int // its group
	lastSize int // of the group before
	lastNew  bool
}

// group are the records of one resource: cloud.resource_id, cloud.region and
// azure.tenant.id.
type group struct {
	id       string
	location []byte
	tenant   []byte
	head     []byte // the Resource
	records  []byte // fields of ScopeLogs
}

// groupOverhead is what a group costs besides its resource and its records:
// three lengths and the scope.
const groupOverhead = 4 * (1 + 5)

func (q *request) release() { *q = request{} }

func (q *request) begin() {
	q.groups, q.size = q.groups[:0], 0
}

// add appends a record and returns how large the request has become, at most.
func (q *request) add(it *deliver.Item) int {
	isObject := q.read(&it.Record)
	g := q.group(it.Record.Resource)
	q.lastSize = len(g.records)
	b, at := openMessage(g.records, scopeLogsRecord)
	g.records = closeMessage(q.appendRecord(b, it, isObject), at)
	q.size += len(g.records) - q.lastSize
	return q.size
}

// undo takes the last record out.
func (q *request) undo() {
	g := &q.groups[q.last]
	q.size -= len(g.records) - q.lastSize
	g.records = g.records[:q.lastSize]
	if q.lastNew {
		q.size -= len(g.head) + groupOverhead
		q.groups = q.groups[:q.last]
	}
}

// group returns the group of the record that was read. Almost always all records
// are of one: a worker delivers for one resource.
func (q *request) group(id resource.ID) *group {
	location, tenant := q.line.location.textOrNothing(), q.line.tenant.textOrNothing()
	q.lastNew = false
	for n, at := 0, q.last; n < len(q.groups); n++ { // the one that was used last first
		q.last = (at + n) % len(q.groups)
		g := &q.groups[q.last]
		if g.id == id.String() && bytes.Equal(g.location, location) && bytes.Equal(g.tenant, tenant) {
			return g
		}
	}
	q.last, q.lastNew = len(q.groups), true
	if q.last < cap(q.groups) {
		q.groups = q.groups[:q.last+1] // with the memory it had
	} else {
		q.groups = append(q.groups, group{})
	}
	g := &q.groups[q.last]
	g.id, g.records = id.String(), g.records[:0]
	g.location, g.tenant = append(g.location[:0], location...), append(g.tenant[:0], tenant...)
	g.head = appendResource(g.head[:0], id, g.location, g.tenant)
	q.size += len(g.head) + groupOverhead
	return g
}

func (v value) textOrNothing() []byte {
	if v.kind != text {
		return nil
	}
	return v.bytes()
}

// appendResource appends the attributes of the resource.
func appendResource(b []byte, id resource.ID, location, tenant []byte) []byte {
	b = appendString(b, resourceAttribute, "cloud.provider", "azure")
	b = appendString(b, resourceAttribute, "cloudevents.event_source", "azure.resource.log")
	for _, a := range []struct{ key, text string }{
		{"cloud.resource_id", id.String()},
		{"cloud.account.id", id.SubscriptionID()},
		{"cloud.region", string(location)},
		{"azure.tenant.id", string(tenant)},
	} {
		if a.text != "" {
			b = appendString(b, resourceAttribute, a.key, valid(a.text))
		}
	}
	return b
}

// encode returns the message. It is good until the next begin.
func (q *request) encode() []byte {
	b := q.body[:0]
	for i := range q.groups {
		g := &q.groups[i]
		scope := protowire.AppendBytes([]byte{scopeName}, []byte("reslog"))
		inner := sizeText(len(scope)) + len(g.records)
		b = append(b, requestResourceLogs)
		b = protowire.AppendVarint(b, uint64(sizeText(len(g.head))+sizeText(inner)))
		b = protowire.AppendBytes(append(b, resourceLogsResource), g.head)
		b = protowire.AppendVarint(append(b, resourceLogsScope), uint64(inner))
		b = protowire.AppendBytes(append(b, scopeLogsScope), scope)
		b = append(b, g.records...)
	}
	q.body = b
	return b
}
