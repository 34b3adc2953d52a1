package interop

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"
)

// queueCredential returns the account's key for clients of queues.
func (g *target) queueCredential(t *testing.T) *azqueue.SharedKeyCredential {
	t.Helper()
	cred, err := azqueue.NewSharedKeyCredential(g.Account, g.Key)
	check(t, err)
	return cred
}

// queues returns a client of the queue service that signs with the account's key.
func (g *target) queues(t *testing.T) *azqueue.ServiceClient {
	t.Helper()
	c, err := azqueue.NewServiceClientWithSharedKeyCredential(g.QueueURL, g.queueCredential(t), &azqueue.ClientOptions{ClientOptions: once()})
	check(t, err)
	return c
}

// queue creates a queue of its own for the test, and deletes it with the test.
func (g *target) queue(t *testing.T, o *azqueue.CreateOptions) *azqueue.QueueClient {
	t.Helper()
	q := g.queues(t).NewQueueClient(unique(t))
	_, err := q.Create(t.Context(), o)
	check(t, err)
	t.Cleanup(func() {
		_, err := q.Delete(context.WithoutCancel(t.Context()), nil)
		if err != nil && !queueerror.HasCode(err, queueerror.QueueNotFound, queueerror.QueueBeingDeleted) {
			t.Errorf("delete the test's queue: %v", err)
		}
	})
	return q
}

// statusOfCall makes a request and returns the status of its answer.
func statusOfCall(t *testing.T, call func(context.Context) error) int {
	t.Helper()
	var answer *http.Response
	check(t, call(policy.WithCaptureResponse(t.Context(), &answer)))
	return answer.StatusCode
}

func TestQueueLife(t *testing.T) {
	g := open(t)
	ctx := t.Context()
	q := g.queues(t).NewQueueClient(unique(t))
	_, err := q.GetProperties(ctx, nil)
	wantCode(t, err, http.StatusNotFound, queueerror.QueueNotFound)
	o := &azqueue.CreateOptions{Metadata: meta("Colour", "blue", "n", "1")}
	create := func(o *azqueue.CreateOptions) func(context.Context) error {
		return func(ctx context.Context) error { _, err := q.Create(ctx, o); return err }
	}
	want(t, "status of a new queue", statusOfCall(t, create(o)), http.StatusCreated)
	want(t, "status of the same again", statusOfCall(t, create(o)), http.StatusNoContent)
	_, err = q.Create(ctx, nil)
	wantCode(t, err, http.StatusConflict, queueerror.QueueAlreadyExists)
	_, err = q.Create(ctx, &azqueue.CreateOptions{Metadata: meta("Colour", "red", "n", "1")})
	wantCode(t, err, http.StatusConflict, queueerror.QueueAlreadyExists)

	p, err := q.GetProperties(ctx, nil)
	check(t, err)
	wantMeta(t, p.Metadata, map[string]string{"colour": "blue", "n": "1"})
	wantPtr(t, "messages", p.ApproximateMessagesCount, 0)
	if !recent(p.Date) || p.RequestID == nil || p.Version == nil {
		t.Errorf("headers of the answer: %+v", p)
	}
	_, err = q.SetMetadata(ctx, &azqueue.SetMetadataOptions{Metadata: meta("shape", "round")})
	check(t, err)
	p, err = q.GetProperties(ctx, nil)
	check(t, err)
	wantMeta(t, p.Metadata, map[string]string{"shape": "round"})
	_, err = q.SetMetadata(ctx, nil)
	check(t, err)
	p, err = q.GetProperties(ctx, nil)
	check(t, err)
	wantMeta(t, p.Metadata, map[string]string{})
	_, err = q.SetMetadata(ctx, &azqueue.SetMetadataOptions{Metadata: meta("not-a-name", "x")})
	wantCode(t, err, http.StatusBadRequest, queueerror.InvalidMetadata)

	for range 3 {
		_, err = q.EnqueueMessage(ctx, "gone with the queue", nil)
		check(t, err)
	}
	_, err = q.Delete(ctx, nil)
	check(t, err)
	_, err = q.Delete(ctx, nil)
	wantCode(t, err, http.StatusNotFound, queueerror.QueueNotFound)
	_, err = q.SetMetadata(ctx, nil)
	wantCode(t, err, http.StatusNotFound, queueerror.QueueNotFound)
	_, err = q.EnqueueMessage(ctx, "x", nil)
	wantCode(t, err, http.StatusNotFound, queueerror.QueueNotFound)
	if g.foreign {
		return // elsewhere a name is free after a while only
	}
	want(t, "status of a queue of the same name", statusOfCall(t, create(nil)), http.StatusCreated)
	p, err = q.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "messages", p.ApproximateMessagesCount, 0)
	_, err = q.Delete(ctx, nil)
	check(t, err)
}

func TestQueueNames(t *testing.T) {
	svc := open(t).queues(t)
	for _, name := range []string{"Upper", "a", "-dash", "dash-", "two--dashes", "dot.ted", strings.Repeat("a", 64)} {
		_, err := svc.CreateQueue(t.Context(), name, nil)
		if !queueerror.HasCode(err, queueerror.InvalidResourceName, queueerror.OutOfRangeInput) {
			t.Errorf("queue name %q: %v", name, err)
		}
	}
}

