package rows

import (
	"strings"

	"reslog/catalog"
	"reslog/kql"
	"reslog/record"
)

// A row of a table of its own: members of the record, of its properties and of
// its identity have the names of columns, but for their first letter.

// shape says which columns the members of an object fill, by their names in
// lower case.
type shape struct{ fields map[string]field }

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

func newShape() *shape { return &shape{fields: map[string]field{}} }

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

// find returns the field with a name, in any case.
func (s *shape) find(name string) (field, bool) {
	var lower [64]byte
	if len(name) > len(lower) {
		return field{}, false
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	f, ok := s.fields[string(lower[:len(name)])]
	return f, ok
}

// dedicated fills the row of a table that has columns for what is in a record.
func (b *Builder) dedicated(t *table, members []member, category record.Category) {
	b.fill(t, b.shapeOf(t), members, 0)
	if i, ok := t.index["Category"]; ok && t.row[i] == nil {
		t.setText(i, string(category))
	}
	if isStorage(t.name) {
		t.storageZeros()
	}
}

// fill sets the columns that members of an object are, and those inside them.
func (b *Builder) fill(t *table, s *shape, members []member, depth int) {
	for _, m := range members {
		f, ok := s.find(m.name)
		switch {
		case !ok:
		case f.inside != nil:
			b.inside(t, f, m.value, depth+1)
		case f.special == clientIP:
			t.setClient(&b.arena, f.column, m.value)
		default:
			t.setValue(&b.arena, f.column, m.value)
		}
	}
}

// inside fills what is in an object. Properties may be a string that holds it.
func (b *Builder) inside(t *table, f field, v value, depth int) {
	if v.kind == text && f.special == properties {
		v = value{raw: b.arena.whole(v), kind: object}
	}
	if v.kind != object {
		return
	}
	if members, ok := b.parse(v.raw, depth); ok {
		b.fill(t, f.inside, members, depth)
	}
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
