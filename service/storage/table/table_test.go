package table_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestCreateTable(t *testing.T) {
	s := newServer(t)
	a := s.OK(201, "POST", "/Tables", `{"TableName":"Orders1"}`, "Accept: application/json;odata=minimalmetadata")
	if want := `{"odata.metadata":"` + s.URL + `/$metadata#Tables/@Element","TableName":"Orders1"}`; a.Body != want {
		t.Errorf("%s, want %s", a.Body, want)
	}
	a.WantHeader(t, "Location", s.URL+"/Tables('Orders1')")
	a.WantHeader(t, "Content-Type", "application/json;odata=minimalmetadata;streaming=true;charset=utf-8")
	a.WantHeader(t, "Cache-Control", "no-cache")
	a.WantHeader(t, "X-Content-Type-Options", "nosniff")
	a.WantHeader(t, "Preference-Applied", "")
	a = s.OK(201, "POST", "/Tables()", `{"TableName":"Orders2"}`, "Accept: application/json;odata=fullmetadata", "Prefer: return-content")
	if want := `{"odata.metadata":"` + s.URL + `/$metadata#Tables/@Element","odata.type":"acct.Tables","odata.id":"` + s.URL +
		`/Tables('Orders2')","odata.editLink":"Tables('Orders2')","TableName":"Orders2"}`; a.Body != want {
		t.Errorf("%s, want %s", a.Body, want)
	}
	a.WantHeader(t, "Preference-Applied", "return-content")
	a = s.OK(204, "POST", "/Tables", `{"odata.type":"x","TableName":"Orders3"}`, "Prefer: return-no-content")
	a.WantHeader(t, "Preference-Applied", "return-no-content")
	a.WantHeader(t, "Dataserviceid", s.URL+"/Tables('Orders3')")
	a.WantHeader(t, "Location", s.URL+"/Tables('Orders3')")

	s.Refused(409, "TableAlreadyExists", "POST", "/Tables", `{"TableName":"ORDERS1"}`)
	for body, code := range map[string]string{
		`{"TableName":"my_table"}`:                        "InvalidResourceName",
		`{"TableName":"啊齄丂狛狜"}`:                           "InvalidResourceName",
		`{"TableName":"1abc"}`:                            "InvalidResourceName",
		`{"TableName":"$abc"}`:                            "InvalidResourceName",
		`{"TableName":"ab"}`:                              "OutOfRangeInput",
		`{"TableName":"` + strings.Repeat("a", 64) + `"}`: "OutOfRangeInput",
		`{"TableName":""}`:                                "OutOfRangeInput",
		`{"TableName":"tables"}`:                          "InvalidInput",
		`{"TableName":5}`:                                 "InvalidInput",
		`{"TableName":null}`:                              "PropertiesNeedValue",
		`{"Name":"abc"}`:                                  "PropertiesNeedValue",
		`{`:                                               "InvalidInput",
	} {
		s.Refused(400, code, "POST", "/Tables", body)
	}
	s.Refused(415, "MediaTypeNotSupported", "POST", "/Tables", `{"TableName":"abc"}`, "Content-Type: text/plain")
	s.Refused(415, "AtomFormatNotSupported", "POST", "/Tables", `<entry/>`, "Content-Type: application/atom+xml")
	s.Refused(415, "AtomFormatNotSupported", "POST", "/Tables", `{"TableName":"abc"}`, "Accept: application/atom+xml")
	s.Refused(415, "JsonFormatNotSupported", "POST", "/Tables", `{"TableName":"abc"}`, "x-ms-version: 2012-02-12")
	s.Refused(413, "RequestBodyTooLarge", "POST", "/Tables", `{"TableName":"abc","x":"`+strings.Repeat("x", 64<<10)+`"}`)
	s.Refused(400, "Md5Mismatch", "POST", "/Tables", `{"TableName":"abc"}`, "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==")
	s.Refused(400, "InvalidMd5", "POST", "/Tables", `{"TableName":"abc"}`, "Content-MD5: eA==")
	s.Refused(404, "ResourceNotFound", "GET", "/Tables('abc')", "")
}

func TestQueryTable(t *testing.T) {
	s := newServer(t)
	s.table("MyTable")
	if a := s.OK(200, "GET", "/Tables('mytable')", ""); a.Body != `{"TableName":"MyTable"}` {
		t.Errorf("%s", a.Body)
	}
	a := s.OK(200, "GET", "/Tables('MyTable')?$format=application/json;odata=minimalmetadata", "")
	if want := `{"odata.metadata":"` + s.URL + `/$metadata#Tables/@Element","TableName":"MyTable"}`; a.Body != want {
		t.Errorf("%s", a.Body)
	}
	s.Refused(404, "ResourceNotFound", "GET", "/Tables('none')", "")
	s.Refused(405, "MethodNotAllowed", "PUT", "/Tables('MyTable')", "{}")
}

