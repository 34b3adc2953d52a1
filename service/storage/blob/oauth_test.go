package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/blob"
	"reslog/service/storage/storagetest"
	"reslog/storagelog"
)

// Principals of these tests. Their tokens are their names.
const (
	annID    = "11111111-aaaa-bbbb-cccc-000000000001"
	bobID    = "22222222-aaaa-bbbb-cccc-000000000002"
	tenantID = "99999999-aaaa-bbbb-cccc-000000000009"
)

// authority knows Ann, Bob and their roles.
type authority struct {
	mu    sync.Mutex
	roles map[string][]assignment // by principal
}

// assignment is a role at a scope below the account.
type assignment struct {
	scope   string
	actions []string // below blobServices/, "x/*" for all below x
}

// Roles, as the built-in ones of Azure are.
var (
	reader      = []string{"containers/read", "generateUserDelegationKey/action", "containers/blobs/read"}
	contributor = []string{
		"containers/read", "containers/write", "containers/delete", "generateUserDelegationKey/action", "containers/blobs/read",
		"containers/blobs/write", "containers/blobs/delete", "containers/blobs/add/action", "containers/blobs/move/action",
	}
	owner = []string{"containers/*", "generateUserDelegationKey/action"}
)

func (a *authority) assign(id, scope string, actions []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.roles[id] = append(a.roles[id], assignment{scope, actions})
}

// dismiss takes all roles of a principal away.
func (a *authority) dismiss(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.roles, id)
}

func principal(id, name string) *storage.Principal {
	return &storage.Principal{
		ObjectID: id, TenantID: tenantID, AppID: "app", Audience: "https://storage.azure.com", Issuer: "https://sts.example/" + tenantID + "/",
		UPN: name + "@example.com", Type: "User", IDs: []string{id},
	}
}

func (a *authority) Verify(_ context.Context, token string, accept func(string) bool) (*storage.Principal, error) {
	if !accept("https://storage.azure.com") {
		return nil, storage.ErrTokenAudience
	}
	switch token {
	case "ann":
		return principal(annID, token), nil
	case "bob":
		return principal(bobID, token), nil
	}
	return nil, storage.ErrTokenSignature
}

func (a *authority) Lookup(tenant, id string) (*storage.Principal, bool) {
	if tenant != tenantID || id != annID && id != bobID {
		return nil, false
	}
	return principal(id, "someone"), true
}

func (a *authority) Check(p *storage.Principal, act storage.Action, scope resource.ID) (storage.Grant, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, as := range a.roles[p.ObjectID] {
		at := storagetest.NewAccount(account).ID.String() + as.scope
		if scope.String() != at && !strings.HasPrefix(scope.String(), at+"/") {
			continue
		}
		for _, name := range as.actions {
			name = "Microsoft.Storage/storageAccounts/blobServices/" + name
			all, wild := strings.CutSuffix(name, "*")
			if name == act.Name || wild && strings.HasPrefix(act.Name, all) {
				return storage.Grant{RoleAssignmentID: "assignment", RoleDefinitionID: "definition", PrincipalID: p.ObjectID, PrincipalType: p.Type}, true
			}
		}
	}
	return storage.Grant{}, false
}

// token is a credential of the SDK.
type token string

