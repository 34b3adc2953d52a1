package faulttest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"reslog/server"
	"reslog/server/servertest"
)

// bootstrap is what a test puts into the bootstrap file of its nodes.
type bootstrap struct {
	Accounts  []map[string]any `json:"storage-accounts,omitempty"`
	Resources []map[string]any `json:"resources,omitempty"`
	Settings  []map[string]any `json:"diagnostic-settings,omitempty"`
}

// blobService is the resource whose records the tests route.
const blobService = "Microsoft.Storage/storageAccounts/" + server.DevAccount + "/blobServices/default"

// Names of resources that records are sent to, and their IDs without what comes
// before the provider.
const (
	ownAccount   = "ownarchive"   // of the node itself
	otherAccount = "otherarchive" // of another node

	accountPath = "Microsoft.Storage/storageAccounts/"
	otlpPath    = "Dynatrace.Observability/monitors/receiver"
	elasticPath = "Microsoft.Elastic/monitors/search"
	hubPath     = "Microsoft.EventHub/namespaces/namespace1"
	rulePath    = hubPath + "/authorizationRules/RootManageSharedAccessKey"
)

// own adds an account of the node.
func (b *bootstrap) own(name string) {
	b.Accounts = append(b.Accounts, map[string]any{"name": name, "keys": []string{server.DevKey}})
}

func (b *bootstrap) resource(path string, properties map[string]any) {
	b.Resources = append(b.Resources, map[string]any{"id": path, "properties": properties})
}

// setting adds a setting for each category of the blob service. Destinations are
// named as Resource Manager has it.
func (b *bootstrap) setting(name string, destinations map[string]any) {
	properties := map[string]any{"logs": []map[string]any{
		{"category": "StorageRead", "enabled": true}, {"category": "StorageWrite", "enabled": true}, {"category": "StorageDelete", "enabled": true},
	}}
	for k, v := range destinations {
		properties[k] = v
	}
	b.Settings = append(b.Settings, map[string]any{"name": name, "resource": blobService, "properties": properties})
}

// write returns the path of the bootstrap file: JSON is YAML, too.
func (b *bootstrap) write(t *testing.T) string {
	t.Helper()
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), server.FileName)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readingFile lets a node under test read a bootstrap file.
func readingFile(t *testing.T, file string) servertest.Option {
	return servertest.WithConfig(func(c *server.Config) {
		if err := c.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	})
}

// prepare makes a data folder in which the blob service logs to `$logs`, and the
// container of the tests is there.
func prepare(t *testing.T, options ...servertest.Option) (data string) {
	t.Helper()
	data = t.TempDir()
	n := servertest.Start(t, append(options, servertest.WithData(data))...)
	if _, err := n.BlobClient(t).CreateContainer(t.Context(), containerName, nil); err != nil {
		t.Fatal(err)
	}
	n.SetLogging(t, "rwd")
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return data
}

// devConnection is the connection string of the development account of a node
// that is reached at url.
func devConnection(url string) string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s/%s;", server.DevAccount, server.DevKey, url, server.DevAccount)
}
