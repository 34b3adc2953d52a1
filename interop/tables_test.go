package interop

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azlogs"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/operationalinsights/armoperationalinsights/v2"

	"reslog/server"
	"reslog/server/servertest"
)

// setRetention sets how long a table of the estate's workspace keeps its rows.
func setRetention(t *testing.T, f *armoperationalinsights.ClientFactory, table string, days int32) armoperationalinsights.Table {
	t.Helper()
	p, err := f.NewTablesClient().BeginUpdate(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), table, armoperationalinsights.Table{
		Properties: &armoperationalinsights.TableProperties{RetentionInDays: &days},
	}, nil)
	return done(t, p, err).Table
}

// patchRetention sets how long the estate's workspace keeps its rows.
func patchRetention(t *testing.T, f *armoperationalinsights.ClientFactory, days int32) {
	t.Helper()
	w, err := f.NewWorkspacesClient().Update(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), armoperationalinsights.WorkspacePatch{
		Properties: &armoperationalinsights.WorkspaceProperties{RetentionInDays: &days},
	}, nil)
	check(t, err)
	wantPtr(t, "retention of the workspace", w.Properties.RetentionInDays, days)
}

// TestWorkspacesSDK goes through the life of a workspace with
// armoperationalinsights.
func TestWorkspacesSDK(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil))
	f := insights(t, n, n.Principal(t, []string{"Owner"}))
	c := f.NewWorkspacesClient()
	id := makeWorkspace(t, f, otherWorkspaceID)
	got, err := c.Get(t.Context(), server.DefaultResourceGroup, strings.ToUpper(lastOf(otherWorkspaceID)), nil)
	check(t, err)
	wantPtr(t, "id", got.ID, otherWorkspaceID)
	wantPtr(t, "type", got.Type, "Microsoft.OperationalInsights/workspaces")
	wantPtr(t, "customer ID", got.Properties.CustomerID, id)
	wantPtr(t, "state", got.Properties.ProvisioningState, armoperationalinsights.WorkspaceEntityStatusSucceeded)
	wantPtr(t, "retention", got.Properties.RetentionInDays, 30)
	wantPtr(t, "SKU", got.Properties.SKU.Name, armoperationalinsights.WorkspaceSKUNameEnumPerGB2018)
	if !recent(got.Properties.CreatedDate) {
		t.Errorf("created %v", got.Properties.CreatedDate)
	}
	patched, err := c.Update(t.Context(), server.DefaultResourceGroup, lastOf(otherWorkspaceID), armoperationalinsights.WorkspacePatch{
		Tags: map[string]*string{"k": to.Ptr("v")}, Properties: &armoperationalinsights.WorkspaceProperties{RetentionInDays: to.Ptr(int32(90))},
	}, nil)
	check(t, err)
	wantPtr(t, "retention", patched.Properties.RetentionInDays, 90)
	wantPtr(t, "customer ID", patched.Properties.CustomerID, id) // it stays
	_, err = c.Update(t.Context(), server.DefaultResourceGroup, lastOf(otherWorkspaceID), armoperationalinsights.WorkspacePatch{
		Properties: &armoperationalinsights.WorkspaceProperties{RetentionInDays: to.Ptr(int32(3))},
	}, nil)
	wantCode(t, err, http.StatusBadRequest, "InvalidParameter")

	var names []string
	for pager := c.NewListByResourceGroupPager(server.DefaultResourceGroup, nil); pager.More(); {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		for _, w := range page.Value {
			names = append(names, *w.Name)
		}
	}
	want(t, "workspaces", strings.Join(names, " "), lastOf(otherWorkspaceID)+" "+lastOf(workspaceID))
	page, err := c.NewListPager(nil).NextPage(t.Context())
	check(t, err)
	want(t, "workspaces of the subscription", len(page.Value), 2)

	keys, err := f.NewSharedKeysClient().GetSharedKeys(t.Context(), server.DefaultResourceGroup, lastOf(otherWorkspaceID), nil)
	check(t, err)
	if len(*keys.PrimarySharedKey) < 80 || *keys.PrimarySharedKey == *keys.SecondarySharedKey {
		t.Error("the keys are short, or the same")
	}
	readers := insights(t, n, n.Principal(t, []string{"Log Analytics Reader"}))
	_, err = readers.NewWorkspacesClient().Get(t.Context(), server.DefaultResourceGroup, lastOf(otherWorkspaceID), nil)
	check(t, err)
	_, err = readers.NewSharedKeysClient().GetSharedKeys(t.Context(), server.DefaultResourceGroup, lastOf(otherWorkspaceID), nil)
	wantCode(t, err, http.StatusForbidden, "AuthorizationFailed")

	p, err := c.BeginDelete(t.Context(), server.DefaultResourceGroup, lastOf(otherWorkspaceID), &armoperationalinsights.WorkspacesClientBeginDeleteOptions{Force: to.Ptr(true)})
	done(t, p, err)
	_, err = c.Get(t.Context(), server.DefaultResourceGroup, lastOf(otherWorkspaceID), nil)
	wantCode(t, err, http.StatusNotFound, "ResourceNotFound")
}

