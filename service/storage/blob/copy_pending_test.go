package blob_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
	"reslog/service/storage/storagetest"
)

// slowSource is a host with one blob, of which a reader gets the first half at
// once and the rest when the test says so.
type slowSource struct {
	*httptest.Server
	data    string
	header  http.Header   // of the answers, beside the ETag
	etag    chan string   // ETags of the answers, one after the other; then `"one"`
	half    chan struct{} // closed or sent to: half of the data was sent
	release chan struct{} // closed: the rest may go
	broken  bool          // the rest never comes
}

func newSlowSource(t *testing.T, data string) *slowSource {
	s := &slowSource{
		data: data, header: http.Header{}, etag: make(chan string, 2),
		half: make(chan struct{}, 100), release: make(chan struct{}),
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *slowSource) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	etag := `"one"`
	select {
	case etag = <-s.etag:
	default:
	}
	for k, v := range s.header {
		w.Header()[k] = v
	}
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Length", strconv.Itoa(len(s.data)))
	if r.Method == http.MethodHead {
		return
	}
	if match := r.Header.Get("If-Match"); match != etag && s.header.Get("X-Test-Unconditional") == "" {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	io.WriteString(w, s.data[:len(s.data)/2])
	w.(http.Flusher).Flush()
	s.half <- struct{}{}
	select {
	case <-s.release:
	case <-r.Context().Done():
		return
	}
	if s.broken {
		panic(http.ErrAbortHandler)
	}
	io.WriteString(w, s.data[len(s.data)/2:])
}

// allow lets a server read from the source.
func (s *slowSource) allow(c *blob.Config) {
	c.AllowCopyHosts = append(c.AllowCopyHosts, strings.TrimPrefix(s.URL, "http://"))
}

// awaitCopy polls a blob until its copy has the status.
func (s *server) awaitCopy(path, status string) *answer {
	s.T.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		a := s.OK(200, "HEAD", path, "")
		if a.Header.Get("x-ms-copy-status") == status {
			return a
		}
		if time.Now().After(deadline) {
			s.T.Fatalf("%s: copy is %q, want %q", path, a.Header.Get("x-ms-copy-status"), status)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestPendingCopy(t *testing.T) {
	src := newSlowSource(t, pattern(1<<20))
	src.header.Set("Content-Type", "text/plain")
	src.header.Set("Content-MD5", md5of(src.data))
	src.header.Set("X-Ms-Meta-From", "afar")
	s := newServer(t, src.allow)
	s.container("con")
	s.put("/con/dst", "old")
	s.put("/con/near", "near")
	s.Log.Take(t)

	a := s.OK(202, "PUT", "/con/dst", "", "x-ms-copy-source: "+src.URL+"/c/b?sv=1&sig=secret")
	a.WantHeader(t, "x-ms-copy-status", "pending")
	id, etag := a.Header.Get("x-ms-copy-id"), a.Header.Get("ETag")
	var names []string
	for _, e := range s.Log.Take(t) {
		names = append(names, e.Operation)
	}
	if got, want := strings.Join(names, " "), "CopyBlob CopyBlobSource CopyBlobDestination"; got != want {
		t.Errorf("logged %q, want %q", got, want)
	}

	<-src.half
	for !strings.HasPrefix(s.OK(200, "HEAD", "/con/dst", "").Header.Get("x-ms-copy-progress"), "524288/") {
		time.Sleep(time.Millisecond)
	}
	got := s.OK(200, "GET", "/con/dst", "")
	for name, want := range map[string]string{
		"x-ms-copy-id": id, "x-ms-copy-status": "pending", "x-ms-copy-progress": "524288/1048576",
		"x-ms-copy-source": src.URL + "/c/b", "x-ms-copy-status-description": "", "x-ms-copy-completion-time": "",
		"x-ms-meta-from": "afar", "Content-Type": "text/plain", "Content-MD5": "", "Content-Length": "0", "ETag": etag,
	} {
		got.WantHeader(t, name, want)
	}
	list := s.OK(200, "GET", "/con?restype=container&comp=list&include=copy", "").Body
	if !strings.Contains(list, "<CopyStatus>pending</CopyStatus>") || strings.Contains(list, "CopyStatusDescription") {
		t.Errorf("listing: %s", list)
	}

	for _, r := range []request{
		{Method: "PUT", Path: "/con/dst", Body: "new", Headers: []string{"x-ms-blob-type: BlockBlob"}},
		{Method: "PUT", Path: "/con/dst?comp=block&blockid=YQ==", Body: "new"},
		{Method: "PUT", Path: "/con/dst?comp=blocklist", Body: "<BlockList></BlockList>"},
		{Method: "PUT", Path: "/con/dst?comp=metadata"},
		{Method: "PUT", Path: "/con/dst?comp=properties"},
		{Method: "PUT", Path: "/con/dst?comp=snapshot"},
		{Method: "PUT", Path: "/con/dst?comp=tags", Body: "<Tags><TagSet></TagSet></Tags>"},
		{Method: "PUT", Path: "/con/dst?comp=tier", Headers: []string{"x-ms-access-tier: Cool"}},
		{Method: "PUT", Path: "/con/dst?comp=lease", Headers: []string{"x-ms-lease-action: acquire", "x-ms-lease-duration: -1"}},
		{Method: "PUT", Path: "/con/dst", Headers: []string{"x-ms-copy-source: " + s.URL + "/con/near"}},
		{Method: "PUT", Path: "/con/dst", Headers: []string{"x-ms-copy-source: " + src.URL + "/c/b"}},
		{Method: "DELETE", Path: "/con/dst"},
	} {
		s.Want(409, "PendingCopyOperation", r)
	}
	abort := "x-ms-copy-action: abort"
	s.Refused(409, "CopyIdMismatch", "PUT", "/con/dst?comp=copy&copyid=00000000-0000-0000-0000-000000000001", "", abort)
	s.Refused(409, "NoPendingCopyOperation", "PUT", "/con/near?comp=copy&copyid="+id, "", abort)
	s.Refused(404, "BlobNotFound", "PUT", "/con/none?comp=copy&copyid="+id, "", abort)

	close(src.release)
	a = s.awaitCopy("/con/dst", "success")
	a.WantHeader(t, "x-ms-copy-progress", "1048576/1048576")
	a.WantHeader(t, "x-ms-copy-id", id)
	a.WantHeader(t, "Content-MD5", md5of(src.data))
	if a.Header.Get("ETag") == etag || a.Header.Get("x-ms-copy-completion-time") == "" {
		t.Errorf("after the copy: %v", a.Header)
	}
	if got := s.OK(200, "GET", "/con/dst", ""); got.Body != src.data {
		t.Error("copied other bytes")
	}
	s.Refused(409, "NoPendingCopyOperation", "PUT", "/con/dst?comp=copy&copyid="+id, "", abort)
	s.put("/con/dst", "free again")
}

func TestAbortCopy(t *testing.T) {
	src := newSlowSource(t, pattern(1024))
	src.header.Set("X-Ms-Blob-Type", "PageBlob")
	s := newServer(t, src.allow)
	s.container("con")
	const lease = "x-ms-lease-id: 00000000-0000-0000-0000-00000000000a"
	s.OK(201, "PUT", "/con/dst", "", "x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 512")
	s.OK(201, "PUT", "/con/dst?comp=lease", "", "x-ms-lease-action: acquire", "x-ms-lease-duration: -1", "x-ms-proposed-lease-id: 00000000-0000-0000-0000-00000000000a")
	from := "x-ms-copy-source: " + src.URL + "/c/b"
	s.Refused(412, "LeaseIdMissing", "PUT", "/con/dst", "", from)
	id := s.OK(202, "PUT", "/con/dst", "", from, lease, "x-ms-meta-k: v").Header.Get("x-ms-copy-id")
	<-src.half
	s.OK(200, "HEAD", "/con/dst", "").WantHeader(t, "Content-Length", "1024")

	path := "/con/dst?comp=copy&copyid=" + id
	s.Refused(412, "LeaseIdMissing", "PUT", path, "", "x-ms-copy-action: abort")
	s.OK(204, "PUT", path, "", "x-ms-copy-action: abort", lease)
	a := s.OK(200, "HEAD", "/con/dst", "")
	for name, want := range map[string]string{
		"x-ms-copy-status": "aborted", "x-ms-copy-id": id, "Content-Length": "0", "x-ms-meta-k": "v", "x-ms-lease-state": "leased",
	} {
		a.WantHeader(t, name, want)
	}
	s.Refused(409, "NoPendingCopyOperation", "PUT", path, "", "x-ms-copy-action: abort", lease)
	// What the source still sends comes to nothing.
	close(src.release)
	s.OK(200, "PUT", "/con/dst?comp=metadata", "", lease)
	s.OK(200, "HEAD", "/con/dst", "").WantHeader(t, "Content-Length", "0")
}

// TestCopyNeedsInfiniteLease is so for copies inside the node too.
func TestCopyNeedsInfiniteLease(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.put("/con/src", "data")
	s.put("/con/dst", "old")
	lease := "x-ms-lease-id: " + s.OK(201, "PUT", "/con/dst?comp=lease", "", "x-ms-lease-action: acquire", "x-ms-lease-duration: 15").Header.Get("x-ms-lease-id")
	from := "x-ms-copy-source: " + s.URL + "/con/src"
	s.Refused(412, "InfiniteLeaseDurationRequired", "PUT", "/con/dst", "", from, lease)
	s.OK(201, "PUT", "/con/dst", "", from+"?"+s.accountSAS("r"), lease, "x-ms-blob-type: BlockBlob")
	s.OK(201, "PUT", "/con/dst", "", "x-ms-copy-source: /acct/con/src", lease, "x-ms-version: 2011-08-18")
}

// TestFailedCopies are the ways in which the source fails after it was accepted.
func TestFailedCopies(t *testing.T) {
	for name, tc := range map[string]struct {
		prepare     func(*slowSource)
		description string
	}{
		"ends early": {func(s *slowSource) { s.broken = true; close(s.release) }, `500 CannotVerifyCopySource "Copy failed: the copy source ended early."`},
		"changes":    {func(s *slowSource) { s.etag <- `"one"`; s.etag <- `"two"` }, `412 CannotVerifyCopySource "The copy source changed while it was read."`},
		"changes, unconditional": {func(s *slowSource) {
			s.header.Set("X-Test-Unconditional", "1")
			s.etag <- `"one"`
			s.etag <- `"two"`
		}, `412 CannotVerifyCopySource "The copy source changed while it was read."`},
		"stalls":         {func(*slowSource) {}, `500 OperationCancelled "Copy failed: the copy source sent nothing for too long."`},
		"takes too long": {func(*slowSource) {}, `500 OperationCancelled "Copy failed: the copy took too long."`},
	} {
		t.Run(name, func(t *testing.T) {
			src := newSlowSource(t, pattern(1024))
			tc.prepare(src)
			s := newServer(t, src.allow, func(c *blob.Config) {
				switch name {
				case "stalls":
					c.CopyStall = 50 * time.Millisecond
				case "takes too long":
					c.CopyTimeout = 50 * time.Millisecond
				}
			})
			s.container("con")
			s.OK(202, "PUT", "/con/dst", "", "x-ms-copy-source: "+src.URL+"/c/b", "x-ms-meta-k: v")
			a := s.awaitCopy("/con/dst", "failed")
			a.WantHeader(t, "x-ms-copy-status-description", tc.description)
			a.WantHeader(t, "Content-Length", "0")
			a.WantHeader(t, "x-ms-meta-k", "v")
			s.put("/con/dst", "free again")
		})
	}
}

// TestCopiesWait runs one copy at a time.
func TestCopiesWait(t *testing.T) {
	src := newSlowSource(t, pattern(1024))
	s := newServer(t, src.allow, func(c *blob.Config) { c.Copies = 1 })
	s.container("con")
	for _, name := range []string{"/con/a", "/con/b"} {
		s.OK(202, "PUT", name, "", "x-ms-copy-source: "+src.URL+"/c/b")
	}
	<-src.half
	select {
	case <-src.half:
		t.Error("two copies run at a time")
	case <-time.After(50 * time.Millisecond):
	}
	close(src.release)
	s.awaitCopy("/con/a", "success")
	s.awaitCopy("/con/b", "success")
}

// TestCopyWithoutDestination lets the destination go while it is copied to.
func TestCopyWithoutDestination(t *testing.T) {
	src := newSlowSource(t, pattern(1024))
	s := newServer(t, src.allow)
	s.container("con")
	s.OK(202, "PUT", "/con/dst", "", "x-ms-copy-source: "+src.URL+"/c/b")
	<-src.half
	s.OK(202, "DELETE", "/con?restype=container", "")
	s.container("con")
	s.put("/con/dst", "another")
	close(src.release)
	if err := s.service.Close(); err != nil {
		t.Fatal(err)
	}
	if got := s.OK(200, "GET", "/con/dst", ""); got.Body != "another" || got.Header.Get("x-ms-copy-id") != "" {
		t.Errorf("the copy wrote over what came after it: %q", got.Body)
	}
}

// TestRestartFailsCopies stops a node, and kills one, while it copies.
func TestRestartFailsCopies(t *testing.T) {
	const stopped = `500 OperationCancelled "Copy failed: the node was stopped."`
	src := newSlowSource(t, pattern(1024))
	ck := storagetest.NewClock()
	store, err := blobstore.Open(blobstore.Config{Dir: t.TempDir(), Now: ck.Now, MinFree: -1, CollectEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	first := newServerOn(t, store, ck, src.allow)
	first.container("con")
	from := "x-ms-copy-source: " + src.URL + "/c/b"
	id := first.OK(202, "PUT", "/con/killed", "", from).Header.Get("x-ms-copy-id")
	<-src.half

	// Another run on the same store is what comes after a kill: the first one
	// has written nothing more.
	second := newServerOn(t, store, ck, src.allow)
	a := second.OK(200, "HEAD", "/con/killed", "")
	a.WantHeader(t, "x-ms-copy-status", "failed")
	a.WantHeader(t, "x-ms-copy-status-description", stopped)
	list := second.OK(200, "GET", "/con?restype=container&comp=list&include=copy", "").Body
	if !strings.Contains(list, "<CopyStatus>failed</CopyStatus>") {
		t.Errorf("listing: %s", list)
	}
	second.Refused(409, "NoPendingCopyOperation", "PUT", "/con/killed?comp=copy&copyid="+id, "", "x-ms-copy-action: abort")
	second.OK(200, "PUT", "/con/killed?comp=metadata", "", "x-ms-meta-k: v")
	second.OK(200, "HEAD", "/con/killed", "").WantHeader(t, "x-ms-copy-status", "failed")
	second.put("/con/killed", "free again")

	second.OK(202, "PUT", "/con/stopped", "", from)
	<-src.half
	if err := second.service.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := store.Blob(t.Context(), blobstore.Ref{Account: account, Container: "con", Name: "stopped"}, time.Time{})
	if err != nil || b.Copy == nil || b.Copy.Status != "failed" || b.Copy.Description != stopped {
		t.Errorf("after an orderly stop: %+v, %v", b.Copy, err)
	}
	second.Refused(503, "ServerBusy", "PUT", "/con/late", "", from)
}
