package faulttest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"

	"reslog/server"
	"reslog/server/servertest"
)

// bearer is a credential with one token.
type bearer string

// GetToken implements azcore.TokenCredential.
func (b bearer) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(b), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// manager changes the settings of a node's blob service with the SDK.
type manager struct {
	settings *armmonitor.DiagnosticSettingsClient
	prefix   string // of IDs
}

func managerOf(t *testing.T, n *servertest.Node) *manager {
	t.Helper()
	pem, err := os.ReadFile(n.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	services := map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: n.ControlURL(), Audience: n.ControlURL()}}
	client, err := armmonitor.NewDiagnosticSettingsClient(bearer(n.AdminToken()), &arm.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: n.ControlURL(), Services: services},
			Transport: &http.Client{Transport: transport},
			Retry:     policy.RetryOptions{MaxRetries: -1},
		},
		DisableRPRegistration: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &manager{client, "/subscriptions/" + server.DefaultSubscriptionID + "/resourceGroups/" + server.DefaultResourceGroup + "/providers/"}
}

// put makes or replaces a setting: categories go to an account.
func (m *manager) put(t *testing.T, name, account string, categories ...string) {
	t.Helper()
	p := &armmonitor.DiagnosticSettings{StorageAccountID: ptr(m.prefix + accountPath + account)}
	for _, c := range categories {
		p.Logs = append(p.Logs, &armmonitor.LogSettings{Category: ptr(c), Enabled: ptr(true)})
	}
	_, err := m.settings.CreateOrUpdate(t.Context(), m.prefix+blobService, name, armmonitor.DiagnosticSettingsResource{Properties: p}, nil)
	if err != nil {
		t.Fatalf("put setting %s: %v", name, err)
	}
}

func (m *manager) remove(t *testing.T, name string) {
	t.Helper()
	if _, err := m.settings.Delete(t.Context(), m.prefix+blobService, name, nil); err != nil {
		t.Fatalf("delete setting %s: %v", name, err)
	}
}
