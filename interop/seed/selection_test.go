package seed

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"reslog/server"
)

// "Each of these options must be explicitly set to true (data is captured) or
// false (no data is captured)": every combination, in force with the next
// request after the answer of Set Blob Service Properties.
func TestClassesAtOnce(t *testing.T) {
	n := start(t, nil)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	type done struct {
		id, what string
		logged   bool
	}
	var all []done
	for i := range 8 {
		l := logging{read: i&1 != 0, write: i&2 != 0, del: i&4 != 0}
		n.set(t, l)
		name := fmt.Sprintf("/docs/b%d", i)
		container := fmt.Sprintf("/dir%d?restype=container", i)
		for _, r := range []struct {
			request
			status int
			logged bool
		}{
			{req(byKey, "PUT", name, "x", "x-ms-blob-type", "BlockBlob"), 201, l.write},
			{req(byKey, "GET", name, ""), 200, l.read},
			{req(byKey, "HEAD", name, ""), 200, l.read},
			{req(byKey, "GET", name+"?comp=metadata", ""), 200, l.read},
			{req(byKey, "PUT", name+"?comp=metadata", "", "x-ms-meta-a", "b"), 200, l.write},
			{req(byKey, "PUT", name+"?comp=lease", "", "x-ms-lease-action", "break"), 409, l.write},
			{req(byKey, "GET", "/docs?restype=container&comp=list", ""), 200, l.read},
			{req(byKey, "GET", "/?restype=service&comp=properties", ""), 200, l.read},
			{req(byKey, "DELETE", name, ""), 202, l.del},
			{req(byKey, "DELETE", name, ""), 404, l.del},
			{req(byKey, "PUT", container, ""), 201, l.write},
			{req(byKey, "DELETE", container, ""), 202, l.del},
		} {
			a := n.must(t, r.status, r.request)
			all = append(all, done{a.id, fmt.Sprintf("%+v: %s %s", l, r.method, r.target), r.logged})
		}
	}
	n.set(t, logging{})
	got := n.records(t)
	for _, d := range all {
		if (len(got[d.id]) == 1) != d.logged || len(got[d.id]) > 1 {
			t.Errorf("%s: %d records, logged should be %v", d.what, len(got[d.id]), d.logged)
		}
	}
}

// The table "What requests are logged?", row by row.
func TestWhichRequests(t *testing.T) { inBothModes(t, whichRequests) }

