package storage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/storagelog"
)

// Times of the keys and signatures of these tests.
const (
	keyStart  = "2026-05-01T00:00:00Z"
	keyExpiry = "2026-05-08T00:00:00Z"
)

// delegated is a Front at noon of 2026-05-06 with a blob that Ann may read.
func delegated(t testing.TB, change func(*FrontConfig)) (*testFront, *fakeAuthority) {
	f, authority := newOAuthFront(t, func(c *FrontConfig, _ *fakeService) {
		c.Now = func() time.Time { return time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC) }
		if change != nil {
			change(c)
		}
	})
	f.service.ops["b"] = readable(fakeGet)
	authority.allow(ann, "/blobServices/default/containers/c", readBlobs)
	return f, authority
}

// keyOf derives the key that a query names, as Get User Delegation Key does.
func (f *testFront) keyOf(t testing.TB, q url.Values) []byte {
	t.Helper()
	start, _ := ParseSASTime(q.Get("skt"))
	expiry, _ := ParseSASTime(q.Get("ske"))
	x := &exchange{front: f.Front, info: f.info(testAccount())}
	value, ok := x.delegationKey(&DelegationKey{
		ObjectID: q.Get("skoid"), TenantID: q.Get("sktid"), Start: start, Expiry: expiry,
		Service: q.Get("sks"), Version: Version(q.Get("skv")), DelegatedTenantID: q.Get("skdutid"),
	})
	if !ok {
		t.Fatal("no key")
	}
	return value
}

// delegation signs a query, completed with the fields of Ann's key, as text
// says; "" is for the text that the Front expects.
func (f *testFront) delegation(t testing.TB, query, text string) string {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"skoid": ann, "sktid": tenant, "skt": keyStart, "ske": keyExpiry, "sks": "b", "skv": "2020-02-10",
		"sv": "2020-12-06", "sr": "b", "sp": "r", "se": "2026-05-07",
	} {
		if !q.Has(name) {
			q.Set(name, value)
		}
	}
	if text == "" {
		resource := "/blob/devstoreaccount1/c/b"
		if q.Get("sr") == "c" {
			resource = "/blob/devstoreaccount1/c"
		}
		text = sasQuery{q}.delegationText(Blob, resource, Version(q.Get("sv")), "", "")
	}
	h := hmac.New(sha256.New, f.keyOf(t, q))
	h.Write([]byte(text))
	q.Set("sig", base64.StdEncoding.EncodeToString(h.Sum(nil)))
	return q.Encode()
}

// The strings to sign of every age, written out by hand.
func TestDelegationVersions(t *testing.T) {
	f, authority := delegated(t, nil)
	key := strings.Join([]string{ann, tenant, keyStart, keyExpiry, "b", "2020-02-10"}, "\n")
	const blob = "r\n\n2026-05-07\n/blob/devstoreaccount1/c/b\n"
	authority.allow(ann, "", actionManageOwnership.Name)
	for _, c := range []struct{ path, query, text string }{
		{"", "sv=2018-11-09", blob + key + "\n\n\n2018-11-09\nb\n\n\n\n\n\n"},
		{"", "sv=2019-12-12&spr=https&sip=127.0.0.1&rsct=x/y", blob + key + "\n127.0.0.1\nhttps\n2019-12-12\nb\n\n\n\n\n\nx/y"},
		{"", "sv=2020-02-10&saoid=s&scid=corr", blob + key + "\ns\n\ncorr\n\n\n2020-02-10\nb\n\n\n\n\n\n"},
		{"", "sv=2020-12-06&ses=scope", blob + key + "\n\n\n\n\n\n2020-12-06\nb\n\nscope\n\n\n\n\n"},
		{"", "sv=2025-07-05", blob + key + "\n\n\n\n\n\n\n\n2025-07-05\nb\n\n\n\n\n\n\n"},
		{"", "sv=2026-04-06&srh=X-Test,x-none&srq=comp,Extra&comp=&extra=1&extra=2", blob + key + "\n\n\n\n\n\n\n\n2026-04-06\nb\n\n\n" + "X-Test:one, two\nx-none:\n" + "\n" + "\ncomp:\nExtra:1,2" + "\n\n\n\n\n"},
		{"", "sv=2020-12-06&sr=c", "r\n\n2026-05-07\n/blob/devstoreaccount1/c\n" + key + "\n\n\n\n\n\n2020-12-06\nc\n\n\n\n\n\n\n"},
		{"", "sv=2020-12-06&sr=bs&snapshot=2020-01-02T03:04:05.0000000Z", blob + key + "\n\n\n\n\n\n2020-12-06\nbs\n2020-01-02T03:04:05.0000000Z\n\n\n\n\n\n"},
		{"", "sv=2020-12-06&sr=bv&versionid=v", blob + key + "\n\n\n\n\n\n2020-12-06\nbv\nv\n\n\n\n\n\n"},
		{"", "sv=2020-12-06&st=2026-05-06T11:00Z&se=2026-05-06T13:00Z", "r\n2026-05-06T11:00Z\n2026-05-06T13:00Z\n/blob/devstoreaccount1/c/b\n" + key + "\n\n\n\n\n\n2020-12-06\nb\n\n\n\n\n\n\n"},
	} {
		res := f.do(t, "GET", "/c/b?"+f.delegation(t, c.query, c.text), "", false, "x-ms-version", "", "X-Test", "one, two")
		want(t, res, 200, "")
		if strings.Contains(c.query, "rsct") && res.Header.Get("Content-Type") != "x/y" {
			t.Errorf("%s: Content-Type %q", c.query, res.Header.Get("Content-Type"))
		}
		if e := f.emitter.entry(t); e.Status != "SASSuccess" || e.AuthType != "sas" || e.RequesterAccount != "" {
			t.Errorf("%s: %+v", c.query, e)
		}
	}
}

