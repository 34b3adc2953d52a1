package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/record"
	"reslog/storagelog"
)

const (
	readBlobs  = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
	writeBlobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
	addBlobs   = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action"
)

// readable is an operation that a role can allow.
func readable(run func(*Call) error) *Operation {
	return &Operation{
		Name: "GetBlob", Class: Read, Scope: ScopeObject, SAS: "r", ServiceSAS: true, Timeout: 5 * time.Second,
		Actions: AnyOf(Action{readBlobs, true}), Run: run,
	}
}

const oauthChallenge = "Bearer authorization_uri=https://login.example/" + tenant + "/oauth2/authorize resource_id=https://storage.azure.com"

func TestBearerRefusals(t *testing.T) {
	f, authority := newOAuthFront(t, nil)
	f.service.ops["b"] = readable(fakeGet)
	authority.fail["broken"] = errors.New("directory is down")
	authority.mute = "nobody"
	for _, c := range []struct {
		name, version, authorization string
		status                       int
		code, detail                 string
		challenge                    bool
	}{
		{"before OAuth", "2017-07-29", "Bearer ann", 403, "AuthenticationFailed", "Authentication scheme Bearer is not supported in this version.", false},
		{"malformed", "2021-06-08", "Bearer malformed", 401, "InvalidAuthenticationInfo", "The token is not well formed.", true},
		{"unknown", "2021-06-08", "Bearer what", 401, "InvalidAuthenticationInfo", "The token is not well formed.", true},
		{"empty", "2021-06-08", "Bearer", 401, "InvalidAuthenticationInfo", "The token is not well formed.", true},
		{"huge", "2021-06-08", "bearer " + strings.Repeat("t", maxToken+1), 401, "InvalidAuthenticationInfo", "The token is not well formed.", true},
		{"signature", "2021-06-08", "Bearer signature", 401, "InvalidAuthenticationInfo", "Signature validation failed. Signature did not match.", true},
		{"issuer", "2021-06-08", "Bearer issuer", 401, "InvalidAuthenticationInfo", "Issuer validation failed. Issuer did not match.", true},
		{"audience", "2021-06-08", "Bearer for https://vault.azure.net", 401, "InvalidAuthenticationInfo", "Audience validation failed. Audience did not match.", true},
		{"expired", "2021-06-08", "Bearer expired", 401, "InvalidAuthenticationInfo", "Lifetime validation failed. The token is expired.", true},
		{"not yet", "2021-06-08", "Bearer early", 401, "InvalidAuthenticationInfo", "Lifetime validation failed. The token is not yet valid.", true},
		{"long detail", "2021-06-08", "Bearer long", 401, "InvalidAuthenticationInfo", strings.Repeat("x", maxTokenDetail) + "<", true},
		{"before challenges", "2019-07-07", "Bearer expired", 403, "AuthenticationFailed", "Lifetime validation failed. The token is expired.", false},
		{"the Authority fails", "2021-06-08", "Bearer broken", 500, "InternalError", "", false},
		{"the Authority names nobody", "2021-06-08", "Bearer nobody", 500, "InternalError", "", false},
	} {
		res := f.do(t, "GET", "/c/b", "", false, "x-ms-version", c.version, "Authorization", c.authorization)
		body := want(t, res, c.status, c.code)
		if c.detail != "" && !strings.Contains(body, "<AuthenticationErrorDetail>"+c.detail) {
			t.Errorf("%s: body %s", c.name, body)
		}
		challenge := ""
		if c.challenge {
			challenge = oauthChallenge
			if !strings.Contains(body, "Please refer to the information in the www-authenticate header.") {
				t.Errorf("%s: body %s", c.name, body)
			}
		}
		if got := res.Header.Get("Www-Authenticate"); got != challenge {
			t.Errorf("%s: WWW-Authenticate %q", c.name, got)
		}
		f.emitter.none(t) // nobody was authenticated
	}
	want(t, f.do(t, "GET", "/c/b", "", false, "Authorization", "Bearer ann"), 403, "AuthorizationPermissionMismatch")
	f.emitter.one(t)
}