func TestDeleteTable(t *testing.T) {
	s := newServer(t)
	s.table("mytable")
	s.insert("mytable", "p", "r")
	if a := s.OK(204, "DELETE", "/Tables('MyTable')", ""); a.Body != "" {
		t.Errorf("a body: %s", a.Body)
	}
	s.Refused(404, "ResourceNotFound", "DELETE", "/Tables('mytable')", "")
	s.Refused(404, "TableNotFound", "GET", "/mytable()", "")
	s.table("mytable") // at once, and empty
	if a := s.OK(200, "GET", "/mytable()", ""); a.Body != `{"value":[]}` {
		t.Errorf("a new table has %s", a.Body)
	}
}

func tableNames(t *testing.T, a *answer) (names []string) {
	t.Helper()
	var page struct {
		Value []struct{ TableName string }
	}
	if err := json.Unmarshal([]byte(a.Body), &page); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	for _, v := range page.Value {
		names = append(names, v.TableName)
	}
	return names
}

func TestQueryTables(t *testing.T) {
	s := newServer(t)
	if a := s.OK(200, "GET", "/Tables", ""); a.Body != `{"value":[]}` {
		t.Errorf("no tables: %s", a.Body)
	}
	var all []string
	for i := range 7 {
		all = append(all, fmt.Sprintf("tab%d", i))
		s.table(all[i])
	}
	s.table("Zoo")
	all = append(all, "Zoo")
	s.asSystem("POST", "/Tables", `{"TableName":"$MetricsTransactionsTable"}`)

	a := s.OK(200, "GET", "/Tables()", "", "Accept: application/json;odata=minimalmetadata")
	if names := tableNames(t, a); !slices.Equal(names, all) || !strings.HasPrefix(a.Body, `{"odata.metadata":"`+s.URL+`/$metadata#Tables","value":[{"TableName":"tab0"},`) {
		t.Errorf("all: %s", a.Body)
	}
	a = s.OK(200, "GET", "/Tables?$top=1", "", "Accept: application/json;odata=fullmetadata")
	if want := `{"odata.metadata":"` + s.URL + `/$metadata#Tables","value":[{"odata.type":"acct.Tables","odata.id":"` + s.URL +
		`/Tables('tab0')","odata.editLink":"Tables('tab0')","TableName":"tab0"}]}`; a.Body != want {
		t.Errorf("%s, want %s", a.Body, want)
	}
	for _, query := range []string{"", "$filter=" + url.QueryEscape("TableName ge 'a' or TableName eq 'Zoo'")} {
		var got []string
		next := ""
		for pages := 1; ; pages++ {
			path := "/Tables?$top=3&" + query
			if next != "" {
				path += "&NextTableName=" + url.QueryEscape(next)
			}
			a := s.OK(200, "GET", path, "")
			got = append(got, tableNames(t, a)...)
			if next = a.Header.Get("X-Ms-Continuation-NextTableName"); next == "" {
				if pages != 3 {
					t.Errorf("%d pages", pages)
				}
				break
			}
			if !strings.HasPrefix(next, "1!") {
				t.Errorf("token %s", next)
			}
		}
		if !slices.Equal(got, all) {
			t.Errorf("%s, page by page: %v", query, got)
		}
	}
	if got := tableNames(t, s.OK(200, "GET", "/Tables?$filter="+url.QueryEscape("TableName ge 'tab2' and TableName lt 'tab4'"), "")); !slices.Equal(got, []string{"tab2", "tab3"}) {
		t.Errorf("filtered: %v", got)
	}
	s.Refused(400, "InvalidInput", "GET", "/Tables?$filter="+url.QueryEscape("PartitionKey eq 'tab2'"), "")
	for _, query := range []string{"$top=0", "$top=1001", "$top=x", "$top=-1", "NextTableName=x", "NextTableName=1!3!YQ--", "$filter=" + url.QueryEscape("TableName eq")} {
		s.Refused(400, "InvalidInput", "GET", "/Tables?"+query, "")
	}
	s.Refused(415, "AtomFormatNotSupported", "GET", "/Tables", "", "x-ms-version: 2009-09-19", "Accept: application/atom+xml")
}

