package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"reslog/bus"
	"reslog/identity"
)

// FileName is the bootstrap file that is looked for in the data folder.
const FileName = "reslog.yaml"

// maxFile bounds the bootstrap file, in bytes.
const maxFile = 1 << 20

// file is the bootstrap file. Its keys are the names of the flags; what is not
// there changes nothing.
type file struct {
	BlobAddr       *string       `yaml:"blob-addr"`
	QueueAddr      *string       `yaml:"queue-addr"`
	TableAddr      *string       `yaml:"table-addr"`
	ControlAddr    *string       `yaml:"control-addr"`
	AdminAddr      *string       `yaml:"admin-addr"`
	Cert           *string       `yaml:"cert"`
	Key            *string       `yaml:"key"`
	TLS            *bool         `yaml:"tls"`
	Hosts          []string      `yaml:"hosts"`
	Accounts       []fileAccount `yaml:"storage-accounts"`
	SubscriptionID *string       `yaml:"subscription-id"`
	ResourceGroup  *string       `yaml:"resource-group"`
	Location       *string       `yaml:"location"`
	FlushInterval  *string       `yaml:"flush-interval"`
	Durability     *string       `yaml:"durability"`
	BusMaxBytes    *int64        `yaml:"bus-max-bytes"`
	BusMaxAge      *string       `yaml:"bus-max-age"`
	SkipVersion    *bool         `yaml:"skip-api-version-check"`
	Throttle       *float64      `yaml:"throttle"`
	CopyHosts      []string      `yaml:"copy-hosts"`

	Redis   fileRedis   `yaml:",inline"`
	SignalR fileSignalR `yaml:",inline"`

	QueryMemory  *int64  `yaml:"query-memory"`
	BacklogBytes *int64  `yaml:"backlog-bytes"`
	BacklogAge   *string `yaml:"backlog-age"`

	Resources      []fileResource  `yaml:"resources"`
	Settings       []fileSetting   `yaml:"diagnostic-settings"`
	Principals     []filePrincipal `yaml:"service-principals"`
	TrustedIssuers []fileIssuer    `yaml:"trusted-issuers"`
}

type fileResource struct {
	ID         string            `yaml:"id"`
	Location   string            `yaml:"location"`
	Kind       string            `yaml:"kind"`
	SKU        string            `yaml:"sku"`
	Tags       map[string]string `yaml:"tags"`
	Properties map[string]any    `yaml:"properties"`
}

type fileSetting struct {
	Name       string         `yaml:"name"`
	Resource   string         `yaml:"resource"`
	Properties map[string]any `yaml:"properties"`
}

type filePrincipal struct {
	Name   string   `yaml:"name"`
	AppID  string   `yaml:"app-id"`
	Secret string   `yaml:"secret"`
	Roles  []string `yaml:"roles"`
	Scopes []string `yaml:"scopes"`
}

type fileIssuer struct {
	Issuer    string   `yaml:"issuer"`
	JWKSURL   string   `yaml:"jwks-url"`
	JWKSFile  string   `yaml:"jwks-file"`
	Audiences []string `yaml:"audiences"`
}

type fileAccount struct {
	Name string   `yaml:"name"`
	Keys []string `yaml:"keys"`
}

// ReadFile reads the bootstrap file at path into c. A key that is not known is
// refused with its line. Errors never quote the file: it may hold keys.
func (c *Config) ReadFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the bootstrap file: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return fmt.Errorf("read the bootstrap file: %w", err)
	}
	if len(raw) > maxFile {
		return fmt.Errorf("bootstrap file %s is over %d bytes", path, maxFile)
	}
	var y file
	err = yaml.NewDecoder(strings.NewReader(string(raw)), yaml.DisallowUnknownField()).Decode(&y)
	if err != nil && !errors.Is(err, io.EOF) { // io.EOF: nothing in it
		return fmt.Errorf("bootstrap file %s: %s", path, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if err := y.apply(c); err != nil {
		return fmt.Errorf("bootstrap file %s: %w", path, err)
	}
	return nil
}

func (y *file) apply(c *Config) error {
	set(&c.BlobAddr, y.BlobAddr)
	set(&c.QueueAddr, y.QueueAddr)
	set(&c.TableAddr, y.TableAddr)
	set(&c.ControlAddr, y.ControlAddr)
	set(&c.AdminAddr, y.AdminAddr)
	set(&c.CertFile, y.Cert)
	set(&c.KeyFile, y.Key)
	set(&c.TLS, y.TLS)
	set(&c.SubscriptionID, y.SubscriptionID)
	set(&c.ResourceGroup, y.ResourceGroup)
	set(&c.Location, y.Location)
	y.Redis.apply(c)
	y.SignalR.apply(c)
	set(&c.BusMaxBytes, y.BusMaxBytes)
	set(&c.QueryMemory, y.QueryMemory)
	set(&c.BacklogBytes, y.BacklogBytes)
	set(&c.SkipVersionCheck, y.SkipVersion)
	set(&c.Throttle, y.Throttle)
	if y.Durability != nil {
		c.Durability = bus.Durability(*y.Durability)
	}
	if y.CopyHosts != nil {
		c.CopyHosts = y.CopyHosts
	}
	if y.Hosts != nil {
		c.Hosts = y.Hosts
	}
	for _, a := range y.Accounts {
		c.Accounts = append(c.Accounts, Account(a))
	}
	for _, r := range y.Resources {
		c.Resources = append(c.Resources, Resource(r))
	}
	for _, s := range y.Settings {
		c.Settings = append(c.Settings, Setting(s))
	}
	for _, p := range y.Principals {
		c.Principals = append(c.Principals, Principal(p))
	}
	for _, i := range y.TrustedIssuers {
		c.TrustedIssuers = append(c.TrustedIssuers, identity.TrustedIssuer(i))
	}
	return errors.Join(
		setDuration(&c.FlushInterval, "flush-interval", y.FlushInterval),
		setDuration(&c.BacklogAge, "backlog-age", y.BacklogAge),
		setDuration(&c.BusMaxAge, "bus-max-age", y.BusMaxAge))
}

// setDuration changes dst when the file has a value for it, such as "2s".
func setDuration(dst *time.Duration, key string, value *string) error {
	if value == nil {
		return nil
	}
	d, err := time.ParseDuration(*value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	*dst = d
	return nil
}

// set changes dst when the file has a value for it.
func set[T any](dst, value *T) {
	if value != nil {
		*dst = *value
	}
}
