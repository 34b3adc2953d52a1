package queue

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"reslog/service/storage"
	"reslog/service/storage/storagetest"
)

// routed are requests, each of which is another operation: together all of them
// that a request can be routed to.
var routed = []struct{ method, path, name string }{
	{"GET", "/?comp=list", "ListQueues"},
	{"GET", "/?restype=service&comp=properties", "GetQueueServiceProperties"},
	{"HEAD", "/?restype=Service&comp=Properties", "GetQueueServiceProperties"},
	{"PUT", "/?restype=service&comp=properties", "SetQueueServiceProperties"},
	{"GET", "/?restype=service&comp=stats", "GetQueueServiceStats"},
	{"POST", "/?restype=service&comp=userdelegationkey", "GetUserDelegationKey"},

	{"PUT", "/jobs", "CreateQueue"},
	{"DELETE", "/jobs", "DeleteQueue"},
	{"GET", "/jobs?comp=metadata", "GetQueueMetadata"},
	{"HEAD", "/jobs?comp=Metadata", "GetQueueMetadata"},
	{"PUT", "/jobs?comp=metadata", "SetQueueMetadata"},
	{"GET", "/jobs?comp=acl", "GetQueueACL"},
	{"PUT", "/jobs?comp=acl", "SetQueueACL"},

	{"POST", "/jobs/messages", "PutMessage"},
	{"GET", "/jobs/messages", "GetMessage"},
	{"GET", "/jobs/messages/", "GetMessage"},
	{"GET", "/jobs/messages?numofmessages=1", "GetMessage"},
	{"GET", "/jobs/messages?numofmessages=2", "GetMessages"},
	{"GET", "/jobs/messages?numofmessages=x&peekonly=FALSE", "GetMessages"},
	{"GET", "/jobs/messages?peekonly=true", "PeekMessage"},
	{"GET", "/jobs/messages?peekonly=true&numofmessages=32", "PeekMessages"},
	{"DELETE", "/jobs/messages", "ClearMessages"},
	{"PUT", "/jobs/messages/id", "UpdateMessage"},
	{"DELETE", "/jobs/messages/id", "DeleteMessage"},
}

// TestRoutes routes to every operation there is, but to those that others become.
func TestRoutes(t *testing.T) {
	s := withProperties()
	left := slices.DeleteFunc(allOperations(s), func(o *storage.Operation) bool {
		return o == s.ops.getMessageRead || o == s.ops.getMessageWrite
	})
	for _, r := range routed {
		u, err := url.Parse(r.path)
		if err != nil {
			t.Fatal(err)
		}
		c := &storage.Call{
			Request: &http.Request{Method: r.method, URL: u, Header: http.Header{}}, Query: u.Query(),
			Account: &storage.Account{Name: "acct"}, Version: storage.Newest, ObjectKey: "/acct" + u.Path,
		}
		c.Container, c.Name, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		op, err := s.Route(c)
		switch {
		case err != nil:
			t.Errorf("%s %s: %v", r.method, r.path, err)
		case op.Name != r.name:
			t.Errorf("%s %s: routed to %s, want %s", r.method, r.path, op.Name, r.name)
		default:
			left = slices.DeleteFunc(left, func(o *storage.Operation) bool { return o == op })
		}
		if c.Container != "" && c.ObjectKey != "/acct/jobs" {
			t.Errorf("%s %s: key %s", r.method, r.path, c.ObjectKey)
		}
	}
	for _, o := range left {
		t.Errorf("nothing leads to %s", o.Name)
	}
}

// preflight is of the Front, for all services.
const preflight = "QueuePreflightRequest"

// TestCompatPage compares the page of what is there with the operations.
func TestCompatPage(t *testing.T) {
	want := append(storagetest.Names(allOperations(withProperties())), preflight)
	storagetest.CheckPage(t, "../../../docs/compat/queue.md", "## Operations", want)
}

// TestCatalogHasTheOperations: the catalogue has every operation, in the category
// that its records get, and none besides.
func TestCatalogHasTheOperations(t *testing.T) {
	storagetest.CheckCatalog(t, "Microsoft.Storage/storageAccounts/queueServices", preflight, allOperations(withProperties()))
}

// documented are the actions of the Queue service operations, from the table of
// "Authorize with Microsoft Entra ID". Below queueServices/; "|" is or, "&" and.
var documented = map[string]string{
	"ListQueues":                "queues/read",
	"GetQueueServiceProperties": "read",
	"SetQueueServiceProperties": "write", // read there: see NewPropertyOperations
	"GetQueueServiceStats":      "read",
	"GetUserDelegationKey":      "generateUserDelegationKey/action",
	"CreateQueue":               "queues/write",
	"DeleteQueue":               "queues/delete",
	"GetQueueMetadata":          "queues/read",
	"SetQueueMetadata":          "queues/write",
	"GetQueueACL":               "queues/getAcl/action",
	"SetQueueACL":               "queues/setAcl/action",
	"PutMessage":                "queues/messages/add/action|queues/messages/write",
	"GetMessage":                "queues/messages/process/action|queues/messages/delete&queues/messages/read",
	"GetMessages":               "queues/messages/process/action|queues/messages/delete&queues/messages/read",
	"GetMessageRead":            "queues/messages/process/action|queues/messages/delete&queues/messages/read",
	"GetMessageWrite":           "queues/messages/process/action|queues/messages/delete&queues/messages/read",
	"PeekMessage":               "queues/messages/read",
	"PeekMessages":              "queues/messages/read",
	"UpdateMessage":             "queues/messages/write",
	"DeleteMessage":             "queues/messages/process/action|queues/messages/delete",
	"ClearMessages":             "queues/messages/delete",
}

// TestActions: every operation has the actions of the documentation, those too that
// stand in for the operations of the parent package.
func TestActions(t *testing.T) {
	for _, s := range []*Service{withProperties(), New(Config{})} {
		for _, o := range allOperations(s) {
			var alternatives []string
			for _, all := range o.Actions {
				var names []string
				for _, a := range all {
					name, ok := strings.CutPrefix(a.Name, "Microsoft.Storage/storageAccounts/queueServices/")
					if data := strings.HasPrefix(name, "queues/messages/"); !ok || data != a.Data {
						t.Errorf("%s: action %+v", o.Name, a)
					}
					names = append(names, name)
				}
				alternatives = append(alternatives, strings.Join(names, "&"))
			}
			if got := strings.Join(alternatives, "|"); got != documented[o.Name] {
				t.Errorf("%s: %s, want %s", o.Name, got, documented[o.Name])
			}
		}
	}
}

// withProperties is a Service that has all operations.
func withProperties() *Service {
	return New(Config{Properties: storage.NewPropertyOperations(storage.Queue, storage.OpenProperties(storage.PropertiesConfig{}))})
}

func allOperations(s *Service) []*storage.Operation { return storagetest.Operations(&s.ops) }
