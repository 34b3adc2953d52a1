package partner

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
	"reslog/resource"
)

// fault is what goes wrong with a request.
type fault int

const (
	works          fault = iota
	unavailable          // 503, nothing is stored
	throttled            // 429 with Retry-After
	gateway              // 502 with a page in HTML
	page                 // 200 with a page in HTML: not the partner at all
	closed               // the connection ends without an answer, nothing is stored
	lost                 // stored, but the connection ends without an answer
	truncated            // stored, but the answer breaks off
	garbled              // stored, but the answer is no JSON and no protobuf
	mistyped             // stored, but the answer is said to be a page
	endless              // stored, but the answer has no end
	partly               // some records are put off one by one, if the protocol can say so
	numberOfFaults = iota
)

// reply is an answer.
type reply struct {
	status int
	header map[string]string
	body   string
}

// backend is a partner behind a server, as its documentation describes it.
type backend interface {
	// take reads a request that the server has checked, and fails the test when the
	// partner would not take it. Nothing is stored yet.
	take(t *testing.T, r *http.Request, body []byte) (batch any, n int)
	// store keeps a batch, and returns the partner's answer. With partly it puts
	// off some of it.
	store(batch any, partly bool) reply
}

// server is the common part of all fake partners.
type server struct {
	t       *testing.T
	http    *httptest.Server
	backend backend
	plain   bool // bodies are not compressed

	mu          sync.Mutex
	left        int // requests that work until the next fails; negative: all work
	next        fault
	answer      func(r *http.Request, n int) *reply // instead of the backend's; nil for none
	largest     int                                 // body that is accepted, uncompressed; 0: any
	requests    int
	sizes       []int // records of each request
	connections int
}

func newServer(t *testing.T, b backend) *server {
	s := &server{t: t, backend: b, left: -1}
	s.http = httptest.NewUnstartedServer(s)
	s.http.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.connections++
			s.mu.Unlock()
		}
	}
	s.http.Start()
	t.Cleanup(s.http.Close)
	return s
}

// Break implements delivertest.Place. The kinds of failure take turns, beginning
// with another one each time.
func (s *server) Break(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = max(n, -1)
	s.next = fault(max(n, 0))
	return true
}

func (s *server) fault() fault {
	if s.left < 0 {
		return works
	}
	if s.left > 0 {
		s.left--
		return works
	}
	s.next = s.next%(numberOfFaults-1) + 1
	return s.next
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	body := s.read(r)
	if s.largest > 0 && len(body) > s.largest {
		write(w, reply{status: http.StatusRequestEntityTooLarge, header: html, body: "<html>too large</html>"})
		return
	}
	batch, n := s.backend.take(s.t, r, body)
	s.sizes = append(s.sizes, n)
	if s.answer != nil {
		if out := s.answer(r, n); out != nil {
			write(w, *out)
			return
		}
	}
	f := s.fault()
	switch f {
	case unavailable:
		write(w, reply{status: http.StatusServiceUnavailable})
		return
	case throttled:
		write(w, reply{status: http.StatusTooManyRequests, header: map[string]string{"Retry-After": "1"}})
		return
	case gateway:
		write(w, reply{status: http.StatusBadGateway, header: html, body: "<html>bad gateway</html>"})
		return
	case page:
		write(w, reply{status: http.StatusOK, header: html, body: "<html>sign in</html>"})
		return
	case closed:
		panic(http.ErrAbortHandler)
	}
	out := s.backend.store(batch, f == partly)
	switch f {
	case lost:
		panic(http.ErrAbortHandler)
	case truncated:
		w.Header().Set("Content-Length", strconv.Itoa(len(out.body)+100))
		write(w, out)
		panic(http.ErrAbortHandler)
	case garbled:
		out.body = `{"errors":` + "\xff"
		write(w, out)
	case mistyped:
		out.header, out.body = html, "<html></html>"
		write(w, out)
	case endless:
		out.body = `{"errors":false,"items":[`
		write(w, out)
		for i := 0; i < 1000; i++ { // far beyond what may be read
			if _, err := io.WriteString(w, `{"create":{"status":201}},`+string(bytes.Repeat([]byte(" "), 16<<10))); err != nil {
				return
			}
		}
	default:
		write(w, out)
	}
}

var html = map[string]string{"Content-Type": "text/html; charset=utf-8"}

func write(w http.ResponseWriter, r reply) {
	for k, v := range r.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

// read checks what all partners want of a request, and returns its body.
func (s *server) read(r *http.Request) []byte {
	if r.Method != http.MethodPost {
		s.t.Errorf("method %s", r.Method)
	}
	if len(r.TransferEncoding) > 0 || r.ContentLength <= 0 {
		s.t.Errorf("transfer encoding %v, length %d", r.TransferEncoding, r.ContentLength)
	}
	if ua := r.UserAgent(); ua != "reslog" {
		s.t.Errorf("user agent %q", ua)
	}
	if got := r.Header.Get("X-Extra"); got != "extra-secret" {
		s.t.Errorf("X-Extra is %q", got)
	}
	var body io.Reader = r.Body
	encoding := r.Header.Get("Content-Encoding")
	switch {
	case s.plain && encoding != "", !s.plain && encoding != "gzip":
		s.t.Errorf("content encoding %q", encoding)
	case !s.plain:
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			s.t.Errorf("body: %v", err)
			return nil
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		s.t.Errorf("body: %v", err)
	}
	return b
}

// connection returns how a destination reaches the server, without waiting.
func (s *server) connection() Connection {
	return Connection{
		Endpoint: s.http.URL, Headers: map[string]Secret{"x-extra": "extra-secret"}, NoGzip: s.plain,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

func (s *server) count() (requests int, sizes []int, connections int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, append([]int(nil), s.sizes...), s.connections
}

// set changes how the server answers.
func (s *server) set(answer func(r *http.Request, n int) *reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

var account = resource.MustParse("/subscriptions/5a1b2c3d-0000-4000-8000-000000000001/resourceGroups/Group,1/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default")

// noon is when the records of the tests happened.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 604_712_400, time.UTC)

// item makes the n-th record of a stream, with a line.
func item(n int, line string) deliver.Item {
	return deliver.Item{
		Position: bus.Position{Epoch: 7, Seq: uint64(n/3 + 1), Index: uint32(n % 3)},
		Record: record.Record{
			Resource: account, Category: "StorageRead", Time: noon, Ended: noon.Add(9 * time.Millisecond),
			ID: "id-" + strconv.Itoa(n), Line: []byte(line),
		},
	}
}

func items(n int) []deliver.Item {
	out := make([]deliver.Item, 0, n)
	for i := range n {
		out = append(out, item(i, `{"n":`+strconv.Itoa(i)+`}`))
	}
	return out
}
