package archive

import (
	"testing"
	"time"

	"reslog/deliver"
	"reslog/record"
	"reslog/resource"
)

// The samples of the documentation of resource logs of Azure SignalR Service and
// of Azure Managed Redis, byte for byte at the paths it names.
func TestDocumentedSamples(t *testing.T) {
	hub := resource.MustParse("/subscriptions/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx/resourceGroups/xxxx/providers/Microsoft.SignalRService/SignalR/xxx")
	cache := resource.MustParse("/subscriptions/4a1c78c6-5cb1-422c-a34e-0df7fcb9bd0b/resourceGroups/test/providers/Microsoft.Cache/redisEnterprise/auditing-shoebox/databases/default")
	const redis = `{"time":"2023-01-24T10:00:02.3680050Z","resourceId":"/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/TEST/PROVIDERS/MICROSOFT.CACHE/REDISENTERPRISE/AUDITING-SHOEBOX/DATABASES/DEFAULT","category":"ConnectionEvents","location":"westus","operationName":"Microsoft.Cache/redisEnterprise/databases/ConnectionEvents/Read","properties":{"eventEpochTime":1674554402,"id":6185063009002,"clientIP":"20.228.16.39",`
	samples := []struct {
		id       resource.ID
		category record.Category
		time     string
		line     string
		blob     string
	}{
		{
			hub, "AllLogs", "2019-01-01T00:00:00Z",
			`{"properties":{"message":"Entered Serverless mode.","type":"ConnectivityLogs","collection":"Connection","connectionId":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","userId":"User","transportType":"WebSockets","connectionType":"Client"},"operationName":"ServerlessModeEntered","category":"AllLogs","level":"Informational","callerIpAddress":"xxx.xxx.xxx.xxx","time":"2019-01-01T00:00:00Z","resourceId":"/SUBSCRIPTIONS/XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX/RESOURCEGROUPS/XXXX/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/XXX","location":"xxxx"}`,
			"insights-logs-alllogs/resourceId=/SUBSCRIPTIONS/XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX/RESOURCEGROUPS/XXXX/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/XXX/y=2019/m=01/d=01/h=00/m=00/PT1H.json",
		},
		{
			cache, "ConnectionEvents", "2023-01-24T10:00:02.3680050Z", redis + `"eventType":"new_conn"}}`,
			"insights-logs-connectionevents/resourceId=/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/TEST/PROVIDERS/MICROSOFT.CACHE/REDISENTERPRISE/AUDITING-SHOEBOX/DATABASES/DEFAULT/y=2023/m=01/d=24/h=10/m=00/PT1H.json",
		},
		{
			cache, "ConnectionEvents", "2023-01-24T10:00:02.3680050Z", redis + `"eventType":"auth","eventStatus":8}}`,
			"insights-logs-connectionevents/resourceId=/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/TEST/PROVIDERS/MICROSOFT.CACHE/REDISENTERPRISE/AUDITING-SHOEBOX/DATABASES/DEFAULT/y=2023/m=01/d=24/h=10/m=00/PT1H.json",
		},
		{
			cache, "ConnectionEvents", "2023-01-24T10:00:03.3680050Z", redis + `"eventType":"close_conn"}}`,
			"insights-logs-connectionevents/resourceId=/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/TEST/PROVIDERS/MICROSOFT.CACHE/REDISENTERPRISE/AUDITING-SHOEBOX/DATABASES/DEFAULT/y=2023/m=01/d=24/h=10/m=00/PT1H.json",
		},
	}
	a := newAccount(t)
	r := a.open(&memoryState{})
	want := map[string]string{}
	var batch []deliver.Item
	for n, s := range samples {
		when, err := time.Parse(time.RFC3339Nano, s.time)
		check(t, err)
		batch = append(batch, deliver.Item{Position: at(n + 1), Record: record.Record{
			Resource: s.id, Category: s.category, Time: when, ID: s.line, Line: []byte(s.line),
		}})
		want[s.blob] += s.line + "\n"
	}
	deliverAll(t, r, batch)
	a.wantContent(want)
}
