package interop

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

// exchange is one request and its answer, as the client saw them.
type exchange struct {
	Operation string // what the log should call it
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

type operationKey struct{}

// as names the operation that the requests made with ctx should be logged as.
func as(ctx context.Context, operation string) context.Context {
	return context.WithValue(ctx, operationKey{}, operation)
}

// Do implements policy.Policy.
func (r *recorder) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err != nil {
		return resp, err
	}
	raw := req.Raw()
	operation, _ := raw.Context().Value(operationKey{}).(string)
	sent := http.Header{}
	for name, values := range raw.Header { // the SDK writes some names in lower case
		sent[http.CanonicalHeaderKey(name)] = values
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, exchange{
		Operation: operation, Method: raw.Method, URL: raw.URL.String(), Request: sent, Length: raw.ContentLength,
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

// recorded returns a client that signs with the account's key and keeps what it does.
func (g *target) recorded(t *testing.T, r *recorder) *service.Client {
	t.Helper()
	c, err := service.NewClientWithSharedKeyCredential(g.URL, g.credential(t), &service.ClientOptions{ClientOptions: r.options()})
	check(t, err)
	return c
}
