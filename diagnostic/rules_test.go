package diagnostic_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"reslog/diagnostic"
	"reslog/record"
	"reslog/resource"
)

const group = "/subscriptions/s/resourceGroups/g/providers/"

var (
	signalR   = resource.MustParse(group + "Microsoft.SignalRService/SignalR/chat")
	database  = resource.MustParse(group + "Microsoft.Cache/redisEnterprise/cache/databases/default")
	sink      = resource.MustParse(group + "Microsoft.Storage/storageAccounts/logs")
	logged    = resource.MustParse(group + "Microsoft.Storage/storageAccounts/app/blobServices/default")
	premium   = resource.MustParse(group + "Microsoft.Storage/storageAccounts/premium")
	faraway   = resource.MustParse(group + "Microsoft.Storage/storageAccounts/faraway")
	workspace = resource.MustParse(group + "Microsoft.OperationalInsights/workspaces/ws")
	manage    = resource.MustParse(group + "Microsoft.EventHub/namespaces/ns/authorizationRules/manage")
	send      = resource.MustParse(group + "microsoft.eventhub/namespaces/ns/authorizationrules/send")
	listen    = resource.MustParse(group + "Microsoft.EventHub/namespaces/ns/authorizationRules/listen")
	farHub    = resource.MustParse(group + "Microsoft.EventHub/namespaces/far/authorizationRules/manage")
	monitor   = resource.MustParse(group + "Microsoft.Datadog/monitors/dd")
)

// rules know the resources above.
func rules() diagnostic.Rules {
	all := map[resource.Key]resource.Resource{}
	for _, r := range []struct {
		id                        resource.ID
		location, sku, properties string
	}{
		{signalR, "westus", "", ""},
		{database.Parent(), "West US", "", ""},
		{database, "", "", ""},
		{sink, "westus", `{"name":"Standard_LRS"}`, ""},
		{logged.Parent(), "westus", `{"name":"Standard_LRS"}`, ""},
		{logged, "", "", ""},
		{premium, "westus", `{"name":"Premium_LRS"}`, ""},
		{faraway, "East US", `{"name":"Standard_LRS"}`, ""},
		{workspace, "northeurope", "", ""},
		{manage.Parent(), "westus", "", ""},
		{manage, "", "", `{"rights":["Manage","Send","Listen"]}`},
		{send, "", "", `{"rights":["Send"]}`},
		{listen, "", "", `{"rights":["Listen"]}`},
		{farHub.Parent(), "eastus", "", ""},
		{farHub, "", "", `{"rights":["Manage","Send","Listen"]}`},
		{monitor, "eastus", "", ""},
	} {
		all[r.id.Key()] = resource.Resource{ID: r.id, Location: r.location, SKU: json.RawMessage(r.sku), Properties: json.RawMessage(r.properties)}
	}
	return diagnostic.Rules{Resource: func(id resource.ID) (resource.Resource, bool) { r, ok := all[id.Key()]; return r, ok }}
}

// to is a setting of SignalR that goes to an account.
func to(kind diagnostic.DestinationKind, target resource.ID) diagnostic.Setting {
	return diagnostic.Setting{
		Name: "s", Resource: signalR,
		Logs:         []diagnostic.Log{{Category: "AllLogs", Enabled: true}},
		Metrics:      []diagnostic.Metric{{Category: "AllMetrics", Enabled: true}},
		Destinations: []diagnostic.Destination{{Kind: kind, Target: target}},
	}
}

