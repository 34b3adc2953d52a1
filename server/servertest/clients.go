package servertest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"reslog/client"
	"reslog/server"
)

// WithTLS makes the blob service speak HTTPS, as SDKs want it before they send a
// bearer token.
func WithTLS() Option { return func(c *server.Config) { c.TLS = true } }

// HTTPClient trusts the node's own authority. Names below localhost lead to this
// machine for it, as RFC 6761 wants it and not every resolver does.
func (n *Node) HTTPClient(t testing.TB) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(n.CAFile())
	if err != nil {
		t.Fatalf("read the node's authority: %v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("%s has no certificate", n.CAFile())
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	dial := &net.Dialer{}
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if host, port, err := net.SplitHostPort(addr); err == nil && strings.HasSuffix(host, ".localhost") {
			addr = net.JoinHostPort("127.0.0.1", port)
		}
		return dial.DialContext(ctx, network, addr)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// Admin is a client of the node that may do everything.
func (n *Node) Admin(t testing.TB) *client.Node {
	t.Helper()
	c, err := client.FindNode(client.NodeConfig{URL: n.ControlURL(), Token: n.AdminToken(), HTTP: n.HTTPClient(t)})
	if err != nil {
		t.Fatalf("make a client of the node: %v", err)
	}
	return c
}

// Principal makes a service principal with roles at scopes; no scope is
// everything.
func (n *Node) Principal(t testing.TB, roles []string, scopes ...string) client.Principal {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	p, err := n.Admin(t).CreatePrincipal(ctx, "test", roles, scopes)
	if err != nil {
		t.Fatalf("make a principal: %v", err)
	}
	return p
}

// ClientOptions send an SDK's requests to the node instead of Azure, and make it
// try once only.
func (n *Node) ClientOptions(t testing.TB) policy.ClientOptions {
	t.Helper()
	return policy.ClientOptions{
		Transport: n.HTTPClient(t),
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: n.ControlURL() + "/",
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: n.ControlURL(), Audience: n.ControlURL()},
			},
		},
	}
}

// Credential signs in as a principal.
func (n *Node) Credential(t testing.TB, p client.Principal) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewClientSecretCredential(p.TenantID, p.AppID, p.Password, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: n.ClientOptions(t), DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatalf("make a credential: %v", err)
	}
	return cred
}
