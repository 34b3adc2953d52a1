package interop

import (
	"strings"
	"testing"

	"reslog/server/servertest"
)

// azRedis has azure-cli send the events of the database that the node stands before to
// an archive and a workspace, as "Monitor Azure Managed Redis data using diagnostic
// settings" shows it.
func azRedis(t *testing.T, n *servertest.Node, a *az) {
	a.ok(t, nil, "monitor", "diagnostic-settings", "create",
		"--resource", strings.Replace(redisID, "redisEnterprise", "redisenterprise", 1), "--name", "redislogs",
		"--logs", `[{"category": "ConnectionEvents","enabled": true,"retentionPolicy": {"enabled": false,"days": 0}}]`,
		"--storage-account", archiveID, "--workspace", workspaceID)
	var category struct{ Name, CategoryType string }
	a.ok(t, &category, "monitor", "diagnostic-settings", "categories", "show", "--resource", redisID, "--name", "ConnectionEvents")
	want(t, "category", category.CategoryType, "Logs")
	r := dialRaw(t, n.RedisAddr())
	r.ask("PING\r\n", "+PONG\r\n")
	r.close()
	node := &redisNode{Node: n}
	node.asks = node.asking(t)
	all := node.conversations(t, 1)
	for _, c := range all {
		want(t, "client", c[0].Properties.ClientIP, "127.0.0.1")
	}
}
