package client

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// DefaultControlURL is where a node is controlled unless told otherwise.
const DefaultControlURL = "https://127.0.0.1:10443"

// maxAnswer bounds what is read of an answer, and of one line of a stream.
const maxAnswer = 16 << 20

// NodeConfig says how to find a node.
type NodeConfig struct {
	// Data is the node's data folder, from which the address, the certificate
	// authority and the token are read when they are not given.
	Data string
	// URL is the control address; "" means what the data folder says, else
	// DefaultControlURL.
	URL string
	// CAFile is a PEM file with the authority that the node's certificate is of;
	// "" means that of the data folder, if it has one, else those of the system.
	CAFile string
	// Token is the bearer token; "" means that of the data folder.
	Token string
	// HTTP sends the requests; nil means a client that trusts CAFile and has no
	// timeout: contexts bound the calls.
	HTTP *http.Client
}

// Node is a client of one node: of its local API, and of its Resource Manager.
type Node struct {
	url      string
	token    string
	http     *http.Client
	defaults Defaults
}

// Defaults complete what is not said of resources.
type Defaults struct {
	SubscriptionID string `json:"subscriptionId"`
	ResourceGroup  string `json:"resourceGroup"`
	Location       string `json:"location"`
}

// endpoints are what a running node leaves in its data folder.
type endpoints struct {
	Control string `json:"control"`
	Defaults
}

// FindNode finds a node by its configuration. It does not call it.
func FindNode(c NodeConfig) (*Node, error) {
	n := &Node{url: strings.TrimRight(c.URL, "/"), token: c.Token, http: c.HTTP}
	e, err := readEndpoints(c.Data)
	if err != nil {
		return nil, err
	}
	n.defaults = e.Defaults
	if n.url == "" {
		n.url = e.Control
	}
	if n.http == nil {
		if n.http, err = trusting(c); err != nil {
			return nil, err
		}
	}
	if n.token == "" {
		raw, err := os.ReadFile(filepath.Join(c.Data, "admin.token"))
		if err != nil {
			return nil, fmt.Errorf("read the node's token: %w", err)
		}
		n.token = strings.TrimSpace(string(raw))
	}
	return n, nil
}

// Defaults returns what the node says to use where nothing is said; empty when
// the data folder is not at hand.
func (n *Node) Defaults() Defaults { return n.defaults }

// URL is the node's control address.
func (n *Node) URL() string { return n.url }

func readEndpoints(data string) (endpoints, error) {
	e := endpoints{Control: DefaultControlURL}
	raw, err := os.ReadFile(filepath.Join(data, "endpoints.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return e, fmt.Errorf("find the node: %w", err)
	}
	e.Control = ""
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, fmt.Errorf("read endpoints.json of the data folder %s: %w", data, err)
	}
	if e.Control == "" {
		return e, fmt.Errorf("the node with the data folder %s serves no control address", data)
	}
	return e, nil
}

// trusting returns an HTTP client that trusts the node's authority.
func trusting(c NodeConfig) (*http.Client, error) {
	path := c.CAFile
	if path == "" {
		path = filepath.Join(c.Data, "ca", "ca.pem")
	}
	pem, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && c.CAFile == "" {
		return &http.Client{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the node's certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read the node's certificate authority: %s has no certificate", path)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: transport}, nil
}