// A token over plain HTTP is refused whatever it says.
func TestBearerNeedsHTTPS(t *testing.T) {
	f := newTestFront(t, func(c *FrontConfig, _ *fakeService) { c.Authority = newFakeAuthority() })
	body := want(t, f.do(t, "GET", "/c/b", "", false, "Authorization", "Bearer ann"), 403, "AuthenticationFailed")
	if !strings.Contains(body, "Authentication scheme Bearer is not allowed with HTTP.") {
		t.Errorf("body %s", body)
	}
	plain := newTestFront(t, nil)
	res := plain.do(t, "GET", "/c/b", "", false, "Authorization", "Bearer ann")
	if body := want(t, res, 401, "InvalidAuthenticationInfo"); !strings.Contains(body, "not supported by this service") || res.Header.Get("Www-Authenticate") != `SharedKey realm="storage"` {
		t.Errorf("without an Authority: %v %s", res.Header, body)
	}
}

func TestAudiences(t *testing.T) {
	f, _ := newOAuthFront(t, func(c *FrontConfig, _ *fakeService) {
		c.Audiences = []string{"https://{account}.blob.localhost:10000/", "https://127.0.0.1:10000/{account}"}
	})
	f.service.ops["b"] = readable(fakeGet)
	for audience, ok := range map[string]bool{
		"https://storage.azure.com":                               true,
		"https://storage.azure.com/":                              true,
		"https://storage.azure.com//":                             false,
		"https://devstoreaccount1.blob.core.windows.net":          true,
		"https://devstoreaccount1.blob.core.windows.net/":         true,
		"https://devstoreaccount1.queue.core.windows.net":         false,
		"https://other.blob.core.windows.net":                     false,
		"https://devstoreaccount1.blob.localhost:10000":           true,
		"https://127.0.0.1:10000/devstoreaccount1":                true,
		"https://127.0.0.1:10000/other":                           false,
		"https://127.0.0.1:10000":                                 false,
		f.server.URL + "/devstoreaccount1":                        false, // the Host of a request proves nothing
		"http://devstoreaccount1.blob.core.windows.net":           false,
		"https://devstoreaccount1.blob.core.windows.net.evil.com": false,
		"": false,
	} {
		res := f.do(t, "GET", "/c/b", "", false, "Authorization", "Bearer for "+audience)
		if (res.StatusCode == http.StatusForbidden) != ok { // verified, and then without a role
			t.Errorf("audience %q: answer %d", audience, res.StatusCode)
		}
	}
}

// Anonymous requests are challenged from the versions on that have it.
func TestAnonymousChallenge(t *testing.T) {
	for _, c := range []struct {
		kind    Kind
		version string
		status  int
	}{
		{Blob, "2019-07-07", 404},
		{Blob, "2019-12-12", 401},
		{Queue, "2019-07-07", 404},
		{Queue, "2019-12-12", 401},
		{Table, "2019-12-12", 404},
		{Table, "2020-12-06", 401},
	} {
		f, _ := newOAuthFront(t, func(_ *FrontConfig, s *fakeService) { s.kind = c.kind })
		res := f.do(t, "GET", "/c/b", "", false, "x-ms-version", c.version)
		challenge := ""
		if c.status == 401 {
			challenge = oauthChallenge
		}
		if got := res.Header.Get("Www-Authenticate"); res.StatusCode != c.status || got != challenge {
			t.Errorf("%s %s: %d %q", c.kind, c.version, res.StatusCode, got)
		}
	}
	f, _ := newOAuthFront(t, func(c *FrontConfig, _ *fakeService) { c.AuthorizationURI = "" })
	if got := f.do(t, "GET", "/c/b", "", false).Header.Get("Www-Authenticate"); got != "Bearer resource_id=https://storage.azure.com" {
		t.Errorf("WWW-Authenticate %q", got)
	}
}

