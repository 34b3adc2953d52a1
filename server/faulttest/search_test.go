package faulttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// search is Elasticsearch, as far as _bulk with create goes.
type search struct {
	t    *testing.T
	http *httptest.Server

	mu        sync.Mutex
	documents map[string]line // by _id
	again     int             // that were sent again
	differs   int             // of those, with another record
}

func newSearch(t *testing.T) *search {
	t.Helper()
	s := &search{t: t, documents: map[string]line{}}
	s.http = httptest.NewServer(s)
	t.Cleanup(s.http.Close)
	return s
}

// ServeHTTP implements http.Handler.
func (s *search) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := unzipped(req)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest) // a request that was cut
		return
	}
	lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	var answer bytes.Buffer
	failed := false
	s.mu.Lock()
	for i := 0; i+1 < len(lines); i += 2 {
		status := s.create(lines[i], lines[i+1])
		failed = failed || status != http.StatusCreated
		if i > 0 {
			answer.WriteByte(',')
		}
		fmt.Fprintf(&answer, `{"create":{"status":%d`, status)
		if status != http.StatusCreated {
			answer.WriteString(`,"error":{"type":"version_conflict_engine_exception","reason":"document already exists"}`)
		}
		answer.WriteString("}}")
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"errors":%v,"items":[%s]}`, failed, answer.Bytes())
}

func (s *search) create(action, source []byte) (status int) {
	var a struct {
		Create struct {
			ID string `json:"_id"`
		} `json:"create"`
	}
	var l line
	if err := json.Unmarshal(action, &a); err != nil || a.Create.ID == "" {
		s.t.Errorf("action %s: %v", action, err)
	}
	if err := json.Unmarshal(source, &l); err != nil || l.CorrelationID == "" {
		s.t.Errorf("document %s: %v", source, err)
	}
	if old, there := s.documents[a.Create.ID]; there {
		s.again++
		if old != l {
			s.differs++
		}
		return http.StatusConflict
	}
	s.documents[a.Create.ID] = l
	return http.StatusCreated
}

// times is in how many documents each record is, by request id.
func (s *search) times() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]int{}
	for _, l := range s.documents {
		n[l.CorrelationID]++
	}
	return n
}
