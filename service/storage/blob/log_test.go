package blob_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestLog is what operations tell the log beyond what the front knows.
func TestLog(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.Log.Take(t)
	put := s.put("/con/b", "data", "Content-MD5: "+md5of("data"))
	e := s.Log.One(t)
	if e.Operation != "PutBlob" || e.Status != "Success" || e.HTTPStatus != "201" || e.ObjectKey != "/"+account+"/con/b" ||
		e.ETag != put.Header.Get("ETag") || e.LastModified.UTC().Format(http.TimeFormat) != put.Header.Get("Last-Modified") ||
		e.RequestMD5 != md5of("data") || e.ServerMD5 != md5of("data") || e.RequestPacketSize != 4 {
		t.Errorf("put: %+v", e)
	}
	s.put("/con/b", "data")
	if e := s.Log.One(t); e.RequestMD5 != "" || e.ServerMD5 != md5of("data") {
		t.Errorf("put without a digest: %+v", e)
	}

	src := s.URL + "/con/b"
	s.OK(202, "PUT", "/con/copy", "", "x-ms-copy-source: "+src)
	var lines []string
	for _, e := range s.Log.Take(t) {
		lines = append(lines, fmt.Sprintf("%d %s %s %s", e.OperationNumber, e.Operation, e.HTTPStatus, e.ObjectKey))
	}
	want := "0 CopyBlob 202 /acct/con/copy|1 CopyBlobSource 202 " + src + "|2 CopyBlobDestination 202 /acct/con/copy"
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("copy:\n%s\n%s", got, want)
	}

	list := `<BlockList></BlockList>`
	s.OK(201, "PUT", "/con/list?comp=blocklist", list)
	if e := s.Log.One(t); e.ServerMD5 != md5of(list) {
		t.Errorf("Put Block List has the MD5 of the XML: %+v", e)
	}
}

// TestOperationNames is the names in the log, from the table of logged
// operations.
func TestOperationNames(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.put("/con/b", "x")
	s.OK(201, "PUT", "/con/p", "", "x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 512")
	for _, tc := range []struct {
		name, method, path string
		headers            string // "a: b|c: d"
	}{
		{"ListContainers", "GET", "/?comp=list", ""},
		{"GetAccountInformation", "GET", "/?restype=account&comp=properties", ""},
		{"FindBlobsByTags", "GET", "/?comp=blobs&where=a%3D%27b%27", ""},
		{"CreateContainer", "PUT", "/new?restype=container", ""},
		{"DeleteContainer", "DELETE", "/new?restype=container", ""},
		{"GetContainerProperties", "HEAD", "/con?restype=container", ""},
		{"GetContainerMetadata", "GET", "/con?restype=container&comp=metadata", ""},
		{"SetContainerMetadata", "PUT", "/con?restype=container&comp=metadata", ""},
		{"GetContainerACL", "GET", "/con?restype=container&comp=acl", ""},
		{"SetContainerACL", "PUT", "/con?restype=container&comp=acl", ""},
		{"AcquireContainerLease", "PUT", "/con?restype=container&comp=lease", "x-ms-lease-action: acquire|x-ms-lease-duration: -1"},
		{"BreakContainerLease", "PUT", "/con?restype=container&comp=lease", "x-ms-lease-action: break"},
		{"ListBlobs", "GET", "/con?restype=container&comp=list", ""},
		{"GetBlob", "GET", "/con/b", ""},
		{"GetBlobProperties", "HEAD", "/con/b", ""},
		{"GetBlobMetadata", "GET", "/con/b?comp=metadata", ""},
		{"SetBlobMetadata", "PUT", "/con/b?comp=metadata", ""},
		{"SetBlobProperties", "PUT", "/con/b?comp=properties", ""},
		{"GetBlockList", "GET", "/con/b?comp=blocklist", ""},
		{"GetPageRanges", "GET", "/con/p?comp=pagelist", ""},
		{"ClearPage", "PUT", "/con/p?comp=page", "x-ms-page-write: clear|x-ms-range: bytes=0-511"},
		{"SnapshotBlob", "PUT", "/con/p?comp=snapshot", ""},
		{"SetBlobTier", "PUT", "/con/b?comp=tier", "x-ms-access-tier: Cool"},
		{"GetBlobTags", "GET", "/con/b?comp=tags", ""},
		{"AcquireBlobLease", "PUT", "/con/b?comp=lease", "x-ms-lease-action: acquire|x-ms-lease-duration: -1"},
		{"BreakBlobLease", "PUT", "/con/b?comp=lease", "x-ms-lease-action: break"},
		{"DeleteBlob", "DELETE", "/con/b", ""},
	} {
		s.Log.Take(t)
		var headers []string
		if tc.headers != "" {
			headers = strings.Split(tc.headers, "|")
		}
		a := s.Do(request{Method: tc.method, Path: tc.path, Headers: headers})
		if a.Status >= 300 {
			t.Errorf("%s: %d %s", tc.name, a.Status, a.Code())
		}
		if e := s.Log.One(t); e.Operation != tc.name {
			t.Errorf("%s %s is logged as %s, want %s", tc.method, tc.path, e.Operation, tc.name)
		}
	}
}

// TestLogOfRefusals is the statuses that the service's own refusals have.
func TestLogOfRefusals(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.asSystem("PUT", "/$logs?restype=container", "")
	s.Log.Take(t)
	s.Refused(403, "InsufficientAccountPermissions", "PUT", "/$logs/mine", "x", "x-ms-blob-type: BlockBlob")
	if e := s.Log.One(t); e.Status != "AuthorizationError" || e.HTTPStatus != "403" {
		t.Errorf("a write to $logs: %+v", e)
	}
	s.Refused(404, "BlobNotFound", "GET", "/con/none", "")
	if e := s.Log.One(t); e.Status != "BlobNotFound" {
		t.Errorf("not found: %s", e.Status)
	}
	s.Refused(404, "BlobNotFound", "GET", "/con/none", "", "x-ms-version: 2016-05-31")
	if e := s.Log.One(t); e.Status != "ClientOtherError" {
		t.Errorf("not found before 2017-04-17: %s", e.Status)
	}
}