func TestRulesAllow(t *testing.T) {
	for name, change := range map[string]func(*diagnostic.Setting){
		"archive":             func(*diagnostic.Setting) {},
		"nothing switched on": func(s *diagnostic.Setting) { s.Logs, s.Metrics = nil, nil },
		"a group":             func(s *diagnostic.Setting) { s.Logs = []diagnostic.Log{{Group: "alllogs", Enabled: true}} },
		"retention": func(s *diagnostic.Setting) {
			s.Logs[0].Retention = diagnostic.Retention{Enabled: true, Days: 365}
		},
		"a category in other case": func(s *diagnostic.Setting) { s.Logs[0].Category = "alllogs" },
		"a workspace anywhere":     func(s *diagnostic.Setting) { *s = to(diagnostic.Workspace, workspace) },
		"a partner anywhere":       func(s *diagnostic.Setting) { *s = to(diagnostic.Partner, monitor) },
		"a hub for each category":  func(s *diagnostic.Setting) { *s = to(diagnostic.EventHub, manage) },
		"one hub with send": func(s *diagnostic.Setting) {
			*s = to(diagnostic.EventHub, send)
			s.Destinations[0].Options = map[string]string{diagnostic.OptionHub: "hub"}
		},
		"a child in the region of its parent": func(s *diagnostic.Setting) {
			s.Resource, s.Metrics = database, nil
			s.Logs[0].Category = "ConnectionEvents"
		},
		"all destinations at once": func(s *diagnostic.Setting) {
			s.Destinations = append(s.Destinations, to(diagnostic.Workspace, workspace).Destinations[0],
				to(diagnostic.EventHub, manage).Destinations[0], to(diagnostic.Partner, monitor).Destinations[0])
		},
	} {
		s := to(diagnostic.Archive, sink)
		change(&s)
		if err := errors.Join(rules().Check(&s), s.Validate()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(s.Logs) == 1 && s.Logs[0].Category == "alllogs" {
			t.Errorf("%s: the category is not spelled as in the catalogue", name)
		}
	}
}

func TestRulesRefuse(t *testing.T) {
	for says, c := range map[string]struct {
		reason diagnostic.Reason
		change func(*diagnostic.Setting)
	}{
		"The resource type 'microsoft.network/networkwatchers' does not support diagnostic settings.": {
			diagnostic.Unsupported, func(s *diagnostic.Setting) {
				s.Resource = resource.MustParse(group + "Microsoft.Network/networkWatchers/w")
			},
		},
		"The Resource 'Microsoft.SignalRService/SignalR/none' under resource group 'g' was not found.": {
			diagnostic.Missing, func(s *diagnostic.Setting) {
				s.Resource = resource.MustParse(group + "Microsoft.SignalRService/SignalR/none")
			},
		},
		"At least one data sink needs to be specified.": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { s.Destinations = nil },
		},
		"Category 'Alllog' is not supported.": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { s.Logs[0].Category = "Alllog" },
		},
		"CategoryGroup: 'audit' is not supported, supported ones are: 'allLogs'": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { s.Logs = []diagnostic.Log{{Group: "audit", Enabled: true}} },
		},
		"Diagnostic setting does not support mix of log category and log category group.": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { s.Logs = append(s.Logs, diagnostic.Log{Group: "allLogs"}) },
		},
		"Metric category 'Some' is not supported, supported categories are: 'AllMetrics'": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { s.Metrics[0].Category = "Some" },
		},
		"Metric export is not enabled.": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) {
				s.Resource = database
				s.Logs[0].Category = "ConnectionEvents"
			},
		},
		"Retention is not supported for category group 'allLogs'": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) {
				s.Logs = []diagnostic.Log{{Group: "allLogs", Enabled: true, Retention: diagnostic.Retention{Enabled: true, Days: 1}}}
			},
		},
		"must be between 0 and 365": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { s.Logs[0].Retention.Days = 366 },
		},
		"Resource type 'microsoft.eventhub/namespaces/eventhubs/authorizationrules' is invalid for property 'properties.eventHubAuthorizationRuleId'. Expected types are 'microsoft.servicebus/namespaces/authorizationrules', 'microsoft.eventhub/namespaces/authorizationrules'": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) {
				*s = to(diagnostic.EventHub, resource.MustParse(group+"Microsoft.EventHub/namespaces/ns/eventhubs/h/authorizationRules/r"))
			},
		},
		"The Resource 'Microsoft.Storage/storageAccounts/none' under resource group 'g' was not found.": {
			diagnostic.Missing, func(s *diagnostic.Setting) {
				*s = to(diagnostic.Archive, resource.MustParse(group+"Microsoft.Storage/storageAccounts/none"))
			},
		},
		"The marketplace partner resource: /subscriptions/s/resourcegroups/g/providers/microsoft.datadog/monitors/none was not found or does not support the required functionality.": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) {
				*s = to(diagnostic.Partner, resource.MustParse(group+"Microsoft.Datadog/monitors/none"))
			},
		},
		"premium accounts are not supported": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { *s = to(diagnostic.Archive, premium) },
		},
		"Resources should be in the same region. Resource '" + signalR.String() + "' is in region 'westus' and resource '" + faraway.String() + "' is in region 'eastus'.": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { *s = to(diagnostic.Archive, faraway) },
		},
		"and resource '" + farHub.Parent().String() + "' is in region 'eastus'.": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { *s = to(diagnostic.EventHub, farHub) },
		},
		"its logs must go to another account": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) {
				*s = to(diagnostic.Archive, logged.Parent())
				s.Resource, s.Metrics = logged, nil
				s.Logs[0].Category = "StorageRead"
			},
		},
		"If a valid EventHub name is not specified in the diagnostic setting, the EventHub authorization rule requires manage|send|listen access, this EventHub authorization rule does not have 'manage' access.": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) { *s = to(diagnostic.EventHub, send) },
		},
		"this EventHub authorization rule does not have 'send' access": {
			diagnostic.Unacceptable, func(s *diagnostic.Setting) {
				*s = to(diagnostic.EventHub, listen)
				s.Destinations[0].Options = map[string]string{diagnostic.OptionHub: "hub"}
			},
		},
	} {
		s := to(diagnostic.Archive, sink)
		c.change(&s)
		err := rules().Check(&s)
		var refusal *diagnostic.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), says) || refusal.Reason != c.reason {
			t.Errorf("want %q, got %v", says, err)
		}
	}
}

