package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"reslog/diagnostic"
	"reslog/resource"
)

func TestBodiesThatAreNone(t *testing.T) {
	const broken = "The request content was invalid and could not be deserialized: '"
	deep := func(n int) string {
		return `{"properties":{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}}`
	}
	in := func(properties string) string { return `{"properties":{` + properties + `}}` }
	log := func(members string) string {
		return in(`"logs":[{"category":"AllLogs","enabled":true},{` + members + `}]`)
	}
	metric := func(members string) string { return in(`"metrics":[{` + members + `}]`) }
	for _, c := range []struct{ body, want string }{
		{" \n", broken + "The body is empty.'"},
		{"{\"properties\":\"\xff\"}", broken + "The body is not valid UTF-8.'"},
		{`{"properties":{}`, broken + "The body is not JSON: unexpected end of JSON input.'"},
		{`{"properties":{}}{}`, broken + "The body is not JSON: invalid character '{' after top-level value.'"},
		{`[]`, broken + "The body is an array, it must be an object.'"},
		{`null`, broken + "The body is null, it must be an object.'"},
		{deep(31), broken + "It is nested deeper than 32 levels.'"},
		{strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000), broken + "The body is not JSON: invalid character '{' exceeded max depth.'"},
		{in(`"workspaceId":"a","workspaceId":"b"`), broken + "The member 'properties.workspaceId' is given twice, as 'workspaceId' and as 'workspaceId'.'"},
		{in(`"eventHubAuthorizationRuleID":null,"eventHubAuthorizationRuleId":null`), broken + "The member 'properties.eventHubAuthorizationRuleId' is given twice, as 'eventHubAuthorizationRuleID' and as 'eventHubAuthorizationRuleId'.'"},
		{`{"Properties":{},"properties":{}}`, broken + "The member 'properties' is given twice, as 'Properties' and as 'properties'.'"},
		{in(`"future":[{"a":1,"A":2}]`), broken + "The member 'properties.future[0].A' is given twice, as 'a' and as 'A'.'"},
		{in(`"\ud800":1`), broken + "The name of a member of 'properties' is not valid Unicode.'"},
		{`{"etag":"x","properties":{}}`, broken + "Could not find member 'etag' on a diagnostic setting.'"},
		{`{"` + strings.Repeat("x", 500) + `":1}`, broken + "Could not find member '" + strings.Repeat("x", 100) + "…' on a diagnostic setting.'"},
		{`{}`, "The value of 'properties' is required."},
		{`{"properties":null}`, "The value of 'properties' is required."},
		{`{"properties":[]}`, "The value of 'properties' is an array, it must be an object."},
		{in(`"StorageAccountID":7`), "The value of 'properties.StorageAccountID' is the number 7, it must be a string."},
		{in(`"workspaceId":true`), "The value of 'properties.workspaceId' is true, it must be a string."},
		{in(`"workspaceId":"` + strings.Repeat("x", 2049) + `"`), "The value of 'properties.workspaceId' has 2049 bytes, at most 2048 are supported."},
		{in(`"eventHubName":"a b"`), "The value of 'properties.eventHubName' is 'a b', the name of an event hub has letters, digits, '.', '-' and '_', at most 256."},
		{in(`"logAnalyticsDestinationType":"Mine"`), "The value of 'properties.logAnalyticsDestinationType' is 'Mine', it must be 'Dedicated', 'AzureDiagnostics' or null."},
		{in(`"logs":{}`), "The value of 'properties.logs' is an object, it must be an array."},
		{in(`"logs":[null]`), "The value of 'properties.logs[0]' is null, it must be an object."},
		{in(`"logs":["AllLogs"]`), "The value of 'properties.logs[0]' is a string, it must be an object."},
		{log(`"enabled":true`), "The value of 'properties.logs[1].category' or of 'properties.logs[1].categoryGroup' is required."},
		{log(`"category":"","enabled":true`), "The value of 'properties.logs[1].category' or of 'properties.logs[1].categoryGroup' is required."},
		{log(`"category":"x"`), "The value of 'properties.logs[1].enabled' is required."},
		{log(`"category":"x","enabled":null`), "The value of 'properties.logs[1].enabled' is required."},
		{log(`"category":"x","enabled":"true"`), "The value of 'properties.logs[1].enabled' is a string, it must be true or false."},
		{log(`"category":"x","Enabled":1`), "The value of 'properties.logs[1].Enabled' is the number 1, it must be true or false."},
		{log(`"category":["x"],"enabled":true`), "The value of 'properties.logs[1].category' is an array, it must be a string."},
		{log(`"category":"x","enabled":true,"retentionPolicy":7`), "The value of 'properties.logs[1].retentionPolicy' is the number 7, it must be an object."},
		{log(`"category":"x","enabled":true,"retentionPolicy":{"days":7}`), "The value of 'properties.logs[1].retentionPolicy.enabled' is required."},
		{log(`"category":"x","enabled":true,"retentionPolicy":{"enabled":true}`), "The value of 'properties.logs[1].retentionPolicy.days' is required."},
		{log(`"category":"x","enabled":true,"retentionPolicy":{"enabled":true,"days":"7"}`), "The value of 'properties.logs[1].retentionPolicy.days' is a string, it must be a whole number of 32 bits."},
		{log(`"category":"x","enabled":true,"retentionPolicy":{"enabled":true,"days":7.5}`), "The value of 'properties.logs[1].retentionPolicy.days' is the number 7.5, it must be a whole number of 32 bits."},
		{log(`"category":"x","enabled":true,"retentionPolicy":{"enabled":true,"days":4294967296}`), "The value of 'properties.logs[1].retentionPolicy.days' is the number 4294967296, it must be a whole number of 32 bits."},
		{metric(`"enabled":true,"timeGrain":"PT1M"`), "The value of 'properties.metrics[0].category' is required."},
		{metric(`"category":"AllMetrics","enabled":true,"timeGrain":"PT1H"`), "The value of 'properties.metrics[0].timeGrain' is 'PT1H': metrics are exported for every minute, leave it out or say 'PT1M'."},
		{metric(`"category":"AllMetrics","enabled":true,"timeGrain":60`), "The value of 'properties.metrics[0].timeGrain' is the number 60, it must be a string."},
	} {
		_, err := readSetting([]byte(c.body))
		var refusal *apiError
		if !errors.As(err, &refusal) || refusal.status != 400 || refusal.message != c.want || refusal.flat != (refusal.code == "BadRequest") {
			t.Errorf("%.80s: %v\nwant %s", c.body, err, c.want)
		}
	}
	var refusal *apiError
	if _, err := readSetting(make([]byte, 128<<10+1)); !errors.As(err, &refusal) || refusal.status != 413 || refusal.code != "RequestContentTooLarge" {
		t.Errorf("a large body: %v", err)
	}
	if _, err := readSetting([]byte(deep(30))); err != nil {
		t.Errorf("32 levels: %v", err)
	}
}

