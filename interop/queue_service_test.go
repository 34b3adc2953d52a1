package interop

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"
)

func TestQueueServiceProperties(t *testing.T) {
	svc := open(t).queues(t)
	ctx := t.Context()
	none := &azqueue.RetentionPolicy{Enabled: to.Ptr(false)}

	t.Run("logging, 2.0", func(t *testing.T) {
		_, err := svc.SetProperties(ctx, &azqueue.SetPropertiesOptions{Logging: &azqueue.Logging{
			Version: to.Ptr("2.0"), Read: to.Ptr(true), Write: to.Ptr(true), Delete: to.Ptr(false),
			RetentionPolicy: &azqueue.RetentionPolicy{Enabled: to.Ptr(true), Days: to.Ptr(int32(7))},
		}})
		check(t, err)
		got, err := svc.GetServiceProperties(ctx, nil)
		check(t, err)
		wantPtr(t, "version", got.Logging.Version, "2.0")
		wantPtr(t, "read", got.Logging.Read, true)
		wantPtr(t, "write", got.Logging.Write, true)
		wantPtr(t, "delete", got.Logging.Delete, false)
		wantPtr(t, "days", got.Logging.RetentionPolicy.Days, 7)
	})
	t.Run("metrics, and what is not given is kept", func(t *testing.T) {
		_, err := svc.SetProperties(ctx, &azqueue.SetPropertiesOptions{
			HourMetrics: &azqueue.Metrics{
				Version: to.Ptr("1.0"), Enabled: to.Ptr(true), IncludeAPIs: to.Ptr(true),
				RetentionPolicy: &azqueue.RetentionPolicy{Enabled: to.Ptr(true), Days: to.Ptr(int32(3))},
			},
			MinuteMetrics: &azqueue.Metrics{Version: to.Ptr("1.0"), Enabled: to.Ptr(true), IncludeAPIs: to.Ptr(false), RetentionPolicy: none},
		})
		check(t, err)
		got, err := svc.GetServiceProperties(ctx, nil)
		check(t, err)
		wantPtr(t, "metrics of hours", got.HourMetrics.Enabled, true)
		wantPtr(t, "of each API", got.HourMetrics.IncludeAPIs, true)
		wantPtr(t, "days", got.HourMetrics.RetentionPolicy.Days, 3)
		wantPtr(t, "metrics of minutes", got.MinuteMetrics.Enabled, true)
		wantPtr(t, "of each API", got.MinuteMetrics.IncludeAPIs, false)
		wantPtr(t, "logging", got.Logging.Read, true)
	})
	t.Run("cors", func(t *testing.T) {
		_, err := svc.SetProperties(ctx, &azqueue.SetPropertiesOptions{CORS: []*azqueue.CORSRule{{
			AllowedOrigins: to.Ptr("http://example.com"), AllowedMethods: to.Ptr("GET,PUT"), AllowedHeaders: to.Ptr("x-ms-meta-data*"),
			ExposedHeaders: to.Ptr("x-ms-meta-*"), MaxAgeInSeconds: to.Ptr(int32(500)),
		}}})
		check(t, err)
		got, err := svc.GetServiceProperties(ctx, nil)
		check(t, err)
		want(t, "rules", len(got.CORS), 1)
		wantPtr(t, "origins", got.CORS[0].AllowedOrigins, "http://example.com")
		wantPtr(t, "max age", got.CORS[0].MaxAgeInSeconds, 500)
	})
	t.Run("refused", func(t *testing.T) {
		_, err := svc.SetProperties(ctx, &azqueue.SetPropertiesOptions{Logging: &azqueue.Logging{
			Version: to.Ptr("1.0"), Read: to.Ptr(true), Write: to.Ptr(true), Delete: to.Ptr(true),
			RetentionPolicy: &azqueue.RetentionPolicy{Enabled: to.Ptr(true), Days: to.Ptr(int32(366))},
		}})
		wantCode(t, err, http.StatusBadRequest, queueerror.InvalidXMLDocument)
		_, err = svc.SetProperties(ctx, &azqueue.SetPropertiesOptions{HourMetrics: &azqueue.Metrics{
			Version: to.Ptr("2.0"), Enabled: to.Ptr(true), IncludeAPIs: to.Ptr(true), RetentionPolicy: none,
		}})
		wantCode(t, err, http.StatusBadRequest, queueerror.InvalidXMLDocument)
	})
}

