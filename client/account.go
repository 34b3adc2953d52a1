package client

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Service is one of the services of a storage account.
type Service string

// The services of a storage account.
const (
	Blob  Service = "blob"
	Queue Service = "queue"
	Table Service = "table"
)

// The account of the development storage: what UseDevelopmentStorage=true means.
const (
	DevAccount = "devstoreaccount1"
	DevKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Account is a storage account with what it takes to call it. Do not print one:
// it holds the key.
type Account struct {
	Name string
	Key  []byte // decoded; empty when SAS is set
	SAS  string // query string without "?"; empty when Key is set
	// Endpoints of the services, without a slash at the end. A service that the
	// connection string gives no endpoint for is not there.
	Endpoints map[Service]string

	// HTTP sends the requests; nil means a client with a timeout of 30 s.
	HTTP *http.Client
	// Now is the clock requests are signed with; nil means time.Now.
	Now func() time.Time
}

// ParseConnectionString reads an Azure Storage connection string:
// UseDevelopmentStorage=true, AccountName and AccountKey with
// DefaultEndpointsProtocol and EndpointSuffix or with BlobEndpoint,
// QueueEndpoint and TableEndpoint, or SharedAccessSignature with endpoints.
// Errors name what is missing and never repeat a value.
func ParseConnectionString(s string) (*Account, error) {
	values := map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return nil, errors.New("parse connection string: want name=value pairs separated by \";\"")
		}
		values[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	if strings.EqualFold(values["usedevelopmentstorage"], "true") {
		return devAccount(values["developmentstorageproxyuri"])
	}
	a := &Account{Name: values["accountname"], SAS: strings.TrimPrefix(values["sharedaccesssignature"], "?"), Endpoints: map[Service]string{}}
	protocol := values["defaultendpointsprotocol"]
	if protocol == "" {
		protocol = "https"
	}
	suffix := values["endpointsuffix"]
	if suffix == "" {
		suffix = "core.windows.net"
	}
	for _, service := range []Service{Blob, Queue, Table} {
		endpoint := strings.TrimRight(values[string(service)+"endpoint"], "/")
		if endpoint == "" && a.Name != "" {
			endpoint = fmt.Sprintf("%s://%s.%s.%s", protocol, a.Name, service, suffix)
		}
		if endpoint == "" {
			continue
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("parse connection string: the %s endpoint is not an http or https URL", service)
		}
		a.Endpoints[service] = endpoint
	}
	if len(a.Endpoints) == 0 {
		return nil, errors.New("parse connection string: no AccountName and no endpoint: want UseDevelopmentStorage=true, AccountName and AccountKey, or endpoints with a SharedAccessSignature")
	}
	if a.SAS != "" {
		return a, nil
	}
	if a.Name == "" {
		return nil, errors.New("parse connection string: AccountName is missing")
	}
	key, err := base64.StdEncoding.DecodeString(values["accountkey"])
	if err != nil || len(key) == 0 {
		return nil, errors.New("parse connection string: AccountKey is missing or not base64")
	}
	a.Key = key
	return a, nil
}

// devAccount is the development storage, on 127.0.0.1 or the host of proxy.
func devAccount(proxy string) (*Account, error) {
	host := "http://127.0.0.1"
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Hostname() == "" {
			return nil, errors.New("parse connection string: DevelopmentStorageProxyUri is not a URL")
		}
		host = u.Scheme + "://" + u.Hostname()
	}
	key, err := base64.StdEncoding.DecodeString(DevKey)
	if err != nil {
		return nil, fmt.Errorf("decode the development key: %w", err)
	}
	return &Account{Name: DevAccount, Key: key, Endpoints: map[Service]string{
		Blob:  host + ":10000/" + DevAccount,
		Queue: host + ":10001/" + DevAccount,
		Table: host + ":10002/" + DevAccount,
	}}, nil
}

func (a *Account) http() *http.Client {
	if a.HTTP != nil {
		return a.HTTP
	}
	return &http.Client{Timeout: 30 * time.Second}
}

func (a *Account) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}
