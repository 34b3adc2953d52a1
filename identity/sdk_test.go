package identity_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"reslog/bus"
	"reslog/identity"
	"reslog/internal/localca"
)

// node is a sign-in surface behind TLS, as a node has it.
type node struct {
	url       string // "https://localhost:port"
	issuer    *identity.Issuer
	directory *identity.Directory
	verifier  *identity.Verifier
	transport *http.Client // trusts the node's certificate authority
}

func startNode(t *testing.T) *node {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	bucket, err := b.KeyValue(t.Context(), "identity")
	if err != nil {
		t.Fatal(err)
	}
	n := &node{}
	if n.issuer, err = identity.OpenIssuer(identity.IssuerConfig{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if n.directory, err = identity.OpenDirectory(t.Context(), identity.DirectoryConfig{KeyValue: bucket, TenantID: n.issuer.TenantID()}); err != nil {
		t.Fatal(err)
	}
	if n.verifier, err = identity.NewVerifier(identity.VerifierConfig{Local: n.issuer, Directory: n.directory}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.verifier.Close)
	n.serve(t, identity.NewEndpoints(identity.EndpointsConfig{
		Issuer: n.issuer, Directory: n.directory, BaseURL: func(*http.Request) string { return n.url },
	}))
	return n
}

func (n *node) serve(t *testing.T, endpoints http.Handler) {
	ca, err := localca.Open(localca.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(endpoints)
	srv.Listener = tls.NewListener(srv.Listener, &tls.Config{GetCertificate: ca.GetCertificate, MinVersion: tls.VersionTLS12})
	srv.Start()
	t.Cleanup(srv.Close)
	addr := srv.Listener.Addr().String()
	n.url = "https://localhost" + addr[strings.LastIndexByte(addr, ':'):]

	raw, err := os.ReadFile(ca.CertFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(raw)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	n.transport = &http.Client{Transport: transport}
}

// credential is the Azure SDK's, pointed at the node.
func (n *node) credential(t *testing.T, tenant, appID, secret string) *azidentity.ClientSecretCredential {
	t.Helper()
	cred, err := azidentity.NewClientSecretCredential(tenant, appID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: n.url},
			Transport: n.transport,
			Retry:     policy.RetryOptions{MaxRetries: -1},
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func TestAzureSDKSignsIn(t *testing.T) {
	n := startNode(t)
	app, secret, err := n.directory.CreateServicePrincipal(t.Context(), identity.ServicePrincipalSpec{DisplayName: "sdk"})
	if err != nil {
		t.Fatal(err)
	}
	for tenant, issuer := range map[string]string{
		"adfs":              n.url + "/adfs",
		n.issuer.TenantID(): n.url + "/" + n.issuer.TenantID() + "/v2.0",
	} {
		for scope, audience := range map[string]string{
			"https://storage.azure.com/.default":     "https://storage.azure.com",
			"https://management.azure.com//.default": "https://management.azure.com/",
		} {
			token, err := n.credential(t, tenant, app.AppID, secret).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
			if err != nil {
				t.Errorf("%s, %s: %v", tenant, scope, err)
				continue
			}
			got, err := n.verifier.Verify(t.Context(), token.Token, func(a string) bool { return a == audience })
			if err != nil || got.ObjectID != app.ObjectID || got.AppID != app.AppID || got.Type != identity.ServicePrincipal || got.Issuer != issuer {
				t.Errorf("%s, %s: %+v, %v", tenant, scope, got, err)
			}
			if _, err := n.verifier.Verify(t.Context(), token.Token, func(a string) bool { return a == "https://vault.azure.net" }); !errors.Is(err, identity.ErrTokenAudience) {
				t.Errorf("%s, %s: another audience: %v", tenant, scope, err)
			}
			if d := token.ExpiresOn.Sub(got.Expires).Abs(); d.Minutes() > 1 {
				t.Errorf("%s: the SDK believes in an end %s away", tenant, d)
			}
		}
	}
}

func TestAzureSDKIsRefused(t *testing.T) {
	n := startNode(t)
	app, secret, err := n.directory.CreateServicePrincipal(t.Context(), identity.ServicePrincipalSpec{DisplayName: "sdk"})
	if err != nil {
		t.Fatal(err)
	}
	const unknown = "99999999-0000-0000-0000-000000000000"
	for name, c := range map[string]struct {
		tenant, app, secret, want string
	}{
		"wrong secret":        {n.issuer.TenantID(), app.AppID, "wrong", "AADSTS7000215"},
		"wrong secret, adfs":  {"adfs", app.AppID, "wrong", "AADSTS7000215"},
		"unknown application": {n.issuer.TenantID(), unknown, secret, "AADSTS700016"},
		"unknown tenant":      {unknown, app.AppID, secret, "AADSTS90002"},
	} {
		_, err := n.credential(t, c.tenant, c.app, c.secret).GetToken(context.WithoutCancel(t.Context()), policy.TokenRequestOptions{Scopes: []string{"https://storage.azure.com/.default"}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// The whole way of a request: sign in, be known, be allowed, be no longer.
func TestSignedInAndAllowed(t *testing.T) {
	n := startNode(t)
	ctx := t.Context()
	const account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acct"
	const read = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
	app, secret, err := n.directory.CreateServicePrincipal(ctx, identity.ServicePrincipalSpec{DisplayName: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := n.credential(t, n.issuer.TenantID(), app.AppID, secret).GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://storage.azure.com/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	check := func() (identity.Grant, bool) {
		claims, err := n.verifier.Verify(ctx, token.Token, func(a string) bool { return a == "https://storage.azure.com" })
		if err != nil {
			t.Fatal(err)
		}
		return n.directory.Check(claims.PrincipalIDs(), read, true, account+"/blobServices/default/containers/c")
	}
	if g, ok := check(); ok {
		t.Errorf("allowed without an assignment: %+v", g)
	}
	assigned, _, err := n.directory.Assign(ctx, identity.RoleAssignment{PrincipalID: app.ObjectID, RoleDefinitionID: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", Scope: account})
	if err != nil {
		t.Fatal(err)
	}
	want := identity.Grant{AssignmentID: assigned.Name, RoleDefinitionID: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", PrincipalID: app.ObjectID, PrincipalType: identity.ServicePrincipal}
	if g, ok := check(); !ok || g != want {
		t.Errorf("grant %+v, %v", g, ok)
	}
	if err := n.directory.Delete(ctx, app.ObjectID); err != nil {
		t.Fatal(err)
	}
	if _, ok := check(); ok {
		t.Error("the token of a deleted application is worth something")
	}
}
