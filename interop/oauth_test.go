package interop

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
	"reslog/storagelog"
)

const devAccountID = groupID + "/providers/Microsoft.Storage/storageAccounts/" + devAccount

// devHost names the account as production endpoints do: the SDK signs with the
// account that it reads in the host.
const devHost = devAccount + ".blob.localhost"

// startOAuth starts a node with HTTPS, which SDKs want for tokens, and that host.
func startOAuth(t *testing.T) *servertest.Node {
	t.Helper()
	return servertest.Start(t, estate("", "", nil), servertest.WithTLS(), servertest.WithConfig(func(c *server.Config) { c.Hosts = []string{devHost} }))
}

// devURL is the address of the account below devHost.
func devURL(t *testing.T, n *servertest.Node) string {
	t.Helper()
	u, err := url.Parse(n.BlobURL())
	check(t, err)
	return "https://" + devHost + ":" + u.Port() + "/"
}

// bearer returns a client that signs in as a principal, and keeps what it does.
func bearer(t *testing.T, n *servertest.Node, cred azcore.TokenCredential, rec *recorder) *service.Client {
	t.Helper()
	options := n.ClientOptions(t)
	options.PerRetryPolicies = []policy.Policy{rec}
	c, err := service.NewClient(devURL(t, n), cred, &service.ClientOptions{ClientOptions: options})
	check(t, err)
	return c
}

// dataOperation is something to do with a container, a blob in it, and a name that
// is not taken.
type dataOperation struct {
	name string
	run  func(ctx context.Context, svc *service.Client, c *container.Client, free string) error
}

func dataOperations() []dataOperation {
	return []dataOperation{
		{"ListContainers", func(ctx context.Context, svc *service.Client, _ *container.Client, _ string) error {
			_, err := svc.NewListContainersPager(nil).NextPage(ctx)
			return err
		}},
		{"ListBlobs", func(ctx context.Context, _ *service.Client, c *container.Client, _ string) error {
			_, err := c.NewListBlobsFlatPager(nil).NextPage(ctx)
			return err
		}},
		{"GetBlob", func(ctx context.Context, _ *service.Client, c *container.Client, _ string) error {
			r, err := c.NewBlobClient("there").DownloadStream(ctx, nil)
			if err != nil {
				return err
			}
			return r.Body.Close()
		}},
		{"PutBlob", func(ctx context.Context, _ *service.Client, c *container.Client, free string) error {
			_, err := c.NewBlockBlobClient(free).Upload(ctx, body("x"), nil)
			return err
		}},
		{"DeleteBlob", func(ctx context.Context, _ *service.Client, c *container.Client, free string) error {
			_, err := c.NewBlobClient(free).Delete(ctx, nil)
			return err
		}},
		{"CreateContainer", func(ctx context.Context, svc *service.Client, _ *container.Client, free string) error {
			_, err := svc.NewContainerClient(free).Create(ctx, nil)
			return err
		}},
		{"DeleteContainer", func(ctx context.Context, svc *service.Client, _ *container.Client, free string) error {
			_, err := svc.NewContainerClient(free).Delete(ctx, nil)
			return err
		}},
		{"GetContainerACL", func(ctx context.Context, _ *service.Client, c *container.Client, _ string) error {
			_, err := c.GetAccessPolicy(ctx, nil)
			return err
		}},
		{"SetContainerACL", func(ctx context.Context, _ *service.Client, c *container.Client, _ string) error {
			_, err := c.SetAccessPolicy(ctx, nil)
			return err
		}},
	}
}

