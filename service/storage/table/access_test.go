package table_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"reslog/resource"
	"reslog/service/storage"
)

// TestServiceSAS is what a signature for a table allows.
func TestServiceSAS(t *testing.T) {
	s := newServer(t)
	s.table("Tab")
	s.table("other")
	s.insert("Tab", "p", "r", `"a":1`)
	ask := func(status int, code, sas, method, path, body string, headers ...string) {
		t.Helper()
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		s.Want(status, code, request{Method: method, Path: path + sep + sas, Body: body, Headers: headers, Anonymous: true})
	}
	row := at("tab", "p", "r")
	for letter, allowed := range map[string]string{"r": "GET", "a": "POST", "u": "PUT+ MERGE+", "d": "DELETE", "au": "POST PUT MERGE PUT+ MERGE+", "raud": "GET POST PUT MERGE PUT+ MERGE+ DELETE"} {
		sas := s.tableSAS("tab", letter, "")
		for _, tc := range []struct {
			op, method, path, body, header string
			status                         int
		}{
			{"GET", "GET", row, "", "", 200},
			{"GET", "GET", "/tab()", "", "", 200},
			{"POST", "POST", "/tab", entity("new", letter), "", 201},
			{"PUT", "PUT", at("tab", "p", "put"), "{}", "", 204},
			{"MERGE", "MERGE", at("tab", "p", "merge"), "{}", "", 204},
			{"PUT+", "PUT", row, "{}", "If-Match: *", 204},
			{"MERGE+", "PATCH", row, "{}", "If-Match: *", 204},
			{"DELETE", "DELETE", at("tab", "p", "delete"), "", "If-Match: *", 204},
		} {
			s.OK(204, "PUT", at("tab", "p", "delete"), "{}")
			var headers []string
			if tc.header != "" {
				headers = []string{tc.header}
			}
			if slices.Contains(strings.Fields(allowed), tc.op) {
				ask(tc.status, "", sas, tc.method, tc.path, tc.body, headers...)
			} else {
				ask(403, "AuthorizationPermissionMismatch", sas, tc.method, tc.path, tc.body, headers...)
			}
		}
	}
	all := s.tableSAS("Tab", "raud", "")
	ask(200, "", all, "GET", "/TAB()", "")
	ask(403, "AuthorizationFailure", all, "GET", "/other()", "")
	ask(403, "AuthorizationFailure", all, "GET", at("other", "p", "r"), "")
	ask(403, "AuthorizationFailure", all, "POST", "/other", entity("p", "r"))
	ask(403, "AuthorizationFailure", all, "GET", "/Tables", "")
	ask(403, "AuthorizationFailure", all, "GET", "/Tables('tab')", "")
	ask(403, "AuthorizationFailure", all, "DELETE", "/Tables('tab')", "")
	ask(403, "AuthorizationFailure", all, "GET", "/tab?comp=acl", "")
	ask(403, "AuthorizationFailure", all, "GET", "/?restype=service&comp=properties", "")
	ask(403, "AuthenticationFailed", strings.Replace(all, "tn=Tab", "tn=other", 1), "GET", "/other()", "")
	s.Want(404, "ResourceNotFound", request{Method: "GET", Path: "/tab()", Anonymous: true, Headers: []string{"x-ms-version: 2017-07-29"}})

	// A stored policy, and then none.
	s.OK(204, "PUT", "/tab?comp=acl", `<SignedIdentifiers><SignedIdentifier><Id>p1</Id><AccessPolicy><Expiry>2099-01-01T00:00:00Z</Expiry><Permission>r</Permission></AccessPolicy></SignedIdentifier></SignedIdentifiers>`)
	stored := s.tableSAS("tab", "", "p1")
	ask(200, "", stored, "GET", row, "")
	ask(403, "AuthorizationPermissionMismatch", stored, "DELETE", row, "", "If-Match: *")
	ask(403, "AuthenticationFailed", s.tableSAS("other", "", "p1"), "GET", "/other()", "")
	ask(403, "AuthenticationFailed", s.tableSAS("none", "", "p1"), "GET", "/none()", "")
	s.OK(204, "PUT", "/tab?comp=acl", "")
	ask(403, "AuthenticationFailed", stored, "GET", row, "")
}

