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
	a := s.OK(201, "PUT", "/jobs", "", "x-ms-meta-Colour: red", "x-ms-meta-size: 1")
	a.WantHeader(t, "Content-Length", "0")
	s.OK(204, "PUT", "/jobs", "", "x-ms-meta-Colour: red", "x-ms-meta-size: 1")
	s.OK(204, "PUT", "/jobs", "", "x-ms-meta-size: 1", "x-ms-meta-colour: red")
	for _, other := range [][]string{
		nil,
		{"x-ms-meta-Colour: red"},
		{"x-ms-meta-Colour: red", "x-ms-meta-size: 2"},
		{"x-ms-meta-Colour: red", "x-ms-meta-sizes: 1"},
		{"x-ms-meta-Colour: red", "x-ms-meta-size: 1", "x-ms-meta-more: 1"},
	} {
		s.Refused(409, "QueueAlreadyExists", "PUT", "/jobs", "", other...)
	}
	a = s.OK(200, "GET", "/jobs?comp=metadata", "")
	a.WantHeader(t, "x-ms-meta-colour", "red")
	a.WantHeader(t, "Cache-Control", "no-cache")

	s.OK(204, "DELETE", "/jobs", "")
	s.Refused(404, "QueueNotFound", "DELETE", "/jobs", "")
	s.Refused(404, "QueueNotFound", "GET", "/jobs?comp=metadata", "")
	s.OK(201, "PUT", "/jobs", "")
	s.OK(204, "PUT", "/jobs", "")
	// Queues of accounts are apart.
	s.Want(201, "", request{Method: "PUT", Path: "/jobs", Account: "second", Headers: []string{"x-ms-meta-a: b"}})
}

func TestQueueNames(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"abc", "a1-b2", "123", strings.Repeat("a", 63)} {
		s.OK(201, "PUT", "/"+name, "")
	}
	for _, name := range []string{"ab", strings.Repeat("a", 64)} {
		s.Refused(400, "OutOfRangeInput", "PUT", "/"+name, "")
		s.Refused(400, "OutOfRangeInput", "GET", "/"+name+"/messages", "")
	}
	for _, name := range []string{"Upper", "under_score", "-abc", "abc-", "a--b", "dots.in", "%C3%BCber", "$logs", "a%20b"} {
		s.Refused(400, "InvalidResourceName", "PUT", "/"+name, "")
	}
	s.Refused(400, "InvalidUri", "GET", "/", "")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/?comp=other", "")
	s.Refused(400, "InvalidQueryParameterValue", "PUT", "/jobs?comp=other", "")
	s.Refused(400, "InvalidQueryParameterValue", "PUT", "/jobs?restype=container", "")
	s.Refused(405, "UnsupportedHttpVerb", "POST", "/?comp=list", "")
	s.Refused(405, "UnsupportedHttpVerb", "GET", "/jobs", "")
	s.Refused(405, "UnsupportedHttpVerb", "DELETE", "/jobs?comp=metadata", "")
	s.Refused(405, "UnsupportedHttpVerb", "DELETE", "/jobs?comp=acl", "")
}

// TestMetadata is the rules for metadata, and that names keep their case.
func TestMetadata(t *testing.T) {
	s := newServer(t)
	s.queue("jobs")
	s.OK(204, "PUT", "/jobs?comp=metadata", "", "x-ms-meta-MixedCase: Value with spaces", "x-ms-meta-_x1: ")
	a := s.OK(200, "GET", "/jobs?comp=metadata&timeout=30", "")
	a.WantHeader(t, "X-Ms-Meta-Mixedcase", "Value with spaces")
	head := s.OK(200, "HEAD", "/jobs?comp=metadata", "")
	head.WantHeader(t, "X-Ms-Meta-Mixedcase", "Value with spaces")
	head.WantHeader(t, "X-Ms-Approximate-Messages-Count", "0")
	if listing := s.OK(200, "GET", "/?comp=list&include=metadata", ""); !strings.Contains(listing.Body, "<MixedCase>Value with spaces</MixedCase><_x1 />") {
		t.Errorf("listing: %s", listing.Body)
	}
	s.OK(204, "PUT", "/jobs?comp=metadata", "")
	if a := s.OK(200, "GET", "/jobs?comp=metadata", ""); a.Header.Get("X-Ms-Meta-Mixedcase") != "" {
		t.Errorf("deleted: %v", a.Header)
	}
	for _, path := range []string{"/jobs?comp=metadata", "/other"} {
		s.Refused(400, "InvalidMetadata", "PUT", path, "", "x-ms-meta-a-b: 1")
		s.Refused(400, "InvalidMetadata", "PUT", path, "", "x-ms-meta-1a: 1")
		s.Refused(400, "EmptyMetadataKey", "PUT", path, "", "x-ms-meta-: 1")
		s.Refused(400, "MetadataTooLarge", "PUT", path, "", "x-ms-meta-a: "+strings.Repeat("x", 8<<10))
	}
	s.Refused(404, "QueueNotFound", "PUT", "/other?comp=metadata", "")
}

