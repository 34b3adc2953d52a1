package blob_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
)

// TestFullDisk is a store that takes no more writes.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	ck := &clock{t: time.Now().UTC().Truncate(time.Second)}
	open := func(minFree int64) blobstore.Store {
		store, err := blobstore.Open(blobstore.Config{Dir: dir, Now: ck.now, MinFree: minFree, CollectEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	store := open(-1)
	s := newServerOn(t, store, ck)
	s.container("con")
	s.put("/con/b", "data")
	s.ok(201, "PUT", "/con/app", "", "x-ms-blob-type: AppendBlob")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	store = open(1 << 60)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	var said bytes.Buffer
	s = newServerOn(t, store, ck, func(c *blob.Config) { c.Logger = slog.New(slog.NewTextHandler(&said, nil)) })
	const block = "x-ms-blob-type: BlockBlob"
	for _, r := range []request{
		{method: "PUT", path: "/con/b", body: "new", headers: []string{block}},
		{method: "PUT", path: "/con/empty", headers: []string{block}},
		{method: "PUT", path: "/con/b?comp=metadata", headers: []string{"x-ms-meta-k: v"}},
		{method: "PUT", path: "/con/b?comp=block&blockid=YQ==", body: "new"},
		{method: "PUT", path: "/con/app?comp=appendblock", body: "new"},
		{method: "PUT", path: "/con/copy", headers: []string{"x-ms-copy-source: " + s.url + "/con/b"}},
		{method: "PUT", path: "/more?restype=container"},
	} {
		s.want(500, "InternalError", r)
		e := s.log.take(t)
		if len(e) == 0 || e[0].Status != "ServerOtherError" || e[0].HTTPStatus != "500" {
			t.Errorf("%s: logged %+v", r.path, e)
		}
	}
	if got := s.ok(200, "GET", "/con/b", ""); got.body != "data" {
		t.Errorf("after refused writes: %q", got.body)
	}
	if n := strings.Count(said.String(), "writes are refused"); n != 1 || !strings.Contains(said.String(), "free space on the disk") {
		t.Errorf("said %d times: %s", n, said.String())
	}
	s.clock.advance(time.Minute)
	s.want(500, "InternalError", request{method: "PUT", path: "/con/b", body: "new", headers: []string{block}})
	if n := strings.Count(said.String(), "writes are refused"); n != 2 {
		t.Errorf("a minute later it was said %d times", n)
	}
	s.ok(202, "DELETE", "/con/b", "")
}

func TestForeignMarker(t *testing.T) {
	s := newServer(t)
	s.container("con")
	for _, marker := range []string{"x", "1!", "1!!", "1!eA", "2!eA"} {
		for _, path := range []string{"/con?restype=container&comp=list", "/con?restype=container&comp=list&include=uncommittedblobs"} {
			s.refused(400, "OutOfRangeInput", "GET", path+"&marker="+marker, "")
		}
	}
}
