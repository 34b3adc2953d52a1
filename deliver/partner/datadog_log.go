package partner

import (
	"strings"

	"reslog/deliver"
	"reslog/internal/jsonlex"
)

// appendLog appends the record as a log: its own members, which become
// attributes, behind what Datadog wants to know. A member that has the name of
// one of ours is there under "azure." and its name.
func (p *datadog) appendLog(b []byte, it *deliver.Item) []byte {
	r := &it.Record
	b = append(b, p.ownMembers(it)...)
	b = append(b, `,"log.record.uid":`...)
	b = appendQuoted(b, []byte(uid(it)))
	members, isObject := parseObject(p.members[:0], r.Line)
	p.members = members
	if !isObject {
		b = p.appendTimestamp(b, it)
		b = append(b, `,"message":`...)
		b = appendQuoted(b, r.Line)
		return append(b, '}')
	}
	hasTime, hasMessage, collides := false, false, false
	for _, m := range p.members {
		switch string(m.name.bytes()) {
		case "timestamp":
			hasTime = true
		case "message":
			hasMessage = true
		case "ddsource", "ddtags", "hostname", "service", "log.record.uid":
			collides = true
		}
	}
	if !hasTime {
		b = p.appendTimestamp(b, it)
	}
	if !hasMessage {
		b = append(b, `,"message":`...)
		b = p.appendMessage(b, it)
	}
	if len(p.members) == 0 {
		return append(b, '}')
	}
	b = append(b, ',')
	if !collides {
		line := r.Line[jsonlex.SkipSpace(r.Line, 0)+1:]
		return appendUTF8(b, line)
	}
	for i, m := range p.members {
		if i > 0 {
			b = append(b, ',')
		}
		name := m.name.bytes()
		switch string(name) {
		case "ddsource", "ddtags", "hostname", "service", "log.record.uid":
			b = append(append(append(b, `"azure.`...), name...), '"')
		default:
			b = appendUTF8(b, m.name.raw)
		}
		b = appendUTF8(append(b, ':'), m.value.raw)
	}
	return append(b, '}')
}

// appendTimestamp appends when it happened, in a form that Datadog takes for the
// log's date without a pipeline. A record that is too old for that is dated by
// its arrival; its own time is still in it.
func (p *datadog) appendTimestamp(b []byte, it *deliver.Item) []byte {
	t := it.Record.Time
	if t.IsZero() || p.sender.cfg.Now().Sub(t) > datadogAge {
		return b
	}
	return appendMillis(append(b, `,"timestamp":`...), t)
}

// appendMessage appends the line that Datadog shows: the record's own message, or
// what was done and how it ended.
func (p *datadog) appendMessage(b []byte, it *deliver.Item) []byte {
	parts := [...]string{"operationName", "metricName", "resultType", "statusText", "resultDescription"}
	var found [len(parts)]value
	for _, m := range p.members {
		name := string(m.name.bytes())
		if name == "properties" {
			p.properties = propertiesOf(p.properties, m.value)
			for _, q := range p.properties {
				if (q.name.is("message") || q.name.is("Message")) && q.value.isText() {
					return appendQuoted(b, q.value.bytes())
				}
			}
		}
		for i, part := range parts {
			if name == part && m.value.isText() {
				found[i] = m.value
			}
		}
	}
	if found[2].isText() {
		found[3] = value{} // one word for how it ended
	}
	b = append(b, '"')
	at := len(b)
	for _, v := range found {
		if !v.isText() {
			continue
		}
		if len(b) > at {
			b = append(b, ' ')
		}
		b = appendEscaped(b, v.bytes())
	}
	if len(b) == at {
		b = appendEscaped(b, []byte(it.Record.Category))
	}
	return append(b, '"')
}

// ownMembers returns the beginning of the object, the same for all records of a
// resource and a category. The names of source and tags are those of Datadog's
// own forwarder for Azure, so that its pipelines and dashboards apply.
func (p *datadog) ownMembers(it *deliver.Item) []byte {
	id, category := it.Record.Resource, it.Record.Category
	if len(p.own) > 0 && id == p.ownResource && category == p.ownCategory {
		return p.own
	}
	tags := make([]string, 0, 8)
	for _, t := range []struct{ name, value string }{
		{"subscription_id", id.SubscriptionID()},
		{"resource_group", id.ResourceGroup()},
		{"resource_type", id.Type()},
		{"category", string(category)},
	} {
		if t.value != "" {
			tags = append(tags, t.name+":"+strings.ReplaceAll(strings.ToLower(t.value), ",", "_"))
		}
	}
	if p.tags != "" {
		tags = append(tags, p.tags)
	}
	b := append(p.own[:0], `{"ddsource":`...)
	b = appendQuoted(b, []byte(source(id.Type())))
	b = append(b, `,"ddtags":`...)
	b = appendQuoted(b, []byte(strings.Join(tags, ",")))
	b = append(b, `,"service":`...)
	b = appendQuoted(b, []byte(p.service))
	if !id.IsZero() {
		top := id
		for parent := top.Parent(); !parent.IsZero(); parent = top.Parent() {
			top = parent
		}
		b = append(b, `,"hostname":`...)
		b = appendQuoted(b, []byte(top.Name()))
	}
	p.own, p.ownResource, p.ownCategory = b, id, category
	return b
}

// source is the ddsource of a resource type: azure.storage for Microsoft.Storage.
func source(resourceType string) string {
	namespace, _, _ := strings.Cut(strings.ToLower(resourceType), "/")
	name, ours := strings.CutPrefix(namespace, "microsoft.")
	switch {
	case namespace == "":
		return "azure"
	case !ours:
		return namespace
	}
	return "azure." + name
}
