package storage

import (
	"context"
	"encoding/base64"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
)

// The vectors are the worked examples of "Authorize with Shared Key" in the
// REST API reference, by their strings to sign.
func TestStringToSign(t *testing.T) {
	h := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Add(pairs[i], pairs[i+1])
		}
		return h
	}
	date := "Fri, 26 Jun 2015 23:39:12 GMT"
	for _, c := range []struct {
		name string
		s    signable
		raw  string
		want string
	}{
		{
			"get container metadata",
			signable{
				kind: Blob, version: "2015-02-21", account: "myaccount", path: "/mycontainer", method: "GET",
				header: h("X-Ms-Date", date, "X-Ms-Version", "2015-02-21"),
			},
			"comp=metadata&restype=container&timeout=20",
			"GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:" + date + "\nx-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20",
		},
		{
			"list blobs with several includes",
			signable{
				kind: Blob, version: "2015-02-21", account: "myaccount", path: "/mycontainer", method: "GET",
				header: h("X-Ms-Date", date, "X-Ms-Version", "2015-02-21"),
			},
			"restype=container&comp=list&include=snapshots&include=metadata&include=uncommittedblobs",
			"GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:" + date + "\nx-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:list\ninclude:metadata,snapshots,uncommittedblobs\nrestype:container",
		},
		{
			"secondary",
			signable{
				kind: Blob, version: "2015-02-21", account: "myaccount", path: "/mycontainer/myblob", method: "GET",
				header: h("Date", date, "X-Ms-Version", "2015-02-21"),
			},
			"", "GET\n\n\n\n\n\n" + date + "\n\n\n\n\n\nx-ms-version:2015-02-21\n/myaccount/mycontainer/myblob",
		},
		{
			"empty body before 2015-02-21",
			signable{
				kind: Blob, version: "2014-02-14", account: "a", path: "/c", method: "PUT",
				header: h("X-Ms-Date", date, "Content-Length", "0"),
			},
			"restype=container", "PUT\n\n\n0\n\n\n\n\n\n\n\n\nx-ms-date:" + date + "\n/a/c\nrestype:container",
		},
		{
			"empty body from 2015-02-21 on",
			signable{
				kind: Blob, version: "2015-02-21", account: "a", path: "/c", method: "PUT",
				header: h("X-Ms-Date", date, "Content-Length", "0"),
			},
			"RESTYPE=container", "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:" + date + "\n/a/c\nrestype:container",
		},
		{
			"all headers, white space, path style",
			signable{
				kind: Blob, version: "2019-12-12", account: "a", path: "/a/c/b%20b", method: "PUT",
				header: h("Content-Encoding", "gzip", "Content-Language", "de", "Content-Length", "5", "Content-Md5", "m==", "Content-Type", "t",
					"If-Modified-Since", "ims", "If-Match", "im", "If-None-Match", "inm", "If-Unmodified-Since", "ius", "Range", "bytes=0-",
					"X-Ms-Date", date, "X-Ms-Meta-B", "  b  c ", "X-Ms-Meta-A", "1", "X-Ms-Meta-A", "2", "User-Agent", "no"),
			},
			"prefix=a%2Fb", "PUT\ngzip\nde\n5\nm==\nt\n\nims\nim\ninm\nius\nbytes=0-\nx-ms-date:" + date + "\nx-ms-meta-a:1,2\nx-ms-meta-b:b  c\n/a/a/c/b%20b\nprefix:a/b",
		},
		{
			"lite",
			signable{
				kind: Blob, version: "2009-09-19", lite: true, account: "myaccount", path: "/mycontainer", method: "PUT",
				header: h("Content-Type", "text/plain", "Content-Length", "11", "X-Ms-Date", date, "X-Ms-Meta-M1", "v1"),
			},
			"restype=container&comp=metadata&timeout=20", "PUT\n\ntext/plain\n\nx-ms-date:" + date + "\nx-ms-meta-m1:v1\n/myaccount/mycontainer?comp=metadata",
		},
		{
			"table",
			signable{
				kind: Table, version: "2015-12-11", account: "a", path: "/Tables", method: "POST",
				header: h("Content-Type", "application/json", "X-Ms-Date", date, "X-Ms-Version", "2015-12-11"),
			},
			"comp=properties", "POST\n\napplication/json\n" + date + "\n/a/Tables?comp=properties",
		},
		{
			"table lite",
			signable{
				kind: Table, version: "2015-12-11", lite: true, account: "a", path: "/Tables", method: "POST",
				header: h("Content-Type", "application/json", "Date", date),
			},
			"", date + "\n/a/Tables",
		},
	} {
		q, err := parseQuery(c.raw)
		if err != nil {
			t.Fatal(err)
		}
		c.s.query = q
		if got := string(c.s.appendText(nil)); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestSharedKeyRefusals(t *testing.T) {
	f := newTestFront(t, nil)
	now := time.Now().UTC()
	f.Now = func() time.Time { return now }
	get := func(change func(*http.Request)) *http.Response {
		r, _ := http.NewRequest(http.MethodGet, f.server.URL+"/devstoreaccount1/c/b", nil)
		signRequest(r, "2021-06-08", testAccount(), testAccount().Keys[0])
		change(r)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	resign := func(date time.Time) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("X-Ms-Date", date.Format(http.TimeFormat))
			signRequest(r, "2021-06-08", testAccount(), testAccount().Keys[0])
		}
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		status int
		code   string
		detail string
	}{
		{"other header", func(r *http.Request) { r.Header.Set("X-Ms-Meta-A", "1") }, 403, "AuthenticationFailed", "Server used following string to sign: 'GET"},
		{"other query", func(r *http.Request) { r.URL.RawQuery = "comp=list" }, 403, "AuthenticationFailed", "is not the same as any computed signature"},
		{"other path", func(r *http.Request) { r.URL.Path += "x" }, 403, "AuthenticationFailed", "is not the same"},
		{"other method", func(r *http.Request) { r.Method = "DELETE" }, 403, "AuthenticationFailed", "is not the same"},
		{"no scheme", func(r *http.Request) { r.Header.Set("Authorization", "abc") }, 400, "InvalidAuthenticationInfo", ""},
		{"other scheme", func(r *http.Request) { r.Header.Set("Authorization", "Basic YTpi") }, 400, "InvalidAuthenticationInfo", ""},
		{"no account", func(r *http.Request) { r.Header.Set("Authorization", "SharedKey :YTpi") }, 400, "InvalidAuthenticationInfo", ""},
		{"no signature", func(r *http.Request) { r.Header.Set("Authorization", "SharedKey devstoreaccount1:") }, 400, "InvalidAuthenticationInfo", ""},
		{"not base64", func(r *http.Request) { r.Header.Set("Authorization", "SharedKey devstoreaccount1:%%%") }, 400, "InvalidAuthenticationInfo", ""},
		{"other account", func(r *http.Request) { r.Header.Set("Authorization", "SharedKey somebody:YTpi") }, 403, "AuthenticationFailed", "somebody"},
		{"bearer", func(r *http.Request) { r.Header.Set("Authorization", "Bearer abc.def") }, 401, "InvalidAuthenticationInfo", "Bearer tokens are not supported"},
		{"no date", func(r *http.Request) { r.Header.Del("X-Ms-Date") }, 403, "AuthenticationFailed", "Neither the x-ms-date"},
		{"bad date", func(r *http.Request) { r.Header.Set("X-Ms-Date", "today") }, 403, "AuthenticationFailed", "is not a date"},
		{"too old", resign(now.Add(-15*time.Minute - 2*time.Second)), 403, "AuthenticationFailed", "Request date header too old"},
		{"too new", resign(now.Add(15*time.Minute + 2*time.Second)), 403, "AuthenticationFailed", "too far in the future"},
		{"old enough", resign(now.Add(-15*time.Minute + 2*time.Second)), 200, "", ""},
		{"second key", func(r *http.Request) { signRequest(r, "2021-06-08", testAccount(), testAccount().Keys[1]) }, 200, "", ""},
		{"wrong key", func(r *http.Request) { signRequest(r, "2021-06-08", testAccount(), []byte("guess")) }, 403, "AuthenticationFailed", ""},
		{"empty key", func(r *http.Request) { signRequest(r, "2021-06-08", testAccount(), nil) }, 403, "AuthenticationFailed", ""},
	} {
		res := get(c.change)
		body := want(t, res, c.status, c.code)
		if !strings.Contains(body, c.detail) {
			t.Errorf("%s: body %s", c.name, body)
		}
		if c.status == 401 && res.Header.Get("Www-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", c.name)
		}
		if c.status == 200 {
			f.emitter.one(t)
		} else {
			f.emitter.none(t) // nobody proved anything
		}
	}
}

