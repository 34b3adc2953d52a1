package interop

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/client"
	"reslog/server/servertest"
)

// serviceOperation is something to do, in the order in which it can be done.
type serviceOperation struct {
	name string
	run  func(ctx context.Context) error
}

// TestServiceRoles signs in with each role for queues and tables and sees what it
// opens, and that the records say who it was.
func TestServiceRoles(t *testing.T) {
	n := servertest.Start(t, estate("", "", nil), servertest.WithTLS())
	for _, service := range []string{"queue", "table"} {
		_, err := n.Admin(t).PutSetting(t.Context(), serviceID(service), "all", client.SettingProperties{StorageAccountID: archiveID, Logs: allLogs()})
		check(t, err)
	}
	for _, x := range []struct{ role, service, may string }{
		{"Storage Queue Data Reader", "queue", "ListQueues GetQueueMetadata PeekMessages"},
		{"Storage Queue Data Message Sender", "queue", "PutMessage"},
		{"Storage Queue Data Message Processor", "queue", "PeekMessages GetMessageWrite DeleteMessage"},
		{"Storage Queue Data Contributor", "queue", "CreateQueue ListQueues GetQueueMetadata SetQueueMetadata PutMessage PeekMessages GetMessageWrite UpdateMessage DeleteMessage ClearMessages DeleteQueue"},
		{"Storage Blob Data Owner", "queue", ""},
		{"Storage Table Data Reader", "table", "QueryTables QueryEntities QueryEntity"},
		{"Storage Table Data Contributor", "table", "CreateTable QueryTables InsertEntity QueryEntities QueryEntity MergeEntity InsertOrReplaceEntity EntityGroupTransaction DeleteEntity DeleteTable"},
		{"Storage Queue Data Contributor", "table", ""},
	} {
		t.Run(x.role+" and the "+x.service+" service", func(t *testing.T) {
			p := n.Principal(t, []string{x.role}, devAccountID)
			rec := &recorder{}
			options := n.ClientOptions(t)
			options.PerRetryPolicies = []policy.Policy{rec}
			operations := queueOperations(t, n, options, n.Credential(t, p))
			if x.service == "table" {
				options.Cloud.Services = maps.Clone(options.Cloud.Services)
				options.Cloud.Services[aztables.ServiceName] = cloud.ServiceConfiguration{Audience: "https://storage.azure.com"}
				operations = tableOperations(t, n, options, n.Credential(t, p))
			}
			may := strings.Fields(x.may)
			for _, op := range operations {
				err := op.run(as(t.Context(), op.name))
				switch allowed := slices.Contains(may, op.name); {
				case allowed && err != nil:
					t.Errorf("%s: %v", op.name, err)
				case !allowed && !hasCode(err, "AuthorizationPermissionMismatch"):
					t.Errorf("%s is not refused: %v", op.name, err)
				}
			}
			n.Settle(t)
			lines := storageLines(t, n, serviceID("queue"), serviceID("table"))
			for _, e := range rec.exchanges() {
				l := lines[e.Response.Get("X-Ms-Request-Id")]
				if len(l) != 1 {
					t.Errorf("%s has %d lines", e.Operation, len(l))
					continue
				}
				want(t, e.Operation+": identity", l[0].Identity.Type, "OAuth")
				want(t, e.Operation+": requester", l[0].Identity.Requester["appId"], p.AppID)
				if e.Status < 300 {
					want(t, e.Operation+": operation", l[0].OperationName, e.Operation)
				}
			}
		})
	}
}

