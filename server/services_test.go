package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/queueerror"
	"github.com/google/go-cmp/cmp"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
	"reslog/storagelog"
)

// enqueue makes a queue and puts messages into it.
func enqueue(t *testing.T, n *servertest.Node, queue string, texts ...string) *azqueue.QueueClient {
	t.Helper()
	q := n.QueueClient(t).NewQueueClient(queue)
	if _, err := q.Create(t.Context(), nil); err != nil {
		t.Fatalf("create queue %s: %v", queue, err)
	}
	for _, text := range texts {
		if _, err := q.EnqueueMessage(t.Context(), text, nil); err != nil {
			t.Fatalf("put a message into %s: %v", queue, err)
		}
	}
	return q
}

// insert makes a table and inserts entities of one partition into it, one by one
// and then, with "batch", two in a transaction.
func insert(t *testing.T, n *servertest.Node, table string, rows ...string) *aztables.Client {
	t.Helper()
	c := n.TableClient(t).NewClient(table)
	if _, err := c.CreateTable(t.Context(), nil); err != nil {
		t.Fatalf("create table %s: %v", table, err)
	}
	for _, row := range rows {
		if _, err := c.AddEntity(t.Context(), entity(row), nil); err != nil {
			t.Fatalf("insert %s into %s: %v", row, table, err)
		}
	}
	return c
}

func entity(row string) []byte {
	return fmt.Appendf(nil, `{"PartitionKey":"p","RowKey":%q,"Size":7}`, row)
}

func transact(t *testing.T, c *aztables.Client, rows ...string) {
	t.Helper()
	var actions []aztables.TransactionAction
	for _, row := range rows {
		actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: entity(row)})
	}
	if _, err := c.SubmitTransaction(t.Context(), actions, nil); err != nil {
		t.Fatalf("insert %v at once: %v", rows, err)
	}
}

func TestEndpointsOfAllServices(t *testing.T) {
	n := servertest.Start(t)
	a := n.Account(t)
	want := map[client.Service]string{
		client.Blob:  n.BlobURL() + "/" + server.DevAccount,
		client.Queue: n.QueueURL() + "/" + server.DevAccount,
		client.Table: n.TableURL() + "/" + server.DevAccount,
	}
	if diff := cmp.Diff(want, a.Endpoints); diff != "" {
		t.Errorf("connection string: %s", diff)
	}
	raw, err := os.ReadFile(filepath.Join(n.Config.Data, "endpoints.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Blob, Queue, Table string }
	if err := json.Unmarshal(raw, &file); err != nil || file.Blob != n.BlobURL() || file.Queue != n.QueueURL() || file.Table != n.TableURL() {
		t.Errorf("endpoints.json is %s, %v", raw, err)
	}
	ready := get(t, n.AdminURL()+"/readyz?verbose")
	for _, u := range []string{n.BlobURL(), n.QueueURL(), n.TableURL()} {
		if !strings.Contains(ready, `{"url":"`+u+`"}`) {
			t.Errorf("readyz does not say %s: %s", u, ready)
		}
	}
	if diff := cmp.Diff(want, primaryEndpoints(t, n)); diff != "" {
		t.Errorf("Resource Manager: %s", diff)
	}
}

// primaryEndpoints are those of the development account's resource, without the
// slash at their end.
func primaryEndpoints(t *testing.T, n *servertest.Node) map[client.Service]string {
	t.Helper()
	r, err := n.Admin(t).Resource(t.Context(), devAccountID)
	if err != nil {
		t.Fatal(err)
	}
	var p struct{ PrimaryEndpoints map[client.Service]string }
	if err := json.Unmarshal(r.Properties, &p); err != nil {
		t.Fatal(err)
	}
	for k, u := range p.PrimaryEndpoints {
		p.PrimaryEndpoints[k] = strings.TrimSuffix(u, "/")
	}
	return p.PrimaryEndpoints
}

const devAccountID = "/subscriptions/" + server.DefaultSubscriptionID + "/resourceGroups/" + server.DefaultResourceGroup +
	"/providers/Microsoft.Storage/storageAccounts/" + server.DevAccount

// What is off is nowhere named.
func TestServicesOff(t *testing.T) {
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) { c.QueueAddr, c.TableAddr = server.Off, server.Off }))
	if n.QueueURL() != "" || n.TableURL() != "" || n.BlobURL() == "" {
		t.Errorf("urls are %q, %q and %q", n.BlobURL(), n.QueueURL(), n.TableURL())
	}
	if s := n.ConnectionString(server.DevAccount); strings.Contains(s, "QueueEndpoint") || strings.Contains(s, "TableEndpoint") || !strings.Contains(s, "BlobEndpoint") {
		t.Error("the connection string names other services than blob, or not that")
	}
	if e := primaryEndpoints(t, n); len(e) != 1 || e[client.Blob] == "" {
		t.Errorf("Resource Manager names %v", e)
	}
	create(t, n.BlobClient(t), "things")
}

