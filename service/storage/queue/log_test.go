package queue_test

import (
	"strings"
	"testing"

	"reslog/record"
	"reslog/service/storage"
)

// TestOperationNames is the names, classes and keys in the log, of successes.
func TestOperationNames(t *testing.T) {
	const read, write, del = record.Category("StorageRead"), record.Category("StorageWrite"), record.Category("StorageDelete")
	s := newServer(t)
	for _, c := range []struct {
		name             string
		category         record.Category
		method, path, in string
		status           string
	}{
		{"ListQueues", read, "GET", "/?comp=list", "", "200"},
		{"GetQueueServiceProperties", read, "GET", "/?restype=service&comp=properties", "", "200"},
		{"SetQueueServiceProperties", write, "PUT", "/?restype=service&comp=properties", "<StorageServiceProperties><Cors /></StorageServiceProperties>", "202"},
		{"GetQueueServiceStats", read, "GET", "-secondary/?restype=service&comp=stats", "", "200"},
		{"CreateQueue", write, "PUT", "/jobs", "", "201"},
		{"CreateQueue", write, "PUT", "/jobs", "", "204"},
		{"GetQueueMetadata", read, "GET", "/jobs?comp=metadata", "", "200"},
		{"GetQueueMetadata", read, "HEAD", "/jobs?comp=metadata", "", "200"},
		{"SetQueueMetadata", write, "PUT", "/jobs?comp=metadata", "", "204"},
		{"GetQueueACL", read, "GET", "/jobs?comp=acl", "", "200"},
		{"SetQueueACL", write, "PUT", "/jobs?comp=acl", "<SignedIdentifiers />", "204"},
		{"GetMessageRead", read, "GET", "/jobs/messages", "", "200"},
		{"GetMessageRead", read, "GET", "/jobs/messages?numofmessages=32", "", "200"},
		{"PeekMessage", read, "GET", "/jobs/messages?peekonly=true", "", "200"},
		{"PeekMessages", read, "GET", "/jobs/messages?peekonly=true&numofmessages=32", "", "200"},
		{"PutMessage", write, "POST", "/jobs/messages", envelope("x"), "201"},
		{"PeekMessage", read, "GET", "/jobs/messages?peekonly=true&numofmessages=1", "", "200"},
		{"GetMessageWrite", write, "GET", "/jobs/messages?visibilitytimeout=1", "", "200"},
		{"UpdateMessage", write, "PUT", "{id}&visibilitytimeout=0", envelope("y"), "204"},
		{"GetMessageWrite", write, "GET", "/jobs/messages?numofmessages=2", "", "200"},
		{"DeleteMessage", del, "DELETE", "{id}", "", "204"},
		{"ClearMessages", del, "DELETE", "/jobs/messages", "", "204"},
		{"DeleteQueue", del, "DELETE", "/jobs", "", "204"},
	} {
		path := c.path
		if strings.HasPrefix(path, "{id}") {
			m := s.put("jobs", "mine", "")
			path = m.path("jobs", "") + strings.TrimPrefix(path, "{id}")
		}
		s.Log.Take(t)
		a := s.Do(request{Method: c.method, Path: path, Body: c.in})
		e := s.Log.One(t)
		if e.Operation != c.name || e.Category != c.category || e.Status != "Success" || e.HTTPStatus != c.status {
			t.Errorf("%s %s: logged as %s in %s, %s %s; want %s in %s, %s", c.method, c.path, e.Operation, e.Category, e.Status, e.HTTPStatus, c.name, c.category, c.status)
		}
		key := "/" + account
		if strings.Contains(path, "/jobs") {
			key += "/jobs"
		}
		if e.ObjectKey != key {
			t.Errorf("%s: key %s, want %s", c.name, e.ObjectKey, key)
		}
		if e.Service != "queue" || e.ETag != "" || !e.LastModified.IsZero() || e.ServerMD5 != "" {
			t.Errorf("%s: %+v", c.name, e)
		}
		if e.RequestPacketSize != int64(len(c.in)) || e.ResponsePacketSize != int64(len(a.Body)) {
			t.Errorf("%s: sizes %d and %d, want %d and %d", c.name, e.RequestPacketSize, e.ResponsePacketSize, len(c.in), len(a.Body))
		}
	}
}

