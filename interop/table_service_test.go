package interop

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

func TestTableServiceProperties(t *testing.T) {
	svc := open(t).tables(t)
	ctx := t.Context()
	none := &aztables.RetentionPolicy{Enabled: to.Ptr(false)}
	logging := func(version string, days int32) *aztables.Logging {
		return &aztables.Logging{
			Version: &version, Read: to.Ptr(true), Write: to.Ptr(true), Delete: to.Ptr(false),
			RetentionPolicy: &aztables.RetentionPolicy{Enabled: to.Ptr(true), Days: &days},
		}
	}
	_, err := svc.SetProperties(ctx, aztables.ServiceProperties{
		Logging: logging("1.0", 7),
		HourMetrics: &aztables.Metrics{
			Version: to.Ptr("1.0"), Enabled: to.Ptr(true), IncludeAPIs: to.Ptr(true),
			RetentionPolicy: &aztables.RetentionPolicy{Enabled: to.Ptr(true), Days: to.Ptr(int32(3))},
		},
		MinuteMetrics: &aztables.Metrics{Version: to.Ptr("1.0"), Enabled: to.Ptr(true), IncludeAPIs: to.Ptr(false), RetentionPolicy: none},
		Cors: []*aztables.CorsRule{{
			AllowedOrigins: to.Ptr("http://example.com"), AllowedMethods: to.Ptr("GET,MERGE"), AllowedHeaders: to.Ptr("x-ms-meta-data*"),
			ExposedHeaders: to.Ptr("x-ms-meta-*"), MaxAgeInSeconds: to.Ptr(int32(500)),
		}},
	}, nil)
	check(t, err)
	got, err := svc.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "version", got.Logging.Version, "1.0")
	wantPtr(t, "read", got.Logging.Read, true)
	wantPtr(t, "write", got.Logging.Write, true)
	wantPtr(t, "delete", got.Logging.Delete, false)
	wantPtr(t, "days", got.Logging.RetentionPolicy.Days, 7)
	wantPtr(t, "metrics of hours", got.HourMetrics.IncludeAPIs, true)
	wantPtr(t, "days", got.HourMetrics.RetentionPolicy.Days, 3)
	wantPtr(t, "metrics of minutes", got.MinuteMetrics.Enabled, true)
	want(t, "rules", len(got.Cors), 1)
	wantPtr(t, "methods", got.Cors[0].AllowedMethods, "GET,MERGE")

	_, err = svc.SetProperties(ctx, aztables.ServiceProperties{Logging: logging("1.0", 366)}, nil)
	wantCode(t, err, http.StatusBadRequest, aztables.InvalidXmlDocument)
	_, err = svc.SetProperties(ctx, aztables.ServiceProperties{Logging: logging("2.0", 7)}, nil)
	wantCode(t, err, http.StatusBadRequest, aztables.InvalidXmlDocument)
	got, err = svc.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "days as before", got.Logging.RetentionPolicy.Days, 7)
}

func TestTableStatistics(t *testing.T) {
	g := open(t)
	secondary, err := aztables.NewServiceClientWithSharedKey(g.TableURL+"-secondary", g.tableCredential(t), &aztables.ClientOptions{ClientOptions: once()})
	check(t, err)
	got, err := secondary.GetStatistics(t.Context(), nil)
	check(t, err)
	wantPtr(t, "status", got.GeoReplication.Status, aztables.GeoReplicationStatusLive)
	if !recent(got.GeoReplication.LastSyncTime) {
		t.Errorf("last sync: %v", got.GeoReplication.LastSyncTime)
	}
}

func TestTableConnectionString(t *testing.T) {
	g := open(t)
	svc, err := aztables.NewServiceClientFromConnectionString(g.connectionString(), nil)
	check(t, err)
	name := uniqueTable(t)
	_, err = svc.CreateTable(t.Context(), name, nil)
	check(t, err)
	c := tableOf{svc.NewClient(name), name}
	c.add(t, at("p", "r", "a", "b"))
	want(t, "a", c.get(t, "p", "r")["a"], any("b"))
	_, err = c.Delete(t.Context(), nil)
	check(t, err)
}

func TestTableAuthenticationFailures(t *testing.T) {
	g := open(t)
	c := g.table(t)
	wrong, err := aztables.NewSharedKeyCredential(g.Account, "d3Jvbmc=")
	check(t, err)
	svc, err := aztables.NewServiceClientWithSharedKey(g.TableURL, wrong, &aztables.ClientOptions{ClientOptions: once()})
	check(t, err)
	_, err = svc.GetProperties(t.Context(), nil)
	wantCode(t, err, http.StatusForbidden, "AuthenticationFailed")
	_, err = svc.NewClient(c.Name).AddEntity(t.Context(), at("p", "r").json(t), nil)
	wantCode(t, err, http.StatusForbidden, "AuthenticationFailed")
	_, err = svc.NewClient(c.Name).SubmitTransaction(t.Context(), []aztables.TransactionAction{action(t, aztables.TransactionTypeAdd, at("p", "r"))}, nil)
	wantCode(t, err, http.StatusForbidden, "AuthenticationFailed")
	nobody, err := aztables.NewClientWithNoCredential(g.TableURL+"/"+c.Name, &aztables.ClientOptions{ClientOptions: once()})
	check(t, err)
	_, err = nobody.GetEntity(t.Context(), "p", "r", nil)
	if !hasCode(err, "ResourceNotFound", "NoAuthenticationInformation", "AuthenticationFailed", "AuthorizationFailure") {
		t.Errorf("a get of nobody: %v", err)
	}
	c.missing(t, "p", "r")

	// What is signed is the date and the path: neither may be changed.
	for what, change := range map[string]func(*http.Request){
		"another date": func(r *http.Request) {
			r.Header.Set("x-ms-date", time.Now().UTC().Add(-time.Minute).Format(http.TimeFormat))
		},
		"another path": func(r *http.Request) { r.URL.Path += "x" },
		"a date of old": func(r *http.Request) {
			r.Header.Set("Date", "Thu, 01 Jan 2015 00:00:00 GMT")
			r.Header.Del("x-ms-date")
		},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.TableURL+"/"+c.Name+"()", http.NoBody)
		check(t, err)
		req.Header.Set("Accept", minimalMetadata)
		g.signTable(t, req, "2021-12-02", "SharedKeyLite")
		change(req)
		status, _, answer := statusOf(t, req)
		if status != http.StatusForbidden || !strings.Contains(answer, "AuthenticationFailed") {
			t.Errorf("%s: %d %s", what, status, answer)
		}
	}
}
