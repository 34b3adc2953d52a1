package interop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/client"
	"reslog/record"
	"reslog/resource"
	"reslog/server"
	"reslog/server/servertest"
)

// emit hands over a record as a front end does, and returns its id.
func emit(t *testing.T, n *servertest.Node, id string, category record.Category, at time.Time, line string) string {
	t.Helper()
	r := record.Record{
		Resource: resource.MustParse(id), Category: category, Time: at, Ended: at,
		ID: fmt.Sprintf("%016x", rand.Uint64()), Line: []byte(line),
	}
	if !n.Emitter().Enabled(r.Resource, category) {
		t.Fatalf("no setting asks for %s of %s", category, id)
	}
	check(t, n.Emitter().Emit(context.WithoutCancel(t.Context()), r))
	return r.ID
}

// Records of the public documents, on one line as they are in an archive: "Monitor
// Azure Managed Redis data using diagnostic settings" and "Resource Logs for Azure
// SignalR Service". The latter masks its subscription and its caller.
const (
	sampleSubscription = "4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B"
	sampleDatabaseID   = "/SUBSCRIPTIONS/" + sampleSubscription + "/RESOURCEGROUPS/TEST/PROVIDERS/MICROSOFT.CACHE/REDISENTERPRISE/AUDITING-SHOEBOX/DATABASES/DEFAULT"
	sampleSignalRID    = "/SUBSCRIPTIONS/" + sampleSubscription + "/RESOURCEGROUPS/TEST/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/XXX"

	sampleRedis = `{"time":"2023-01-24T10:00:02.3680050Z","resourceId":"` + sampleDatabaseID + `","category":"ConnectionEvents","location":"westus",` +
		`"operationName":"Microsoft.Cache/redisEnterprise/databases/ConnectionEvents/Read","properties":{"eventEpochTime":1674554402,` +
		`"id":6185063009002,"clientIP":"20.228.16.39","eventType":"auth","eventStatus":8}}`
	sampleSignalR = `{"properties":{"message":"Entered Serverless mode.","type":"ConnectivityLogs","collection":"Connection",` +
		`"connectionId":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","userId":"User","transportType":"WebSockets","connectionType":"Client"},` +
		`"operationName":"ServerlessModeEntered","category":"AllLogs","level":"Informational","callerIpAddress":"xxx.xxx.xxx.xxx",` +
		`"time":"2019-01-01T00:00:00Z","resourceId":"` + sampleSignalRID + `","location":"xxxx"}`
)

// TestDocumentedRecords has the records of the documents arrive where these say,
// byte for byte.
func TestDocumentedRecords(t *testing.T) {
	mustHaveKcat(t)
	kafka, otlp := newBroker(t), newOTLPReceiver(t)
	const group = "/subscriptions/" + sampleSubscription + "/resourceGroups/TEST/providers/"
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) {
		c.SubscriptionID, c.ResourceGroup, c.Location = sampleSubscription, "TEST", "westus"
		c.Accounts = []server.Account{{Name: archiveAccount}}
		c.Resources = []server.Resource{
			{ID: "Microsoft.Cache/redisEnterprise/auditing-shoebox"},
			{ID: "Microsoft.Cache/redisEnterprise/auditing-shoebox/databases/default"},
			{ID: "Microsoft.SignalRService/SignalR/XXX"},
			{ID: "Microsoft.EventHub/namespaces/hubspace", Properties: map[string]any{"kafkaEndpoint": kafka.addr()}},
			{ID: "Microsoft.Datadog/monitors/mydatadog", Properties: map[string]any{"endpoint": otlp.URL, "protocol": "otlp"}},
		}
	}))
	for _, c := range []struct {
		id, line string
		category record.Category
		at       time.Time
		hub      string // and container
		blob     string
		region   string
		log      otlpLog
	}{
		{
			id: sampleDatabaseID, line: sampleRedis, category: "ConnectionEvents", at: time.Date(2023, 1, 24, 10, 0, 2, 368_005_000, time.UTC),
			hub: "insights-logs-connectionevents", blob: "y=2023/m=01/d=24/h=10/m=00/PT1H.json",
			region: "westus",
			log: otlpLog{attributes: map[string]any{
				"azure.category": "ConnectionEvents", "azure.operation.name": "Microsoft.Cache/redisEnterprise/databases/ConnectionEvents/Read",
				"eventEpochTime": int64(1674554402), "id": int64(6185063009002), "clientIP": "20.228.16.39", "eventType": "auth", "eventStatus": int64(8),
			}},
		},
		{
			id: sampleSignalRID, line: sampleSignalR, category: "AllLogs", at: time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC),
			hub: "insights-logs-alllogs", blob: "y=2019/m=01/d=01/h=00/m=00/PT1H.json",
			region: "xxxx",
			log: otlpLog{body: "Entered Serverless mode.", severity: "Informational", attributes: map[string]any{
				"azure.category": "AllLogs", "azure.operation.name": "ServerlessModeEntered", "network.peer.address": "xxx.xxx.xxx.xxx",
				"type": "ConnectivityLogs", "collection": "Connection", "connectionId": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "userId": "User",
				"transportType": "WebSockets", "connectionType": "Client",
			}},
		},
	} {
		_, err := n.Admin(t).PutSetting(t.Context(), c.id, "all", client.SettingProperties{
			StorageAccountID:            group + "Microsoft.Storage/storageAccounts/" + archiveAccount,
			EventHubAuthorizationRuleID: group + "Microsoft.EventHub/namespaces/hubspace/authorizationRules/RootManageSharedAccessKey",
			MarketplacePartnerID:        group + "Microsoft.Datadog/monitors/mydatadog",
			Logs:                        []client.SettingLog{{Category: string(c.category), Enabled: true}},
		})
		check(t, err)
		uid := emit(t, n, c.id, c.category, c.at, c.line)
		n.Settle(t)

		if d := cmp.Diff(archived{"resourceId=" + c.id + "/" + c.blob: {c.line}}, readArchive(t, n, c.hub)); d != "" {
			t.Errorf("archive (-want +got):\n%s", d)
		}
		messages := runKcat(t, kafka.addr(), c.hub)
		if len(messages) != 1 {
			t.Fatalf("%d messages in %s", len(messages), c.hub)
		}
		want(t, "message", string(messages[0].value), `{"records":[`+c.line+`]}`)
		l, ok := otlp.log(uid)
		if !ok {
			t.Fatalf("OTLP has no record %s", uid)
		}
		delete(l.attributes, "log.record.uid")
		want(t, "time", l.time, uint64(c.at.UnixNano()))
		want(t, "severity", l.severity, c.log.severity)
		want(t, "body", l.body, c.log.body)
		want(t, "region", l.resource["cloud.region"], any(c.region))
		want(t, "resource", l.resource["cloud.resource_id"], any(c.id))
		if d := cmp.Diff(c.log.attributes, l.attributes); d != "" {
			t.Errorf("attributes (-want +got):\n%s", d)
		}
	}
}
