package queue_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/storagetest"
	"reslog/storagelog"
)

// delegators know ann, who may do what it says at the account, and bob.
type delegators struct{ allowed []string }

func (d *delegators) Verify(_ context.Context, token string, _ func(string) bool) (*storage.Principal, error) {
	if p, ok := d.Lookup("t", token); ok {
		return p, nil
	}
	return nil, storage.ErrTokenSignature
}

func (d *delegators) Lookup(_, name string) (*storage.Principal, bool) {
	return &storage.Principal{ObjectID: name, TenantID: "t", Type: "User", IDs: []string{name}}, name == "ann" || name == "bob"
}

func (d *delegators) Check(p *storage.Principal, a storage.Action, scope resource.ID) (storage.Grant, bool) {
	inside := strings.HasPrefix(scope.String(), storagetest.NewAccount(account).ID.String())
	if !inside || p.ObjectID != "ann" || !slices.Contains(d.allowed, strings.TrimPrefix(a.Name, "Microsoft.Storage/storageAccounts/queueServices/")) {
		return storage.Grant{}, false
	}
	return storage.Grant{RoleAssignmentID: "assignment", RoleDefinitionID: "definition", PrincipalID: p.ObjectID, PrincipalType: p.Type}, true
}

// keyDocument is the answer of Get User Delegation Key.
type keyDocument struct {
	XMLName                                                                                               xml.Name `xml:"UserDelegationKey"`
	SignedOid, SignedTid, SignedStart, SignedExpiry, SignedService, SignedVersion, SignedDelegatedUserTid string
	Value                                                                                                 string
}

// delegating is a queue service over TLS.
type delegating struct {
	*server
	who *delegators
}

func newDelegating(t *testing.T) delegating {
	who := &delegators{}
	d := delegating{newServer(t, func(c *storage.FrontConfig) { c.Authority = who }), who}
	d.queue("jobs")
	d.Log.Take(t)
	return d
}

func (d delegating) do(method, path, body, token, version string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(d.T.Context(), method, "/"+account+path, strings.NewReader(body))
	r.TLS = &tls.ConnectionState{}
	r.Header.Set("X-Ms-Version", version)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	d.Front.ServeHTTP(w, r)
	return w
}

const keyPath = "/?restype=service&comp=userdelegationkey"

// key gets ann's key for an hour, for users of another tenant when one is given.
func (d delegating) key(tenant string) keyDocument {
	d.T.Helper()
	now := d.Clock.Now().UTC()
	body := "<KeyInfo><Start>" + now.Add(-time.Minute).Format(time.RFC3339) + "</Start><Expiry>" + now.Add(time.Hour).Format(time.RFC3339) + "</Expiry>"
	if tenant != "" {
		body += "<DelegatedUserTid>" + tenant + "</DelegatedUserTid>"
	}
	w := d.do("POST", keyPath, body+"</KeyInfo>", "ann", newest)
	var k keyDocument
	if err := xml.Unmarshal([]byte(strings.TrimPrefix(w.Body.String(), "\ufeff")), &k); err != nil || w.Code != 200 {
		d.T.Fatalf("get a key: %d %s: %v", w.Code, w.Body, err)
	}
	return k
}

