package arm

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

// azure returns what a program needs to use the SDK on the server, as a caller.
func (b *bench) azure(token string) (azcore.TokenCredential, *azarm.ClientOptions) {
	b.t.Helper()
	options := policy.ClientOptions{
		Transport: b.Client(),
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: b.URL + "/",
			Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: b.URL, Audience: b.URL}},
		},
	}
	cred, err := azidentity.NewClientSecretCredential("adfs", "app", token, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: options, DisableInstanceDiscovery: true,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return cred, &azarm.ClientOptions{ClientOptions: options}
}

// every resource type, with the least that makes one.
func everyType() []struct{ path, version, location, props string } {
	return []struct{ path, version, location, props string }{
		{"Microsoft.Storage/storageAccounts/sdkaccount", "2024-01-01", "westeurope", `{}`},
		{"Microsoft.SignalRService/SignalR/sdkhub", "2024-03-01", "westeurope", `{}`},
		{"Microsoft.Cache/redisEnterprise/sdkcluster", "2025-04-01", "westeurope", `{}`},
		{"Microsoft.Cache/redisEnterprise/sdkcluster/databases/default", "2025-04-01", "", `{}`},
		{"Microsoft.OperationalInsights/workspaces/sdkworkspace", "2023-09-01", "westeurope", `{}`},
		{"Microsoft.EventHub/namespaces/sdknamespace", "2024-01-01", "westeurope", `{"kafkaEndpoint":"127.0.0.1:9092"}`},
		{"Microsoft.EventHub/namespaces/sdknamespace/authorizationRules/send", "2024-01-01", "", `{"rights":["Send"]}`},
		{"Microsoft.EventHub/namespaces/sdknamespace/eventhubs/hub", "2024-01-01", "", `{}`},
		{"Microsoft.Datadog/monitors/sdkdatadog", "2023-10-20", "westeurope", `{"endpoint":"https://intake.example"}`},
		{"Microsoft.Elastic/monitors/sdkelastic", "2024-03-01", "westeurope", `{"endpoint":"https://elastic.example:9200"}`},
		{"Dynatrace.Observability/monitors/sdkdynatrace", "2023-04-27", "westeurope", `{"endpoint":"https://otlp.example/v1/logs"}`},
		{"NewRelic.Observability/monitors/sdknewrelic", "2024-01-01", "westeurope", `{"endpoint":"https://otlp.example:4318"}`},
	}
}