func (k token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(k), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// secured is a blob service behind TLS that takes bearer tokens.
type secured struct {
	*server
	authority *authority
	https     *http.Client
	endpoint  string // of the account
}

func newSecured(t testing.TB, configure ...func(*blob.Config)) *secured {
	t.Helper()
	s := &secured{server: newServer(t, configure...), authority: &authority{roles: map[string][]assignment{}}}
	cfg := s.Config(s.service)
	cfg.Authority, cfg.AuthorizationURI = s.authority, "https://login.example/"+tenantID+"/oauth2/authorize"
	cfg.DelegationSecret = []byte("secret")
	srv := httptest.NewTLSServer(s.Log.Watch(storage.NewFront(cfg)))
	t.Cleanup(srv.Close)
	s.https, s.endpoint = srv.Client(), "https://"+account+".example.com" // which srv.Client leads to srv
	return s
}

// options are those of the SDK's clients: to this server, without retries.
func (s *secured) options() azcore.ClientOptions {
	return azcore.ClientOptions{Transport: s.https, Retry: policy.RetryOptions{MaxRetries: -1}}
}

func (s *secured) as(who token) *azblob.Client {
	s.T.Helper()
	c, err := azblob.NewClient(s.endpoint, who, &azblob.ClientOptions{ClientOptions: s.options()})
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

// send sends a request by hand with a token, "" for none.
func (s *secured) send(who, method, path, body string, headers ...string) *answer {
	s.T.Helper()
	r, err := http.NewRequest(method, s.endpoint+path, strings.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	r.Header.Set("x-ms-version", newest)
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		r.Header.Set(k, v)
	}
	res, err := s.https.Do(r)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.Read(res)
}

// check sends a request by hand and demands a status and a code.
func (s *secured) check(status int, code, who, method, path, body string, headers ...string) *answer {
	s.T.Helper()
	a := s.send(who, method, path, body, headers...)
	if a.Status != status || a.Code() != code {
		s.T.Errorf("%s: %s %s %v: got %d %q, want %d %q\n%s", who, method, path, headers, a.Status, a.Code(), status, code, a.Body)
	}
	return a
}

// both reads the records so far in both generations with the strict reader, and
// returns those of 2.0.
func (s *secured) both() []storagelog.Entry {
	s.T.Helper()
	records := s.Log.Records()
	var entries []storagelog.Entry
	for _, v := range []storagelog.Version{storagelog.V1, storagelog.V2} {
		var raw []byte
		for i := range records {
			var err error
			if raw, _, err = storage.AppendEntries(raw, &records[i], v); err != nil {
				s.T.Fatal(err)
			}
		}
		for rd := storagelog.NewReader(bytes.NewReader(raw), storagelog.Strict); ; {
			line, err := rd.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				s.T.Fatalf("version %s: %v", v, err)
			}
			var e storagelog.Entry
			line.Entry(&e)
			if v == storagelog.V2 {
				entries = append(entries, e)
			} else if e.UserObjectID+e.AuthorizationDetail != "" {
				s.T.Errorf("a 1.0 entry with OAuth fields: %+v", e)
			}
		}
	}
	return entries
}

// TestSDKBearer does with a token what the SDK offers.
func TestSDKBearer(t *testing.T) {
	s := newSecured(t)
	ctx := context.Background()
	s.authority.assign(annID, "", owner)
	client := s.as("ann")
	must[azblob.CreateContainerResponse](t)(client.CreateContainer(ctx, "con", nil))
	data := []byte(pattern(3 << 20))
	if _, err := client.UploadStream(ctx, "con", "large", bytes.NewReader(data), &azblob.UploadStreamOptions{BlockSize: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	down := must[azblob.DownloadStreamResponse](t)(client.DownloadStream(ctx, "con", "large", nil))
	if got, err := io.ReadAll(down.Body); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("download: %d bytes, %v", len(got), err)
	}
	cc := client.ServiceClient().NewContainerClient("con")
	small := cc.NewBlockBlobClient("small")
	must[blockblob.UploadResponse](t)(small.Upload(ctx, streaming.NopCloser(strings.NewReader("abc")), &blockblob.UploadOptions{Tags: map[string]string{"color": "blue"}}))
	must[azblobblob.SetTagsResponse](t)(small.SetTags(ctx, map[string]string{"color": "red"}, nil))
	tags := must[azblobblob.GetTagsResponse](t)(small.GetTags(ctx, nil))
	if len(tags.BlobTagSet) != 1 || *tags.BlobTagSet[0].Value != "red" {
		t.Errorf("tags: %+v", tags.BlobTagSet)
	}
	found := must[service.FilterBlobsResponse](t)(client.ServiceClient().FilterBlobs(ctx, `"color"='red'`, nil))
	if len(found.Blobs) != 1 {
		t.Errorf("found %d blobs", len(found.Blobs))
	}
	var names []string
	for pager := cc.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Tags: true}}); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Segment.BlobItems {
			names = append(names, *b.Name)
		}
	}
	if strings.Join(names, " ") != "large small" {
		t.Errorf("listed %v", names)
	}
	cp := must[azblobblob.StartCopyFromURLResponse](t)(cc.NewBlobClient("copied").StartCopyFromURL(ctx, small.URL(), nil))
	if *cp.CopyStatus != azblobblob.CopyStatusTypeSuccess {
		t.Errorf("copy: %+v", cp)
	}
	must[azblobblob.CopyFromURLResponse](t)(cc.NewBlobClient("copied2").CopyFromURL(ctx, small.URL(), &azblobblob.CopyFromURLOptions{
		CopySourceAuthorization: to.Ptr("Bearer ann"),
	}))
	must[blockblob.UploadBlobFromURLResponse](t)(cc.NewBlockBlobClient("copied3").UploadBlobFromURL(ctx, small.URL(), &blockblob.UploadBlobFromURLOptions{
		CopySourceAuthorization: to.Ptr("Bearer ann"),
	}))
	must[azblob.DeleteBlobResponse](t)(client.DeleteBlob(ctx, "con", "copied3", nil))

	bb := must[*container.BatchBuilder](t)(cc.NewBatchBuilder())
	for _, n := range []string{"copied", "none", "copied2"} {
		if err := bb.Delete(n, nil); err != nil {
			t.Fatal(err)
		}
	}
	res := must[container.SubmitBatchResponse](t)(cc.SubmitBatch(ctx, bb, nil))
	for i, r := range res.Responses {
		if want := i == 1; (r.Error != nil) != want {
			t.Errorf("batch, request %d: %v", i, r.Error)
		}
	}
	must[azblob.DeleteContainerResponse](t)(client.DeleteContainer(ctx, "con", nil))

	for _, e := range s.both() {
		if e.AuthType != "bearer" || e.UserObjectID != annID || e.TenantID != tenantID || !strings.HasPrefix(e.AuthorizationDetail, `[{"action":"Microsoft.Storage/`) ||
			!strings.HasPrefix(e.Status, "OAuth") && e.Status != "BlobNotFound" {
			t.Errorf("%s: %s %s %s %s", e.Operation, e.AuthType, e.Status, e.UserObjectID, e.AuthorizationDetail)
		}
		if copies := e.Operation == "CopyBlob" || e.Operation == "CopyBlobSource"; copies &&
			(!strings.Contains(e.AuthorizationDetail, "blobs/read") || !strings.Contains(e.AuthorizationDetail, "blobs/write")) {
			t.Errorf("%s: %s", e.Operation, e.AuthorizationDetail)
		}
	}
}

