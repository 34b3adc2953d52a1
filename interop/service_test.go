package interop

import (
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

func TestServiceProperties(t *testing.T) {
	svc := open(t).service(t)
	ctx := t.Context()

	t.Run("cors", func(t *testing.T) {
		rule := &service.CORSRule{
			AllowedOrigins:  to.Ptr("http://example.com,http://example.org"),
			AllowedMethods:  to.Ptr("GET,PUT"),
			AllowedHeaders:  to.Ptr("x-ms-meta-data*,x-ms-meta-target"),
			ExposedHeaders:  to.Ptr("x-ms-meta-*"),
			MaxAgeInSeconds: to.Ptr(int32(500)),
		}
		_, err := svc.SetProperties(ctx, &service.SetPropertiesOptions{CORS: []*service.CORSRule{rule}})
		check(t, err)
		got, err := svc.GetProperties(ctx, nil)
		check(t, err)
		if len(got.CORS) != 1 {
			t.Fatalf("%d rules, want 1", len(got.CORS))
		}
		wantPtr(t, "origins", got.CORS[0].AllowedOrigins, *rule.AllowedOrigins)
		wantPtr(t, "methods", got.CORS[0].AllowedMethods, *rule.AllowedMethods)
		wantPtr(t, "allowed headers", got.CORS[0].AllowedHeaders, *rule.AllowedHeaders)
		wantPtr(t, "exposed headers", got.CORS[0].ExposedHeaders, *rule.ExposedHeaders)
		wantPtr(t, "max age", got.CORS[0].MaxAgeInSeconds, 500)
	})

	t.Run("what is not given is kept", func(t *testing.T) {
		_, err := svc.SetProperties(ctx, &service.SetPropertiesOptions{Logging: &service.Logging{
			Version: to.Ptr("1.0"), Read: to.Ptr(true), Write: to.Ptr(true), Delete: to.Ptr(false),
			RetentionPolicy: &service.RetentionPolicy{Enabled: to.Ptr(true), Days: to.Ptr(int32(7))},
		}})
		check(t, err)
		_, err = svc.SetProperties(ctx, &service.SetPropertiesOptions{MinuteMetrics: &service.Metrics{
			Version: to.Ptr("1.0"), Enabled: to.Ptr(true), IncludeAPIs: to.Ptr(false),
			RetentionPolicy: &service.RetentionPolicy{Enabled: to.Ptr(false)},
		}})
		check(t, err)
		got, err := svc.GetProperties(ctx, nil)
		check(t, err)
		if got.Logging == nil || got.Logging.RetentionPolicy == nil || got.MinuteMetrics == nil {
			t.Fatalf("logging or metrics are missing: %+v", got.StorageServiceProperties)
		}
		wantPtr(t, "read", got.Logging.Read, true)
		wantPtr(t, "write", got.Logging.Write, true)
		wantPtr(t, "delete", got.Logging.Delete, false)
		wantPtr(t, "days", got.Logging.RetentionPolicy.Days, 7)
		wantPtr(t, "minute metrics", got.MinuteMetrics.Enabled, true)
		want(t, "CORS rules", len(got.CORS), 1)
	})

	t.Run("default service version", func(t *testing.T) {
		_, err := svc.SetProperties(ctx, &service.SetPropertiesOptions{DefaultServiceVersion: to.Ptr("2019-12-12")})
		check(t, err)
		got, err := svc.GetProperties(ctx, nil)
		check(t, err)
		wantPtr(t, "default service version", got.DefaultServiceVersion, "2019-12-12")
	})

	t.Run("refused", func(t *testing.T) {
		_, err := svc.SetProperties(ctx, &service.SetPropertiesOptions{Logging: &service.Logging{
			Version: to.Ptr("1.0"), Read: to.Ptr(true), Write: to.Ptr(true), Delete: to.Ptr(true),
			RetentionPolicy: &service.RetentionPolicy{Enabled: to.Ptr(true), Days: to.Ptr(int32(366))},
		}})
		wantCode(t, err, http.StatusBadRequest, bloberror.InvalidXMLDocument)
		six := make([]*service.CORSRule, 6)
		for i := range six {
			six[i] = &service.CORSRule{
				AllowedOrigins: to.Ptr("*"), AllowedMethods: to.Ptr("GET"), AllowedHeaders: to.Ptr("*"),
				ExposedHeaders: to.Ptr("*"), MaxAgeInSeconds: to.Ptr(int32(1)),
			}
		}
		_, err = svc.SetProperties(ctx, &service.SetPropertiesOptions{CORS: six})
		wantCode(t, err, http.StatusBadRequest, bloberror.InvalidXMLDocument)
	})
}

func TestAccountInformation(t *testing.T) {
	g := open(t)
	info, err := g.service(t).GetAccountInfo(t.Context(), nil)
	check(t, err)
	if info.SKUName == nil || info.AccountKind == nil {
		t.Fatalf("SKU name or account kind is missing: %+v", info)
	}
	wantPtr(t, "hierarchical namespace", info.IsHierarchicalNamespaceEnabled, false)

	c := g.container(t, nil)
	again, err := c.GetAccountInfo(t.Context(), nil)
	check(t, err)
	wantPtr(t, "SKU of a container", again.SKUName, *info.SKUName)
	b := c.NewBlobClient("any")
	third, err := b.GetAccountInfo(t.Context(), nil)
	check(t, err)
	wantPtr(t, "kind of a blob", third.AccountKind, *info.AccountKind)
}

func TestListContainers(t *testing.T) {
	g := open(t)
	svc := g.service(t)
	prefix := unique(t)
	for _, suffix := range []string{"-a", "-b", "-c", "-d", "-e"} {
		_, err := svc.CreateContainer(t.Context(), prefix+suffix, &service.CreateContainerOptions{Metadata: meta("letter", suffix[1:])})
		check(t, err)
	}
	t.Cleanup(func() {
		for _, suffix := range []string{"-a", "-b", "-c", "-d", "-e"} {
			_, _ = svc.DeleteContainer(t.Context(), prefix+suffix, nil)
		}
	})
	var names []string
	pages := 0
	pager := svc.NewListContainersPager(&service.ListContainersOptions{
		Prefix: &prefix, MaxResults: to.Ptr(int32(2)), Include: service.ListContainersInclude{Metadata: true},
	})
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		pages++
		for _, item := range page.ContainerItems {
			names = append(names, strings.TrimPrefix(*item.Name, prefix))
			wantMeta(t, item.Metadata, map[string]string{"letter": (*item.Name)[len(prefix)+1:]})
			if item.Properties == nil || item.Properties.ETag == nil || !recent(item.Properties.LastModified) {
				t.Errorf("%s: properties %+v", *item.Name, item.Properties)
			}
		}
	}
	want(t, "names", strings.Join(names, " "), "-a -b -c -d -e")
	want(t, "pages", pages, 3)

	pager = svc.NewListContainersPager(&service.ListContainersOptions{MaxResults: to.Ptr(int32(6000))})
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		for _, item := range page.ContainerItems {
			if strings.HasPrefix(*item.Name, "$") {
				t.Errorf("system container %s is listed without being asked for", *item.Name)
			}
		}
	}
	pager = svc.NewListContainersPager(&service.ListContainersOptions{Marker: to.Ptr("not a marker of ours")})
	if _, err := pager.NextPage(t.Context()); err != nil && !bloberror.HasCode(err, bloberror.OutOfRangeInput, bloberror.InvalidQueryParameterValue) {
		t.Errorf("a strange marker: %v", err)
	}
}

