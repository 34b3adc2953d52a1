package arm

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"reslog/resource"
)

func TestRoleAssignments(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	const (
		principal = "33333333-3333-3333-3333-333333333333"
		readerID  = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
		version   = "2020-04-01-preview"
		role      = "/subscriptions/" + sub + "/providers/Microsoft.Authorization/roleDefinitions/" + readerID
	)
	name := func(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }
	at := func(scope string, n int) string {
		return scope + "/providers/Microsoft.Authorization/roleAssignments/" + name(n)
	}
	body := func(who, role string) string {
		return `{"properties":{"roleDefinitionId":"` + role + `","principalId":"` + who + `"}}`
	}
	group, s := "/subscriptions/"+sub+"/resourceGroups/rg", "/subscriptions/"+sub
	for n, scope := range []string{"", s, group, account, account + "/blobServices/default/containers/c"} {
		r := b.must(http.StatusCreated, http.MethodPut, at(scope, n), version, body(principal, role))
		if r.at("id") != at(scope, n) || r.at("name") != name(n) || r.at("properties.principalId") != principal || r.at("properties.principalType") != "ServicePrincipal" {
			t.Errorf("assigned: %s", r.text)
		}
	}
	r := b.must(http.StatusOK, http.MethodGet, strings.ToUpper(at(account, 3)), version, "")
	if r.at("properties.roleDefinitionId") != role || r.at("properties.scope") != account {
		t.Errorf("read: %s", r.text)
	}
	// Again is no change; the same under another name, or another under the same,
	// is none that may be made.
	b.must(http.StatusCreated, http.MethodPut, at(account, 3), version, body(strings.ToUpper(principal), readerID))
	b.refused(http.StatusConflict, "RoleAssignmentExists", http.MethodPut, at(account, 9), version, body(principal, role))
	b.refused(http.StatusBadRequest, "RoleAssignmentUpdateNotPermitted", http.MethodPut, at(account, 3), version, body(sub, role))
	for _, c := range []struct{ path, body, code string }{
		{at(account, 9), ``, "InvalidPrincipalId"},
		{at(account, 9), body("me", role), "InvalidPrincipalId"},
		{at(account, 9), body(sub, "none"), "RoleDefinitionDoesNotExist"},
		{at(account, 9), body("dead3333-3333-3333-3333-333333333333", role), "PrincipalNotFound"},
		{account + "/providers/Microsoft.Authorization/roleAssignments/nine", body(sub, role), "InvalidRoleAssignmentId"},
		{at(account, 9), strings.Replace(body(sub, role), "}}", `,"condition":"x"}}`, 1), "UnsupportedProperty"},
		{at(account, 9), strings.Replace(body(sub, role), "}}", `,"description":"x"}}`, 1), "UnsupportedProperty"},
		{at(account, 9), strings.Replace(body(sub, role), "}}", `,"principalType":"Robot"}}`, 1), "UnmatchedPrincipalType"},
	} {
		b.refused(http.StatusBadRequest, c.code, http.MethodPut, c.path, version, c.body)
	}
	for path, code := range map[string]string{
		at(account+"x", 9): "ResourceNotFound", at(account+"x/blobServices/default/containers/c", 9): "ResourceNotFound", at(account+"/moons/m", 9): "ResourceNotFound", at(s+"/resourceGroups/none", 9): "ResourceGroupNotFound", at(s+"/moon", 9): "NotFound",
	} {
		b.refused(http.StatusNotFound, code, http.MethodPut, path, version, body(sub, role))
	}
	if r := b.call(reader, http.MethodPut, at(account, 9), version, body(sub, role)); r.status != http.StatusForbidden {
		t.Errorf("a reader assigns: %d %s", r.status, r.text)
	}
	if r := b.call(reader, http.MethodDelete, at(account, 3), version, ""); r.status != http.StatusForbidden {
		t.Errorf("a reader revokes: %d %s", r.status, r.text)
	}
	for query, want := range map[string]int{
		account: 5, group: 5, account + "/queueServices/default": 4,
		account + "?$filter=atScope()": 4, "?$filter=atScope()": 1, "": 5,
		group + "?$filter=atScope()%20and%20assignedTo('" + principal + "')": 3, group + "?$filter=principalId%20eq%20'" + sub + "'": 0,
	} {
		scope, filter, _ := strings.Cut(query, "?")
		r := b.must(http.StatusOK, http.MethodGet, scope+"/providers/Microsoft.Authorization/roleAssignments?"+filter, version, "")
		if len(r.values()) != want {
			t.Errorf("%s: %d assignments, want %d: %s", query, len(r.values()), want, r.text)
		}
	}
	b.refused(http.StatusBadRequest, "InvalidFilterInQueryString", http.MethodGet, s+"/providers/Microsoft.Authorization/roleAssignments?$filter=color%20eq%20'red'", version, "")

	b.must(http.StatusOK, http.MethodDelete, at(account, 3), version, "")
	b.must(http.StatusNoContent, http.MethodDelete, at(account, 3), version, "")
	b.must(http.StatusNoContent, http.MethodDelete, at(account, 2), version, "") // it is at another scope
	b.refused(http.StatusNotFound, "RoleAssignmentNotFound", http.MethodGet, at(account, 3), version, "")
	if left := b.roles.Assignments(); len(left) != 4 {
		t.Errorf("left %v", left)
	}
	events := b.events("resourceUri eq '" + at(account, 3) + "'")
	// The newest is the delete that found nothing any more.
	if len(events) != 8 || events[1].at("operationName.value") != "Microsoft.Authorization/roleAssignments/delete" || events[1].at("properties.principalId") != principal {
		t.Errorf("%d events, the second newest is %v", len(events), events[1])
	}
}