func TestRoles(t *testing.T) {
	f, authority := newOAuthFront(t, nil)
	add, write, del := Action{addBlobs, true}, Action{writeBlobs, true}, Action{"x/delete", true}
	op := func(scope Scope, a Actions) *Operation {
		return &Operation{Name: "X", Class: Write, Scope: scope, Actions: a, Run: func(*Call) error { return nil }}
	}
	f.service.ops["object"] = op(ScopeObject, AnyOf(write, add))
	f.service.ops["both"] = op(ScopeObject, Actions{{write}, {add, del}})
	f.service.ops["service"] = op(ScopeService, AnyOf(write))
	f.service.ops["none"] = op(ScopeObject, nil)
	f.service.ops["empty"] = op(ScopeObject, Actions{{}})
	f.service.ops["key"] = op(ScopeObject, AnyOf(write))
	f.service.ops["key"].BearerOnly = true

	account := testAccount().ID.String()
	container := account + "/blobServices/default/containers/c"
	for _, c := range []struct {
		name, blob string
		scope      string // of the roles, below the account
		id         string
		actions    []string
		status     int
		asked      string
	}{
		{"no role", "object", "", ann, nil, 403, writeBlobs + " " + container + "," + addBlobs + " " + container},
		{"a role on the container", "object", "/blobServices/default/containers/c", ann, []string{writeBlobs}, 200, writeBlobs + " " + container},
		{"the other action", "object", "", ann, []string{addBlobs}, 200, writeBlobs + " " + container + "," + addBlobs + " " + container},
		{"a group's role", "object", "", group, []string{writeBlobs}, 200, ""},
		{"somebody else's", "object", "", "else", []string{writeBlobs}, 403, ""},
		{"another container's", "object", "/blobServices/default/containers/d", ann, []string{writeBlobs}, 403, ""},
		{"one of two", "both", "", ann, []string{addBlobs}, 403, ""},
		{"two of two", "both", "", ann, []string{addBlobs, "x/delete"}, 200, ""},
		{"the account", "service", "", ann, []string{writeBlobs}, 200, writeBlobs + " " + account},
		{"a container is not the account", "service", "/blobServices/default/containers/c", ann, []string{writeBlobs}, 403, writeBlobs + " " + account},
		{"no actions", "none", "", ann, []string{writeBlobs, addBlobs}, 403, ""},
		{"an empty alternative", "empty", "", ann, []string{writeBlobs, addBlobs}, 403, ""},
		{"bearer only", "key", "", ann, []string{writeBlobs}, 200, ""},
	} {
		authority.forbid()
		authority.take()
		authority.allow(c.id, c.scope, c.actions...)
		res := f.do(t, "GET", "/c/"+c.blob, "", false, "Authorization", "Bearer ann")
		code := ""
		if c.status == 403 {
			code = "AuthorizationPermissionMismatch"
		}
		want(t, res, c.status, code)
		if asked := strings.Join(authority.take(), ","); c.asked != "" && asked != c.asked {
			t.Errorf("%s: asked %s", c.name, asked)
		}
		if e := f.emitter.entry(t); (e.Status == "OAuthSuccess") != (c.status == 200) || e.AuthType != "bearer" {
			t.Errorf("%s: %s %s", c.name, e.AuthType, e.Status)
		}
	}
	// Not even the key opens what only a token does.
	body := want(t, f.do(t, "GET", "/c/key", "", true), 403, "AuthenticationFailed")
	if !strings.Contains(body, "Only authentication scheme Bearer is supported") {
		t.Errorf("body %s", body)
	}
	if e := f.emitter.entry(t); e.Status != "AuthorizationError" || e.AuthType != "authenticated" {
		t.Errorf("%+v", e)
	}
	want(t, f.do(t, "GET", "/c/key", "", false), 401, "NoAuthenticationInformation")

	authority.tokens["nobody"] = &Principal{ObjectID: "o", TenantID: "t"}
	authority.allow("o", "", writeBlobs)
	want(t, f.do(t, "GET", "/c/object", "", false, "Authorization", "Bearer nobody"), 403, "AuthorizationPermissionMismatch")
}

// Queues and tables have scopes of their own.
func TestRoleScopes(t *testing.T) {
	for kind, below := range map[Kind]string{Queue: "/queueServices/default/queues/c", Table: "/tableServices/default/tables/c"} {
		f, authority := newOAuthFront(t, func(_ *FrontConfig, s *fakeService) { s.kind = kind })
		f.service.ops["b"] = readable(func(*Call) error { return nil })
		authority.allow(ann, below, readBlobs)
		want(t, f.do(t, "GET", "/c/b", "", false, "Authorization", "Bearer ann"), 200, "")
		if asked := authority.take(); len(asked) != 1 || asked[0] != readBlobs+" "+testAccount().ID.String()+below {
			t.Errorf("%s: asked %v", kind, asked)
		}
	}
}

