package arm

import (
	"slices"
	"strings"

	"reslog/diagnostic"
)

// settingBody is a diagnostic setting as a client writes it.
//
// Source: the specifications of Microsoft.Insights/diagnosticSettings, versions
// 2017-05-01-preview and 2021-05-01-preview. Both are read alike: clients mix
// them, reading with the one and writing with the other.
type settingBody struct {
	// texts are the members that are strings, as sent, by name; "" is not set.
	texts   map[string]string
	metrics []categoryBody
	logs    []categoryBody
	more    []jsonMember // what we do not know and give back
}

// categoryBody is an element of logs or of metrics.
type categoryBody struct {
	category, group string
	timeGrain       string
	enabled         bool
	retention       diagnostic.Retention
	retentionMore   []jsonMember
	more            []jsonMember
}

// Names of members that are strings.
const (
	memberStorage    = "storageAccountId"
	memberServiceBus = "serviceBusRuleId"
	memberWorkspace  = "workspaceId"
	memberRule       = "eventHubAuthorizationRuleId"
	memberHub        = "eventHubName"
	memberPartner    = "marketplacePartnerId"
	memberTables     = "logAnalyticsDestinationType"
)

// minute is the only time grain there is.
const minute = "PT1M"

// dedicated are a workspace's resource-specific tables; the other word that is
// known is the one that some services answer with.
const (
	dedicated        = "Dedicated"
	azureDiagnostics = "AzureDiagnostics"
)

// readSetting reads the body of a PUT. What an answer has beside properties is
// read-only: it may be sent back, and says nothing.
func readSetting(body []byte) (*settingBody, error) {
	whole, err := parseJSON(body)
	if err != nil {
		return nil, err
	}
	if whole.kind() != "an object" {
		return nil, unreadable("The body is %s, it must be an object.", whole.kind())
	}
	top, unknown, err := whole.take("properties", "id", "type", "name", "location", "kind", "tags", "identity", "systemData")
	if err != nil {
		return nil, err
	}
	if len(unknown) > 0 {
		return nil, unreadable("Could not find member '%s' on a diagnostic setting.", shorten(unknown[0].name))
	}
	properties := top["properties"]
	if properties.absent() {
		return nil, properties.missing()
	}
	return readProperties(properties)
}

func readProperties(n jsonNode) (*settingBody, error) {
	names := []string{memberStorage, memberServiceBus, memberWorkspace, memberRule, memberHub, memberPartner, memberTables}
	members, more, err := n.take(append(slices.Clone(names), "metrics", "logs")...)
	if err != nil {
		return nil, err
	}
	b := &settingBody{texts: make(map[string]string, len(names)), more: more}
	for _, name := range names {
		if b.texts[name], err = members[name].text(); err != nil {
			return nil, err
		}
	}
	if hub := b.texts[memberHub]; !isHubName(hub) {
		return nil, badRequest("The value of '%s' is '%s', the name of an event hub has letters, digits, '.', '-' and '_', at most 256.", members[memberHub].path, shorten(hub))
	}
	switch tables := b.texts[memberTables]; {
	case tables == "", strings.EqualFold(tables, dedicated), strings.EqualFold(tables, azureDiagnostics):
	default:
		return nil, badRequest("The value of '%s' is '%s', it must be '%s', '%s' or null.", members[memberTables].path, shorten(tables), dedicated, azureDiagnostics)
	}
	if b.metrics, err = readCategories(members["metrics"], readMetric); err != nil {
		return nil, err
	}
	b.logs, err = readCategories(members["logs"], readLog)
	return b, err
}

func readCategories(n jsonNode, read func(jsonNode) (categoryBody, error)) ([]categoryBody, error) {
	items, err := n.list()
	if err != nil {
		return nil, err
	}
	list := make([]categoryBody, len(items))
	for i, item := range items {
		if list[i], err = read(item); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func readLog(n jsonNode) (categoryBody, error) {
	members, more, err := n.take("category", "categoryGroup", "enabled", "retentionPolicy")
	if err != nil {
		return categoryBody{}, err
	}
	c, err := readCategory(members)
	if err != nil {
		return c, err
	}
	c.more = more
	if c.group, err = members["categoryGroup"].text(); err != nil {
		return c, err
	}
	switch {
	case c.category == "" && c.group == "":
		return c, badRequest("The value of '%s' or of '%s' is required.", members["category"].path, members["categoryGroup"].path)
	case c.category != "" && c.group != "":
		return c, badRequest("Diagnostic setting does not support mix of log category and log category group.")
	}
	return c, nil
}

func readMetric(n jsonNode) (categoryBody, error) {
	members, more, err := n.take("timeGrain", "category", "enabled", "retentionPolicy")
	if err != nil {
		return categoryBody{}, err
	}
	c, err := readCategory(members)
	if err != nil {
		return c, err
	}
	c.more = more
	if c.timeGrain, err = members["timeGrain"].text(); err != nil {
		return c, err
	}
	switch {
	case c.category == "":
		return c, members["category"].missing()
	case c.timeGrain != "" && c.timeGrain != minute:
		return c, badRequest("The value of '%s' is '%s': metrics are exported for every minute, leave it out or say '%s'.", members["timeGrain"].path, shorten(c.timeGrain), minute)
	}
	return c, nil
}

// readCategory reads what logs and metrics have in common.
func readCategory(members map[string]jsonNode) (c categoryBody, err error) {
	if c.category, err = members["category"].text(); err != nil {
		return c, err
	}
	if c.enabled, err = members["enabled"].truth(); err != nil {
		return c, err
	}
	policy := members["retentionPolicy"]
	if policy.absent() {
		return c, nil
	}
	members, c.retentionMore, err = policy.take("enabled", "days")
	if err != nil {
		return c, err
	}
	if c.retention.Enabled, err = members["enabled"].truth(); err != nil {
		return c, err
	}
	c.retention.Days, err = members["days"].whole()
	return c, err
}

// isHubName reports whether an event hub can have a name; "" is none.
func isHubName(s string) bool {
	return len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("._-", r)
	})
}
