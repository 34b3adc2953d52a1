package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"reslog/bus"
	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/resource"
)

// Resources that settings are about and that they send to.
const (
	settingsGroup = "/subscriptions/s/resourceGroups/RG/providers/"
	srcChat       = settingsGroup + "Microsoft.SignalRService/SignalR/Chat"
	srcCache      = settingsGroup + "Microsoft.Cache/redisEnterprise/cache"
	srcDatabase   = srcCache + "/databases/default"
	srcBlobs      = settingsGroup + "Microsoft.Storage/storageAccounts/app/blobServices/default"
	dstAccount    = settingsGroup + "Microsoft.Storage/storageAccounts/sink"
	dstWorkspace  = settingsGroup + "Microsoft.OperationalInsights/workspaces/ws"
	dstNamespace  = settingsGroup + "Microsoft.EventHub/namespaces/ns"
	dstRule       = dstNamespace + "/authorizationRules/manage"
	dstBusRule    = settingsGroup + "Microsoft.ServiceBus/namespaces/sb/authorizationRules/manage"
	dstMonitor    = settingsGroup + "Microsoft.Datadog/monitors/dd"
)

// settingsKV is a diagnostic.KeyValue in memory.
type settingsKV struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (m *settingsKV) Put(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = value
	return nil
}

func (m *settingsKV) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}

func (m *settingsKV) List(context.Context) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.values), nil
}

// letterBox is a DeadLetters in memory.
type letterBox struct {
	letters []deliver.DeadLetter
	done    []string
}

func (b *letterBox) List(context.Context) ([]deliver.DeadLetter, error) { return b.letters, nil }

func (b *letterBox) Replay(_ context.Context, key string) error { return b.take("replay", key) }

func (b *letterBox) Discard(_ context.Context, key string) error { return b.take("discard", key) }

func (b *letterBox) take(what, key string) error {
	if strings.HasPrefix(key, "racing") {
		return fmt.Errorf("%s: %w", what, bus.ErrNotFound)
	}
	b.done = append(b.done, what+" "+key)
	b.letters = slices.DeleteFunc(b.letters, func(l deliver.DeadLetter) bool { return l.Key == key })
	return nil
}

// settingsNode is what stands around a settingsAPI in a test: resources, a
// caller with rights, the activity log, and a router.
type settingsNode struct {
	settingsAPI

	tried     sync.Map // what was authorized, by *request
	mu        sync.Mutex
	resources map[resource.Key]resource.Resource
	denied    map[string]bool // by action and the key of a scope
	activity  []string
	ledgered  []deliver.LedgerEntry
	box       letterBox
}

func newSettingsNode(t *testing.T) *settingsNode {
	t.Helper()
	store, err := diagnostic.OpenStore(t.Context(), &settingsKV{values: map[string][]byte{}})
	if err != nil {
		t.Fatal(err)
	}
	n := &settingsNode{resources: map[resource.Key]resource.Resource{}, denied: map[string]bool{}}
	n.settingsAPI = settingsAPI{
		store: store, rules: diagnostic.Rules{Resource: n.lookup},
		ledger: func() []deliver.LedgerEntry { return n.ledgered }, deadLetters: &n.box,
		authorize: n.allow, allowed: n.can, record: n.note,
	}
	const rights = `{"rights":["Manage","Send","Listen"]}`
	for id, what := range map[string][3]string{
		srcChat: {"westus"}, srcCache: {"West US"}, srcDatabase: {}, srcBlobs: {},
		settingsGroup + "Microsoft.Storage/storageAccounts/app": {"westus", `{"name":"Standard_LRS"}`},
		dstAccount: {"westus", `{"name":"Standard_LRS"}`}, dstAccount + "2": {"westus", `{"name":"Standard_LRS"}`},
		dstAccount + "far": {"eastus", `{"name":"Standard_LRS"}`}, dstAccount + "premium": {"westus", `{"name":"Premium_LRS"}`},
		dstWorkspace: {"northeurope"}, dstNamespace: {"westus"}, dstRule: {"", "", rights},
		dstNamespace + "/authorizationRules/send": {"", "", `{"rights":["Send"]}`},
		dstBusRule: {"", "", rights}, dstMonitor: {"eastus"},
	} {
		n.add(id, what[0], what[1], what[2])
	}
	return n
}

