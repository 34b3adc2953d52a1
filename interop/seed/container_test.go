package seed

import (
	"strings"
	"testing"

	"reslog/service/storage/blobstore"
)

const aLog = "blob/2011/03/24/1800/000000.log"

// What users may do with `$logs`: list, read, delete single logs.
func TestLogsAreReadable(t *testing.T) {
	n := start(t, nil)
	missing := n.must(t, 404, req(byKey, "GET", "/$logs?restype=container", ""))
	want(t, "before logging", missing.header.Get("x-ms-error-code"), "ContainerNotFound")
	n.set(t, all)
	n.writeLog(t, aLog, samplePutBlob+"\n", blobstore.Metadata{{Name: "LogType", Value: "write"}, {Name: "StartTime", Value: "2011-03-24T18:00:00Z"}})
	n.writeLog(t, "blob/2011/03/24/1900/000000.log", samplePutBlob+"\n", nil)
	n.writeLog(t, "blob/2011/04/01/1900/000000.log", samplePutBlob+"\n", nil)
	type row struct {
		what      string
		operation string
		request
		status int
		holds  string
	}
	rows := []row{
		{"properties of the container", "GetContainerProperties", req(byKey, "GET", "/$logs?restype=container", ""), 200, ""},
		{"list", "ListBlobs", req(byKey, "GET", "/$logs?restype=container&comp=list", ""), 200, "<Name>" + aLog},
		{"list a month", "ListBlobs", req(byKey, "GET", "/$logs?restype=container&comp=list&prefix=blob/2011/03", ""), 200, "<Name>" + aLog},
		{"list an hour, with metadata", "ListBlobs", req(byKey, "GET", "/$logs?restype=container&comp=list&prefix=blob/2011/03/24/1800/&include=metadata", ""), 200, "<LogType>write</LogType>"},
		{"list folders", "ListBlobs", req(byKey, "GET", "/$logs?restype=container&comp=list&prefix=blob/2011/&delimiter=/", ""), 200, "<BlobPrefix><Name>blob/2011/03/"},
		{"list, encoded", "ListBlobs", req(byKey, "GET", "/%24logs?restype=container&comp=list", ""), 200, "<Name>" + aLog},
		{"get", "GetBlob", req(byKey, "GET", "/$logs/"+aLog, ""), 200, ";PutBlob;Success;201;"},
		{"get, encoded", "GetBlob", req(byKey, "GET", "/%24logs/"+aLog, ""), 200, ";PutBlob;"},
		{"get a range", "GetBlob", req(byKey, "GET", "/$logs/"+aLog, "", "Range", "bytes=0-2"), 206, "1.0"},
		{"get with a SAS", "GetBlob", req(bySAS, "GET", "/$logs/"+aLog, ""), 200, ";PutBlob;"},
		{"properties", "GetBlobProperties", req(byKey, "HEAD", "/$logs/"+aLog, ""), 200, ""},
		{"metadata", "GetBlobMetadata", req(byKey, "GET", "/$logs/"+aLog+"?comp=metadata", ""), 200, ""},
		{"blocks", "GetBlockList", req(byKey, "GET", "/$logs/"+aLog+"?comp=blocklist", ""), 200, ""},
		{"delete", "DeleteBlob", req(byKey, "DELETE", "/$logs/blob/2011/03/24/1900/000000.log", ""), 202, ""},
		{"delete with a SAS", "DeleteBlob", req(bySAS, "DELETE", "/$logs/blob/2011/04/01/1900/000000.log", ""), 202, ""},
		{"get what was deleted", "GetBlob", req(byKey, "GET", "/$logs/blob/2011/03/24/1900/000000.log", ""), 404, ""},
		{"containers", "ListContainers", req(byKey, "GET", "/?comp=list", ""), 200, "<Containers"},
		{"containers by prefix", "ListContainers", req(byKey, "GET", "/?comp=list&prefix=$l", ""), 200, "<Containers"},
		{"list, old", "ListBlobs", req(byKey, "GET", "/$logs?restype=container&comp=list&prefix=blob/2011/03/24/1800/&include=metadata", "", "x-ms-version", "2009-09-19"), 200, "<LogType>write</LogType>"},
		{"containers, old", "ListContainers", req(byKey, "GET", "/?comp=list", "", "x-ms-version", "2009-09-19"), 200, "<Containers"},
		{"system containers", "ListContainers", req(byKey, "GET", "/?comp=list&include=system", ""), 200, "<Name>$logs</Name>"},
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		a := n.must(t, r.status, r.request)
		ids[i] = a.id
		if !strings.Contains(a.body, r.holds) {
			t.Errorf("%s: no %s in %s", r.what, r.holds, a.body)
		}
		switch {
		case strings.HasPrefix(r.what, "list a month") && strings.Contains(a.body, "2011/04"), strings.HasPrefix(r.what, "containers") && strings.Contains(a.body, "<Name>$logs"):
			t.Errorf("%s: too much is listed: %s", r.what, a.body)
		case r.what == "metadata" && a.header.Get("x-ms-meta-LogType") != "write":
			t.Errorf("metadata %v", a.header)
		}
	}
	got := n.records(t) // "User requests to analytics data" are logged
	for i, r := range rows {
		want(t, r.what+": operation", got.one(t, r.what, ids[i]).Operation, r.operation)
	}
}