// TestCallAllows is what operations ask beside their own action.
func TestCallAllows(t *testing.T) {
	f, authority := newOAuthFront(t, nil)
	other := Action{"x/tags/write", true}
	f.service.public = PublicBlob
	op := readable(func(c *Call) error {
		if c.TokenAllows("d", other) {
			c.Response.Set("X-Elsewhere", "yes")
		}
		if !c.Allows("t", other) {
			return ErrAuthorizationPermissionMismatch
		}
		return nil
	})
	op.Public = PublicBlob
	f.service.ops["b"] = op
	bearer := []string{"Authorization", "Bearer ann"}
	authority.allow(ann, "", readBlobs)
	want(t, f.do(t, "GET", "/c/b", "", false, bearer...), 403, "AuthorizationPermissionMismatch")
	if line := string(f.emitter.one(t).Line); !strings.Contains(line, `{"action":"x/tags/write","reason":"NoApplicablePolicy","result":"Denied","type":"RBAC"}`) {
		t.Errorf("line %s", line)
	}
	authority.allow(ann, "/blobServices/default/containers/c", other.Name)
	res := f.do(t, "GET", "/c/b", "", false, bearer...)
	want(t, res, 200, "")
	if res.Header.Get("X-Elsewhere") != "" {
		t.Error("a role on one container opened another")
	}
	if line := string(f.emitter.one(t).Line); strings.Count(line, `"result":"Granted"`) != 2 || strings.Contains(line, "Denied") {
		t.Errorf("line %s", line)
	}
	authority.allow(ann, "", other.Name)
	if res := f.do(t, "GET", "/c/b", "", false, bearer...); res.Header.Get("X-Elsewhere") != "yes" {
		t.Error("a role on the account did not open the other container")
	}
	for _, who := range []struct {
		name string
		res  *http.Response
		want int
	}{
		{"key", f.do(t, "GET", "/c/b", "", true), 200},
		{"SAS with the letter", f.do(t, "GET", "/c/b?"+accountSAS(t, "rt"), "", false), 200},
		{"SAS without", f.do(t, "GET", "/c/b?"+accountSAS(t, "r"), "", false), 403},
		{"anonymous", f.do(t, "GET", "/c/b", "", false), 403},
	} {
		if who.res.StatusCode != who.want {
			t.Errorf("%s: answer %d", who.name, who.res.StatusCode)
		}
	}
}

// accountSAS is the query of an account SAS of 2015-04-05.
func accountSAS(t *testing.T, permissions string) string {
	q := mustQuery(t, "sv=2015-04-05&ss=b&srt=sco&se=2099-01-01&sp="+permissions)
	return handSAS(q, "devstoreaccount1\n"+permissions+"\nb\nsco\n\n2099-01-01\n\n\n2015-04-05\n")
}

// lines renders a record and reads it with the strict reader, in one version.
func lines(t *testing.T, r record.Record, v storagelog.Version) storagelog.Entry {
	t.Helper()
	raw, n, err := AppendEntries(nil, &r, v)
	if err != nil || n != 1 {
		t.Fatalf("%d entries, %v", n, err)
	}
	var e storagelog.Entry
	rd := storagelog.NewReader(bytes.NewReader(raw), storagelog.Strict)
	got, err := rd.Next()
	if err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	got.Entry(&e)
	if _, err := rd.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the record: %v", err)
	}
	return e
}