// An account whose second key is empty must not be signed for with it.
func TestEmptyKeyNeverSigns(t *testing.T) {
	a := testAccount()
	a.Keys[1] = nil
	f := newTestFront(t, func(c *FrontConfig, _ *fakeService) { c.Accounts = testAccounts{a.Name: a} })
	r, _ := http.NewRequest(http.MethodGet, f.server.URL+"/devstoreaccount1/c/b", nil)
	signRequest(r, "2021-06-08", a, nil)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	want(t, res, 403, "AuthenticationFailed")
}

func TestKeyRotation(t *testing.T) {
	a := testAccount()
	accounts := testAccounts{a.Name: a}
	f := newTestFront(t, func(c *FrontConfig, _ *fakeService) { c.Accounts = accounts })
	want(t, f.do(t, "GET", "/c/b", "", true), 200, "")
	rotated := *a
	rotated.Keys[0] = []byte("new")
	accounts[a.Name] = &rotated
	want(t, f.do(t, "GET", "/c/b", "", true), 403, "AuthenticationFailed")
}

// White space that a client folded before it signed.
func TestFoldedWhiteSpace(t *testing.T) {
	f := newTestFront(t, nil)
	r, _ := http.NewRequest(http.MethodGet, f.server.URL+"/devstoreaccount1/c/b", nil)
	r.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
	r.Header.Set("X-Ms-Version", "2021-06-08")
	r.Header.Set("X-Ms-Meta-A", "one   two\tthree")
	s := signable{kind: Blob, version: "2021-06-08", account: "devstoreaccount1", path: "/devstoreaccount1/c/b", method: "GET", header: r.Header, fold: true}
	mac := newSigner(testAccount().Keys[0]).sign(s.appendText(nil))
	r.Header.Set("Authorization", "SharedKey devstoreaccount1:"+base64.StdEncoding.EncodeToString(mac[:]))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	want(t, res, 200, "")
}