func TestRoleDefinitions(t *testing.T) {
	b := start(t)
	for scope, id := range map[string]string{"": "", "/subscriptions/" + sub: "/subscriptions/" + sub} {
		path := scope + "/providers/Microsoft.Authorization/roleDefinitions"
		all := b.must(http.StatusOK, http.MethodGet, path, "2018-01-01-preview", "").values()
		if len(all) != 2 || all[0].at("id") != id+"/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635" {
			t.Errorf("all: %v", all)
		}
		one := b.must(http.StatusOK, http.MethodGet, path+"?$filter=roleName%20eq%20'reader'", "2022-04-01", "").values()
		if len(one) != 1 || one[0].at("properties.roleName") != "Reader" {
			t.Errorf("by name: %v", one)
		}
		r := b.must(http.StatusOK, http.MethodGet, path+"/ACDD72A7-3385-48ef-bd42-f606fba81ae7", "2022-04-01", "")
		if list, _ := r.at("properties.permissions").([]any); len(list) != 1 || !strings.Contains(r.text, `"actions":["*/read"],"dataActions":[],"notActions":[]`) {
			t.Errorf("one: %s", r.text)
		}
		b.refused(http.StatusNotFound, "RoleDefinitionDoesNotExist", http.MethodGet, path+"/"+sub, "2022-04-01", "")
		b.refused(http.StatusBadRequest, "InvalidFilterInQueryString", http.MethodGet, path+"?$filter=x%20eq%20'y'", "2022-04-01", "")
		b.refused(http.StatusMethodNotAllowed, "MethodNotAllowed", http.MethodPut, path+"/"+sub, "2022-04-01", `{}`)
	}
}