// signed is the query of a signature as the client libraries make it. What change
// sets is signed, what it adds under a name with a "+" is not.
func (d delegating) signed(k keyDocument, change url.Values) string {
	d.T.Helper()
	q := url.Values{
		"sv": {"2025-07-05"}, "sr": {"q"}, "sp": {"raup"}, "se": {d.Clock.Now().UTC().Add(30 * time.Minute).Format(time.RFC3339)}, "spr": {"https"},
		"skoid": {k.SignedOid}, "sktid": {k.SignedTid}, "skt": {k.SignedStart}, "ske": {k.SignedExpiry}, "sks": {k.SignedService}, "skv": {k.SignedVersion},
	}
	if k.SignedDelegatedUserTid != "" {
		q.Set("skdutid", k.SignedDelegatedUserTid)
	}
	for name, v := range change {
		if !strings.HasPrefix(name, "+") {
			q[name] = v
		}
	}
	var text []string
	for _, name := range []string{"sp", "st", "se", "", "skoid", "sktid", "skt", "ske", "sks", "skv", "skdutid", "sduoid", "sip", "spr", "sv"} {
		if name == "" {
			text = append(text, "/queue/"+account+"/jobs")
			continue
		}
		text = append(text, q.Get(name))
	}
	secret, err := base64.StdEncoding.DecodeString(k.Value)
	if err != nil {
		d.T.Fatal(err)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(strings.Join(text, "\n")))
	q.Set("sig", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for name, v := range change {
		if rest, ok := strings.CutPrefix(name, "+"); ok {
			q[rest] = v
		}
	}
	return q.Encode()
}

// entry is the only record since the last call, as an entry of version 2.0.
func (d delegating) entry() (e storagelog.Entry) {
	d.T.Helper()
	records := d.Log.Records()
	if len(records) != 1 {
		d.T.Fatalf("%d records", len(records))
	}
	raw, _, err := storage.AppendEntries(nil, &records[0], storagelog.V2)
	if err != nil {
		d.T.Fatal(err)
	}
	line, err := storagelog.NewReader(bytes.NewReader(raw), storagelog.Strict).Next()
	if err != nil {
		d.T.Fatal(err)
	}
	line.Entry(&e)
	return e
}

// TestUserDelegation: what ann signs opens her queue to whoever has it, as far as the
// signature and her roles go, and the records name her and no signature.
func TestUserDelegation(t *testing.T) {
	d := newDelegating(t)
	d.who.allowed = []string{"generateUserDelegationKey/action", "queues/messages/add/action", "queues/messages/read"}
	k := d.key("")
	if k.SignedService != "q" || k.SignedOid != "ann" || k.SignedVersion != newest {
		t.Errorf("key %+v", k)
	}
	if e := d.Log.One(t); e.Operation != "GetUserDelegationKey" || e.Status != "OAuthSuccess" {
		t.Errorf("entry %+v", e)
	}
	sas := d.signed(k, nil)
	if w := d.do("POST", "/jobs/messages?"+sas, envelope("hello"), "", newest); w.Code != 201 {
		t.Fatalf("put: %d %s", w.Code, w.Body)
	}
	e := d.entry()
	if e.Operation != "PutMessage" || e.Status != "SASSuccess" || e.AuthType != "sas" || e.RequesterAccount != "" || e.UserObjectID != "ann" || e.TenantID != "t" ||
		!strings.Contains(e.URL, "sig=XXXXX") || !strings.Contains(e.AuthorizationDetail, `"principalId":"ann"`) {
		t.Errorf("entry %+v", e)
	}
	if w := d.do("GET", "/jobs/messages?peekonly=true&"+sas, "", "", newest); w.Code != 200 || !strings.Contains(w.Body.String(), "hello") {
		t.Errorf("peek: %d %s", w.Code, w.Body)
	}
	// The signature allows it, her roles do not; and the other way round.
	if w := d.do("GET", "/jobs/messages?"+sas, "", "", newest); w.Code != 403 || w.Header().Get("X-Ms-Error-Code") != "AuthorizationPermissionMismatch" {
		t.Errorf("get: %d %s", w.Code, w.Body)
	}
	if w := d.do("POST", "/jobs/messages?"+d.signed(k, url.Values{"sp": {"r"}}), envelope("x"), "", newest); w.Code != 403 {
		t.Errorf("put with a signature to read: %d %s", w.Code, w.Body)
	}
	d.who.allowed = nil
	if w := d.do("POST", "/jobs/messages?"+sas, envelope("x"), "", newest); w.Code != 403 {
		t.Errorf("put without any role: %d %s", w.Code, w.Body)
	}
}

// TestUserDelegationForAUser: a signature that is bound to bob, of the tenant of the
// key, is good with bob's token only.
func TestUserDelegationForAUser(t *testing.T) {
	d := newDelegating(t)
	d.who.allowed = []string{"generateUserDelegationKey/action", "queues/messages/add/action"}
	for _, tenant := range []string{"", "t"} {
		sas := d.signed(d.key(tenant), url.Values{"sduoid": {"bob"}})
		for token, want := range map[string]int{"bob": 201, "ann": 403, "": 403, "eve": 401} {
			if w := d.do("POST", "/jobs/messages?"+sas, envelope("x"), token, newest); w.Code != want && (want != 401 || w.Code != 403) {
				t.Errorf("with the token of %q: %d, want %d: %s", token, w.Code, want, w.Body)
			}
		}
	}
	if w := d.do("POST", "/jobs/messages?"+d.signed(d.key("another"), url.Values{"sduoid": {"bob"}}), envelope("x"), "bob", newest); w.Code != 403 {
		t.Errorf("a user of this tenant with a signature for another: %d", w.Code)
	}
}

// TestUserDelegationRefusals: every signature that is not as it should be, and every
// request for a key.
func TestUserDelegationRefusals(t *testing.T) {
	d := newDelegating(t)
	d.who.allowed = []string{"generateUserDelegationKey/action", "queues/messages/add/action"}
	k := d.key("")
	for name, c := range map[string]struct {
		change url.Values
		says   string
	}{
		"another queue":        {nil, "Signature did not match"}, // see the path below
		"more permissions":     {url.Values{"+sp": {"raupd"}}, "Signature did not match"},
		"another delegator":    {url.Values{"+skoid": {"bob"}}, "Signature did not match"},
		"an old version":       {url.Values{"sv": {"2025-05-05"}}, "needs 2025-07-05"},
		"an old key":           {url.Values{"skv": {"2025-05-05"}}, "skv is not in correct form"},
		"a key for blobs":      {url.Values{"sks": {"b"}}, "sks is not in correct form"},
		"a resource of blobs":  {url.Values{"sr": {"c"}}, "sr is not in correct form"},
		"a policy":             {url.Values{"si": {"policy"}}, "Stored access policies"},
		"an account SAS":       {url.Values{"ss": {"q"}, "srt": {"o"}}, "An account SAS"},
		"somebody else's name": {url.Values{"saoid": {"x"}}, "saoid is not supported"},
		"headers":              {url.Values{"sv": {"2026-04-06"}, "srh": {"x"}}, "srh is not supported"},
		"a scope":              {url.Values{"ses": {"x"}}, "ses is not supported"},
		"over":                 {url.Values{"se": {"2020-01-01"}}, "not valid in the specified time frame"},
		"a key that is over":   {url.Values{"ske": {"2020-01-01"}}, "Signature did not match"},
		"plain HTTP only":      {url.Values{"spr": {"http"}}, ""},
		"another address":      {url.Values{"sip": {"10.9.9.9"}}, ""},
		"a tenant alone":       {url.Values{"skdutid": {"t"}}, "skdutid needs sduoid"},
	} {
		path := "/jobs/messages?"
		if name == "another queue" {
			path = "/other/messages?"
		}
		if name == "a key that is over" {
			c.change = url.Values{"+ske": c.change["ske"]}
		}
		w := d.do("POST", path+d.signed(k, c.change), envelope("x"), "", newest)
		if w.Code != 403 || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}

	soon := d.Clock.Now().UTC().Add(time.Hour).Format(time.RFC3339)
	body := "<KeyInfo><Expiry>" + soon + "</Expiry></KeyInfo>"
	for name, c := range map[string]struct {
		body, token, version string
		status               int
	}{
		"an old version": {body, "ann", "2025-05-05", 409},
		"no role":        {body, "bob", newest, 403},
		"no token":       {body, "", newest, 401},
		"no expiry":      {"<KeyInfo></KeyInfo>", "ann", newest, 400},
		"too long":       {"<KeyInfo><Expiry>2999-01-01</Expiry></KeyInfo>", "ann", newest, 400},
		"no document":    {"hello", "ann", newest, 400},
	} {
		if w := d.do("POST", keyPath, c.body, c.token, c.version); w.Code != c.status {
			t.Errorf("a key with %s: %d %s", name, w.Code, w.Body)
		}
	}
}
