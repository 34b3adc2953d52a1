package table_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// discard is an http.ResponseWriter that keeps nothing, so that a benchmark counts
// what the service does and not what a connection does.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

const benchMembers = `"Name":"somebody","Count":12345,"Active":true,"Ratio":0.75,"Long":"1234567890123","Long@odata.type":"Edm.Int64",` +
	`"When":"2020-07-24T14:34:46.343094Z","When@odata.type":"Edm.DateTime","Text":"` + "the quick brown fox jumps over the lazy dog and on and on and on and on" + `"`

// signed is a request as a server gets it.
func (s *server) signed(method, path, body string, headers ...string) *http.Request {
	req := httptest.NewRequest(method, s.URL+path, strings.NewReader(body))
	req.Header.Set("x-ms-version", "2019-02-02")
	req.Header.Set("Accept", "application/json;odata=minimalmetadata")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	for _, line := range headers {
		k, v, _ := strings.Cut(line, ": ")
		req.Header.Set(k, v)
	}
	s.Sign(req)
	return req
}

func BenchmarkInsert(b *testing.B) {
	s := newServer(b)
	s.table("tab")
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		req := s.signed("POST", "/tab", "{", "Prefer: return-no-content")
		for pb.Next() {
			body := entity("p", fmt.Sprintf("%010d", n.Add(1)), benchMembers)
			req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			w := &discard{header: http.Header{}}
			if s.Front.ServeHTTP(w, req); w.status != http.StatusNoContent {
				b.Errorf("status %d", w.status)
				return
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	s := newServer(b)
	s.table("tab")
	s.insert("tab", "p", "r", benchMembers)
	req := s.signed("GET", at("tab", "p", "r"), "")
	b.ReportAllocs()
	for b.Loop() {
		w := &discard{header: http.Header{}}
		if s.Front.ServeHTTP(w, req); w.status != http.StatusOK {
			b.Fatalf("status %d", w.status)
		}
	}
}

func BenchmarkQuery100(b *testing.B) {
	s := newServer(b)
	s.table("tab")
	for i := range 100 {
		s.insert("tab", "p", fmt.Sprintf("%03d", i), benchMembers)
	}
	req := s.signed("GET", "/tab()?$filter=PartitionKey%20eq%20%27p%27%20and%20Active%20eq%20true", "")
	b.ReportAllocs()
	for b.Loop() {
		w := &discard{header: http.Header{}}
		if s.Front.ServeHTTP(w, req); w.status != http.StatusOK {
			b.Fatalf("status %d", w.status)
		}
	}
}