func (n *settingsNode) add(id, location, sku, properties string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := resource.Resource{ID: resource.MustParse(id), Location: location, SKU: json.RawMessage(sku), Properties: json.RawMessage(properties)}
	n.resources[r.ID.Key()] = r
}

func (n *settingsNode) lookup(id resource.ID) (resource.Resource, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r, ok := n.resources[id.Key()]
	return r, ok
}

func (n *settingsNode) can(_ Caller, action, scope string) bool {
	return !n.denied[action+" "+strings.ToLower(scope)]
}

func (n *settingsNode) allow(r *request, action, scope string) error {
	n.tried.Store(r, action)
	if n.can(r.caller, action, scope) {
		return nil
	}
	return refuse(http.StatusForbidden, "AuthorizationFailed", "no %s on %s", action, scope)
}

func (n *settingsNode) note(_ context.Context, r *request, id string) error {
	action, _ := n.tried.Load(r)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.activity = append(n.activity, fmt.Sprint(action, " ", id))
	return nil
}

// ServeHTTP is what Resource Manager does for the API.
func (n *settingsNode) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	const marker = "/providers/microsoft.insights/"
	body, err := io.ReadAll(hr.Body)
	i := strings.LastIndex(strings.ToLower(hr.URL.Path), marker)
	if err != nil || i < 0 {
		http.Error(w, "bad call", http.StatusTeapot)
		return
	}
	r := &request{Request: hr, caller: Caller{Name: "joe", ObjectID: "oid"}, version: hr.URL.Query().Get("api-version"), body: body}
	x := extension{scope: hr.URL.Path[:i], rest: strings.Split(hr.URL.Path[i+len(marker):], "/")}
	if id, err := resource.Parse(x.scope); err == nil {
		x.id = id
	}
	var got answer
	if strings.EqualFold(x.rest[0], "diagnosticSettingsCategories") {
		got, err = n.categories(r, x)
	} else {
		got, err = n.serve(hr.Context(), r, x)
	}
	if err != nil {
		var refusal *apiError
		if !errors.As(err, &refusal) {
			refusal = refuse(http.StatusInternalServerError, "InternalServerError", "%v", err)
		}
		got = answer{status: refusal.status, body: refusal}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(got.status)
	if got.body != nil {
		if err := json.NewEncoder(w).Encode(got.body); err != nil {
			panic(err)
		}
	}
}

// do calls {scope}/providers/Microsoft.Insights/{rest} with version 2021, or the
// one that rest gives, and returns the status and the body.
func (n *settingsNode) do(t *testing.T, method, scope, rest, body string) (int, string) {
	t.Helper()
	rest, version, given := strings.Cut(rest, "?")
	if !given {
		version = version2021
	}
	u := url.URL{Path: scope + "/providers/Microsoft.Insights/" + rest, RawQuery: "api-version=" + version}
	r := httptest.NewRequestWithContext(t.Context(), method, u.String(), strings.NewReader(body))
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

// must is do, for what succeeds.
func (n *settingsNode) must(t *testing.T, method, scope, rest, body string) string {
	t.Helper()
	status, got := n.do(t, method, scope, rest, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, rest, status, got)
	}
	return got
}

// toSink is a body that sends a list of logs to the account.
func toSink(logs string) string {
	return `{"properties":{"storageAccountId":"` + dstAccount + `","logs":[` + logs + `]}}`
}

const logsOn = `{"category":"AllLogs","enabled":true}`

const settingOne = "diagnosticSettings/One"