// TestLogOfRefusals is the names and statuses of what was refused: a request for
// messages has the name it was routed by, because what it would have found is not
// known.
func TestLogOfRefusals(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	for _, c := range []struct {
		method, path, version string
		operation, status     string
		category              record.Category
	}{
		{"GET", "/jobs/messages?numofmessages=1&visibilitytimeout=0", newest, "GetMessage", "OutOfRangeQueryParameterValue", "StorageWrite"},
		{"GET", "/jobs/messages?numofmessages=33", newest, "GetMessages", "OutOfRangeQueryParameterValue", "StorageWrite"},
		{"GET", "/none/messages", newest, "GetMessage", "QueueNotFound", "StorageWrite"},
		{"GET", "/none/messages?numofmessages=2", "2016-05-31", "GetMessages", "ClientOtherError", "StorageWrite"},
		{"GET", "/none/messages?peekonly=true&numofmessages=2", newest, "PeekMessages", "QueueNotFound", "StorageRead"},
		{"DELETE", "/none", newest, "DeleteQueue", "QueueNotFound", "StorageDelete"},
		{"DELETE", "/jobs/messages/" + strings.Repeat("0", 36) + "?popreceipt=AAAA", newest, "DeleteMessage", "MessageNotFound", "StorageDelete"},
		{"POST", "/jobs/messages", newest, "PutMessage", "InvalidXmlDocument", "StorageWrite"},
		{"PUT", "/Upper", newest, "Unknown", "InvalidResourceName", "StorageWrite"},
	} {
		s.Log.Take(t)
		a := s.Do(request{Method: c.method, Path: c.path, Headers: []string{"x-ms-version: " + c.version}})
		if a.Status < 400 {
			t.Errorf("%s %s: %d", c.method, c.path, a.Status)
		}
		e := s.Log.One(t)
		if e.Operation != c.operation || e.Status != c.status || e.Category != c.category {
			t.Errorf("%s %s: logged as %s in %s, %s; want %s in %s, %s", c.method, c.path, e.Operation, e.Category, e.Status, c.operation, c.category, c.status)
		}
	}
	s.Log.Take(t)
	s.Want(200, "", request{Method: "GET", Path: "/jobs/messages?" + s.accountSAS("o", "p"), Anonymous: true})
	if e := s.Log.One(t); e.Operation != "GetMessageRead" || e.Status != "SASSuccess" || strings.Contains(e.URL, "sig=") && !strings.Contains(e.URL, "sig=XXXXX") {
		t.Errorf("by signature: %+v", e)
	}
	s.Want(403, "AuthorizationPermissionMismatch", request{Method: "GET", Path: "/jobs/messages?" + s.accountSAS("o", "r"), Anonymous: true})
	if e := s.Log.One(t); e.Operation != "GetMessage" || e.Status != "SASAuthorizationError" {
		t.Errorf("by signature: %+v", e)
	}
	s.Do(request{Method: "GET", Path: "/jobs/messages", Anonymous: true})
	if all := s.Log.Take(t); len(all) != 0 {
		t.Errorf("anonymous: %+v", all)
	}
}

// TestOptions is the request of a browser that asks beforehand.
func TestOptions(t *testing.T) {
	s := newServer(t)
	s.OK(202, "PUT", "/?restype=service&comp=properties", "<StorageServiceProperties><Cors><CorsRule><AllowedOrigins>https://app.example</AllowedOrigins>"+
		"<AllowedMethods>GET,POST</AllowedMethods><AllowedHeaders>*</AllowedHeaders><ExposedHeaders>*</ExposedHeaders><MaxAgeInSeconds>60</MaxAgeInSeconds></CorsRule></Cors></StorageServiceProperties>")
	s.Log.Take(t)
	a := s.Want(200, "", request{Method: "OPTIONS", Path: "/jobs/messages", Anonymous: true, Headers: []string{"Origin: https://app.example", "Access-Control-Request-Method: POST"}})
	a.WantHeader(t, "Access-Control-Allow-Origin", "https://app.example")
	if e := s.Log.One(t); e.Operation != "QueuePreflightRequest" || e.Category != "StorageRead" {
		t.Errorf("entry %+v", e)
	}
	s.queue("jobs")
	got := s.OK(200, "GET", "/jobs/messages", "", "Origin: https://app.example")
	got.WantHeader(t, "Access-Control-Allow-Origin", "https://app.example")
}

// TestAudit is the order of intents, records and answers in audit mode: what turns
// out to be a read takes back the intent of a write when nobody asks for reads.
func TestAudit(t *testing.T) {
	s := newServer(t, func(c *storage.FrontConfig) { c.Audit = true })
	s.queue("jobs")
	poll := func(numof string) { s.T.Helper(); s.OK(200, "GET", "/jobs/messages"+numof, "") }
	for _, c := range []struct {
		name             string
		off              record.Category // nobody asks for it
		full             bool            // the queue has a message
		began, withdrawn int
		operation        string // logged, "" for none
	}{
		{"empty", "", false, 1, 0, "GetMessageRead"},
		{"empty, writes asked for", "StorageRead", false, 1, 1, ""},
		{"empty, reads asked for", "StorageWrite", false, 0, 0, "GetMessageRead"},
		{"full", "", true, 1, 0, "GetMessageWrite"},
		{"full, writes asked for", "StorageRead", true, 1, 0, "GetMessageWrite"},
		{"full, reads asked for", "StorageWrite", true, 0, 0, ""},
	} {
		s.Log.Set(false)
		s.OK(204, "DELETE", "/jobs/messages", "")
		if c.full {
			s.put("jobs", "x", "")
		}
		s.Log.Intents()
		s.Log.Take(t)
		s.Log.Set(false, c.off)
		poll("?numofmessages=3")
		if began, withdrawn := s.Log.Intents(); began != c.began || withdrawn != c.withdrawn {
			t.Errorf("%s: began %d, withdrew %d", c.name, began, withdrawn)
		}
		entries := s.Log.Take(t)
		switch {
		case c.operation == "" && len(entries) > 0:
			t.Errorf("%s: %+v", c.name, entries)
		case c.operation != "" && (len(entries) != 1 || entries[0].Operation != c.operation || entries[0].ResponsePacketSize == 0):
			t.Errorf("%s: %+v", c.name, entries)
		}
	}
	// Nothing that has no record succeeds, whichever record that would be.
	for _, off := range []record.Category{"", "StorageWrite"} {
		s.Log.Set(true, off)
		s.Refused(500, "InternalError", "GET", "/jobs/messages", "")
	}
	s.Log.Set(true)
	s.Refused(500, "InternalError", "POST", "/jobs/messages", envelope("y"))
}
