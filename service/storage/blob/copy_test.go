package blob_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"reslog/service/storage/blob"
)

func TestCopyBlob(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.put("/con/src", "data", "x-ms-meta-k: v", "x-ms-blob-content-type: text/plain", "x-ms-tags: a=1")
	from := "x-ms-copy-source: " + s.URL + "/con/src"

	a := s.OK(202, "PUT", "/con/dst", "", from)
	a.WantHeader(t, "x-ms-copy-status", "success")
	id := a.Header.Get("x-ms-copy-id")
	got := s.OK(200, "GET", "/con/dst", "")
	if got.Body != "data" {
		t.Errorf("copy: %q", got.Body)
	}
	for name, want := range map[string]string{
		"x-ms-copy-id": id, "x-ms-copy-progress": "4/4", "x-ms-copy-source": s.URL + "/con/src",
		"x-ms-meta-k": "v", "Content-Type": "text/plain", "Content-MD5": md5of("data"), "x-ms-tag-count": "",
	} {
		got.WantHeader(t, name, want)
	}
	s.put("/con/src", "changed")
	if got := s.OK(200, "GET", "/con/dst", ""); got.Body != "data" {
		t.Errorf("the copy changed with its source: %q", got.Body)
	}
	s.OK(202, "PUT", "/con/dst", "", from, "x-ms-meta-own: 1")
	got = s.OK(200, "HEAD", "/con/dst", "")
	got.WantHeader(t, "x-ms-meta-own", "1")
	got.WantHeader(t, "x-ms-meta-k", "")

	s.Refused(412, "TargetConditionNotMet", "PUT", "/con/dst", "", from, `If-Match: "0x1"`)
	s.Refused(412, "SourceConditionNotMet", "PUT", "/con/dst", "", from, `x-ms-source-if-match: "0x1"`)
	s.Refused(409, "BlobAlreadyExists", "PUT", "/con/dst", "", from, "If-None-Match: *")
	s.Refused(404, "CannotVerifyCopySource", "PUT", "/con/dst", "", "x-ms-copy-source: "+s.URL+"/con/none")
	s.Refused(400, "InvalidHeaderValue", "PUT", "/con/dst", "", "x-ms-copy-source: ftp://host/con/none")
	s.Refused(400, "InvalidHeaderValue", "PUT", "/con/dst", "", "x-ms-copy-source: /acct/con/src")
	s.Refused(403, "CannotVerifyCopySource", "PUT", "/con/dst", "", "x-ms-copy-source: http://example.invalid/con/src")
	s.Refused(409, "NoPendingCopyOperation", "PUT", "/con/dst?comp=copy&copyid="+id, "", "x-ms-copy-action: abort")
	s.Refused(400, "InvalidHeaderValue", "PUT", "/con/dst?comp=copy&copyid="+id, "", "x-ms-copy-action: stop")
	s.OK(201, "PUT", "/con/a", "", "x-ms-blob-type: AppendBlob")
	s.Refused(409, "InvalidBlobType", "PUT", "/con/a", "", from)
	s.put("/con/cold", "x", "x-ms-access-tier: Archive")
	s.Refused(409, "BlobArchived", "PUT", "/con/dst", "", "x-ms-copy-source: "+s.URL+"/con/cold")
	s.OK(202, "PUT", "/con/warm", "", "x-ms-copy-source: "+s.URL+"/con/cold", "x-ms-access-tier: Hot")
}

