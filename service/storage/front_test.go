package storage

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"reslog/storagelog"
)

func TestSignedPutAndGet(t *testing.T) {
	f := newTestFront(t, nil)
	res := f.do(t, "PUT", "/c/a%20b/%3B%22", "hello", true, "Content-MD5", "XUFAKrxLKna5cZ2REBfFkg==", "X-Ms-Client-Request-Id", "mine",
		"User-Agent", "me;\"you\"", "Referer", "http://portal/?a=1&sig=secret%2B")
	want(t, res, 201, "")
	for name, value := range map[string]string{
		"Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0", "X-Ms-Version": "2021-06-08",
		"X-Ms-Client-Request-Id": "mine", "Content-Length": "0", "X-Test-Read": "5",
	} {
		if got := res.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	id := res.Header.Get("X-Ms-Request-Id")
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]01e-00[0-9a-f]{2}-[0-9a-f]{4}-[0-9a-f]{6}000000$`).MatchString(id) {
		t.Errorf("request id %q", id)
	}
	e := f.emitter.entry(t)
	port := strings.TrimPrefix(f.server.URL, "http://")
	for _, c := range []struct{ field, got, want string }{
		{"operation", e.Operation, "PutBlob"},
		{"status", e.Status, "Success"},
		{"http", e.HTTPStatus, "201"},
		{"auth", e.AuthType, "authenticated"},
		{"requester", e.RequesterAccount, "devstoreaccount1"},
		{"owner", e.OwnerAccount, "devstoreaccount1"},
		{"service", e.Service, "blob"},
		{"url", e.URL, "http://" + port + "/devstoreaccount1/c/a%20b/%3B%22"},
		{"key", e.ObjectKey, `/devstoreaccount1/c/a b/;"`},
		{"id", e.RequestID, id},
		{"version", e.RequestVersion, "2021-06-08"},
		{"request md5", e.RequestMD5, "XUFAKrxLKna5cZ2REBfFkg=="},
		{"server md5", e.ServerMD5, "1B2M2Y8AsgTpgAmY7PhCfg=="},
		{"etag", e.ETag, `"0x8D1"`},
		{"agent", e.UserAgent, `me;"you"`},
		{"referrer", e.Referrer, "http://portal/?a=1&sig=XXXXX"},
		{"client id", e.ClientRequestID, "mine"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.field, c.got, c.want)
		}
	}
	if !e.LastModified.Equal(fakeModified) || e.RequestPacketSize != 5 || e.ContentLength != 5 || e.ResponsePacketSize != 0 || e.OperationNumber != 0 {
		t.Errorf("entry %+v", e)
	}

	res = f.do(t, "GET", "/c/b?a=1", "", true, "If-None-Match", `"0x1"`, "If-Modified-Since", "Fri, 05 Aug 2011 19:11:54 GMT")
	if body := want(t, res, 200, ""); len(body) != 100 {
		t.Errorf("body %q", body)
	}
	e = f.emitter.entry(t)
	if e.Conditions != `If-Modified-Since=Friday, 05-Aug-11 19:11:54 GMT;If-None-Match="0x1"` || e.ResponsePacketSize != 100 {
		t.Errorf("entry %+v", e)
	}
}

func TestHead(t *testing.T) {
	f := newTestFront(t, nil)
	res := f.do(t, "HEAD", "/c/b", "", true)
	want(t, res, 200, "")
	if res.ContentLength != 100 {
		t.Errorf("Content-Length %d", res.ContentLength)
	}
	if e := f.emitter.entry(t); e.ResponsePacketSize != 0 || e.Status != "Success" {
		t.Errorf("entry %+v", e)
	}
	f.service.ops["gone"] = &Operation{Name: "GetBlobProperties", Class: Read, Scope: ScopeObject, Run: func(*Call) error { return ErrBlobNotFound }}
	res = f.do(t, "HEAD", "/c/gone", "", true)
	if body := want(t, res, 404, "BlobNotFound"); body != "" {
		t.Errorf("HEAD with a body: %q", body)
	}
}

