package interop

import (
	"testing"

	"reslog/client"
	"reslog/server/servertest"
)

// TestResourceLogsOfServices compares the resource logs of queues and tables, in an
// archive and as rows of a workspace, with what a client did: each request is one
// record, and a transaction is one request.
func TestResourceLogsOfServices(t *testing.T) {
	for service, traffic := range map[string]func(*testing.T, *target, *recorder){
		"queue": queueTraffic,
		"table": func(t *testing.T, g *target, rec *recorder) { tableTraffic(t, g, rec) },
	} {
		t.Run(service, func(t *testing.T) {
			n := servertest.Start(t, estate("", "", nil))
			owner := n.Principal(t, []string{"Owner"})
			_, err := n.Admin(t).PutSetting(t.Context(), serviceID(service), "all", client.SettingProperties{
				StorageAccountID: archiveID, WorkspaceID: workspaceID, LogAnalyticsDestinationType: "Dedicated", Logs: allLogs(),
			})
			check(t, err)
			rec := &recorder{}
			traffic(t, targetOf(n), rec)
			n.Settle(t)
			done := rec.exchanges()
			byID := storageLines(t, n, serviceID(service))
			for _, e := range done {
				id := e.Response.Get("X-Ms-Request-Id")
				lines := byID[id]
				delete(byID, id)
				if len(lines) != 1 {
					t.Errorf("%s %s has %d lines", e.Method, e.URL, len(lines))
					continue
				}
				checkStorageLine(t, service, e, lines[0])
			}
			for id, lines := range byID {
				t.Errorf("%d lines of %s, which nobody asked for: %+v", len(lines), id, lines[0])
			}
			compareRows(t, n, owner, service, done)
			t.Logf("%d requests", len(done))
		})
	}
}