func TestSDKMakesReadsAndDeletesEveryType(t *testing.T) {
	b := start(t)
	cred, options := b.azure(owner)
	groups, err := armresources.NewResourceGroupsClient(sub, cred, options)
	if err != nil {
		t.Fatal(err)
	}
	clients, err := armresources.NewClient(sub, cred, options)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if _, err := groups.CreateOrUpdate(ctx, "sdk", armresources.ResourceGroup{Location: to.Ptr("West Europe"), Tags: map[string]*string{"a": to.Ptr("b")}}, nil); err != nil {
		t.Fatal(err)
	}
	group := "/subscriptions/" + sub + "/resourceGroups/sdk"
	var ids []string
	for _, c := range everyType() {
		id := group + "/providers/" + c.path
		ids = append(ids, id)
		props, err := parseObject([]byte(c.props))
		if err != nil {
			t.Fatal(err)
		}
		res := armresources.GenericResource{Properties: map[string]any(props)}
		if c.location != "" {
			res.Location = &c.location
			res.Tags = map[string]*string{"for": to.Ptr("test")}
		}
		for range 2 { // the second changes nothing
			poller, err := clients.BeginCreateOrUpdateByID(ctx, id, c.version, res, nil)
			if err != nil {
				t.Fatalf("%s: %v", c.path, err)
			}
			if _, err := poller.PollUntilDone(ctx, nil); err != nil {
				t.Fatalf("%s: %v", c.path, err)
			}
		}
		got, err := clients.GetByID(ctx, strings.ToUpper(id[:1])+id[1:], c.version, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		shown, _ := got.Properties.(map[string]any)
		if *got.ID != id || *got.Name != id[strings.LastIndex(id, "/")+1:] || shown["provisioningState"] != "Succeeded" {
			t.Errorf("%s: got %s %s %v", c.path, *got.ID, *got.Name, shown)
		}
		if exists, err := clients.CheckExistenceByID(ctx, id, c.version, nil); err != nil || !exists.Success {
			t.Errorf("%s: exists %v, %v", c.path, exists, err)
		}
	}

	var listed []string
	for pager := clients.NewListPager(&armresources.ClientListOptions{Filter: to.Ptr("resourceGroup eq 'SDK'"), Top: to.Ptr[int32](3)}); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Value) > 3 {
			t.Errorf("a page of %d", len(page.Value))
		}
		for _, r := range page.Value {
			listed = append(listed, *r.ID)
		}
	}
	if len(listed) != 9 { // those of their own, without children
		t.Errorf("listed %d resources: %v", len(listed), listed)
	}

	poller, err := clients.BeginUpdateByID(ctx, ids[0], "2024-01-01", armresources.GenericResource{Tags: map[string]*string{"x": to.Ptr("y")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := poller.PollUntilDone(ctx, nil); err != nil || len(got.Tags) != 1 || *got.Tags["x"] != "y" || *got.SKU.Name != "Standard_LRS" {
		t.Errorf("update: %v, %v", got.GenericResource, err)
	}
	for i, c := range everyType() {
		if strings.Count(c.path, "/") > 2 {
			continue // goes with its parent
		}
		poller, err := clients.BeginDeleteByID(ctx, ids[i], c.version, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		if _, err := poller.PollUntilDone(ctx, nil); err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
	}
	for i, c := range everyType() {
		var refusal *azcore.ResponseError
		if _, err := clients.GetByID(ctx, ids[i], c.version, nil); !errors.As(err, &refusal) || refusal.StatusCode != http.StatusNotFound {
			t.Errorf("%s: read after delete: %v", c.path, err)
		}
	}
	deleted, err := groups.BeginDelete(ctx, "sdk", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deleted.PollUntilDone(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if exists, err := groups.CheckExistence(ctx, "sdk", nil); err != nil || exists.Success {
		t.Errorf("the group exists: %v, %v", exists.Success, err)
	}
}

func TestSDKProvidersAndLocations(t *testing.T) {
	b := start(t)
	cred, options := b.azure(reader)
	providers, err := armresources.NewProvidersClient(sub, cred, options)
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string][]string)
	for pager := providers.NewListPager(nil); pager.More(); {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Value {
			if *p.RegistrationState != "Registered" {
				t.Errorf("%s is %s", *p.Namespace, *p.RegistrationState)
			}
			for _, typ := range p.ResourceTypes {
				known[*p.Namespace] = append(known[*p.Namespace], *typ.ResourceType)
				if len(typ.APIVersions) == 0 {
					t.Errorf("%s/%s has no version", *p.Namespace, *typ.ResourceType)
				}
			}
		}
	}
	for _, c := range everyType() {
		parts := strings.Split(c.path, "/")
		typ := parts[1]
		if len(parts) > 3 {
			typ += "/" + parts[3]
		}
		if !strings.Contains(fmt.Sprint(known[parts[0]]), typ) {
			t.Errorf("%s/%s is not listed: %v", parts[0], typ, known[parts[0]])
		}
	}
	if got, err := providers.Get(t.Context(), "microsoft.STORAGE", nil); err != nil || *got.Namespace != "Microsoft.Storage" {
		t.Errorf("get: %v", err)
	}
	var refusal *azcore.ResponseError
	if _, err := providers.Register(t.Context(), "Microsoft.Storage", nil); !errors.As(err, &refusal) || refusal.ErrorCode != "AuthorizationFailed" {
		t.Errorf("a reader registers: %v", err)
	}
	if _, err := providers.Get(t.Context(), "Microsoft.Moon", nil); !errors.As(err, &refusal) || refusal.ErrorCode != "InvalidResourceNamespace" {
		t.Errorf("a provider that is not there: %v", err)
	}
}

func TestSDKReadsTheActivityLog(t *testing.T) {
	b := start(t)
	for i := range 150 { // 300 events: two pages
		b.must(http.StatusOK, http.MethodPut, b.account("sdk", "loggedaccount"), storeV, fmt.Sprintf(`{"location":"westeurope","tags":{"n":"%d"}}`, i))
	}
	b.refused(http.StatusBadRequest, "LocationRequired", http.MethodPut, b.group("sdk")+"/providers/Microsoft.SignalRService/SignalR/nowhere", "2024-03-01", `{}`)
	cred, options := b.azure(reader)
	logs, err := armmonitor.NewActivityLogsClient(sub, cred, options)
	if err != nil {
		t.Fatal(err)
	}
	from := b.clock().Add(-24 * time.Hour).Format(time.RFC3339)
	count, pages := map[string]int{}, 0
	last := time.Now().AddDate(1, 0, 0)
	for pager := logs.NewListPager("eventTimestamp ge '"+from+"' and resourceProvider eq 'Microsoft.Storage'", nil); pager.More(); pages++ {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Value {
			count[*e.Status.Value]++
			if *e.Caller != "owner" || *e.Authorization.Action != "Microsoft.Storage/storageAccounts/write" || *e.ResourceGroupName != "sdk" ||
				!strings.HasSuffix(*e.ResourceID, "/loggedaccount") || *e.HTTPRequest.Method != "PUT" || *e.HTTPRequest.ClientIPAddress != "127.0.0.1" {
				t.Fatalf("event %+v", e)
			}
			if e.EventTimestamp.After(last) {
				t.Fatalf("an event of %v after one of %v", e.EventTimestamp, last)
			}
			last = *e.EventTimestamp
		}
	}
	// The account is put once more each time its path is asked for.
	if count["Started"] != 300 || count["Succeeded"] != 300 || pages < 3 {
		t.Errorf("%v on %d pages", count, pages)
	}
	pager := logs.NewListPager("eventTimestamp ge '"+from+"' and status eq 'Failed'", &armmonitor.ActivityLogsClientListOptions{Select: to.Ptr("status,subStatus,level")})
	page, err := pager.NextPage(t.Context())
	if err != nil || len(page.Value) != 1 || *page.Value[0].Level != "Error" || *page.Value[0].SubStatus.Value != "BadRequest" || page.Value[0].Caller != nil {
		t.Errorf("failed: %+v, %v", page.Value, err)
	}
}
