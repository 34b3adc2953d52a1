package queue

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"reslog/service/storage"
)

// newCall is a Call without a connection.
func newCall(tb testing.TB, method, query string) *storage.Call {
	tb.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		tb.Skip()
	}
	return &storage.Call{
		Request: &http.Request{Method: method, Header: http.Header{}}, Query: q,
		Account: &storage.Account{Name: "acct"}, Version: storage.Newest,
	}
}

// BenchmarkMessage reads the body of a Put Message, 1 KiB in base64 and in JSON.
func BenchmarkMessage(b *testing.B) {
	for name, text := range map[string]string{
		"base64": strings.Repeat("PHRlc3Q+dGhpcyBp", 64), "json": strings.Repeat(`{&quot;a&quot;: 1}`, 57),
	} {
		raw := []byte(declarations[0] + "<QueueMessage><MessageText>" + text + "</MessageText></QueueMessage>")
		b.Run(name, func(b *testing.B) {
			buf := &buffer{raw: raw}
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := buf.message(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