// "You can access your $logs container using https://<accountname>.blob.core.windows.net/$logs".
func TestLogsByHostName(t *testing.T) {
	n := start(t, nil)
	n.setOf(t, sally, all)
	var id string
	for _, target := range []string{"/docs?restype=container", "/$logs?restype=container&comp=list"} {
		r := req(byKey, map[bool]string{true: "PUT", false: "GET"}[id == ""], target, "")
		r.of, r.host = sally, "sally.blob.core.windows.net"
		id = n.send(t, r).id
	}
	e := n.recordsOf(t, sally).one(t, "list", id)
	want(t, "URL", e.URL, "http://sally.blob.core.windows.net:80/$logs?restype=container&comp=list")
	want(t, "key", e.ObjectKey, "/sally/$logs")
	want(t, "owner", e.OwnerAccount, "sally")
}

// A batch may delete logs and do nothing else to them; a log may be copied away.
func TestLogsInBatches(t *testing.T) {
	n := start(t, nil)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	n.set(t, all)
	n.writeLog(t, aLog, samplePutBlob+"\n", nil)
	n.must(t, 202, req(byKey, "PUT", "/docs/saved.log", "", "x-ms-copy-source", n.AccountURL(n.account.name)+"/$logs/"+aLog))
	token := n.account.sas(t, "rwdlac", far)
	batch := func(target, inner string) string {
		t.Helper()
		method, rest, _ := strings.Cut(inner, " ")
		path, header, _ := strings.Cut(rest, " ")
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		body := "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 0\r\n\r\n" +
			method + " /" + n.account.name + path + mark + token + " HTTP/1.1\r\n" + header + "Content-Length: 0\r\n\r\n\r\n--b--\r\n"
		return n.must(t, 202, req(byKey, "POST", target, body, "Content-Type", "multipart/mixed; boundary=b")).body
	}
	answer := batch("/?comp=batch", "PUT /$logs/"+aLog+"?comp=tier x-ms-access-tier: Cool\r\n")
	if !strings.Contains(answer, "403") || !strings.Contains(answer, "InsufficientAccountPermissions") {
		t.Errorf("tier of a log: %s", answer)
	}
	answer = batch("/$logs?restype=container&comp=batch", "DELETE /$logs/"+aLog+" ")
	if !strings.Contains(answer, "HTTP/1.1 202") {
		t.Errorf("delete of a log: %s", answer)
	}
	n.must(t, 404, req(byKey, "HEAD", "/$logs/"+aLog, ""))
	statuses := map[string]string{}
	for _, b := range n.logs(t) {
		for _, e := range b.entries {
			statuses[e.Operation] = e.Status
		}
	}
	want(t, "tier", statuses["SetBlobTier"], "SASAuthorizationError")
	want(t, "delete", statuses["DeleteBlob"], "SASSuccess")
}

