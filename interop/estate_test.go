package interop

import (
	"strings"
	"testing"
	"time"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
)

// The resources of a node whose settings are tested, below where it puts what
// has no place of its own.
const (
	groupID = "/subscriptions/" + server.DefaultSubscriptionID + "/resourceGroups/" + server.DefaultResourceGroup

	// archiveAccount receives archives. A source must not archive to itself.
	archiveAccount = "archive"

	databaseID  = groupID + "/providers/Microsoft.Cache/redisEnterprise/cache/databases/default"
	signalRID   = groupID + "/providers/Microsoft.SignalRService/SignalR/chat"
	devBlobID   = groupID + "/providers/Microsoft.Storage/storageAccounts/" + devAccount + "/blobServices/default"
	archiveID   = groupID + "/providers/Microsoft.Storage/storageAccounts/" + archiveAccount
	namespaceID = groupID + "/providers/Microsoft.EventHub/namespaces/hubspace"
	hubRuleID   = namespaceID + "/authorizationRules/send"
	workspaceID = groupID + "/providers/Microsoft.OperationalInsights/workspaces/insights"
	datadogID   = groupID + "/providers/Microsoft.Datadog/monitors/mydatadog"
)

// estate is the option of a node with those resources. Nothing listens at kafka
// or partner unless the test says so: an address that is "" is one of nobody.
func estate(kafka, partner string, properties map[string]any) servertest.Option {
	if kafka == "" {
		kafka = "127.0.0.1:1"
	}
	if partner == "" {
		partner = "http://127.0.0.1:1"
	}
	monitor := map[string]any{"endpoint": partner}
	for k, v := range properties {
		monitor[k] = v
	}
	return servertest.WithConfig(func(c *server.Config) {
		c.Accounts = append(c.Accounts, server.Account{Name: archiveAccount})
		c.Resources = append(
			c.Resources,
			server.Resource{ID: "Microsoft.Cache/redisEnterprise/cache"},
			server.Resource{ID: databaseID},
			server.Resource{ID: signalRID},
			server.Resource{ID: namespaceID, Properties: map[string]any{"kafkaEndpoint": kafka}},
			server.Resource{ID: hubRuleID, Properties: map[string]any{"rights": []any{"Listen", "Manage", "Send"}}},
			server.Resource{ID: workspaceID},
			server.Resource{ID: datadogID, Properties: monitor},
		)
	})
}

// serviceID is the resource of a service of the development account.
func serviceID(service string) string {
	return strings.Replace(devBlobID, "/blobServices/", "/"+service+"Services/", 1)
}

// allLogs asks for everything that a resource logs.
func allLogs() []client.SettingLog {
	return []client.SettingLog{{CategoryGroup: "allLogs", Enabled: true}}
}

// patience bounds what tests of destinations wait for: a client may take half a
// minute to see that nobody answers, on a machine that has other work.
const patience = 2 * time.Minute

// eventually waits until fn is true. It looks ever more rarely, as a caller may ask a
// workspace 200 times in 30 seconds.
func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	pause := 10 * time.Millisecond
	for deadline := time.Now().Add(patience); !fn(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
		pause = min(pause*5/4, 300*time.Millisecond)
	}
}
