package interop

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
)

// everyHost are client options that send every request to the host of a URL: names
// below localhost need not resolve.
func everyHost(t *testing.T, raw string) (o policy.ClientOptions, port string) {
	t.Helper()
	at, err := url.Parse(raw)
	check(t, err)
	dial := &net.Dialer{}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial.DialContext(ctx, network, at.Host)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	o = once()
	o.Transport = &http.Client{Transport: transport}
	return o, at.Port()
}

// TestHostStyle names the account in the host, as production endpoints do.
func TestHostStyle(t *testing.T) {
	g := open(t)
	options, port := everyHost(t, g.URL)
	for _, host := range []string{g.Account + ".blob.localhost:" + port, g.Account + ".blob.core.windows.net"} {
		t.Run(host, func(t *testing.T) {
			svc, err := service.NewClientWithSharedKeyCredential("http://"+host, g.credential(t), &service.ClientOptions{ClientOptions: options})
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

func TestQueueHostStyle(t *testing.T) {
	g := open(t)
	options, port := everyHost(t, g.QueueURL)
	for _, host := range []string{g.Account + ".queue.localhost:" + port, g.Account + ".queue.core.windows.net"} {
		t.Run(host, func(t *testing.T) {
			svc, err := azqueue.NewServiceClientWithSharedKeyCredential("http://"+host, g.queueCredential(t), &azqueue.ClientOptions{ClientOptions: options})
			check(t, err)
			name := unique(t)
			_, err = svc.CreateQueue(t.Context(), name, nil)
			check(t, err)
			m := enqueue(t, svc.NewQueueClient(name), "text", nil)
			// The same queue under its other name.
			got := dequeue(t, g.queues(t).NewQueueClient(name), 1, 30)
			want(t, "messages", len(got), 1)
			wantPtr(t, "id", got[0].MessageID, *m.MessageID)
			page, err := svc.NewListQueuesPager(nil).NextPage(t.Context())
			check(t, err)
			if !strings.Contains(*page.ServiceEndpoint, host) {
				t.Errorf("the listing names the endpoint %s, want %s", *page.ServiceEndpoint, host)
			}
			_, err = svc.DeleteQueue(t.Context(), name, nil)
			check(t, err)
		})
	}
}

func TestTableHostStyle(t *testing.T) {
	g := open(t)
	options, port := everyHost(t, g.TableURL)
	for _, host := range []string{g.Account + ".table.localhost:" + port, g.Account + ".table.core.windows.net"} {
		t.Run(host, func(t *testing.T) {
			svc, err := aztables.NewServiceClientWithSharedKey("http://"+host, g.tableCredential(t), &aztables.ClientOptions{ClientOptions: options})
			check(t, err)
			name := uniqueTable(t)
			_, err = svc.CreateTable(t.Context(), name, nil)
			check(t, err)
			c := tableOf{svc.NewClient(name), name}
			c.add(t, at("p", "r", "a", "b"))
			_, err = c.SubmitTransaction(t.Context(), []aztables.TransactionAction{
				action(t, aztables.TransactionTypeAdd, at("p", "s")), action(t, aztables.TransactionTypeUpdateMerge, at("p", "r", "a", "c")),
			}, nil)
			check(t, err)
			// The same table under its other name.
			other := tableOf{g.tables(t).NewClient(name), name}
			want(t, "a", other.get(t, "p", "r")["a"], any("c"))
			metadata := c.get(t, "p", "r")["odata.metadata"].(string)
			if !strings.HasPrefix(metadata, "http://"+host+"/$metadata#") {
				t.Errorf("an entity names %s, want %s", metadata, host)
			}
			_, err = c.Delete(t.Context(), nil)
			check(t, err)
		})
	}
}
