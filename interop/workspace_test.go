package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	ingestion "github.com/Azure/azure-sdk-for-go/sdk/monitor/ingestion/azlogs"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/query/azlogs"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/operationalinsights/armoperationalinsights/v2"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
)

// otherWorkspaceID is a workspace beside that of the estate.
const otherWorkspaceID = groupID + "/providers/Microsoft.OperationalInsights/workspaces/elsewhere"

// logsOptions tell the query and ingestion SDKs where the node is. They ask for
// tokens for the audiences of the public cloud, as programs in the field do.
func logsOptions(t *testing.T, n *servertest.Node) policy.ClientOptions {
	t.Helper()
	o := n.ClientOptions(t)
	o.Cloud.Services[azlogs.ServiceName] = cloud.ServiceConfiguration{Endpoint: n.ControlURL() + "/v1", Audience: "https://api.loganalytics.io"}
	o.Cloud.Services[ingestion.ServiceNameIngestion] = cloud.ServiceConfiguration{Audience: "https://monitor.azure.com"}
	return o
}

// asking is the SDK's query client, signed in as a principal.
func asking(t *testing.T, n *servertest.Node, p client.Principal) *azlogs.Client {
	t.Helper()
	c, err := azlogs.NewClient(n.Credential(t, p), &azlogs.ClientOptions{ClientOptions: logsOptions(t, n)})
	check(t, err)
	return c
}

// posting is the SDK's ingestion client for an endpoint, signed in as a principal.
func posting(t *testing.T, n *servertest.Node, p client.Principal, endpoint string) *ingestion.Client {
	t.Helper()
	c, err := ingestion.NewClient(endpoint, n.Credential(t, p), &ingestion.ClientOptions{ClientOptions: logsOptions(t, n)})
	check(t, err)
	return c
}

// insights are the SDK's clients of workspaces.
func insights(t *testing.T, n *servertest.Node, p client.Principal) *armoperationalinsights.ClientFactory {
	t.Helper()
	f, err := armoperationalinsights.NewClientFactory(server.DefaultSubscriptionID, n.Credential(t, p), &arm.ClientOptions{ClientOptions: n.ClientOptions(t)})
	check(t, err)
	return f
}

// lastOf is the name in a resource ID.
func lastOf(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// done waits for a long-running operation.
func done[T any](t *testing.T, p *runtime.Poller[T], err error) T {
	t.Helper()
	check(t, err)
	v, err := p.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: 10 * time.Millisecond})
	check(t, err)
	return v
}

// makeWorkspace makes a workspace and returns its customer ID.
func makeWorkspace(t *testing.T, f *armoperationalinsights.ClientFactory, id string) string {
	t.Helper()
	p, err := f.NewWorkspacesClient().BeginCreateOrUpdate(t.Context(), server.DefaultResourceGroup, lastOf(id), armoperationalinsights.Workspace{
		Location: to.Ptr(server.DefaultLocation),
		Properties: &armoperationalinsights.WorkspaceProperties{
			RetentionInDays: to.Ptr(int32(30)), SKU: &armoperationalinsights.WorkspaceSKU{Name: to.Ptr(armoperationalinsights.WorkspaceSKUNameEnumPerGB2018)},
		},
	}, nil)
	w := done(t, p, err)
	if w.Properties.CustomerID == nil {
		t.Fatalf("a workspace without a customer ID: %+v", w.Workspace)
	}
	return *w.Properties.CustomerID
}

// customerID is what queries call a workspace.
func customerID(t *testing.T, n *servertest.Node, id string) string {
	t.Helper()
	r, err := n.Admin(t).Resource(t.Context(), id)
	check(t, err)
	var p struct {
		CustomerID string `json:"customerId"`
	}
	check(t, json.Unmarshal(r.Properties, &p))
	return p.CustomerID
}

// askWorkspace runs a query that must succeed whole, and returns its first table.
func askWorkspace(t *testing.T, c *azlogs.Client, workspace, text string) azlogs.Table {
	t.Helper()
	r, err := c.QueryWorkspace(t.Context(), workspace, azlogs.QueryBody{Query: &text}, nil)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if r.Error != nil || len(r.Tables) == 0 {
		t.Fatalf("%s: %d tables, error %v", text, len(r.Tables), r.Error)
	}
	return r.Tables[0]
}

// askLines are the rows of a query, one a line, values separated by "|".
func askLines(t *testing.T, c *azlogs.Client, workspace, text string) string {
	t.Helper()
	return linesOf(askWorkspace(t, c, workspace, text))
}

