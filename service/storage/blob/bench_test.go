package blob_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"reslog/service/storage"
)

// discard is an http.ResponseWriter that keeps nothing, so that a benchmark
// counts what the service does and not what a connection does.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func BenchmarkGet4KiB(b *testing.B) {
	s := newServer(b)
	s.container("con")
	s.put("/con/b", pattern(4096))
	req := signedRequest(s, "GET", "/con/b", "")
	b.ReportAllocs()
	for b.Loop() {
		s.Front.ServeHTTP(&discard{http.Header{}}, req)
	}
}

func BenchmarkPut4KiB(b *testing.B) {
	s := newServer(b)
	s.container("con")
	body := pattern(4096)
	req := signedRequest(s, "PUT", "/con/b", body, "x-ms-blob-type: BlockBlob")
	b.ReportAllocs()
	for b.Loop() {
		req.Body = io.NopCloser(strings.NewReader(body))
		s.Front.ServeHTTP(&discard{http.Header{}}, req)
	}
}

func BenchmarkList100(b *testing.B) {
	s := newServer(b)
	s.container("con")
	for i := range 100 {
		s.put("/con/"+strings.Repeat("n", i+1), "x")
	}
	req := signedRequest(s, "GET", "/con?restype=container&comp=list&maxresults=100", "")
	b.ReportAllocs()
	for b.Loop() {
		s.Front.ServeHTTP(&discard{http.Header{}}, req)
	}
}

// signedRequest is a request as a server gets it.
func signedRequest(s *server, method, path, body string, headers ...string) *http.Request {
	req := httptest.NewRequest(method, s.URL+path, strings.NewReader(body))
	req.Header.Set("x-ms-version", string(storage.Newest))
	for _, line := range headers {
		k, v, _ := strings.Cut(line, ": ")
		req.Header.Set(k, v)
	}
	if body != "" {
		req.Header.Set("Content-Length", "4096")
	}
	s.Sign(req)
	return req
}

// BenchmarkGetOverHTTP compares Get Blob with a handler that only writes the
// same bytes, both over connections, with eight clients.
func BenchmarkGetOverHTTP(b *testing.B) {
	s := newServer(b)
	s.container("con")
	body := pattern(4096)
	s.put("/con/b", body)
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4096")
		io.WriteString(w, body)
	}))
	b.Cleanup(bare.Close)
	for _, target := range []struct{ name, url string }{{"bare", bare.URL + "/" + account}, {"service", s.URL}} {
		b.Run(target.name, func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			defer client.CloseIdleConnections()
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				req, err := http.NewRequest(http.MethodGet, target.url+"/con/b", http.NoBody)
				if err != nil {
					b.Error(err)
					return
				}
				req.Header.Set("x-ms-version", newest)
				s.Sign(req)
				for pb.Next() {
					res, err := client.Do(req)
					if err != nil || res.StatusCode != http.StatusOK {
						b.Errorf("get: %v", err)
						return
					}
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
			})
		})
	}
}
