package interop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/server/servertest"
)

// azQueues has azure-cli do what it can with queues, by a connection string.
func azQueues(t *testing.T, n *servertest.Node, a *az) {
	with := func(args ...string) []string {
		return append(append([]string{"storage"}, args...), "--connection-string", n.ConnectionString(devAccount))
	}
	name := unique(t)
	var made struct{ Created, Deleted bool }
	a.ok(t, &made, with("queue", "create", "-n", name, "--metadata", "colour=blue")...)
	want(t, "created", made.Created, true)
	var queues []struct{ Name string }
	a.ok(t, &queues, with("queue", "list", "--prefix", name)...)
	want(t, "queues", len(queues), 1)

	type message struct {
		ID, Content, PopReceipt string
		DequeueCount            int
	}
	a.ok(t, nil, with("message", "put", "-q", name, "--content", "by az, <first>")...)
	var list []message
	a.ok(t, &list, with("message", "peek", "-q", name, "--num-messages", "32")...)
	if len(list) != 1 || list[0].Content != "by az, <first>" {
		t.Fatalf("peeked %+v", list)
	}
	a.ok(t, &list, with("message", "get", "-q", name, "--visibility-timeout", "120")...)
	if len(list) != 1 || list[0].Content != "by az, <first>" || list[0].DequeueCount != 1 {
		t.Fatalf("got %+v", list)
	}
	var updated message
	a.ok(t, &updated, with("message", "update", "-q", name, "--id", list[0].ID, "--pop-receipt", list[0].PopReceipt, "--content", "changed", "--visibility-timeout", "1")...)
	a.ok(t, nil, with("message", "delete", "-q", name, "--id", list[0].ID, "--pop-receipt", updated.PopReceipt)...)
	a.refused(t, 3, "QueueNotFound", with("message", "put", "-q", "nothing-here", "--content", "x")...)

	a.ok(t, nil, with("logging", "update", "--services", "qt", "--log", "rwd", "--retention", "7")...)
	options := once()
	options.Transport = n.HTTPClient(t)
	svc, err := azqueue.NewServiceClientFromConnectionString(n.ConnectionString(devAccount), &azqueue.ClientOptions{ClientOptions: options})
	check(t, err)
	p, err := svc.GetServiceProperties(t.Context(), nil)
	check(t, err)
	want(t, "logging", *p.Logging.Read && *p.Logging.Write && *p.Logging.Delete, true)
	wantPtr(t, "days", p.Logging.RetentionPolicy.Days, 7)
	a.ok(t, &made, with("queue", "delete", "-n", name)...)
	want(t, "deleted", made.Deleted, true)
}

// azEntities has azure-cli do what it can with tables, by a connection string.
func azEntities(t *testing.T, n *servertest.Node, a *az) {
	with := func(args ...string) []string {
		return append(append([]string{"storage"}, args...), "--connection-string", n.ConnectionString(devAccount))
	}
	name := "azTable" + strings.ReplaceAll(unique(t), "-", "")
	var made struct{ Created, Deleted bool }
	a.ok(t, &made, with("table", "create", "-n", name)...)
	want(t, "created", made.Created, true)
	var tables []struct{ Name string }
	a.ok(t, &tables, with("table", "list")...)
	found := false
	for _, table := range tables {
		found = found || table.Name == name
	}
	want(t, "listed", found, true)

	entity := func(verb, row string, more ...string) []string {
		return with(append([]string{"entity", verb, "-t", name, "-e", "PartitionKey=p", "RowKey=" + row}, more...)...)
	}
	a.ok(t, nil, entity("insert", "one", "text=it's here", "count=41", "count@odata.type=Edm.Int32")...)
	a.refused(t, 1, "The specified entity already exists.", entity("insert", "one")...)
	a.ok(t, nil, entity("insert", "two", "text=other")...)
	a.ok(t, nil, entity("merge", "one", "more=merged")...)
	var o map[string]any
	a.ok(t, &o, with("entity", "show", "-t", name, "--partition-key", "p", "--row-key", "one")...)
	want(t, "entity", fmt.Sprint(o["text"], o["count"], o["more"]), "it's here41merged")
	var page struct{ Items []map[string]any }
	a.ok(t, &page, with("entity", "query", "-t", name, "--filter", "PartitionKey eq 'p' and text eq 'other'", "--select", "RowKey", "text")...)
	if len(page.Items) != 1 || page.Items[0]["RowKey"] != "two" {
		t.Errorf("found %v", page.Items)
	}
	a.ok(t, nil, with("entity", "delete", "-t", name, "--partition-key", "p", "--row-key", "two")...)
	var sas string
	a.ok(t, &sas, with("table", "generate-sas", "-n", name, "--permissions", "r", "--expiry", "2099-01-01T00:00Z")...)
	var all struct{ Items []map[string]any }
	a.ok(t, &all, "storage", "entity", "query", "-t", name, "--account-name", devAccount, "--sas-token", sas, "--table-endpoint", n.TableURL()+"/"+devAccount)
	want(t, "entities by a signature", len(all.Items), 1)
	a.ok(t, &made, with("table", "delete", "-n", name)...)
	want(t, "deleted", made.Deleted, true)
}
