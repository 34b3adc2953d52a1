package rows

import (
	"strings"

	"reslog/kql"
)

// Rows of AzureDiagnostics, the table that all services share. What has no
// column of its own gets one, named by its path and the type of its value:
//
//	{"properties":{"clientInfo":"x","httpStatusCode":200,"sku":{"Name":"a"}},"identity":{"claim":{"appid":"<guid>"}}}
//	clientInfo_s, httpStatusCode_d, sku_Name_s, identity_claim_appid_g
//
// Properties are at the top, every other object begins its paths. Characters
// that names of columns cannot have become one underscore. A table has 500 columns
// at most; what would need more goes into a bag in AdditionalFields, under the
// name that its column would have had. Source: the table reference of
// AzureDiagnostics.

// maxColumns bounds the columns of a table, those included that the store adds.
const maxColumns = 500

const (
	// maxColumnName is a bound of our own: longer names go to the bag, cut.
	maxColumnName = 128
	// maxFlat is how deep objects are taken apart; what lies deeper is text.
	maxFlat = 8
)

// fixedColumns are the members with columns of their own, by name in lower case.
var fixedColumns = map[string]string{
	"category": "Category", "calleripaddress": "CallerIPAddress", "correlationid": "CorrelationId",
	"durationms": "DurationMs", "level": "Level", "message": "Message", "operationname": "OperationName",
	"operationversion": "OperationVersion", "resultdescription": "ResultDescription",
	"resultsignature": "ResultSignature", "resulttype": "ResultType",
	// These are columns already, made of what is known better.
	"time": "", "timestamp": "", "resourceid": "",
}

// diagnostics fills a row of AzureDiagnostics.
func (b *Builder) diagnostics(p *place, members []member) {
	t := p.table
	p.setResource()
	b.extra = b.extra[:0]
	for _, m := range members {
		if column, ok := fixedColumns[lowered(m.name)]; ok {
			if column != "" {
				t.setValue(&b.arena, t.index[column], m.value)
			}
			continue
		}
		if m.name == "properties" {
			v := m.value
			if inner, ok := b.propertiesOf(v); ok {
				for _, m := range inner {
					b.flatten(t, b.name[:0], m, 1)
				}
				continue
			}
		}
		b.flatten(t, b.name[:0], m, 0)
	}
	if len(b.extra) > 0 {
		b.extra = append(b.extra, '}')
		t.set(t.index["AdditionalFields"], b.arena.add(b.extra))
	}
}

// propertiesOf returns the members of properties, also of those that are a
// string which holds an object.
func (b *Builder) propertiesOf(v value) ([]member, bool) {
	switch v.kind {
	case object:
		return b.parse(v.raw, 1)
	case text:
		return b.parse(b.arena.whole(v), 1)
	}
	return nil, false
}

func lowered(name string) string {
	if len(name) > 32 {
		return name
	}
	return strings.ToLower(name)
}

// flatten sets the column of a member, or those of the members inside it. path
// is that of the object it is in.
func (b *Builder) flatten(t *table, path []byte, m member, depth int) {
	if len(path) > 0 {
		path = append(path, '_')
	}
	path = appendName(path, m.name)
	b.name = path // what has grown stays
	if m.value.kind == object && depth < maxFlat {
		if members, ok := b.parse(m.value.raw, depth+1); ok {
			n := len(path)
			for _, inner := range members {
				b.flatten(t, b.name[:n], inner, depth+1)
			}
		}
		return
	}
	suffix, v := b.arena.typed(m.value)
	if v == nil {
		return
	}
	b.name = append(append(path, '_'), suffix)
	b.setNamed(t, suffix, v)
}

// setNamed sets the column whose name is b.name, which is made if there is room,
// or puts the value into the bag.
func (b *Builder) setNamed(t *table, suffix byte, v any) {
	i, ok := t.index[string(b.name)]
	if !ok {
		if len(t.columns)+computedColumns >= maxColumns || len(b.name) > maxColumnName {
			b.addExtra(v)
			return
		}
		i = t.add(kql.Column{Name: string(b.name), Type: suffixType(suffix)})
	}
	t.set(i, v)
}

// computedColumns is how many columns the store adds, see computed.
const computedColumns = 5

// addExtra puts a value into AdditionalFields under the name b.name.
func (b *Builder) addExtra(v any) {
	if len(b.extra) > maxText {
		return // a dynamic value is bounded like text
	}
	b.extra = append(b.extra, "{,"[min(len(b.extra), 1)])
	b.extra = append(appendQuoted(b.extra, string(b.name[:min(len(b.name), maxColumnName)])), ':')
	b.extra = appendJSON(b.extra, v)
}