// TestBearer signs in with azidentity and works with azblob in each data role.
func TestBearer(t *testing.T) {
	n := startOAuth(t)
	_, err := n.Admin(t).PutSetting(t.Context(), devBlobID, "all", client.SettingProperties{StorageAccountID: archiveID, Logs: allLogs()})
	check(t, err)
	keyed := n.BlobClient(t).ServiceClient()
	switchLogging(t, keyed, storagelog.V2, true, true, true)
	name := unique(t)
	c := keyed.NewContainerClient(name)
	_, err = c.Create(t.Context(), nil)
	check(t, err)
	_, err = c.NewBlockBlobClient("there").Upload(t.Context(), body("content"), nil)
	check(t, err)

	read := []string{"ListContainers", "ListBlobs", "GetBlob"}
	write := append(read, "PutBlob", "DeleteBlob", "CreateContainer", "DeleteContainer")
	for _, role := range []struct {
		name string
		may  []string
	}{
		{"Storage Blob Data Reader", read},
		{"Storage Blob Data Contributor", write},
		{"Storage Blob Data Owner", append(write, "GetContainerACL", "SetContainerACL")},
		// Who manages the account manages its containers, and has none of the data.
		{"Owner", []string{"ListContainers", "CreateContainer", "DeleteContainer", "GetContainerACL", "SetContainerACL"}},
	} {
		t.Run(role.name, func(t *testing.T) {
			p := n.Principal(t, []string{role.name}, devAccountID)
			rec := &recorder{}
			svc := bearer(t, n, n.Credential(t, p), rec)
			free := unique(t)
			may := map[string]bool{}
			for _, name := range role.may {
				may[name] = true
			}
			for _, op := range dataOperations() {
				err := op.run(as(t.Context(), op.name), svc, svc.NewContainerClient(name), free)
				if may[op.name] && err != nil {
					t.Errorf("%s: %v", op.name, err)
				}
				if !may[op.name] && !bloberror.HasCode(err, bloberror.AuthorizationPermissionMismatch) {
					t.Errorf("%s: error %v, want %s", op.name, err, bloberror.AuthorizationPermissionMismatch)
				}
			}
			n.Settle(t)
			checkBearer(t, n, p, rec.exchanges(), may)
		})
	}
}

// checkBearer compares the records of both generations with what a principal did.
func checkBearer(t *testing.T, n *servertest.Node, p client.Principal, done []exchange, may map[string]bool) {
	t.Helper()
	assignment := assignments(t, n, p)[0]
	lines := storageLines(t, n, devBlobID)
	entries := map[string]storagelog.Entry{}
	for _, e := range n.Logs(t) {
		entries[e.RequestID] = e
	}
	if len(done) < len(dataOperations()) {
		t.Errorf("%d requests", len(done))
	}
	for _, e := range done {
		id := e.Response.Get("X-Ms-Request-Id")
		if len(lines[id]) != 1 {
			t.Errorf("%s has %d lines", e.Operation, len(lines[id]))
			continue
		}
		l, entry := lines[id][0], entries[id]
		want(t, "operation", l.OperationName, e.Operation)
		want(t, "operation in $logs", entry.Operation, e.Operation)
		if e.Status == http.StatusUnauthorized {
			continue // the SDK asks without a token first, to be told where to sign in
		}
		checkRequester(t, l.Identity, p, n)
		result, auth := "Denied", storageAuthorization{}
		if may[e.Operation] {
			result = "Granted"
		}
		if len(l.Identity.Authorization) == 0 {
			t.Errorf("%s: no authorization", e.Operation)
		} else {
			auth = l.Identity.Authorization[0]
		}
		want(t, e.Operation+": result", auth.Result, result)
		want(t, e.Operation+": type", auth.Type, "RBAC")
		if result == "Granted" {
			want(t, "assignment", auth.RoleAssignmentID, assignment.Name)
			if !strings.HasSuffix(assignment.Properties.RoleDefinitionID, "/"+auth.RoleDefinitionID) {
				t.Errorf("role definition %q, want that of %s", auth.RoleDefinitionID, assignment.Properties.RoleDefinitionID)
			}
			want(t, "principal", auth.Principals[0].ID, p.ObjectID)
		}
		want(t, "protocol", l.Protocol, "HTTPS")

		want(t, "version", entry.Version, storagelog.V2)
		want(t, "authentication", entry.AuthType, "bearer")
		want(t, "object id", entry.UserObjectID, p.ObjectID)
		want(t, "tenant id", entry.TenantID, p.TenantID)
		want(t, "application id", entry.ApplicationID, p.AppID)
		want(t, "audience", entry.Audience, l.Identity.Requester["audience"])
		want(t, "issuer", entry.Issuer, l.Identity.Requester["tokenIssuer"])
		if !strings.Contains(entry.AuthorizationDetail, `"`+auth.Action+`"`) || !strings.Contains(entry.AuthorizationDetail, `"roleAssignmentId":"`+auth.RoleAssignmentID+`"`) {
			t.Errorf("%s: authorization detail %s", e.Operation, entry.AuthorizationDetail)
		}
	}
}

