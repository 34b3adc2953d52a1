package queue_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/queue"
	"reslog/service/storage/queuestore"
	"reslog/service/storage/storagetest"
)

// nullStore has one message, always.
type nullStore struct {
	queuestore.API
	m queuestore.Message
}

func (s *nullStore) Put(_ context.Context, _, _, _ string, now, visible, expires time.Time) (queuestore.Message, error) {
	return s.m, nil
}

func (s *nullStore) Get(context.Context, string, string, int, time.Time, time.Time) ([]queuestore.Message, error) {
	return []queuestore.Message{s.m}, nil
}

func (s *nullStore) Delete(context.Context, string, string, string, string, time.Time) error {
	return nil
}

// nullWriter is the cheapest http.ResponseWriter there can be.
type nullWriter struct{ h http.Header }

func (w *nullWriter) Header() http.Header         { return w.h }
func (w *nullWriter) WriteHeader(int)             {}
func (w *nullWriter) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkServe is signed requests without network, store and records.
func BenchmarkServe(b *testing.B) {
	m := queuestore.Message{
		ID: "5974b586-0df3-4e2d-ad0c-18e3892bfca2", Text: strings.Repeat("PHRlc3Q+", 32), Receipt: "AgAAAAMAAAAAAAAAP7eW+7Ag1QE=",
		Inserted: time.Now(), Expires: time.Now().Add(time.Hour), Visible: time.Now().Add(time.Minute), Dequeues: 1,
	}
	accs := storagetest.Accounts{account: storagetest.NewAccount(account)}
	f := storage.NewFront(storage.FrontConfig{Service: queue.New(queue.Config{Store: &nullStore{m: m}}), Accounts: accs})
	of := message{MessageID: m.ID, PopReceipt: m.Receipt}
	for _, c := range []struct{ name, method, path, body string }{
		{"put", "POST", "/jobs/messages?messagettl=3600", envelope(m.Text)},
		{"get", "GET", "/jobs/messages?numofmessages=1&visibilitytimeout=60", ""},
		{"delete", "DELETE", of.path("jobs", ""), ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			body := strings.NewReader(c.body)
			r := httptest.NewRequestWithContext(b.Context(), c.method, "/"+account+c.path, body)
			r.Host, r.RemoteAddr = "127.0.0.1:10001", "127.0.0.1:5000"
			r.Header.Set("X-Ms-Version", newest)
			storagetest.Sign(storage.Queue, r, accs[account], time.Now())
			if c.body == "" {
				r.Body = http.NoBody
			}
			w := &nullWriter{h: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				if c.body != "" {
					body.Reset(c.body)
					r.Body = io.NopCloser(body)
				}
				clear(w.h)
				f.ServeHTTP(w, r)
			}
			if w.h.Get("X-Ms-Error-Code") != "" {
				b.Fatal(w.h)
			}
		})
	}
}
