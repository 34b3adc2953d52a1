package storage

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestHTTPS(t *testing.T) {
	f := newTestFront(t, nil)
	f.server = httptest.NewTLSServer(f.Front)
	t.Cleanup(f.server.Close)
	q := mustQuery(t, "sp=r&sr=b&sv=2019-12-12&se=2099-01-01&spr=https")
	signed := handSAS(q, sasQuery{q}.serviceText(Blob, "/blob/devstoreaccount1/c/b", "2019-12-12"))
	want(t, f.do(t, "GET", "/c/b?"+signed, "", false), 200, "")
	r := f.emitter.one(t)
	for _, part := range []string{`"protocol":"HTTPS"`, `"tlsVersion":"TLS 1.3"`, `"uri":"https://127.0.0.1:`} {
		if !strings.Contains(string(r.Line), part) {
			t.Errorf("no %s in %s", part, r.Line)
		}
	}
}

// Requests share nothing but what is meant to be shared.
func TestConcurrentRequests(t *testing.T) {
	f := newTestFront(t, nil)
	const workers, each = 8, 25
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				r, err := http.NewRequest(http.MethodGet, f.server.URL+"/devstoreaccount1/c/b", nil)
				if err != nil {
					t.Error(err)
					return
				}
				signRequest(r, "2021-06-08", testAccount(), testAccount().Keys[0])
				res, err := f.server.Client().Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				if res.Body.Close(); res.StatusCode != http.StatusOK {
					t.Errorf("answer %d", res.StatusCode)
				}
			}
		})
	}
	wg.Wait()
	ids := map[string]bool{}
	for range workers * each {
		f.emitter.one(t)
	}
	f.emitter.mu.Lock()
	defer f.emitter.mu.Unlock()
	for _, r := range f.emitter.records {
		if !strings.Contains(string(r.Line), r.ID) {
			t.Errorf("record %s has the line of another: %s", r.ID, r.Line)
		}
		ids[r.ID] = true
	}
	if len(ids) != workers*each {
		t.Errorf("%d ids of %d requests", len(ids), workers*each)
	}
}