// queueOperations are those of queues, on one that is there and one that is not.
func queueOperations(t *testing.T, n *servertest.Node, o policy.ClientOptions, cred azcore.TokenCredential) []serviceOperation {
	t.Helper()
	key := n.QueueClient(t)
	name, free := unique(t), unique(t)
	_, err := key.CreateQueue(t.Context(), name, nil)
	check(t, err)
	by := key.NewQueueClient(name)
	var last *azqueue.DequeuedMessage // by the account's key
	fresh := func() {
		t.Helper()
		_, err := by.ClearMessages(t.Context(), nil)
		check(t, err)
		enqueue(t, by, "x", nil)
		last = dequeue(t, by, 1, 600)[0]
		enqueue(t, by, "y", nil)
	}
	svc, err := azqueue.NewServiceClient(n.QueueURL()+"/"+devAccount, cred, &azqueue.ClientOptions{ClientOptions: o})
	check(t, err)
	q := svc.NewQueueClient(name)
	return []serviceOperation{
		{"CreateQueue", func(ctx context.Context) error { _, err := svc.CreateQueue(ctx, free, nil); return err }},
		{"ListQueues", func(ctx context.Context) error { _, err := svc.NewListQueuesPager(nil).NextPage(ctx); return err }},
		{"GetQueueMetadata", func(ctx context.Context) error { _, err := q.GetProperties(ctx, nil); return err }},
		{"SetQueueMetadata", func(ctx context.Context) error { _, err := q.SetMetadata(ctx, nil); return err }},
		{"PutMessage", func(ctx context.Context) error { _, err := q.EnqueueMessage(ctx, "x", nil); return err }},
		{"PeekMessages", func(ctx context.Context) error {
			fresh()
			_, err := q.PeekMessages(ctx, &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(2))})
			return err
		}},
		{"GetMessageWrite", func(ctx context.Context) error { _, err := q.DequeueMessage(ctx, nil); return err }},
		{"UpdateMessage", func(ctx context.Context) error {
			fresh()
			_, err := q.UpdateMessage(ctx, *last.MessageID, *last.PopReceipt, "z", nil)
			return err
		}},
		{"DeleteMessage", func(ctx context.Context) error {
			fresh()
			_, err := q.DeleteMessage(ctx, *last.MessageID, *last.PopReceipt, nil)
			return err
		}},
		{"ClearMessages", func(ctx context.Context) error { _, err := q.ClearMessages(ctx, nil); return err }},
		{"DeleteQueue", func(ctx context.Context) error { _, err := q.Delete(ctx, nil); return err }},
	}
}

// tableOperations are those of tables.
func tableOperations(t *testing.T, n *servertest.Node, o policy.ClientOptions, cred azcore.TokenCredential) []serviceOperation {
	t.Helper()
	name, free := uniqueTable(t), uniqueTable(t)
	by := tableOf{n.TableClient(t).NewClient(name), name}
	_, err := by.CreateTable(t.Context(), nil)
	check(t, err)
	by.add(t, at("p", "there"))
	svc, err := aztables.NewServiceClient(n.TableURL()+"/"+devAccount, cred, &aztables.ClientOptions{ClientOptions: o})
	check(t, err)
	c := svc.NewClient(name)
	there := at("p", "there", "a", "1").json(t)
	return []serviceOperation{
		{"CreateTable", func(ctx context.Context) error { _, err := svc.CreateTable(ctx, free, nil); return err }},
		{"QueryTables", func(ctx context.Context) error { _, err := svc.NewListTablesPager(nil).NextPage(ctx); return err }},
		{"InsertEntity", func(ctx context.Context) error { _, err := c.AddEntity(ctx, at("p", "new").json(t), nil); return err }},
		{"QueryEntities", func(ctx context.Context) error { _, err := c.NewListEntitiesPager(nil).NextPage(ctx); return err }},
		{"QueryEntity", func(ctx context.Context) error { _, err := c.GetEntity(ctx, "p", "there", nil); return err }},
		{"MergeEntity", func(ctx context.Context) error { _, err := c.UpdateEntity(ctx, there, nil); return err }},
		{"InsertOrReplaceEntity", func(ctx context.Context) error {
			_, err := c.UpsertEntity(ctx, there, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
			return err
		}},
		{"EntityGroupTransaction", func(ctx context.Context) error {
			_, err := c.SubmitTransaction(ctx, []aztables.TransactionAction{action(t, aztables.TransactionTypeInsertMerge, at("p", "batch"))}, nil)
			return err
		}},
		{"DeleteEntity", func(ctx context.Context) error { _, err := c.DeleteEntity(ctx, "p", "there", nil); return err }},
		{"DeleteTable", func(ctx context.Context) error { _, err := c.Delete(ctx, nil); return err }},
	}
}
