package arm

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// flatBody and wrappedBody are the two forms of an error.
func flatBody(code, message string) string {
	return fmt.Sprintf(`{"code":"%s","message":%s}`, code, encodeText(message))
}

func wrappedBody(code, message string) string { return `{"error":` + flatBody(code, message) + `}` }

// Every message is the service's own, where one is known.
func TestRefusals(t *testing.T) {
	const (
		badJSON = "The request content was invalid and could not be deserialized: '"
		noLog   = settingsGroup + "Microsoft.Network/networkWatchers/w"
		hubRule = settingsGroup + "microsoft.eventhub/namespaces/ns/eventhubs/h/authorizationRules/r"
		sendID  = dstNamespace + "/authorizationRules/send"
	)
	to := func(member, id string) string {
		return fmt.Sprintf(`{"properties":{%q:%q,"logs":[%s]}}`, member, id, logsOn)
	}
	retained := func(logs string) string {
		return toSink(strings.ReplaceAll(logs, "KEEP", `"retentionPolicy":{"enabled":true,"days":7}`))
	}
	for _, c := range []struct {
		name, scope, rest, body string
		status                  int
		want                    string
	}{
		{"unknown category", srcChat, settingOne, toSink(`{"category":"Nope","enabled":true}`), 400, flatBody("BadRequest", "Category 'Nope' is not supported.")},
		{
			"unknown metric category", srcChat, settingOne, `{"properties":{"storageAccountId":"` + dstAccount + `","metrics":[{"category":"Nope","enabled":true}]}}`, 400,
			flatBody("BadRequest", "Metric category 'Nope' is not supported, supported categories are: 'AllMetrics'"),
		},
		{
			"no metrics", srcDatabase, settingOne, `{"properties":{"storageAccountId":"` + dstAccount + `","metrics":[{"category":"AllMetrics","enabled":true}]}}`, 400,
			flatBody("BadRequest", "Metric export is not enabled."),
		},
		{
			"unknown group", srcChat, settingOne, toSink(`{"categoryGroup":"audit","enabled":true}`), 400,
			flatBody("BadRequest", "CategoryGroup: 'audit' is not supported, supported ones are: 'allLogs'"),
		},
		{
			"no groups at all", srcCache, settingOne, toSink(`{"categoryGroup":"allLogs","enabled":true}`), 400,
			flatBody("BadRequest", "CategoryGroup: 'allLogs' is not supported, supported ones are: ''"),
		},
		{
			"category and group", srcChat, settingOne, toSink(`{"categoryGroup":"allLogs","enabled":true},{"category":"AllLogs","categoryGroup":"","enabled":false}`), 400,
			flatBody("BadRequest", "Diagnostic setting does not support mix of log category and log category group."),
		},
		{
			"category and group in one", srcChat, settingOne, toSink(`{"categoryGroup":"allLogs","category":"AllLogs","enabled":true}`), 400,
			flatBody("BadRequest", "Diagnostic setting does not support mix of log category and log category group."),
		},
		{
			"no destination", srcChat, settingOne, `{"properties":{"workspaceId":"","eventHubName":"hub","storageAccountId":null,"logs":[` + logsOn + `]}}`, 400,
			flatBody("BadRequest", "At least one data sink needs to be specified."),
		},
		{
			"new retention", srcChat, settingOne, retained(`{"category":"AllLogs","enabled":true,KEEP}`), 400,
			flatBody("BadRequest", "Diagnostic settings does not support retention for new diagnostic settings."),
		},
		{
			"retention of a group", srcChat, settingOne + "?" + version2017, retained(`{"categoryGroup":"allLogs","enabled":true,KEEP}`), 400,
			flatBody("BadRequest", "Retention is not supported for category group 'allLogs': list its categories to set a retention."),
		},
		{
			"retention too long", srcChat, settingOne + "?" + version2017, toSink(`{"category":"AllLogs","enabled":true,"retentionPolicy":{"enabled":true,"days":366}}`), 400,
			flatBody("BadRequest", "Retention of category 'AllLogs' is 366 days, it must be between 0 and 365."),
		},
		{
			"account elsewhere", srcChat, settingOne, to(memberStorage, dstAccount+"far"), 400,
			flatBody("BadRequest", "Resources should be in the same region. Resource '"+srcChat+"' is in region 'westus' and resource '"+dstAccount+"far' is in region 'eastus'."),
		},
		{
			"premium account", srcChat, settingOne, to(memberStorage, dstAccount+"premium"), 400,
			flatBody("BadRequest", "Storage account 'sinkpremium' has the SKU 'Premium_LRS': premium accounts are not supported as a destination of diagnostic settings."),
		},
		{
			"account that is missing", srcChat, settingOne, to(memberStorage, dstAccount+"none"), 404,
			flatBody("ResourceNotFound", "The Resource 'Microsoft.Storage/storageAccounts/sinknone' under resource group 'RG' was not found."),
		},
		{
			"no account at all", srcChat, settingOne, to(memberStorage, dstWorkspace), 400,
			flatBody("BadRequest", "Resource type 'microsoft.operationalinsights/workspaces' is invalid for property 'properties.storageAccountId'. Expected types are 'microsoft.storage/storageaccounts'"),
		},
		{
			"partner that is missing", srcChat, settingOne, to(memberPartner, dstMonitor+"Not"), 400,
			flatBody("BadRequest", "The marketplace partner resource: "+strings.ToLower(dstMonitor)+"not was not found or does not support the required functionality."),
		},
		{
			"rule of a hub", srcChat, settingOne, to(memberRule, hubRule), 400,
			flatBody("BadRequest", "Resource type 'microsoft.eventhub/namespaces/eventhubs/authorizationrules' is invalid for property 'properties.eventHubAuthorizationRuleId'. Expected types are 'microsoft.servicebus/namespaces/authorizationrules', 'microsoft.eventhub/namespaces/authorizationrules'"),
		},
		{
			"no hub and no Manage", srcChat, settingOne, to(memberRule, sendID), 400,
			flatBody("BadRequest", "If a valid EventHub name is not specified in the diagnostic setting, the EventHub authorization rule requires manage|send|listen access, this EventHub authorization rule does not have 'manage' access."),
		},
		{
			"two event hubs", srcChat, settingOne, `{"properties":{"serviceBusRuleId":"` + dstBusRule + `","eventHubAuthorizationRuleId":"` + dstRule + `"}}`, 400,
			flatBody("BadRequest", "'properties.eventHubAuthorizationRuleId' and 'properties.serviceBusRuleId' are both set: a diagnostic setting sends to one event hub."),
		},
		{
			"its own account", srcBlobs, settingOne, `{"properties":{"storageAccountId":"` + settingsGroup + `Microsoft.Storage/storageAccounts/app"}}`, 400,
			flatBody("BadRequest", "Storage account 'app' is the one that is monitored: its logs must go to another account."),
		},
		{
			"resource that is missing", srcChat + "Not", settingOne, toSink(logsOn), 404,
			flatBody("ResourceNotFound", "The Resource 'Microsoft.SignalRService/SignalR/ChatNot' under resource group 'RG' was not found."),
		},
		{
			"type without settings", noLog, settingOne, toSink(logsOn), 400,
			flatBody("ResourceTypeNotSupported", "The resource type 'microsoft.network/networkwatchers' does not support diagnostic settings."),
		},
		{
			"no id", srcChat, settingOne, to(memberWorkspace, "ws"), 400,
			wrappedBody("LinkedInvalidPropertyId", "Property id 'ws' at path 'properties.workspaceId' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'."),
		},
		{
			"bad name", srcChat, "diagnosticSettings/a*b", toSink(logsOn), 400,
			flatBody("BadRequest", `invalid diagnostic setting "a*b": the name may not contain any of < > * % & : \ ? + / or control characters`),
		},
		{
			"category twice", srcChat, settingOne, toSink(logsOn + `,{"category":"alllogs","enabled":false}`), 400,
			flatBody("BadRequest", `invalid diagnostic setting "One": category AllLogs is listed twice`),
		},
		{"no body", srcChat, settingOne, "", 400, wrappedBody("InvalidRequestContent", badJSON+"The body is empty.'")},
		{"no properties", srcChat, settingOne, `{"name":"One"}`, 400, flatBody("BadRequest", "The value of 'properties' is required.")},
		{
			"unknown member at the top", srcChat, settingOne, `{"properties":{},"extra":1}`, 400,
			wrappedBody("InvalidRequestContent", badJSON+"Could not find member 'extra' on a diagnostic setting.'"),
		},
		{
			"version", srcChat, settingOne + "?2016-09-01", toSink(logsOn), 400,
			wrappedBody("InvalidApiVersionParameter", "The api-version '2016-09-01' is invalid. The supported versions are '2017-05-01-preview,2021-05-01-preview'."),
		},
	} {
		n := newSettingsNode(t)
		if status, got := n.do(t, "PUT", c.scope, c.rest, c.body); status != c.status || got != c.want {
			t.Errorf("%s: %d %s\nwant %d %s", c.name, status, got, c.status, c.want)
		}
		if left := n.store.All(); len(left) != 0 {
			t.Errorf("%s: kept is %v", c.name, left)
		}
	}
}