// Each service has classic logs of its own, in the `$logs` of the account.
func TestQueuesAndTablesAreLogged(t *testing.T) {
	n := servertest.Start(t)
	enqueue(t, n, "before")
	for _, s := range []client.Service{client.Queue, client.Table} {
		n.SetLoggingOf(t, s, "rwd")
	}
	a := n.Account(t)
	s, err := a.GetAnalytics(t.Context(), client.Queue)
	if err != nil {
		t.Fatal(err)
	}
	s.LogVersion = "2.0"
	if err := a.SetAnalytics(t.Context(), client.Queue, s); err != nil {
		t.Fatal(err)
	}
	q := enqueue(t, n, "jobs", "one", "two")
	if m, err := q.DequeueMessage(t.Context(), nil); err != nil || len(m.Messages) != 1 {
		t.Fatalf("got %v, %v", m.Messages, err)
	}
	c := insert(t, n, "Orders", "1")
	transact(t, c, "2", "3")
	if _, err := c.DeleteEntity(t.Context(), "p", "1", nil); err != nil {
		t.Fatal(err)
	}
	create(t, n.BlobClient(t), "things") // is not logged

	for name := range n.LogBlobs(t) {
		if !strings.HasPrefix(name, "queue/") && !strings.HasPrefix(name, "table/") {
			t.Errorf("there is a log %s", name)
		}
	}
	count := map[string]int{}
	for _, e := range n.Logs(t) {
		count[e.Service+" "+string(e.Version)+" "+e.Operation]++
		if e.OwnerAccount != server.DevAccount {
			t.Errorf("an entry of account %q", e.OwnerAccount)
		}
	}
	for what, want := range map[string]int{
		"queue 2.0 CreateQueue": 1, "queue 2.0 PutMessage": 2, "queue 2.0 GetMessageWrite": 1,
		"table 1.0 CreateTable": 1, "table 1.0 InsertEntity": 3, "table 1.0 EntityGroupTransaction": 1, "table 1.0 DeleteEntity": 1,
	} {
		if count[what] != want {
			t.Errorf("%d entries %s, want %d; all: %v", count[what], what, want, count)
		}
	}
	checkTransaction(t, n)
}

// checkTransaction checks the three entries of a transaction of two inserts.
func checkTransaction(t *testing.T, n *servertest.Node) {
	t.Helper()
	parts := map[int]storagelog.Entry{}
	id := ""
	for _, e := range n.Logs(t) {
		if e.Operation == "EntityGroupTransaction" {
			id = e.RequestID
		}
	}
	for _, e := range n.Logs(t) {
		if e.RequestID == id {
			parts[e.OperationNumber] = e
		}
	}
	if len(parts) != 3 {
		t.Fatalf("%d entries of the transaction, want 3", len(parts))
	}
	for i, row := range []string{"2", "3"} {
		e := parts[i+1]
		if e.Operation != "InsertEntity" || e.HTTPStatus != "202" || e.ObjectKey != "/"+server.DevAccount+"/Orders/p/"+row || e.ETag == "" {
			t.Errorf("entry %d of the transaction: %s of %s, %s, ETag %s", i+1, e.Operation, e.ObjectKey, e.HTTPStatus, e.ETag)
		}
	}
}

// In audit mode each request that took effect has its record, also that of a
// request which only becomes what it is while it runs.
func TestAuditModeOfQueuesAndTables(t *testing.T) {
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) { c.Durability = "audit" }))
	n.SetLoggingOf(t, client.Queue, "rwd")
	n.SetLoggingOf(t, client.Table, "rwd")
	q := enqueue(t, n, "jobs", "one", "two", "three")
	for range 4 {
		if _, err := q.DequeueMessage(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	transact(t, insert(t, n, "Orders", "1", "2"), "3", "4")
	got := operations(t, n)
	for operation, want := range map[string]int{
		"CreateQueue": 1, "PutMessage": 3, "GetMessageWrite": 3, "GetMessageRead": 1, "GetMessage": 0,
		"CreateTable": 1, "InsertEntity": 4, "EntityGroupTransaction": 1,
	} {
		if got[operation] != want {
			t.Errorf("%d records of %s, want %d; all: %v", got[operation], operation, want, got)
		}
	}
}

// Tables have no logs of version 2.0.
func TestTablesHaveOneLogVersion(t *testing.T) {
	n := servertest.Start(t)
	a := n.Account(t)
	err := a.SetAnalytics(t.Context(), client.Table, &client.AnalyticsSettings{LogType: client.LoggingAll, LogVersion: "2.0"})
	var refused *client.ServiceError
	if !errors.As(err, &refused) || refused.Status != 400 {
		t.Errorf("version 2.0 for tables: %v", err)
	}
}

func TestRestartKeepsQueuesAndTables(t *testing.T) {
	n := servertest.Start(t)
	n.SetLoggingOf(t, client.Table, "w")
	enqueue(t, n, "jobs", "one", "two", "three")
	insert(t, n, "Orders", "1")
	n.Restart(t)

	q := n.QueueClient(t).NewQueueClient("jobs")
	m, err := q.DequeueMessages(t.Context(), &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(32))})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range m.Messages {
		texts = append(texts, *m.MessageText)
	}
	if diff := cmp.Diff([]string{"one", "two", "three"}, texts); diff != "" {
		t.Errorf("messages after a restart: %s", diff)
	}
	c := n.TableClient(t).NewClient("Orders")
	if e, err := c.GetEntity(t.Context(), "p", "1", nil); err != nil || !strings.Contains(string(e.Value), `"Size":7`) {
		t.Errorf("the entity after a restart: %s, %v", e.Value, err)
	}
	if _, err := c.AddEntity(t.Context(), entity("2"), nil); err != nil {
		t.Fatal(err)
	}
	if got := operations(t, n); got["CreateTable"] != 1 || got["InsertEntity"] != 2 || got["PutMessage"] != 0 {
		t.Errorf("records are %v: each insert once, and logging of tables still on", got)
	}
}