func TestDelegationRefusals(t *testing.T) {
	f, authority := delegated(t, nil)
	for _, c := range []struct {
		name, query  string
		code, detail string
		logged       bool
	}{
		{"expired", "se=2026-05-06T12:00:00Z", "AuthenticationFailed", "Signature not valid in the specified time frame", false},
		{"not yet", "st=2026-05-06T12:01:00Z", "AuthenticationFailed", "Signature not valid in the specified time frame", false},
		{"no expiry", "se=", "AuthenticationFailed", "se is not in correct form", false},
		{"an expired key", "ske=2026-05-06T12:00:00Z", "AuthenticationFailed", "The user delegation key is not valid in the specified time frame", false},
		{"a key of tomorrow", "skt=2026-05-07", "AuthenticationFailed", "The user delegation key is not valid in the specified time frame", false},
		{"no key start", "skt=", "AuthenticationFailed", "skt is not in correct form", false},
		{"no key expiry", "ske=soon", "AuthenticationFailed", "ske is not in correct form", false},
		{"no tenant", "sktid=", "AuthenticationFailed", "sktid is missing", false},
		{"a key for queues", "sks=q", "AuthenticationFailed", "sks is not in correct form", false},
		{"an old key", "skv=2017-11-09", "AuthenticationFailed", "skv is not in correct form", false},
		{"no key version", "skv=", "AuthenticationFailed", "skv is not in correct form", false},
		{"an old signature", "sv=2017-11-09", "AuthenticationFailed", "a user delegation SAS needs 2018-11-09", false},
		{"no version", "sv=", "AuthenticationFailed", "a user delegation SAS needs 2018-11-09", false},
		{"a policy", "si=policy", "AuthenticationFailed", "Stored access policies are not supported", false},
		{"an account SAS", "ss=b&srt=o", "AuthenticationFailed", "An account SAS cannot be signed", false},
		{"a directory", "sr=d&sdd=1", "AuthenticationFailed", "sr is mandatory", false},
		{"no permissions", "sp=", "AuthenticationFailed", "sp is not in correct form", false},
		{"twice", "sv=2025-07-05&sduoid=a&sduoid=b", "AuthenticationFailed", "sduoid is given more than once", false},
		{"both object IDs", "saoid=a&suoid=b", "AuthenticationFailed", "Only one of saoid and suoid", false},
		{"saoid too early", "sv=2019-12-12&saoid=a", "AuthenticationFailed", "saoid needs sv 2020-02-10", false},
		{"scid too early", "sv=2019-12-12&scid=a", "AuthenticationFailed", "scid needs sv 2020-02-10", false},
		{"ses too early", "sv=2020-02-10&ses=a", "AuthenticationFailed", "ses needs sv 2020-12-06", false},
		{"sduoid too early", "sv=2020-12-06&sduoid=a", "AuthenticationFailed", "sduoid needs sv 2025-07-05", false},
		{"a tenant without a user", "sv=2025-07-05&skdutid=a", "AuthenticationFailed", "skdutid needs sduoid", false},
		{"srh too early", "sv=2025-07-05&srh=a", "AuthenticationFailed", "srh needs sv 2026-04-06", false},
		{"too many headers", "sv=2026-04-06&srh=" + strings.Repeat("a,", maxBoundNames), "AuthenticationFailed", "srh and srq name too much", false},
		{"too long parameters", "sv=2026-04-06&srq=x&x=" + strings.Repeat("y", maxBoundBytes), "AuthenticationFailed", "srh and srq name too much", false},
		{"no user", "sv=2025-07-05&sduoid=" + ann, "AuthenticationFailed", "sduoid needs a bearer token", false},

		{"the wrong address", "sip=10.0.0.1", "AuthorizationSourceIPMismatch", "127.0.0.1", true},
		{"the wrong permission", "sp=w", "AuthorizationPermissionMismatch", "", true},
		{"in another's name", "saoid=" + group, "AuthorizationPermissionMismatch", "", true},
		{"by access lists", "suoid=" + group, "AuthorizationPermissionMismatch", "", true},
	} {
		res := f.do(t, "GET", "/c/b?"+f.delegation(t, c.query, ""), "", false)
		if body := want(t, res, 403, c.code); !strings.Contains(body, c.detail) {
			t.Errorf("%s: body %s", c.name, body)
		}
		if c.logged {
			if e := f.emitter.entry(t); e.Status != "SASAuthorizationError" {
				t.Errorf("%s: status %s", c.name, e.Status)
			}
		} else {
			f.emitter.none(t)
		}
	}
	good := f.delegation(t, "", "")
	// Every field of the key and of the signature is signed.
	for _, change := range []string{
		"sp=rw", "se=2026-05-06T13:00Z", "st=2026-05-01", "sr=c", "sv=2021-02-12", "sip=127.0.0.1", "spr=https",
		"skoid=" + group, "sktid=x", "skt=2026-05-02", "ske=2026-05-07", "skv=2020-12-06", "saoid=x", "scid=x", "ses=x", "rscc=x",
	} {
		q, name := mustQuery(t, good), strings.SplitN(change, "=", 2)
		q.Set(name[0], name[1])
		if body := want(t, f.do(t, "GET", "/c/b?"+q.Encode(), "", false), 403, "AuthenticationFailed"); !strings.Contains(body, "Signature did not match. String to sign used was ") {
			t.Errorf("%s: %s", change, body)
		}
	}
	want(t, f.do(t, "GET", "/c/other?"+good, "", false), 403, "AuthenticationFailed")
	f.emitter.none(t)

	// The roles of who delegated count when it is used.
	want(t, f.do(t, "GET", "/c/b?"+good, "", false), 200, "")
	f.emitter.one(t)
	authority.forbid()
	want(t, f.do(t, "GET", "/c/b?"+good, "", false), 403, "AuthorizationPermissionMismatch")
	authority.allow(ann, "", readBlobs)
	want(t, f.do(t, "GET", "/c/b?"+good, "", false), 200, "")
	delete(authority.tokens, "ann") // Ann is gone, her role is not
	want(t, f.do(t, "GET", "/c/b?"+good, "", false), 403, "AuthorizationPermissionMismatch")
}