func TestRefusalsOfTypesThatAreNoResources(t *testing.T) {
	const exported = " The activity log is not exported: read it at /subscriptions/{subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values."
	n := newSettingsNode(t)
	for scope, want := range map[string]string{
		"/subscriptions/s":                                    "'microsoft.resources/subscriptions' does not support diagnostic settings." + exported,
		"/subscriptions/s/resourceGroups/RG":                  "'microsoft.resources/subscriptions/resourcegroups' does not support diagnostic settings.",
		"/providers/Microsoft.Management/managementGroups/mg": "'microsoft.management/managementgroups' does not support diagnostic settings." + exported,
		"": "'microsoft.resources/tenants' does not support diagnostic settings." + exported,
		settingsGroup + "Microsoft.Network/networkWatchers/w": "'microsoft.network/networkwatchers' does not support diagnostic settings.",
	} {
		want = flatBody("ResourceTypeNotSupported", "The resource type "+want)
		for _, call := range []string{
			"GET diagnosticSettings", "GET " + settingOne, "PUT " + settingOne, "DELETE " + settingOne,
			"GET " + settingOne + "/deliveries", "GET diagnosticSettingsCategories", "GET diagnosticSettingsCategories/AllLogs",
		} {
			method, rest, _ := strings.Cut(call, " ")
			if status, got := n.do(t, method, scope, rest, toSink(logsOn)); status != http.StatusBadRequest || got != want {
				t.Errorf("%s of %q: %d %s\nwant %s", call, scope, status, got, want)
			}
		}
	}
}

