package table

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"reslog/service/storage"
	"reslog/service/storage/storagetest"
)

// routed are requests, each of which is another operation: together all of them.
var routed = []struct{ method, path, header, name, container, key string }{
	{"GET", "?restype=service&comp=properties", "", "GetTableServiceProperties", "", "/acct"},
	{"PUT", "?restype=service&comp=properties", "", "SetTableServiceProperties", "", "/acct"},
	{"GET", "?restype=service&comp=stats", "", "GetTableServiceStats", "", "/acct"},
	{"GET", "Tables", "", "QueryTables", "", "/acct"},
	{"POST", "Tables", "", "CreateTable", "", "/acct"},
	{"GET", "Tables('tab')", "", "QueryTable", "tab", "/acct/tab"},
	{"DELETE", "Tables('tab')", "", "DeleteTable", "tab", "/acct/tab"},
	{"GET", "tab?comp=acl", "", "GetTableACL", "tab", "/acct/tab"},
	{"PUT", "tab?comp=acl", "", "SetTableACL", "tab", "/acct/tab"},
	{"GET", "tab", "", "QueryEntities", "tab", "/acct/tab"},
	{"POST", "tab", "", "InsertEntity", "tab", "/acct/tab"},
	{"GET", "tab(PartitionKey='a%2Fb',RowKey='r')", "", "QueryEntity", "tab", "/acct/tab/a/b/r"},
	{"PUT", "tab(PartitionKey='p',RowKey='r')", "If-Match", "UpdateEntity", "tab", "/acct/tab/p/r"},
	{"PUT", "tab(PartitionKey='p',RowKey='r')", "", "InsertOrReplaceEntity", "tab", "/acct/tab/p/r"},
	{"MERGE", "tab(PartitionKey='p',RowKey='r')", "If-Match", "MergeEntity", "tab", "/acct/tab/p/r"},
	{"PATCH", "tab(RowKey='r',PartitionKey='p')", "", "InsertOrMergeEntity", "tab", "/acct/tab/p/r"},
	{"DELETE", "tab(PartitionKey='p',RowKey='r')", "", "DeleteEntity", "tab", "/acct/tab/p/r"},
	{"POST", "$batch", "", "EntityGroupTransaction", "", "/acct"},
}

// TestRoutes routes to every operation there is.
func TestRoutes(t *testing.T) {
	s := withProperties()
	left := allOperations(s)
	for _, r := range routed {
		path, query, _ := strings.Cut(r.path, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		if r.header != "" {
			h[r.header] = []string{"*"}
		}
		c := &storage.Call{
			Request: &http.Request{Method: r.method, Header: h}, Query: values, Path: path,
			Account: &storage.Account{Name: "acct"}, Version: storage.Newest,
		}
		op, err := s.Route(c)
		switch {
		case err != nil:
			t.Errorf("%s %s: %v", r.method, r.path, err)
		case op.Name != r.name || c.Container != r.container || c.ObjectKey != r.key:
			t.Errorf("%s %s: routed to %s of %q, key %s; want %s of %q, %s", r.method, r.path, op.Name, c.Container, c.ObjectKey, r.name, r.container, r.key)
		default:
			left = slices.DeleteFunc(left, func(o *storage.Operation) bool { return o == op })
		}
	}
	for _, o := range left {
		t.Errorf("nothing leads to %s", o.Name)
	}
}

// TestClasses is how operations are classified.
func TestClasses(t *testing.T) {
	for _, o := range allOperations(withProperties()) {
		want := storage.Write
		switch {
		case strings.HasPrefix(o.Name, "Get"), strings.HasPrefix(o.Name, "Query"):
			want = storage.Read
		case strings.HasPrefix(o.Name, "Delete"):
			want = storage.Delete
		}
		if o.Class != want {
			t.Errorf("%s is in class %d, want %d", o.Name, o.Class, want)
		}
	}
}

// The catalogue has every operation in the category that its records get, and none
// besides.
func TestCatalogHasTheOperations(t *testing.T) {
	storagetest.CheckCatalog(t, "Microsoft.Storage/storageAccounts/tableServices", preflight, allOperations(withProperties()))
}

// preflight is of the Front, for all services.
const preflight = "TablePreflightRequest"

// TestCompatPage compares the page of what is there with the operations.
func TestCompatPage(t *testing.T) {
	want := append(storagetest.Names(allOperations(withProperties())), preflight)
	storagetest.CheckPage(t, "../../../docs/compat/table.md", "## Operations", want)
}

// withProperties is a Service that has all operations.
func withProperties() *Service {
	return New(Config{Properties: storage.NewPropertyOperations(storage.Table, storage.OpenProperties(storage.PropertiesConfig{}))})
}

func allOperations(s *Service) []*storage.Operation { return storagetest.Operations(&s.ops) }