func TestRulesAboutOtherSettings(t *testing.T) {
	store := openStore(t, &memory{})
	put := func(s diagnostic.Setting) error { return store.Put(t.Context(), s) }
	refused := func(s diagnostic.Setting, says string) {
		t.Helper()
		err := put(s)
		var refusal *diagnostic.Refusal
		if !errors.As(err, &refusal) || refusal.Reason != diagnostic.Conflicting || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
		if _, err := store.Get(s.Resource, s.Name); !errors.Is(err, diagnostic.ErrNotFound) {
			t.Errorf("setting %s is there although it was refused", s.Name)
		}
	}
	first := to(diagnostic.Archive, sink)
	if err := errors.Join(put(first), put(first)); err != nil {
		t.Fatalf("the same setting again: %v", err)
	}
	same := to(diagnostic.Archive, resource.MustParse(strings.ToUpper(sink.String())))
	same.Name = "other"
	refused(same, "is already used in diagnostic setting 's' for category 'AllLogs'. Data sinks can't be reused in different settings on the same category for the same resource. Setting 'other' needs")
	// A group counts as what it holds, AllMetrics like a category.
	same.Logs = []diagnostic.Log{{Group: "allLogs", Enabled: true}}
	refused(same, "for category 'AllLogs'")
	same.Logs = nil
	refused(same, "for category 'AllMetrics'")
	same.Metrics = nil
	if err := put(same); err != nil {
		t.Errorf("nothing in common: %v", err)
	}
	for i := range 3 {
		s := to(diagnostic.Workspace, resource.MustParse(fmt.Sprintf("%sMicrosoft.OperationalInsights/workspaces/ws%d", group, i)))
		s.Name = fmt.Sprintf("more%d", i)
		if err := put(s); err != nil {
			t.Fatal(err)
		}
	}
	sixth := to(diagnostic.Partner, monitor)
	sixth.Name = "sixth"
	refused(sixth, "The limit of 5 diagnostic settings was reached. To create new setting 'sixth', delete an existing one.")
	first.Destinations = sixth.Destinations
	if err := put(first); err != nil {
		t.Errorf("changing one of five: %v", err)
	}
}

func TestClassicIsApart(t *testing.T) {
	store := openStore(t, &memory{})
	if err := store.Put(t.Context(), classic(diagnostic.ClassicName, "StorageRead")); err != nil {
		t.Fatal(err)
	}
	s := to(diagnostic.Archive, sink)
	s.Name = strings.ToUpper(diagnostic.ClassicName)
	var refusal *diagnostic.Refusal
	if err := store.Put(t.Context(), s); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "classic") {
		t.Errorf("the name of classic logging was taken: %v", err)
	}
}

func TestWanted(t *testing.T) {
	s := diagnostic.Setting{
		Resource: logged,
		Logs:     []diagnostic.Log{{Group: "audit", Enabled: true}, {Group: "allLogs", Enabled: true}},
		Metrics:  []diagnostic.Metric{{Category: "AllMetrics", Enabled: true, Retention: diagnostic.Retention{Enabled: true, Days: 3}}},
	}
	want := []record.Category{"StorageRead", "StorageWrite", "StorageDelete", "Transaction", "Capacity"}
	if got := s.Wanted(); !slices.Equal(got, want) {
		t.Errorf("wanted are %v, want %v", got, want)
	}
	if s.KeepDays("Capacity") != 3 || s.KeepDays("StorageRead") != 0 {
		t.Error("retention is not that of the category")
	}
	s.Logs[0].Enabled, s.Logs[1].Enabled, s.Metrics[0].Enabled = false, false, false
	if got := s.Wanted(); got != nil {
		t.Errorf("with nothing enabled %v is wanted", got)
	}
	keep := diagnostic.Retention{Enabled: true, Days: 5}
	s.Logs = []diagnostic.Log{{Category: "StorageRead", Enabled: true, Retention: keep}, {Category: "StorageWrite", Enabled: true, Retention: diagnostic.Retention{Days: 5}}}
	if s.KeepDays("StorageRead") != 5 || s.KeepDays("StorageWrite") != 0 {
		t.Error("a retention that is not enabled is for ever")
	}
}