func whichRequests(t *testing.T, mode func(*server.Config)) {
	t.Helper()
	n := start(t, mode)
	n.must(t, 201, req(byKey, "PUT", "/public?restype=container", "", "x-ms-blob-public-access", "container"))
	n.must(t, 201, req(byKey, "PUT", "/private?restype=container", ""))
	for _, name := range []string{"/public/b", "/public/b" + broken, "/private/b"} {
		n.must(t, 201, req(byKey, "PUT", name, "content", "x-ms-blob-type", "BlockBlob"))
	}
	n.set(t, all)
	etag := n.must(t, 200, req(byKey, "HEAD", "/public/b", "")).header.Get("ETag")
	wrongKey := req(byKey, "GET", "/public/b", "")
	wrongKey.of = account{n.account.name, "d3Jvbmc="}
	good := n.account.sas(t, "r", far)
	stale := req(byKey, "GET", "/public/b", "", "x-ms-version", "2021-08-06")

	type row struct {
		what string
		request
		status int
		logged bool
	}
	rows := []row{
		{"signed", req(byKey, "GET", "/private/b", ""), 200, true},
		{"signed, not found", req(byKey, "GET", "/private/no", ""), 404, true},
		{"signed, conflict", req(byKey, "PUT", "/private?restype=container", ""), 409, true},
		{"signed, server error", req(byKey, "GET", "/public/b"+broken, ""), 500, true},
		{"signed, bad request", req(byKey, "GET", "/private/b?timeout=x", ""), 400, true},
		{"signed, no such component", req(byKey, "GET", "/private/b?comp=nonsense", ""), 400, true},
		{"signed, analytics data", req(byKey, "GET", "/$logs?restype=container&comp=list", ""), 200, true},
		{"wrong key", wrongKey, 403, false},
		{"unreadable authorization", req(nobody, "GET", "/public/b", "", "Authorization", "SharedKey nonsense"), 400, false},

		{"SAS", req(nobody, "GET", "/private/b?"+good, ""), 200, true},
		{"SAS, not found", req(nobody, "GET", "/private/no?"+good, ""), 404, true},
		{"SAS, not permitted", req(nobody, "DELETE", "/private/b?"+good, ""), 403, true},
		{"SAS, server error", req(nobody, "GET", "/public/b"+broken+"?"+good, ""), 500, true},
		{"SAS, bad signature", req(nobody, "GET", "/private/b?"+strings.Replace(good, "sp=r&", "sp=rw&", 1), ""), 403, false},
		{"SAS, expired", req(nobody, "GET", "/private/b?"+n.account.sas(t, "r", "2020-01-01T00:00:00Z"), ""), 403, false},
		{"SAS, malformed", req(nobody, "GET", "/private/b?sv=2016-05-31&sig=AAAA", ""), 403, false},

		{"anonymous", req(nobody, "GET", "/public/b", ""), 200, true},
		{"anonymous, properties", req(nobody, "HEAD", "/public/b", ""), 200, true},
		{"anonymous, listing", req(nobody, "GET", "/public?restype=container&comp=list", ""), 200, true},
		{"anonymous, not modified", req(nobody, "GET", "/public/b", "", "If-None-Match", etag), 304, true},
		{"anonymous, not modified, HEAD", req(nobody, "HEAD", "/public/b", "", "If-None-Match", etag), 304, false},
		{"anonymous, precondition", req(nobody, "GET", "/public/b", "", "If-Match", `"0x0"`), 412, false},
		{"anonymous, server error", req(nobody, "GET", "/public/b"+broken, ""), 500, true},
		{"anonymous, not found", req(nobody, "GET", "/public/no", ""), 404, false},
		{"anonymous, no container", req(nobody, "GET", "/nothing/no", "", "x-ms-version", "2015-02-21"), 404, false},
		{"anonymous, private", req(nobody, "GET", "/private/b", "", "x-ms-version", "2015-02-21"), 404, false},
		{"anonymous, private, told so", req(nobody, "GET", "/private/b", ""), 401, false},
		{"anonymous, write", req(nobody, "PUT", "/public/x", "x", "x-ms-blob-type", "BlockBlob"), 401, false},
		{"anonymous, delete", req(nobody, "DELETE", "/public/b", ""), 401, false},
		{"anonymous, bad range", req(nobody, "GET", "/public/b", "", "Range", "bytes=1000-"), 416, false},
		{"anonymous, version", req(nobody, "GET", "/public/b", "", "x-ms-version", "1999-01-01"), 400, false},
		{"anonymous, analytics data", req(nobody, "GET", "/$logs?restype=container&comp=list", "", "x-ms-version", "2015-02-21"), 404, false},
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = n.must(t, r.status, r.request).id
	}
	// A signature of a quarter of an hour ago proves nothing.
	stale.add("x-ms-date", time.Now().Add(-20*time.Minute).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	n.account.authorize(t, prepared(n, &stale))
	stale.as = nobody
	id := n.must(t, 403, stale).id

	got := n.records(t)
	for i, r := range rows {
		if (len(got[ids[i]]) == 1) != r.logged || len(got[ids[i]]) > 1 {
			t.Errorf("%s: %d records, logged should be %v", r.what, len(got[ids[i]]), r.logged)
		}
	}
	want(t, "records of an old signature", len(got[id]), 0)
}

// prepared gives a request the target that its signature covers.
func prepared(n *node, r *request) *request {
	signed := *r
	signed.target = "/" + n.account.name + r.target
	signed.header = append([]field(nil), r.header...)
	*r = signed
	r.host = n.address("") // the target is whole: nothing is put in front of it
	return r
}

// "System requests to write and delete the analytics data" are not logged: all
// records are of what users did, and nobody wrote a log but the system.
func TestSystemIsNotLogged(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	for range 3 { // each round commits another log
		n.must(t, 200, req(byKey, "GET", "/docs?restype=container", ""))
		n.Settle(t)
	}
	blobs := n.logs(t)
	if len(blobs) < 2 {
		t.Fatalf("%d logs, want some", len(blobs))
	}
	for _, b := range blobs {
		for _, e := range b.entries {
			if strings.Contains(e.ObjectKey, "/$logs") && e.Operation != "ListBlobs" && e.Operation != "GetBlob" {
				t.Errorf("%s of %s is logged", e.Operation, e.ObjectKey)
			}
		}
	}
}
