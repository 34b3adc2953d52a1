package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"reslog/service/signalr/hub"
)

// BenchmarkSend is a message to a group without members: what the API itself takes.
func BenchmarkSend(b *testing.B) {
	h := New(Config{Hubs: hub.New(hub.Config{}), Accept: func(*http.Request) *Refusal { return nil }})
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/api/hubs/chat/groups/red/:send?api-version=2022-06-01", strings.NewReader(message))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusAccepted {
			b.Fatal(w.Code)
		}
	}
}
