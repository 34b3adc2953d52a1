package arm

import (
	"context"
	"errors"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
)

// sdkToken is a credential with one token.
type sdkToken string

func (b sdkToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(b), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// sdkClients are the clients of Azure's SDK, calling n.
func sdkClients(t *testing.T, n *settingsNode) (*armmonitor.DiagnosticSettingsClient, *armmonitor.DiagnosticSettingsCategoryClient) {
	t.Helper()
	srv := httptest.NewTLSServer(n)
	t.Cleanup(srv.Close)
	options := &arm.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Cloud: cloud.Configuration{
				ActiveDirectoryAuthorityHost: srv.URL,
				Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: srv.URL, Audience: srv.URL}},
			},
			Transport: srv.Client(),
			Retry:     policy.RetryOptions{MaxRetries: -1},
		},
		DisableRPRegistration: true,
	}
	settings, err := armmonitor.NewDiagnosticSettingsClient(sdkToken("token"), options)
	if err != nil {
		t.Fatal(err)
	}
	categories, err := armmonitor.NewDiagnosticSettingsCategoryClient(sdkToken("token"), options)
	if err != nil {
		t.Fatal(err)
	}
	return settings, categories
}

func TestSettingsWithTheSDK(t *testing.T) {
	ctx := t.Context()
	n := newSettingsNode(t)
	client, _ := sdkClients(t, n)
	want := armmonitor.DiagnosticSettings{
		StorageAccountID: to.Ptr(dstAccount), WorkspaceID: to.Ptr(dstWorkspace), MarketplacePartnerID: to.Ptr(dstMonitor),
		EventHubAuthorizationRuleID: to.Ptr(dstRule), EventHubName: to.Ptr("hub"), LogAnalyticsDestinationType: to.Ptr("Dedicated"),
		Logs:    []*armmonitor.LogSettings{{Category: to.Ptr("AllLogs"), Enabled: to.Ptr(true), RetentionPolicy: &armmonitor.RetentionPolicy{Enabled: to.Ptr(false), Days: to.Ptr(int32(0))}}},
		Metrics: []*armmonitor.MetricSettings{{Category: to.Ptr("AllMetrics"), Enabled: to.Ptr(true), TimeGrain: to.Ptr("PT1M"), RetentionPolicy: &armmonitor.RetentionPolicy{Enabled: to.Ptr(false), Days: to.Ptr(int32(0))}}},
	}
	created, err := client.CreateOrUpdate(ctx, srcChat, "from sdk", armmonitor.DiagnosticSettingsResource{Properties: &want}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if *created.Name != "from sdk" || !reflect.DeepEqual(created.Properties, &want) {
		t.Errorf("created is %+v", created.Properties)
	}
	got, err := client.Get(ctx, srcChat, "FROM SDK", nil)
	if err != nil || *got.Type != "Microsoft.Insights/diagnosticSettings" || !reflect.DeepEqual(got.Properties, &want) {
		t.Errorf("got %+v, %v", got.Properties, err)
	}
	// An update is what was got, changed and put back.
	got.Properties.Logs[0].Enabled = to.Ptr(false)
	if _, err := client.CreateOrUpdate(ctx, srcChat, "from sdk", got.DiagnosticSettingsResource, nil); err != nil {
		t.Fatal(err)
	}
	page, err := client.NewListPager(srcChat, nil).NextPage(ctx)
	if err != nil || len(page.Value) != 1 || *page.Value[0].Properties.Logs[0].Enabled || page.Value[0].Properties.ServiceBusRuleID != nil {
		t.Errorf("listed are %+v, %v", page.Value, err)
	}
	for range 2 {
		if _, err := client.Delete(ctx, srcChat, "from sdk", nil); err != nil {
			t.Error(err)
		}
	}
	page, err = client.NewListPager(srcChat, nil).NextPage(ctx)
	if err != nil || len(page.Value) != 0 {
		t.Errorf("left are %+v, %v", page.Value, err)
	}
}

func TestErrorsWithTheSDK(t *testing.T) {
	ctx := t.Context()
	n := newSettingsNode(t)
	client, categories := sdkClients(t, n)
	put := func(name string, p armmonitor.DiagnosticSettings) error {
		_, err := client.CreateOrUpdate(ctx, srcChat, name, armmonitor.DiagnosticSettingsResource{Properties: &p}, nil)
		return err
	}
	logs := []*armmonitor.LogSettings{{CategoryGroup: to.Ptr("allLogs"), Enabled: to.Ptr(true)}}
	if err := put("one", armmonitor.DiagnosticSettings{StorageAccountID: to.Ptr(dstAccount), Logs: logs}); err != nil {
		t.Fatal(err)
	}
	n.denied["Microsoft.OperationalInsights/workspaces/sharedKeys/action /subscriptions/s/resourcegroups/rg/providers/microsoft.operationalinsights/workspaces/ws"] = true
	_, missing := client.Get(ctx, srcChat, "two", nil)
	_, unsupported := client.Get(ctx, settingsGroup+"Microsoft.Network/networkWatchers/w", "one", nil)
	_, category := categories.Get(ctx, srcChat, "Nope", nil)
	_, exported := client.NewListPager("/subscriptions/s", nil).NextPage(ctx)
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"a conflict":           {put("two", armmonitor.DiagnosticSettings{StorageAccountID: to.Ptr(dstAccount), Logs: logs}), 409, "Conflict"},
		"no destination":       {put("two", armmonitor.DiagnosticSettings{Logs: logs}), 400, "BadRequest"},
		"no such destination":  {put("two", armmonitor.DiagnosticSettings{StorageAccountID: to.Ptr(dstAccount + "none")}), 404, "ResourceNotFound"},
		"no right to a sink":   {put("two", armmonitor.DiagnosticSettings{WorkspaceID: to.Ptr(dstWorkspace)}), 403, "LinkedAuthorizationFailed"},
		"no such setting":      {missing, 404, "ResourceNotFound"},
		"a type without":       {unsupported, 400, "ResourceTypeNotSupported"},
		"no such category":     {category, 404, "ResourceNotFound"},
		"that of subscription": {exported, 400, "ResourceTypeNotSupported"},
	} {
		var refusal *azcore.ResponseError
		if !errors.As(c.err, &refusal) || refusal.StatusCode != c.status || refusal.ErrorCode != c.code {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}

func TestCategoriesWithTheSDK(t *testing.T) {
	_, client := sdkClients(t, newSettingsNode(t))
	page, err := client.NewListPager(srcBlobs, nil).NextPage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range page.Value {
		names = append(names, string(*c.Properties.CategoryType)+" "+*c.Name)
	}
	want := []string{"Logs StorageRead", "Logs StorageWrite", "Logs StorageDelete", "Metrics Transaction", "Metrics Capacity"}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("categories are %q", names)
	}
	one, err := client.Get(t.Context(), srcBlobs, "storageread", nil)
	if err != nil || *one.Name != "StorageRead" || len(one.Properties.CategoryGroups) != 2 || *one.Properties.CategoryGroups[0] != "audit" {
		t.Errorf("one is %+v, %v", one.Properties, err)
	}
}