// queues reads the names in a listing, and where it goes on.
func queues(t *testing.T, a *answer) (names []string, next string) {
	t.Helper()
	var body struct {
		XMLName    xml.Name `xml:"EnumerationResults"`
		Queues     []string `xml:"Queues>Queue>Name"`
		NextMarker string
	}
	if err := xml.Unmarshal([]byte(strings.TrimPrefix(a.Body, "\ufeff")), &body); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	return body.Queues, body.NextMarker
}

func TestListQueues(t *testing.T) {
	s := newServer(t)
	empty := s.OK(200, "GET", "/?comp=list", "")
	if want := "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="` + s.URL + `/"><Queues /><NextMarker /></EnumerationResults>`; empty.Body != want {
		t.Errorf("empty:\n%s\n%s", empty.Body, want)
	}
	second := s.OK(200, "GET", "-secondary/?comp=list", "")
	if want := `<EnumerationResults ServiceEndpoint="` + s.URL + `-secondary/">`; !strings.Contains(second.Body, want) {
		t.Errorf("from the secondary endpoint:\n%s\n%s", second.Body, want)
	}
	var all []string
	for i := range 7 {
		all = append(all, fmt.Sprintf("q-%d", i))
		s.queue(all[i])
	}
	s.queue("another")
	var got []string
	for marker := ""; ; {
		a := s.OK(200, "GET", "/?comp=list&prefix=q-&maxresults=3&marker="+marker, "")
		names, next := queues(t, a)
		if marker == "" && !strings.Contains(a.Body, "<Prefix>q-</Prefix><MaxResults>3</MaxResults><Queues>") {
			t.Errorf("parameters: %s", a.Body)
		}
		if marker != "" && !strings.Contains(a.Body, "<Prefix>q-</Prefix><Marker>"+marker+"</Marker>") {
			t.Errorf("parameters: %s", a.Body)
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
	old := s.OK(200, "GET", "/?comp=list&prefix=another&include=metadata", "", "x-ms-version: 2012-02-12")
	if !strings.Contains(old.Body, `AccountName="`+s.URL+`/"`) || !strings.Contains(old.Body, "<Queue><Name>another</Name><Url>"+s.URL+"/another</Url><Metadata /></Queue>") {
		t.Errorf("before 2013-08-15: %s", old.Body)
	}
	if names, _ := queues(t, s.OK(200, "GET", "/?comp=list&maxresults=9999", "")); len(names) != 8 {
		t.Errorf("more than can be asked for: %v", names)
	}
	s.Refused(400, "OutOfRangeQueryParameterValue", "GET", "/?comp=list&maxresults=0", "")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/?comp=list&maxresults=x", "")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/?comp=list&include=deleted", "")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/?comp=list&prefix="+strings.Repeat("p", 5000), "")
	s.Refused(400, "InvalidMarker", "GET", "/?comp=list&marker=mine", "")
	s.Refused(400, "InvalidMarker", "GET", "/?comp=list&marker=1!bm90IG91cnM", "")
}

// TestServiceProperties is that the operations of the parent package are mounted.
func TestServiceProperties(t *testing.T) {
	s := newServer(t)
	a := s.OK(200, "GET", "/?restype=service&comp=properties", "")
	if !strings.Contains(a.Body, "<StorageServiceProperties><Logging>") || strings.Contains(a.Body, "DefaultServiceVersion") {
		t.Errorf("properties: %s", a.Body)
	}
	s.OK(202, "PUT", "/?restype=service&comp=properties", "<StorageServiceProperties><Cors /></StorageServiceProperties>")
	s.Want(200, "", request{Method: "GET", Path: "-secondary/?restype=service&comp=stats"})
	s.Refused(405, "UnsupportedHttpVerb", "DELETE", "/?restype=service&comp=properties", "")

	without := newServer(t, func(c *storage.FrontConfig) { c.Service = queue.New(queue.Config{Store: newFakeStore()}) })
	for _, op := range []string{"GET properties", "PUT properties", "GET stats"} {
		method, comp, _ := strings.Cut(op, " ")
		without.Refused(501, "NotImplemented", method, "/?restype=service&comp="+comp, "")
	}
}

// TestReadOnly is what clients and the node's log learn of a store that takes no
// more writes.
func TestReadOnly(t *testing.T) {
	var said strings.Builder
	store := newFakeStore()
	s := newServer(t, func(c *storage.FrontConfig) {
		c.Service = queue.New(queue.Config{Store: store, Now: c.Now, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	})
	s.queue("jobs")
	s.put("jobs", "x", "")
	store.set(queuestore.ErrReadOnly)
	for range 3 {
		s.Refused(500, "InternalError", "POST", "/jobs/messages", envelope("y"))
	}
	s.Refused(500, "InternalError", "GET", "/jobs/messages", "")
	if got := list(t, s.OK(200, "GET", "/jobs/messages?peekonly=true", "")); texts(got) != "x" {
		t.Errorf("peek: %s", texts(got))
	}
	if n := strings.Count(said.String(), "writes are refused"); n != 1 {
		t.Errorf("said %d times:\n%s", n, said.String())
	}
	store.set(errors.New("something broke"))
	a := s.Refused(500, "InternalError", "DELETE", "/jobs/messages", "")
	if strings.Contains(a.Body, "broke") || a.Status != http.StatusInternalServerError {
		t.Errorf("a client sees: %s", a.Body)
	}
}
