package interop

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
)

// monitor returns the SDK's clients, signed in as a principal.
func monitor(t *testing.T, n *servertest.Node, p client.Principal) (*armmonitor.DiagnosticSettingsClient, *armmonitor.DiagnosticSettingsCategoryClient) {
	t.Helper()
	factory, err := armmonitor.NewClientFactory(server.DefaultSubscriptionID, n.Credential(t, p), &arm.ClientOptions{ClientOptions: n.ClientOptions(t)})
	check(t, err)
	return factory.NewDiagnosticSettingsClient(), factory.NewDiagnosticSettingsCategoryClient()
}

// toArchive is a setting that archives all that a resource logs.
func toArchive() armmonitor.DiagnosticSettingsResource {
	return armmonitor.DiagnosticSettingsResource{Properties: &armmonitor.DiagnosticSettings{
		StorageAccountID: to.Ptr(archiveID),
		Logs:             []*armmonitor.LogSettings{{CategoryGroup: to.Ptr("allLogs"), Enabled: to.Ptr(true)}},
	}}
}

func TestMonitorSDK(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil))
	owner := n.Principal(t, []string{"Owner"})
	settings, categories := monitor(t, n, owner)
	ctx := t.Context()

	wrong := owner
	wrong.Password = "not-the-secret"
	_, err := n.Credential(t, wrong).GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{n.ControlURL() + "/.default"}})
	if failed := (*azidentity.AuthenticationFailedError)(nil); !errors.As(err, &failed) || failed.RawResponse.StatusCode != http.StatusUnauthorized {
		t.Fatalf("a wrong secret: %v", err)
	}

	made, err := settings.CreateOrUpdate(ctx, devBlobID, "all", toArchive(), nil)
	check(t, err)
	wantPtr(t, "name", made.Name, "all")
	wantPtr(t, "type", made.Type, "Microsoft.Insights/diagnosticSettings")
	wantPtr(t, "storage account", made.Properties.StorageAccountID, archiveID)
	read, err := settings.Get(ctx, strings.ToUpper(devBlobID[1:]), "ALL", nil)
	check(t, err)
	wantPtr(t, "id", read.ID, *made.ID)
	wantPtr(t, "group", read.Properties.Logs[0].CategoryGroup, "allLogs")
	page, err := settings.NewListPager(devBlobID, nil).NextPage(ctx)
	check(t, err)
	want(t, "settings", len(page.Value), 1)
	read.Properties.Logs[0].Enabled = to.Ptr(false)
	changed, err := settings.CreateOrUpdate(ctx, devBlobID, "all", read.DiagnosticSettingsResource, nil) // what was read can be put
	check(t, err)
	wantPtr(t, "enabled", changed.Properties.Logs[0].Enabled, false)

	bad := toArchive()
	bad.Properties.Logs[0] = &armmonitor.LogSettings{Category: to.Ptr("AllLogs"), Enabled: to.Ptr(true)}
	_, err = settings.CreateOrUpdate(ctx, devBlobID, "bad", bad, nil)
	wantCode(t, err, http.StatusBadRequest, "BadRequest")
	_, err = settings.Get(ctx, devBlobID, "bad", nil)
	wantCode(t, err, http.StatusNotFound, "ResourceNotFound")
	readers, _ := monitor(t, n, n.Principal(t, []string{"Reader"}))
	_, err = readers.Get(ctx, devBlobID, "all", nil)
	check(t, err)
	_, err = readers.Delete(ctx, devBlobID, "all", nil)
	wantCode(t, err, http.StatusForbidden, "AuthorizationFailed")
	_, err = settings.Delete(ctx, devBlobID, "all", nil)
	check(t, err)
	_, err = settings.Delete(ctx, devBlobID, "all", nil) // what is gone is no mistake
	check(t, err)
	_, err = settings.Get(ctx, devBlobID, "all", nil)
	wantCode(t, err, http.StatusNotFound, "ResourceNotFound")

	var names []string
	for pager := categories.NewListPager(databaseID, nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		check(t, err)
		for _, c := range page.Value {
			names = append(names, *c.Name+" "+string(*c.Properties.CategoryType))
		}
	}
	want(t, "categories", strings.Join(names, ", "), "ConnectionEvents Logs")
	category, err := categories.Get(ctx, signalRID, "alllogs", nil)
	check(t, err)
	wantPtr(t, "name", category.Name, "AllLogs")
	want(t, "groups", *category.Properties.CategoryGroups[0], "allLogs")

	resources, err := armresources.NewClient(server.DefaultSubscriptionID, n.Credential(t, owner), &arm.ClientOptions{ClientOptions: n.ClientOptions(t)})
	check(t, err)
	kinds := map[string]int{}
	for pager := resources.NewListByResourceGroupPager(server.DefaultResourceGroup, nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		check(t, err)
		for _, r := range page.Value {
			kinds[*r.Type]++
		}
	}
	want(t, "accounts", kinds["Microsoft.Storage/storageAccounts"], 2)
	want(t, "hubs", kinds["Microsoft.SignalRService/SignalR"], 2) // and the one of the node
}

