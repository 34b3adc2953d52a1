package storage

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

// sdkSAS signs with the Azure SDK.
func sdkSAS(t *testing.T, v interface {
	SignWithSharedKey(*sas.SharedKeyCredential) (sas.QueryParameters, error)
},
) string {
	t.Helper()
	cred, err := azblob.NewSharedKeyCredential("devstoreaccount1", testKey)
	if err != nil {
		t.Fatal(err)
	}
	q, err := v.SignWithSharedKey(cred)
	if err != nil {
		t.Fatal(err)
	}
	return q.Encode()
}

// handSAS signs the parameters of a query as the given text.
func handSAS(q url.Values, text string) string {
	mac := newSigner(testAccount().Keys[0]).sign([]byte(text))
	q.Set("sig", base64.StdEncoding.EncodeToString(mac[:]))
	return q.Encode()
}

func TestSDKServiceSAS(t *testing.T) {
	f := newTestFront(t, nil)
	now := time.Now().UTC()
	for _, c := range []struct {
		name string
		v    sas.BlobSignatureValues
		path string
	}{
		{"container", sas.BlobSignatureValues{ContainerName: "cont", Permissions: "r"}, "/cont/some/blob"},
		{"blob", sas.BlobSignatureValues{ContainerName: "cont", BlobName: "dir/a b", Permissions: "r"}, "/cont/dir/a%20b"},
		{"all fields", sas.BlobSignatureValues{
			ContainerName: "cont", BlobName: "b", Permissions: "racwd", Protocol: sas.ProtocolHTTPSandHTTP, StartTime: now.Add(-time.Hour),
			IPRange: sas.IPRange{Start: []byte{127, 0, 0, 1}, End: []byte{127, 0, 0, 9}}, CacheControl: "no-cache", ContentDisposition: "attachment; filename=x", ContentEncoding: "e", ContentLanguage: "l", ContentType: "app/x",
		}, "/cont/b"},
		{"snapshot", sas.BlobSignatureValues{ContainerName: "cont", BlobName: "b", Permissions: "r", SnapshotTime: time.Date(2020, 1, 2, 3, 4, 5, 6700, time.UTC)}, "/cont/b?snapshot=2020-01-02T03:04:05.0000067Z"},
	} {
		c.v.ExpiryTime = now.Add(time.Hour)
		q := sdkSAS(t, c.v)
		join := "?"
		if strings.Contains(c.path, "?") {
			join = "&"
		}
		body := want(t, f.do(t, "GET", c.path+join+q, "", false, "x-ms-version", ""), 200, "")
		if len(body) != 100 {
			t.Errorf("%s: body %q", c.name, body)
		}
		e := f.emitter.entry(t)
		if e.Status != "SASSuccess" || e.AuthType != "sas" || e.RequesterAccount != "" || !strings.Contains(e.URL, "sig=XXXXX") {
			t.Errorf("%s: %+v", c.name, e)
		}
		if sig := mustQuery(t, q).Get("sig"); strings.Contains(string(f.emitter.records[len(f.emitter.records)-1].Line), url.QueryEscape(sig)) {
			t.Errorf("%s: the signature was logged", c.name)
		}
	}
	q := sdkSAS(t, sas.BlobSignatureValues{
		ContainerName: "cont", BlobName: "b", Permissions: "r", ExpiryTime: now.Add(time.Hour),
		CacheControl: "no-cache", ContentDisposition: "inline", ContentEncoding: "e", ContentLanguage: "l", ContentType: "app/x",
	})
	res := f.do(t, "GET", "/cont/b?"+q, "", false, "x-ms-version", "")
	for name, value := range map[string]string{"Cache-Control": "no-cache", "Content-Disposition": "inline", "Content-Encoding": "e", "Content-Language": "l", "Content-Type": "app/x"} {
		if got := res.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	f.emitter.one(t)
	// What is signed for one blob is of no use for another, nor for its container.
	want(t, f.do(t, "GET", "/cont/c?"+q, "", false, "x-ms-version", ""), 403, "AuthenticationFailed")
	want(t, f.do(t, "GET", "/other/b?"+q, "", false, "x-ms-version", ""), 403, "AuthenticationFailed")
	f.emitter.none(t)
	want(t, f.do(t, "DELETE", "/cont/b?"+q, "", false, "x-ms-version", ""), 403, "AuthorizationPermissionMismatch")
	if e := f.emitter.entry(t); e.Status != "SASAuthorizationError" {
		t.Errorf("status %s", e.Status)
	}
}

func mustQuery(t *testing.T, s string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(s)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// The strings to sign of every age, written out by hand.
func TestServiceSASVersions(t *testing.T) {
	f := newTestFront(t, nil)
	se := time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05Z")
	for _, c := range []struct {
		version string
		q       string
		text    string
	}{
		{"", "sp=r&sr=b", "r\n\n" + se + "\n/devstoreaccount1/cont/b\n"},
		{"2012-02-12", "sp=r&sr=b", "r\n\n" + se + "\n/devstoreaccount1/cont/b\n\n2012-02-12"},
		{"2013-08-15", "sp=r&sr=c&rsct=x/y", "r\n\n" + se + "\n/devstoreaccount1/cont\n\n2013-08-15\n\n\n\n\nx/y"},
		{"2015-02-21", "sp=r&sr=b", "r\n\n" + se + "\n/blob/devstoreaccount1/cont/b\n\n2015-02-21\n\n\n\n\n"},
		{"2015-04-05", "sp=r&sr=b&sip=127.0.0.1&spr=https,http", "r\n\n" + se + "\n/blob/devstoreaccount1/cont/b\n\n127.0.0.1\nhttps,http\n2015-04-05\n\n\n\n\n"},
		{"2018-11-09", "sp=r&sr=b", "r\n\n" + se + "\n/blob/devstoreaccount1/cont/b\n\n\n\n2018-11-09\nb\n\n\n\n\n\n"},
		{"2018-11-09", "sp=r&sr=bs&snapshot=2020-01-02T03:04:05.0000000Z", "r\n\n" + se + "\n/blob/devstoreaccount1/cont/b\n\n\n\n2018-11-09\nbs\n2020-01-02T03:04:05.0000000Z\n\n\n\n\n"},
		{"2020-12-06", "sp=r&sr=b&ses=scope", "r\n\n" + se + "\n/blob/devstoreaccount1/cont/b\n\n\n\n2020-12-06\nb\n\nscope\n\n\n\n\n"},
	} {
		q := mustQuery(t, c.q)
		q.Set("se", se)
		if c.version != "" {
			q.Set("sv", c.version)
		}
		res := f.do(t, "GET", "/cont/b?"+handSAS(q, c.text), "", false, "x-ms-version", "2021-06-08")
		want(t, res, 200, "")
		if v := q.Get("rsct"); v != "" && res.Header.Get("Content-Type") != v {
			t.Errorf("%s: Content-Type %q", c.version, res.Header.Get("Content-Type"))
		}
		f.emitter.one(t)
	}
	// The version of the signature is that of the request when nothing else says.
	q := mustQuery(t, "sp=r&sr=b&sv=2015-04-05&se="+se)
	res := f.do(t, "GET", "/cont/b?"+handSAS(q, "r\n\n"+se+"\n/blob/devstoreaccount1/cont/b\n\n\n\n2015-04-05\n\n\n\n\n"), "", false, "x-ms-version", "")
	if res.Header.Get("X-Ms-Version") != "2015-04-05" {
		t.Errorf("answered as %s", res.Header.Get("X-Ms-Version"))
	}
}

func TestQueueAndTableSAS(t *testing.T) {
	se := time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05Z")
	op := map[string]*Operation{"messages": {Name: "GetMessages", Class: Write, Scope: ScopeObject, SAS: "p", ServiceSAS: true, Run: func(*Call) error { return nil }}}
	queue := newTestFront(t, func(c *FrontConfig, s *fakeService) { s.kind, s.ops = Queue, op })
	q := mustQuery(t, "sp=p&sv=2019-12-12&se="+se)
	want(t, queue.do(t, "GET", "/q/messages?"+handSAS(q, "p\n\n"+se+"\n/queue/devstoreaccount1/q\n\n\n\n2019-12-12"), "", false), 200, "")
	want(t, queue.do(t, "GET", "/r/messages?"+handSAS(q, "p\n\n"+se+"\n/queue/devstoreaccount1/q\n\n\n\n2019-12-12"), "", false), 403, "AuthenticationFailed")

	table := newTestFront(t, func(c *FrontConfig, s *fakeService) {
		s.kind, s.ops = Table, map[string]*Operation{"": {Name: "QueryEntities", Class: Read, Scope: ScopeObject, SAS: "r", ServiceSAS: true, Run: func(*Call) error { return nil }}}
	})
	q = mustQuery(t, "sp=r&sv=2019-12-12&tn=MyTable&spk=a&srk=b&epk=c&erk=d&se="+se)
	want(t, table.do(t, "GET", "/MyTable?"+handSAS(q, "r\n\n"+se+"\n/table/devstoreaccount1/mytable\n\n\n\n2019-12-12\na\nb\nc\nd"), "", false), 200, "")
	q.Del("tn")
	want(t, table.do(t, "GET", "/MyTable?"+handSAS(q, "x"), "", false), 403, "AuthenticationFailed")
}

func TestAccountSAS(t *testing.T) {
	f := newTestFront(t, nil)
	f.service.ops["service"] = &Operation{Name: "ListContainers", Class: Read, Scope: ScopeService, SAS: "l", Run: func(*Call) error { return nil }}
	f.service.ops["never"] = &Operation{Name: "X", Class: Read, Scope: ScopeObject, Run: func(*Call) error { return nil }}
	f.service.ops["both"] = &Operation{Name: "Y", Class: Read, Scope: ScopeObject, SAS: "x", AccountSAS: "r", Run: func(*Call) error { return nil }}
	now := time.Now().UTC()
	sign := func(permissions, types string) string {
		return sdkSAS(t, sas.AccountSignatureValues{Permissions: permissions, ResourceTypes: types, ExpiryTime: now.Add(time.Hour)})
	}
	for _, c := range []struct {
		name, method, path, query string
		status                    int
		code                      string
	}{
		{"get", "GET", "/c/b", sign("r", "o"), 200, ""},
		{"put", "PUT", "/c/b", sign("rw", "sco"), 201, ""},
		{"list", "GET", "/c/service", sign("rl", "s"), 200, ""},
		{"own letters", "GET", "/c/both", sign("r", "o"), 200, ""},
		{"wrong type", "GET", "/c/b", sign("r", "sc"), 403, "AuthorizationResourceTypeMismatch"},
		{"wrong permission", "DELETE", "/c/b", sign("rwl", "o"), 403, "AuthorizationPermissionMismatch"},
		{"no SAS may", "GET", "/c/never", sign("rwdlacup", "sco"), 403, "AuthorizationPermissionMismatch"},
	} {
		want(t, f.do(t, c.method, c.path+"?"+c.query, "", false), c.status, c.code)
		e := f.emitter.entry(t) // also when refused: the signature was valid
		if c.code != "" && e.Status != "SASAuthorizationError" {
			t.Errorf("%s: status %s", c.name, e.Status)
		}
	}
	q := mustQuery(t, "sv=2015-04-05&ss=qt&srt=o&sp=r&se=2099-01-01")
	want(t, f.do(t, "GET", "/c/b?"+handSAS(q, "devstoreaccount1\nr\nqt\no\n\n2099-01-01\n\n\n2015-04-05\n"), "", false), 403, "AuthorizationServiceMismatch")
	q.Set("sv", "2014-02-14")
	want(t, f.do(t, "GET", "/c/b?"+handSAS(q, "x"), "", false), 403, "AuthenticationFailed")
	// A service SAS for an operation that only an account SAS may call.
	se := "2099-01-01"
	q = mustQuery(t, "sp=l&sr=c&sv=2018-11-09&se="+se)
	want(t, f.do(t, "GET", "/c/service?"+handSAS(q, "l\n\n"+se+"\n/blob/devstoreaccount1/c\n\n\n\n2018-11-09\nc\n\n\n\n\n\n"), "", false), 403, "AuthorizationFailure")
}

func TestSASRefusals(t *testing.T) {
	f := newTestFront(t, nil)
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	f.Now = func() time.Time { return now }
	text := func(q url.Values) string {
		return sasQuery{q}.serviceText(Blob, "/blob/devstoreaccount1/c/b", Version(q.Get("sv")))
	}
	for _, c := range []struct {
		name   string
		q      string
		code   string
		detail string
		logged bool
	}{
		{"expired", "sp=r&sr=b&sv=2019-12-12&se=2026-05-06T07:08:09Z", "AuthenticationFailed", "Signature not valid in the specified time frame: Start [", false},
		{"expired by the day", "sp=r&sr=b&sv=2019-12-12&se=2026-05-06", "AuthenticationFailed", "Expiry [Wed, 06 May 2026 00:00:00 GMT] - Current [Wed, 06 May 2026 07:08:09 GMT]", false},
		{"not yet", "sp=r&sr=b&sv=2019-12-12&st=2026-05-06T07:09Z&se=2027-01-01", "AuthenticationFailed", "Start [Wed, 06 May 2026 07:09:00 GMT]", false},
		{"backwards", "sp=r&sr=b&sv=2019-12-12&st=2027-05-06&se=2026-06-01", "AuthenticationFailed", "must be after signed start time", false},
		{"no expiry", "sp=r&sr=b&sv=2019-12-12", "AuthenticationFailed", "se is not in correct form", false},
		{"bad expiry", "sp=r&sr=b&sv=2019-12-12&se=soon", "AuthenticationFailed", "se is not in correct form", false},
		{"bad start", "sp=r&sr=b&sv=2019-12-12&st=soon&se=2027-01-01", "AuthenticationFailed", "st is not in correct form", false},
		{"no permissions", "sr=b&sv=2019-12-12&se=2027-01-01", "AuthenticationFailed", "sp is not in correct form", false},
		{"bad permissions", "sp=r%3F&sr=b&sv=2019-12-12&se=2027-01-01", "AuthenticationFailed", "sp is not in correct form", false},
		{"no resource", "sp=r&sv=2019-12-12&se=2027-01-01", "AuthenticationFailed", "sr is mandatory", false},
		{"directory", "sp=r&sr=d&sdd=1&sv=2020-02-10&se=2027-01-01", "AuthenticationFailed", "sr is mandatory", false},
		{"snapshot without", "sp=r&sr=bs&sv=2019-12-12&se=2027-01-01", "AuthenticationFailed", "snapshot", false},
		{"user delegation", "sp=r&sr=b&sv=2019-12-12&se=2027-01-01&skoid=x", "AuthenticationFailed", "User delegation", false},
		{"twice", "sp=r&sp=w&sr=b&sv=2019-12-12&se=2027-01-01", "AuthenticationFailed", "more than once", false},
		{"https only", "sp=r&sr=b&sv=2019-12-12&se=2027-01-01&spr=https", "AuthorizationProtocolMismatch", "", true},
		{"other address", "sp=r&sr=b&sv=2019-12-12&se=2027-01-01&sip=10.0.0.1", "AuthorizationSourceIPMismatch", "127.0.0.1", true},
		{"bad address", "sp=r&sr=b&sv=2019-12-12&se=2027-01-01&sip=here", "AuthorizationSourceIPMismatch", "", true},
		{"container operation", "sp=l&sr=b&sv=2019-12-12&se=2027-01-01&restype=x", "AuthorizationPermissionMismatch", "", true},
		{"unknown policy", "sr=b&sv=2019-12-12&si=none", "AuthenticationFailed", "SAS identifier cannot be found", false},
	} {
		q := mustQuery(t, c.q)
		res := f.do(t, "GET", "/c/b?"+handSAS(q, text(q)), "", false)
		if body := want(t, res, 403, c.code); !strings.Contains(body, c.detail) {
			t.Errorf("%s: body %s", c.name, body)
		}
		if c.logged {
			if e := f.emitter.entry(t); e.Status != "SASAuthorizationError" || e.HTTPStatus != "403" {
				t.Errorf("%s: %+v", c.name, e)
			}
		} else {
			f.emitter.none(t)
		}
	}
	q := mustQuery(t, "sp=r&sr=b&sv=2019-12-12&se=2027-01-01")
	q.Set("sig", "AAAA")
	if body := want(t, f.do(t, "GET", "/c/b?"+q.Encode(), "", false), 403, "AuthenticationFailed"); !strings.Contains(body, "Signature did not match. String to sign used was r\n\n2027-01-01\n/blob/devstoreaccount1/c/b") {
		t.Errorf("body %s", body)
	}
	want(t, f.do(t, "GET", "/c/b?sv=2019-12-12&sig=", "", false), 403, "AuthenticationFailed")
	want(t, f.do(t, "GET", "/c/b?sv=2099-01-01&sig=AAAA", "", false, "x-ms-version", ""), 403, "AuthenticationFailed")
}

func TestStoredPolicies(t *testing.T) {
	f := newTestFront(t, nil)
	f.service.policies = []AccessPolicy{
		{ID: "full", Start: "2020-01-01", Expiry: "2099-01-01", Permission: "rd"},
		{ID: "part", Expiry: "2099-01-01"},
		{ID: "old", Expiry: "2020-01-01", Permission: "r"},
	}
	get := func(method, query string) *http.Response {
		q := mustQuery(t, query+"&sr=c&sv=2019-12-12")
		return f.do(t, method, "/c/b?"+handSAS(q, sasQuery{q}.serviceText(Blob, "/blob/devstoreaccount1/c", "2019-12-12")), "", false)
	}
	want(t, get("GET", "si=full"), 200, "")
	want(t, get("DELETE", "si=full"), 202, "")
	want(t, get("PUT", "si=full"), 403, "AuthorizationPermissionMismatch")
	want(t, get("GET", "si=part&sp=r"), 200, "")
	want(t, get("GET", "si=part"), 403, "AuthenticationFailed")
	want(t, get("GET", "si=old"), 403, "AuthenticationFailed")
	if body := want(t, get("GET", "si=full&sp=r"), 403, "AuthenticationFailed"); !strings.Contains(body, "but not both") {
		t.Errorf("body %s", body)
	}
	want(t, get("GET", "si=full&se=2030-01-01"), 403, "AuthenticationFailed")
}

func TestSignedAddresses(t *testing.T) {
	for _, c := range []struct {
		signed, ip string
		want       bool
	}{
		{"", "1.2.3.4", true},
		{"1.2.3.4", "1.2.3.4", true},
		{"1.2.3.4", "1.2.3.5", false},
		{"1.2.3.4-1.2.3.6", "1.2.3.6", true},
		{"1.2.3.4-1.2.3.6", "1.2.3.7", false},
		{"1.2.3.4-x", "1.2.3.4", false},
		{"::1", "::1", true},
		{"1.2.3.0-1.2.4.0", "::1", false},
		{"0.0.0.0-::", "1.1.1.1", false},
	} {
		if got := (&signature{ip: c.signed}).allowsIP(netip.MustParseAddr(c.ip)); got != c.want {
			t.Errorf("%q allows %s: %v", c.signed, c.ip, got)
		}
	}
}