func TestErrorBody(t *testing.T) {
	f := newTestFront(t, nil)
	f.service.ops["gone"] = &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, Run: func(c *Call) error {
		c.Response.Set("Content-Encoding", "gzip") // of the success it did not become
		return ErrBlobNotFound.With("Extra", "<&>").With("Empty", "")
	}}
	res := f.do(t, "GET", "/c/gone", "", true)
	body := want(t, res, 404, "BlobNotFound")
	re := regexp.MustCompile(`^\x{feff}<\?xml version="1.0" encoding="utf-8"\?><Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.
RequestId:[-0-9a-f]{36}
Time:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z</Message><Extra>&lt;&amp;&gt;</Extra><Empty /></Error>$`)
	if !re.MatchString(body) {
		t.Errorf("body %q", body)
	}
	if res.Header.Get("Content-Type") != "application/xml" || res.Header.Get("Content-Encoding") != "" {
		t.Errorf("headers %v", res.Header)
	}
}

func TestTableErrors(t *testing.T) {
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) { s.kind = Table })
	body := want(t, f.do(t, "POST", "/Tables", "", false, "x-ms-version", "2009-09-19"), 405, "UnsupportedHttpVerb")
	if !strings.Contains(body, "<m:code>UnsupportedHttpVerb</m:code>") {
		t.Errorf("body %q", body)
	}
	body = want(t, f.do(t, "POST", "/Tables", "", false, "Accept", "application/json;odata=nometadata"), 405, "UnsupportedHttpVerb")
	if !strings.HasPrefix(body, `{"odata.error":{"code":"UnsupportedHttpVerb","message":{"lang":"en-US","value":"`) {
		t.Errorf("body %q", body)
	}
}

func TestVersions(t *testing.T) {
	properties := OpenProperties(PropertiesConfig{})
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) { c.Properties, s.public = properties, PublicBlob })
	for _, c := range []struct {
		version string
		status  int
		code    string
	}{
		{"2009-09-19", 200, ""},
		{"2019-12-12", 200, ""},
		{"2026-06-06", 200, ""},
		{string(Newest), 200, ""},
		{"2023-05-03", 200, ""},
		{"2008-10-27", 400, "InvalidHeaderValue"},
		{"2019-12-13", 400, "InvalidHeaderValue"},
		{"2099-01-01", 400, "InvalidHeaderValue"},
		{"nonsense", 400, "InvalidHeaderValue"},
	} {
		res := f.do(t, "GET", "/c/b", "", false, "x-ms-version", c.version)
		body := want(t, res, c.status, c.code)
		if c.code == "" && res.Header.Get("X-Ms-Version") != c.version {
			t.Errorf("%s: answered as %s", c.version, res.Header.Get("X-Ms-Version"))
		} else if c.code != "" && !strings.Contains(body, "<HeaderName>x-ms-version</HeaderName><HeaderValue>"+c.version) {
			t.Errorf("%s: body %s", c.version, body)
		}
	}
	if res := f.do(t, "GET", "/c/b", "", false, "x-ms-version", ""); res.Header.Get("X-Ms-Version") != "2009-09-19" {
		t.Errorf("no version: answered as %s", res.Header.Get("X-Ms-Version"))
	}
	sp := DefaultServiceProperties()
	sp.DefaultServiceVersion = "2015-12-11"
	if err := properties.Set(t.Context(), testAccount(), Blob, sp); err != nil {
		t.Fatal(err)
	}
	if res := f.do(t, "GET", "/c/b", "", false, "x-ms-version", ""); res.Header.Get("X-Ms-Version") != "2015-12-11" {
		t.Errorf("default version: answered as %s", res.Header.Get("X-Ms-Version"))
	}
	if res := f.do(t, "GET", "/c/b?api-version=2014-02-14", "", false, "x-ms-version", ""); res.Header.Get("X-Ms-Version") != "2014-02-14" {
		t.Errorf("api-version: answered as %s", res.Header.Get("X-Ms-Version"))
	}
	want(t, f.do(t, "GET", "/c/b?api-version=x", "", false, "x-ms-version", ""), 400, "InvalidQueryParameterValue")

	all := newTestFront(t, func(c *FrontConfig, s *fakeService) { c.SkipVersionCheck, s.public = true, PublicBlob })
	want(t, all.do(t, "GET", "/c/b", "", false, "x-ms-version", "2099-01-01"), 200, "")
	want(t, all.do(t, "GET", "/c/b", "", false, "x-ms-version", "new"), 400, "InvalidHeaderValue")
}