func TestRefusalsBesideOtherSettings(t *testing.T) {
	n := newSettingsNode(t)
	put := func(name, body string) (int, string) {
		return n.do(t, "PUT", srcChat, "diagnosticSettings/"+name, body)
	}
	n.must(t, "PUT", srcChat, "diagnosticSettings/first", toSink(logsOn))
	n.must(t, "PUT", srcChat, "diagnosticSettings/first", toSink(logsOn))

	conflict := func(sink, name string) string {
		return flatBody("Conflict", "Data sink '"+sink+"' is already used in diagnostic setting '"+name+"' for category 'AllLogs'. Data sinks can't be reused in different settings on the same category for the same resource."+
			" Setting 'other' needs another sink, or one of the two must leave the category out.")
	}
	if status, got := put("other", toSink(`{"categoryGroup":"allLogs","enabled":true}`)); status != http.StatusConflict || got != conflict(dstAccount, "first") {
		t.Errorf("the same sink: %d %s", status, got)
	}
	hub := func(name string) string {
		return `{"properties":{"eventHubAuthorizationRuleId":"` + dstRule + `","eventHubName":"` + name + `","logs":[` + logsOn + `]}}`
	}
	n.must(t, "PUT", srcChat, "diagnosticSettings/hub", hub("a"))
	// The rule is the sink, not the hub.
	if status, got := put("other", hub("b")); status != http.StatusConflict || got != conflict(dstRule, "hub") {
		t.Errorf("another hub of the same rule: %d %s", status, got)
	}
	for i := range 3 {
		n.must(t, "PUT", srcChat, fmt.Sprintf("diagnosticSettings/more%d", i), toSink(""))
	}
	want := flatBody("Conflict", "The limit of 5 diagnostic settings was reached. To create new setting 'sixth', delete an existing one.")
	if status, got := put("sixth", toSink("")); status != http.StatusConflict || got != want {
		t.Errorf("the sixth: %d %s", status, got)
	}
	n.must(t, "PUT", srcChat, "diagnosticSettings/MORE0", toSink(""))
}

