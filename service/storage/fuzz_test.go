package storage

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"reslog/record"
	"reslog/storagelog"
)

// FuzzSharedKey: no header makes the canonical form panic, verify by itself, or
// depend on the order of a map.
func FuzzSharedKey(f *testing.F) {
	f.Add("GET", "/a/c/b?comp=list", "SharedKey devstoreaccount1:YWJj", "x-ms-meta-a", "v", "2021-06-08")
	f.Add("PUT", "/devstoreaccount1/%24logs/x?a=1&A=2", "SharedKeyLite devstoreaccount1:YWJj", "x-ms-meta-a-b", "  a\t b ", "2009-09-19")
	front := NewFront(FrontConfig{Service: &fakeService{kind: Blob}, Accounts: testAccounts{"devstoreaccount1": testAccount()}, SkipVersionCheck: true})
	f.Fuzz(func(t *testing.T, method, uri, authorization, name, value, version string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		path, query, _ := strings.Cut(uri, "?")
		r.Method, r.RequestURI, r.URL.Path, r.URL.RawQuery = method, uri, path, query
		r.Header = http.Header{
			"Authorization": {authorization}, http.CanonicalHeaderKey(name): {value}, "X-Ms-Version": {version},
			"X-Ms-Date": {time.Now().UTC().Format(http.TimeFormat)}, "X-Ms-Meta-A": {"1"}, "X-Ms-Meta-A-B": {"2"},
		}
		w := httptest.NewRecorder()
		front.ServeHTTP(w, r)
		if w.Code < 300 {
			t.Errorf("%d without a key", w.Code)
		}
		q, err := parseQuery(query)
		if err != nil {
			return
		}
		s := signable{kind: Blob, version: Version(version), account: "a", path: path, query: q, method: method, header: r.Header}
		for _, v := range append(s.variants(), s) {
			if !bytes.Equal(v.appendText(nil), v.appendText(nil)) {
				t.Error("the string to sign is not always the same")
			}
		}
	})
}

// FuzzSAS: nothing that is not signed gets in, whatever its parameters.
func FuzzSAS(f *testing.F) {
	f.Add("/c/b", "sv=2019-12-12&sr=b&sp=r&se=2099-01-01&sig=YWJj")
	f.Add("/c", "sv=2020-12-06&ss=b&srt=sco&sp=rwd&se=2099-01-01&sip=1.2.3.4-5.6.7.8&spr=https&sig=YWJj")
	f.Add("/c/b", "sv=2012-02-12&sr=c&si=policy&sig=YWJj&rsct=x")
	f.Add("/c/b", "sv=2018-11-09&sr=b&sp=r&se=2099-01-01&skoid=a&sktid=b&skt=2020-01-01&ske=2099-01-01&sks=b&skv=2018-11-09&sig=YWJj")
	f.Add("/c/b", "sv=2026-04-06&sr=bs&snapshot=x&sp=r&se=2099-01-01&skoid=a&sktid=b&skt=2020-01-01&ske=2099-01-01&sks=b&skv=2018-11-09&saoid=c&scid=d&sduoid=e&skdutid=f&srh=Host,a,&srq=sig,,A&ses=g&sig=YWJj")
	front := NewFront(FrontConfig{
		Authority: newFakeAuthority(), DelegationSecret: []byte("secret"),
		Service:  &fakeService{kind: Blob, policies: []AccessPolicy{{ID: "policy", Expiry: "2099-01-01", Permission: "r"}}},
		Accounts: testAccounts{"devstoreaccount1": testAccount()},
	})
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RequestURI = "/devstoreaccount1" + path + "?" + query
		r.URL.Path, r.URL.RawQuery = "/devstoreaccount1"+path, query
		w := httptest.NewRecorder()
		front.ServeHTTP(w, r)
		if w.Code < 300 {
			t.Errorf("%d without a signature", w.Code)
		}
	})
}

// FuzzProperties: what is accepted reads back as the same.
func FuzzProperties(f *testing.F) {
	f.Add([]byte(doc(loggingOn)), "2021-06-08")
	f.Add([]byte(doc(loggingOff+"<Metrics>"+metricsOn+"</Metrics>")), "2009-09-19")
	f.Add([]byte(doc(cors(rule("http://a,http://b", "GET", "x*", "", "5")))), "2013-08-15")
	f.Fuzz(func(t *testing.T, body []byte, version string) {
		sp, err := parseServiceProperties(body, Blob, Version(version), DefaultServiceProperties())
		if err != nil {
			if e := asError(err); e == nil || e.Status != 400 {
				t.Errorf("refused with %v", err)
			}
			return
		}
		out := appendServiceProperties(nil, Blob, Newest, sp)
		again, err := parseServiceProperties(out, Blob, Newest, DefaultServiceProperties())
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		a, _ := json.Marshal(sp)
		b, _ := json.Marshal(again)
		if sp.HourMetrics.Enabled && sp.MinuteMetrics.Enabled && !bytes.Equal(a, b) {
			t.Errorf("%s became %s", a, b)
		}
	})
}

// FuzzEntries: no bytes make the scanner panic, and what a request can hold
// comes back.
func FuzzEntries(f *testing.F) {
	f.Add([]byte(`{"operationName":"GetBlob","statusCode":200,"properties":{"accountName":"a","etag":"\"x\"","serverLatencyMs":5}}`), []byte{}, "agent")
	f.Add([]byte(`{"a":{"b":{"c":"d"}},"time":"`), []byte{1, 'a', 0, 0, 0}, "\xff\"\\\n")
	f.Fuzz(func(t *testing.T, line, detail []byte, text string) {
		sameLines(t, record.Record{Line: line, Detail: detail}, storagelog.V1)
		x, o := exampleExchange(t)
		x.call.ObjectKey = text
		x.call.Identity.Type = []AuthType{ServiceSAS, OAuth, DelegationSAS}[len(text)%3]
		x.call.Identity.Principal = &Principal{UPN: text, ObjectID: "o"}
		x.roles = []decision{{action: Action{Name: text}, granted: true, grant: Grant{PrincipalID: text}}, {refused: true}, {}}
		r := x.record(o)
		sameLines(t, r, storagelog.V2)
		entries, err := Entries(r, storagelog.V2)
		if err != nil || !json.Valid(r.Line) {
			t.Fatalf("%q: %v %s", text, err, r.Line)
		}
		var v struct{ Properties struct{ ObjectKey string } }
		if d := entries[0].AuthorizationDetail; d != "" && !json.Valid([]byte(d)) {
			t.Errorf("%q: field 38 is no JSON: %s", text, d)
		}
		if err := json.Unmarshal(r.Line, &v); err != nil || v.Properties.ObjectKey != entries[0].ObjectKey {
			t.Errorf("%q: entry %q, JSON %q, %v", text, entries[0].ObjectKey, v.Properties.ObjectKey, err)
		}
	})
}

// sameLines checks that AppendEntries appends what Entries returns.
func sameLines(t *testing.T, r record.Record, v storagelog.Version) {
	t.Helper()
	want := []byte("before\n")
	entries, err := Entries(r, v)
	for i := range entries {
		want = storagelog.AppendEntry(want, &entries[i])
	}
	got, n, appendErr := AppendEntries([]byte("before\n"), &r, v)
	if string(got) != string(want) || n != len(entries) || (err == nil) != (appendErr == nil) {
		t.Errorf("%d lines, %v: %q\nwant %d, %v: %q", n, appendErr, got, len(entries), err, want)
	}
}