// TestCopySourceRights is who may read a source.
func TestCopySourceRights(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.put("/con/src", "data")
	s.Want(201, "", request{Method: "PUT", Path: "/other?restype=container", Account: "second"})
	copyTo := func(headers ...string) request {
		return request{Method: "PUT", Path: "/other/dst", Account: "second", Headers: headers}
	}
	plain := "x-ms-copy-source: " + s.URL + "/con/src"
	s.Want(401, "CannotVerifyCopySource", copyTo(plain))
	s.Want(202, "", copyTo(plain+"?"+s.accountSAS("r")))
	if got := s.Want(200, "", request{Method: "GET", Path: "/other/dst", Account: "second"}); got.Body != "data" || strings.Contains(got.Header.Get("x-ms-copy-source"), "sig=") {
		t.Errorf("copy by signature: %q from %s", got.Body, got.Header.Get("x-ms-copy-source"))
	}
	s.Want(403, "CannotVerifyCopySource", copyTo(plain+"?"+s.accountSAS("w")))
	s.Want(403, "CannotVerifyCopySource", copyTo(plain+"?"+s.accountSAS("r")+"x"))
	s.OK(200, "PUT", "/con?restype=container&comp=acl", "", "x-ms-blob-public-access: blob")
	s.Want(202, "", copyTo(plain))
	s.OK(200, "PUT", "/con?restype=container&comp=acl", "")
	// The operations that read within the request do not take the key for the source.
	s.Refused(401, "CannotVerifyCopySource", "PUT", "/con/now", "", plain, "x-ms-requires-sync: true")
	s.OK(202, "PUT", "/con/now", "", plain+"?"+s.accountSAS("r"), "x-ms-requires-sync: true")
	// A SAS for the destination does not open the source either.
	s.Want(401, "CannotVerifyCopySource", request{Method: "PUT", Path: "/con/sas?" + s.accountSAS("cw"), Anonymous: true, Headers: []string{plain}})
}

func TestFromURL(t *testing.T) {
	s := newServer(t)
	s.container("con")
	data := pattern(4096)
	put := s.put("/con/src", data, "x-ms-blob-content-type: text/plain", "x-ms-tags: a=1")
	src := s.URL + "/con/src?" + s.accountSAS("r")
	from := "x-ms-copy-source: " + src

	block := "x-ms-blob-type: BlockBlob"
	a := s.OK(201, "PUT", "/con/put", "", block, from, "x-ms-source-content-md5: "+md5of(data), "x-ms-copy-source-tag-option: COPY")
	a.WantHeader(t, "Content-MD5", md5of(data))
	got := s.OK(200, "GET", "/con/put", "")
	got.WantHeader(t, "Content-Type", "text/plain")
	got.WantHeader(t, "x-ms-tag-count", "1")
	got.WantHeader(t, "x-ms-copy-id", "")
	if got.Body != data {
		t.Error("Put Blob From URL: other bytes")
	}
	s.OK(201, "PUT", "/con/put", "", block, from, "x-ms-copy-source-blob-properties: false")
	s.OK(200, "HEAD", "/con/put", "").WantHeader(t, "Content-Type", "application/octet-stream")
	s.Refused(400, "Md5Mismatch", "PUT", "/con/put", "", block, from, "x-ms-source-content-md5: "+md5of("x"))
	s.Refused(412, "SourceConditionNotMet", "PUT", "/con/put", "", block, from, `x-ms-source-if-match: "0x1"`)
	a = s.Do(request{Method: "PUT", Path: "/con/put", Headers: []string{block, from, "x-ms-source-if-none-match: " + put.Header.Get("ETag")}})
	if a.Status != 304 || a.Code() != "CannotVerifyCopySource" {
		t.Errorf("source not modified: %d %s", a.Status, a.Code())
	}

	s.OK(201, "PUT", "/con/blocks?comp=block&blockid=YQ==", "", from, "x-ms-source-range: bytes=0-9")
	s.OK(201, "PUT", "/con/blocks?comp=blocklist", "<BlockList><Latest>YQ==</Latest></BlockList>")
	if got := s.OK(200, "GET", "/con/blocks", ""); got.Body != data[:10] {
		t.Errorf("Put Block From URL: %q", got.Body)
	}
	s.OK(201, "PUT", "/con/app", "", "x-ms-blob-type: AppendBlob")
	a = s.OK(201, "PUT", "/con/app?comp=appendblock", "", from, "x-ms-source-range: bytes=5-", "x-ms-blob-condition-appendpos: 0")
	a.WantHeader(t, "x-ms-blob-append-offset", "0")
	s.OK(201, "PUT", "/con/page", "", "x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 1024")
	s.OK(201, "PUT", "/con/page?comp=page", "", from, "x-ms-page-write: update", "x-ms-range: bytes=512-1023", "x-ms-source-range: bytes=0-511")
	if got := s.OK(206, "GET", "/con/page", "", "Range: bytes=512-1023"); got.Body != data[:512] {
		t.Error("Put Page From URL: other bytes")
	}
	s.Refused(416, "InvalidRange", "PUT", "/con/app?comp=appendblock", "", from, "x-ms-source-range: bytes=5000-")
	s.Refused(401, "CannotVerifyCopySource", "PUT", "/con/app?comp=appendblock", "", "x-ms-copy-source: "+s.URL+"/con/src", "x-ms-copy-source-authorization: Bearer x")
}

