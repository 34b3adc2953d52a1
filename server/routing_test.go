package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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

// TestFiguresOfWorkspaces: what is exported of workspaces and queries follows what
// happens, is forgotten with a workspace, and is what is documented.
func TestFiguresOfWorkspaces(t *testing.T) {
	n := startWithSinks(t)
	if !hasWorkspaces(t, n) {
		return
	}
	route(t, n, devAccountID+"/queueServices/default", []client.SettingLog{{CategoryGroup: "allLogs", Enabled: true}}, nil)
	enqueue(t, n, "jobs", "one")
	n.Settle(t)
	ask(t, n, "StorageQueueLogs | take 1")
	if _, err := n.Admin(t).Query(t.Context(), client.QueryRequest{Workspace: workspaceName, Query: "Nothing | count"}); err == nil {
		t.Fatal("there is a table Nothing")
	}
	page, err := os.ReadFile("../docs/compat/log-analytics.md")
	if err != nil {
		t.Fatal(err)
	}
	const table = `{table="StorageQueueLogs",workspace="search",workspace_id="`
	figures := func() string { return get(t, n.AdminURL()+"/metrics") }
	before := figures()
	for _, want := range []string{
		"reslog_workspace_stored_rows_total" + table, "reslog_workspace_stored_bytes_total" + table,
		`reslog_workspace_rows{state="hot",table="StorageQueueLogs",workspace="search"`, `reslog_workspace_row_bytes{state="closed"`,
		"reslog_workspace_file_bytes" + table, "reslog_workspace_files" + table,
		`reslog_workspace_database_bytes{file="log",workspace="search"`, `reslog_workspace_waiting_rows{workspace="search"`,
		"reslog_workspace_last_checkpoint_timestamp_seconds{", `reslog_workspace_batches_total{outcome="failed"} 0`, "reslog_workspace_batch_seconds_count ",
		`reslog_workspace_retention_runs_total{result="ok",workspace="search"`,
		`reslog_queries_total{result="refused"} 1`, "reslog_queries_running 0", "reslog_queries_queued 0", "reslog_query_seconds_count 3", "reslog_query_rows_total 2",
	} {
		if !strings.Contains(before, "\n"+want) {
			t.Errorf("there is no %s", want)
		}
	}
	for _, line := range strings.Split(before, "\n") {
		name, ok := strings.CutPrefix(line, "# TYPE ")
		if name, _, _ = strings.Cut(name, " "); ok && (strings.HasPrefix(name, "reslog_workspace_") || strings.HasPrefix(name, "reslog_quer")) &&
			!strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("%s is not documented", name)
		}
	}
	group, _, _ := strings.Cut(devAccountID, "/providers/")
	if err := n.Admin(t).DeleteResource(t.Context(), group+"/providers/Microsoft.OperationalInsights/workspaces/"+workspaceName); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the series of the workspace to go", func() bool { return !strings.Contains(figures(), `workspace="search"`) })
}
