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

const (
	// maxColumnName is a bound of our own, of tables in general: longer names go to
	// the bag, cut.
	maxColumnName = 100
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
func (b *Builder) diagnostics(p *place, end int) {
	t := p.table
	p.setResource()
	b.extra = b.extra[:0]
	for i := 0; i < end; i = b.parser.members[i].end {
		m := b.parser.members[i]
		if column, ok := fixedColumns[lowered(m.name)]; ok {
			if column != "" {
				t.setValue(&b.arena, t.index[column], m.value)
			}
			continue
		}
		if m.name == "properties" {
			from, to, ok := i+1, m.end, m.value.kind == object
			if !ok {
				from, to, ok = b.textual(m.value)
			}
			if ok {
				b.flatten(t, 0, from, to, 0)
				continue
			}
		}
		b.flatten(t, 0, i, m.end, 0)
	}
	if len(b.extra) > 0 {
		b.extra = append(b.extra, '}')
		t.set(t.index["AdditionalFields"], b.arena.add(b.extra))
	}
}

// lowered returns a name in lower case, unless it is too long to be one of ours.
func lowered(name string) string {
	if len(name) > 64 {
		return name
	}
	return strings.ToLower(name)
}

// flatten sets the columns of the members from i to end, and of those inside
// them. The first path bytes of b.name are the path of what they are in.
func (b *Builder) flatten(t *table, path, i, end, depth int) {
	for ; i < end; i = b.parser.members[i].end {
		m := b.parser.members[i]
		name := b.name[:path]
		if path > 0 {
			name = append(name, '_')
		}
		b.name = appendName(name, m.name)
		if m.value.kind == object && depth < maxFlat {
			b.flatten(t, len(b.name), i+1, m.end, depth+1)
			continue
		}
		if suffix, v := b.arena.typed(m.value); v != nil {
			b.name = append(b.name, '_', suffix)
			b.setNamed(t, suffix, v)
		}
	}
}

// setNamed sets the column whose name is b.name, which is made if there is room,
// or puts the value into the bag.
func (b *Builder) setNamed(t *table, suffix byte, v any) {
	i, ok := t.index[string(b.name)]
	if !ok {
		if t.full(b.name) || len(b.name) > maxColumnName {
			b.addExtra(v)
			return
		}
		i = t.add(kql.Column{Name: string(b.name), Type: suffixType(suffix)})
	}
	t.set(i, v)
}

// addExtra puts a value into AdditionalFields under the name b.name.
func (b *Builder) addExtra(v any) {
	if len(b.extra) > maxText {
		return // a dynamic value is bounded like text
	}
	b.extra = append(b.extra, "{,"[min(len(b.extra), 1)])
	b.extra = append(appendQuoted(b.extra, string(b.name[:min(len(b.name), maxColumnName)])), ':')
	b.extra = appendJSON(b.extra, v)
}