// TestBuiltInRoles is what readers, contributors and owners may do, and what
// not, in the account and in one container.
func TestBuiltInRoles(t *testing.T) {
	s := newSecured(t)
	s.container("con")
	s.container("other")
	s.put("/con/b", "data")
	s.put("/other/b", "data")
	block := "x-ms-blob-type: BlockBlob"
	for _, c := range []struct {
		name, scope string
		role        []string
		may, not    []string // "METHOD path"
	}{
		{
			"nobody", "", nil, nil,
			[]string{"GET /con/b", "PUT /con/b", "GET /?comp=list", "GET /con?restype=container&comp=list", "GET /?restype=account&comp=properties", "GET /?restype=service&comp=stats"},
		},
		{
			"reader", "", reader,
			[]string{"GET /con/b", "HEAD /con/b", "GET /con?restype=container&comp=list", "GET /?comp=list", "GET /con?restype=container", "GET /other/b", "GET /con/b?comp=blocklist"},
			[]string{
				"PUT /con/b", "DELETE /con/b", "PUT /new?restype=container", "GET /con/b?comp=tags", "GET /con?restype=container&comp=acl", "PUT /con/b?comp=metadata",
				"GET /con?restype=container&comp=list&include=tags", "GET /?comp=blobs&where=a%3D%27b%27", "POST /?comp=batch", "GET /?restype=account&comp=properties",
			},
		},
		{
			"reader of one container", "/blobServices/default/containers/con", reader,
			[]string{"GET /con/b", "GET /con?restype=container"},
			[]string{"GET /other/b", "GET /?comp=list", "GET /other?restype=container&comp=list", "GET /$logs/b"},
		},
		{
			"contributor", "", contributor,
			[]string{"PUT /con/b", "DELETE /con/b", "PUT /new?restype=container", "DELETE /new?restype=container", "PUT /con/c", "PUT /con/c?comp=metadata", "PUT /con/c?comp=snapshot", "GET /con/c"},
			[]string{"GET /con/c?comp=tags", "PUT /con?restype=container&comp=acl", "PUT /?restype=service&comp=properties", "GET /?restype=account&comp=properties"},
		},
		{
			"owner", "", owner,
			[]string{"PUT /con/c", "GET /con/c?comp=tags", "GET /con?restype=container&comp=acl", "PUT /con?restype=container&comp=acl", "GET /con?restype=container&comp=list&include=tags"},
			[]string{"GET /?restype=account&comp=properties", "PUT /$logs/b"},
		},
		{"who may get information", "", []string{"getInfo/action"}, []string{"GET /?restype=account&comp=properties", "GET /con/b?restype=account&comp=properties"}, []string{"GET /con/b"}},
	} {
		s.authority.dismiss(annID)
		s.authority.assign(annID, c.scope, c.role)
		for _, r := range c.may {
			method, path, _ := strings.Cut(r, " ")
			if a := s.send("ann", method, path, "", block); a.Status >= 300 {
				t.Errorf("%s: %s: %d %s", c.name, r, a.Status, a.Code())
			}
		}
		for _, r := range c.not {
			method, path, _ := strings.Cut(r, " ")
			want := "AuthorizationPermissionMismatch"
			if strings.HasPrefix(path, "/$logs") && c.name == "owner" {
				want = "InsufficientAccountPermissions"
			}
			if a := s.send("ann", method, path, "", block); a.Status != 403 || a.Code() != want {
				t.Errorf("%s: %s: %d %s", c.name, r, a.Status, a.Code())
			}
		}
	}
}

