package rows

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/catalog"
	"reslog/kql"
	"reslog/record"
	"reslog/resource"
)

const storageID = "/subscriptions/AAAAAAAA-0000-0000-0000-000000000000/resourceGroups/Group/providers/Microsoft.Storage/storageAccounts/acct/blobServices/default"

// row is a row as a test reads it: by name, without what every row has; times as
// text.
func row(t *testing.T, r Rows, i int) map[string]any {
	t.Helper()
	got := map[string]any{}
	if len(r.Values[i]) != len(r.Columns) {
		t.Fatalf("%d values, %d columns", len(r.Values[i]), len(r.Columns))
	}
	for j, v := range r.Values[i] {
		c := r.Columns[j]
		if v == nil {
			continue
		}
		switch v.(type) {
		case string:
			if c.Type != kql.String && c.Type != kql.Guid && c.Type != kql.Dynamic {
				t.Errorf("%s of type %v is the text %q", c.Name, c.Type, v)
			}
		case int64:
			if c.Type != kql.Int && c.Type != kql.Long && c.Type != kql.Datetime {
				t.Errorf("%s of type %v is the number %v", c.Name, c.Type, v)
			}
		case float64:
			if c.Type != kql.Real {
				t.Errorf("%s of type %v is %v", c.Name, c.Type, v)
			}
		case bool:
			if c.Type != kql.Bool {
				t.Errorf("%s of type %v is %v", c.Name, c.Type, v)
			}
		default:
			t.Errorf("%s is a %T", c.Name, v)
		}
		if c.Type == kql.Datetime {
			v = date(v.(int64))
		}
		got[c.Name] = v
	}
	if got[catalog.IsBillable] != "True" {
		t.Errorf("the row is not billable: %v", got)
	}
	delete(got, catalog.IsBillable)
	delete(got, catalog.BilledSize)
	return got
}