func checkRequester(t *testing.T, i storageIdentity, p client.Principal, n *servertest.Node) {
	t.Helper()
	want(t, "identity", i.Type, "OAuth")
	want(t, "requester's object", i.Requester["objectId"], p.ObjectID)
	want(t, "requester's application", i.Requester["appId"], p.AppID)
	want(t, "requester's tenant", i.Requester["tenantId"], p.TenantID)
	if !strings.HasPrefix(i.Requester["audience"], "https://storage.azure.com") || !strings.Contains(i.Requester["tokenIssuer"], p.TenantID) {
		t.Errorf("audience %q, issuer %q", i.Requester["audience"], i.Requester["tokenIssuer"])
	}
	if len(i.TokenHash) != 64 {
		t.Errorf("token hash %q", i.TokenHash)
	}
}

// assignment is a role assignment, as Resource Manager shows it.
type assignment struct {
	ID, Name   string
	Properties struct{ PrincipalID, RoleDefinitionID string }
}

// assignments are the roles that a principal has.
func assignments(t *testing.T, n *servertest.Node, p client.Principal) []assignment {
	t.Helper()
	var list struct{ Value []assignment }
	check(t, n.Admin(t).ARM(t.Context(), http.MethodGet, devAccountID+"/providers/Microsoft.Authorization/roleAssignments", "2022-04-01",
		url.Values{"$filter": {"principalId eq '" + p.ObjectID + "'"}}, nil, &list))
	if len(list.Value) == 0 {
		t.Fatalf("principal %s has no roles", p.ObjectID)
	}
	return list.Value
}

// otherAudience asks for tokens for something else than what they are sent to.
type otherAudience struct {
	azcore.TokenCredential
	scope string
}

func (o otherAudience) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	options.Scopes = []string{o.scope}
	return o.TokenCredential.GetToken(ctx, options)
}

func TestBearerRefusals(t *testing.T) {
	n := startOAuth(t)
	p := n.Principal(t, []string{"Storage Blob Data Contributor"}, devAccountID)
	cred := n.Credential(t, p)
	rec := &recorder{}
	svc := bearer(t, n, cred, rec)
	c := svc.NewContainerClient(unique(t))
	_, err := c.Create(t.Context(), nil)
	check(t, err)
	_, err = c.NewBlockBlobClient("blob").Upload(t.Context(), body("content"), nil)
	check(t, err)

	wrong := bearer(t, n, otherAudience{cred, n.ControlURL() + "/.default"}, rec)
	_, err = wrong.NewListContainersPager(nil).NextPage(t.Context())
	wantCode(t, err, http.StatusUnauthorized, bloberror.InvalidAuthenticationInfo)

	// A principal of one account has nothing in another.
	elsewhere, err := service.NewClient(n.AccountURL(archiveAccount)+"/", cred, &service.ClientOptions{ClientOptions: n.ClientOptions(t)})
	check(t, err)
	_, err = elsewhere.NewListContainersPager(nil).NextPage(t.Context())
	wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationPermissionMismatch)

	readURL := delegated(t, svc, c, sas.BlobPermissions{Read: true})
	get := func(u string) error {
		b, err := blob.NewClientWithNoCredential(u, &blob.ClientOptions{ClientOptions: n.ClientOptions(t)})
		check(t, err)
		_, err = b.GetProperties(t.Context(), nil)
		return err
	}
	check(t, get(readURL))
	if err := get(strings.Replace(readURL, "sp=r&", "sp=rd&", 1)); !bloberror.HasCode(err, bloberror.AuthenticationFailed) {
		t.Errorf("a SAS that was changed: %v", err)
	}

	// A revoked role ends what it allowed: at once, and of signatures too.
	check(t, n.Admin(t).ARM(t.Context(), http.MethodDelete, assignments(t, n, p)[0].ID, "2022-04-01", nil, nil, nil))
	_, err = svc.NewListContainersPager(nil).NextPage(t.Context())
	wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationPermissionMismatch)
	if err := get(readURL); !bloberror.HasCode(err, bloberror.AuthorizationPermissionMismatch) {
		t.Errorf("a SAS of who has lost the role: %v", err)
	}
	check(t, n.Admin(t).DeletePrincipal(t.Context(), p.AppID))
	_, err = cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://vault.azure.net/.default"}})
	if err == nil {
		t.Error("a principal that is gone signs in")
	}
}

