package interop

import (
	"testing"
	"time"

	"reslog/server"
	"reslog/server/servertest"
)

// ownSignalRID is the SignalR service that a node has from the start.
const ownSignalRID = groupID + "/providers/Microsoft.SignalRService/SignalR/signalr"

// TestNodeSignalR has clients of @microsoft/signalr at a node, which another node sends
// to, and asks the workspace of the node what they did, as the documentation of the logs
// does. What else clients do is in package signalr.
func TestNodeSignalR(t *testing.T) {
	install(t)
	join := func(peers ...string) servertest.Option {
		return servertest.WithConfig(func(c *server.Config) {
			c.ClusterAddr, c.ClusterPeers, c.ClusterSecret = "127.0.0.1:0", peers, "the-same-on-all-nodes"
		})
	}
	n := servertest.Start(t, estate("", "", nil), join())
	other := servertest.Start(t, join(n.ClusterAddr()))
	_, err := n.Admin(t).PutSetting(t.Context(), ownSignalRID, "rows", toWorkspace(workspaceID, "Dedicated"))
	check(t, err)
	runNode(
		t, "signalr/node.test.js", "RESLOG_SIGNALR="+n.SignalRURL(), "RESLOG_SIGNALR_OTHER="+other.SignalRURL(),
		"RESLOG_SIGNALR_KEY="+server.DevSignalRKey, "RESLOG_SIGNALR_SECONDARY=-", "RESLOG_SIGNALR_CONTROL=-",
	)
	c, here := asking(t, n, n.Principal(t, []string{"Log Analytics Reader"})), customerID(t, n, workspaceID)
	for _, v := range []struct{ query, want string }{
		{
			`SignalRServiceDiagnosticLogs | where OperationName == "ConnectionStarted" | summarize count(), dcount(UserId), dcount(HubName) by TransportType, ConnectionType | order by TransportType asc`,
			"LongPolling|Client|2|2|2\nServerSentEvents|Client|1|1|1\nWebSockets|Client|2|2|2",
		},
		{
			`SignalRServiceDiagnosticLogs | where OperationName in ("ConnectionEnded", "ConnectionAborted") | summarize count() by OperationName, Message`,
			"ConnectionEnded|Connection ended. Reason: The client closed the connection|5",
		},
		{
			`SignalRServiceDiagnosticLogs | where Collection == "Authorization" and Message startswith "Failed to validate audience. Expected Audiences: http://127.0.0.1/client/?hub=closed" | count`,
			"1",
		},
		{`SignalRServiceDiagnosticLogs | where Collection == "Authorization" | count`, "2"},
	} {
		var got string
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
			if got = askLines(t, c, here, v.query); got == v.want {
				break
			}
		}
		want(t, v.query, got, v.want)
	}
}
