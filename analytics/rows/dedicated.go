package rows

import (
	"strings"

	"reslog/catalog"
	"reslog/kql"
)

// A row of a table of its own: members of the record, of its properties and of
// its identity have the names of columns, but for their first letter.

// shape says which columns the members of an object fill, by their names in
// lower case.
type shape struct {
	fields map[string]field
	// seen are the names that came, as they are written. Records of one kind have
	// their members in one order, so each knows what follows it.
	seen  map[string]*seen
	first *seen
}

// seen is a name that came, and the field that it is, if it is one.
type seen struct {
	name string
	field
	known bool
	next  *seen
}

// field is what a member is: a column, or an object with members of its own.
type field struct {
	column int
	inside *shape
	// special is what is done with the value instead of setting a column.
	special special
}

type special uint8

const (
	plain special = iota
	clientIP
	properties
)

// renamed are members whose columns have other names, by table; "storage" is its
// three tables. Paths are in lower case.
//
// Sources: "Azure Storage monitoring data reference", the table reference of
// Azure Monitor, "Monitor Azure Managed Redis data using diagnostic settings".
var renamed = map[string]map[string]string{
	"storage": {
		"identity.type":                  "AuthenticationType",
		"identity.tokenhash":             "AuthenticationHash",
		"identity.authorization":         "AuthorizationDetails",
		"identity.requester.appid":       "RequesterAppId",
		"identity.requester.audience":    "RequesterAudience",
		"identity.requester.objectid":    "RequesterObjectId",
		"identity.requester.tenantid":    "RequesterTenantId",
		"identity.requester.tokenissuer": "RequesterTokenIssuer",
		"identity.requester.upn":         "RequesterUpn",
		"properties.servermd5":           "ResponseMd5",
	},
	"REDConnectionEvents": {
		"properties.id":       "ConnectionId",
		"properties.clientip": "ClientIp",
	},
	"SignalRServiceDiagnosticLogs": {
		"properties.hub": "HubName",
	},
	"AzureMetrics": {
		"unit": "UnitName",
	},
}

// isStorage reports whether a table holds requests to a storage service.
func isStorage(table string) bool {
	switch table {
	case blobTable, queueTable, tableTable:
		return true
	}
	return false
}

// shapeOf returns the shape of the records of a table.
func (b *Builder) shapeOf(t *table) *shape {
	if s, ok := b.shapes[t]; ok {
		return s
	}
	top, props := newShape(), newShape()
	for i, c := range t.columns {
		name := strings.ToLower(c.Name)
		if catalog.IsStandard(c.Name) {
			continue
		}
		top.fields[name] = field{column: i}
		props.fields[name] = field{column: i}
	}
	top.fields["properties"] = field{inside: props, special: properties}
	names := renamed[t.name]
	if isStorage(t.name) {
		names = renamed["storage"]
	}
	for path, name := range names {
		top.at(strings.Split(path, "."), t.index[name])
	}
	if t.name == redisTable {
		props.fields["clientip"] = field{column: t.index["ClientIp"], special: clientIP}
	}
	b.shapes[t] = top
	return top
}

func newShape() *shape { return &shape{fields: map[string]field{}, seen: map[string]*seen{}} }

// at makes the member at a path fill a column.
func (s *shape) at(path []string, column int) {
	f := s.fields[path[0]]
	if len(path) == 1 {
		s.fields[path[0]] = field{column: column}
		return
	}
	if f.inside == nil {
		f = field{inside: newShape()}
		s.fields[path[0]] = f
	}
	f.inside.at(path[1:], column)
}

// maxSeen bounds the names that a shape remembers.
const maxSeen = 256

// find returns the field with a name, in any case, and where to look for the
// next; last is what it returned for the member before, nil at the first.
func (s *shape) find(name string, last *seen) *seen {
	link := &s.first
	if last != nil {
		link = &last.next
	}
	if *link != nil && (*link).name == name {
		return *link
	}
	n, ok := s.seen[name]
	if !ok {
		n = &seen{name: name}
		n.field, n.known = s.fields[lowered(name)]
		if len(s.seen) >= maxSeen {
			return n
		}
		n.name = strings.Clone(name)
		s.seen[n.name] = n
	}
	*link = n
	return n
}

// dedicated fills the row of a table that has columns for what is in a record.
func (b *Builder) dedicated(t *table, end int) {
	b.fill(t, b.shapeOf(t), 0, end)
	if isStorage(t.name) {
		t.storageZeros()
	}
}

// fill sets the columns that the members from i to end are, and those inside them.
func (b *Builder) fill(t *table, s *shape, i, end int) {
	var f *seen
	for ; i < end; i = b.parser.members[i].end {
		m := &b.parser.members[i]
		f = s.find(m.name, f)
		switch {
		case !f.known:
		case f.inside != nil && m.value.kind == object:
			b.fill(t, f.inside, i+1, m.end)
		case f.special == properties:
			if start, end, ok := b.textual(m.value); ok {
				b.fill(t, f.inside, start, end)
			}
		case f.inside != nil:
		case f.special == clientIP:
			t.setClient(&b.arena, f.column, m.value)
		default:
			t.setValue(&b.arena, f.column, m.value)
		}
	}
}

// textual takes properties apart that are a string which holds an object, as some
// services write them. The members go behind all others.
func (b *Builder) textual(v value) (start, end int, ok bool) {
	if v.kind != text {
		return 0, 0, false
	}
	return b.parser.parse(b.arena.whole(v))
}

// storageZeros fills in what storage leaves out of its records because it is
// zero. What was never known, the sizes of an answer that was never given, stays
// null.
func (t *table) storageZeros() {
	for _, name := range [...]string{"ServerLatencyMs", "OperationCount", "RequestHeaderSize", "RequestBodySize", "ContentLengthHeader", "ResponseHeaderSize", "ResponseBodySize"} {
		i := t.index[name]
		if t.row[i] != nil || strings.HasPrefix(name, "Response") && t.row[t.index["StatusCode"]] == "Unknown" {
			continue
		}
		if t.columns[i].Type == kql.Real {
			t.set(i, 0.0)
		} else {
			t.setInteger(i, 0)
		}
	}
}
