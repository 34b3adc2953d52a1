package table_test

import (
	"strings"
	"testing"

	"reslog/service/storage"
)

// postWith sends a batch with a service SAS for the table orders; keys are spk, srk,
// epk and erk.
func (s *server) postWith(permissions string, body string, keys ...string) *answer {
	s.T.Helper()
	path := "/$batch?" + s.tableSAS("orders", permissions, "", keys...)
	return s.Do(request{Method: "POST", Path: path, Body: body, Headers: []string{batchType, minimal}, Anonymous: true})
}

// TestBatchWithSAS: each change needs its own permission, and keys that the
// signature is for.
func TestBatchWithSAS(t *testing.T) {
	const one = "/acct/orders(PartitionKey='p',RowKey='5')"
	for _, c := range []struct {
		name, permissions string
		keys              []string
		change            string
		allowed           bool
	}{
		{"add", "a", []string{}, insert("p", "5"), true},
		{"add without it", "rud", []string{}, insert("p", "5"), false},
		{"upsert", "au", []string{}, change("PUT", one, `{}`), true},
		{"upsert without add", "u", []string{}, change("PUT", one, `{}`), false},
		{"merge or add without update", "ad", []string{}, change("PATCH", one, `{}`), false},
		{"delete", "d", []string{}, change("DELETE", one, "", "If-Match: *"), true},
		{"delete without it", "rau", []string{}, change("DELETE", one, "", "If-Match: *"), false},
		{"in the range", "a", []string{"p", "5", "p", "5"}, insert("p", "5"), true},
		{"before the range", "a", []string{"p", "6", "p", "7"}, insert("p", "5"), false},
		{"behind the range", "a", []string{"", "", "o"}, insert("p", "5"), false},
		{"another table", "a", []string{}, change("POST", "/acct/Other1", `{"PartitionKey":"p","RowKey":"5"}`), false},
	} {
		s := newOrders(t)
		s.batch(changeSet(insert("p", "there")))
		if strings.HasPrefix(c.change, "DELETE") {
			s.batch(changeSet(insert("p", "5")))
		}
		before := s.rows()
		a := s.postWith(c.permissions, changeSet(c.change), c.keys...)
		if c.allowed && (a.Status != 202 || !strings.Contains(a.Body, "HTTP/1.1 204")) {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
		if !c.allowed && (a.Status != 403 || a.Code() != "AuthorizationPermissionMismatch" && a.Code() != "AuthorizationFailure" || s.rows() != before) {
			t.Errorf("%s: %d %s, rows %s", c.name, a.Status, a.Body, s.rows())
		}
	}
	s := newOrders(t)
	half := changeSet(insert("p", "1"), change("PUT", "/acct/orders(PartitionKey='p',RowKey='2')", `{}`))
	if a := s.postWith("ad", half); a.Status != 403 || s.rows() != "" {
		t.Errorf("a batch of which half is allowed: %d, rows %s", a.Status, s.rows())
	}
	if e := s.Log.One(t); e.Status != "SASAuthorizationError" || e.HTTPStatus != "403" {
		t.Errorf("its entry: %+v", e)
	}
	query := "--batch_1\r\nContent-Type: application/http\r\n\r\n" + change("GET", "/acct/orders()", "") + "\r\n--batch_1--\r\n"
	if a := s.postWith("a", query); a.Status != 403 {
		t.Errorf("a query with permission to add: %d", a.Status)
	}
	if a := s.postWith("r", query); a.Status != 202 || !strings.Contains(a.Body, "HTTP/1.1 200 OK") {
		t.Errorf("a query: %d %s", a.Status, a.Body)
	}
}

// TestBatchWithToken: a role that allows the changes on their table is enough.
func TestBatchWithToken(t *testing.T) {
	s := newOrders(t, func(c *storage.FrontConfig) {
		c.Authority = authority{
			"adder": {"tables/entities/add/action@/tables/orders"}, "updater": {"tables/entities/update/action@/tables/orders"},
			"writer": {"tables/entities/write@/tables/orders"}, "reader": {"tables/entities/read@/tables/orders"},
		}
	})
	one := change("PUT", "/acct/orders(PartitionKey='p',RowKey='1')", `{}`)
	for _, c := range []struct {
		token, change string
		status        int
	}{
		{"adder", insert("p", "1"), 202},
		{"writer", insert("p", "1"), 202},
		{"writer", one, 202},
		{"updater", insert("p", "1"), 403},
		{"adder", one, 403},
		{"writer", change("POST", "/acct/Other1", `{"PartitionKey":"p","RowKey":"1"}`), 403},
		{"reader", change("DELETE", "/acct/orders(PartitionKey='p',RowKey='1')", "", "If-Match: *"), 403},
	} {
		s.batch(changeSet(change("PUT", "/acct/orders(PartitionKey='p',RowKey='1')", `{}`)))
		s.batch(changeSet(change("DELETE", "/acct/orders(PartitionKey='p',RowKey='1')", "", "If-Match: *")))
		a := s.bearer(request{Method: "POST", Path: "/$batch", Body: changeSet(c.change), Headers: []string{batchType, "Authorization: Bearer " + c.token}, Anonymous: true})
		if want := map[int]string{202: "p/1"}[c.status]; a.Status != c.status || s.rows() != want {
			t.Errorf("%s, %.20q: %d %s, rows %q", c.token, c.change, a.Status, a.Body, s.rows())
		}
	}
}
