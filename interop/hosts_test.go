package interop

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

// TestHostStyle names the account in the host, as production endpoints do.
func TestHostStyle(t *testing.T) {
	g := open(t)
	at, err := url.Parse(g.URL)
	check(t, err)
	// Names below localhost need not resolve: every connection goes to the node.
	dial := &net.Dialer{}
	transport := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial.DialContext(ctx, network, at.Host)
	}}}
	for _, host := range []string{g.Account + ".blob.localhost:" + at.Port(), g.Account + ".blob.core.windows.net"} {
		t.Run(host, func(t *testing.T) {
			svc, err := service.NewClientWithSharedKeyCredential("http://"+host, g.credential(t), &service.ClientOptions{
				ClientOptions: policy.ClientOptions{Transport: transport, Retry: policy.RetryOptions{MaxRetries: -1}},
			})
			check(t, err)
			name := unique(t)
			_, err = svc.CreateContainer(t.Context(), name, nil)
			check(t, err)
			c := svc.NewContainerClient(name)
			put(t, c, "dir/b", "content")
			want(t, "content", get(t, c.NewBlobClient("dir/b")), "content")
			// The same blob under its other name.
			want(t, "content", get(t, g.service(t).NewContainerClient(name).NewBlobClient("dir/b")), "content")
			page, err := c.NewListBlobsFlatPager(nil).NextPage(t.Context())
			check(t, err)
			if !strings.Contains(*page.ServiceEndpoint, host) {
				t.Errorf("the listing names the endpoint %s, want %s", *page.ServiceEndpoint, host)
			}
			_, err = c.Delete(t.Context(), nil)
			check(t, err)
		})
	}
}