func TestListQueues(t *testing.T) {
	g := open(t)
	svc := g.queues(t)
	prefix := unique(t)
	for i := range 7 {
		name := fmt.Sprintf("%s-%d", prefix, i)
		_, err := svc.CreateQueue(t.Context(), name, &azqueue.CreateOptions{Metadata: meta("n", fmt.Sprint(i))})
		check(t, err)
		t.Cleanup(func() { _, _ = svc.DeleteQueue(context.WithoutCancel(t.Context()), name, nil) })
	}
	var sizes, names []string
	for pager := svc.NewListQueuesPager(&azqueue.ListQueuesOptions{
		Prefix: &prefix, MaxResults: to.Ptr(int32(3)), Include: azqueue.ListQueuesInclude{Metadata: true},
	}); pager.More(); {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		wantPtr(t, "prefix", page.Prefix, prefix)
		wantPtr(t, "page size", page.MaxResults, 3)
		want(t, "endpoint", strings.TrimRight(*page.ServiceEndpoint, "/"), g.QueueURL)
		sizes = append(sizes, fmt.Sprint(len(page.Queues)))
		for _, item := range page.Queues {
			wantMeta(t, item.Metadata, map[string]string{"n": fmt.Sprint(len(names))})
			names = append(names, strings.TrimPrefix(*item.Name, prefix+"-"))
		}
	}
	want(t, "sizes of pages", strings.Join(sizes, " "), "3 3 1")
	want(t, "names", strings.Join(names, " "), "0 1 2 3 4 5 6")

	page, err := svc.NewListQueuesPager(&azqueue.ListQueuesOptions{Prefix: &prefix}).NextPage(t.Context())
	check(t, err)
	want(t, "queues", len(page.Queues), 7)
	want(t, "metadata that nobody asked for", len(page.Queues[0].Metadata), 0)
	page, err = svc.NewListQueuesPager(&azqueue.ListQueuesOptions{Prefix: to.Ptr(prefix + "-x")}).NextPage(t.Context())
	check(t, err)
	want(t, "queues of another prefix", len(page.Queues), 0)
	_, err = svc.NewListQueuesPager(&azqueue.ListQueuesOptions{MaxResults: to.Ptr(int32(0))}).NextPage(t.Context())
	wantCode(t, err, http.StatusBadRequest, queueerror.OutOfRangeQueryParameterValue)
}

func TestQueueAccessPolicy(t *testing.T) {
	q := open(t).queue(t, nil)
	ctx := t.Context()
	got, err := q.GetAccessPolicy(ctx, nil)
	check(t, err)
	want(t, "identifiers of a new queue", len(got.SignedIdentifiers), 0)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	expiry := start.AddDate(2, 0, 0)
	want(t, "status", statusOfCall(t, func(ctx context.Context) error {
		_, err := q.SetAccessPolicy(ctx, &azqueue.SetAccessPolicyOptions{QueueACL: []*azqueue.SignedIdentifier{
			{ID: to.Ptr("workers"), AccessPolicy: &azqueue.AccessPolicy{Start: &start, Expiry: &expiry, Permission: to.Ptr("raup")}},
			{ID: to.Ptr("open"), AccessPolicy: &azqueue.AccessPolicy{Permission: to.Ptr("r")}},
		}})
		return err
	}), http.StatusNoContent)
	got, err = q.GetAccessPolicy(ctx, nil)
	check(t, err)
	if len(got.SignedIdentifiers) != 2 {
		t.Fatalf("%d identifiers, want 2", len(got.SignedIdentifiers))
	}
	wantPtr(t, "id", got.SignedIdentifiers[0].ID, "workers")
	policy := got.SignedIdentifiers[0].AccessPolicy
	wantPtr(t, "permission", policy.Permission, "raup")
	if policy.Start == nil || !policy.Start.Equal(start) || policy.Expiry == nil || !policy.Expiry.Equal(expiry) {
		t.Errorf("times: got %v to %v", policy.Start, policy.Expiry)
	}
	six := make([]*azqueue.SignedIdentifier, 6)
	for i := range six {
		six[i] = &azqueue.SignedIdentifier{ID: to.Ptr(string(rune('a' + i))), AccessPolicy: &azqueue.AccessPolicy{Permission: to.Ptr("r"), Expiry: &expiry}}
	}
	_, err = q.SetAccessPolicy(ctx, &azqueue.SetAccessPolicyOptions{QueueACL: six})
	wantCode(t, err, http.StatusBadRequest, queueerror.InvalidXMLDocument)
	_, err = q.SetAccessPolicy(ctx, &azqueue.SetAccessPolicyOptions{})
	check(t, err)
	got, err = q.GetAccessPolicy(ctx, nil)
	check(t, err)
	want(t, "identifiers after clearing", len(got.SignedIdentifiers), 0)
}