func TestRetention(t *testing.T) {
	n := newSettingsNode(t)
	body := func(policy string) string {
		return `{"properties":{"storageAccountId":"` + dstAccount + `","metrics":[{"category":"AllMetrics","enabled":true,"retentionPolicy":` + policy + `}],"logs":[{"category":"AllLogs","enabled":true,"retentionPolicy":` + policy + `}]}}`
	}
	const keep = `{"enabled":true,"days":30}`
	old := settingOne + "?" + version2017
	got := n.must(t, "PUT", srcChat, old, body(keep))
	if strings.Count(got, `"retentionPolicy":`+keep) != 2 {
		t.Errorf("put with the older version: %s", got)
	}
	s := n.store.All()[0]
	if s.KeepDays("AllLogs") != 30 || s.KeepDays("AllMetrics") != 30 {
		t.Errorf("kept is %+v", s)
	}
	n.must(t, "PUT", srcChat, settingOne, got) // unchanged
	n.must(t, "PUT", srcChat, settingOne, body(`{"enabled":false,"days":30}`))
	if s := n.store.All()[0]; s.KeepDays("AllLogs") != 0 {
		t.Errorf("switched off, and kept is %+v", s)
	}
	want := flatBody("BadRequest", "Diagnostic settings does not support retention for new diagnostic settings.")
	for _, policy := range []string{keep, `{"enabled":true,"days":0}`} {
		if status, got := n.do(t, "PUT", srcChat, settingOne, body(policy)); status != http.StatusBadRequest || got != want {
			t.Errorf("switched on with the newer version: %d %s", status, got)
		}
	}
	n.must(t, "PUT", srcChat, old, body(keep))
	if status, got := n.do(t, "PUT", srcChat, settingOne, body(`{"enabled":true,"days":31}`)); status != http.StatusBadRequest || got != want {
		t.Errorf("changed with the newer version: %d %s", status, got)
	}
	if status, got := n.do(t, "PUT", srcChat, "diagnosticSettings/two", strings.Replace(body(keep), dstAccount, dstAccount+"2", 1)); status != http.StatusBadRequest || got != want {
		t.Errorf("the retention of another setting: %d %s", status, got)
	}
}

func TestAccess(t *testing.T) {
	const denied = `{"error":{"code":"AuthorizationFailed","message":"no `
	n := newSettingsNode(t)
	n.must(t, "PUT", srcChat, settingOne, toSink(logsOn))
	for call, action := range map[string]string{
		"GET diagnosticSettings":                                   settingsType + "/read",
		"GET " + settingOne:                                        settingsType + "/read",
		"PUT " + settingOne:                                        settingsType + "/write",
		"DELETE " + settingOne:                                     settingsType + "/delete",
		"GET " + settingOne + "/deliveries":                        settingsType + "/deliveries/read",
		"GET " + settingOne + "/deliveries/archive":                settingsType + "/deliveries/read",
		"GET " + settingOne + "/deliveries/deadLetters":            settingsType + "/deliveries/deadLetters/read",
		"POST " + settingOne + "/deliveries/deadLetters/k/replay":  settingsType + "/deliveries/deadLetters/replay/action",
		"POST " + settingOne + "/deliveries/deadLetters/k/DISCARD": settingsType + "/deliveries/deadLetters/discard/action",
		"GET diagnosticSettingsCategories":                         "Microsoft.Insights/diagnosticSettingsCategories/read",
		"GET diagnosticSettingsCategories/AllLogs":                 "Microsoft.Insights/diagnosticSettingsCategories/read",
	} {
		method, rest, _ := strings.Cut(call, " ")
		for _, source := range []string{srcChat, srcChat + "not"} { // what does not exist is not told from it
			scope := source
			if strings.Contains(rest, "/One") {
				scope += "/providers/Microsoft.Insights/diagnosticSettings/One"
			}
			n.denied = map[string]bool{action + " " + strings.ToLower(scope): true}
			if status, got := n.do(t, method, source, rest, toSink("")); status != http.StatusForbidden || got != denied+action+" on "+scope+`"}}` {
				t.Errorf("%s: %d %s", call, status, got)
			}
		}
	}
	n.denied = nil
	if got := n.must(t, "GET", srcChat, settingOne, ""); !strings.Contains(got, "AllLogs") {
		t.Errorf("after all that the setting is %s", got)
	}
}

