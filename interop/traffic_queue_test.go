package interop

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/sas"
)

// queueTraffic does one of everything that queues can do and names each operation
// as the log should.
func queueTraffic(t *testing.T, g *target, rec *recorder) {
	svc := g.recordedQueues(t, rec)
	ctx := t.Context()
	q := svc.NewQueueClient(unique(t))
	key := "/" + g.Account + "/" + nameOf(q)
	do := func(_ any, err error) { t.Helper(); check(t, err) }
	refused := func(code queueerror.Code, err error) {
		t.Helper()
		if !queueerror.HasCode(err, code) {
			t.Fatalf("error %v, want %s", err, code)
		}
	}

	do(svc.GetServiceProperties(asOf(ctx, "GetQueueServiceProperties", "/"+g.Account), nil))
	do(svc.SetProperties(as(ctx, "SetQueueServiceProperties"), &azqueue.SetPropertiesOptions{CORS: []*azqueue.CORSRule{}}))
	_, err := q.DequeueMessage(asOf(ctx, "GetMessage", key), nil)
	refused(queueerror.QueueNotFound, err)
	do(q.Create(asOf(ctx, "CreateQueue", key), &azqueue.CreateOptions{Metadata: meta("k", "v")}))
	do(q.Create(as(ctx, "CreateQueue"), &azqueue.CreateOptions{Metadata: meta("k", "v")}))
	_, err = q.Create(as(ctx, "CreateQueue"), nil)
	refused(queueerror.QueueAlreadyExists, err)
	do(q.GetProperties(asOf(ctx, "GetQueueMetadata", key), nil))
	do(q.SetMetadata(asOf(ctx, "SetQueueMetadata", key), nil))
	do(q.GetAccessPolicy(asOf(ctx, "GetQueueACL", key), nil))
	do(q.SetAccessPolicy(asOf(ctx, "SetQueueACL", key), nil))
	do(svc.NewListQueuesPager(nil).NextPage(asOf(ctx, "ListQueues", "/"+g.Account)))

	// What is got decides what it is called: a get of nothing is a read.
	do(q.DequeueMessage(asOf(ctx, "GetMessageRead", key), nil))
	do(q.PeekMessage(asOf(ctx, "PeekMessage", key), nil))
	do(q.EnqueueMessage(asOf(ctx, "PutMessage", key), "a text", nil))
	do(q.EnqueueMessage(as(ctx, "PutMessage"), "<another> text", &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1)), VisibilityTimeout: to.Ptr(int32(60))}))
	do(q.PeekMessages(asOf(ctx, "PeekMessages", key), &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(32))}))
	got, err := q.DequeueMessages(asOf(ctx, "GetMessageWrite", key), &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(32))})
	check(t, err)
	do(q.DequeueMessages(asOf(ctx, "GetMessageRead", key), &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(32))}))
	m := got.Messages[0]
	updated, err := q.UpdateMessage(as(ctx, "UpdateMessage"), *m.MessageID, *m.PopReceipt, "changed", &azqueue.UpdateMessageOptions{VisibilityTimeout: to.Ptr(int32(9))})
	check(t, err)
	_, err = q.DeleteMessage(as(ctx, "DeleteMessage"), *m.MessageID, *m.PopReceipt, nil)
	refused(queueerror.MessageNotFound, err)
	do(q.DeleteMessage(as(ctx, "DeleteMessage"), *m.MessageID, *updated.PopReceipt, nil))

	query, err := sas.QueueSignatureValues{
		QueueName: nameOf(q), ExpiryTime: time.Now().UTC().Add(time.Hour), Permissions: "r", Protocol: sas.ProtocolHTTPSandHTTP,
	}.SignWithSharedKey(g.queueCredential(t))
	check(t, err)
	s, err := azqueue.NewQueueClientWithNoCredential(q.URL()+"?"+query.Encode(), &azqueue.ClientOptions{ClientOptions: rec.options()})
	check(t, err)
	do(s.PeekMessage(asOf(ctx, "PeekMessage", key), nil))
	_, err = s.EnqueueMessage(asOf(ctx, "PutMessage", key), "x", nil)
	refused(queueerror.AuthorizationPermissionMismatch, err)
	do(q.ClearMessages(asOf(ctx, "ClearMessages", key), nil))
	do(q.Delete(asOf(ctx, "DeleteQueue", key), nil))
}