func TestServiceOperations(t *testing.T) {
	s := newServer(t)
	a := s.OK(200, "GET", "/?restype=service&comp=properties", "", "Accept: application/xml")
	if !strings.Contains(a.Body, "<StorageServiceProperties><Logging>") {
		t.Errorf("%s", a.Body)
	}
	s.OK(202, "PUT", "/?restype=service&comp=properties", `<StorageServiceProperties><Cors /></StorageServiceProperties>`)
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/?restype=service&comp=stats", "")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/?restype=service&comp=other", "")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/tab?comp=metadata", "")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/tab?restype=table", "")
	s.Refused(400, "InvalidUri", "GET", "/", "")
	s.Refused(405, "MethodNotAllowed", "DELETE", "/?restype=service&comp=properties", "")
	s.Refused(405, "MethodNotAllowed", "DELETE", "/Tables", "")
	s.Refused(405, "MethodNotAllowed", "PUT", "/tab()", "{}")
	s.Refused(405, "MethodNotAllowed", "POST", at("tab", "p", "r"), "{}")
	s.Refused(405, "MethodNotAllowed", "GET", "/$batch", "")
	s.Refused(400, "InvalidUri", "GET", "/tab()/x", "")
	s.Refused(400, "InvalidInput", "GET", "/tab('p')", "")
	// Over the host name.
	req := s.NewRequest(request{Method: "GET", Path: "/Tables", Anonymous: true})
	req.URL.Path = "/Tables"
	req.Host = account + ".table.core.windows.net"
	req.Header.Set("Accept", "application/json")
	s.Sign(req)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil || body["odata.metadata"] != "http://acct.table.core.windows.net/$metadata#Tables" {
		t.Errorf("over the host name: %d %v %v", res.StatusCode, body, err)
	}
}

func TestTableACL(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	a := s.OK(200, "GET", "/tab?comp=acl", "", "Accept: application/xml")
	if want := "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers />`; a.Body != want {
		t.Errorf("none: %s", a.Body)
	}
	a.WantHeader(t, "Content-Type", "application/xml")
	set := `<?xml version='1.0' encoding='utf-8'?>` + "\n" + `<SignedIdentifiers><SignedIdentifier><Id>read&amp;add</Id><AccessPolicy><Start>2011-10-11T00:00:00Z</Start>` +
		`<Expiry>2031-10-12T00:00:00.0000000Z</Expiry><Permission>ra</Permission></AccessPolicy></SignedIdentifier><SignedIdentifier><Id>empty</Id></SignedIdentifier></SignedIdentifiers>`
	if a := s.OK(204, "PUT", "/tab?comp=acl", set, "Content-Type: application/xml"); a.Body != "" {
		t.Errorf("%s", a.Body)
	}
	want := "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers><SignedIdentifier><Id>read&amp;add</Id><AccessPolicy><Start>2011-10-11T00:00:00Z</Start>` +
		`<Expiry>2031-10-12T00:00:00.0000000Z</Expiry><Permission>ra</Permission></AccessPolicy></SignedIdentifier><SignedIdentifier><Id>empty</Id><AccessPolicy /></SignedIdentifier></SignedIdentifiers>`
	if a := s.OK(200, "GET", "/Tab?comp=acl", ""); a.Body != want {
		t.Errorf("%s\n%s", a.Body, want)
	}
	if a := s.OK(200, "HEAD", "/tab?comp=acl", ""); a.Body != "" {
		t.Errorf("HEAD: %s", a.Body)
	}
	one := func(id, start, permission string) string {
		return `<SignedIdentifier><Id>` + id + `</Id><AccessPolicy><Start>` + start + `</Start><Permission>` + permission + `</Permission></AccessPolicy></SignedIdentifier>`
	}
	list := func(all ...string) string {
		return "<SignedIdentifiers>" + strings.Join(all, "") + "</SignedIdentifiers>"
	}
	for body, code := range map[string]string{
		"<x/>":  "InvalidXmlDocument",
		"<":     "InvalidXmlDocument",
		"hello": "InvalidXmlDocument",
		list(one("1", "", "r"), one("2", "", "r"), one("3", "", "r"), one("4", "", "r"), one("5", "", "r"), one("6", "", "r")): "InvalidXmlDocument",
		`<!DOCTYPE a [<!ENTITY b "c">]>` + list():   "InvalidXmlDocument",
		strings.Repeat("<SignedIdentifiers>", 10):   "InvalidXmlDocument",
		list(one("", "", "r")):                      "InvalidXmlNodeValue",
		list(one(strings.Repeat("i", 65), "", "r")): "InvalidXmlNodeValue",
		list(one("1", "", "r"), one("1", "", "r")):  "InvalidXmlNodeValue",
		list(one("1", "yesterday", "r")):            "InvalidXmlNodeValue",
		list(one("1", "", "rw")):                    "InvalidXmlNodeValue",
	} {
		s.Refused(400, code, "PUT", "/tab?comp=acl", body, "Accept: application/xml")
	}
	if a := s.OK(200, "GET", "/tab?comp=acl", ""); a.Body != want {
		t.Errorf("after refusals: %s", a.Body)
	}
	s.OK(204, "PUT", "/tab?comp=acl", "")
	if a := s.OK(200, "GET", "/tab?comp=acl", ""); !strings.HasSuffix(a.Body, "<SignedIdentifiers />") {
		t.Errorf("emptied: %s", a.Body)
	}
	s.Refused(404, "ResourceNotFound", "GET", "/none?comp=acl", "")
	s.Refused(404, "ResourceNotFound", "PUT", "/none?comp=acl", "")
	s.Refused(405, "MethodNotAllowed", "DELETE", "/tab?comp=acl", "")
}
