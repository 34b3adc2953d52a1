package queue_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"reslog/service/storage"
	"reslog/service/storage/queue"
	"reslog/service/storage/queuestore"
)

// TestCreateQueue is that a queue that is there already is told from one that is
// another.
func TestCreateQueue(t *testing.T) {
	s := newServer(t)
	a := s.ok(201, "PUT", "/jobs", "", "x-ms-meta-Colour: red", "x-ms-meta-size: 1")
	wantHeader(t, a, "Content-Length", "0")
	s.ok(204, "PUT", "/jobs", "", "x-ms-meta-Colour: red", "x-ms-meta-size: 1")
	s.ok(204, "PUT", "/jobs", "", "x-ms-meta-size: 1", "x-ms-meta-colour: red")
	for _, other := range [][]string{
		nil,
		{"x-ms-meta-Colour: red"},
		{"x-ms-meta-Colour: red", "x-ms-meta-size: 2"},
		{"x-ms-meta-Colour: red", "x-ms-meta-sizes: 1"},
		{"x-ms-meta-Colour: red", "x-ms-meta-size: 1", "x-ms-meta-more: 1"},
	} {
		s.refused(409, "QueueAlreadyExists", "PUT", "/jobs", "", other...)
	}
	a = s.ok(200, "GET", "/jobs?comp=metadata", "")
	wantHeader(t, a, "x-ms-meta-colour", "red")
	wantHeader(t, a, "Cache-Control", "no-cache")

	s.ok(204, "DELETE", "/jobs", "")
	s.refused(404, "QueueNotFound", "DELETE", "/jobs", "")
	s.refused(404, "QueueNotFound", "GET", "/jobs?comp=metadata", "")
	s.ok(201, "PUT", "/jobs", "")
	s.ok(204, "PUT", "/jobs", "")
	// Queues of accounts are apart.
	s.want(201, "", request{method: "PUT", path: "/jobs", account: "second", headers: []string{"x-ms-meta-a: b"}})
}

func TestQueueNames(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"abc", "a1-b2", "123", strings.Repeat("a", 63)} {
		s.ok(201, "PUT", "/"+name, "")
	}
	for _, name := range []string{"ab", strings.Repeat("a", 64)} {
		s.refused(400, "OutOfRangeInput", "PUT", "/"+name, "")
		s.refused(400, "OutOfRangeInput", "GET", "/"+name+"/messages", "")
	}
	for _, name := range []string{"Upper", "under_score", "-abc", "abc-", "a--b", "dots.in", "%C3%BCber", "$logs", "a%20b"} {
		s.refused(400, "InvalidResourceName", "PUT", "/"+name, "")
	}
	s.refused(400, "InvalidUri", "GET", "/", "")
	s.refused(400, "InvalidQueryParameterValue", "GET", "/?comp=other", "")
	s.refused(400, "InvalidQueryParameterValue", "PUT", "/jobs?comp=other", "")
	s.refused(400, "InvalidQueryParameterValue", "PUT", "/jobs?restype=container", "")
	s.refused(405, "UnsupportedHttpVerb", "POST", "/?comp=list", "")
	s.refused(405, "UnsupportedHttpVerb", "GET", "/jobs", "")
	s.refused(405, "UnsupportedHttpVerb", "DELETE", "/jobs?comp=metadata", "")
	s.refused(405, "UnsupportedHttpVerb", "DELETE", "/jobs?comp=acl", "")
}

// TestMetadata is the rules for metadata, and that names keep their case.
func TestMetadata(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	s.ok(204, "PUT", "/jobs?comp=metadata", "", "x-ms-meta-MixedCase: Value with spaces", "x-ms-meta-_x1: ")
	a := s.ok(200, "GET", "/jobs?comp=metadata&timeout=30", "")
	wantHeader(t, a, "X-Ms-Meta-Mixedcase", "Value with spaces")
	head := s.ok(200, "HEAD", "/jobs?comp=metadata", "")
	wantHeader(t, head, "X-Ms-Meta-Mixedcase", "Value with spaces")
	wantHeader(t, head, "X-Ms-Approximate-Messages-Count", "0")
	if listing := s.ok(200, "GET", "/?comp=list&include=metadata", ""); !strings.Contains(listing.body, "<MixedCase>Value with spaces</MixedCase><_x1 />") {
		t.Errorf("listing: %s", listing.body)
	}
	s.ok(204, "PUT", "/jobs?comp=metadata", "")
	if a := s.ok(200, "GET", "/jobs?comp=metadata", ""); a.header.Get("X-Ms-Meta-Mixedcase") != "" {
		t.Errorf("deleted: %v", a.header)
	}
	for _, path := range []string{"/jobs?comp=metadata", "/other"} {
		s.refused(400, "InvalidMetadata", "PUT", path, "", "x-ms-meta-a-b: 1")
		s.refused(400, "InvalidMetadata", "PUT", path, "", "x-ms-meta-1a: 1")
		s.refused(400, "EmptyMetadataKey", "PUT", path, "", "x-ms-meta-: 1")
		s.refused(400, "MetadataTooLarge", "PUT", path, "", "x-ms-meta-a: "+strings.Repeat("x", 8<<10))
	}
	s.refused(404, "QueueNotFound", "PUT", "/other?comp=metadata", "")
}

// queues reads the names in a listing, and where it goes on.
func queues(t *testing.T, a *answer) (names []string, next string) {
	t.Helper()
	var body struct {
		XMLName    xml.Name `xml:"EnumerationResults"`
		Queues     []string `xml:"Queues>Queue>Name"`
		NextMarker string
	}
	if err := xml.Unmarshal([]byte(strings.TrimPrefix(a.body, "\ufeff")), &body); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return body.Queues, body.NextMarker
}