func date(ticks int64) string {
	return time.Unix((ticks-unixTicks)/ticksSecond, ticks%ticksSecond*100).UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// one makes the only row of a line.
func one(t *testing.T, cfg Config, line string, o Origin) (table string, got map[string]any) {
	t.Helper()
	b := NewBuilder(cfg)
	if err := b.Line([]byte(line), o); err != nil {
		t.Fatalf("%v\n%s", err, line)
	}
	all := b.Take()
	if len(all) != 1 || len(all[0].Values) != 1 {
		t.Fatalf("%d tables", len(all))
	}
	return all[0].Table, row(t, all[0], 0)
}

func want(t *testing.T, got, want map[string]any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

const blobLine = `{"time":"2022-07-05T11:47:39.6047124Z","resourceId":"` + storageID + `","category":"StorageRead","operationName":"GetBlob","operationVersion":"2021-06-08","schemaVersion":"1.0","statusCode":200,"statusText":"Success","durationMs":9,"callerIpAddress":"192.0.2.7:56029","correlationId":"170464ae-101e-004b-6365-90ca9c000000","identity":{"type":"SAS","tokenHash":"key1(AB),SasSignature(CD)"},"location":"West Europe","properties":{"accountName":"acct","userAgentHeader":"Mozilla/5.0 (x)","etag":"\"0x8DA5A9118CDE874\"","serviceType":"blob","objectKey":"/acct/container/passwords.txt","lastModifiedTime":"6/30/2022 12:07:25 PM","metricResponseType":"Success","serverLatencyMs":9,"requestHeaderSize":636,"responseHeaderSize":394,"responseBodySize":99,"serverMd5":"q==","tlsVersion":"TLS 1.2"},"uri":"https://acct.blob.core.windows.net:443/container/passwords.txt?sp=r&sig=XXXXX","protocol":"HTTPS","resourceType":"Microsoft.Storage/storageAccounts/blobServices"}`

func TestStorage(t *testing.T) {
	table, got := one(t, Config{Dedicated: true}, blobLine, Origin{})
	if table != "StorageBlobLogs" {
		t.Errorf("table %s", table)
	}
	want(t, got, map[string]any{
		"TimeGenerated": "2022-07-05T11:47:39.6047124Z", "_ResourceId": strings.ToLower(storageID), "SourceSystem": "Azure",
		"Category": "StorageRead", "OperationName": "GetBlob", "OperationVersion": "2021-06-08", "SchemaVersion": "1.0",
		"StatusCode": "200", "StatusText": "Success", "DurationMs": 9.0, "CallerIpAddress": "192.0.2.7:56029",
		"CorrelationId": "170464ae-101e-004b-6365-90ca9c000000", "AuthenticationType": "SAS",
		"AuthenticationHash": "key1(AB),SasSignature(CD)", "Location": "West Europe", "AccountName": "acct",
		"UserAgentHeader": "Mozilla/5.0 (x)", "Etag": `"0x8DA5A9118CDE874"`, "ServiceType": "blob",
		"ObjectKey": "/acct/container/passwords.txt", "LastModifiedTime": "2022-06-30T12:07:25.0000000Z",
		"MetricResponseType": "Success", "ServerLatencyMs": 9.0, "RequestHeaderSize": int64(636), "ResponseHeaderSize": int64(394),
		"ResponseBodySize": int64(99), "ResponseMd5": "q==", "TlsVersion": "TLS 1.2",
		"Uri": "https://acct.blob.core.windows.net:443/container/passwords.txt?sp=r&sig=XXXXX", "Protocol": "HTTPS",
		"OperationCount": int64(0), "RequestBodySize": int64(0), "ContentLengthHeader": int64(0), // left out as zero
	})
}

// Who made a request, in all that the identity says.
func TestStorageIdentity(t *testing.T) {
	authorization := `[{"action":"a/b/read","denyAssignmentId":"","principals":[{"id":"p","type":"User"}],"roleAssignmentId":"r","roleDefinitionId":"d"}]`
	_, got := one(t, Config{Dedicated: true}, `{"time":"2026-01-01T00:00:00Z","identity":{"type":"OAuth","tokenHash":"H","authorization":`+authorization+
		`,"requester":{"appId":"app","audience":"aud","objectId":"oid","tenantId":"tid","tokenIssuer":"iss","upn":"u@x"}},"statusCode":"Unknown"}`,
		Origin{Resource: resource.MustParse(storageID), Category: "storagewrite"})
	want(t, got, map[string]any{
		"TimeGenerated": "2026-01-01T00:00:00.0000000Z", "_ResourceId": strings.ToLower(storageID), "SourceSystem": "Azure", "Category": "storagewrite",
		"AuthenticationType": "OAuth", "AuthenticationHash": "H", "AuthorizationDetails": authorization,
		"RequesterAppId": "app", "RequesterAudience": "aud", "RequesterObjectId": "oid", "RequesterTenantId": "tid",
		"RequesterTokenIssuer": "iss", "RequesterUpn": "u@x", "StatusCode": "Unknown",
		// No answer was given, so its sizes are not zero but unknown.
		"ServerLatencyMs": 0.0, "OperationCount": int64(0), "RequestHeaderSize": int64(0), "RequestBodySize": int64(0), "ContentLengthHeader": int64(0),
	})
}

const redisID = "/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/TEST/PROVIDERS/MICROSOFT.CACHE/REDISENTERPRISE/AUDITING-SHOEBOX/DATABASES/DEFAULT"

// The samples of "Monitor Azure Managed Redis data using diagnostic settings".
func TestRedis(t *testing.T) {
	line := func(props string) string {
		return `{
        "time": "2023-01-24T10:00:02.3680050Z", "resourceId": "` + redisID + `", "category": "ConnectionEvents", "location": "westus",
        "operationName": "Microsoft.Cache/redisEnterprise/databases/ConnectionEvents/Read",
        "properties": {"eventEpochTime": 1674554402, "id": 6185063009002, ` + props + `}
    }`
	}
	same := map[string]any{
		"TimeGenerated": "2023-01-24T10:00:02.3680050Z", "_ResourceId": strings.ToLower(redisID), "SourceSystem": "Azure", "Location": "westus",
		"OperationName":  "Microsoft.Cache/redisEnterprise/databases/ConnectionEvents/Read",
		"EventEpochTime": int64(1674554402), "ConnectionId": int64(6185063009002),
	}
	for props, more := range map[string]map[string]any{
		`"clientIP":"20.228.16.39","eventType":"new_conn"`:                                  {"ClientIp": "20.228.16.39", "EventType": "new_conn"},
		`"clientIP":"20.228.16.39","eventType":"auth","eventStatus":8`:                      {"ClientIp": "20.228.16.39", "EventType": "auth", "EventStatus": int64(8)},
		`"clientIP":"fd40:8913:31:6810:6c31:200:a01:104","eventType":"close_conn"`:          {"ClientIp": "10.1.1.4", "PrivateLinkIPv6": "fd40:8913:31:6810:6c31:200:a01:104", "EventType": "close_conn"},
		`"clientIP":"::ffff:20.228.16.39","eventStatus":"8"`:                                {"ClientIp": "20.228.16.39", "EventStatus": int64(8)},
		`"clientIP":"somewhere","eventStatus":99999999999,"id":"6185063009002","eventX":[]`: {"ClientIp": "somewhere"},
	} {
		table, got := one(t, Config{Dedicated: true}, line(props), Origin{})
		if table != "REDConnectionEvents" {
			t.Errorf("table %s", table)
		}
		for k, v := range same {
			more[k] = v
		}
		want(t, got, more)
	}
}

// The sample of "Resource logs for Azure SignalR Service", and the members that
// messaging logs add. Properties may be a string.
func TestSignalR(t *testing.T) {
	id := "/SUBSCRIPTIONS/AAAAAAAA-0000-0000-0000-000000000000/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/XXX"
	props := `{"message": "Entered Serverless mode.", "type": "ConnectivityLogs", "collection": "Connection", "connectionId": "xxx",
	 "userId": "User", "transportType": "WebSockets", "connectionType": "Client", "hubName":"chat","groupName":"g","invocationId":"1","messageTracingId":"9223372036854775807","messageType":"UserDataMessage"}`
	for _, p := range []string{props, quote(props)} {
		table, got := one(t, Config{Dedicated: true}, `{"properties": `+p+`, "operationName": "ServerlessModeEntered", "category": "AllLogs",
			"level": "Informational", "callerIpAddress": "10.0.0.1", "time": "2019-01-01T00:00:00Z", "resourceId": "`+id+`", "location": "xxxx"}`, Origin{})
		if table != "SignalRServiceDiagnosticLogs" {
			t.Errorf("table %s", table)
		}
		want(t, got, map[string]any{
			"TimeGenerated": "2019-01-01T00:00:00.0000000Z", "_ResourceId": strings.ToLower(id), "SourceSystem": "Azure",
			"Message": "Entered Serverless mode.", "Collection": "Connection", "ConnectionId": "xxx", "UserId": "User",
			"TransportType": "WebSockets", "ConnectionType": "Client", "OperationName": "ServerlessModeEntered",
			"Level": "Informational", "CallerIpAddress": "10.0.0.1", "Location": "xxxx",
			"HubName": "chat", "GroupName": "g", "InvocationId": "1", "MessageTracingId": int64(9223372036854775807), "MessageType": "UserDataMessage",
		})
	}
}

func TestMetrics(t *testing.T) {
	line := `{"count":4,"total":4,"minimum":1,"maximum":1.5,"average":"1","resourceId":"` + strings.ToUpper(storageID) + `","time":"2026-03-04T12:00:00.0000000Z","metricName":"Transactions","timeGrain":"PT1M"}`
	for _, o := range []Origin{{}, {Category: "Transaction"}, {Category: "AllMetrics"}} {
		for _, dedicated := range []bool{true, false} {
			table, got := one(t, Config{Dedicated: dedicated}, line, o)
			if table != "AzureMetrics" {
				t.Errorf("table %s", table)
			}
			want(t, got, map[string]any{
				"TimeGenerated": "2026-03-04T12:00:00.0000000Z", "_ResourceId": strings.ToLower(storageID), "SourceSystem": "Azure",
				"Count": 4.0, "Total": 4.0, "Minimum": 1.0, "Maximum": 1.5, "Average": 1.0, "MetricName": "Transactions", "TimeGrain": "PT1M",
				"ResourceId": strings.ToUpper(storageID), "Resource": "DEFAULT", "ResourceGroup": "GROUP",
				"ResourceProvider": "MICROSOFT.STORAGE", "SubscriptionId": "aaaaaaaa-0000-0000-0000-000000000000",
			})
		}
	}
}

// Lines that services write in their own way, and what a builder does with them.
func TestTolerance(t *testing.T) {
	id := resource.MustParse(storageID)
	at := time.Date(2026, 3, 4, 12, 0, 0, 600, time.UTC)
	for line, named := range map[string]map[string]any{
		`{"timestamp":"2026-03-04T12:00:00+02:00"}`:                                 {"TimeGenerated": "2026-03-04T10:00:00.0000000Z"},
		`{"TIME":"2026-03-04 12:00:00.12345678"}`:                                   {"TimeGenerated": "2026-03-04T12:00:00.1234567Z"},
		`{"time":"noon","durationMs":"16"}`:                                         {"TimeGenerated": "2026-03-04T12:00:00.0000006Z", "DurationMs": 16.0},
		` {"durationMs" : 1e2 , "statusCode":404.0} ` + "\r\n":                      {"DurationMs": 100.0, "StatusCode": "404.0"},
		`{"uri":"a\u00e9\ud83d\ude00\ud800\/\"\n"}`:                                 {"Uri": "aé😀\ufffd/\"\n"},
		"{\"uri\":\"\xff\"}":                                                        {"Uri": "\ufffd"},
		`{"uri":["x",1],"protocol":{"a":1},"location":true,"statusText":null}`:      {"Uri": `["x",1]`, "Protocol": `{"a":1}`, "Location": "true", "StatusText": nil},
		`{"properties":{"requestBodySize":"x","operationCount":2147483648}}`:        {"RequestBodySize": int64(0), "OperationCount": int64(0)},
		`{"properties":"none","identity":7}`:                                        {"AuthenticationType": nil},
		`{"identity":{"authorization":"[]","requester":"x"}}`:                       {"AuthorizationDetails": "[]"},
		`{"identity":{"authorization":"text"}}`:                                     {"AuthorizationDetails": `"text"`},
		`{"operationName":"A","operationName":"B"}`:                                 {"OperationName": "B"},
		`{"properties":{"objectKey":"` + strings.Repeat("é", 40_000) + `"}}`:        {"ObjectKey": strings.Repeat("é", 32<<10)},
		`{"properties":{"lastModifiedTime":"2024/07/03 16:59:35.0118188"}}`:         {"LastModifiedTime": "2024-07-03T16:59:35.0118188Z"},
		`{"properties":{"lastModifiedTime":"Tuesday, 09-Aug-11 21:13:26 GMT"}}`:     {"LastModifiedTime": "2011-08-09T21:13:26.0000000Z"},
		`{"properties":{"lastModifiedTime":"sometime","unknown":{"deep":[[[]]]}}}`:  {"LastModifiedTime": nil},
		`{"statusCode":"` + strings.Repeat("1", 100) + `","durationMs":"1e999"}`:    {"DurationMs": nil},
		`{"tenantId":"x","type":"y","_ItemId":"z","_BilledSize":1,"unknown":true}`:  {"Category": "StorageRead"},
		`{"properties":{"timeGenerated":"2000-01-01T00:00:00Z","_resourceId":"x"}}`: {"TimeGenerated": "2026-03-04T12:00:00.0000006Z", "_ResourceId": string(id.Key())},
	} {
		_, got := one(t, Config{Dedicated: true}, line, Origin{Resource: id, Category: "StorageRead", Time: at})
		for name, w := range named {
			if d := cmp.Diff(w, got[name]); d != "" {
				t.Errorf("%.100s: %s (-want +got):\n%.300s", line, name, d)
			}
		}
	}
}

// What cannot become a row is an error and leaves nothing behind.
func TestUnusable(t *testing.T) {
	b := NewBuilder(Config{Dedicated: true})
	for line, reason := range map[string]string{
		"":                                      "not a JSON object",
		"null":                                  "not a JSON object",
		"[]":                                    "not a JSON object",
		`{"time":"2026-01-01T00:00:00Z"`:        "not a JSON object",
		`{"time":"2026-01-01T00:00:00Z"} x`:     "not a JSON object",
		`{"time":"2026-01-01T00:00:00Z",}`:      "not a JSON object",
		`{"time":01}`:                           "not a JSON object",
		`{'time':1}`:                            "not a JSON object",
		"{\"a\":\"\t\"}":                        "not a JSON object",
		`{"a":"\x"}`:                            "not a JSON object",
		`{"a":"\u12"}`:                          "not a JSON object",
		`{"a":` + strings.Repeat("[", 2000):     "not a JSON object",
		strings.Repeat(" ", MaxLine+1):          "at most",
		`{}`:                                    "no time",
		`{"time":"2026-02-30T00:00:00Z"}`:       "no time",
		`{"time":1767225600}`:                   "no time",
		`{"time":"99999-01-01T00:00:00Z"}`:      "no time",
		`{"time":"0000-01-01T00:00:00Z"}`:       "no time",
		`{"time":"0001-01-01T00:00:00+01:00"}`:  "no time",
		`{"time":"9999-12-31T23:59:59.9-00:1"}`: "no time",
	} {
		err := b.Line([]byte(line), Origin{})
		if !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.60q: %v, want %q", line, err, reason)
		}
	}
	if b.Len() != 0 || len(b.Take()) != 0 {
		t.Error("there are rows")
	}
}

// Rows are by table and in order; a builder goes on after Take.
func TestTake(t *testing.T) {
	b := NewBuilder(Config{Dedicated: true})
	rec := func(i int, id, category string) *record.Record {
		return &record.Record{
			Resource: resource.MustParse(id), Category: record.Category(category), Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			Line: fmt.Appendf(nil, `{"operationName":"op-%d"}`, i),
		}
	}
	for round := range 3 {
		for i := range 200 {
			r := rec(i, storageID, "StorageRead")
			if i%2 == 1 {
				r = rec(i, redisID, "ConnectionEvents")
			}
			if err := b.Record(r); err != nil {
				t.Fatal(err)
			}
		}
		if b.Len() != 200 {
			t.Fatalf("%d rows", b.Len())
		}
		all := b.Take()
		if len(all) != 2 || all[0].Table != "StorageBlobLogs" || all[1].Table != "REDConnectionEvents" || b.Len() != 0 {
			t.Fatalf("round %d: %d tables", round, len(all))
		}
		for k, r := range all {
			if len(r.Values) != 100 {
				t.Fatalf("%d rows of %s", len(r.Values), r.Table)
			}
			for i := range r.Values {
				if got := row(t, r, i)["OperationName"]; got != fmt.Sprintf("op-%d", 2*i+k) {
					t.Fatalf("row %d of %s is %v", i, r.Table, got)
				}
			}
		}
	}
}

// Ingestion replaces times that are too far from its own; reading an archive does not.
func TestTimesOfIngestion(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	cfg := Config{Dedicated: true, Now: func() time.Time { return now }}
	for at, replaced := range map[string]bool{
		"2026-03-04T11:00:00Z": false, "2026-03-02T12:00:01Z": false, "2026-03-02T11:59:59Z": true,
		"2026-03-05T11:59:59Z": false, "2026-03-05T12:00:01Z": true, "1999-01-01T00:00:00Z": true,
	} {
		_, got := one(t, cfg, `{"time":"`+at+`"}`, Origin{})
		if (got["TimeGenerated"] == "2026-03-04T12:00:00.0000000Z") != replaced {
			t.Errorf("%s becomes %s", at, got["TimeGenerated"])
		}
		if _, got = one(t, Config{}, `{"time":"`+at+`"}`, Origin{}); got["TimeGenerated"] != strings.TrimSuffix(at, "Z")+".0000000Z" {
			t.Errorf("%s becomes %s without a clock", at, got["TimeGenerated"])
		}
	}
}

func TestBilledSize(t *testing.T) {
	b := NewBuilder(Config{Dedicated: true})
	if err := b.Line([]byte(`{"time":"2026-01-01T00:00:00Z","operationName":"abc","operationName":"abcdef","durationMs":1,"level":2}`), Origin{}); err != nil {
		t.Fatal(err)
	}
	r := b.Take()[0]
	for i, c := range r.Columns {
		// The time, "Azure", "abcdef", the duration and "2".
		if c.Name == catalog.BilledSize && r.Values[0][i] != float64(8+5+6+8+1) {
			t.Errorf("billed %v", r.Values[0][i])
		}
	}
}
