package faulttest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/google/uuid"

	"reslog/server"
)

// attempt is one request of a client, answered or not.
type attempt struct {
	operation string // as the log names it
	want      int    // status of its answer
	blob      string
	round     int    // which kill ends it
	id        string // x-ms-client-request-id
	sent      time.Time

	answered  time.Time // zero when no answer came
	status    int
	requestID string // x-ms-request-id
	parts     int    // records beside the one of the request, when it succeeds
}

// ledger is what the clients know.
type ledger struct {
	mu       sync.Mutex
	round    int
	attempts []attempt
}

func (l *ledger) add(a attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.round = l.round
	l.attempts = append(l.attempts, a)
}

// count is how many attempts there were.
func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.attempts)
}

type attemptKey struct{}

// name is the policy that gives a request its id, before it is signed.
type name struct{}

// dated is the policy that dates a request by another clock, before it is signed.
type dated func() time.Time

// Do implements policy.Policy.
func (now dated) Do(req *policy.Request) (*http.Response, error) {
	// The SDK looks for the name as it writes it itself.
	req.Raw().Header["x-ms-date"] = []string{now().UTC().Format(http.TimeFormat)}
	return req.Next()
}

// Do implements policy.Policy.
func (name) Do(req *policy.Request) (*http.Response, error) {
	if a, ok := req.Raw().Context().Value(attemptKey{}).(*attempt); ok {
		req.Raw().Header.Set("x-ms-client-request-id", a.id)
	}
	return req.Next()
}

// witness is the policy that notes the answer.
type witness struct{}

// Do implements policy.Policy.
func (witness) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if a, ok := req.Raw().Context().Value(attemptKey{}).(*attempt); ok && err == nil {
		a.answered, a.status, a.requestID = time.Now(), resp.StatusCode, resp.Header.Get("x-ms-request-id")
	}
	return resp, err
}

// containerName is where all blobs of the test are.
const containerName = "work"

// connect returns a client of the test's container at a node.
func connect(t *testing.T, url string) *container.Client {
	t.Helper()
	return connectAt(t, url, time.Now)
}

// connectAt is connect with a clock.
func connectAt(t *testing.T, url string, now func() time.Time) *container.Client {
	t.Helper()
	cred, err := container.NewSharedKeyCredential(server.DevAccount, server.DevKey)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := container.NewClientWithSharedKeyCredential(url+"/"+server.DevAccount+"/"+containerName, cred, &container.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Transport:        &http.Client{Transport: transport, Timeout: time.Minute},
			Retry:            policy.RetryOptions{MaxRetries: -1},
			PerCallPolicies:  []policy.Policy{name{}, dated(now)},
			PerRetryPolicies: []policy.Policy{witness{}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// try makes one request and notes it. It reports whether an answer came.
func (l *ledger) try(ctx context.Context, operation string, want int, blob string, do func(context.Context) error) bool {
	a := attempt{operation: operation, want: want, blob: blob}
	if operation == "CopyBlob" {
		a.parts = 2
	}
	return l.note(ctx, &a, do)
}

// note makes the request of an attempt and notes it, with what do changes of it. It
// reports whether an answer came.
func (l *ledger) note(ctx context.Context, a *attempt, do func(context.Context) error) bool {
	a.id, a.sent = uuid.NewString(), time.Now()
	err := do(context.WithValue(ctx, attemptKey{}, a))
	l.add(*a)
	var refused *azcore.ResponseError
	return err == nil || errors.As(err, &refused)
}

// work puts, copies, reads and deletes blobs of names never used before, until
// the node no longer answers.
func (l *ledger) work(ctx context.Context, c *container.Client, prefix string) {
	for i := 0; ; i++ {
		name := fmt.Sprintf("%s/%d", prefix, i)
		b := c.NewBlockBlobClient(name)
		steps := []func() bool{func() bool {
			return l.try(ctx, "PutBlob", http.StatusCreated, name, func(ctx context.Context) error {
				_, err := b.Upload(ctx, streaming.NopCloser(strings.NewReader(name)), nil)
				return err
			})
		}}
		switch i % 4 {
		case 1:
			steps = append(steps, func() bool {
				return l.try(ctx, "CopyBlob", http.StatusAccepted, name+"-copy", func(ctx context.Context) error {
					_, err := c.NewBlobClient(name+"-copy").StartCopyFromURL(ctx, b.URL(), nil)
					return err
				})
			})
		case 2:
			steps = append(steps, func() bool {
				return l.try(ctx, "GetBlobProperties", http.StatusOK, name, func(ctx context.Context) error {
					_, err := b.GetProperties(ctx, nil)
					return err
				})
			}, func() bool {
				return l.try(ctx, "GetBlobProperties", http.StatusNotFound, name+"-nothing", func(ctx context.Context) error {
					_, err := c.NewBlobClient(name+"-nothing").GetProperties(ctx, nil)
					return err
				})
			})
		case 3:
			steps = append(steps, func() bool {
				return l.try(ctx, "DeleteBlob", http.StatusAccepted, name, func(ctx context.Context) error {
					_, err := b.Delete(ctx, nil)
					return err
				})
			})
		}
		for _, step := range steps {
			if !step() {
				return
			}
		}
	}
}

// create makes the test's container.
func (l *ledger) create(t *testing.T, c *container.Client) {
	t.Helper()
	if !l.try(t.Context(), "CreateContainer", http.StatusCreated, "", func(ctx context.Context) error {
		_, err := c.Create(ctx, nil)
		return err
	}) {
		t.Fatal("no answer from a new node")
	}
}

// ids are the requests of all attempts.
func (l *ledger) ids() map[string]bool {
	ids := map[string]bool{}
	for _, a := range l.attempts {
		ids[a.requestID] = true
	}
	return ids
}