// TestAddIsNotWrite: who may only add makes new blobs.
func TestAddIsNotWrite(t *testing.T) {
	s := newSecured(t)
	s.container("con")
	s.put("/con/src", "data")
	s.authority.assign(annID, "", []string{"containers/blobs/add/action", "containers/blobs/read"})
	block := "x-ms-blob-type: BlockBlob"
	s.check(201, "", "ann", "PUT", "/con/new", "x", block)
	s.check(403, "UnauthorizedBlobOverwrite", "ann", "PUT", "/con/new", "y", block)
	s.check(202, "", "ann", "PUT", "/con/copy", "", "x-ms-copy-source: "+s.endpoint+"/con/src")
	s.check(403, "UnauthorizedBlobOverwrite", "ann", "PUT", "/con/copy", "", "x-ms-copy-source: "+s.endpoint+"/con/src")
	s.check(201, "", "ann", "PUT", "/con/app", "", "x-ms-blob-type: AppendBlob")
	s.check(201, "", "ann", "PUT", "/con/app?comp=appendblock", "x")
	s.check(403, "AuthorizationPermissionMismatch", "ann", "PUT", "/con/b?comp=block&blockid=YQ==", "x")
	for _, e := range s.both()[2:] {
		if e.HTTPStatus == "201" && (!strings.Contains(e.AuthorizationDetail, "blobs/add/action") || strings.Contains(e.AuthorizationDetail, "blobs/write")) {
			t.Errorf("%s: %s", e.Operation, e.AuthorizationDetail)
		}
	}
}

