package table

import (
	"encoding/base64"
	"strconv"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// encoder writes entities of one table as JSON.
type encoder struct {
	call  *storage.Call
	level level
	table string // as the request names it
	// selected are the properties that are wanted; nil is all.
	selected []string
}

// appendMetadata appends the member that says what a body is about, and a comma.
// fragment is behind the hash, as URLs have it.
func (w *encoder) appendMetadata(b []byte, fragment, selection string) []byte {
	if w.level == noMetadata {
		return b
	}
	b = append(b, `"odata.metadata":"`...)
	b = w.call.AppendEndpoint(b)
	b = append(b, "$metadata#"...)
	b = append(b, fragment...)
	b = append(b, selection...)
	return append(b, `",`...)
}

// appendSingle appends an entity as a document of its own.
func (w *encoder) appendSingle(b []byte, e *tablestore.Entity, selection string) []byte {
	b = append(b, '{')
	b = w.appendMetadata(b, w.table, "/@Element"+selection)
	return w.appendMembers(b, e)
}

// appendMembers appends the members of an entity, and the bracket that ends it.
// The keys and the time come first, what was not found last, as null.
func (w *encoder) appendMembers(b []byte, e *tablestore.Entity) []byte {
	if w.level == fullMetadata {
		b = append(append(append(b, `"odata.type":"`...), w.call.Account.Name...), '.')
		b = append(append(b, w.table...), `","odata.id":"`...)
		b = appendEntityPath(w.call.AppendEndpoint(b), w.table, &e.Key)
		b = append(b, `",`...)
	}
	if w.level != noMetadata {
		b = append(b, `"odata.etag":"W/\"datetime'`...)
		b = append(appendTime(b, e.Timestamp, "%3A"), `'\"",`...)
	}
	if w.level == fullMetadata {
		b = append(b, `"odata.editLink":"`...)
		b = append(appendEntityPath(b, w.table, &e.Key), `",`...)
	}
	if w.wants(partitionKey) {
		b = append(storage.AppendJSONString(append(b, `"PartitionKey":`...), e.Partition), ',')
	}
	if w.wants(rowKey) {
		b = append(storage.AppendJSONString(append(b, `"RowKey":`...), e.Row), ',')
	}
	if w.wants(timestamp) {
		if w.level == fullMetadata {
			b = append(b, `"Timestamp@odata.type":"Edm.DateTime",`...)
		}
		b = append(appendTime(append(b, `"Timestamp":"`...), e.Timestamp, ":"), `",`...)
	}
	for i := range e.Properties {
		if p := &e.Properties[i]; w.wants(p.Name) {
			b = append(w.appendProperty(b, p), ',')
		}
	}
	for _, name := range w.selected {
		if !has(e, name) {
			b = append(storage.AppendJSONString(b, name), ":null,"...)
		}
	}
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, '}')
}

// wants reports whether a property is selected.
func (w *encoder) wants(name string) bool {
	if w.selected == nil {
		return true
	}
	for _, s := range w.selected {
		if s == name {
			return true
		}
	}
	return false
}

// has reports whether an entity has a property.
func has(e *tablestore.Entity, name string) bool {
	switch name {
	case partitionKey, rowKey, timestamp:
		return true
	}
	for i := range e.Properties {
		if e.Properties[i].Name == name {
			return true
		}
	}
	return false
}

// appendProperty appends a property, before it its type where the JSON alone does
// not tell it.
func (w *encoder) appendProperty(b []byte, p *tablestore.Property) []byte {
	if w.level != noMetadata && needsType(p) {
		b = storage.AppendJSONText(append(b, '"'), p.Name)
		b = append(b, `@odata.type":"`...)
		b = append(append(b, edmNames[p.Type]...), `",`...)
	}
	b = append(storage.AppendJSONString(b, p.Name), ':')
	switch p.Type {
	case tablestore.String, tablestore.GUID:
		return storage.AppendJSONString(b, p.Text)
	case tablestore.Binary:
		b = base64.StdEncoding.AppendEncode(append(b, '"'), []byte(p.Text))
	case tablestore.Boolean:
		return strconv.AppendBool(b, p.Number != 0)
	case tablestore.DateTime:
		b = appendTime(append(b, '"'), timeOf(p.Number), ":")
	case tablestore.Double:
		return appendDouble(b, p.Number)
	case tablestore.Int64:
		b = strconv.AppendInt(append(b, '"'), p.Number, 10)
	default:
		return strconv.AppendInt(b, p.Number, 10)
	}
	return append(b, '"')
}

// needsType reports whether the type of a property cannot be seen in its JSON.
func needsType(p *tablestore.Property) bool {
	switch p.Type {
	case tablestore.Binary, tablestore.DateTime, tablestore.GUID, tablestore.Int64:
		return true
	case tablestore.Double:
		return !isFinite(p.Number)
	}
	return false
}
