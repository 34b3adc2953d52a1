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
	selected *selection
}

// appendMetadata appends the member that says what a body is about, and a comma.
// fragment is behind the hash, as URLs have it,
// with selection behind that.
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
	w.selected.begin()
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
	if w.selected.wants(partitionKey) {
		b = append(storage.AppendJSONString(append(b, `"PartitionKey":`...), e.Partition), ',')
	}
	if w.selected.wants(rowKey) {
		b = append(storage.AppendJSONString(append(b, `"RowKey":`...), e.Row), ',')
	}
	if w.selected.wants(timestamp) {
		if w.level == fullMetadata {
			b = append(b, `"Timestamp@odata.type":"Edm.DateTime",`...)
		}
		b = append(appendTime(append(b, `"Timestamp":"`...), e.Timestamp, ":"), `",`...)
	}
	for i := range e.Properties {
		if p := &e.Properties[i]; w.selected.wants(p.Name) {
			b = append(w.appendProperty(b, p), ',')
		}
	}
	b = w.selected.appendMissing(b)
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, '}')
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
