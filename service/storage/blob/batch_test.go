package blob_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/blob"
)

// batchOf is the body of a batch that deletes blobs of the container "con", each
// request signed.
func (s *server) batchOf(names ...string) string {
	s.T.Helper()
	var b strings.Builder
	for i, name := range names {
		r, err := http.NewRequest(http.MethodDelete, s.Base+"/"+account+"/con/"+name, http.NoBody)
		if err != nil {
			s.T.Fatal(err)
		}
		s.Sign(r)
		fmt.Fprintf(&b, "--b\r\nContent-Type: application/http\r\nContent-ID: %d\r\n\r\nDELETE %s HTTP/1.1\r\nx-ms-date: %s\r\nAuthorization: %s\r\nContent-Length: 0\r\n\r\n\r\n",
			i, r.URL.Path, r.Header.Get("X-Ms-Date"), r.Header.Get("Authorization"))
	}
	return b.String() + "--b--\r\n"
}

const batchType = "Content-Type: multipart/mixed; boundary=b"

// behind returns s with another Front in front of its service.
func (s *server) behind(change func(*storage.FrontConfig)) *server {
	cfg := s.Config(s.service)
	change(&cfg)
	other := *s.Server
	other.Serve(cfg)
	return &server{&other, s.service}
}

// tally counts what it is told.
type tally struct {
	mu     sync.Mutex
	told   []string
	refuse error // of Begin for deletions
	lose   error // of Emit for deletions
}

func (y *tally) add(s string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.told = append(y.told, s)
}

// take returns what was told since it was called last, in order of the alphabet.
func (y *tally) take() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	slices.Sort(y.told)
	s := strings.Join(y.told, ", ")
	y.told = nil
	return s
}

func (y *tally) Enabled(resource.ID, record.Category) bool { return true }

func (y *tally) Begin(_ context.Context, r record.Record) error {
	y.add("begin " + string(r.Category))
	if r.Category == "StorageDelete" {
		return y.refuse
	}
	return nil
}

func (y *tally) Emit(_ context.Context, r record.Record) error {
	y.add("emit " + string(r.Category))
	if r.Category == "StorageDelete" {
		return y.lose
	}
	return nil
}

func (y *tally) Withdraw(_ context.Context, r record.Record) error {
	y.add("withdraw " + string(r.Category))
	return nil
}

// Allow is a Throttle that lets all through.
func (y *tally) Allow(account string, _ bool) bool {
	y.add("allow " + account)
	return true
}

func (y *tally) observe(o storage.Observation) { y.add(fmt.Sprint(o.Operation, " ", o.Status)) }

// TestBatchIsCounted: each request of a batch is observed, and the batch takes
// one token of the throttle.
func TestBatchIsCounted(t *testing.T) {
	var seen, tokens tally
	s := newServer(t, func(c *blob.Config) { c.Observe = seen.observe })
	s.container("con")
	s.put("/con/a", "x")
	s.put("/con/b", "x")
	s = s.behind(func(c *storage.FrontConfig) { c.Observe, c.Throttle = seen.observe, &tokens })
	s.OK(202, "POST", "/?comp=batch", s.batchOf("a", "b", "none"), batchType)
	s.OK(200, "GET", "/?comp=list", "") // the batch was observed before this answer
	if got, want := tokens.take(), "allow acct, allow acct"; got != want {
		t.Errorf("throttled: %s, want %s", got, want)
	}
	if got := seen.take(); !strings.HasPrefix(got, "BlobBatch 202, DeleteBlob 202, DeleteBlob 202, DeleteBlob 404") {
		t.Errorf("observed: %s", got)
	}
}

// TestBatchInAuditMode: no deletion without its record.
func TestBatchInAuditMode(t *testing.T) {
	var log tally
	plain := newServer(t, func(c *blob.Config) { c.Emitter, c.Audit = &log, true })
	plain.container("con")
	for _, name := range []string{"a", "b", "kept", "lost"} {
		plain.put("/con/"+name, "x")
	}
	s := plain.behind(func(c *storage.FrontConfig) { c.Emitter, c.Audit = &log, true })

	a := s.OK(202, "POST", "/?comp=batch", s.batchOf("a", "b"), batchType)
	if n := strings.Count(a.Body, "HTTP/1.1 202 "); n != 2 {
		t.Errorf("%d of 2 were deleted: %s", n, a.Body)
	}
	const both = "begin StorageDelete, begin StorageDelete, begin StorageWrite, emit StorageDelete, emit StorageDelete, emit StorageWrite"
	if got := log.take(); got != both {
		t.Errorf("records: %s\nwant:    %s", got, both)
	}

	log.refuse = errors.New("no disk")
	a = s.OK(202, "POST", "/?comp=batch", s.batchOf("kept"), batchType)
	if !strings.Contains(a.Body, "HTTP/1.1 500 ") {
		t.Errorf("a deletion without an intent: %s", a.Body)
	}
	plain.OK(200, "HEAD", "/con/kept", "")
	log.refuse, log.lose = nil, errors.New("no disk")
	a = s.OK(202, "POST", "/?comp=batch", s.batchOf("lost"), batchType)
	if !strings.Contains(a.Body, "HTTP/1.1 500 ") || strings.Contains(a.Body, "HTTP/1.1 202 ") {
		t.Errorf("success without its record: %s", a.Body)
	}
}
