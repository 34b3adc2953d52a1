package table_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestLog is the names in the log, from the table of logged operations, and what
// operations tell the log beyond what the Front knows.
func TestLog(t *testing.T) {
	s := newServer(t)
	row := at("tab", "p' ö", "r")
	const key = "/acct/tab/p' ö/r"
	for _, tc := range []struct {
		name, key, method, path, body string
		header                        string
		tag                           bool // the record has an ETag
	}{
		{"CreateTable", "/acct/Tab", "POST", "/Tables", `{"TableName":"Tab"}`, "", false},
		{"QueryTables", "/acct", "GET", "/Tables", "", "", false},
		{"QueryTable", "/acct/tab", "GET", "/Tables('tab')", "", "", false},
		{"GetTableACL", "/acct/tab", "GET", "/tab?comp=acl", "", "", false},
		{"SetTableACL", "/acct/tab", "PUT", "/tab?comp=acl", "<SignedIdentifiers/>", "", false},
		{"InsertEntity", key, "POST", "/tab", entity("p' ö", "r"), "", true},
		{"QueryEntity", key, "GET", row, "", "", true},
		{"QueryEntities", "/acct/tab", "GET", "/tab()?$filter=" + url.QueryEscape("PartitionKey eq 'x;y'"), "", "", false},
		{"UpdateEntity", key, "PUT", row, "{}", "If-Match: *", true},
		{"MergeEntity", key, "PATCH", row, "{}", "If-Match: *", true},
		{"MergeEntity", key, "MERGE", row, "{}", "If-Match: *", true},
		{"InsertOrReplaceEntity", key, "PUT", row, "{}", "", true},
		{"InsertOrMergeEntity", key, "MERGE", row, "{}", "", true},
		{"InsertOrMergeEntity", key, "POST", row, "{}", "X-HTTP-Method: MERGE", true},
		{"DeleteEntity", key, "DELETE", row, "", "If-Match: *", false},
		{"DeleteTable", "/acct/tab", "DELETE", "/Tables('tab')", "", "", false},
		{"GetTableServiceProperties", "/acct", "GET", "/?restype=service&comp=properties", "", "", false},
		{"SetTableServiceProperties", "/acct", "PUT", "/?restype=service&comp=properties", "<StorageServiceProperties><Cors/></StorageServiceProperties>", "", false},
	} {
		s.Log.Take(t)
		var headers []string
		if tc.header != "" {
			headers = []string{tc.header}
		}
		a := s.Do(request{Method: tc.method, Path: tc.path, Body: tc.body, Headers: headers})
		e := s.Log.One(t)
		if a.Status >= 300 || e.Operation != tc.name || e.Status != "Success" || e.HTTPStatus != fmt.Sprint(a.Status) || e.ObjectKey != tc.key || e.Service != "table" {
			t.Errorf("%s %s: %d, logged as %s %s %s %s %s, want %s %s", tc.method, tc.path, a.Status, e.Service, e.Operation, e.Status, e.HTTPStatus, e.ObjectKey, tc.name, tc.key)
		}
		if e.ETag != a.Header.Get("ETag") || tc.tag != (e.ETag != "") || tc.tag == e.LastModified.IsZero() {
			t.Errorf("%s: ETag %q, modified %v; answered %q", tc.name, e.ETag, e.LastModified, a.Header.Get("ETag"))
		}
		if e.RequestPacketSize != int64(len(tc.body)) || e.ResponsePacketSize != int64(len(a.Body)) || e.ContentLength != int64(len(tc.body)) {
			t.Errorf("%s: sizes %d, %d, %d; sent %d, got %d", tc.name, e.RequestPacketSize, e.ResponsePacketSize, e.ContentLength, len(tc.body), len(a.Body))
		}
		if strings.HasPrefix(tc.header, "If-Match") && e.Conditions != "If-Match=*" {
			t.Errorf("%s: conditions %q", tc.name, e.Conditions)
		}
	}
}

// TestLogOfRefusals is the statuses that the service's own refusals have.
func TestLogOfRefusals(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	s.insert("tab", "p", "r")
	sas := s.tableSAS("tab", "r", "")
	for _, tc := range []struct {
		request      request
		name, status string
		http         string
	}{
		{request{Method: "GET", Path: at("tab", "p", "none")}, "QueryEntity", "ResourceNotFound", "404"},
		{request{Method: "GET", Path: at("tab", "p", "none"), Headers: []string{"x-ms-version: 2016-05-31"}}, "QueryEntity", "ClientOtherError", "404"},
		{request{Method: "GET", Path: "/none()"}, "QueryEntities", "TableNotFound", "404"},
		{request{Method: "POST", Path: "/tab", Body: entity("p", "r")}, "InsertEntity", "EntityAlreadyExists", "409"},
		{request{Method: "POST", Path: "/tab", Body: `{`}, "InsertEntity", "InvalidInput", "400"},
		{request{Method: "PUT", Path: at("tab", "p", "r"), Body: `{}`, Headers: []string{`If-Match: W/"x"`}}, "UpdateEntity", "UpdateConditionNotSatisfied", "412"},
		{request{Method: "GET", Path: at("tab", "p", "r") + "?" + sas, Anonymous: true}, "QueryEntity", "SASSuccess", "200"},
		{request{Method: "DELETE", Path: at("tab", "p", "r") + "?" + sas, Anonymous: true, Headers: []string{"If-Match: *"}}, "DeleteEntity", "SASAuthorizationError", "403"},
		{request{Method: "GET", Path: at("other", "p", "r") + "?" + sas, Anonymous: true}, "QueryEntity", "SASAuthorizationError", "403"},
	} {
		s.Log.Take(t)
		s.Do(tc.request)
		if e := s.Log.One(t); e.Operation != tc.name || e.Status != tc.status || e.HTTPStatus != tc.http {
			t.Errorf("%s %s: logged as %s %s %s", tc.request.Method, tc.request.Path, e.Operation, e.Status, e.HTTPStatus)
		} else if strings.Contains(e.URL, "sig=") && !strings.Contains(e.URL, "sig=XXXXX") {
			t.Errorf("%s: a signature in the log: %s", tc.name, e.URL)
		}
	}
	// A name that no table can have is not repeated: it could be of any length.
	s.Log.Take(t)
	s.Refused(400, "OutOfRangeInput", "POST", "/Tables", `{"TableName":"`+strings.Repeat("n", 10_000)+`"}`)
	if e := s.Log.One(t); e.ObjectKey != "/acct" {
		t.Errorf("the key of a table with a long name has %d bytes", len(e.ObjectKey))
	}
}
