package interop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/storagelog"
)

// logQueues sets the Logging element of the queue service.
func logQueues(t *testing.T, g *target, version storagelog.Version, read, write, del bool) {
	t.Helper()
	_, err := g.queues(t).SetProperties(t.Context(), &azqueue.SetPropertiesOptions{Logging: &azqueue.Logging{
		Version: to.Ptr(string(version)), Read: &read, Write: &write, Delete: &del, RetentionPolicy: &azqueue.RetentionPolicy{Enabled: to.Ptr(false)},
	}})
	check(t, err)
}

// logTables sets that of the table service, which has one version.
func logTables(t *testing.T, g *target, read, write, del bool) {
	t.Helper()
	_, err := g.tables(t).SetProperties(t.Context(), aztables.ServiceProperties{Logging: &aztables.Logging{
		Version: to.Ptr("1.0"), Read: &read, Write: &write, Delete: &del, RetentionPolicy: &aztables.RetentionPolicy{Enabled: to.Ptr(false)},
	}}, nil)
	check(t, err)
}

// TestQueueLogs compares the log of the queue service with what a client did.
func TestQueueLogs(t *testing.T) {
	for _, version := range []storagelog.Version{storagelog.V1, storagelog.V2} {
		t.Run(string(version), func(t *testing.T) {
			g := open(t)
			g.mustBeOurs(t)
			logQueues(t, g, version, true, true, true)
			rec := &recorder{}
			queueTraffic(t, g, rec)
			done := rec.exchanges()
			byID := waitForLogsOf(t, g.service(t).NewContainerClient("$logs"), "queue", version, done)
			for _, x := range done {
				entries := byID[x.Response.Get("x-ms-request-id")]
				if len(entries) != 1 {
					t.Errorf("%s: %d records, want 1", x.Operation, len(entries))
					continue
				}
				want(t, x.Operation+": operation number", entries[0].OperationNumber, 0)
				compare(t, g, x, entries[0])
			}
			checkOthers(t, byID, done, "SetQueueServiceProperties")
		})
	}
}

// TestTableLogs compares the log of the table service with what a client did: a
// transaction has a record of its own and one of each change.
func TestTableLogs(t *testing.T) {
	g := open(t)
	g.mustBeOurs(t)
	logTables(t, g, true, true, true)
	rec := &recorder{}
	changes := tableTraffic(t, g, rec)
	done := rec.exchanges()
	byID := waitForLogsOf(t, g.service(t).NewContainerClient("$logs"), "table", storagelog.V1, done)
	for _, x := range done {
		entries := byID[x.Response.Get("x-ms-request-id")]
		records := 1
		if x.Operation == "EntityGroupTransaction" && len(changes) > 0 { // the last one fails
			records = 4
		}
		if len(entries) != records {
			t.Errorf("%s: %d records, want %d", x.Operation, len(entries), records)
			continue
		}
		for i, e := range entries {
			what := fmt.Sprintf("%s: record %d", x.Operation, i)
			want(t, what+": operation number", e.OperationNumber, i)
			if i == 0 {
				continue
			}
			want(t, what, fmt.Sprint(e.Operation, " ", e.ObjectKey), fmt.Sprint(changes[0].Operation, " ", changes[0].Key))
			changed := changes[0].Operation != "DeleteEntity"
			changes = changes[1:]
			// All else is that of the transaction, but for what is the entity's own.
			if changed != strings.HasPrefix(e.ETag, `W/"datetime'`) || changed != !e.LastModified.IsZero() {
				t.Errorf("%s: ETag %s, changed at %v", what, e.ETag, e.LastModified)
			}
			whole := entries[0]
			whole.Operation, whole.ObjectKey, whole.OperationNumber = e.Operation, e.ObjectKey, e.OperationNumber
			whole.ETag, whole.LastModified, whole.Conditions = e.ETag, e.LastModified, e.Conditions
			want(t, what, fmt.Sprintf("%+v", e), fmt.Sprintf("%+v", whole))
		}
		compare(t, g, x, entries[0])
	}
	want(t, "changes without a record", len(changes), 0)
	checkOthers(t, byID, done, "SetTableServiceProperties")
}

// checkOthers reports records of requests that the client did not make, but for
// those of the operation that switched logging on.
func checkOthers(t *testing.T, byID map[string][]storagelog.Entry, done []exchange, switched string) {
	t.Helper()
	made := map[string]bool{}
	for _, x := range done {
		made[x.Response.Get("x-ms-request-id")] = true
	}
	for id, entries := range byID {
		if !made[id] && entries[0].Operation != switched {
			t.Errorf("%d records of a request that nobody made: %s %s", len(entries), entries[0].Operation, entries[0].URL)
		}
	}
}

// Each service has its own setting and its own logs, and each class is switched on by
// itself: an empty queue that is polled is a read, a message that is got a write.
func TestLogClassesOfServices(t *testing.T) {
	g := open(t)
	g.mustBeOurs(t)
	ctx := t.Context()
	q, c := g.queue(t, nil), g.table(t)
	logQueues(t, g, storagelog.V1, false, true, false)
	rec := &recorder{}
	rq := g.recordedQueues(t, rec).NewQueueClient(nameOf(q))
	_, err := rq.DequeueMessage(as(ctx, "unlogged"), nil)
	check(t, err)
	_, err = rq.EnqueueMessage(as(ctx, "PutMessage"), "x", nil)
	check(t, err)
	got, err := rq.DequeueMessage(as(ctx, "GetMessageWrite"), nil)
	check(t, err)
	_, err = rq.DeleteMessage(as(ctx, "unlogged"), *got.Messages[0].MessageID, *got.Messages[0].PopReceipt, nil)
	check(t, err)
	rc := g.recordedTables(t, rec).NewClient(c.Name)
	_, err = rc.AddEntity(as(ctx, "unlogged"), at("p", "r").json(t), nil) // tables log nothing yet
	check(t, err)
	logTables(t, g, false, false, true)
	_, err = rc.GetEntity(as(ctx, "unlogged"), "p", "r", nil)
	check(t, err)
	_, err = rc.DeleteEntity(as(ctx, "DeleteEntity"), "p", "r", nil)
	check(t, err)
	_, err = rq.EnqueueMessage(as(ctx, "PutMessage"), "last", nil)
	check(t, err)

	logs := g.service(t).NewContainerClient("$logs")
	done := rec.exchanges()
	var logged []exchange
	for _, x := range done {
		if x.Operation != "unlogged" {
			logged = append(logged, x)
		}
	}
	queues := waitForLogsOf(t, logs, "queue", storagelog.V1, []exchange{logged[0], logged[1], logged[3]})
	tables := waitForLogsOf(t, logs, "table", storagelog.V1, logged[2:3])
	for _, x := range done {
		id := x.Response.Get("x-ms-request-id")
		records := append(queues[id], tables[id]...)
		want(t, x.Operation+" "+x.Method+": records", len(records), map[bool]int{true: 0, false: 1}[x.Operation == "unlogged"])
		if len(records) == 1 {
			want(t, "operation", records[0].Operation, x.Operation)
			want(t, "service", records[0].Service, x.service(g))
		}
	}
	want(t, "logs of blobs", len(readLogs(t, logs, "blob", storagelog.V1)), 0)
}