func TestActivityLogFilters(t *testing.T) {
	b := start(t)
	b.account("rg", "account1")
	account := b.account("other", "account2")
	b.must(http.StatusOK, http.MethodPost, account+"/regenerateKey", storeV, `{"keyName":"key2"}`)
	if r := b.call(keeper, http.MethodDelete, account, storeV, ""); r.status != http.StatusForbidden {
		t.Fatal(r.status)
	}
	for filter, want := range map[string]int{
		"resourceGroupName eq 'OTHER'":                                                    7,
		"resourceUri eq '" + account + "'":                                                5,
		"resourceUri eq '" + account + "' and status eq 'Succeeded'":                      2,
		"resourceId eq '/subscriptions/" + sub + "/resourceGroups/rg'":                    4,
		"resourceProvider eq 'microsoft.storage' and eventChannels eq 'Admin, Operation'": 7,

		"caller eq 'keeper'": 1,
		"caller eq 'oid-keeper' and levels eq 'Critical,Error'": 1,
		"levels eq 'Warning'": 0,
		"operationName eq 'Microsoft.Storage/storageAccounts/regenerateKey/action'": 2,
		"resourceType eq 'Microsoft.Storage/storageAccounts'":                       7,
		"correlationId eq '" + sub + "'":                                            0,
		"eventTimestamp le '2020-01-01'":                                            0,
	} {
		events := b.events(filter)
		if len(events) != want {
			t.Errorf("%s: %d events, want %d", filter, len(events), want)
		}
	}
	key := b.events("operationName eq 'Microsoft.Storage/storageAccounts/regenerateKey/action'")[0]
	if key.at("properties.key") != "key2" || key.at("resourceType.value") != accountType || key.at("resourceId") != account || key.at("subStatus.value") != "OK" {
		t.Errorf("event %v", key)
	}
	path := "/subscriptions/" + sub + "/providers/Microsoft.Insights/eventtypes/management/values"
	for query, code := range map[string]string{
		"":                                 "BadRequest",
		"?$filter=caller%20eq%20'x'":       "BadRequest",
		"?$filter=eventTimestamp%20ge%20x": "InvalidFilterInQueryString",
		"?$filter=eventTimestamp%20eq%20'2026-01-01'":                               "InvalidFilterInQueryString",
		"?$filter=eventTimestamp%20ge%20'2026-01-01'%20and%20color%20eq%20'red'":    "InvalidFilterInQueryString",
		"?$filter=eventTimestamp%20ge%20'2026-01-01'%20and%20caller%20ge%20'red'":   "InvalidFilterInQueryString",
		"?$filter=eventTimestamp%20ge%20'2026-01-01'&$skiptoken=../../etc/passwd.1": "InvalidSkipToken",
		"?$filter=eventTimestamp%20ge%20'2026-01-01'&$top=many":                     "InvalidTop",
	} {
		b.refused(http.StatusBadRequest, code, http.MethodGet, path+query, "2015-04-01", "")
	}
	// Who may read a group may read what happened in it, and no more.
	b.account("mine", "account3")
	since := "?$filter=eventTimestamp%20ge%20'2020-01-01'"
	for query, want := range map[string]int{
		since: 403, since + "%20and%20resourceGroupName%20eq%20'mine'": 200, since + "%20and%20resourceGroupName%20eq%20'other'": 403,
		since + "%20and%20resourceUri%20eq%20'/subscriptions/" + sub + "/resourceGroups/mine/providers/Microsoft.Storage/storageAccounts/account3'": 200,
		since + "%20and%20resourceUri%20eq%20'" + account + "'":                                 403,
		since + "%20and%20resourceUri%20eq%20'/subscriptions/" + sub + "/resourceGroups/mine2'": 403,
	} {
		r := b.call(keeper, http.MethodGet, path+query, "2015-04-01", "")
		if r.status != want || want == http.StatusOK && len(r.values()) == 0 || strings.Contains(r.text, "account2") {
			t.Errorf("%s: %d %s", query, r.status, r.text)
		}
	}
	categories := b.must(http.StatusOK, http.MethodGet, "/providers/Microsoft.Insights/eventcategories", "2015-04-01", "").values()
	if len(categories) != 8 || categories[0].get("value") != "Administrative" {
		t.Errorf("categories %v", categories)
	}
	// What is of no subscription is in the log of the tenant.
	b.must(http.StatusCreated, http.MethodPut, "/providers/Microsoft.Authorization/roleAssignments/"+sub, "2022-04-01",
		`{"properties":{"principalId":"`+sub+`","roleDefinitionId":"acdd72a7-3385-48ef-bd42-f606fba81ae7"}}`)
	if events := b.must(http.StatusOK, http.MethodGet, strings.TrimPrefix(path, "/subscriptions/"+sub)+since, "2015-04-01", "").values(); len(events) != 2 {
		t.Errorf("of the tenant: %v", events)
	}
}