// An account's requests count together, whichever of its services they are to.
func TestServicesShareTheThrottle(t *testing.T) {
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) { c.Throttle = 3 }))
	a := n.Account(t)
	var busy atomic.Int64
	var wg sync.WaitGroup
	for range 5 {
		for _, s := range []client.Service{client.Blob, client.Queue, client.Table} {
			wg.Go(func() {
				_, err := a.GetAnalytics(t.Context(), s)
				var refused *client.ServiceError
				switch {
				case err == nil:
				case errors.As(err, &refused) && refused.Status == 503:
					busy.Add(1)
				default:
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if busy.Load() == 0 {
		t.Error("15 requests at once, and none of them over the limit of 3 a second")
	}
}

// A bearer token with a role opens queues as it opens blobs, at the port's own
// address, and only what the role allows.
func TestBearerOnQueues(t *testing.T) {
	n := servertest.Start(t, servertest.WithTLS())
	enqueue(t, n, "jobs")
	p := n.Principal(t, []string{"Storage Queue Data Message Sender"})
	q, err := azqueue.NewQueueClient(n.QueueURL()+"/"+server.DevAccount+"/jobs", n.Credential(t, p), &azqueue.ClientOptions{ClientOptions: n.ClientOptions(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.EnqueueMessage(t.Context(), "one", nil); err != nil {
		t.Fatalf("a sender: %v", err)
	}
	if _, err := q.DequeueMessage(t.Context(), nil); !queueerror.HasCode(err, queueerror.AuthorizationPermissionMismatch) {
		t.Errorf("a sender that dequeues: %v", err)
	}
}

// forAudience gets tokens for an audience of its own.
type forAudience struct {
	azcore.TokenCredential
	audience string
}

func (f forAudience) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	options.Scopes = []string{f.audience + "/.default"}
	return f.TokenCredential.GetToken(ctx, options)
}

// The port of a service takes tokens for its own address, and not those for
// another service's.
func TestAudiencesOfServices(t *testing.T) {
	n := servertest.Start(t, servertest.WithTLS())
	u, err := url.Parse(n.TableURL())
	if err != nil {
		t.Fatal(err)
	}
	p := n.Principal(t, []string{"Storage Table Data Contributor"})
	for audience, want := range map[string]bool{
		"https://localhost:" + u.Port() + "/" + server.DevAccount:             true,
		"https://" + server.DevAccount + ".table.core.windows.net":            true,
		"https://storage.azure.com":                                           true,
		"https://" + server.DevAccount + ".queue.core.windows.net":            false,
		strings.Replace(n.QueueURL(), "127.0.0.1", "localhost", 1) + "/other": false,
	} {
		options := n.ClientOptions(t)
		options.Cloud.Services[aztables.ServiceName] = cloud.ServiceConfiguration{Audience: audience} // which the SDK wants, and does not ask for
		c, err := aztables.NewServiceClient(n.TableURL()+"/"+server.DevAccount, forAudience{n.Credential(t, p), audience}, &aztables.ClientOptions{ClientOptions: options})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.NewListTablesPager(nil).NextPage(t.Context())
		var refused *azcore.ResponseError
		switch {
		case want && err != nil:
			t.Errorf("a token for %s: %v", audience, err)
		case !want && (!errors.As(err, &refused) || refused.ErrorCode != "AuthenticationFailed"):
			t.Errorf("a token for %s: %v", audience, err)
		}
	}
}