// TestOAuthRecord checks the record of a request with a token, in the modern
// form and in both classic ones.
func TestOAuthRecord(t *testing.T) {
	f, authority := newOAuthFront(t, nil)
	f.service.ops["b"] = readable(fakeGet)
	authority.allow(group, "/blobServices/default/containers/c", readBlobs)
	requester := `"requester":{"appId":"33333333-aaaa-bbbb-cccc-000000000003","audience":"https://storage.azure.com/","objectId":"` + ann +
		`","tenantId":"` + tenant + `","tokenIssuer":"https://sts.example/` + tenant + `/","upn":"ann@example.com"}`
	hash := upperSHA256("ann")
	for _, c := range []struct {
		path, status  string
		code          int
		authorization string // of the modern record
		detail        string // field 38
	}{
		{
			"/c/b", "OAuthSuccess", 200,
			`[{"action":"` + readBlobs + `","denyAssignmentId":"","principals":[{"id":"` + group + `","type":"Group"}],"reason":"Policy","result":"Granted","roleAssignmentId":"assignment-1","roleDefinitionId":"definition-1","type":"RBAC"}]`,
			`[{"action":"` + readBlobs + `", "roleAssignmentId":"assignment-1", "roleDefinitionId":"definition-1", "principalId":"` + group + `", "principalType":"Group"}]`,
		},
		{
			"/d/b", "OAuthAuthorizationError", 403,
			`[{"action":"` + readBlobs + `","reason":"NoApplicablePolicy","result":"Denied","type":"RBAC"}]`,
			`[{"action":"` + readBlobs + `", "roleAssignmentId":"", "roleDefinitionId":"", "principalId":"", "principalType":""}]`,
		},
	} {
		res := f.do(t, "GET", c.path, "", false, "Authorization", "Bearer ann")
		if res.StatusCode != c.code {
			t.Fatalf("%s: answer %d", c.path, res.StatusCode)
		}
		r := f.emitter.one(t)
		var line struct{ Identity json.RawMessage }
		if err := json.Unmarshal(r.Line, &line); err != nil {
			t.Fatal(err)
		}
		identity := `{"type":"OAuth","tokenHash":"` + hash + `","authorization":` + c.authorization + `,` + requester + `}`
		if d := cmp.Diff(identity, string(line.Identity)); d != "" {
			t.Errorf("%s: %s", c.path, d)
		}
		v2 := lines(t, r, storagelog.V2)
		if v2.AuthType != "bearer" || v2.Status != c.status || v2.RequesterAccount != "devstoreaccount1" {
			t.Errorf("%s: %s %s %s", c.path, v2.AuthType, v2.Status, v2.RequesterAccount)
		}
		got := []string{v2.UserObjectID, v2.TenantID, v2.ApplicationID, v2.Audience, v2.Issuer, v2.UserPrincipalName, v2.Reserved, v2.AuthorizationDetail}
		if d := cmp.Diff([]string{
			ann, tenant, "33333333-aaaa-bbbb-cccc-000000000003", "https://storage.azure.com/", "https://sts.example/" + tenant + "/", "ann@example.com", "", c.detail,
		}, got); d != "" {
			t.Errorf("%s, fields 31-38: %s", c.path, d)
		}
		if !json.Valid([]byte(v2.AuthorizationDetail)) {
			t.Errorf("%s: field 38 is no JSON: %s", c.path, v2.AuthorizationDetail)
		}
		v1 := lines(t, r, storagelog.V1)
		if v1.AuthType != "bearer" || v1.Status != c.status || v1.UserObjectID+v1.TenantID+v1.AuthorizationDetail != "" {
			t.Errorf("%s: version 1.0: %+v", c.path, v1)
		}
		sameLines(t, r, storagelog.V1)
		sameLines(t, r, storagelog.V2)
	}
}

// TestOAuthStatuses reaches the statuses of requests with a token.
func TestOAuthStatuses(t *testing.T) {
	busy := false
	f, authority := newOAuthFront(t, func(c *FrontConfig, _ *fakeService) {
		c.Throttle = throttleFunc(func(string, bool) bool { return !busy })
	})
	f.service.ops["b"] = readable(fakeGet)
	f.service.ops["slow"] = readable(func(c *Call) error { <-c.Context().Done(); return c.Context().Err() })
	f.service.ops["gone"] = readable(func(*Call) error { return ErrBlobNotFound })
	f.service.ops["broken"] = readable(func(*Call) error { return errors.New("disk on fire") })
	f.service.ops["never"] = &Operation{Name: "X", Scope: ScopeObject, Run: fakeGet}
	authority.allow(ann, "", readBlobs)
	for _, c := range []struct {
		blob, query string
		busy        bool
		want        string
	}{
		{"b", "", false, "OAuthSuccess"},
		{"b", "", true, "OAuthThrottlingError"},
		{"slow", "?timeout=1", false, "OAuthServerTimeoutError"},
		{"gone", "", false, "BlobNotFound"},
		{"broken", "", false, "OAuthServerOtherError"},
		{"never", "", false, "OAuthAuthorizationError"},
	} {
		busy = c.busy
		f.do(t, "GET", "/c/"+c.blob+c.query, "", false, "Authorization", "Bearer ann")
		if e := f.emitter.entry(t); e.Status != c.want {
			t.Errorf("%s: status %s, want %s", c.blob, e.Status, c.want)
		}
	}
	for responseType, want := range map[string]string{"ClientTimeoutError": "OAuthClientTimeoutError", "NetworkError": "OAuthNetworkError", "ClientOtherError": "OAuthClientOtherError"} {
		if got := classicStatus(OAuth, responseType, "", "2021-06-08"); got != want {
			t.Errorf("status %s, want %s", got, want)
		}
	}
}

