package queue_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/sas"
)

// options are those of clients that do not try again.
func options() *azqueue.ClientOptions {
	return &azqueue.ClientOptions{ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}}
}

func (s *server) credential() *azqueue.SharedKeyCredential {
	s.T.Helper()
	cred, err := azqueue.NewSharedKeyCredential(account, base64.StdEncoding.EncodeToString(s.Accounts[account].Keys[0]))
	if err != nil {
		s.T.Fatal(err)
	}
	return cred
}

// client returns the Go SDK's client with the account's key.
func (s *server) client() *azqueue.ServiceClient {
	s.T.Helper()
	c, err := azqueue.NewServiceClientWithSharedKeyCredential(s.URL, s.credential(), options())
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

// value is of a call that must not fail.
func value[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSDKMessages is the Go SDK's client at work on a queue.
func TestSDKMessages(t *testing.T) {
	s := newServer(t)
	ctx := t.Context()
	q := s.client().NewQueueClient("jobs")
	_, err := q.Create(ctx, &azqueue.CreateOptions{Metadata: map[string]*string{"Colour": to.Ptr("red")}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = q.Create(ctx, nil)
	if !queueerror.HasCode(err, queueerror.QueueAlreadyExists) {
		t.Errorf("create again: %v", err)
	}
	text := strings.Repeat(`{"text": "ünï & <b>"}`, 100)
	put, err := q.EnqueueMessage(ctx, text, &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1)), VisibilityTimeout: to.Ptr(int32(0))})
	if m := value(t, put, err).Messages[0]; m.ExpirationTime.Year() != 9999 || *m.PopReceipt == "" {
		t.Errorf("put: %+v", m)
	}
	for i := range 3 {
		if _, err := q.EnqueueMessage(ctx, fmt.Sprint(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	peeked, err := q.PeekMessages(ctx, &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(32))})
	if list := value(t, peeked, err).Messages; len(list) != 4 || *list[0].MessageText != text || *list[0].DequeueCount != 0 {
		t.Errorf("peek: %d messages", len(list))
	}
	got, err := q.DequeueMessage(ctx, nil)
	first := value(t, got, err).Messages[0]
	if *first.MessageText != text || *first.DequeueCount != 1 || *first.MessageID != *put.Messages[0].MessageID {
		t.Errorf("got %+v", first)
	}
	updated, err := q.UpdateMessage(ctx, *first.MessageID, *first.PopReceipt, "changed", &azqueue.UpdateMessageOptions{VisibilityTimeout: to.Ptr(int32(1))})
	if value(t, updated, err).TimeNextVisible == nil {
		t.Errorf("update: %+v", updated)
	}
	_, err = q.DeleteMessage(ctx, *first.MessageID, *first.PopReceipt, nil)
	if !queueerror.HasCode(err, queueerror.MessageNotFound) {
		t.Errorf("delete with a receipt of before: %v", err)
	}
	if _, err := q.DeleteMessage(ctx, *first.MessageID, *updated.PopReceipt, nil); err != nil {
		t.Error(err)
	}
	rest, err := q.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(32)), VisibilityTimeout: to.Ptr(int32(60))})
	if n := len(value(t, rest, err).Messages); n != 3 {
		t.Errorf("got %d more", n)
	}
	properties, err := q.GetProperties(ctx, nil)
	if p := value(t, properties, err); *p.ApproximateMessagesCount != 3 || *p.Metadata["Colour"] != "red" {
		t.Errorf("properties: %+v", p)
	}
	if _, err := q.ClearMessages(ctx, nil); err != nil {
		t.Error(err)
	}
	empty, err := q.DequeueMessage(ctx, nil)
	if n := len(value(t, empty, err).Messages); n != 0 {
		t.Errorf("cleared: %d messages", n)
	}
	_, err = q.EnqueueMessage(ctx, strings.Repeat("x", 64<<10+1), nil)
	if !queueerror.HasCode(err, queueerror.RequestBodyTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

// TestSDKQueues is the Go SDK's client at work on the account and what may be done
// with signatures that it makes.
func TestSDKQueues(t *testing.T) {
	s := newServer(t)
	ctx := t.Context()
	client := s.client()
	for i := range 5 {
		if _, err := client.CreateQueue(ctx, fmt.Sprintf("queue-%d", i), &azqueue.CreateOptions{Metadata: map[string]*string{"N": to.Ptr(fmt.Sprint(i))}}); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for pager := client.NewListQueuesPager(&azqueue.ListQueuesOptions{MaxResults: to.Ptr(int32(2)), Include: azqueue.ListQueuesInclude{Metadata: true}}); pager.More(); {
		page, err := pager.NextPage(ctx)
		for _, q := range value(t, page, err).Queues {
			names = append(names, *q.Name+"="+*q.Metadata["n"])
		}
	}
	if got := strings.Join(names, " "); got != "queue-0=0 queue-1=1 queue-2=2 queue-3=3 queue-4=4" {
		t.Errorf("listed %s", got)
	}

	q := client.NewQueueClient("queue-0")
	start, expiry := s.Clock.Now().Add(-time.Hour).Truncate(time.Second), s.Clock.Now().Add(time.Hour).Truncate(time.Second)
	_, err := q.SetAccessPolicy(ctx, &azqueue.SetAccessPolicyOptions{QueueACL: []*azqueue.SignedIdentifier{{
		ID: to.Ptr("workers"), AccessPolicy: &azqueue.AccessPolicy{Start: &start, Expiry: &expiry, Permission: to.Ptr("rp")},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	policies, err := q.GetAccessPolicy(ctx, nil)
	if list := value(t, policies, err).SignedIdentifiers; len(list) != 1 || !list[0].AccessPolicy.Expiry.Equal(expiry) || *list[0].AccessPolicy.Permission != "rp" {
		t.Errorf("policies: %+v", list)
	}

	// GetSASURL of the client makes signatures for HTTPS only.
	signed, err := sas.QueueSignatureValues{
		Protocol: sas.ProtocolHTTPSandHTTP, ExpiryTime: expiry, Permissions: (&sas.QueuePermissions{Add: true, Read: true}).String(), QueueName: "queue-0",
	}.SignWithSharedKey(s.credential())
	signature := value(t, signed, err)
	adder, err := azqueue.NewQueueClientWithNoCredential(s.URL+"/queue-0?"+signature.Encode(), options())
	if _, err := value(t, adder, err).EnqueueMessage(ctx, "x", nil); err != nil {
		t.Error(err)
	}
	_, err = adder.DequeueMessage(ctx, nil)
	if !queueerror.HasCode(err, queueerror.AuthorizationPermissionMismatch) {
		t.Errorf("dequeue with sp=ra: %v", err)
	}
	signed, err = sas.AccountSignatureValues{
		Protocol: sas.ProtocolHTTPSandHTTP, ExpiryTime: expiry, Permissions: (&sas.AccountPermissions{Process: true}).String(),
		ResourceTypes: (&sas.AccountResourceTypes{Object: true}).String(),
	}.SignWithSharedKey(s.credential())
	signature = value(t, signed, err)
	processor, err := azqueue.NewServiceClientWithNoCredential(s.URL+"/?"+signature.Encode(), options())
	got, err := value(t, processor, err).NewQueueClient("queue-0").DequeueMessage(ctx, nil)
	if list := value(t, got, err).Messages; len(list) != 1 || *list[0].MessageText != "x" {
		t.Errorf("processed %+v", list)
	}

	properties, err := client.GetServiceProperties(ctx, nil)
	if p := value(t, properties, err); p.Logging == nil || *p.Logging.Read {
		t.Errorf("properties %+v", p)
	}
	_, err = client.SetProperties(ctx, &azqueue.SetPropertiesOptions{Logging: &azqueue.Logging{
		Version: to.Ptr("1.0"), Read: to.Ptr(true), Write: to.Ptr(true), Delete: to.Ptr(true), RetentionPolicy: &azqueue.RetentionPolicy{Enabled: to.Ptr(true), Days: to.Ptr(int32(7))},
	}})
	if err != nil {
		t.Error(err)
	}
	if _, err := client.DeleteQueue(ctx, "queue-0", nil); err != nil {
		t.Error(err)
	}
}
