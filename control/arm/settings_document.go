package arm

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"reslog/diagnostic"
	"reslog/record"
	"reslog/resource"
)

// setting returns what the body asks for.
func (b *settingBody) setting(name string, id resource.ID) (diagnostic.Setting, error) {
	s := diagnostic.Setting{Name: name, Resource: id, Document: b.document()}
	for _, l := range b.logs {
		s.Logs = append(s.Logs, diagnostic.Log{Category: record.Category(l.category), Group: l.group, Enabled: l.enabled, Retention: l.retention})
	}
	for _, m := range b.metrics {
		s.Metrics = append(s.Metrics, diagnostic.Metric{Category: record.Category(m.category), Enabled: m.enabled, Retention: m.retention})
	}
	var err error
	s.Destinations, err = b.destinations()
	return s, err
}

// destinations returns where the setting goes. A rule of serviceBusRuleId, which
// is what event hubs were before they had a member of their own, is the event
// hub when there is no other.
func (b *settingBody) destinations() ([]diagnostic.Destination, error) {
	rule := memberRule
	if b.texts[memberServiceBus] != "" {
		if b.texts[memberRule] != "" {
			return nil, badRequest("'properties.%s' and 'properties.%s' are both set: a diagnostic setting sends to one event hub.", memberRule, memberServiceBus)
		}
		rule = memberServiceBus
	}
	var list []diagnostic.Destination
	for _, d := range []struct {
		member  string
		kind    diagnostic.DestinationKind
		options map[string]string
	}{
		{memberStorage, diagnostic.Archive, nil},
		{rule, diagnostic.EventHub, b.hub()},
		{memberWorkspace, diagnostic.Workspace, b.tables()},
		{memberPartner, diagnostic.Partner, nil},
	} {
		sent := b.texts[d.member]
		if sent == "" {
			continue
		}
		id, err := resource.Parse(sent)
		if err == nil && d.kind == diagnostic.EventHub {
			id, err = resource.Parse(properRule(id.String()))
		}
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "LinkedInvalidPropertyId", "Property id '%s' at path 'properties.%s' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.", shorten(sent), d.member)
		}
		list = append(list, diagnostic.Destination{Kind: d.kind, Target: id, Options: d.options})
	}
	return list, nil
}

func (b *settingBody) hub() map[string]string {
	if b.texts[memberHub] == "" {
		return nil
	}
	return map[string]string{diagnostic.OptionHub: b.texts[memberHub]}
}

func (b *settingBody) tables() map[string]string {
	if !strings.EqualFold(b.texts[memberTables], azureDiagnostics) {
		return nil
	}
	return map[string]string{diagnostic.OptionTables: azureDiagnostics}
}

// properRule spells the type of an authorization rule as it is; documentation
// has "authorizationrule" too.
func properRule(id string) string {
	segments := strings.Split(id, "/")
	if i := len(segments) - 2; i >= 0 && strings.EqualFold(segments[i], "authorizationRule") {
		segments[i] = "authorizationRules"
	}
	return strings.Join(segments, "/")
}

// document returns the properties as they are given back: members by their
// proper names and in the order of the service, what is not set as null or [],
// values as sent, and then what we do not know.
func (b *settingBody) document() json.RawMessage {
	var doc []jsonMember
	add := func(name string, raw json.RawMessage) { doc = append(doc, jsonMember{name, jsonNode{raw: raw}}) }
	for _, name := range []string{memberStorage, memberServiceBus, memberWorkspace, memberRule, memberHub} {
		add(name, textOrNull(b.texts[name]))
	}
	if partner := b.texts[memberPartner]; partner != "" {
		add(memberPartner, encodeText(partner))
	}
	add("metrics", encodeCategories(b.metrics, (*categoryBody).metric))
	add("logs", encodeCategories(b.logs, (*categoryBody).log))
	add(memberTables, textOrNull(b.texts[memberTables]))
	return encodeObject(append(doc, b.more...))
}

func encodeCategories(list []categoryBody, members func(*categoryBody) []jsonMember) json.RawMessage {
	raw := []byte{'['}
	for i := range list {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(raw, encodeObject(append(members(&list[i]), list[i].more...))...)
	}
	return append(raw, ']')
}

func (c *categoryBody) log() []jsonMember {
	return []jsonMember{
		{"category", jsonNode{raw: textOrNull(c.category)}},
		{"categoryGroup", jsonNode{raw: textOrNull(c.group)}},
		c.switched(),
		c.policy(),
	}
}

// metric has a time grain only when one was sent, as the service has it.
func (c *categoryBody) metric() []jsonMember {
	members := []jsonMember{{"category", jsonNode{raw: encodeText(c.category)}}, c.switched(), c.policy()}
	if c.timeGrain != "" {
		members = slices.Insert(members, 0, jsonMember{"timeGrain", jsonNode{raw: encodeText(c.timeGrain)}})
	}
	return members
}

func (c *categoryBody) switched() jsonMember {
	return jsonMember{"enabled", jsonNode{raw: encodeBool(c.enabled)}}
}

func (c *categoryBody) policy() jsonMember {
	members := []jsonMember{
		{"enabled", jsonNode{raw: encodeBool(c.retention.Enabled)}},
		{"days", jsonNode{raw: strconv.AppendInt(nil, int64(c.retention.Days), 10)}},
	}
	return jsonMember{"retentionPolicy", jsonNode{raw: encodeObject(append(members, c.retentionMore...))}}
}

func textOrNull(s string) json.RawMessage {
	if s == "" {
		return json.RawMessage("null")
	}
	return encodeText(s)
}

func encodeBool(b bool) json.RawMessage { return strconv.AppendBool(nil, b) }