// Without an Authority there is nobody who could have delegated.
func TestDelegationNeedsAuthority(t *testing.T) {
	f, _ := delegated(t, nil)
	good := f.delegation(t, "", "")
	f.Authority = nil
	if body := want(t, f.do(t, "GET", "/c/b?"+good, "", false), 403, "AuthenticationFailed"); !strings.Contains(body, "User delegation SAS is not supported") {
		t.Errorf("body %s", body)
	}
	queue, _ := newOAuthFront(t, func(_ *FrontConfig, s *fakeService) { s.kind = Queue })
	want(t, queue.do(t, "GET", "/c/b?"+good, "", false), 403, "AuthenticationFailed")
}

// HTTPS only, when the signature says so.
func TestDelegationProtocol(t *testing.T) {
	f, _ := delegated(t, nil)
	plain := newTestFront(t, nil)
	plain.Front = f.Front
	plain.server.Config.Handler = f.Front
	want(t, plain.do(t, "GET", "/c/b?"+f.delegation(t, "spr=https", ""), "", false), 403, "AuthorizationProtocolMismatch")
	want(t, plain.do(t, "GET", "/c/b?"+f.delegation(t, "", ""), "", false), 200, "")
}

// A signature that is bound to a user needs that user's token too.
func TestBoundDelegation(t *testing.T) {
	f, authority := delegated(t, nil)
	bob := &Principal{ObjectID: "bob", TenantID: tenant, IDs: []string{"bob"}}
	authority.tokens["bob"], authority.tokens["stranger"] = bob, &Principal{ObjectID: "bob", TenantID: "elsewhere", IDs: []string{"bob"}}
	for _, c := range []struct {
		query, token string
		status       int
	}{
		{"sduoid=bob", "bob", 200},
		{"sduoid=bob", "ann", 403},
		{"sduoid=bob", "stranger", 403},
		{"sduoid=bob&skdutid=elsewhere", "stranger", 200},
		{"sduoid=bob&skdutid=elsewhere", "bob", 403},
		{"sduoid=bob", "expired", 401},
	} {
		res := f.do(t, "GET", "/c/b?"+f.delegation(t, "sv=2025-07-05&"+c.query, ""), "", false, "Authorization", "Bearer "+c.token)
		if res.StatusCode != c.status {
			t.Errorf("%s with the token of %s: answer %d", c.query, c.token, res.StatusCode)
		}
		if c.status == 200 {
			if e := f.emitter.entry(t); e.AuthType != "sas" {
				t.Errorf("%s: %s", c.query, e.AuthType)
			}
		}
	}
	// A token beside a signature that is not bound is who makes the request.
	want(t, f.do(t, "GET", "/c/b?"+f.delegation(t, "", ""), "", false, "Authorization", "Bearer bob"), 403, "AuthorizationPermissionMismatch")
	if e := f.emitter.entry(t); e.AuthType != "bearer" {
		t.Errorf("authenticated by %s", e.AuthType)
	}
}