func TestSettingIsShownAsTheServiceShowsIt(t *testing.T) {
	n := newSettingsNode(t)
	got := n.must(t, "PUT", strings.ToUpper(srcChat), settingOne, `{"properties":{"storageAccountId":"`+dstAccount+`","metrics":[{"category":"AllMetrics","enabled":false}],"logs":[`+logsOn+`]}}`)
	want := `{"id":"/subscriptions/s/resourcegroups/rg/providers/microsoft.signalrservice/signalr/chat/providers/microsoft.insights/diagnosticSettings/One",` +
		`"type":"Microsoft.Insights/diagnosticSettings","name":"One","location":null,"kind":null,"tags":null,` +
		`"properties":{"storageAccountId":"` + dstAccount + `","serviceBusRuleId":null,"workspaceId":null,"eventHubAuthorizationRuleId":null,"eventHubName":null,` +
		`"metrics":[{"category":"AllMetrics","enabled":false,"retentionPolicy":{"enabled":false,"days":0}}],` +
		`"logs":[{"category":"AllLogs","categoryGroup":null,"enabled":true,"retentionPolicy":{"enabled":false,"days":0}}],` +
		`"logAnalyticsDestinationType":null},"identity":null}`
	if got != want {
		t.Errorf("put answers\n%s\nwant\n%s", got, want)
	}
	for _, version := range []string{version2017, version2021} {
		if got := n.must(t, "GET", srcChat, "diagnosticsettings/ONE?"+version, ""); got != want {
			t.Errorf("get answers\n%s\nwant\n%s", got, want)
		}
		if got := n.must(t, "GET", srcChat, "diagnosticSettings?"+version, ""); got != `{"value":[`+want+`]}` {
			t.Errorf("list answers\n%s", got)
		}
	}
	s, err := n.store.Get(resource.MustParse(srcChat), "one")
	if err != nil || s.Resource.String() != srcChat {
		t.Errorf("kept for %s, %v: want the resource's own spelling", s.Resource, err)
	}
	// What was answered can be put back: that is how az updates.
	if again := n.must(t, "PUT", srcChat, settingOne, want); again != want {
		t.Errorf("put back it answers\n%s", again)
	}
}

func TestSettingOfManagedRedis(t *testing.T) {
	// The request of "Monitor Azure Managed Redis data using diagnostic settings":
	// four destinations in four subscriptions, a member in other case, a blank.
	const body = `{
    "properties": {
      "storageAccountId": "/subscriptions/df602c9c-7aa0-407d-a6fb-eb20c8bd1192/resourceGroups/apptest/providers/Microsoft.Storage/storageAccounts/myteststorage",
      "eventHubAuthorizationRuleID": "/subscriptions/1a66ce04-b633-4a0b-b2bc-a912ec8986a6/resourceGroups/montest/providers/microsoft.eventhub/namespaces/mynamespace/authorizationrules/myrule", 
      "eventHubName": "myeventhub",
      "marketplacePartnerId": "/subscriptions/abcdeabc-1234-1234-ab12-123a1234567a/resourceGroups/test-rg/providers/Microsoft.Datadog/monitors/mydatadog",
      "workspaceId": "/subscriptions/4b9e8510-67ab-4e9a-95a9-e2f1e570ea9c/resourceGroups/insights integration/providers/Microsoft.OperationalInsights/workspaces/myworkspace",
      "logs": [{"category": "ConnectionEvents", "enabled": true, "retentionPolicy": {"enabled": false, "days": 0}}]
    }
}`
	n := newSettingsNode(t)
	var sent struct{ Properties map[string]any }
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		t.Fatal(err)
	}
	for name, value := range sent.Properties {
		if id, ok := value.(string); ok && name != "eventHubName" {
			n.add(id, "westus", "", `{"rights":["Send"]}`)
		}
	}
	scope := strings.Replace(srcDatabase, "redisEnterprise", "RedisEnterprise", 1)
	got := n.must(t, "PUT", scope, "diagnosticSettings/redis?"+version2017, body)
	var shown struct{ Properties map[string]any }
	if err := json.Unmarshal([]byte(got), &shown); err != nil {
		t.Fatal(err)
	}
	for name, value := range sent.Properties {
		if name == "eventHubAuthorizationRuleID" {
			name = "eventHubAuthorizationRuleId"
		}
		if id, ok := value.(string); ok && shown.Properties[name] != id {
			t.Errorf("%s is %v, want it as sent", name, shown.Properties[name])
		}
	}
	s, err := n.store.Get(resource.MustParse(srcDatabase), "redis")
	if err != nil || len(s.Destinations) != 4 || !s.Wants("ConnectionEvents") {
		t.Errorf("kept is %+v, %v", s, err)
	}

	// The logs of the page's az command, with its spelling of the rule's type.
	const logs = `[{"category": "ConnectionEvents","enabled": true,"retentionPolicy": {"enabled": false,"days": 0}}]`
	odd := strings.Replace(dstRule, "authorizationRules", "authorizationrule", 1)
	got = n.must(t, "PUT", srcDatabase, "diagnosticSettings/az", `{"properties":{"eventHubAuthorizationRuleId":"`+odd[1:]+`","eventHubName":"hub","logs":`+logs+`}}`)
	if !strings.Contains(got, `"eventHubAuthorizationRuleId":"`+odd[1:]+`"`) {
		t.Errorf("the rule is not shown as sent: %s", got)
	}
	s, err = n.store.Get(resource.MustParse(srcDatabase), "az")
	if err != nil || len(s.Destinations) != 1 || s.Destinations[0].Target.String() != dstRule || s.Destinations[0].Options[diagnostic.OptionHub] != "hub" {
		t.Errorf("kept is %+v, %v", s, err)
	}
}