func TestAddresses(t *testing.T) {
	f := newTestFront(t, nil)
	f.Accounts = testAccounts{"devstoreaccount1": {Name: "devstoreaccount1"}, "acct": {Name: "acct"}}
	for _, c := range []struct {
		host, uri                     string
		account, container, name, key string
		pathStyle, secondary          bool
	}{
		{"127.0.0.1:10000", "/acct/c/b", "acct", "c", "b", "/acct/c/b", true, false},
		{"localhost", "/acct?comp=list", "acct", "", "", "/acct", true, false},
		{"localhost", "/acct/", "acct", "", "", "/acct", true, false},
		{"[::1]:10000", "/acct/c/", "acct", "c", "", "/acct/c", true, false},
		{"some.proxy.example", "/acct/c/x//y", "acct", "c", "x//y", "/acct/c/x//y", true, false},
		{"acct.blob.localhost:10000", "/c/b", "acct", "c", "b", "/acct/c/b", false, false},
		{"ACCT.blob.core.windows.net", "/", "acct", "", "", "/acct", false, false},
		{"acct.blob.core.windows.net", "/c/", "acct", "c", "", "/acct/c", false, false},
		{"acct.blob.core.windows.net", "/c/d/", "acct", "c", "d/", "/acct/c/d/", false, false},
		{"acct.blob.core.windows.net", "/%24logs/a%2Fb%20%C3%A9", "acct", "$logs", "a/b é", "/acct/$logs/a/b é", false, false},
		{"acct-secondary.blob.localhost", "/c", "acct", "c", "", "/acct/c", false, true},
		{"localhost", "/acct-secondary/c/b", "acct", "c", "b", "/acct/c/b", true, true},
		{"localhost", "http://localhost/acct/c/b", "acct", "c", "b", "/acct/c/b", true, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RequestURI, r.Host = c.uri, c.host
		r.URL.Path, _, _ = strings.Cut(strings.TrimPrefix(c.uri, "http://localhost"), "?")
		a, err := f.locate(r)
		if err != nil {
			t.Errorf("%s %s: %v", c.host, c.uri, err)
			continue
		}
		if a.account.Name != c.account || a.container != c.container || a.name != c.name || a.objectKey != c.key || a.pathStyle != c.pathStyle || a.secondary != c.secondary {
			t.Errorf("%s %s: %s %+v", c.host, c.uri, a.account.Name, a)
		}
	}
	for uri, code := range map[string]string{"/nobody/c": "ResourceNotFound", "/": "ResourceNotFound", "/acct/%ff": "InvalidUri", "/acct/%zz": "InvalidUri", "*": "InvalidUri"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RequestURI, r.Host, r.URL.Path = uri, "localhost", uri
		if _, err := f.locate(r); asError(err) == nil || asError(err).Code != code {
			t.Errorf("%s: %v, want %s", uri, err, code)
		}
	}
}

func TestSecondaryIsReadOnly(t *testing.T) {
	f := newTestFront(t, nil)
	f.server.URL += "/devstoreaccount1-secondary/c/b?"
	// Signed by the primary's path, as SDKs for development storage do.
	send := func(method string) *http.Response {
		r, _ := http.NewRequest(method, strings.TrimSuffix(f.server.URL, "?"), strings.NewReader(""))
		signRequest(r, "2021-06-08", testAccount(), testAccount().Keys[0])
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	want(t, send("GET"), 200, "")
	f.emitter.one(t)
	want(t, send("PUT"), 403, "InsufficientAccountPermissions")
	if e := f.emitter.entry(t); e.Status != "AuthorizationError" {
		t.Errorf("status %s", e.Status)
	}
}

func TestBodies(t *testing.T) {
	f := newTestFront(t, nil)
	f.service.ops["small"] = &Operation{Name: "PutBlob", Class: Write, Scope: ScopeObject, MaxBody: 10, Run: fakePut}
	f.service.ops["none"] = &Operation{Name: "CreateContainer", Class: Write, Scope: ScopeContainer, Run: func(c *Call) error { return nil }}
	want(t, f.do(t, "PUT", "/c/small", strings.Repeat("x", 11), true), 413, "RequestBodyTooLarge")
	f.emitter.one(t)
	want(t, f.do(t, "PUT", "/c/small", strings.Repeat("x", 10), true), 201, "")
	f.emitter.one(t)
	want(t, f.do(t, "PUT", "/c/none", "ignored", true), 200, "")
	f.emitter.one(t)
	r, _ := http.NewRequest(http.MethodPut, f.server.URL+"/devstoreaccount1/c/small", io.MultiReader(strings.NewReader("x"))) // chunked
	r.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
	signRequest(r, "2021-06-08", testAccount(), testAccount().Keys[0])
	r.Header.Del("Content-Length")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusLengthRequired && res.StatusCode != http.StatusForbidden { // 403 when the client signed another length
		t.Errorf("chunked: %d", res.StatusCode)
	}
}

func TestPanicIsInternalError(t *testing.T) {
	f := newTestFront(t, nil)
	f.service.ops["p"] = &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, Run: func(*Call) error { panic("boom") }}
	want(t, f.do(t, "GET", "/c/p", "", true), 500, "InternalError")
	if e := f.emitter.entry(t); e.Status != "ServerOtherError" || e.HTTPStatus != "500" {
		t.Errorf("entry %+v", e)
	}
	f.service.ops["p"].Run = func(c *Call) error {
		c.Response.Set("Content-Length", "10000")
		if _, err := io.WriteString(c.Response, strings.Repeat("x", 8000)); err != nil {
			t.Error(err)
		}
		return io.ErrNoProgress
	}
	res := f.do(t, "GET", "/c/p", "", true)
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("a broken answer looked whole")
	}
	if e := f.emitter.entry(t); e.Status != "ServerOtherError" || e.HTTPStatus != "200" || e.ResponsePacketSize != 8000 {
		t.Errorf("entry %+v", e)
	}
}