// TestSASRange is what a signature for some keys allows.
func TestSASRange(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	for _, k := range []string{"a/z", "b/l", "b/m", "c/a", "d/m", "d/n", "e/a"} {
		p, r, _ := strings.Cut(k, "/")
		s.insert("tab", p, r, `"n":1`)
	}
	for _, tc := range []struct {
		keys []string
		in   []string
	}{
		{[]string{"b", "m", "d", "m"}, []string{"b/m", "c/a", "d/m"}},
		{[]string{"b", "", "d", ""}, []string{"b/l", "b/m", "c/a", "d/m", "d/n"}},
		{[]string{"b", "m", "", ""}, []string{"b/m", "c/a", "d/m", "d/n", "e/a"}},
		{[]string{"", "", "b", "l"}, []string{"a/z", "b/l"}},
		{[]string{"b", "", "b", ""}, []string{"b/l", "b/m"}},
		{[]string{"x", "", "", ""}, nil},
	} {
		sas := s.tableSAS("tab", "raud", "", tc.keys...)
		for _, query := range []string{"", "$top=2&", "$filter=n%20eq%201&", "$top=1&$filter=" + url.QueryEscape("PartitionKey ge 'a' and PartitionKey lt 'z'") + "&"} {
			if got, _ := s.pages("/tab()?"+query+sas, true); !slices.Equal(got, tc.in) {
				t.Errorf("%q %s: %q, want %q", tc.keys, query, got, tc.in)
			}
		}
		for _, k := range []string{"a/z", "b/l", "b/m", "c/a", "d/m", "d/n", "e/a"} {
			p, r, _ := strings.Cut(k, "/")
			get := request{Method: "GET", Path: at("tab", p, r) + "?" + sas, Anonymous: true}
			put := request{Method: "PUT", Path: at("tab", p, r) + "?" + sas, Anonymous: true, Body: `{"n":1}`}
			post := request{Method: "POST", Path: "/tab?" + sas, Anonymous: true, Body: entity(p, r)}
			del := request{Method: "DELETE", Path: at("tab", p, r) + "?" + sas, Anonymous: true, Headers: []string{`If-Match: W/"other"`}}
			if slices.Contains(tc.in, k) {
				s.Want(200, "", get)
				s.Want(204, "", put)
				s.Want(409, "EntityAlreadyExists", post)
				s.Want(412, "UpdateConditionNotSatisfied", del)
				continue
			}
			for _, r := range []request{get, put, post, del} {
				s.Want(403, "AuthorizationFailure", r)
			}
		}
		// A token cannot lead out of it.
		a := s.Want(200, "", request{Method: "GET", Path: "/tab()?" + sas + "&NextPartitionKey=1!4!YQ--&NextRowKey=1!0!", Anonymous: true})
		if got := rows(t, a); !slices.Equal(got, tc.in) {
			t.Errorf("%q from a token: %q", tc.keys, got)
		}
	}
}

func TestAccountSAS(t *testing.T) {
	s := newServer(t)
	s.table("tab")
	s.insert("tab", "p", "r")
	ask := func(status int, code, types, letters, method, path, body string, headers ...string) {
		t.Helper()
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		s.Want(status, code, request{Method: method, Path: path + sep + s.accountSAS(types, letters), Body: body, Headers: headers, Anonymous: true})
	}
	ask(200, "", "c", "l", "GET", "/Tables", "")
	ask(403, "AuthorizationPermissionMismatch", "c", "rwdacup", "GET", "/Tables", "")
	ask(403, "AuthorizationResourceTypeMismatch", "so", "l", "GET", "/Tables", "")
	ask(201, "", "c", "c", "POST", "/Tables", `{"TableName":"made"}`)
	ask(409, "TableAlreadyExists", "c", "w", "POST", "/Tables", `{"TableName":"made"}`)
	ask(204, "", "c", "d", "DELETE", "/Tables('made')", "")
	ask(200, "", "o", "r", "GET", at("tab", "p", "r"), "")
	ask(403, "AuthorizationResourceTypeMismatch", "sc", "r", "GET", at("tab", "p", "r"), "")
	ask(204, "", "o", "au", "PUT", at("tab", "p", "r"), "{}")
	ask(403, "AuthorizationPermissionMismatch", "o", "rwda", "PUT", at("tab", "p", "r"), "{}")
	ask(403, "AuthorizationPermissionMismatch", "o", "rwdu", "PUT", at("tab", "p", "r"), "{}")
	ask(204, "", "o", "u", "PUT", at("tab", "p", "r"), "{}", "If-Match: *")
	ask(204, "", "o", "d", "DELETE", at("tab", "p", "r"), "", "If-Match: *")
	ask(200, "", "s", "r", "GET", "/?restype=service&comp=properties", "")
	for _, letters := range []string{"rwdlacup"} { // for the owner only
		ask(403, "AuthorizationPermissionMismatch", "sco", letters, "GET", "/tab?comp=acl", "")
	}
}