// TestTagActions: tags are apart from the blob.
func TestTagActions(t *testing.T) {
	s := newSecured(t)
	s.container("con")
	s.put("/con/b", "data", "x-ms-tags: a=1")
	block, from := "x-ms-blob-type: BlockBlob", "x-ms-copy-source: "+s.endpoint+"/con/b"
	s.authority.assign(annID, "", contributor)
	s.check(403, "AuthorizationPermissionMismatch", "ann", "PUT", "/con/c", "x", block, "x-ms-tags: a=2")
	s.check(403, "AuthorizationPermissionMismatch", "ann", "GET", "/con/b", "", "x-ms-if-tags: \"a\"='1'")
	s.check(403, "AuthorizationPermissionMismatch", "ann", "PUT", "/con/copy", "", from, "x-ms-requires-sync: true", "x-ms-copy-source-tag-option: COPY")
	s.authority.assign(annID, "", []string{"containers/blobs/tags/write"})
	s.check(201, "", "ann", "PUT", "/con/c", "x", block, "x-ms-tags: a=2")
	s.check(403, "CannotVerifyCopySource", "ann", "PUT", "/con/copy", "", from, "x-ms-requires-sync: true", "x-ms-copy-source-tag-option: COPY")
	s.check(403, "CannotVerifyCopySource", "ann", "PUT", "/con/put", "", block, from, "x-ms-copy-source-authorization: Bearer ann", "x-ms-copy-source-tag-option: COPY")
	s.authority.assign(annID, "", []string{"containers/blobs/tags/read"})
	s.check(200, "", "ann", "GET", "/con/b", "", "x-ms-if-tags: \"a\"='1'")
	s.check(202, "", "ann", "PUT", "/con/copy", "", from, "x-ms-requires-sync: true", "x-ms-copy-source-tag-option: COPY")
	s.check(200, "", "ann", "HEAD", "/con/copy", "").WantHeader(t, "x-ms-tag-count", "1")
	s.check(201, "", "ann", "PUT", "/con/put", "", block, from, "x-ms-copy-source-authorization: Bearer ann", "x-ms-copy-source-tag-option: COPY")

	// Anonymous clients read public blobs, not what they are tagged with.
	s.OK(200, "PUT", "/con?restype=container&comp=acl", "", "x-ms-blob-public-access: container")
	s.check(200, "", "", "GET", "/con/b", "")
	s.check(403, "AuthorizationPermissionMismatch", "", "GET", "/con/b", "", "x-ms-if-tags: \"a\"='1'")
	s.check(403, "AuthorizationPermissionMismatch", "", "GET", "/con?restype=container&comp=list&include=tags", "")
}