// TestRemoteSource reads from a host that the configuration allows, and from no
// other.
func TestRemoteSource(t *testing.T) {
	modified := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	remote := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/file.txt":
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Type", "text/plain")
			http.ServeContent(w, r, "", modified, strings.NewReader("from afar"))
		case "/moved":
			http.Redirect(w, r, "/file.txt", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(remote.Close)
	// The test's own server is on the loopback interface too, but on another port.
	allowed := newServer(t, func(c *blob.Config) { c.AllowCopyHosts = []string{strings.TrimPrefix(remote.URL, "http://")} })
	allowed.container("con")
	allowed.OK(202, "PUT", "/con/dst", "", "x-ms-copy-source: "+remote.URL+"/file.txt").WantHeader(t, "x-ms-copy-status", "pending")
	allowed.awaitCopy("/con/dst", "success")
	got := allowed.OK(200, "GET", "/con/dst", "")
	if got.Body != "from afar" {
		t.Errorf("copied: %q", got.Body)
	}
	got.WantHeader(t, "Content-Type", "text/plain")
	allowed.OK(201, "PUT", "/con/blk?comp=block&blockid=YQ==", "", "x-ms-copy-source: "+remote.URL+"/file.txt", "x-ms-source-range: bytes=5-8")
	allowed.Refused(404, "CannotVerifyCopySource", "PUT", "/con/dst", "", "x-ms-copy-source: "+remote.URL+"/none")
	allowed.Refused(500, "CannotVerifyCopySource", "PUT", "/con/dst", "", "x-ms-copy-source: "+remote.URL+"/moved")

	closed := newServer(t, func(c *blob.Config) { c.Transport = forbidden{t} })
	closed.container("con")
	closed.Refused(403, "CannotVerifyCopySource", "PUT", "/con/dst", "", "x-ms-copy-source: "+remote.URL+"/file.txt")
}

// forbidden is a transport that nothing may use.
type forbidden struct{ t *testing.T }

func (f forbidden) RoundTrip(r *http.Request) (*http.Response, error) {
	f.t.Errorf("a request went to %s", r.URL.Host)
	return nil, io.ErrUnexpectedEOF
}

func TestBatchRefusals(t *testing.T) {
	s := newServer(t)
	s.container("con")
	const boundary = "Content-Type: multipart/mixed; boundary=b"
	part := "--b\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\nDELETE /" + account + "/con/x HTTP/1.1\r\nContent-Length: 0\r\n\r\n\r\n"
	a := s.OK(202, "POST", "/?comp=batch", part+"--b--\r\n", boundary)
	if !strings.Contains(a.Body, "HTTP/1.1 401 ") || !strings.Contains(a.Body, "x-ms-error-code: NoAuthenticationInformation") {
		t.Errorf("a part without authorization: %s", a.Body)
	}
	for _, tc := range []struct{ code, body, contentType string }{
		{"InvalidHeaderValue", part + "--b--\r\n", "Content-Type: text/plain"},
		{"InvalidInput", "--b--\r\n", boundary},
		{"InvalidInput", "nothing", boundary},
		{"InvalidInput", "--b\r\nContent-Type: text/plain\r\n\r\nDELETE / HTTP/1.1\r\n\r\n--b--\r\n", boundary},
		{"InvalidInput", "--b\r\nContent-Type: application/http\r\n\r\nwhat\r\n--b--\r\n", boundary},
		{"ExceedsMaxBatchRequestCount", strings.Repeat(part, 257) + "--b--\r\n", boundary},
	} {
		s.Refused(400, tc.code, "POST", "/?comp=batch", tc.body, tc.contentType)
	}
	get := strings.Replace(part, "DELETE", "GET", 1)
	a = s.OK(202, "POST", "/?comp=batch", get+"--b--\r\n", boundary)
	if !strings.Contains(a.Body, "HTTP/1.1 400 ") {
		t.Errorf("another operation: %s", a.Body)
	}
}
