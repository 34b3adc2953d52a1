package interop

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
)

// exchange is one request and its answer, as the client saw them.
type exchange struct {
	Operation string // what the log should call it
	Key       string // of the object in the log; "" when the test does not say
	Method    string
	URL       string
	Request   http.Header
	Length    int64
	Status    int
	Response  http.Header
}

// recorder is a pipeline policy that keeps every exchange.
type recorder struct {
	mu  sync.Mutex
	all []exchange
}

type (
	operationKey struct{}
	objectKey    struct{}
)

// as names the operation that the requests made with ctx should be logged as.
func as(ctx context.Context, operation string) context.Context {
	return context.WithValue(ctx, operationKey{}, operation)
}

// asOf names the key of the object, too.
func asOf(ctx context.Context, operation, key string) context.Context {
	return context.WithValue(as(ctx, operation), objectKey{}, key)
}

// Do implements policy.Policy.
func (r *recorder) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err != nil {
		return resp, err
	}
	raw := req.Raw()
	operation, _ := raw.Context().Value(operationKey{}).(string)
	key, _ := raw.Context().Value(objectKey{}).(string)
	sent := http.Header{}
	for name, values := range raw.Header { // the SDK writes some names in lower case
		sent[http.CanonicalHeaderKey(name)] = values
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, exchange{
		Operation: operation, Key: key, Method: raw.Method, URL: raw.URL.String(), Request: sent, Length: raw.ContentLength,
		Status: resp.StatusCode, Response: resp.Header.Clone(),
	})
	return resp, nil
}

// exchanges returns what was recorded until now.
func (r *recorder) exchanges() []exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]exchange(nil), r.all...)
}

// options are client options that record and never retry.
func (r *recorder) options() policy.ClientOptions {
	o := once()
	o.PerRetryPolicies = []policy.Policy{r}
	return o
}

// service returns the name of the service that a request was made to.
func (x exchange) service(g *target) string {
	for name, url := range map[string]string{"queue": g.QueueURL, "table": g.TableURL} {
		if url != "" && strings.HasPrefix(x.URL, url) {
			return name
		}
	}
	return "blob"
}

// recorded returns a client that signs with the account's key and keeps what it does.
func (g *target) recorded(t *testing.T, r *recorder) *service.Client {
	t.Helper()
	c, err := service.NewClientWithSharedKeyCredential(g.URL, g.credential(t), &service.ClientOptions{ClientOptions: r.options()})
	check(t, err)
	return c
}

func (g *target) recordedQueues(t *testing.T, r *recorder) *azqueue.ServiceClient {
	t.Helper()
	c, err := azqueue.NewServiceClientWithSharedKeyCredential(g.QueueURL, g.queueCredential(t), &azqueue.ClientOptions{ClientOptions: r.options()})
	check(t, err)
	return c
}

func (g *target) recordedTables(t *testing.T, r *recorder) *aztables.ServiceClient {
	t.Helper()
	c, err := aztables.NewServiceClientWithSharedKey(g.TableURL, g.tableCredential(t), &aztables.ClientOptions{ClientOptions: r.options()})
	check(t, err)
	return c
}