// TestTablesSDK goes through the life of tables with armoperationalinsights.
func TestTablesSDK(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil))
	owner := n.Principal(t, []string{"Owner", "Monitoring Metrics Publisher"})
	f := insights(t, n, owner)
	c := f.NewTablesClient()
	create := func(name string, columns ...*armoperationalinsights.Column) (armoperationalinsights.TablesClientCreateOrUpdateResponse, error) {
		p, err := c.BeginCreateOrUpdate(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), name, armoperationalinsights.Table{
			Properties: &armoperationalinsights.TableProperties{
				Plan: to.Ptr(armoperationalinsights.TablePlanEnumAnalytics), RetentionInDays: to.Ptr(int32(45)), TotalRetentionInDays: to.Ptr(int32(70)),
				Schema: &armoperationalinsights.Schema{Name: &name, Columns: columns},
			},
		}, nil)
		if err != nil {
			return armoperationalinsights.TablesClientCreateOrUpdateResponse{}, err
		}
		return done(t, p, nil), nil
	}
	made, err := create(
		"Events_CL", tableColumn("TimeGenerated", armoperationalinsights.ColumnTypeEnumDateTime), tableColumn("Text", armoperationalinsights.ColumnTypeEnumString),
		tableColumn("N", armoperationalinsights.ColumnTypeEnumLong), tableColumn("Extra", armoperationalinsights.ColumnTypeEnumGUID),
	)
	check(t, err)
	checkTable(t, "made", made.Table, "Events_CL", "45 70 25 false false CustomLog", "TimeGenerated:dateTime Text:string N:long Extra:guid")
	got, err := c.Get(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), "Events_CL", nil)
	check(t, err)
	checkTable(t, "got", got.Table, "Events_CL", "45 70 25 false false CustomLog", "TimeGenerated:dateTime Text:string N:long Extra:guid")
	// It can be queried before its first row, and takes rows.
	asker, here := asking(t, n, owner), customerID(t, n, workspaceID)
	want(t, "rows", askLines(t, asker, here, "Events_CL | project Extra | count"), "0")
	endpoint, rule := collecting(t, n, owner, "source")
	upload(t, posting(t, n, owner, endpoint), *rule.Properties.ImmutableID, map[string]any{"TimeGenerated": time.Now(), "Text": "x", "N": 1})
	want(t, "row", askLines(t, asker, here, `Events_CL | project Text, N, Extra`), "x|1|<nil>")

	changed := setRetention(t, f, "Events_CL", 60) // what else the stream has became columns
	checkTable(t, "changed", changed, "Events_CL", "60 70 10 false false CustomLog", "TimeGenerated:dateTime Text:string N:long Extra:guid R:real B:boolean D:dynamic")
	changed = setRetention(t, f, "StorageBlobLogs", -1)
	checkTable(t, "of Microsoft", changed, "StorageBlobLogs", "30 30 0 true true Microsoft", "")

	kinds := map[string]int{}
	for pager := c.NewListByWorkspacePager(server.DefaultResourceGroup, lastOf(workspaceID), nil); pager.More(); {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		for _, table := range page.Value {
			kinds[string(*table.Properties.Schema.TableType)]++
			if len(table.Properties.Schema.StandardColumns) == 0 || *table.Properties.RetentionInDays < 4 {
				t.Errorf("table %s: %+v", *table.Name, table.Properties)
			}
		}
	}
	if kinds["CustomLog"] != 1 || kinds["Microsoft"] < 5 {
		t.Errorf("tables %v", kinds)
	}
	_, err = create("Events", tableColumn("TimeGenerated", armoperationalinsights.ColumnTypeEnumDateTime))
	wantCode(t, err, http.StatusBadRequest, "InvalidParameter")
	_, err = create("NoTime_CL", tableColumn("Text", armoperationalinsights.ColumnTypeEnumString))
	wantCode(t, err, http.StatusBadRequest, "InvalidParameter")
	_, err = create("Events_CL", tableColumn("TimeGenerated", armoperationalinsights.ColumnTypeEnumDateTime), tableColumn("N", armoperationalinsights.ColumnTypeEnumString))
	wantCode(t, err, http.StatusBadRequest, "InvalidParameter") // it is a long
	_, err = c.Get(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), "Nothing_CL", nil)
	wantCode(t, err, http.StatusNotFound, "ResourceNotFound")
	readers := insights(t, n, n.Principal(t, []string{"Log Analytics Reader"})).NewTablesClient()
	_, err = readers.BeginDelete(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), "Events_CL", nil)
	wantCode(t, err, http.StatusForbidden, "AuthorizationFailed")

	p, err := c.BeginDelete(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), "Events_CL", nil)
	done(t, p, err)
	_, err = c.Get(t.Context(), server.DefaultResourceGroup, lastOf(workspaceID), "Events_CL", nil)
	wantCode(t, err, http.StatusNotFound, "ResourceNotFound")
	_, err = asker.QueryWorkspace(t.Context(), here, azlogs.QueryBody{Query: to.Ptr("Events_CL")}, nil)
	wantCode(t, err, http.StatusBadRequest, "BadArgumentError")
	// A new one of its name is empty.
	_, err = create("Events_CL", tableColumn("TimeGenerated", armoperationalinsights.ColumnTypeEnumDateTime), tableColumn("Other", armoperationalinsights.ColumnTypeEnumReal))
	check(t, err)
	want(t, "rows", askLines(t, asker, here, "Events_CL | where isnull(Other) | count"), "0")
}

func tableColumn(name string, typ armoperationalinsights.ColumnTypeEnum) *armoperationalinsights.Column {
	return &armoperationalinsights.Column{Name: &name, Type: &typ}
}

// checkTable compares a table with its retention, total, archived, whether these are
// defaults, and kind; and with its own columns.
func checkTable(t *testing.T, what string, table armoperationalinsights.Table, name, properties, columns string) {
	t.Helper()
	p := table.Properties
	wantPtr(t, what+": id", table.ID, workspaceID+"/tables/"+name)
	wantPtr(t, what+": plan", p.Plan, armoperationalinsights.TablePlanEnumAnalytics)
	wantPtr(t, what+": state", p.ProvisioningState, armoperationalinsights.ProvisioningStateEnumSucceeded)
	want(t, what, fmt.Sprint(*p.RetentionInDays, *p.TotalRetentionInDays, *p.ArchiveRetentionInDays, *p.RetentionInDaysAsDefault, *p.TotalRetentionInDaysAsDefault)+" "+string(*p.Schema.TableType), properties)
	var list []string
	for _, c := range p.Schema.Columns {
		list = append(list, *c.Name+":"+string(*c.Type))
	}
	want(t, what+": columns", strings.Join(list, " "), columns)
}
