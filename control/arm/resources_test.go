package arm

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"reslog/diagnostic"
	"reslog/resource"
)

func TestAccountKeys(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	keys := func(method, action, body string) []string {
		t.Helper()
		r := b.must(http.StatusOK, method, account+action, storeV, body)
		var all []string
		list, _ := r.at("keys").([]any)
		for i, v := range list {
			k, _ := asObject(v)
			value, _ := k.get("value").(string)
			if raw, err := base64.StdEncoding.DecodeString(value); err != nil || len(raw) != 64 || k.get("keyName") != fmt.Sprint("key", i+1) || k.get("permissions") != "FULL" {
				t.Errorf("key %v", k)
			}
			all = append(all, value)
		}
		return all
	}
	first := keys(http.MethodPost, "/listKeys?$expand=kerb", "")
	if len(first) != 2 || first[0] == first[1] {
		t.Fatalf("keys %v", first)
	}
	second := keys(http.MethodPost, "/regenerateKey", `{"keyName":"key2"}`)
	if second[0] != first[0] || second[1] == first[1] {
		t.Errorf("regenerated %v from %v", second, first)
	}
	// A PUT, a PATCH and a declaration keep them.
	b.must(http.StatusOK, http.MethodPut, account, storeV, `{"location":"West Europe"}`)
	b.must(http.StatusOK, http.MethodPatch, account, storeV, `{"tags":{"a":"b"}}`)
	if err := b.arm.Declare(t.Context(), Declaration{ID: resource.MustParse(account), Location: "westeurope"}); err != nil {
		t.Fatal(err)
	}
	if again := keys(http.MethodPost, "/LISTKEYS", ""); fmt.Sprint(again) != fmt.Sprint(second) {
		t.Errorf("keys changed from %v to %v", second, again)
	}
	stored, _ := b.resources.Get(resource.MustParse(account))
	var secrets struct {
		Keys        [2]string `json:"keys"`
		Regenerated [2]bool   `json:"regenerated"`
	}
	if err := json.Unmarshal(stored.Secrets, &secrets); err != nil || secrets.Keys != [2]string(second) || secrets.Regenerated != [2]bool{false, true} {
		t.Errorf("kept as %s", stored.Secrets)
	}
	for _, body := range []string{"", "{}", `{"keyName":"kerb1"}`, `{"keyName":7}`} {
		b.refused(http.StatusBadRequest, "InvalidRequestContent", http.MethodPost, account+"/regenerateKey", storeV, body)
	}
}

func TestKeysOfOtherTypes(t *testing.T) {
	b := start(t)
	g := b.group("rg") + "/providers/"
	for _, c := range []struct{ path, version, props, list, regenerate, body, primary string }{
		{"Microsoft.SignalRService/SignalR/hub1", "2024-03-01", `{}`, "listKeys", "regenerateKey", `{"keyType":"Primary"}`, "primaryKey"},
		{"Microsoft.OperationalInsights/workspaces/work1", "2020-08-01", `{}`, "sharedKeys", "regenerateSharedKey", ``, "primarySharedKey"},
		{"Microsoft.Cache/redisEnterprise/cluster1", "2024-10-01", `{}`, "", "", "", ""},
		{"Microsoft.Cache/redisEnterprise/cluster1/databases/default", "2024-10-01", `{}`, "listKeys", "regenerateKey", `{"keyType":"Primary"}`, "primaryKey"},
		{"Microsoft.EventHub/namespaces/namespace1", hubV, `{"kafkaEndpoint":"kafka.example:9092, [::1]:9093"}`, "", "", "", ""},
		{"Microsoft.EventHub/namespaces/namespace1/authorizationRules/all", hubV, `{"rights":["manage","SEND","Listen"]}`, "listKeys", "regenerateKeys", `{"keyType":"PrimaryKey"}`, "primaryKey"},
	} {
		path := g + c.path
		r := b.call(owner, http.MethodPut, path, c.version, `{"location":"westeurope","properties":`+c.props+`}`)
		if r.status != http.StatusOK && r.status != http.StatusCreated {
			t.Fatalf("%s: %d %s", c.path, r.status, r.text)
		}
		if c.list == "" {
			continue
		}
		first := b.must(http.StatusOK, http.MethodPost, path+"/"+c.list, c.version, "")
		key, _ := first.at(c.primary).(string)
		if raw, err := base64.StdEncoding.DecodeString(key); err != nil || len(raw) < 32 {
			t.Errorf("%s: key in %s", c.path, first.text)
		}
		if again := b.must(http.StatusOK, http.MethodPost, path+"/"+c.list, c.version, ""); again.text != first.text {
			t.Errorf("%s: keys changed by listing them", c.path)
		}
		status := http.StatusOK
		if strings.Contains(c.path, "SignalR") {
			status = http.StatusAccepted
		}
		r = b.must(status, http.MethodPost, path+"/"+c.regenerate, c.version, c.body)
		if status == http.StatusAccepted {
			operation := strings.TrimPrefix(r.header.Get("Azure-AsyncOperation"), b.URL)
			if op := b.must(http.StatusOK, http.MethodGet, operation, "", ""); op.at("status") != "Succeeded" {
				t.Errorf("operation: %s", op.text)
			}
		}
		second := b.must(http.StatusOK, http.MethodPost, path+"/"+c.list, c.version, "")
		if second.at(c.primary) == first.at(c.primary) {
			t.Errorf("%s: the primary key is the same", c.path)
		}
		if secondary := strings.Replace(c.primary, "primary", "secondary", 1); c.body != "" && second.at(secondary) != first.at(secondary) {
			t.Errorf("%s: the secondary key has changed", c.path)
		}
		if c.body != "" {
			b.refused(http.StatusBadRequest, "InvalidRequestContent", http.MethodPost, path+"/"+c.regenerate, c.version, `{"keyType":"Salt"}`)
		}
		if got := b.must(http.StatusOK, http.MethodGet, path, c.version, ""); strings.Contains(got.text, second.at(c.primary).(string)) {
			t.Errorf("%s: the key is in %s", c.path, got.text)
		}
	}
	rule := b.must(http.StatusOK, http.MethodPost, g+"Microsoft.EventHub/namespaces/namespace1/authorizationRules/all/listKeys", hubV, "")
	if s, _ := rule.at("primaryConnectionString").(string); !strings.HasPrefix(s, "Endpoint=sb://kafka.example/;SharedAccessKeyName=all;SharedAccessKey=") {
		t.Errorf("connection string %q", s)
	}
	hub := b.must(http.StatusOK, http.MethodPost, g+"Microsoft.SignalRService/SignalR/hub1/listKeys", "2024-03-01", "")
	if s := fmt.Sprint("Endpoint=http://127.0.0.1;Port=8888;AccessKey=", hub.at("primaryKey"), ";Version=1.0;"); hub.at("primaryConnectionString") != s {
		t.Errorf("connection string %v, want %s", hub.at("primaryConnectionString"), s)
	}
	if list := b.must(http.StatusOK, http.MethodGet, g+"Microsoft.EventHub/namespaces/namespace1/authorizationRules", hubV, "").values(); len(list) != 2 {
		t.Errorf("rules %v", list)
	}
}