func TestConnectionString(t *testing.T) {
	g := open(t)
	client, err := azblob.NewClientFromConnectionString("DefaultEndpointsProtocol=http;AccountName="+g.Account+
		";AccountKey="+g.Key+";BlobEndpoint="+g.URL+";", nil)
	check(t, err)
	name := unique(t)
	_, err = client.CreateContainer(t.Context(), name, nil)
	check(t, err)
	_, err = client.UploadBuffer(t.Context(), name, "b", []byte("hello"), nil)
	check(t, err)
	buf := make([]byte, 5)
	_, err = client.DownloadBuffer(t.Context(), name, "b", buf, nil)
	check(t, err)
	want(t, "content", string(buf), "hello")
	_, err = client.DeleteContainer(t.Context(), name, nil)
	check(t, err)
}

func TestAuthenticationFailures(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	wrong, err := service.NewSharedKeyCredential(g.Account, "d3Jvbmc=")
	check(t, err)
	client, err := service.NewClientWithSharedKeyCredential(g.URL, wrong, &service.ClientOptions{ClientOptions: once()})
	check(t, err)
	_, err = client.GetProperties(t.Context(), nil)
	wantCode(t, err, http.StatusForbidden, bloberror.AuthenticationFailed)

	anonymous, err := service.NewClientWithNoCredential(g.URL, &service.ClientOptions{ClientOptions: once()})
	check(t, err)
	_, err = anonymous.NewContainerClient(strings.TrimPrefix(c.URL(), g.URL+"/")).GetProperties(t.Context(), nil)
	if !bloberror.HasCode(err, bloberror.ResourceNotFound, "PublicAccessNotPermitted", bloberror.NoAuthenticationInformation) {
		t.Errorf("anonymous access to a private container: %v", err)
	}
	_, err = client.GetUserDelegationCredential(t.Context(), service.KeyInfo{Start: to.Ptr("2026-01-01T00:00:00Z"), Expiry: to.Ptr("2026-01-02T00:00:00Z")}, nil)
	if err == nil {
		t.Error("a user delegation key was given out for a wrong account key")
	}
}
