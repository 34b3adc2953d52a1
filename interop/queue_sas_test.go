package interop

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/sas"
)

// signedQueue returns a client that has nothing but the signature.
func signedQueue(t *testing.T, g *target, q *azqueue.QueueClient, v sas.QueueSignatureValues) *azqueue.QueueClient {
	t.Helper()
	v.QueueName = nameOf(q)
	if v.Protocol == "" {
		v.Protocol = sas.ProtocolHTTPSandHTTP
	}
	query, err := v.SignWithSharedKey(g.queueCredential(t))
	check(t, err)
	return bareQueue(t, q.URL()+"?"+query.Encode())
}

func bareQueue(t *testing.T, url string) *azqueue.QueueClient {
	t.Helper()
	q, err := azqueue.NewQueueClientWithNoCredential(url, &azqueue.ClientOptions{ClientOptions: once()})
	check(t, err)
	return q
}

func TestQueueSAS(t *testing.T) {
	g := open(t)
	q := g.queue(t, nil)
	ctx := t.Context()
	soon := time.Now().UTC().Add(time.Hour)
	with := func(p sas.QueuePermissions) *azqueue.QueueClient {
		t.Helper()
		return signedQueue(t, g, q, sas.QueueSignatureValues{ExpiryTime: soon, Permissions: p.String()})
	}
	denied := func(what string, err error) {
		t.Helper()
		if !queueerror.HasCode(err, queueerror.AuthorizationPermissionMismatch, queueerror.AuthorizationFailure) {
			t.Errorf("%s: %v", what, err)
		}
	}

	t.Run("each permission", func(t *testing.T) {
		add, read, process := with(sas.QueuePermissions{Add: true}), with(sas.QueuePermissions{Read: true}), with(sas.QueuePermissions{Process: true})
		update := with(sas.QueuePermissions{Update: true})
		m := enqueue(t, add, "x", nil)
		peeked, err := read.PeekMessage(ctx, nil)
		check(t, err)
		want(t, "peeked", len(peeked.Messages), 1)
		_, err = read.GetProperties(ctx, nil)
		check(t, err)
		u, err := update.UpdateMessage(ctx, *m.MessageID, *m.PopReceipt, "y", nil)
		check(t, err)
		got := dequeue(t, process, 1, 30)
		wantPtr(t, "text", got[0].MessageText, "y")
		want(t, "another receipt", *got[0].PopReceipt != *u.PopReceipt, true)
		_, err = process.DeleteMessage(ctx, *got[0].MessageID, *got[0].PopReceipt, nil)
		check(t, err)

		_, err = read.EnqueueMessage(ctx, "x", nil)
		denied("put with read", err)
		_, err = add.PeekMessage(ctx, nil)
		denied("peek with add", err)
		_, err = add.GetProperties(ctx, nil)
		denied("metadata with add", err)
		_, err = read.DequeueMessage(ctx, nil)
		denied("get with read", err)
		_, err = update.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil)
		denied("delete with update", err)
		_, err = process.UpdateMessage(ctx, *m.MessageID, *m.PopReceipt, "x", nil)
		denied("update with process", err)
		_, err = add.ClearMessages(ctx, nil)
		denied("clear with add", err)
	})
	t.Run("never of the queue itself", func(t *testing.T) {
		all := with(sas.QueuePermissions{Read: true, Add: true, Update: true, Process: true})
		for what, do := range map[string]func() error{
			"set metadata": func() error { _, err := all.SetMetadata(ctx, nil); return err },
			"get the ACL":  func() error { _, err := all.GetAccessPolicy(ctx, nil); return err },
			"delete":       func() error { _, err := all.Delete(ctx, nil); return err },
			"create":       func() error { _, err := all.Create(ctx, nil); return err },
		} {
			if err := do(); !queueerror.HasCode(err, queueerror.AuthorizationFailure, queueerror.AuthorizationPermissionMismatch) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
	t.Run("of another queue", func(t *testing.T) {
		v := sas.QueueSignatureValues{ExpiryTime: soon, Permissions: "r", QueueName: "another", Protocol: sas.ProtocolHTTPSandHTTP}
		query, err := v.SignWithSharedKey(g.queueCredential(t))
		check(t, err)
		_, err = bareQueue(t, q.URL()+"?"+query.Encode()).PeekMessage(ctx, nil)
		wantCode(t, err, http.StatusForbidden, queueerror.AuthenticationFailed)
	})
	t.Run("times, protocol, address, changes", func(t *testing.T) {
		base := sas.QueueSignatureValues{ExpiryTime: soon, Permissions: "r"}
		peek := func(q *azqueue.QueueClient) error { _, err := q.PeekMessage(ctx, nil); return err }
		v := base
		v.ExpiryTime = time.Now().UTC().Add(-time.Minute)
		wantCode(t, peek(signedQueue(t, g, q, v)), http.StatusForbidden, queueerror.AuthenticationFailed)
		v = base
		v.StartTime = time.Now().UTC().Add(30 * time.Minute)
		wantCode(t, peek(signedQueue(t, g, q, v)), http.StatusForbidden, queueerror.AuthenticationFailed)
		v = base
		v.Protocol = sas.ProtocolHTTPS
		wantCode(t, peek(signedQueue(t, g, q, v)), http.StatusForbidden, queueerror.AuthorizationProtocolMismatch)
		v = base
		v.IPRange = sas.IPRange{Start: []byte{192, 0, 2, 1}}
		wantCode(t, peek(signedQueue(t, g, q, v)), http.StatusForbidden, queueerror.AuthorizationSourceIPMismatch)
		v.IPRange = sas.IPRange{Start: []byte{127, 0, 0, 0}, End: []byte{127, 255, 255, 255}}
		check(t, peek(signedQueue(t, g, q, v)))
		changed := strings.Replace(signedQueue(t, g, q, base).URL(), "sp=r", "sp=rp", 1)
		wantCode(t, peek(bareQueue(t, changed)), http.StatusForbidden, queueerror.AuthenticationFailed)
	})
}

// A stored policy gives and takes what signatures allow.
func TestQueueStoredPolicy(t *testing.T) {
	g := open(t)
	q := g.queue(t, nil)
	ctx := t.Context()
	policy := func(permission string, expiry time.Time) {
		t.Helper()
		_, err := q.SetAccessPolicy(ctx, &azqueue.SetAccessPolicyOptions{QueueACL: []*azqueue.SignedIdentifier{{
			ID: to.Ptr("workers"), AccessPolicy: &azqueue.AccessPolicy{Start: to.Ptr(time.Now().Add(-time.Hour)), Expiry: &expiry, Permission: &permission},
		}}})
		check(t, err)
	}
	policy("ra", time.Now().Add(time.Hour))
	s := signedQueue(t, g, q, sas.QueueSignatureValues{Identifier: "workers"})
	enqueue(t, s, "x", nil)
	_, err := s.DequeueMessage(ctx, nil)
	wantCode(t, err, http.StatusForbidden, queueerror.AuthorizationPermissionMismatch)
	policy("rap", time.Now().Add(time.Hour))
	want(t, "dequeued", len(dequeue(t, s, 1, 1)), 1)
	policy("rap", time.Now().Add(-time.Minute))
	_, err = s.PeekMessage(ctx, nil)
	wantCode(t, err, http.StatusForbidden, queueerror.AuthenticationFailed)
	_, err = q.SetAccessPolicy(ctx, nil)
	check(t, err)
	_, err = s.PeekMessage(ctx, nil)
	wantCode(t, err, http.StatusForbidden, queueerror.AuthenticationFailed)
}

func TestQueueAccountSAS(t *testing.T) {
	g := open(t)
	ctx := t.Context()
	q := g.queue(t, nil)
	client := func(types sas.AccountResourceTypes, p sas.AccountPermissions) *azqueue.ServiceClient {
		t.Helper()
		query, err := sas.AccountSignatureValues{
			Permissions: p.String(), ResourceTypes: types.String(), ExpiryTime: time.Now().UTC().Add(time.Hour), Protocol: sas.ProtocolHTTPSandHTTP,
		}.SignWithSharedKey(g.queueCredential(t))
		check(t, err)
		svc, err := azqueue.NewServiceClientWithNoCredential(g.QueueURL+"/?"+query.Encode(), &azqueue.ClientOptions{ClientOptions: once()})
		check(t, err)
		return svc
	}
	all := sas.AccountResourceTypes{Service: true, Container: true, Object: true}

	svc := client(all, sas.AccountPermissions{Read: true, List: true, Add: true, Process: true})
	_, err := svc.GetServiceProperties(ctx, nil)
	check(t, err)
	_, err = svc.NewListQueuesPager(nil).NextPage(ctx)
	check(t, err)
	enqueue(t, svc.NewQueueClient(nameOf(q)), "x", nil)
	want(t, "dequeued", len(dequeue(t, svc.NewQueueClient(nameOf(q)), 1, 1)), 1)
	_, err = svc.CreateQueue(ctx, unique(t), nil)
	wantCode(t, err, http.StatusForbidden, queueerror.AuthorizationPermissionMismatch)
	_, err = svc.DeleteQueue(ctx, nameOf(q), nil)
	wantCode(t, err, http.StatusForbidden, queueerror.AuthorizationPermissionMismatch)

	maker := client(all, sas.AccountPermissions{Create: true, Write: true, Delete: true})
	name := unique(t)
	_, err = maker.CreateQueue(ctx, name, nil)
	check(t, err)
	_, err = maker.NewQueueClient(name).SetMetadata(ctx, &azqueue.SetMetadataOptions{Metadata: meta("a", "b")})
	check(t, err)
	_, err = maker.DeleteQueue(ctx, name, nil)
	check(t, err)

	objects := client(sas.AccountResourceTypes{Object: true}, sas.AccountPermissions{Read: true, List: true, Write: true, Add: true})
	_, err = objects.NewQueueClient(nameOf(q)).GetProperties(ctx, nil)
	wantCode(t, err, http.StatusForbidden, queueerror.AuthorizationResourceTypeMismatch)
	_, err = objects.GetServiceProperties(ctx, nil)
	wantCode(t, err, http.StatusForbidden, queueerror.AuthorizationResourceTypeMismatch)
	enqueue(t, objects.NewQueueClient(nameOf(q)), "y", nil)

	// One of another service does not open this one.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.QueueURL+"?comp=list&"+accountSAS(t, g, "2021-08-06"), http.NoBody)
	check(t, err)
	status, h, _ := statusOf(t, req)
	want(t, "status of one for blobs", status, http.StatusForbidden)
	want(t, "code of one for blobs", h.Get("x-ms-error-code"), "AuthorizationServiceMismatch")
}