func TestSystemIdentity(t *testing.T) {
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) {
		c.Throttle = throttleFunc(func(string, bool) bool { return false })
	})
	client := &http.Client{Transport: InProcess(f.Front)}
	r, _ := http.NewRequest(http.MethodPut, "http://localhost/devstoreaccount1/$logs/x", strings.NewReader("12345"))
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	want(t, res, 201, "")
	if res.Header.Get("X-Test-Read") != "5" {
		t.Errorf("headers %v", res.Header)
	}
	res, err = client.Get("http://localhost/devstoreaccount1/$logs/x")
	if err != nil {
		t.Fatal(err)
	}
	if body := want(t, res, 200, ""); len(body) != 100 || res.ContentLength != 100 {
		t.Errorf("body %q, length %d", body, res.ContentLength)
	}
	f.emitter.none(t)
	// The same from the network is an anonymous request, whatever it says.
	want(t, f.do(t, "PUT", "/$logs/x", "12345", false, "X-Ms-System", "true", "Authorization", ""), 401, "NoAuthenticationInformation")
}

func TestInProcessEndsWithItsCaller(t *testing.T) {
	f := newTestFront(t, nil)
	blocked := make(chan struct{})
	f.service.ops["slow"] = &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, Run: func(c *Call) error {
		close(blocked)
		<-c.Context().Done()
		return c.Context().Err()
	}}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-blocked; cancel() }()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/devstoreaccount1/c/slow", nil)
	if res, err := (&http.Client{Transport: InProcess(f.Front)}).Do(r); err == nil {
		res.Body.Close()
		t.Error("a cancelled request was answered")
	}
}

type throttleFunc func(string, bool) bool

func (f throttleFunc) Allow(account string, analytics bool) bool { return f(account, analytics) }

func TestUnknownOperationIsLogged(t *testing.T) {
	f := newTestFront(t, nil)
	want(t, f.do(t, "POST", "/c/b", "", true), 405, "UnsupportedHttpVerb")
	r := f.emitter.one(t)
	entries, err := Entries(r, storagelog.V2)
	if err != nil || entries[0].Operation != "Unknown" || r.Category != "StorageWrite" || entries[0].Version != storagelog.V2 {
		t.Errorf("%+v %v %s", entries, err, r.Category)
	}
}