// TestBearerCopySources is which sources a token opens.
func TestBearerCopySources(t *testing.T) {
	s := newSecured(t)
	s.container("con")
	s.container("secret")
	s.put("/con/src", "data")
	s.put("/secret/src", "data")
	s.Want(201, "", request{Method: "PUT", Path: "/other?restype=container", Account: "second"})
	s.Want(201, "", request{Method: "PUT", Path: "/other/src", Account: "second", Body: "x", Headers: []string{"x-ms-blob-type: BlockBlob"}})
	s.authority.assign(annID, "/blobServices/default/containers/con", contributor)
	s.authority.assign(bobID, "/blobServices/default/containers/secret", reader)
	sync, block := "x-ms-requires-sync: true", "x-ms-blob-type: BlockBlob"
	source := func(path string) string { return "x-ms-copy-source: " + s.endpoint + path }
	withToken := func(who string) string { return "x-ms-copy-source-authorization: Bearer " + who }

	s.check(202, "", "ann", "PUT", "/con/dst", "", source("/con/src"))
	s.check(202, "", "ann", "PUT", "/con/dst", "", source("/con/src"), sync)
	s.check(403, "CannotVerifyCopySource", "ann", "PUT", "/con/dst", "", source("/secret/src"))
	s.check(403, "CannotVerifyCopySource", "ann", "PUT", "/con/dst", "", source("/secret/src"), sync)
	s.check(202, "", "ann", "PUT", "/con/dst", "", source("/secret/src?"+s.accountSAS("r")), sync)
	s.check(403, "CannotVerifyCopySource", "ann", "PUT", "/con/dst", "", source("/secret/src?"+s.accountSAS("w")), sync)
	// Another account of the node is opened by no role on this one.
	second := "x-ms-copy-source: " + strings.Replace(s.endpoint, account, "second", 1) + "/other/src"
	s.check(401, "CannotVerifyCopySource", "ann", "PUT", "/con/dst", "", second)
	// The other operations want a token for the source.
	s.check(401, "CannotVerifyCopySource", "ann", "PUT", "/con/put", "", block, source("/con/src"))
	s.check(201, "", "ann", "PUT", "/con/put", "", block, source("/con/src"), withToken("ann"))
	s.check(403, "CannotVerifyCopySource", "ann", "PUT", "/con/put", "", block, source("/secret/src"), withToken("ann"))
	s.check(201, "", "ann", "PUT", "/con/put", "", block, source("/secret/src"), withToken("bob"))
	s.check(201, "", "ann", "PUT", "/con/b?comp=block&blockid=YQ==", "", source("/secret/src"), withToken("bob"))
	s.check(202, "", "ann", "PUT", "/con/dst", "", source("/secret/src"), sync, withToken("bob"))
	s.check(401, "CannotVerifyCopySource", "ann", "PUT", "/con/put", "", block, source("/con/src"), withToken("forged"))
	s.check(401, "CannotVerifyCopySource", "ann", "PUT", "/con/put", "", block, source("/con/src"), "x-ms-copy-source-authorization: SharedKey a:b")
	s.check(400, "UnsupportedHeader", "ann", "PUT", "/con/dst", "", source("/secret/src"), withToken("bob"))
	s.check(400, "UnsupportedHeader", "ann", "PUT", "/con/b?comp=block&blockid=YQ==", "", source("/secret/src"), withToken("bob"), "x-ms-version: 2020-08-04")
	// Where there is no Authority, no token opens anything.
	s.Refused(401, "CannotVerifyCopySource", "PUT", "/con/put", "", block, "x-ms-copy-source: "+s.URL+"/secret/src", withToken("bob"))
	lacking := 0
	for _, e := range s.both() {
		if e.Operation == "CopyBlob" && e.HTTPStatus == "403" && strings.Contains(e.AuthorizationDetail, `blobs/read", "roleAssignmentId":"",`) {
			lacking++
		}
		if strings.Contains(fmt.Sprintf("%+v", e), "Bearer") {
			t.Errorf("%s: a token in %+v", e.Operation, e)
		}
	}
	if lacking != 1 {
		t.Errorf("%d records of a copy say that reading was not allowed, want 1", lacking)
	}
}