// TestMetricsTables is what users may do to the tables of the metrics.
func TestMetricsTables(t *testing.T) {
	s := newServer(t)
	const name = "$MetricsHourPrimaryTransactionsBlob"
	s.Refused(404, "TableNotFound", "GET", "/"+name+"()", "")
	s.Refused(403, "InsufficientAccountPermissions", "POST", "/Tables", `{"TableName":"`+name+`"}`)
	if a := s.asSystem("POST", "/Tables", `{"TableName":"`+name+`"}`); a.Status != 201 {
		t.Fatalf("the node: %d %s", a.Status, a.Body)
	}
	for _, row := range []string{"user;All", "user;GetBlob"} {
		if a := s.asSystem("POST", "/"+name, entity("20260101T0000", row, `"TotalRequests":"7","TotalRequests@odata.type":"Edm.Int64"`)); a.Status != 201 {
			t.Fatalf("the node: %d %s", a.Status, a.Body)
		}
	}
	if a := s.OK(200, "GET", "/$metricshourprimarytransactionsblob()?$filter="+url.QueryEscape("RowKey eq 'user;All'"), ""); !strings.Contains(a.Body, `"TotalRequests":"7"`) {
		t.Errorf("%s", a.Body)
	}
	if got := rows(t, s.OK(200, "GET", "/$MetricsTransactionsBlob()", "")); len(got) != 2 {
		t.Errorf("by the name of before: %q", got)
	}
	s.OK(200, "GET", at("$metricstransactionsblob", "20260101T0000", "user;All"), "")
	s.Refused(404, "TableNotFound", "GET", "/$MetricsTransactionsQueue()", "")
	row := at(name, "20260101T0000", "user;All")
	s.OK(200, "GET", row, "")
	s.OK(200, "GET", "/Tables('"+name+"')", "")
	s.OK(200, "GET", "/Tables(%22"+name+"%22)", "")
	const denied = "InsufficientAccountPermissions"
	s.Refused(403, denied, "POST", "/"+name, entity("a", "b"))
	s.Refused(403, denied, "PUT", row, "{}")
	s.Refused(403, denied, "PUT", row, "{}", "If-Match: *")
	s.Refused(403, denied, "MERGE", row, "{}")
	s.Refused(403, denied, "MERGE", row, "{}", "If-Match: *")
	s.Refused(403, denied, "PUT", "/"+name+"?comp=acl", "")
	s.Refused(403, denied, "DELETE", "/Tables('"+name+"')", "")
	s.Log.Take(t)
	s.Refused(403, denied, "POST", "/"+name, entity("a", "b"))
	if e := s.Log.One(t); e.Status != "AuthorizationError" || e.Operation != "InsertEntity" {
		t.Errorf("logged as %s %s", e.Operation, e.Status)
	}
	s.OK(204, "DELETE", row, "", "If-Match: *")
	if got := rows(t, s.OK(200, "GET", "/"+name+"()", "")); !slices.Equal(got, []string{"20260101T0000/user;GetBlob"}) {
		t.Errorf("left: %q", got)
	}
	if a := s.OK(200, "GET", "/Tables", ""); a.Body != `{"value":[]}` {
		t.Errorf("listed: %s", a.Body)
	}
}

// authority knows one token for each set of actions, by its name.
type authority map[string][]string

func (a authority) Verify(_ context.Context, token string, accept func(string) bool) (*storage.Principal, error) {
	if _, ok := a[token]; !ok || !accept("https://storage.azure.com/") {
		return nil, storage.ErrTokenSignature
	}
	return &storage.Principal{ObjectID: token, TenantID: "tenant", IDs: []string{token}, Type: "ServicePrincipal"}, nil
}

func (a authority) Lookup(string, string) (*storage.Principal, bool) { return nil, false }

func (a authority) Check(p *storage.Principal, action storage.Action, scope resource.ID) (storage.Grant, bool) {
	for _, allowed := range a[p.ObjectID] {
		name, at, _ := strings.Cut(allowed, "@")
		if strings.HasSuffix(action.Name, "/tableServices/"+name) && strings.HasSuffix(strings.ToLower(scope.String()), strings.ToLower(at)) {
			return storage.Grant{RoleAssignmentID: "a", RoleDefinitionID: "d", PrincipalID: p.ObjectID}, true
		}
	}
	return storage.Grant{}, false
}