func TestDocument(t *testing.T) {
	for name, c := range map[string]struct{ properties, want string }{
		"nothing": {
			`{}`,
			`{"storageAccountId":null,"serviceBusRuleId":null,"workspaceId":null,"eventHubAuthorizationRuleId":null,"eventHubName":null,"metrics":[],"logs":[],"logAnalyticsDestinationType":null}`,
		},
		"empty and null": {
			`{"storageAccountId":"","marketplacePartnerId":"","metrics":null,"logs":[{"category":"A","categoryGroup":"","enabled":false,"retentionPolicy":null}],"eventHubName":"","logAnalyticsDestinationType":""}`,
			`{"storageAccountId":null,"serviceBusRuleId":null,"workspaceId":null,"eventHubAuthorizationRuleId":null,"eventHubName":null,"metrics":[],` +
				`"logs":[{"category":"A","categoryGroup":null,"enabled":false,"retentionPolicy":{"enabled":false,"days":0}}],"logAnalyticsDestinationType":null}`,
		},
		"in other case and order, with members of the future": {
			`{"Next":{"b":[1.50, -0e1],"a":"ü"},"LOGS":[{"Enabled":true,"new":1e400,"CategoryGroup":"g","RetentionPolicy":{"kind":null,"DAYS":3,"ENABLED":false}}],
			  "Metrics":[{"enabled":false,"category":"m","timeGrain":"PT1M","more":{}}],"workspaceid":"WS/x/","MARKETPLACEPARTNERID":"p","loganalyticsdestinationtype":"dedicated"}`,
			`{"storageAccountId":null,"serviceBusRuleId":null,"workspaceId":"WS/x/","eventHubAuthorizationRuleId":null,"eventHubName":null,"marketplacePartnerId":"p",` +
				`"metrics":[{"timeGrain":"PT1M","category":"m","enabled":false,"retentionPolicy":{"enabled":false,"days":0},"more":{}}],` +
				`"logs":[{"category":null,"categoryGroup":"g","enabled":true,"retentionPolicy":{"enabled":false,"days":3,"kind":null},"new":1e400}],` +
				`"logAnalyticsDestinationType":"dedicated","Next":{"b":[1.50,-0e1],"a":"ü"}}`,
		},
	} {
		b, err := readSetting([]byte(`{"properties":` + c.properties + `}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := string(b.document()); got != c.want {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
	}
}

func TestDestinations(t *testing.T) {
	odd := strings.Replace(dstBusRule, "authorizationRules", "authorizationRule", 1)
	body := fmt.Sprintf(`{"properties":{"storageAccountId":%q,"serviceBusRuleId":%q,"eventHubName":"hub","workspaceId":%q,"marketplacePartnerId":%q,"logAnalyticsDestinationType":"DEDICATED"}}`,
		dstAccount[1:]+"/", odd, dstWorkspace, dstMonitor)
	b, err := readSetting([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.destinations()
	want := []diagnostic.Destination{
		{Kind: diagnostic.Archive, Target: resource.MustParse(dstAccount)},
		{Kind: diagnostic.EventHub, Target: resource.MustParse(dstBusRule), Options: map[string]string{diagnostic.OptionHub: "hub"}},
		{Kind: diagnostic.Workspace, Target: resource.MustParse(dstWorkspace)},
		{Kind: diagnostic.Partner, Target: resource.MustParse(dstMonitor)},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("destinations are %v, %v", got, err)
	}
	if doc := string(b.document()); !strings.Contains(doc, `"`+odd+`"`) || !strings.Contains(doc, `"`+dstAccount[1:]+`/"`) {
		t.Errorf("ids are not as sent: %s", doc)
	}
}

// Whatever is accepted is given back so that it is accepted again and means the
// same.
func FuzzSettingBody(f *testing.F) {
	f.Add([]byte(toSink(logsOn)))
	f.Add([]byte(`{"properties":{"logs":[{"categoryGroup":"g","enabled":false,"x":[{}]}],"metrics":[{"timeGrain":"PT1M","category":"m","enabled":true,"retentionPolicy":{"days":-1,"enabled":true}}],"<\u2028":"<\ud800>"}}`))
	f.Add([]byte(`{"properties":{"eventHubAuthorizationRuleID":"a/providers/b/c/d/authorizationrule/e","serviceBusRuleId":null,"eventHubName":"h"},"tags":{}}`))
	f.Add([]byte("{\"properties\":{\"wor\u212AspaceId\":1,\"\u017Fo\":2}}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := readSetting(body)
		if err != nil {
			return
		}
		s, err := b.setting("n", resource.MustParse(srcChat))
		if err != nil {
			return
		}
		stored, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(stored, &s); err != nil {
			t.Fatalf("what is stored cannot be read: %v\n%s", err, stored)
		}
		shown, err := json.Marshal(showSetting(&s))
		if err != nil {
			t.Fatal(err)
		}
		again, err := readSetting(shown)
		if err != nil {
			t.Fatalf("what is given back is refused: %v\n%s", err, shown)
		}
		s2, err := again.setting("n", s.Resource)
		if err != nil {
			t.Fatal(err)
		}
		if stored2, err := json.Marshal(s2); err != nil || string(stored2) != string(stored) {
			t.Fatalf("what is given back means something else: %v\n%s\n%s", err, stored, stored2)
		}
	})
}