// What clients give as a secret is in nothing that anybody reads, nor in the
// activity log.
func TestSecretsAreWriteOnly(t *testing.T) {
	b := start(t)
	dir := t.TempDir()
	b.arm.cfg.Journal = openJournal(t, dir)
	g := b.group("rg") + "/providers/"
	const accountString = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=c2VjcmV0LWtleQ==;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
	const ruleString = "Endpoint=sb://example.servicebus.windows.net/;SharedAccessKeyName=all;SharedAccessKey=secret-key"
	for _, c := range []struct {
		path, version, props string
		want                 string // of the secrets, as kept
	}{
		{"Microsoft.Storage/storageAccounts/elsewhere1", storeV, `{"ConnectionString":"` + accountString + `"}`, `"connectionString":"` + accountString},
		{"Microsoft.EventHub/namespaces/elsewhere1", hubV, `{"kafkaEndpoint":"example.servicebus.windows.net:9093","kafkaSecurityProtocol":"sasl_ssl"}`, ``},
		{"Microsoft.EventHub/namespaces/elsewhere1/authorizationRules/all", hubV, `{"rights":["Send"],"connectionString":"` + ruleString + `"}`, `"connectionString":"` + ruleString},
		{"Microsoft.Datadog/monitors/d", "2023-10-20", `{"endpoint":"https://a.example","apiKey":"secret-key"}`, `{"apiKey":"secret-key"}`},
		{"Microsoft.Datadog/monitors/d2", "2023-10-20", `{"endpoint":"https://a.example","datadogOrganizationProperties":{"name":"x","apiKey":"secret-key"}}`, `{"apiKey":"secret-key"}`},
		{"Microsoft.Elastic/monitors/e", "2024-03-01", `{"endpoint":"https://a.example","index":"logs","username":"me","password":"secret-key"}`, `{"username":"me","password":"secret-key"}`},
		{"Dynatrace.Observability/monitors/y", "2023-04-27", `{"endpoint":"https://a.example","encoding":"json","headers":{"authorization":"Api-Token secret-key"}}`, `{"headers":{"Authorization":"Api-Token secret-key"}}`},
		{"NewRelic.Observability/monitors/n", "2024-01-01", `{"endpoint":"https://a.example","newRelicAccountProperties":{"accountInfo":{"ingestionKey":"secret-key"}}}`, `{"apiKey":"secret-key"}`},
	} {
		path := g + c.path
		put := b.call(owner, http.MethodPut, path, c.version, `{"location":"westeurope","properties":`+c.props+`}`)
		if put.status != http.StatusOK && put.status != http.StatusCreated {
			t.Fatalf("%s: %d %s", c.path, put.status, put.text)
		}
		kept := func() string {
			res, _ := b.resources.Get(resource.MustParse(path))
			if strings.Contains(string(res.Properties), "secret-key") || strings.Contains(string(res.Properties), "c2VjcmV0") {
				t.Errorf("%s: secret in the properties %s", c.path, res.Properties)
			}
			return string(res.Secrets)
		}
		if got := kept(); !strings.Contains(got, c.want) {
			t.Errorf("%s: kept %s, want %s", c.path, got, c.want)
		}
		get := b.must(http.StatusOK, http.MethodGet, path, c.version, "")
		// What was read can be put again: the secrets stay.
		was := kept()
		b.must(http.StatusOK, http.MethodPut, path, c.version, get.text)
		b.must(http.StatusOK, http.MethodPatch, path, c.version, `{"properties":{}}`)
		if got := kept(); got != was {
			t.Errorf("%s: secrets became %s", c.path, got)
		}
		again := b.must(http.StatusOK, http.MethodGet, path, c.version, "")
		list := b.must(http.StatusOK, http.MethodGet, path[:strings.LastIndexByte(path, '/')], c.version, "")
		for _, text := range []string{put.text, get.text, again.text, list.text} {
			if strings.Contains(text, "secret-key") || strings.Contains(text, "c2VjcmV0") || strings.Contains(strings.ToLower(text), `"connectionstring"`) {
				t.Errorf("%s: secret in %s", c.path, text)
			}
		}
		if before, after := get.at("properties").(map[string]any), again.at("properties").(map[string]any); len(before) != len(after) {
			t.Errorf("%s: properties %v became %v", c.path, before, after)
		}
	}
	for _, path := range []string{"Microsoft.Storage/storageAccounts/elsewhere1/listKeys", "Microsoft.EventHub/namespaces/elsewhere1/authorizationRules/all/listKeys"} {
		b.refused(http.StatusConflict, "OperationNotAllowed", http.MethodPost, g+path, hubV, "")
	}
	b.refused(http.StatusConflict, "OperationNotAllowed", http.MethodPost, g+"Microsoft.Storage/storageAccounts/elsewhere1/regenerateKey", hubV, `{"keyName":"key1"}`)
	b.refused(http.StatusConflict, "OperationNotAllowed", http.MethodPost, g+"Microsoft.EventHub/namespaces/elsewhere1/authorizationRules/all/regenerateKeys", hubV, `{"keyType":"PrimaryKey"}`)
	if text := journalText(t, dir); strings.Contains(text, "secret") || strings.Contains(text, "c2VjcmV0") || !strings.Contains(text, "elsewhere1") {
		t.Error("secret in the activity log")
	}
	external := b.must(http.StatusOK, http.MethodGet, g+"Microsoft.Storage/storageAccounts/elsewhere1", storeV, "")
	if external.at("properties.external") != true || external.at("properties.primaryEndpoints.blob") != "http://127.0.0.1:10000/devstoreaccount1/" {
		t.Errorf("external account: %s", external.text)
	}
	res, _ := b.resources.Get(resource.MustParse(g + "Microsoft.Storage/storageAccounts/elsewhere1"))
	if s, err := AccountSecretsOf(res); err != nil || len(s.Keys[0]) != 88 || len(s.Keys[1]) != 88 {
		t.Errorf("an account elsewhere has no keys of its own: %v", err)
	}
}