// What a signature binds is not told to who gets it wrong.
func TestBoundHeadersStaySecret(t *testing.T) {
	f, _ := delegated(t, nil)
	q := mustQuery(t, f.delegation(t, "sv=2026-04-06&srh=X-Secret", ""))
	body := want(t, f.do(t, "GET", "/c/b?"+q.Encode(), "", false, "X-Secret", "hush"), 403, "AuthenticationFailed")
	if strings.Contains(body, "hush") || !strings.Contains(body, "X-Secret") {
		t.Errorf("body %s", body)
	}
}

func TestDelegationRecord(t *testing.T) {
	f, authority := delegated(t, nil)
	query := f.delegation(t, "", "")
	sig := mustQuery(t, query).Get("sig")
	want(t, f.do(t, "GET", "/c/b?"+query, "", false), 200, "")
	r := f.emitter.one(t)
	identity := `"identity":{"type":"DelegationSas","tokenHash":"SasSignature(` + upperSHA256(sig) + `)",` +
		`"authorization":[{"action":"` + readBlobs + `","denyAssignmentId":"","principals":[{"id":"` + ann + `","type":"User"}],"reason":"Policy","result":"Granted","roleAssignmentId":"assignment-1","roleDefinitionId":"definition-1","type":"RBAC"}],` +
		`"requester":{"objectId":"` + ann + `","tenantId":"` + tenant + `","upn":"ann@example.com"}},`
	if !strings.Contains(string(r.Line), identity) {
		t.Errorf("no %s\nin %s", identity, r.Line)
	}
	if strings.Contains(string(r.Line), url.QueryEscape(sig)) || strings.Contains(string(r.Line), sig) {
		t.Errorf("the signature was logged: %s", r.Line)
	}
	e := lines(t, r, storagelog.V2)
	detail := `[{"action":"` + readBlobs + `", "roleAssignmentId":"assignment-1", "roleDefinitionId":"definition-1", "principalId":"` + ann + `", "principalType":"User"}]`
	got := []string{e.AuthType, e.Status, e.RequesterAccount, e.UserObjectID, e.TenantID, e.ApplicationID, e.Audience, e.Issuer, e.UserPrincipalName, e.AuthorizationDetail}
	if d := cmp.Diff([]string{"sas", "SASSuccess", "", ann, tenant, "", "", "", "ann@example.com", detail}, got); d != "" {
		t.Error(d)
	}
	if e := lines(t, r, storagelog.V1); e.AuthType != "sas" || e.UserObjectID+e.AuthorizationDetail != "" {
		t.Errorf("version 1.0: %+v", e)
	}
	authority.forbid()
	want(t, f.do(t, "GET", "/c/b?"+query, "", false), 403, "AuthorizationPermissionMismatch")
	if line := string(f.emitter.one(t).Line); !strings.Contains(line, `"result":"Denied"`) {
		t.Errorf("line %s", line)
	}
}

