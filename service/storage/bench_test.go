package storage

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"reslog/record"
	"reslog/storagelog"
)

func BenchmarkRecord(b *testing.B) {
	x, o := exampleExchange(b)
	b.ReportAllocs()
	for b.Loop() {
		x.record(o)
	}
}

func BenchmarkEntries(b *testing.B) {
	x, o := exampleExchange(b)
	r := x.record(o)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Entries(r, storagelog.V1); err != nil {
			b.Fatal(err)
		}
	}
}

// nullWriter is the cheapest http.ResponseWriter there can be.
type nullWriter struct{ h http.Header }

func (w *nullWriter) Header() http.Header         { return w.h }
func (w *nullWriter) WriteHeader(int)             {}
func (w *nullWriter) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkFront is a signed GET of 100 bytes without the network.
func BenchmarkFront(b *testing.B) {
	for _, logged := range []bool{false, true} {
		name := "silent"
		c := FrontConfig{Service: &fakeService{kind: Blob}, Accounts: testAccounts{"devstoreaccount1": testAccount()}}
		if logged {
			name = "logged"
			e := newFakeEmitter()
			e.got = nil
			c.Emitter = countingEmitter{e}
		}
		b.Run(name, func(b *testing.B) {
			f := NewFront(c)
			r := httptest.NewRequest(http.MethodGet, "/devstoreaccount1/c/b", nil)
			r.Host, r.RemoteAddr = "127.0.0.1:10000", "127.0.0.1:5000"
			r.Header.Set("User-Agent", "azsdk-go-azblob/v1.8.3 (go1.26; linux)")
			r.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
			signRequest(r, "2021-06-08", testAccount(), testAccount().Keys[0])
			w := &nullWriter{h: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.h)
				f.ServeHTTP(w, r)
			}
		})
	}
}

// countingEmitter wants everything and keeps nothing.
type countingEmitter struct{ *fakeEmitter }

func (countingEmitter) Emit(context.Context, record.Record) error { return nil }

func BenchmarkAppendEntries(b *testing.B) {
	x, o := exampleExchange(b)
	r := x.record(o)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, _, err = AppendEntries(dst[:0], &r, storagelog.V1); err != nil {
			b.Fatal(err)
		}
	}
}