// Requests that the Azure SDK signs are accepted, whatever it puts in them.
func TestSDKSignatures(t *testing.T) {
	f := newTestFront(t, nil)
	cred, err := azblob.NewSharedKeyCredential("devstoreaccount1", testKey)
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	options := &blockblob.ClientOptions{ClientOptions: azcore.ClientOptions{
		Retry: policy.RetryOptions{MaxRetries: -1},
		PerCallPolicies: []policy.Policy{policyFunc(func(r *policy.Request) (*http.Response, error) {
			versions = append(versions, r.Raw().Header.Get("X-Ms-Version"))
			return r.Next()
		})},
	}}
	for _, name := range []string{"plain", "with space", "sl/ash", "ünï/ß", "a+b&c=d;e'f\"g", "100%", "$x!*()~"} {
		c, err := blockblob.NewClientWithSharedKeyCredential(f.server.URL+"/devstoreaccount1/cont/"+escapeName(name), cred, options)
		if err != nil {
			t.Fatal(err)
		}
		meta := map[string]*string{"a_b": ptr("x"), "a1": ptr("two  words"), "ab": ptr("y"), "A": ptr("z")}
		if _, err := c.Upload(t.Context(), readSeek("hello"), &blockblob.UploadOptions{
			Metadata:    meta,
			HTTPHeaders: &blob.HTTPHeaders{BlobContentType: ptr("text/x"), BlobContentEncoding: ptr("gzip")},
		}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if e := f.emitter.entry(t); e.ObjectKey != "/devstoreaccount1/cont/"+name {
			t.Errorf("object key %q, want %q", e.ObjectKey, name)
		}
		if _, err := c.Upload(t.Context(), readSeek(""), nil); err != nil {
			t.Fatalf("%s, empty: %v", name, err)
		}
		f.emitter.one(t)
		if _, err := c.DownloadStream(t.Context(), &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: 1, Count: 2}}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f.emitter.one(t)
		if _, err := c.Delete(context.Background(), nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f.emitter.one(t)
	}
}

// Metadata names in every order the SDK's comparison has.
func TestHeaderOrderOfTheSDK(t *testing.T) {
	f := newTestFront(t, nil)
	cred, err := azblob.NewSharedKeyCredential("devstoreaccount1", testKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := blockblob.NewClientWithSharedKeyCredential(f.server.URL+"/devstoreaccount1/cont/b", cred, nil)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		meta := map[string]*string{}
		for range 6 {
			name := "m"
			for range 1 + rnd.IntN(4) {
				name += string("ab1_-."[rnd.IntN(6)])
			}
			meta[name] = ptr("v")
		}
		if _, err := c.Upload(t.Context(), readSeek("x"), &blockblob.UploadOptions{Metadata: meta}); err != nil {
			t.Fatalf("%v: %v", slices.Sorted(maps.Keys(meta)), err)
		}
		f.emitter.one(t)
	}
}

type policyFunc func(*policy.Request) (*http.Response, error)

func (f policyFunc) Do(r *policy.Request) (*http.Response, error) { return f(r) }

func ptr[T any](v T) *T { return &v }

func escapeName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '/' {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[c>>4])+string("0123456789abcdef"[c&15])))
		}
	}
	return b.String()
}

type seekCloser struct{ *strings.Reader }

func (seekCloser) Close() error { return nil }

func readSeek(s string) io.ReadSeekCloser { return seekCloser{strings.NewReader(s)} }