// TestSettingTakesEffect measures from the answer to a setting until the first
// record is in the archive. Azure announces 90 minutes; we promise a second, which
// a test on a busy machine cannot hold anybody to.
func TestSettingTakesEffect(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil))
	settings, _ := monitor(t, n, n.Principal(t, []string{"Owner"}))
	source := n.BlobClient(t)
	_, err := settings.CreateOrUpdate(t.Context(), devBlobID, "all", toArchive(), nil)
	check(t, err)
	began := time.Now()
	_, err = source.CreateContainer(t.Context(), unique(t), nil)
	check(t, err)
	for {
		lines := readArchive(t, n, "insights-logs-storagewrite").all()
		took := time.Since(began)
		if len(lines) > 0 {
			t.Logf("the record of the first request was in the archive %v after the answer to the setting", took.Round(time.Millisecond))
			return
		}
		if took > patience {
			t.Fatalf("the first record is not in the archive after %v", took)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestArchive compares an archive with what a client did.
func TestArchive(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil))
	settings, _ := monitor(t, n, n.Principal(t, []string{"Owner"}))
	_, err := settings.CreateOrUpdate(t.Context(), devBlobID, "all", toArchive(), nil)
	check(t, err)
	g := &target{URL: n.AccountURL(devAccount), Account: devAccount, Key: devKey}
	rec := &recorder{}
	traffic(t, g, rec)
	n.Settle(t)
	byID := storageLines(t, n, devBlobID)
	done := rec.exchanges()
	for _, e := range done {
		id := e.Response.Get("X-Ms-Request-Id")
		lines := byID[id]
		if len(lines) != 1 {
			t.Errorf("%s %s has %d lines", e.Method, e.URL, len(lines))
			continue
		}
		checkStorageLine(t, "blob", e, lines[0])
		delete(byID, id)
	}
	for id, lines := range byID {
		t.Errorf("%d lines of %s, which nobody asked for: %+v", len(lines), id, lines[0])
	}
	t.Logf("%d requests", len(done))

	_, err = settings.Delete(t.Context(), devBlobID, "all", nil)
	check(t, err)
	_, err = g.service(t).GetProperties(t.Context(), nil)
	check(t, err)
	n.Settle(t)
	want(t, "lines after the setting is gone", len(storageLines(t, n, devBlobID)), len(done))
}

// checkStorageLine compares a line of a service with what the client saw.
func checkStorageLine(t *testing.T, service string, e exchange, l storageLine) {
	t.Helper()
	what := e.Operation + ": "
	want(t, what+"operationName", l.OperationName, e.Operation)
	want(t, what+"operationVersion", l.OperationVersion, e.Request.Get("X-Ms-Version"))
	want(t, what+"statusCode", l.StatusCode, any(float64(e.Status)))
	if code := e.Response.Get("X-Ms-Error-Code"); code != "" {
		want(t, what+"statusText", l.StatusText, code)
	} else if l.StatusText == "" {
		t.Error(what + "no statusText")
	}
	want(t, what+"schemaVersion", l.SchemaVersion, "1.0")
	want(t, what+"resourceId", l.ResourceID, serviceID(service))
	want(t, what+"location", l.Location, server.DefaultLocation)
	want(t, what+"protocol", l.Protocol, "HTTP")
	want(t, what+"resourceType", l.ResourceType, "Microsoft.Storage/storageAccounts/"+service+"Services")
	if at, err := time.Parse("2006-01-02T15:04:05.0000000Z", l.Time); err != nil || !recent(&at) {
		t.Errorf("%stime %s: %v", what, l.Time, err)
	}
	if l.DurationMs == nil || !strings.HasPrefix(l.CallerIPAddress, "127.0.0.1:") {
		t.Errorf("%sduration %v, caller %s", what, l.DurationMs, l.CallerIPAddress)
	}
	if etag := e.Response.Get("Etag"); etag != "" {
		want(t, what+"etag", l.Properties["etag"], any(etag))
	}
	if e.Key != "" {
		want(t, what+"objectKey", l.Properties["objectKey"], any(e.Key))
	}
	want(t, what+"serviceType", l.Properties["serviceType"], any(service))
	want(t, what+"accountName", l.Properties["accountName"], any(devAccount))
	want(t, what+"userAgentHeader", l.Properties["userAgentHeader"], any(e.Request.Get("User-Agent")))
	switch {
	case strings.Contains(e.URL, "sig="):
		want(t, what+"identity", l.Identity.Type, "SAS")
	case e.Request.Get("Authorization") != "":
		want(t, what+"identity", l.Identity.Type, "AccountKey")
	default:
		want(t, what+"identity", l.Identity.Type, "Anonymous")
	}
	if sig := "sig="; strings.Contains(l.URI, sig) && !strings.Contains(l.URI, "sig=XXXXX") {
		t.Errorf("%sa signature is in the uri %s", what, l.URI)
	}
}