// TestRoles is what actions a bearer token needs.
func TestRoles(t *testing.T) {
	const all, tab = "@/" + account, "@/tables/tab"
	auth := authority{
		"reader":  {"tables/entities/read" + tab},
		"lister":  {"tables/read" + all},
		"maker":   {"tables/write" + all, "tables/delete" + tab},
		"adder":   {"tables/entities/add/action" + tab},
		"updater": {"tables/entities/update/action" + tab},
		"both":    {"tables/entities/add/action" + tab, "tables/entities/update/action" + tab},
		"writer":  {"tables/entities/write" + tab},
		"deleter": {"tables/entities/delete" + tab},
		"owner":   {"read" + all},
	}
	s := newServer(t, func(c *storage.FrontConfig) { c.Authority = auth })
	s.table("other")
	row := at("tab", "p", "r")
	for _, tc := range []struct{ name, method, path, body, header, may string }{
		{"CreateTable", "POST", "/Tables", `{"TableName":"made"}`, "", "maker"},
		{"QueryTables", "GET", "/Tables", "", "", "lister"},
		{"QueryEntities", "GET", "/tab()", "", "", "reader"},
		{"QueryEntity", "GET", row, "", "", "reader"},
		{"InsertEntity", "POST", "/tab", entity("p", "new"), "", "adder both writer"},
		{"UpdateEntity", "PUT", row, "{}", "If-Match: *", "updater both writer"},
		{"MergeEntity", "MERGE", row, "{}", "If-Match: *", "updater both writer"},
		{"InsertOrReplaceEntity", "PUT", row, "{}", "", "both writer"},
		{"InsertOrMergeEntity", "MERGE", row, "{}", "", "both writer"},
		{"DeleteEntity", "DELETE", row, "", "If-Match: *", "deleter"},
		{"GetTableACL", "GET", "/tab?comp=acl", "", "", ""},
		{"GetTableServiceProperties", "GET", "/?restype=service&comp=properties", "", "", "owner"},
		{"DeleteTable", "DELETE", "/Tables('tab')", "", "", "maker"},
	} {
		for token := range auth {
			s.Do(request{Method: "DELETE", Path: "/Tables('made')"})
			s.Do(request{Method: "POST", Path: "/Tables", Body: `{"TableName":"tab"}`})
			s.Do(request{Method: "DELETE", Path: at("tab", "p", "new"), Headers: []string{"If-Match: *"}})
			s.OK(204, "PUT", row, "{}")
			headers := []string{"Authorization: Bearer " + token, "x-ms-version: 2019-02-02"}
			if tc.header != "" {
				headers = append(headers, tc.header)
			}
			a := s.bearer(request{Method: tc.method, Path: tc.path, Body: tc.body, Headers: headers, Anonymous: true})
			may := slices.Contains(strings.Fields(tc.may), token)
			if may && a.Status >= 300 || !may && (a.Status != 403 || a.Code() != "AuthorizationPermissionMismatch") {
				t.Errorf("%s by %s: %d %s", tc.name, token, a.Status, a.Code())
			}
		}
	}
	if a := s.bearer(request{Method: "GET", Path: at("other", "p", "r"), Headers: []string{"Authorization: Bearer reader"}, Anonymous: true}); a.Status != 403 {
		t.Errorf("another table: %d", a.Status)
	}
	if a := s.bearer(request{Method: "GET", Path: row, Headers: []string{"Authorization: Bearer nobody"}, Anonymous: true}); a.Code() != "AuthenticationFailed" {
		t.Errorf("a token of nobody: %d %s", a.Status, a.Code())
	}
}

// bearer sends a request over TLS, without which no token is taken.
func (s *server) bearer(r request) *answer {
	s.T.Helper()
	if s.secure == nil {
		s.secure = httptest.NewTLSServer(s.Front)
		s.T.Cleanup(s.secure.Close)
	}
	req := s.NewRequest(r)
	req.URL.Scheme, req.URL.Host = "https", strings.TrimPrefix(s.secure.URL, "https://")
	req.Host = req.URL.Host
	res, err := s.secure.Client().Transport.RoundTrip(req)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.Read(res)
}
