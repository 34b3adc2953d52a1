package table_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// rows are the keys of a page, "p/r".
func rows(t *testing.T, a *answer) (keys []string) {
	t.Helper()
	var page struct {
		Value []struct{ PartitionKey, RowKey string }
	}
	if err := json.Unmarshal([]byte(a.Body), &page); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	for _, v := range page.Value {
		keys = append(keys, v.PartitionKey+"/"+v.RowKey)
	}
	return keys
}

// pages follows the continuation of a query, which has a "?".
func (s *server) pages(path string, bare bool) (keys []string, pages int) {
	s.T.Helper()
	next := ""
	for {
		a := s.Want(200, "", request{Method: "GET", Path: path + next, Anonymous: bare})
		keys = append(keys, rows(s.T.(*testing.T), a)...)
		pages++
		partition, row := a.Header.Get("X-Ms-Continuation-NextPartitionKey"), a.Header.Get("X-Ms-Continuation-NextRowKey")
		if partition == "" {
			if row != "" {
				s.T.Errorf("a row token without a partition")
			}
			return keys, pages
		}
		if pages > 1000 {
			s.T.Fatal("no end of pages")
		}
		next = "&NextPartitionKey=" + url.QueryEscape(partition) + "&NextRowKey=" + url.QueryEscape(row)
	}
}

func (s *server) fill(table string) (all []string) {
	s.T.Helper()
	for _, p := range []string{"", "a", "b'c", "\ue000", "\U00010000"} {
		for r := range 5 {
			row := strings.Repeat("x", r)
			s.insert(table, p, row, fmt.Sprintf(`"n":%d,"p":"%d"`, r, len(p)))
			all = append(all, p+"/"+row)
		}
	}
	// By UTF-16 the last one is before the one before it.
	slices.SortStableFunc(all, func(a, b string) int {
		order := func(s string) int {
			return slices.Index([]string{"", "a", "b'c", "\U00010000", "\ue000"}, strings.Split(s, "/")[0])
		}
		return order(a) - order(b)
	})
	return all
}

func TestQueryEntities(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	if a := s.OK(200, "GET", "/tab", "", minimal); a.Body != `{"odata.metadata":"`+s.URL+`/$metadata#tab","value":[]}` {
		t.Errorf("an empty table: %s", a.Body)
	}
	all := s.fill("tab")
	for _, path := range []string{"/tab", "/tab()", "/TAB()?$top=1000", "/tab()?$filter=", "/tab()?$select=PartitionKey,RowKey"} {
		if got := rows(t, s.OK(200, "GET", path, "")); !slices.Equal(got, all) {
			t.Errorf("%s: %q", path, got)
		}
	}
	for _, top := range []int{1, 2, 7, 24, 25, 26} {
		got, pages := s.pages(fmt.Sprintf("/tab()?$top=%d", top), false)
		if !slices.Equal(got, all) {
			t.Errorf("by %d: %q", top, got)
		}
		if want := (25 + top - 1) / top; pages != want {
			t.Errorf("by %d: %d pages, want %d", top, pages, want)
		}
	}
	filtered := func(expression string) string { return "/tab()?$filter=" + url.QueryEscape(expression) }
	for expression, want := range map[string]func(key string) bool{
		"PartitionKey eq 'b''c'":                           func(k string) bool { return strings.HasPrefix(k, "b'c/") },
		"PartitionKey eq ''":                               func(k string) bool { return strings.HasPrefix(k, "/") },
		"PartitionKey gt 'a' and RowKey le 'x'":            func(k string) bool { return k > "a0" && (strings.HasSuffix(k, "/") || strings.HasSuffix(k, "/x")) },
		"n ge 2 and n lt 4":                                func(k string) bool { n := strings.Count(k, "x"); return n == 2 || n == 3 },
		"not (n eq 0) and p eq '3'":                        func(k string) bool { return strings.HasPrefix(k, "b'c/x") || strings.HasPrefix(k, "\ue000/x") },
		"PartitionKey eq 'a' and RowKey eq 'xx' or n eq 4": func(k string) bool { return k == "a/xx" || strings.HasSuffix(k, "/xxxx") },
		"n eq 77": func(string) bool { return false },
	} {
		wanted := slices.DeleteFunc(slices.Clone(all), func(k string) bool { return !want(k) })
		if got := rows(t, s.OK(200, "GET", filtered(expression), "")); !slices.Equal(got, wanted) {
			t.Errorf("%s: %q, want %q", expression, got, wanted)
		}
		if got, _ := s.pages(filtered(expression)+"&$top=2", false); !slices.Equal(got, wanted) {
			t.Errorf("%s, by two: %q, want %q", expression, got, wanted)
		}
	}
	a := s.OK(200, "GET", filtered("PartitionKey eq 'a' and RowKey eq ''")+"&$select=n,%20none", "", minimal)
	if !strings.HasPrefix(a.Body, `{"odata.metadata":"`+s.URL+`/$metadata#tab&$select=n,%20none","value":[{"odata.etag":"W/\"datetime'`) || !strings.HasSuffix(a.Body, `,"n":0,"none":null}]}`) {
		t.Errorf("selected: %s", a.Body)
	}
	a = s.OK(200, "GET", filtered("PartitionKey eq 'a' and RowKey eq ''")+"&$select=%20", "", minimal)
	if !strings.HasPrefix(a.Body, `{"odata.metadata":"`+s.URL+`/$metadata#tab&$select=","value":[{"odata.etag"`) || !strings.Contains(a.Body, `"PartitionKey":"a","RowKey":"","Timestamp":"`) {
		t.Errorf("a blank selection: %s", a.Body)
	}
	for _, query := range []string{
		"$top=0", "$top=1001", "$top=1.5", "$select=a,,b", "$select=a%20b", "NextPartitionKey=x", "NextRowKey=1!0!",
		"NextPartitionKey=1!4!YQ--&NextRowKey=1!4!Y", "$filter=" + url.QueryEscape("n eq"),
	} {
		s.Refused(400, "InvalidInput", "GET", "/tab()?"+query, "")
	}
	for _, path := range []string{"/tab()?$orderby=n", "/tab()?$skip=1", "/tab()?$inlinecount=allpages", at("tab", "a", "x") + "?$expand=n", "/Tables?$orderby=TableName"} {
		s.Refused(501, "NotImplemented", "GET", path, "")
	}
	s.Refused(404, "TableNotFound", "GET", "/none()", "")
	s.Refused(415, "AtomFormatNotSupported", "GET", "/tab()", "", "Accept: application/atom+xml")
	// A token of a key that is gone goes on behind it.
	a = s.OK(200, "GET", "/tab()?$top=6", "")
	s.OK(204, "DELETE", at("tab", "a", "x"), "", "If-Match: *")
	next := "&NextPartitionKey=" + url.QueryEscape(a.Header.Get("X-Ms-Continuation-NextPartitionKey")) + "&NextRowKey=" + url.QueryEscape(a.Header.Get("X-Ms-Continuation-NextRowKey"))
	if got := rows(t, s.OK(200, "GET", "/tab()?$top=2"+next, "")); !slices.Equal(got, []string{"a/xx", "a/xxx"}) {
		t.Errorf("behind what is gone: %q", got)
	}
}
