package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
)

// Where the tests of settings send to.
const (
	archiveAccount = "archive"
	workspaceName  = "search"
)

// startWithSinks starts a node with another account and a workspace.
func startWithSinks(t *testing.T, options ...servertest.Option) *servertest.Node {
	t.Helper()
	return servertest.Start(t, append([]servertest.Option{servertest.WithConfig(func(c *server.Config) {
		c.Accounts = append(c.Accounts, server.Account{Name: archiveAccount})
		c.Resources = append(c.Resources, server.Resource{ID: "Microsoft.OperationalInsights/workspaces/" + workspaceName})
	})}, options...)...)
}

// route makes a setting of a resource that sends to both.
func route(t *testing.T, n *servertest.Node, resource string, logs []client.SettingLog, metrics []client.SettingMetric) {
	t.Helper()
	group, _, _ := strings.Cut(devAccountID, "/providers/")
	_, err := n.Admin(t).PutSetting(t.Context(), resource, "all", client.SettingProperties{
		StorageAccountID: group + "/providers/Microsoft.Storage/storageAccounts/" + archiveAccount,
		WorkspaceID:      group + "/providers/Microsoft.OperationalInsights/workspaces/" + workspaceName,
		Logs:             logs,
		Metrics:          metrics,
	})
	if err != nil {
		t.Fatalf("make a setting of %s: %v", resource, err)
	}
}

// archived are the lines of a container of the archive.
func archived(t *testing.T, n *servertest.Node, container string) []map[string]any {
	t.Helper()
	c := n.BlobClientFor(t, archiveAccount, nil)
	var list []map[string]any
	for pages := c.NewListBlobsFlatPager(container, nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if bloberror.HasCode(err, bloberror.ContainerNotFound) {
			return nil
		}
		if err != nil {
			t.Fatalf("list %s: %v", container, err)
		}
		for _, item := range page.Segment.BlobItems {
			resp, err := c.DownloadStream(t.Context(), container, *item.Name, nil)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err != nil {
				t.Fatal(err)
			}
			for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
				var line map[string]any
				if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
					t.Fatalf("%s/%s: %v", container, *item.Name, err)
				}
				list = append(list, line)
			}
		}
	}
	return list
}

// ask returns the rows of a query, values separated by blanks.
func ask(t *testing.T, n *servertest.Node, query string) []string {
	t.Helper()
	answer, err := n.Admin(t).Query(t.Context(), client.QueryRequest{Workspace: workspaceName, Query: query})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var rows []string
	for _, row := range answer.Tables[0].Rows {
		var values []string
		for _, v := range row {
			values = append(values, fmt.Sprint(v))
		}
		rows = append(rows, strings.Join(values, " "))
	}
	return rows
}

// eventually waits until fn is true. It looks ever more rarely, as a caller may ask a
// workspace 200 times in 30 seconds.
func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	pause := 20 * time.Millisecond
	for deadline := time.Now().Add(2 * time.Minute); !fn(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		pause = min(pause*5/4, 300*time.Millisecond)
	}
}

// The records of queues and tables go where their settings say, as those of blobs
// do: as lines of an archive, and as rows of the documented tables.
func TestQueuesAndTablesAreRouted(t *testing.T) {
	n := startWithSinks(t)
	all := []client.SettingLog{{CategoryGroup: "allLogs", Enabled: true}}
	route(t, n, devAccountID+"/queueServices/default", all, nil)
	route(t, n, devAccountID+"/tableServices/default", all, nil)
	q := enqueue(t, n, "jobs", "one")
	if _, err := q.DequeueMessage(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	c := insert(t, n, "Orders", "1")
	transact(t, c, "2", "3")
	if _, err := c.GetEntity(t.Context(), "p", "4", nil); err == nil {
		t.Error("there is an entity that nobody made")
	}
	if _, err := c.Delete(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	n.Settle(t)

	want := map[string]bool{
		"StorageWrite queueServices CreateQueue 201": true, "StorageWrite queueServices PutMessage 201": true,
		"StorageWrite queueServices GetMessageWrite 200": true, "StorageWrite tableServices CreateTable 201": true,
		"StorageWrite tableServices InsertEntity 201": true, "StorageWrite tableServices EntityGroupTransaction 202": true,
		"StorageRead tableServices QueryEntity 404": true, "StorageDelete tableServices DeleteTable 204": true,
	}
	for _, category := range []string{"StorageRead", "StorageWrite", "StorageDelete"} {
		for _, line := range archived(t, n, "insights-logs-"+strings.ToLower(category)) {
			typ, _ := line["resourceType"].(string)
			key := fmt.Sprintf("%v %s %v %v", line["category"], typ[strings.LastIndexByte(typ, '/')+1:], line["operationName"], line["statusCode"])
			if !want[key] {
				t.Errorf("the archive has %s, or has it twice", key)
			}
			delete(want, key)
		}
	}
	for key := range want {
		t.Errorf("the archive has no %s", key)
	}
	for table, rows := range map[string]string{
		"StorageQueueLogs": "CreateQueue 201 /devstoreaccount1/jobs queue|GetMessageWrite 200 /devstoreaccount1/jobs queue|PutMessage 201 /devstoreaccount1/jobs queue",
		"StorageTableLogs": "CreateTable 201 /devstoreaccount1/Orders table|DeleteTable 204 /devstoreaccount1/Orders table|" +
			"EntityGroupTransaction 202 /devstoreaccount1 table|InsertEntity 201 /devstoreaccount1/Orders/p/1 table|QueryEntity 404 /devstoreaccount1/Orders/p/4 table",
	} {
		if !hasWorkspaces(t, n) {
			continue
		}
		got := strings.Join(ask(t, n, table+" | sort by OperationName asc | project OperationName, StatusCode, ObjectKey, ServiceType"), "|")
		if got != rows {
			t.Errorf("%s has\n%s, want\n%s", table, strings.ReplaceAll(got, "|", "\n"), strings.ReplaceAll(rows, "|", "\n"))
		}
	}
}

// hasWorkspaces reports whether the node can hold workspaces: it cannot when it was
// built without cgo.
func hasWorkspaces(t *testing.T, n *servertest.Node) bool {
	t.Helper()
	_, err := n.Admin(t).Query(t.Context(), client.QueryRequest{Workspace: workspaceName, Query: "print 1"})
	var refused *client.NodeError
	return !errors.As(err, &refused) || refused.Status != 501
}
