package table_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestFilterErrors: a filter is refused with the place of the mistake, and what
// OData has and the service has not with another code.
func TestFilterErrors(t *testing.T) {
	s := newOrders(t)
	for _, c := range []struct {
		path, filter string
		status       int
		code, text   string
	}{
		{"/orders()", "PartitionKey eq 'a' AND n eq 1", 400, "InvalidInput", `at position 20: \"AND\" is where an operator should be`},
		{"/orders()", "n eq 1498179600055", 400, "InvalidInput", "unrecognized 'Edm.Int32' literal '1498179600055'"},
		{"/orders()", "n eq null", 400, "InvalidInput", "at position 5"},
		{"/orders()", strings.Repeat("(", 1000) + "n", 400, "InvalidInput", "nested deeper"},
		{"/orders()", "startswith(n, 'a')", 501, "NotImplemented", "the function startswith is not implemented"},
		{"/Tables", "TableName eq 5", 400, "InvalidInput", "operand types Edm.String and Edm.Int32 are incompatible"},
		{"/Tables", "Size eq 5", 400, "InvalidInput", "there is no property Size"},
		{"/Tables", "substringof('a', TableName)", 501, "NotImplemented", "the function substringof"},
	} {
		a := s.Refused(c.status, c.code, "GET", c.path+"?$filter="+url.QueryEscape(c.filter), "")
		if !strings.Contains(a.Body, c.text) {
			t.Errorf("%.40s: %s", c.filter, a.Body)
		}
	}
}

// TestFilters: filters reach the store as ranges and as a function.
func TestFilters(t *testing.T) {
	s := newOrders(t)
	for _, partition := range []string{"p", "q", "\U0001F600", "\uFF5E"} {
		s.batch(changeSet(insert(partition, "1"), insert(partition, "2"),
			change("POST", "/acct/orders", entity(partition, "3", `"n":7`, `"d":0.5`, `"s":"it's"`))))
	}
	for filter, want := range map[string]string{
		"PartitionKey eq 'p' and RowKey eq '2'":       "p/2",
		"PartitionKey eq 'p' and RowKey gt '1'":       "p/2 p/3",
		"PartitionKey gt 'p' and RowKey lt '2'":       "q/1 \U0001F600/1 \uFF5E/1", // in the order of UTF-16
		"PartitionKey gt '\U0001F600' and n gt 5":     "\uFF5E/3",
		"RowKey eq '3' and s eq 'it''s' and d lt 1.0": "p/3 q/3 \U0001F600/3 \uFF5E/3",
		"n eq 7L":                              "",
		"not (n ne 7) and PartitionKey le 'p'": "p/3",
		"false":                                "",
		"Timestamp gt datetime'2100-01-01'":    "",
		"RowKey eq '1' and (PartitionKey eq 'q' or n eq 7)":  "q/1",
		"(PartitionKey eq 'p' or RowKey eq '1') and n ne ''": "p/1 p/2 p/3 q/1 \U0001F600/1 \uFF5E/1",
	} {
		a := s.OK(200, "GET", "/orders()?$select=PartitionKey,RowKey&$filter="+url.QueryEscape(filter), "")
		if got := strings.Join(rows(t, a), " "); got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
	for filter, want := range map[string]string{
		"TableName eq 'orders'":                          "orders",
		"TableName ge 'o' and TableName lt 'p'":          "orders",
		"TableName lt 'a'":                               "Other1",
		"not (TableName eq 'orders') or TableName eq ''": "Other1",
	} {
		a := s.OK(200, "GET", "/Tables?$filter="+url.QueryEscape(filter), "")
		if got := strings.Join(tableNames(t, a), " "); got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
}