func TestDeletingASetting(t *testing.T) {
	n := newSettingsNode(t)
	n.must(t, "PUT", srcChat, settingOne, toSink(logsOn))
	for _, want := range []int{http.StatusOK, http.StatusNoContent} {
		if status, body := n.do(t, "DELETE", srcChat, "diagnosticSettings/ONE", ""); status != want || body != "" {
			t.Errorf("delete: %d %s, want %d", status, body, want)
		}
	}
	status, body := n.do(t, "GET", srcChat, settingOne, "")
	if status != http.StatusNotFound || body != `{"code":"ResourceNotFound","message":"The diagnostic setting 'One' doesn't exist."}` {
		t.Errorf("get: %d %s", status, body)
	}
	if body := n.must(t, "GET", srcChat, "diagnosticSettings", ""); body != `{"value":[]}` {
		t.Errorf("list: %s", body)
	}
	gone := strings.Replace(srcChat, "Chat", "gone", 1)
	if status, body := n.do(t, "DELETE", gone, settingOne, ""); status != http.StatusNoContent {
		t.Errorf("delete below a resource that is gone: %d %s", status, body)
	}
	id := strings.ToLower(srcChat) + "/providers/microsoft.insights/diagnosticSettings/One"
	want := []string{"Microsoft.Insights/diagnosticSettings/write " + id, "Microsoft.Insights/diagnosticSettings/delete " + id}
	if !slices.Equal(n.activity, want) {
		t.Errorf("in the activity log: %q", n.activity)
	}
}

func TestClassicLoggingIsNoSettingHere(t *testing.T) {
	n := newSettingsNode(t)
	blobs := resource.MustParse(srcBlobs)
	if err := n.store.Put(t.Context(), diagnostic.Setting{
		Name: diagnostic.ClassicName, Resource: blobs,
		Destinations: []diagnostic.Destination{{Kind: diagnostic.Classic, Target: blobs.Parent()}},
	}); err != nil {
		t.Fatal(err)
	}
	name := "diagnosticSettings/" + diagnostic.ClassicName
	if body := n.must(t, "GET", srcBlobs, "diagnosticSettings", ""); body != `{"value":[]}` {
		t.Errorf("list: %s", body)
	}
	if status, body := n.do(t, "GET", srcBlobs, name, ""); status != http.StatusNotFound {
		t.Errorf("get: %d %s", status, body)
	}
	if status, body := n.do(t, "DELETE", srcBlobs, name, ""); status != http.StatusNoContent {
		t.Errorf("delete: %d %s", status, body)
	}
	if status, body := n.do(t, "PUT", srcBlobs, name, toSink(`{"category":"StorageRead","enabled":true}`)); status != http.StatusBadRequest {
		t.Errorf("put: %d %s", status, body)
	}
	if s, err := n.store.Get(blobs, diagnostic.ClassicName); err != nil || !s.IsClassic() {
		t.Errorf("classic logging is %+v, %v", s, err)
	}
}

func TestTwoSettingsThatTogetherBreakARule(t *testing.T) {
	n := newSettingsNode(t)
	for round := range 20 {
		var wg sync.WaitGroup
		statuses := make([]int, 2)
		for i, name := range []string{"a", "b"} {
			wg.Go(func() {
				statuses[i], _ = n.do(t, "PUT", srcChat, "diagnosticSettings/"+name, toSink(logsOn))
			})
		}
		wg.Wait()
		slices.Sort(statuses)
		if !slices.Equal(statuses, []int{http.StatusOK, http.StatusConflict}) {
			t.Fatalf("round %d: statuses %v", round, statuses)
		}
		all := n.store.List(resource.MustParse(srcChat))
		if len(all) != 1 {
			t.Fatalf("round %d: there are %v", round, all)
		}
		n.must(t, "DELETE", srcChat, "diagnosticSettings/"+all[0].Name, "")
	}
}