func TestListsOfResources(t *testing.T) {
	b := start(t)
	b.account("rg", "account1")
	b.account("other", "account2")
	b.must(http.StatusCreated, http.MethodPut, b.group("rg")+"/providers/Microsoft.SignalRService/SignalR/hub", "2024-03-01", `{"location":"northeurope","tags":{"a":"b","c":"d"}}`)
	s := "/subscriptions/" + sub
	for query, want := range map[string]string{
		"/resources": "[account2 hub account1]", "/resourceGroups/RG/resources": "[hub account1]",
		"/resources?$filter=resourceType%20eq%20'microsoft.signalrservice/signalr'": "[hub]",
		"/resources?$filter=name%20eq%20'account2'":                                 "[account2]",
		"/resources?$filter=location%20eq%20'northeurope'":                          "[hub]",
		"/resources?$filter=tagName%20eq%20'a'%20and%20tagValue%20eq%20'b'":         "[hub]",
		"/resources?$filter=tagName%20eq%20'a'%20and%20tagValue%20eq%20'd'":         "[]",
		"/resources?$filter=":                                               "[account2 hub account1]",
		"/resources?$filter=resourceGroup%20eq%20'none'":                    "[]",
		"/providers/Microsoft.Storage/storageAccounts":                      "[account2 account1]",
		"/resourceGroups/other/providers/Microsoft.Storage/storageAccounts": "[account2]",
		"/resourceGroups/other/providers/Microsoft.EventHub/namespaces":     "[]",
	} {
		var names []any
		for _, v := range b.must(http.StatusOK, http.MethodGet, s+query, groupsV, "").values() {
			names = append(names, v.get("name"))
		}
		if fmt.Sprint(names) != want {
			t.Errorf("%s: %v, want %s", query, names, want)
		}
	}
	r := b.must(http.StatusOK, http.MethodGet, s+"/resources?$expand=createdTime,provisioningState", groupsV, "")
	if v := r.values()[0]; v.get("createdTime") == nil || v.get("changedTime") != nil || v.get("provisioningState") != "Succeeded" || v.at("sku.name") != "Standard_LRS" {
		t.Errorf("expanded: %s", r.text)
	}
	for _, path := range []string{"/resources", "/resourceGroups/rg/resources"} {
		b.refused(http.StatusBadRequest, "InvalidFilterInQueryString", http.MethodGet, s+path+"?$filter=substringof('a',name)", groupsV, "")
		b.refused(http.StatusBadRequest, "InvalidFilterInQueryString", http.MethodGet, s+path+"?$filter=color%20eq%20'red'", groupsV, "")
	}
	locations := b.must(http.StatusOK, http.MethodGet, s+"/locations", groupsV, "").values()
	if len(locations) != 2 || locations[0].get("name") != "northeurope" || locations[1].get("displayName") != "West Europe" {
		t.Errorf("locations %v", locations)
	}
	tenants := b.call(nobody, http.MethodGet, "/tenants", groupsV, "").values()
	if len(tenants) != 1 || tenants[0].get("tenantId") != tenant {
		t.Errorf("tenants %v", tenants)
	}
}

// The shapes that the node reads are what the API keeps.
func TestShapes(t *testing.T) {
	b := start(t)
	g := b.group("rg") + "/providers/"
	for path, props := range map[string]string{
		"Microsoft.SignalRService/SignalR/hub1": `{}`, "Microsoft.OperationalInsights/workspaces/work1": `{"customerId":"mine","retentionInDays":-1}`,
		"Microsoft.EventHub/namespaces/namespace1": `{}`, "Microsoft.Storage/storageAccounts/account1": `{}`,
	} {
		if r := b.call(owner, http.MethodPut, g+path, "2025-01-01", `{"location":"westeurope","properties":`+props+`}`); r.status >= 300 {
			t.Fatalf("%s: %d %s", path, r.status, r.text)
		}
	}
	get := func(path string) resource.Resource {
		t.Helper()
		res, ok := b.resources.Get(resource.MustParse(g + path))
		if !ok {
			t.Fatalf("%s is not there", path)
		}
		return res
	}
	if k, err := KeyPairOf(get("Microsoft.SignalRService/SignalR/hub1")); err != nil || len(k.PrimaryKey) != 44 || len(k.SecondaryKey) != 44 {
		t.Errorf("hub: %v", err)
	}
	if w, err := WorkspaceOf(get("Microsoft.OperationalInsights/workspaces/work1")); err != nil || !isGUID(w.CustomerID) || w.RetentionInDays != 30 {
		t.Errorf("workspace: %+v, %v", w, err)
	}
	if n, err := NamespaceOf(get("Microsoft.EventHub/namespaces/namespace1")); err != nil || n != (Namespace{SecurityProtocol: "PLAINTEXT"}) {
		t.Errorf("namespace: %+v, %v", n, err)
	}
	if k, err := RuleSecretsOf(get("Microsoft.EventHub/namespaces/namespace1/authorizationRules/" + rootRule)); err != nil || len(k.PrimaryKey) != 44 || k.ConnectionString != "" {
		t.Errorf("rule: %v", err)
	}
	if a, err := AccountSecretsOf(resource.Resource{}); err != nil || a != (AccountSecrets{}) {
		t.Errorf("nothing: %v, %v", a, err)
	}
	broken := resource.Resource{ID: resource.MustParse(g + "a/b/c"), Secrets: []byte(`{"keys":"secret"}`), Properties: []byte(`[`)}
	if _, err := AccountSecretsOf(broken); err == nil || strings.Contains(err.Error(), "secret\"") {
		t.Errorf("broken secrets: %v", err)
	}
	if _, err := MonitorOf(broken); err == nil {
		t.Error("broken properties were read")
	}
}