// No token is told to anybody: neither in a record, nor in an answer.
func TestTokensStaySecret(t *testing.T) {
	f, authority := newOAuthFront(t, nil)
	f.service.ops["b"] = readable(fakeGet)
	const token = "eyJhbGciOiJub25lIn0.secret"
	authority.tokens[token] = authority.tokens["ann"]
	body := want(t, f.do(t, "GET", "/c/b", "", false, "Authorization", "Bearer "+token), 403, "AuthorizationPermissionMismatch")
	r := f.emitter.one(t)
	if strings.Contains(body, "secret") || strings.Contains(string(r.Line), "secret") || strings.Contains(string(r.Detail), "secret") {
		t.Errorf("the token is in %s or %s", body, r.Line)
	}
	if body := want(t, f.do(t, "GET", "/c/b", "", false, "Authorization", "Bearer "+token+"x"), 401, "InvalidAuthenticationInfo"); strings.Contains(body, "secret") {
		t.Errorf("the refusal repeats the token: %s", body)
	}
	// A token for a copy source is among the headers that Shared Key signs.
	res := f.do(t, "GET", "/c/b", "", false, "X-Ms-Copy-Source-Authorization", "Bearer "+token,
		"X-Ms-Date", time.Now().UTC().Format(http.TimeFormat), "Authorization", "SharedKey devstoreaccount1:YWJj")
	if body := want(t, res, 403, "AuthenticationFailed"); strings.Contains(body, "secret") || !strings.Contains(body, "x-ms-copy-source-authorization:XXXXX") {
		t.Errorf("the refusal repeats the token: %s", body)
	}
}

// A Front inside a request knows what the outer one knows.
func TestInner(t *testing.T) {
	f, authority := newOAuthFront(t, func(c *FrontConfig, _ *fakeService) { c.DelegationSecret = []byte("s") })
	authority.allow(ann, "", readBlobs)
	var inner FrontConfig
	f.service.ops["b"] = readable(func(c *Call) error {
		inner = c.Inner(f.service)
		if !inner.Now().Equal(c.Now) {
			t.Error("another time")
		}
		return nil
	})
	want(t, f.do(t, "GET", "/c/b", "", false, "Authorization", "Bearer ann"), 200, "")
	if inner.Authority != Authority(authority) || inner.AuthorizationURI != f.AuthorizationURI || string(inner.DelegationSecret) != "s" || inner.Emitter != nil || inner.Throttle != nil {
		t.Errorf("%+v", inner)
	}
}

// What the scanner skips may hold arrays, and what it reads another order.
func TestScannerReadsArrays(t *testing.T) {
	line := `{"new":[1,"a",{"b":[[],[{}]]}],"operationName":"GetBlob","statusCode":200,"identity":{"requester":{"upn":"u","roles":["x"],"objectId":"o\"1"},` +
		`"authorization":[{"type":"RBAC","principals":[{"type":"User","id":"p"}],"extra":{"a":[1]},"action":"a\\b"},{"action":"second","principals":[]}],"type":"OAuth"},"properties":{"accountName":"a"}}`
	entries, err := Entries(record.Record{Line: []byte(line)}, storagelog.V2)
	if err != nil {
		t.Fatal(err)
	}
	e := entries[0]
	detail := `[{"action":"a\\b", "roleAssignmentId":"", "roleDefinitionId":"", "principalId":"p", "principalType":"User"}, ` +
		`{"action":"second", "roleAssignmentId":"", "roleDefinitionId":"", "principalId":"", "principalType":""}]`
	if e.AuthType != "bearer" || e.UserObjectID != `o"1` || e.UserPrincipalName != "u" || e.AuthorizationDetail != detail {
		t.Errorf("%+v", e)
	}
	for i := range line {
		if _, err := Entries(record.Record{Line: []byte(line[:i])}, storagelog.V2); err == nil {
			t.Errorf("a line cut after %d bytes was rendered", i)
		}
	}
}

// BenchmarkBearer is a GET with a token, without the network.
func BenchmarkBearer(b *testing.B) {
	authority := newFakeAuthority()
	authority.allow(ann, "", readBlobs)
	service := &fakeService{kind: Blob, ops: map[string]*Operation{"b": readable(fakeGet)}}
	f := NewFront(FrontConfig{Service: service, Accounts: testAccounts{"devstoreaccount1": testAccount()}, Authority: authority, Emitter: countingEmitter{newFakeEmitter()}})
	r := httptest.NewRequest(http.MethodGet, "https://127.0.0.1:10000/devstoreaccount1/c/b", nil)
	r.Header.Set("X-Ms-Version", "2021-06-08")
	r.Header.Set("Authorization", "Bearer ann")
	w := &nullWriter{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		authority.asked = authority.asked[:0]
		f.ServeHTTP(w, r)
	}
}