// TestUserDelegationSAS: what a signature allows is what both it and who signed it
// may.
func TestUserDelegationSAS(t *testing.T) {
	n := startOAuth(t)
	_, err := n.Admin(t).PutSetting(t.Context(), devBlobID, "all", client.SettingProperties{StorageAccountID: archiveID, Logs: allLogs()})
	check(t, err)
	name := unique(t)
	keyed := n.BlobClient(t).ServiceClient().NewContainerClient(name)
	_, err = keyed.Create(t.Context(), nil)
	check(t, err)
	_, err = keyed.NewBlockBlobClient("blob").Upload(t.Context(), body("content"), nil)
	check(t, err)

	p := n.Principal(t, []string{"Storage Blob Data Reader"}, devAccountID)
	svc := bearer(t, n, n.Credential(t, p), &recorder{})
	c := svc.NewContainerClient(name)
	rec := &recorder{}
	options := n.ClientOptions(t)
	options.PerRetryPolicies = []policy.Policy{rec}
	b, err := blob.NewClientWithNoCredential(delegated(t, svc, c, sas.BlobPermissions{Read: true, Delete: true}), &blob.ClientOptions{ClientOptions: options})
	check(t, err)
	_, err = b.GetProperties(as(t.Context(), "GetBlobProperties"), nil)
	check(t, err)
	_, err = b.Delete(as(t.Context(), "DeleteBlob"), nil) // the signature says so, its signer may not
	wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationPermissionMismatch)

	n.Settle(t)
	lines := storageLines(t, n, devBlobID)
	for i, e := range rec.exchanges() {
		l := lines[e.Response.Get("X-Ms-Request-Id")]
		if len(l) != 1 {
			t.Fatalf("%s has %d lines", e.Operation, len(l))
		}
		want(t, "operation", l[0].OperationName, e.Operation)
		want(t, "identity", l[0].Identity.Type, "DelegationSas")
		want(t, "requester", l[0].Identity.Requester["objectId"], p.ObjectID)
		if !strings.Contains(l[0].Identity.TokenHash, "SasSignature(") || strings.Contains(l[0].URI, url.QueryEscape(signature(t, e.URL))) {
			t.Errorf("token hash %s, uri %s", l[0].Identity.TokenHash, l[0].URI)
		}
		want(t, "result", l[0].Identity.Authorization[0].Result, []string{"Granted", "Denied"}[i])
	}
}

func signature(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	check(t, err)
	return u.Query().Get("sig")
}

// delegated returns the URL of the blob "blob" with a signature by a key that the
// service has given to who is signed in.
func delegated(t *testing.T, svc *service.Client, c *container.Client, may sas.BlobPermissions) string {
	t.Helper()
	start, expiry := time.Now().UTC().Add(-time.Minute), time.Now().UTC().Add(time.Hour)
	cred, err := svc.GetUserDelegationCredential(t.Context(), service.KeyInfo{
		Start: to.Ptr(start.Format(sas.TimeFormat)), Expiry: to.Ptr(expiry.Format(sas.TimeFormat)),
	}, nil)
	check(t, err)
	q, err := sas.BlobSignatureValues{
		Protocol: sas.ProtocolHTTPS, StartTime: start, ExpiryTime: expiry, Permissions: may.String(),
		ContainerName: strings.TrimPrefix(c.URL(), svc.URL()), BlobName: "blob",
	}.SignWithUserDelegation(cred)
	check(t, err)
	return c.NewBlobClient("blob").URL() + "?" + q.Encode()
}