// TestRemoteCopySourceToken: a token for a source on another host goes there,
// and only over HTTPS.
func TestRemoteCopySourceToken(t *testing.T) {
	var got []string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.Header.Get("Authorization")+" "+r.Header.Get("x-ms-version"))
		w.Header().Set("ETag", `"one"`)
		if r.Header.Get("Authorization") != "Bearer there" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("remote"))
	})
	tls, plain := httptest.NewTLSServer(handler), httptest.NewServer(handler)
	defer tls.Close()
	defer plain.Close()
	s := newSecured(t, func(c *blob.Config) {
		c.AllowCopyHosts = []string{strings.TrimPrefix(tls.URL, "https://"), strings.TrimPrefix(plain.URL, "http://")}
		c.Transport = tls.Client().Transport
	})
	s.container("con")
	s.authority.assign(annID, "", contributor)
	block, withToken := "x-ms-blob-type: BlockBlob", "x-ms-copy-source-authorization: Bearer there"
	s.check(201, "", "ann", "PUT", "/con/dst", "", block, "x-ms-copy-source: "+tls.URL+"/b", withToken)
	if a := s.check(200, "", "ann", "GET", "/con/dst", ""); a.Body != "remote" {
		t.Errorf("copy: %q", a.Body)
	}
	if want := "HEAD Bearer there " + newest + "|GET Bearer there " + newest; strings.Join(got, "|") != want {
		t.Errorf("the source was asked %v", got)
	}
	got = nil
	s.check(403, "CannotVerifyCopySource", "ann", "PUT", "/con/dst", "", block, "x-ms-copy-source: "+plain.URL+"/b", withToken)
	if got != nil {
		t.Errorf("a token left over HTTP: %v", got)
	}
	s.check(401, "CannotVerifyCopySource", "ann", "PUT", "/con/dst", "", block, "x-ms-copy-source: "+tls.URL+"/b")
	if want := "HEAD  "; strings.Join(got, "|") != want {
		t.Errorf("without a token the source was asked %q", got)
	}
}

// TestBatchOfTokens: each request of a batch has its own token and roles.
func TestBatchOfTokens(t *testing.T) {
	s := newSecured(t)
	s.container("con")
	s.put("/con/a", "x")
	s.put("/con/b", "x")
	s.authority.assign(annID, "", contributor)
	s.authority.assign(bobID, "", reader)
	var body strings.Builder
	for i, who := range []string{"ann", "bob", "forged", ""} {
		auth := ""
		if who != "" {
			auth = "Authorization: Bearer " + who + "\r\n"
		}
		fmt.Fprintf(&body, "--b\r\nContent-Type: application/http\r\nContent-ID: %d\r\n\r\nDELETE /con/%c HTTP/1.1\r\n%sContent-Length: 0\r\n\r\n\r\n", i, 'a'+i%2, auth)
	}
	a := s.check(202, "", "ann", "POST", "/con?restype=container&comp=batch", body.String()+"--b--\r\n", batchType)
	var got []string
	for _, part := range strings.Split(a.Body, "HTTP/1.1 ")[1:] {
		got = append(got, part[:3])
	}
	if strings.Join(got, " ") != "202 403 401 401" || !strings.Contains(a.Body, "Bearer authorization_uri=") {
		t.Errorf("answers %v\n%s", got, a.Body)
	}
	s.check(403, "AuthorizationPermissionMismatch", "bob", "POST", "/con?restype=container&comp=batch", body.String()+"--b--\r\n", batchType)
}

// TestSDKChallenge: a client without a token is told where to get one, and one
// with a bad token is refused.
func TestSDKChallenge(t *testing.T) {
	s := newSecured(t)
	a := s.check(401, "NoAuthenticationInformation", "", "GET", "/?comp=list", "")
	a.WantHeader(t, "WWW-Authenticate", "Bearer authorization_uri=https://login.example/"+tenantID+"/oauth2/authorize resource_id=https://storage.azure.com")
	_, err := s.as("forged").DownloadStream(context.Background(), "con", "b", nil)
	if !bloberror.HasCode(err, bloberror.InvalidAuthenticationInfo) {
		t.Errorf("a forged token: %v", err)
	}
	_, err = s.as("bob").DownloadStream(context.Background(), "con", "b", nil)
	if !bloberror.HasCode(err, bloberror.AuthorizationPermissionMismatch) {
		t.Errorf("no role: %v", err)
	}
}