func TestAccessToDestinations(t *testing.T) {
	n := newSettingsNode(t)
	for member, c := range map[string]struct{ id, action string }{
		memberStorage:    {dstAccount, "Microsoft.Storage/storageAccounts/listKeys/action"},
		memberRule:       {dstRule, "Microsoft.EventHub/namespaces/authorizationRules/listkeys/action"},
		memberServiceBus: {dstBusRule, "Microsoft.ServiceBus/namespaces/authorizationRules/listkeys/action"},
		memberWorkspace:  {dstWorkspace, "Microsoft.OperationalInsights/workspaces/sharedKeys/action"},
		memberPartner:    {dstMonitor, "Microsoft.Datadog/monitors/write"},
	} {
		for _, id := range []string{c.id, c.id + "none"} {
			n.denied = map[string]bool{c.action + " " + strings.ToLower(id): true}
			body := fmt.Sprintf(`{"properties":{%q:%q}}`, member, id)
			status, got := n.do(t, "PUT", srcChat, settingOne, body)
			want := wrappedBody("LinkedAuthorizationFailed", "The client 'joe' with object id 'oid' has permission to perform action 'Microsoft.Insights/diagnosticSettings/write' on scope '"+srcChat+
				"/providers/Microsoft.Insights/diagnosticSettings/One'; however, it does not have permission to perform action '"+c.action+"' on the linked scope(s) '"+id+"' or the linked scope(s) are invalid.")
			if status != http.StatusForbidden || got != want {
				t.Errorf("%s: %d %s\nwant %s", member, status, got, want)
			}
		}
		n.denied = nil
		n.must(t, "PUT", srcChat, settingOne, fmt.Sprintf(`{"properties":{%q:%q}}`, member, c.id))
	}
}

func TestCallsThatAreNone(t *testing.T) {
	n := newSettingsNode(t)
	n.must(t, "PUT", srcChat, settingOne, toSink(logsOn))
	for call, want := range map[string]int{
		"POST diagnosticSettings":                                http.StatusMethodNotAllowed,
		"PATCH " + settingOne:                                    http.StatusMethodNotAllowed,
		"PUT " + settingOne + "/deliveries":                      http.StatusMethodNotAllowed,
		"GET " + settingOne + "/deliveries/deadLetters/k/replay": http.StatusMethodNotAllowed,
		"DELETE diagnosticSettingsCategories/AllLogs":            http.StatusMethodNotAllowed,
		"GET " + settingOne + "/things":                          http.StatusNotFound,
		"GET " + settingOne + "/deliveries/archive/things":       http.StatusNotFound,
		"POST " + settingOne + "/deliveries/deadLetters/k/burn":  http.StatusNotFound,
		"GET " + settingOne + "/deliveries/deadLetters/k":        http.StatusNotFound,
		"GET diagnosticSettingsCategories/AllLogs/things":        http.StatusNotFound,
	} {
		method, rest, _ := strings.Cut(call, " ")
		if status, got := n.do(t, method, srcChat, rest, ""); status != want {
			t.Errorf("%s: %d %s, want %d", call, status, got, want)
		}
	}
}
