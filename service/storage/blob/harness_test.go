package blob_test

import (
	"bytes"
	"strconv"
	"testing"

	"reslog/service/storage"
	"reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
	"reslog/service/storage/storagetest"
)

// newest is the version of requests that name none.
const newest = string(storage.Newest)

// account is the account that requests go to.
const account = storagetest.Account

type (
	request = storagetest.Request
	answer  = storagetest.Answer
)

// server is a blob service behind a real connection.
type server struct {
	*storagetest.Server
	service *blob.Service
}

func newServer(t testing.TB, configure ...func(*blob.Config)) *server {
	t.Helper()
	ck := storagetest.NewClock()
	store, err := blobstore.Open(blobstore.Config{Dir: t.TempDir(), Now: ck.Now, MinFree: -1, CollectEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return newServerOn(t, store, ck, configure...)
}

// newServerOn is newServer with a store that may have been used before.
func newServerOn(t testing.TB, store blobstore.Store, ck *storagetest.Clock, configure ...func(*blob.Config)) *server {
	t.Helper()
	base := storagetest.New(t, ck)
	cfg := blob.Config{Store: store, Accounts: base.Accounts, Now: base.Clock.Now, Emitter: base.Log}
	for _, f := range configure {
		f(&cfg)
	}
	service := blob.New(cfg)
	t.Cleanup(func() {
		if err := service.Close(); err != nil {
			t.Errorf("close service: %v", err)
		}
	})
	base.Serve(base.Config(service))
	return &server{base, service}
}

// container makes a container.
func (s *server) container(name string) {
	s.T.Helper()
	s.OK(201, "PUT", "/"+name+"?restype=container", "")
}

// put makes a block blob.
func (s *server) put(path, body string, headers ...string) *answer {
	s.T.Helper()
	return s.OK(201, "PUT", path, body, append(headers, "x-ms-blob-type: BlockBlob")...)
}

// accountSAS returns the query of an account SAS for everything.
func (s *server) accountSAS(permissions string) string {
	return s.AccountSAS("2020-02-10", "b", "sco", permissions)
}

func pattern(n int) string {
	b := bytes.Buffer{}
	for b.Len() < n {
		b.WriteString(strconv.Itoa(b.Len()))
		b.WriteByte(' ')
	}
	return b.String()[:n]
}

// asSystem sends a request as the node itself and demands success.
func (s *server) asSystem(method, path, body string) {
	s.T.Helper()
	a := s.AsSystem(request{Method: method, Path: path, Body: body, Headers: []string{"x-ms-blob-type: BlockBlob"}})
	if a.Status >= 300 {
		s.T.Fatalf("%s %s as the node: %d %s", method, path, a.Status, a.Code())
	}
}