func TestListQueues(t *testing.T) {
	s := newServer(t)
	empty := s.ok(200, "GET", "/?comp=list", "")
	if want := "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="` + s.url + `/"><Queues /><NextMarker /></EnumerationResults>`; empty.body != want {
		t.Errorf("empty:\n%s\n%s", empty.body, want)
	}
	second := s.ok(200, "GET", "-secondary/?comp=list", "")
	if want := `<EnumerationResults ServiceEndpoint="` + s.url + `-secondary/">`; !strings.Contains(second.body, want) {
		t.Errorf("from the secondary endpoint:\n%s\n%s", second.body, want)
	}
	var all []string
	for i := range 7 {
		all = append(all, fmt.Sprintf("q-%d", i))
		s.queue(all[i])
	}
	s.queue("another")
	var got []string
	for marker := ""; ; {
		a := s.ok(200, "GET", "/?comp=list&prefix=q-&maxresults=3&marker="+marker, "")
		names, next := queues(t, a)
		if marker == "" && !strings.Contains(a.body, "<Prefix>q-</Prefix><MaxResults>3</MaxResults><Queues>") {
			t.Errorf("parameters: %s", a.body)
		}
		if marker != "" && !strings.Contains(a.body, "<Prefix>q-</Prefix><Marker>"+marker+"</Marker>") {
			t.Errorf("parameters: %s", a.body)
		}
		got = append(got, names...)
		if marker = next; marker == "" {
			break
		}
		if len(names) != 3 {
			t.Fatalf("a page of %d", len(names))
		}
	}
	if !slices.Equal(got, all) {
		t.Errorf("listed %v", got)
	}
	old := s.ok(200, "GET", "/?comp=list&prefix=another&include=metadata", "", "x-ms-version: 2012-02-12")
	if !strings.Contains(old.body, `AccountName="`+s.url+`/"`) || !strings.Contains(old.body, "<Queue><Name>another</Name><Url>"+s.url+"/another</Url><Metadata /></Queue>") {
		t.Errorf("before 2013-08-15: %s", old.body)
	}
	if names, _ := queues(t, s.ok(200, "GET", "/?comp=list&maxresults=9999", "")); len(names) != 8 {
		t.Errorf("more than can be asked for: %v", names)
	}
	s.refused(400, "OutOfRangeQueryParameterValue", "GET", "/?comp=list&maxresults=0", "")
	s.refused(400, "InvalidQueryParameterValue", "GET", "/?comp=list&maxresults=x", "")
	s.refused(400, "InvalidQueryParameterValue", "GET", "/?comp=list&include=deleted", "")
	s.refused(400, "InvalidQueryParameterValue", "GET", "/?comp=list&prefix="+strings.Repeat("p", 5000), "")
	s.refused(400, "InvalidMarker", "GET", "/?comp=list&marker=mine", "")
	s.refused(400, "InvalidMarker", "GET", "/?comp=list&marker=1!bm90IG91cnM", "")
}

// TestServiceProperties is that the operations of the parent package are mounted.
func TestServiceProperties(t *testing.T) {
	s := newServer(t)
	a := s.ok(200, "GET", "/?restype=service&comp=properties", "")
	if !strings.Contains(a.body, "<StorageServiceProperties><Logging>") || strings.Contains(a.body, "DefaultServiceVersion") {
		t.Errorf("properties: %s", a.body)
	}
	s.ok(202, "PUT", "/?restype=service&comp=properties", "<StorageServiceProperties><Cors /></StorageServiceProperties>")
	s.want(200, "", request{method: "GET", path: "-secondary/?restype=service&comp=stats"})
	s.refused(405, "UnsupportedHttpVerb", "DELETE", "/?restype=service&comp=properties", "")

	without := newServer(t, func(c *storage.FrontConfig) { c.Service = queue.New(queue.Config{Store: newFakeStore()}) })
	for _, op := range []string{"GET properties", "PUT properties", "GET stats"} {
		method, comp, _ := strings.Cut(op, " ")
		without.refused(501, "NotImplemented", method, "/?restype=service&comp="+comp, "")
	}
}

// TestReadOnly is what clients and the node's log learn of a store that takes no
// more writes.
func TestReadOnly(t *testing.T) {
	var said strings.Builder
	store, ck := newFakeStore(), &clock{}
	s := newServer(t, func(c *storage.FrontConfig) {
		ck = &clock{t: c.Now()}
		c.Service = queue.New(queue.Config{Store: store, Now: ck.now, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	})
	s.queue("jobs")
	s.put("jobs", "x", "")
	store.set(queuestore.ErrReadOnly)
	for range 3 {
		s.refused(500, "InternalError", "POST", "/jobs/messages", envelope("y"))
	}
	s.refused(500, "InternalError", "GET", "/jobs/messages", "")
	if got := list(t, s.ok(200, "GET", "/jobs/messages?peekonly=true", "")); texts(got) != "x" {
		t.Errorf("peek: %s", texts(got))
	}
	if n := strings.Count(said.String(), "writes are refused"); n != 1 {
		t.Errorf("said %d times:\n%s", n, said.String())
	}
	store.set(errors.New("something broke"))
	a := s.refused(500, "InternalError", "DELETE", "/jobs/messages", "")
	if strings.Contains(a.body, "broke") || a.status != http.StatusInternalServerError {
		t.Errorf("a client sees: %s", a.body)
	}
}
