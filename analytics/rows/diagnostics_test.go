package rows

import (
	"fmt"
	"strings"
	"testing"

	"reslog/catalog"
	"reslog/kql"
)

// The shared table: fixed columns, paths with the type of their value.
func TestDiagnostics(t *testing.T) {
	id := "/subscriptions/AAAAAAAA-0000-0000-0000-000000000000/resourceGroups/Group/providers/Microsoft.KeyVault/vaults/Vault"
	line := `{"time":"2024-01-02T03:04:05.1234567Z","resourceId":"` + id + `","category":"AuditEvent","operationName":"VaultGet","operationVersion":"7.0",
	 "resultType":"Success","resultSignature":"OK","resultDescription":"","durationMs":"78","callerIpAddress":"10.1.1.4","correlationId":"c","level":4,
	 "identity":{"claim":{"appid":"AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE","http://schemas.microsoft.com/identity/claims/objectidentifier":"x","empty":{}}},
	 "properties":{"clientInfo":"Mozilla","httpStatusCode":200,"isAccessPolicyMatch":true,"startTime":"2024-01-02T03:04:05Z","none":null,
	   "properties":{"sku":{"Name":"standard"}},"list":[1,{"a":2}],"properties2":"p","2nd":"x","":"y"},
	 "EventName":"e","Message":"m"}`
	wanted := map[string]any{
		"TimeGenerated": "2024-01-02T03:04:05.1234567Z", "_ResourceId": strings.ToLower(id), "SourceSystem": "Azure",
		"ResourceId": strings.ToUpper(id), "Resource": "VAULT", "ResourceGroup": "GROUP", "ResourceProvider": "MICROSOFT.KEYVAULT", "ResourceType": "VAULTS",
		"SubscriptionId": "aaaaaaaa-0000-0000-0000-000000000000",
		"Category":       "AuditEvent", "OperationName": "VaultGet", "OperationVersion": "7.0", "ResultType": "Success", "ResultSignature": "OK",
		"DurationMs": int64(78), "CallerIPAddress": "10.1.1.4", "CorrelationId": "c", "Level": "4", "Message": "m",
		"identity_claim_appid_g": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
		"identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_s": "x",
		"clientInfo_s": "Mozilla", "httpStatusCode_d": 200.0, "isAccessPolicyMatch_b": true, "startTime_t": "2024-01-02T03:04:05.0000000Z",
		"properties_sku_Name_s": "standard", "list_s": `[1,{"a":2}]`, "properties2_s": "p", "EventName_s": "e", "_2nd_s": "x", "_s": "y",
	}
	for _, dedicated := range []bool{false, true} { // a vault has no table here
		table, got := one(t, Config{Dedicated: dedicated}, line, Origin{})
		if table != "AzureDiagnostics" {
			t.Errorf("table %s", table)
		}
		want(t, got, wanted)
	}
	table, got := one(t, Config{}, blobLine, Origin{})
	if table != "AzureDiagnostics" || got["objectKey_s"] != "/acct/container/passwords.txt" || got["statusCode_d"] != 200.0 || got["identity_type_s"] != "SAS" || got["ResourceType"] != "STORAGEACCOUNTS/BLOBSERVICES" {
		t.Errorf("%s: %v", table, got)
	}
}

// Rows of before a column was made have it too.
func TestDiagnosticsGrows(t *testing.T) {
	b := NewBuilder(Config{})
	for i := range 3 {
		if err := b.Line(fmt.Appendf(nil, `{"time":"2026-01-01T00:00:00Z","properties":{"a%d":%d,"same":"x"}}`, i, i), Origin{}); err != nil {
			t.Fatal(err)
		}
	}
	r := b.Take()[0]
	for i := range 3 {
		got := row(t, r, i)
		if len(got) != 4 || got[fmt.Sprintf("a%d_d", i)] != float64(i) || got["same_s"] != "x" {
			t.Errorf("row %d: %v", i, got)
		}
	}
}

// Beyond 500 columns, those included that the table has already, values go to a bag.
func TestDiagnosticsBag(t *testing.T) {
	known := []kql.Column{{Name: "old_s", Type: kql.String}, {Name: catalog.TenantID, Type: kql.String}}
	for i := range 100 {
		known = append(known, kql.Column{Name: fmt.Sprintf("known%d_s", i), Type: kql.String})
	}
	b := NewBuilder(Config{Columns: func(string) []kql.Column { return known }})
	var line strings.Builder
	line.WriteString(`{"time":"2026-01-01T00:00:00Z","properties":{"old":"o"`)
	for i := range 600 {
		fmt.Fprintf(&line, `,"p%d":%d`, i, i)
	}
	fmt.Fprintf(&line, `,"flag":true,"at":"2026-01-01T00:00:00Z","text":"\"q","%s":1}}`, strings.Repeat("n", 300))
	for range 2 {
		if err := b.Line([]byte(line.String()), Origin{}); err != nil {
			t.Fatal(err)
		}
	}
	r := b.Take()[0]
	// All of 500 but the hundred that these rows do not need.
	if n := len(r.Columns) + computedColumns; n != 400 {
		t.Errorf("%d columns", n)
	}
	got := row(t, r, 1)
	bag, _ := got["AdditionalFields"].(string)
	if got["old_s"] != "o" || got["p0_d"] != 0.0 || got["p599_d"] != nil {
		t.Errorf("%v", got)
	}
	for _, part := range []string{`"p599_d":599`, `"flag_b":true`, `"at_t":"2026-01-01T00:00:00.0000000Z"`, `"text_s":"\"q"`} {
		if !strings.Contains(bag, part) {
			t.Errorf("the bag lacks %s: %s", part, bag)
		}
	}
	p := parser{arena: new(arena)}
	if _, n, ok := p.parse(bag); !ok || n < 100 {
		t.Errorf("the bag is no object: %s", bag)
	}
}
