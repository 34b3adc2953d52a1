package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"reslog/service/storage"
)

// Files of the data folder that clients on this machine read.
const (
	tokenFile     = "admin.token"
	endpointsFile = "endpoints.json"
)

// loadToken returns the token of the local API, drawing it at the first start.
func loadToken(data string) (string, error) {
	path := filepath.Join(data, tokenFile)
	raw, err := os.ReadFile(path)
	if err == nil {
		if token := strings.TrimSpace(string(raw)); token != "" {
			return token, nil
		}
		return "", fmt.Errorf("%s is empty: delete it, and a new token is drawn", path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the admin token: %w", err)
	}
	token := rand.Text()
	if err := writeFile(path, []byte(token+"\n")); err != nil {
		return "", fmt.Errorf("keep the admin token: %w", err)
	}
	return token, nil
}

// writeEndpoints leaves the addresses in the data folder, so that commands given
// the folder find the node whatever ports it took.
func (n *Node) writeEndpoints() error {
	raw, err := json.Marshal(map[string]any{
		"pid": os.Getpid(), "control": n.ControlURL(), "admin": n.AdminURL(),
		"blob": n.BlobURL(), "queue": n.QueueURL(), "table": n.TableURL(),
		"redis": n.RedisAddr(), "redisAudit": n.RedisAuditAddr(), "signalr": n.SignalRURL(),
		"subscriptionId": n.cfg.SubscriptionID, "resourceGroup": n.cfg.ResourceGroup, "location": n.cfg.Location,
	})
	if err != nil {
		return fmt.Errorf("encode the endpoints: %w", err)
	}
	path := filepath.Join(n.cfg.Data, endpointsFile)
	if err := writeFile(path, append(raw, '\n')); err != nil {
		return fmt.Errorf("keep the endpoints: %w", err)
	}
	n.onStop("endpoints file", func(context.Context) error { return os.Remove(path) })
	return nil
}

// writeFile replaces a file whole, readable by its owner only.
func writeFile(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// BlobURL is where the blob service listens, "http://127.0.0.1:10000"; "" when
// it does not. The path-style URL of an account is this, a slash and its name.
func (n *Node) BlobURL() string { return n.service(storage.Blob).url() }

// QueueURL is where the queue service listens, in the same form.
func (n *Node) QueueURL() string { return n.service(storage.Queue).url() }

// TableURL is where the table service listens, in the same form.
func (n *Node) TableURL() string { return n.service(storage.Table).url() }

// ControlURL is where Resource Manager, sign-in and the local API are,
// "https://127.0.0.1:10443"; "" when they are not.
func (n *Node) ControlURL() string { return n.control.Load().url() }

// CAFile is the PEM file of the authority that certified the node; trust it to
// talk to ControlURL.
func (n *Node) CAFile() string { return n.ca.CertFile() }

// AdminURL is where health and metrics are; "" when they are not.
func (n *Node) AdminURL() string { return n.admin.Load().url() }

// AdminToken is a bearer token that may do everything at ControlURL. It is a
// secret.
func (n *Node) AdminToken() string { return n.token }

// ConnectionString is what tools and SDKs connect to an account with. It holds
// key1, and the endpoints of the services that listen. It is "" for an account
// that is not there.
func (n *Node) ConnectionString(account string) string {
	key := n.accounts.key(account)
	if key == "" {
		return ""
	}
	scheme := "http"
	var endpoints strings.Builder
	for _, s := range n.services {
		url := s.accountURL(account)
		if url == "" {
			continue
		}
		scheme, _, _ = strings.Cut(url, "://") // all services have the same
		name := string(s.kind)
		fmt.Fprintf(&endpoints, "%s%sEndpoint=%s;", strings.ToUpper(name[:1]), name[1:], url)
	}
	return fmt.Sprintf("DefaultEndpointsProtocol=%s;AccountName=%s;AccountKey=%s;%s", scheme, account, key, endpoints.String())
}

// AccountNames lists the storage accounts that the node serves.
func (n *Node) AccountNames() []string {
	var names []string
	for _, a := range n.accounts.list() {
		names = append(names, a.Name)
	}
	return names
}