func linesOf(table azlogs.Table) string {
	var lines []string
	for _, row := range table.Rows {
		var values []string
		for _, v := range row {
			values = append(values, fmt.Sprint(v))
		}
		lines = append(lines, strings.Join(values, "|"))
	}
	return strings.Join(lines, "\n")
}

// columnsOf are the columns of a table as "name:type", separated by blanks.
func columnsOf(table azlogs.Table) string {
	var list []string
	for _, c := range table.Columns {
		list = append(list, *c.Name+":"+string(*c.Type))
	}
	return strings.Join(list, " ")
}

// collecting makes an endpoint and a rule whose stream Custom-Events becomes rows
// of Events_CL, and returns the endpoint's address and the rule.
func collecting(t *testing.T, n *servertest.Node, p client.Principal, transform string) (string, armmonitor.DataCollectionRuleResource) {
	t.Helper()
	f, err := armmonitor.NewClientFactory(server.DefaultSubscriptionID, n.Credential(t, p), &arm.ClientOptions{ClientOptions: n.ClientOptions(t)})
	check(t, err)
	endpoint, err := f.NewDataCollectionEndpointsClient().Create(t.Context(), server.DefaultResourceGroup, "endpoint", armmonitor.DataCollectionEndpointResource{
		Location: to.Ptr(server.DefaultLocation), Properties: &armmonitor.DataCollectionEndpointResourceProperties{},
	}, nil)
	check(t, err)
	if endpoint.Properties.LogsIngestion == nil || endpoint.Properties.LogsIngestion.Endpoint == nil {
		t.Fatalf("the endpoint has no address: %+v", endpoint.Properties)
	}
	rule, err := f.NewDataCollectionRulesClient().Create(t.Context(), server.DefaultResourceGroup, "rule", armmonitor.DataCollectionRuleResource{
		Location: to.Ptr(server.DefaultLocation), Properties: &armmonitor.DataCollectionRuleResourceProperties{
			DataCollectionEndpointID: endpoint.ID,
			StreamDeclarations: map[string]*armmonitor.StreamDeclaration{"Custom-Events": {Columns: []*armmonitor.ColumnDefinition{
				column("TimeGenerated", armmonitor.KnownColumnDefinitionTypeDatetime), column("Text", armmonitor.KnownColumnDefinitionTypeString),
				column("N", armmonitor.KnownColumnDefinitionTypeLong), column("R", armmonitor.KnownColumnDefinitionTypeReal),
				column("B", armmonitor.KnownColumnDefinitionTypeBoolean), column("D", armmonitor.KnownColumnDefinitionTypeDynamic),
			}}},
			Destinations: &armmonitor.DataCollectionRuleDestinations{LogAnalytics: []*armmonitor.LogAnalyticsDestination{{
				Name: to.Ptr("here"), WorkspaceResourceID: to.Ptr(workspaceID),
			}}},
			DataFlows: []*armmonitor.DataFlow{{
				Streams: []*armmonitor.KnownDataFlowStreams{to.Ptr(armmonitor.KnownDataFlowStreams("Custom-Events"))}, Destinations: []*string{to.Ptr("here")},
				TransformKql: &transform, OutputStream: to.Ptr("Custom-Events_CL"),
			}},
		},
	}, nil)
	check(t, err)
	if rule.Properties.ImmutableID == nil {
		t.Fatalf("the rule has no immutable id: %+v", rule.Properties)
	}
	wantPtr(t, "workspace of the rule", rule.Properties.Destinations.LogAnalytics[0].WorkspaceID, customerID(t, n, workspaceID))
	return *endpoint.Properties.LogsIngestion.Endpoint, rule.DataCollectionRuleResource
}

func column(name string, typ armmonitor.KnownColumnDefinitionType) *armmonitor.ColumnDefinition {
	return &armmonitor.ColumnDefinition{Name: &name, Type: &typ}
}

// upload posts objects that must be taken.
func upload(t *testing.T, c *ingestion.Client, rule string, objects ...map[string]any) {
	t.Helper()
	body, err := json.Marshal(objects)
	check(t, err)
	_, err = c.Upload(t.Context(), rule, "Custom-Events", body, nil)
	check(t, err)
}

// refusedAs reports when err is not a refusal with this status and code.
func refusedAs(t *testing.T, what string, err error, status int, code string) {
	t.Helper()
	var re *azcore.ResponseError
	if !errors.As(err, &re) {
		t.Errorf("%s: error %v, want %d %s", what, err, status, code)
		return
	}
	if re.StatusCode != status || re.ErrorCode != code {
		t.Errorf("%s: refused with %d %s, want %d %s", what, re.StatusCode, re.ErrorCode, status, code)
	}
}
