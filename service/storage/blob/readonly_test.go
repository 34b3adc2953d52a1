package blob_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
	"reslog/service/storage/storagetest"
)

// TestFullDisk is a store that takes no more writes.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	ck := storagetest.NewClock()
	open := func(minFree int64) blobstore.Store {
		store, err := blobstore.Open(blobstore.Config{Dir: dir, Now: ck.Now, MinFree: minFree, CollectEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	store := open(-1)
	s := newServerOn(t, store, ck)
	s.container("con")
	s.put("/con/b", "data")
	s.OK(201, "PUT", "/con/app", "", "x-ms-blob-type: AppendBlob")
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
		{Method: "PUT", Path: "/con/b", Body: "new", Headers: []string{block}},
		{Method: "PUT", Path: "/con/empty", Headers: []string{block}},
		{Method: "PUT", Path: "/con/b?comp=metadata", Headers: []string{"x-ms-meta-k: v"}},
		{Method: "PUT", Path: "/con/b?comp=block&blockid=YQ==", Body: "new"},
		{Method: "PUT", Path: "/con/app?comp=appendblock", Body: "new"},
		{Method: "PUT", Path: "/con/copy", Headers: []string{"x-ms-copy-source: " + s.URL + "/con/b"}},
		{Method: "PUT", Path: "/more?restype=container"},
	} {
		s.Want(500, "InternalError", r)
		e := s.Log.Take(t)
		if len(e) == 0 || e[0].Status != "ServerOtherError" || e[0].HTTPStatus != "500" {
			t.Errorf("%s: logged %+v", r.Path, e)
		}
	}
	if got := s.OK(200, "GET", "/con/b", ""); got.Body != "data" {
		t.Errorf("after refused writes: %q", got.Body)
	}
	if n := strings.Count(said.String(), "writes are refused"); n != 1 || !strings.Contains(said.String(), "free space on the disk") {
		t.Errorf("said %d times: %s", n, said.String())
	}
	s.Clock.Advance(time.Minute)
	s.Want(500, "InternalError", request{Method: "PUT", Path: "/con/b", Body: "new", Headers: []string{block}})
	if n := strings.Count(said.String(), "writes are refused"); n != 2 {
		t.Errorf("a minute later it was said %d times", n)
	}
	s.OK(202, "DELETE", "/con/b", "")
}

func TestForeignMarker(t *testing.T) {
	s := newServer(t)
	s.container("con")
	for _, marker := range []string{"x", "1!", "1!!", "1!eA", "2!eA"} {
		for _, path := range []string{"/con?restype=container&comp=list", "/con?restype=container&comp=list&include=uncommittedblobs"} {
			s.Refused(400, "OutOfRangeInput", "GET", path+"&marker="+marker, "")
		}
	}
}
