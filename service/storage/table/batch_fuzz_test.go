package table

import (
	"net/http"
	"strings"
	"testing"

	"reslog/service/storage"
)

// FuzzBatch: no body of a batch makes the parser panic, go beyond its bounds, or
// leave the account.
func FuzzBatch(f *testing.F) {
	const changes = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
		"PATCH http://127.0.0.1:10002/acct/t1(PartitionKey='p',RowKey='r') HTTP/1.1\r\nIf-Match: *\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}\r\n" +
		"--c\nContent-Type: application/http\n\nPOST /acct/t1 HTTP/1.1\nContent-Type: application/json\n\n{\"PartitionKey\":\"p\",\"RowKey\":\"s\"}\n--c--\r\n--b--\r\n"
	f.Add("multipart/mixed; boundary=b", changes)
	f.Add("multipart/mixed; boundary=b", "--b\r\nContent-Type: application/http\r\n\r\nGET /acct/t1()?$filter=a%20eq%201 HTTP/1.1\r\n\r\n--b\r\n")
	f.Add(`multipart/mixed; boundary="--"`, "----\r\n------\r\n")
	f.Add("multipart/mixed; boundary=b", "\n--b\n\n\n--b--b\n--b--\n")
	s := New(Config{})
	f.Fuzz(func(t *testing.T, contentType, body string) {
		c := &storage.Call{
			Request: &http.Request{Header: http.Header{"Content-Type": {contentType}}, Host: "127.0.0.1:10002"},
			Account: &storage.Account{Name: "acct"}, PathStyle: true, Version: storage.Newest,
		}
		b, err := parseBatch(c, body)
		if err != nil {
			return
		}
		if (b.query == nil) == (len(b.changes) == 0) || len(b.changes) > maxChanges+1 {
			t.Errorf("%d changes, query %v", len(b.changes), b.query)
		}
		for i := range b.changes {
			m := &b.changes[i]
			if !strings.Contains(body, m.body) || !strings.Contains(body, m.path) || len(m.header) > maxPartHeaders {
				t.Errorf("%+v is not in %q", m, body)
			}
			if k, err := s.readChange(c, m); err == nil && (k.op == nil || k.table == "") {
				t.Errorf("%+v", k)
			}
		}
	})
}