// Each service of an account has its own properties.
func TestPropertiesOfEachService(t *testing.T) {
	g := open(t)
	g.mustBeOurs(t)
	_, err := g.queues(t).SetProperties(t.Context(), &azqueue.SetPropertiesOptions{Logging: &azqueue.Logging{
		Version: to.Ptr("1.0"), Read: to.Ptr(true), Write: to.Ptr(false), Delete: to.Ptr(false),
		RetentionPolicy: &azqueue.RetentionPolicy{Enabled: to.Ptr(false)},
	}})
	check(t, err)
	queues, err := g.queues(t).GetServiceProperties(t.Context(), nil)
	check(t, err)
	wantPtr(t, "reads of queues are logged", queues.Logging.Read, true)
	blobs, err := g.service(t).GetProperties(t.Context(), nil)
	check(t, err)
	wantPtr(t, "reads of blobs are logged", blobs.Logging.Read, false)
	tables, err := g.tables(t).GetProperties(t.Context(), nil)
	check(t, err)
	wantPtr(t, "reads of tables are logged", tables.Logging.Read, false)
}

// Statistics are asked of the secondary endpoint.
func TestQueueStatistics(t *testing.T) {
	g := open(t)
	secondary, err := azqueue.NewServiceClientWithSharedKeyCredential(g.QueueURL+"-secondary", g.queueCredential(t), &azqueue.ClientOptions{ClientOptions: once()})
	check(t, err)
	got, err := secondary.GetStatistics(t.Context(), nil)
	check(t, err)
	wantPtr(t, "status", got.GeoReplication.Status, azqueue.GeoReplicationStatusLive)
	if !recent(got.GeoReplication.LastSyncTime) {
		t.Errorf("last sync: %v", got.GeoReplication.LastSyncTime)
	}
}

func TestQueueConnectionString(t *testing.T) {
	g := open(t)
	q, err := azqueue.NewQueueClientFromConnectionString(g.connectionString(), unique(t), nil)
	check(t, err)
	_, err = q.Create(t.Context(), nil)
	check(t, err)
	enqueue(t, q, "hello", nil)
	want(t, "text", *dequeue(t, q, 1, 30)[0].MessageText, "hello")
	_, err = q.Delete(t.Context(), nil)
	check(t, err)
}

func TestQueueAuthenticationFailures(t *testing.T) {
	g := open(t)
	q := g.queue(t, nil)
	wrong, err := azqueue.NewSharedKeyCredential(g.Account, "d3Jvbmc=")
	check(t, err)
	svc, err := azqueue.NewServiceClientWithSharedKeyCredential(g.QueueURL, wrong, &azqueue.ClientOptions{ClientOptions: once()})
	check(t, err)
	_, err = svc.GetServiceProperties(t.Context(), nil)
	wantCode(t, err, http.StatusForbidden, queueerror.AuthenticationFailed)
	_, err = svc.NewQueueClient(nameOf(q)).EnqueueMessage(t.Context(), "x", nil)
	wantCode(t, err, http.StatusForbidden, queueerror.AuthenticationFailed)

	nobody, err := azqueue.NewQueueClientWithNoCredential(q.URL(), &azqueue.ClientOptions{ClientOptions: once()})
	check(t, err)
	_, err = nobody.PeekMessage(t.Context(), nil)
	if !queueerror.HasCode(err, queueerror.ResourceNotFound, "NoAuthenticationInformation", queueerror.AuthenticationFailed, queueerror.AuthorizationFailure) {
		t.Errorf("a peek of nobody: %v", err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.QueueURL+"?comp=list", http.NoBody)
	check(t, err)
	g.sign(t, req, "2021-08-06")
	req.Header.Set("x-ms-date", time.Now().UTC().Add(-16*time.Minute).Format(http.TimeFormat))
	status, h, answer := statusOf(t, req)
	if status != http.StatusForbidden || h.Get("x-ms-error-code") != "AuthenticationFailed" || !strings.Contains(answer, "<Code>AuthenticationFailed</Code>") {
		t.Errorf("a request of long ago: %d %s", status, answer)
	}
}