// TestUserDelegationKey: the value follows from all that names the key and from
// the account's first key, and from nothing else.
func TestUserDelegationKey(t *testing.T) {
	base := DelegationKey{
		ObjectID: ann, TenantID: tenant, Service: "b", Version: "2020-02-10",
		Start: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), Expiry: time.Date(2026, 5, 8, 0, 0, 0, 0, time.UTC),
	}
	derive := func(k DelegationKey, a *Account, secret string) string {
		f := NewFront(FrontConfig{Service: &fakeService{kind: Blob}, Accounts: testAccounts{}, DelegationSecret: []byte(secret)})
		x := &exchange{front: f, info: f.info(a)}
		x.rw.call = x
		c := &Call{Response: &x.rw}
		value, ok := c.UserDelegationKey(&k)
		if !ok {
			return ""
		}
		if len(value) != 32 {
			t.Errorf("%d bytes", len(value))
		}
		return string(value)
	}
	seen := map[string]string{}
	add := func(name, value string) {
		t.Helper()
		if other := seen[value]; other != "" || value == "" {
			t.Errorf("%s has the value of %q", name, other)
		}
		seen[value] = name
	}
	plain := derive(base, testAccount(), "")
	add("base", plain)
	if derive(base, testAccount(), "") != plain {
		t.Error("the same key has two values")
	}
	for name, change := range map[string]func(*DelegationKey){
		"object": func(k *DelegationKey) { k.ObjectID = group }, "tenant": func(k *DelegationKey) { k.TenantID = group },
		"start": func(k *DelegationKey) { k.Start = k.Start.Add(time.Second) }, "expiry": func(k *DelegationKey) { k.Expiry = k.Expiry.Add(time.Second) },
		"service": func(k *DelegationKey) { k.Service = "q" }, "version": func(k *DelegationKey) { k.Version = "2020-12-06" },
		"delegated tenant": func(k *DelegationKey) { k.DelegatedTenantID = "x" },
		"shifted":          func(k *DelegationKey) { k.ObjectID, k.TenantID = ann+tenant[:1], tenant[1:] },
	} {
		k := base
		change(&k)
		add(name, derive(k, testAccount(), ""))
	}
	a := testAccount()
	a.Name = "other"
	add("another account", derive(base, a, ""))
	a = testAccount()
	a.Keys[0] = []byte("rotated")
	add("a new first key", derive(base, a, ""))
	a = testAccount()
	a.Keys[1] = []byte("rotated")
	if derive(base, a, "") != plain {
		t.Error("the second key counts")
	}
	add("a secret", derive(base, testAccount(), "secret"))
	add("another secret", derive(base, testAccount(), "secret2"))
	a = testAccount()
	a.Keys[0] = nil
	add("only a second key", derive(base, a, ""))
	a.Keys[1] = nil
	if derive(base, a, "secret") != "" {
		t.Error("an account without keys has user delegation keys")
	}
	local := base
	local.Start = local.Start.In(time.FixedZone("", 3600))
	if derive(local, testAccount(), "") != plain {
		t.Error("the time zone counts")
	}
}

// A new account key ends what was signed before.
func TestDelegationEndsWithAccountKey(t *testing.T) {
	a := testAccount()
	accounts := testAccounts{"devstoreaccount1": a}
	f, _ := delegated(t, func(c *FrontConfig) { c.Accounts = accounts })
	query := f.delegation(t, "", "")
	get := func() *http.Response { return f.do(t, "GET", "/c/b?"+query, "", false) }
	want(t, get(), 200, "")
	renewed := *a
	renewed.Keys[1] = []byte("new second key")
	accounts["devstoreaccount1"] = &renewed
	want(t, get(), 200, "")
	again := renewed
	again.Keys[0] = []byte("new first key")
	accounts["devstoreaccount1"] = &again
	want(t, get(), 403, "AuthenticationFailed")
}