func TestMonitorSecretsCanBeChanged(t *testing.T) {
	b := start(t)
	path := b.group("rg") + "/providers/Microsoft.Elastic/monitors/e"
	put := func(props string) MonitorSecrets {
		t.Helper()
		r := b.call(owner, http.MethodPut, path, "2024-03-01", `{"location":"westeurope","properties":{"endpoint":"https://a.example"`+props+`}}`)
		if r.status != http.StatusOK && r.status != http.StatusCreated {
			t.Fatalf("%d %s", r.status, r.text)
		}
		res, _ := b.resources.Get(resource.MustParse(path))
		s, err := MonitorSecretsOf(res)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	put(`,"username":"me","password":"one","headers":{"x-a":"1"}`)
	if s := put(`,"password":"two"`); s.Username != "me" || s.Password != "two" || s.Headers["X-A"] != "1" {
		t.Errorf("one is changed: %+v", s)
	}
	if s := put(`,"password":null,"username":"","apiKey":"k","headers":{}`); s.Username != "" || s.Password != "two" || s.APIKey != "k" || len(s.Headers) != 0 {
		t.Errorf("some are removed: %+v", s)
	}
	// They do not go to another host than they were given for.
	body := `{"location":"westeurope","properties":{"endpoint":"http://a.example"}}`
	r := b.refused(http.StatusBadRequest, "InvalidProperty", http.MethodPut, path, "2024-03-01", body)
	b.refused(http.StatusBadRequest, "InvalidProperty", http.MethodPatch, path, "2024-03-01", `{"properties":{"endpoint":"https://b.example","password":"three"}}`)
	if !strings.Contains(r.message(), "'apiKey', 'password'") {
		t.Errorf("message %q", r.message())
	}
	b.must(http.StatusOK, http.MethodPatch, path, "2024-03-01", `{"properties":{"endpoint":"https://b.example","password":"three","apiKey":""}}`)
	b.must(http.StatusOK, http.MethodPatch, path, "2024-03-01", `{"properties":{"endpoint":"https://B.example/other"}}`)
	b.must(http.StatusOK, http.MethodPatch, path, "2024-03-01", `{"properties":{"endpoint":"https://a.example","password":"three"}}`)
	// The node's own configuration may.
	for _, endpoint := range []string{"https://b.example", "https://a.example"} {
		if err := b.arm.Declare(t.Context(), Declaration{ID: resource.MustParse(path), Properties: map[string]any{"endpoint": endpoint}}); err != nil {
			t.Fatal(err)
		}
	}
	res, _ := b.resources.Get(resource.MustParse(path))
	if m, err := MonitorOf(res); err != nil || m != (Monitor{Endpoint: "https://a.example", Protocol: "elasticsearch"}) {
		t.Errorf("monitor %+v, %v", m, err)
	}
}

func TestANamespaceDoesNotMoveUnderItsRules(t *testing.T) {
	b := start(t)
	ns := b.group("rg") + "/providers/Microsoft.EventHub/namespaces/namespace1"
	put := func(props string) *reply {
		return b.call(owner, http.MethodPut, ns, hubV, `{"location":"westeurope","properties":`+props+`}`)
	}
	put(`{"kafkaEndpoint":"a:1","kafkaSecurityProtocol":"SASL_SSL"}`)
	rule := ns + "/authorizationRules/send"
	b.must(http.StatusOK, http.MethodPut, rule, hubV, `{"properties":{"rights":["Send"],"connectionString":"Endpoint=sb://a/;SharedAccessKeyName=n;SharedAccessKey=k"}}`)
	for _, props := range []string{`{"kafkaEndpoint":"b:1","kafkaSecurityProtocol":"SASL_SSL"}`, `{"kafkaEndpoint":"a:1","kafkaSecurityProtocol":"SASL_PLAINTEXT"}`, `{"kafkaEndpoint":"a:1"}`, `{"kafkaEndpoint":null}`} {
		if r := put(props); r.status != http.StatusConflict || !strings.Contains(r.message(), "'send'") {
			t.Errorf("%s: %d %s", props, r.status, r.text)
		}
	}
	// A client that does not know these properties leaves them as they are.
	if r := put(`{"isAutoInflateEnabled":true}`); r.status != http.StatusOK || r.at("properties.kafkaEndpoint") != "a:1" || r.at("properties.kafkaSecurityProtocol") != "SASL_SSL" {
		t.Errorf("%d %s", r.status, r.text)
	}
	b.must(http.StatusOK, http.MethodDelete, rule, hubV, "")
	if r := put(`{"kafkaEndpoint":null}`); r.status != http.StatusOK || r.at("properties.kafkaEndpoint") != nil || r.at("properties.kafkaSecurityProtocol") != "PLAINTEXT" {
		t.Errorf("%d %s", r.status, r.text)
	}
}

func TestRefusedResources(t *testing.T) {
	b := start(t)
	b.account("rg", "account1")
	g := b.group("rg") + "/providers/"
	b.must(http.StatusOK, http.MethodPut, g+"Microsoft.EventHub/namespaces/namespace1", hubV, `{"location":"westeurope"}`)
	other := b.group("rg2") + "/providers/"
	account, rule := "Microsoft.Storage/storageAccounts/account2", "Microsoft.EventHub/namespaces/namespace1/authorizationRules/r"
	datadog := "Microsoft.Datadog/monitors/d"
	in := func(props string) string { return `{"location":"westeurope","properties":` + props + `}` }
	for _, c := range []struct {
		path, body string
		status     int
		code, says string
	}{
		{"Microsoft.Storage/storageAccounts/No", in(`{}`), 400, "AccountNameInvalid", "No is not a valid storage account name"},
		{"Microsoft.Storage/storageAccounts/" + strings.Repeat("a", 25), in(`{}`), 400, "AccountNameInvalid", "between 3 and 24"},
		{"Microsoft.SignalRService/SignalR/1x", in(`{}`), 400, "InvalidResourceName", "begin with a letter"},
		{"Microsoft.SignalRService/SignalR/x-", in(`{}`), 400, "InvalidResourceName", "end with"},
		{"Microsoft.SignalRService/SignalR/mode", in(`{"features":[{"flag":"ServiceMode","value":"Sometimes"}]}`), 400, "InvalidParameter", "Serverless"},
		{"Microsoft.Cache/redisEnterprise/a--b", in(`{}`), 400, "InvalidResourceName", "single hyphens"},
		{"Microsoft.Cache/redisEnterprise/" + strings.Repeat("a", 61), in(`{}`), 400, "InvalidResourceName", "1 to 60"},
		{"Microsoft.OperationalInsights/workspaces/abc", in(`{}`), 400, "InvalidResourceName", "4 to 63"},
		{"Microsoft.EventHub/namespaces/abc", in(`{}`), 400, "InvalidResourceName", "6 to 50"},
		{"Microsoft.EventHub/namespaces/namespace1/authorizationRules/-", in(`{"rights":["Send"]}`), 400, "InvalidResourceName", "1 to 256"},
		{"Microsoft.Datadog/monitors/a b", in(`{"endpoint":"https://x"}`), 400, "InvalidResourceName", "1 to 64"},
		{account, `{"properties":{}}`, 400, "LocationRequired", ""},
		{account, `{"location":"<here>"}`, 400, "LocationNotAvailableForResourceType", "<here>"},
		{account, `{"location":"westeurope","sku":{"name":"Standard_MOON"}}`, 400, "InvalidResourceSku", "Standard_MOON"},
		{account, `{"location":"westeurope","sku":"Standard_LRS"}`, 400, "InvalidRequestContent", "'sku'"},
		{account, `{"location":"westeurope","sku":{}}`, 400, "InvalidRequestContent", "'sku'"},
		{account, `{"location":"westeurope","properties":[]}`, 400, "InvalidRequestContent", "'properties'"},
		{account, `{"location":"westeurope","identity":{"type":"SystemAssigned"}}`, 400, "UnsupportedProperty", "'identity'"},
		{account, `{"location":"westeurope","zones":["1"]}`, 400, "UnsupportedProperty", "'zones'"},
		{account, `{"location":"westeurope","plan":{"name":"x"}}`, 400, "UnsupportedProperty", "'plan'"},
		{account, `{"location":"westeurope","tags":{"a/b":"c"}}`, 400, "InvalidTag", "'a/b'"},
		{account, `{"location":"westeurope","tags":{"a":7}}`, 400, "InvalidTag", "'a'"},
		{account, `{"location":"westeurope","tags":[]}`, 400, "InvalidTagCount", ""},
		{account, in(`{"allowSharedKeyAccess":false}`), 400, "UnsupportedProperty", "'allowSharedKeyAccess' may not be 'false'"},
		{account, in(`{"NETWORKACLS":{"DefaultAction":"deny"}}`), 400, "UnsupportedProperty", "networkAcls.defaultAction"},
		{account, in(`{"isHnsEnabled":true}`), 400, "UnsupportedProperty", "isHnsEnabled"},
		{account, in(`{"accountKey":"x"}`), 400, "UnsupportedProperty", "'accountKey'"},
		{account, in(`{"deep":[{"adminPassword":"x"}]}`), 400, "UnsupportedProperty", "'adminPassword'"},
		{account, in(`{"connectionString":7}`), 400, "InvalidRequestContent", "connectionString"},
		{account, in(`{"connectionString":"nonsense"}`), 400, "InvalidConnectionString", "name=value"},
		{account, in(`{"connectionString":"UseDevelopmentStorage=true"}`), 400, "InvalidConnectionString", "AccountName and AccountKey"},
		{account, in(`{"connectionString":"AccountName=a;AccountKey=b64!"}`), 400, "InvalidConnectionString", "not base64"},
		{account, in(`{"connectionString":"AccountName=a;AccountKey=YQ==;AccountKey=YQ=="}`), 400, "InvalidConnectionString", "name=value"},
		{account, in(`{"connectionString":"SharedAccessSignature=sv=x&sig=y"}`), 400, "InvalidConnectionString", "BlobEndpoint"},
		{account, in(`{"connectionString":"SharedAccessSignature=sig=y;BlobEndpoint=ftp://a"}`), 400, "InvalidConnectionString", "http"},
		{account, in(`{"connectionString":"SharedAccessSignature=sig=y;BlobEndpoint=https://u:p@a"}`), 400, "InvalidConnectionString", "user name"},
		{"Microsoft.Storage/storageAccounts/account1", in(`{"connectionString":"AccountName=a;AccountKey=YQ=="}`), 409, "Conflict", "one of this node"},
		{"Microsoft.Storage/storageAccounts/account1", `{"location":"eastus"}`, 409, "InvalidResourceLocation", "already exists in location 'westeurope'"},
		{rule, `{}`, 400, "InvalidProperty", "'rights' is required"},
		{rule, in(`{"rights":[]}`), 400, "InvalidProperty", "'rights' is required"},
		{rule, in(`{"rights":["Fly"]}`), 400, "InvalidProperty", "'Listen', 'Manage' and 'Send'"},
		{rule, in(`{"rights":["Manage","Send"]}`), 400, "InvalidProperty", "requires 'Send' and 'Listen'"},
		{rule, in(`{"rights":["Send"],"connectionString":"Endpoint=sb://x"}`), 400, "InvalidConnectionString", "SharedAccessKey"},
		{"Microsoft.EventHub/namespaces/namespace2", in(`{"kafkaEndpoint":"nowhere"}`), 400, "InvalidProperty", "host:port"},
		{"Microsoft.EventHub/namespaces/namespace2", in(`{"kafkaEndpoint":"a:1,b:0"}`), 400, "InvalidProperty", "host:port"},
		{"Microsoft.EventHub/namespaces/namespace2", in(`{"kafkaEndpoint":"u@a:1"}`), 400, "InvalidProperty", "host:port"},
		{"Microsoft.EventHub/namespaces/namespace2", in(`{"kafkaSecurityProtocol":"TLS"}`), 400, "InvalidProperty", "PLAINTEXT"},
		{"Microsoft.EventHub/namespaces/namespace1/eventhubs/h", in(`{"partitionCount":0}`), 400, "InvalidProperty", "partitionCount"},
		{"Microsoft.OperationalInsights/workspaces/work1", in(`{"retentionInDays":3}`), 400, "InvalidParameter", "between 4 and 730"},
		{"Microsoft.OperationalInsights/workspaces/work1", in(`{"retentionInDays":"x"}`), 400, "InvalidParameter", "between 4 and 730"},
		{"Microsoft.Cache/redisEnterprise/cluster1/databases/default", `{}`, 404, "ParentResourceNotFound", "cluster1"},
		{datadog, in(`{}`), 400, "InvalidProperty", "'endpoint' is required"},
		{datadog, in(`{"endpoint":"ftp://x"}`), 400, "InvalidProperty", "http://"},
		{datadog, in(`{"endpoint":"https://u:secret@x"}`), 400, "InvalidProperty", "user name"},
		{datadog, in(`{"endpoint":"https://x?key=secret"}`), 400, "InvalidProperty", "query"},
		{datadog, in(`{"endpoint":"https://x:0"}`), 400, "InvalidProperty", "port"},
		{datadog, in(`{"endpoint":"https://x/#"}`), 400, "InvalidProperty", "fragment"},
		{datadog, in(`{"endpoint":"https://x","protocol":"pigeon"}`), 400, "InvalidProperty", "otlp"},
		{datadog, in(`{"endpoint":"https://x","index":"i"}`), 400, "InvalidProperty", "'elasticsearch'"},
		{datadog, in(`{"endpoint":"https://x","protocol":"otlp","encoding":"xml"}`), 400, "InvalidProperty", "encoding"},
		{datadog, in(`{"endpoint":"https://x","headers":{"Host":"y"}}`), 400, "InvalidProperty", "'Host'"},
		{datadog, in(`{"endpoint":"https://x","headers":{"a":"b\r\nc: d"}}`), 400, "InvalidProperty", "'a'"},
		{datadog, in(`{"endpoint":"https://x","apiKey":"a\nb"}`), 400, "InvalidProperty", "control characters"},
		{datadog, in(`{"endpoint":"https://x","apiKey":["a"]}`), 400, "InvalidRequestContent", "apiKey"},
	} {
		r := b.refused(c.status, c.code, http.MethodPut, strings.ReplaceAll(g+c.path, " ", "%20"), "2025-06-01", c.body)
		if !strings.Contains(r.message(), c.says) || strings.Contains(r.message(), "secret") {
			t.Errorf("%s %s: message %q, want %q in it", c.path, c.body, r.message(), c.says)
		}
	}
	b.refused(http.StatusConflict, "StorageAccountAlreadyTaken", http.MethodPut, other+"Microsoft.Storage/storageAccounts/account1", storeV, in(`{}`))
	b.refused(http.StatusConflict, "NameAlreadyExists", http.MethodPut, other+"Microsoft.EventHub/namespaces/NameSpace1", hubV, in(`{}`))
	b.refused(http.StatusBadRequest, "InvalidDatabaseName", http.MethodPut, func() string {
		b.must(http.StatusCreated, http.MethodPut, g+"Microsoft.Cache/redisEnterprise/cluster1", "2024-10-01", in(`{}`))
		return g + "Microsoft.Cache/redisEnterprise/cluster1/databases/two"
	}(), "2024-10-01", `{}`)
}

func TestWhatIsPutIsGivenBack(t *testing.T) {
	b := start(t)
	path := b.group("rg") + "/providers/Microsoft.Storage/storageAccounts/account1"
	r := b.must(http.StatusOK, http.MethodPut, path, storeV, `{"location":"West Europe","kind":"BlobStorage","sku":{"name":"Standard_ZRS"},"tags":{"a":"b"},
		"identity":{"type":"None"},"properties":{"accessTier":"Hot","big":12345678901234567890,"nested":{"x":[1,null,{"y":true}]},"provisioningState":"Failed"}}`)
	for _, r := range []*reply{r, b.must(http.StatusOK, http.MethodGet, path, storeV, "")} {
		if r.at("id") != path || r.at("name") != "account1" || r.at("type") != accountType || r.at("location") != "westeurope" || r.at("kind") != "BlobStorage" ||
			r.at("sku.name") != "Standard_ZRS" || r.at("sku.tier") != "Standard" || r.at("tags.a") != "b" || r.at("properties.accessTier") != "Hot" ||
			r.at("properties.provisioningState") != "Succeeded" || r.at("properties.primaryEndpoints.blob") != "http://127.0.0.1:10000/account1/" ||
			!strings.Contains(r.text, `"big":12345678901234567890`) || !strings.Contains(r.text, `"nested":{"x":[1,null,{"y":true}]}`) {
			t.Errorf("got %s", r.text)
		}
	}
	r = b.must(http.StatusOK, http.MethodPatch, path, storeV, `{"properties":{"accessTier":null,"NESTED":{"z":1}},"tags":{"c":"d"}}`)
	if r.at("properties.accessTier") != nil || !strings.Contains(r.text, `{"x":[1,null,{"y":true}],"z":1}`) || r.at("tags.a") != nil || r.at("tags.c") != "d" || r.at("kind") != "BlobStorage" || r.at("sku.name") != "Standard_ZRS" {
		t.Errorf("patched: %s", r.text)
	}
	r = b.must(http.StatusOK, http.MethodPut, path, storeV, `{}`)
	if r.at("properties.nested") != nil || r.at("tags") != nil || r.at("kind") != "StorageV2" || r.at("location") != "westeurope" {
		t.Errorf("put: %s", r.text)
	}
}

func TestConditions(t *testing.T) {
	b := start(t)
	path := b.group("rg") + "/providers/Microsoft.Storage/storageAccounts/account1"
	const body = `{"location":"westeurope"}`
	for _, c := range []struct {
		header, value string
		status        int
	}{
		{"If-Match", "*", 412},
		{"If-Match", `"x"`, 400},
		{"If-None-Match", "*", 200},
		{"If-None-Match", "*", 412},
		{"If-Match", "*", 200},
	} {
		if r := b.call(owner, http.MethodPut, path, storeV, body, c.header, c.value); r.status != c.status {
			t.Errorf("%s: %s: %d %s", c.header, c.value, r.status, r.text)
		}
	}
}

func TestDeletingTakesAllWithIt(t *testing.T) {
	b := start(t)
	account, other := b.account("rg", "account1"), b.account("rg", "account10")
	set := func(id string) {
		t.Helper()
		err := b.settings.Put(t.Context(), diagnostic.Setting{Name: "s", Resource: resource.MustParse(id), Destinations: []diagnostic.Destination{{Kind: diagnostic.Archive, Target: resource.MustParse(other)}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	assign := func(scope, name string) {
		t.Helper()
		b.must(http.StatusCreated, http.MethodPut, scope+"/providers/Microsoft.Authorization/roleAssignments/"+name, "2022-04-01",
			`{"properties":{"principalId":"`+sub+`","roleDefinitionId":"acdd72a7-3385-48ef-bd42-f606fba81ae7"}}`)
	}
	set(account)
	set(account + "/blobServices/default")
	set(strings.ToLower(account) + "/queueServices/default")
	set(other)
	assign(account, "00000000-0000-0000-0000-000000000001")
	assign(account+"/blobServices/default", "00000000-0000-0000-0000-000000000002")
	assign(other, "00000000-0000-0000-0000-000000000003")
	group := "/subscriptions/" + sub + "/resourceGroups/rg"
	assign(group, "00000000-0000-0000-0000-000000000004")

	b.must(http.StatusOK, http.MethodDelete, strings.ToUpper(account), storeV, "")
	b.must(http.StatusNoContent, http.MethodDelete, account, storeV, "")
	if all := b.settings.All(); len(all) != 1 || all[0].Resource.String() != other {
		t.Errorf("settings %v", all)
	}
	if all := b.roles.Assignments(); len(all) != 2 {
		t.Errorf("assignments %v", all)
	}

	ns := group + "/providers/Microsoft.EventHub/namespaces/namespace1"
	b.must(http.StatusOK, http.MethodPut, ns, hubV, `{"location":"westeurope"}`)
	b.must(http.StatusOK, http.MethodPut, ns+"/eventhubs/h", hubV, `{}`)
	b.must(http.StatusOK, http.MethodDelete, ns, hubV, "")
	for _, res := range b.resources.List("") {
		if strings.Contains(res.ID.String(), "namespace1") {
			t.Errorf("%s is left", res.ID)
		}
	}
	b.must(http.StatusOK, http.MethodDelete, group, groupsV, "")
	if left := len(b.resources.List("")) + len(b.settings.All()) + len(b.roles.Assignments()); left != 0 {
		t.Errorf("%d are left of the group", left)
	}
}

func TestLookupKnowsWhatExistsWithAnAccount(t *testing.T) {
	b := start(t)
	account := b.account("rg", "account1")
	for path, want := range map[string]bool{
		account: true, strings.ToUpper(account): true,
		account + "/blobServices/default": true, account + "/QUEUESERVICES/Default": true, account + "/tableServices/default": true, account + "/fileServices/default": true,
		account + "/blobServices/other": false, account + "/moonServices/default": false, account + "2/blobServices/default": false,
		"/subscriptions/" + sub + "/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/none": false,
	} {
		res, ok := b.arm.Lookup(resource.MustParse(path))
		if ok != want || ok && res.Location != "westeurope" {
			t.Errorf("%s: %v %v", path, ok, res)
		}
	}
	list := b.must(http.StatusOK, http.MethodGet, account+"/blobServices", storeV, "").values()
	if len(list) != 1 || list[0].get("id") != account+"/blobServices/default" {
		t.Errorf("services %v", list)
	}
}

func TestGroups(t *testing.T) {
	b := start(t)
	s := "/subscriptions/" + sub + "/resourceGroups/"
	for _, c := range []struct {
		name, body, code string
		status           int
	}{
		{"g1", `{}`, "LocationRequired", 400},
		{"g1", `{"location":"not/here"}`, "LocationRequired", 400},
		{"g1.", `{"location":"westeurope"}`, "InvalidResourceGroup", 400},
		{strings.Repeat("g", 91), `{"location":"westeurope"}`, "InvalidResourceGroup", 400},
		{"g1", `{"location":"westeurope","kind":"x"}`, "InvalidRequestContent", 400},
		{"g1", `{"location":"westeurope","managedBy":"x"}`, "UnsupportedProperty", 400},
		{"g1", `{"location":"West Europe","tags":{"a":"b"},"properties":{"provisioningState":"x"}}`, "", 201},
		{"G1", `{"location":"westeurope","tags":{"a":"c"}}`, "", 200},
		{"g1", `{"location":"eastus"}`, "InvalidResourceGroupLocation", 409},
	} {
		r := b.call(owner, http.MethodPut, s+c.name, groupsV, c.body)
		if r.status != c.status || r.code() != c.code {
			t.Errorf("%s %s: %d %s", c.name, c.body, r.status, r.text)
		}
	}
	r := b.must(http.StatusOK, http.MethodPatch, s+"g1", groupsV, `{}`)
	if r.at("id") != s+"g1" || r.at("tags.a") != "c" || r.at("location") != "westeurope" || r.at("type") != groupType {
		t.Errorf("patched: %s", r.text)
	}
	// One that only a resource knows.
	if err := b.arm.Declare(t.Context(), Declaration{ID: resource.MustParse(s + "Implied/providers/Microsoft.Storage/storageAccounts/account1"), Location: "north"}); err != nil {
		t.Fatal(err)
	}
	if r := b.must(http.StatusOK, http.MethodGet, s+"IMPLIED", groupsV, ""); r.at("name") != "Implied" || r.at("location") != "north" {
		t.Errorf("implied: %s", r.text)
	}
	for filter, want := range map[string]string{
		"": "[g1 Implied]", "?$filter=tagName%20eq%20'a'": "[g1]", "?$filter=tagName%20eq%20'A'%20and%20tagValue%20eq%20'x'": "[]",
		"?$filter=location%20eq%20'north'": "[Implied]", "?$top=1": "[g1]",
	} {
		var names []any
		r := b.must(http.StatusOK, http.MethodGet, strings.TrimSuffix(s, "/")+filter, groupsV, "")
		for _, v := range r.values() {
			names = append(names, v.get("name"))
		}
		if fmt.Sprint(names) != want {
			t.Errorf("%s: %v, want %s", filter, names, want)
		}
		if next, _ := r.at("nextLink").(string); next != "" {
			r := b.must(http.StatusOK, http.MethodGet, strings.TrimPrefix(next, b.URL), "", "")
			if v := r.values(); len(v) != 1 || v[0].get("name") != "Implied" {
				t.Errorf("next page: %s", r.text)
			}
		}
	}
	b.refused(http.StatusBadRequest, "InvalidFilterInQueryString", http.MethodGet, strings.TrimSuffix(s, "/")+"?$filter=nonsense", groupsV, "")
	b.refused(http.StatusBadRequest, "InvalidTop", http.MethodGet, strings.TrimSuffix(s, "/")+"?$top=0", groupsV, "")
}

func TestCheckNameAvailability(t *testing.T) {
	b := start(t)
	b.account("rg", "account1")
	path := "/subscriptions/" + sub + "/providers/Microsoft.Storage/checkNameAvailability"
	for name, reason := range map[string]any{"free": nil, "account1": "AlreadyExists", "Bad Name": "AccountNameInvalid"} {
		r := b.must(http.StatusOK, http.MethodPost, path, storeV, `{"name":"`+name+`","type":"Microsoft.Storage/storageAccounts"}`)
		if r.at("nameAvailable") != (reason == nil) || r.at("reason") != reason {
			t.Errorf("%s: %s", name, r.text)
		}
	}
}

func TestDeclare(t *testing.T) {
	b := start(t)
	g := "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/boot/providers/"
	declare := func(path string, props map[string]any) error {
		return b.arm.Declare(t.Context(), Declaration{ID: resource.MustParse(g + path), Location: "local", Tags: map[string]string{"by": "file"}, Properties: props})
	}
	wants := []struct {
		path  string
		props map[string]any
	}{
		{"microsoft.storage/STORAGEACCOUNTS/account1", nil},
		{"Microsoft.EventHub/namespaces/namespace1", map[string]any{"kafkaEndpoint": "k:9092"}},
		{"Microsoft.EventHub/namespaces/NAMESPACE1/authorizationrules/send", map[string]any{"rights": []string{"Send"}}},
		{"Microsoft.Datadog/monitors/d", map[string]any{"endpoint": "https://x", "apiKey": "secret-key"}},
		{"Microsoft.OperationalInsights/workspaces/work1", map[string]any{"retentionInDays": 90}},
	}
	for range 3 {
		for _, w := range wants {
			if err := declare(w.path, w.props); err != nil {
				t.Fatal(err)
			}
		}
	}
	var before []string
	for _, res := range b.resources.List("") {
		before = append(before, fmt.Sprint(res.ID, string(res.Secrets), string(res.Properties)))
	}
	if len(before) != 6 || !strings.Contains(before[2]+before[3], g+"Microsoft.EventHub/namespaces/namespace1/authorizationRules/send") {
		t.Errorf("made %v", before)
	}
	path := "/subscriptions/33333333-3333-3333-3333-333333333333/providers/Microsoft.Insights/eventtypes/management/values?$filter=eventTimestamp%20ge%202020-01-01"
	events := b.must(http.StatusOK, http.MethodGet, path, "2015-04-01", "").values()
	if len(events) != 2*len(wants) || events[0].get("caller") != "bootstrap" {
		t.Errorf("%d events, the last %v", len(events), events[0])
	}
	for says, err := range map[string]error{
		"'Microsoft.Moon/craters'": declare("Microsoft.Moon/craters/a", nil),
		"cannot be declared":       declare("Microsoft.Storage/storageAccounts/account1/blobServices/default", nil),
		"ParentResourceNotFound":   declare("Microsoft.EventHub/namespaces/none99/eventhubs/h", nil),
		"AccountNameInvalid":       declare("Microsoft.Storage/storageAccounts/A", nil),
		"'endpoint' is required":   declare("Microsoft.Elastic/monitors/e", nil),
		"not a resource in a reso": b.arm.Declare(t.Context(), Declaration{ID: resource.MustParse("/providers/Microsoft.Storage/storageAccounts/account2"), Location: "x"}),
	} {
		if err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "declare /") {
			t.Errorf("%v, want %q in it", err, says)
		}
	}
	if err := declare("Microsoft.Storage/storageAccounts/account1", map[string]any{"accessTier": "Cool"}); err != nil {
		t.Fatal(err)
	}
	res, _ := b.resources.Get(resource.MustParse(g + "Microsoft.Storage/storageAccounts/account1"))
	if string(res.Properties) != `{"accessTier":"Cool"}` {
		t.Errorf("changed to %s", res.Properties)
	}
	if err := b.journal.Close(); err != nil {
		t.Fatal(err)
	}
	if err := declare("Microsoft.Storage/storageAccounts/account3", nil); err == nil {
		t.Error("declared without a note")
	}
	if err := declare("Microsoft.Storage/storageAccounts/account1", map[string]any{"accessTier": "Cool"}); err != nil {
		t.Errorf("nothing changes, nothing is noted: %v", err)
	}
}