// What they may not: all that creates, changes or deletes anything else. "Write
// requests from users to logs under $logs will be treated as Authorization error".
func TestLogsAreNotWritable(t *testing.T) {
	n := start(t, nil)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob"))
	a := n.must(t, 403, req(byKey, "PUT", "/$logs?restype=container", ""))
	want(t, "create it oneself", a.header.Get("x-ms-error-code"), "InsufficientAccountPermissions")
	n.set(t, all)
	content := samplePutBlob + "\n"
	n.writeLog(t, aLog, content, nil)
	blob, fresh := "/$logs/"+aLog, "/$logs/blob/2011/03/24/1800/000001.log"
	type denied struct {
		id, what, status string
	}
	var list []denied
	for _, as := range []identity{byKey, bySAS} {
		status := map[identity]string{byKey: "AuthorizationError", bySAS: "SASAuthorizationError"}[as]
		for _, r := range []request{
			req(as, "PUT", "/$logs?restype=container", ""),
			req(as, "DELETE", "/$logs?restype=container", ""),
			req(as, "PUT", "/$logs?restype=container&comp=metadata", "", "x-ms-meta-a", "b"),
			req(as, "PUT", "/$logs?restype=container&comp=lease", "", "x-ms-lease-action", "acquire", "x-ms-lease-duration", "15"),
			req(as, "PUT", blob, "mine", "x-ms-blob-type", "BlockBlob"),
			req(as, "PUT", fresh, "mine", "x-ms-blob-type", "BlockBlob"),
			req(as, "PUT", fresh, "", "x-ms-blob-type", "AppendBlob"),
			req(as, "PUT", fresh, "", "x-ms-blob-type", "PageBlob", "x-ms-blob-content-length", "512"),
			req(as, "PUT", blob+"?comp=block&blockid=MDE%3D", "mine"),
			req(as, "PUT", blob+"?comp=blocklist", "<BlockList></BlockList>"),
			req(as, "PUT", blob+"?comp=appendblock", "mine"),
			req(as, "PUT", blob+"?comp=page", strings.Repeat("x", 512), "x-ms-page-write", "update", "x-ms-range", "bytes=0-511"),
			req(as, "PUT", blob+"?comp=metadata", "", "x-ms-meta-LogType", "read"),
			req(as, "PUT", blob+"?comp=properties", "", "x-ms-blob-content-type", "text/html"),
			req(as, "PUT", blob+"?comp=tier", "", "x-ms-access-tier", "Cool"),
			req(as, "PUT", blob+"?comp=snapshot", ""),
			req(as, "PUT", blob+"?comp=lease", "", "x-ms-lease-action", "acquire", "x-ms-lease-duration", "15"),
			req(as, "PUT", fresh, "", "x-ms-copy-source", n.AccountURL(n.account.name)+"/docs/b"),
			req(as, "PUT", fresh, "", "x-ms-copy-source", n.AccountURL(n.account.name)+"/docs/b", "x-ms-requires-sync", "true"),
		} {
			what := r.method + " " + r.target
			a := n.must(t, 403, r)
			want(t, what, a.header.Get("x-ms-error-code"), "InsufficientAccountPermissions")
			list = append(list, denied{a.id, what, status})
		}
	}
	r := req(byKey, "PUT", "/$logs?restype=container&comp=acl", "", "x-ms-blob-public-access", "blob")
	list = append(list, denied{n.must(t, 403, r).id, "acl", "AuthorizationError"})
	got := n.records(t)
	for _, d := range list {
		e := got.one(t, d.what, d.id)
		want(t, d.what+": status", e.Status, d.status)
		want(t, d.what+": HTTP status", e.HTTPStatus, "403")
	}
	want(t, "the log", n.must(t, 200, req(byKey, "GET", blob, "")).body, content)
	n.must(t, 404, req(byKey, "HEAD", fresh, ""))
	// It stays when logging is switched off.
	n.set(t, logging{})
	n.must(t, 200, req(byKey, "GET", "/$logs?restype=container", ""))
	n.must(t, 403, req(byKey, "DELETE", "/$logs?restype=container", ""))
}
