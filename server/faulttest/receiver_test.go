package faulttest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"
)

// arrival is a record at a receiver.
type arrival struct {
	at      time.Time // of the first
	times   int
	content string
}

// receiver is an OTLP receiver.
type receiver struct {
	t    *testing.T
	http *httptest.Server

	mu   sync.Mutex
	held map[string]*arrival // by log.record.uid
	// differs counts records that came again with other content.
	differs int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, held: map[string]*arrival{}}
	r.http = httptest.NewServer(r)
	t.Cleanup(r.http.Close)
	return r
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := unzipped(req)
	var m collector.ExportLogsServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &m)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest) // a request that was cut
		return
	}
	now := time.Now()
	r.mu.Lock()
	for _, rl := range m.ResourceLogs {
		for _, sl := range rl.ScopeLogs {
			for _, l := range sl.LogRecords {
				uid := ""
				for _, a := range l.Attributes {
					if a.Key == "log.record.uid" {
						uid = a.Value.GetStringValue()
					}
				}
				l.ObservedTimeUnixNano = 0 // when it was sent
				r.take(uid, l.String(), now)
			}
		}
	}
	r.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (r *receiver) take(uid, content string, at time.Time) {
	a := r.held[uid]
	if a == nil {
		a = &arrival{at: at, content: content}
		r.held[uid] = a
	}
	a.times++
	if a.content != content {
		r.differs++
	}
}

// times is how often each record came.
func (r *receiver) times() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := make(map[string]int, len(r.held))
	for uid, a := range r.held {
		n[uid] = a.times
	}
	return n
}

// arrived is when a record came first, zero if it did not.
func (r *receiver) arrived(uid string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.held[uid]; a != nil {
		return a.at
	}
	return time.Time{}
}

// unzipped is the body of a request.
func unzipped(req *http.Request) ([]byte, error) {
	if req.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(req.Body)
	}
	z, err := gzip.NewReader(req.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
