package interop

import (
	"strings"
	"testing"

	"reslog/server/servertest"
)

// azTable is a table of a workspace as az prints it.
type azTable struct {
	ID, Name, Plan, ProvisioningState     string
	RetentionInDays, TotalRetentionInDays int
	ArchiveRetentionInDays                int
	Schema                                struct{ Columns, StandardColumns []azColumn }
}

type azColumn struct{ Name, Type string }

// azTables is the answer of a query, as az rest prints it.
type azTables struct {
	Tables []struct {
		Name    string
		Columns []azColumn
		Rows    [][]any
	}
}

// azWorkspaces goes through the life of a workspace, its tables and a setting that
// sends to it.
func azWorkspaces(t *testing.T, n *servertest.Node, a *az) {
	const name = "azspace"
	command := func(words string, more ...string) []string {
		return append(append(strings.Fields("monitor log-analytics workspace "+words), "-g", "reslog"), more...)
	}
	var w struct {
		ID, Name, CustomerID, ProvisioningState, Location string
		RetentionInDays                                   int
		Sku                                               struct{ Name string }
		Tags                                              map[string]string
	}
	a.ok(t, &w, command("create", "-n", name, "-l", "local", "--retention-time", "60", "--sku", "PerGB2018", "--tags", "k=v")...)
	want(t, "name", w.Name, name)
	want(t, "state", w.ProvisioningState, "Succeeded")
	want(t, "retention", w.RetentionInDays, 60)
	want(t, "SKU", w.Sku.Name, "PerGB2018")
	id := w.CustomerID
	a.ok(t, &w, command("update", "-n", name, "--retention-time", "31", "--set", "tags.k=w")...)
	want(t, "retention", w.RetentionInDays, 31)
	want(t, "tag", w.Tags["k"], "w")
	a.ok(t, &w, command("show", "-n", name)...)
	want(t, "customer ID", w.CustomerID, id)
	var list []struct{ Name string }
	a.ok(t, &list, command("list")...)
	want(t, "workspaces", len(list), 2)
	var keys struct{ PrimarySharedKey, SecondarySharedKey string }
	a.ok(t, &keys, command("get-shared-keys", "-n", name)...)
	if keys.PrimarySharedKey == "" || keys.PrimarySharedKey == keys.SecondarySharedKey {
		t.Error("keys are missing, or the same")
	}

	azWorkspaceTables(t, a, command)

	var s azSetting
	a.ok(t, &s, "monitor", "diagnostic-settings", "create", "--resource", devBlobID, "--name", "azrows",
		"--logs", `[{"categoryGroup":"allLogs","enabled":true}]`, "--workspace", name, "--resource-group", "reslog", "--export-to-resource-specific", "true")
	want(t, "workspace", strings.EqualFold(s.WorkspaceID, w.ID), true)
	container := unique(t)
	_, err := n.BlobClient(t).CreateContainer(t.Context(), container, nil)
	check(t, err)
	n.Settle(t)
	url := strings.Replace(n.ControlURL(), "127.0.0.1", "localhost", 1)
	body := `{"query":"StorageBlobLogs | where ObjectKey == '/` + devAccount + `/` + container + `' | project OperationName, StatusCode","timespan":"PT1H"}`
	// With a token for Resource Manager, and with one for the API of the public cloud.
	for _, more := range [][]string{nil, {"--resource", "https://api.loganalytics.io"}} {
		var answer azTables
		a.ok(t, &answer, append([]string{"rest", "--method", "post", "--url", url + "/v1/workspaces/" + id + "/query", "--body", body}, more...)...)
		if len(answer.Tables) != 1 || len(answer.Tables[0].Rows) != 1 || answer.Tables[0].Rows[0][0] != "CreateContainer" || answer.Tables[0].Rows[0][1] != "201" {
			t.Errorf("rows %+v", answer)
		}
	}
	var answer azTables
	a.ok(t, &answer, "rest", "--method", "get", "--url", w.ID+"/api/query?api-version=2020-08-01&query=StorageBlobLogs%20%7C%20count")
	if len(answer.Tables) != 1 || len(answer.Tables[0].Rows) != 1 {
		t.Errorf("by Resource Manager: %+v", answer)
	}
	a.refused(t, 1, "SYN0002", "rest", "--method", "post", "--url", url+"/v1/workspaces/"+id+"/query", "--body", `{"query":"StorageBlobLogs | nosuch"}`)

	a.ok(t, nil, "monitor", "diagnostic-settings", "delete", "--resource", devBlobID, "--name", "azrows")
	a.ok(t, nil, command("delete", "-n", name, "--force", "true", "--yes")...)
	a.refused(t, 3, "(ResourceNotFound)", command("show", "-n", name)...)
}

func azWorkspaceTables(t *testing.T, a *az, command func(words string, more ...string) []string) {
	t.Helper()
	table := func(verb, name string, more ...string) []string {
		return command("table "+verb, append([]string{"--workspace-name", "azspace", "-n", name}, more...)...)
	}
	var made azTable
	a.ok(t, &made, table("create", "Own_CL", "--columns", "TimeGenerated=datetime", "Text=string", "N=long", "--retention-time", "45", "--total-retention-time", "70")...)
	want(t, "table", made.Name, "Own_CL")
	want(t, "retention", made.RetentionInDays, 45)
	want(t, "archive", made.ArchiveRetentionInDays, 25)
	if len(made.Schema.Columns) != 3 || made.Schema.Columns[1] != (azColumn{"Text", "string"}) {
		t.Errorf("columns %+v", made.Schema.Columns)
	}
	a.ok(t, &made, table("update", "Own_CL", "--retention-time", "50")...)
	want(t, "retention", made.RetentionInDays, 50)
	want(t, "total", made.TotalRetentionInDays, 70)
	a.ok(t, &made, table("update", "StorageBlobLogs", "--retention-time", "90")...)
	want(t, "retention", made.RetentionInDays, 90)
	a.ok(t, &made, table("show", "StorageBlobLogs")...)
	want(t, "retention", made.RetentionInDays, 90)
	want(t, "plan", made.Plan, "Analytics")
	var all []azTable
	a.ok(t, &all, command("table list", "--workspace-name", "azspace")...)
	if len(all) < 6 {
		t.Errorf("%d tables", len(all))
	}
	a.refused(t, 1, "(InvalidParameter)", table("create", "NoTime_CL", "--columns", "Text=string")...)
	a.refused(t, 1, "(UnsupportedProperty)", table("update", "StorageBlobLogs", "--plan", "Basic")...)
	a.ok(t, nil, table("delete", "Own_CL", "--yes")...)
	a.refused(t, 3, "(ResourceNotFound)", table("show", "Own_CL")...)
}
