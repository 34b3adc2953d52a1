package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/bus"
	"reslog/control/arm"
	"reslog/deliver"
	"reslog/deliver/archive"
	"reslog/deliver/eventhub"
	"reslog/deliver/partner"
	"reslog/diagnostic"
	"reslog/resource"
)

// How an archive is paced: an append costs two synced writes, one of the blob
// and one of the plan for it, so it is worth a wait that nobody notices.
const (
	archiveRecords = 20_000
	archivePace    = 250 * time.Millisecond
)

// How a workspace is paced: a transaction costs a synced write, and a row is to
// be found within a second.
const (
	workspaceRecords = 20_000
	workspaceBytes   = 16 << 20
	workspacePace    = 100 * time.Millisecond
)

// destinations open what diagnostic settings send to: they turn the resource
// that a setting names into a connection.
type destinations struct {
	cfg       Config
	resources *resource.Store
	// workspaces are those of the node.
	workspaces *workspaces
	own        *http.Client // to the node's own accounts, in process
}

// kinds are the destinations of this node.
func (d *destinations) kinds(logs *classicLogs) map[diagnostic.DestinationKind]deliver.Kind {
	return map[diagnostic.DestinationKind]deliver.Kind{
		diagnostic.Classic:   {Open: logs.open},
		diagnostic.Archive:   {Open: d.archive, BatchRecords: archiveRecords, BatchBytes: archive.DefaultBlockSize, Pace: archivePace},
		diagnostic.EventHub:  {Open: d.eventHub},
		diagnostic.Partner:   {Open: d.partner},
		diagnostic.Workspace: {Open: d.workspace, BatchRecords: workspaceRecords, BatchBytes: workspaceBytes, Pace: workspacePace},
	}
}

// target returns the resource that a destination is.
func (d *destinations) target(id resource.ID) (resource.Resource, error) {
	r, ok := d.resources.Get(id)
	if !ok {
		return r, fmt.Errorf("%s does not exist: make it again, or change the setting", id)
	}
	return r, nil
}

// archive is the deliver.Factory of storage accounts.
func (d *destinations) archive(_ context.Context, o deliver.Opening) (deliver.Destination, error) {
	account, err := d.target(o.Destination.Target)
	if err != nil {
		return nil, err
	}
	containers, err := d.containers(account)
	if err != nil {
		return nil, err
	}
	dest, err := archive.New(archive.Config{
		Container: containers,
		State:     o.State,
		Logger:    d.cfg.Logger.With("part", "archive", "account", account.ID.Name()),
	})
	return d.following(dest, err, account)
}

// containers returns the clients of an account's containers: in process for one
// of this node, over its protocol for one elsewhere. The delivery retries and
// counts; the clients must not.
func (d *destinations) containers(account resource.Resource) (func(name string) *container.Client, error) {
	secrets, err := arm.AccountSecretsOf(account)
	if err != nil {
		return nil, fmt.Errorf("read the keys of storage account %s: %w", account.ID.Name(), err)
	}
	options := azcore.ClientOptions{
		Retry:     policy.RetryOptions{MaxRetries: -1, TryTimeout: time.Minute},
		Telemetry: policy.TelemetryOptions{ApplicationID: "reslog"},
	}
	var client *service.Client
	if secrets.ConnectionString != "" {
		client, err = service.NewClientFromConnectionString(secrets.ConnectionString, &service.ClientOptions{ClientOptions: options})
	} else {
		options.Transport = d.own
		client, err = service.NewClientWithNoCredential("http://localhost/"+strings.ToLower(account.ID.Name()), &service.ClientOptions{ClientOptions: options})
	}
	if err != nil {
		// What the SDK says may hold the connection string.
		return nil, deliver.Permanent(fmt.Errorf("the connection string of storage account %s is not usable", account.ID.Name()))
	}
	return client.NewContainerClient, nil
}

// eventHub is the deliver.Factory of event hubs.
func (d *destinations) eventHub(_ context.Context, o deliver.Opening) (deliver.Destination, error) {
	rule, err := d.target(o.Destination.Target)
	if err != nil {
		return nil, err
	}
	namespace, err := d.target(rule.ID.Parent())
	if err != nil {
		return nil, err
	}
	where, err := arm.NamespaceOf(namespace)
	if err != nil {
		return nil, fmt.Errorf("read the event hub namespace %s: %w", namespace.ID.Name(), err)
	}
	secrets, err := arm.RuleSecretsOf(rule)
	if err != nil {
		return nil, fmt.Errorf("read the keys of authorization rule %s: %w", rule.ID.Name(), err)
	}
	if where.KafkaEndpoint == "" && secrets.ConnectionString == "" {
		return nil, fmt.Errorf("event hub namespace %s leads nowhere: give it a kafkaEndpoint, or its rule a connectionString", namespace.ID.Name())
	}
	cfg := eventhub.Config{
		Hub:    o.Destination.Options[diagnostic.OptionHub],
		Logger: d.cfg.Logger.With("part", "eventhub", "namespace", namespace.ID.Name()),
	}
	connect(&cfg, where, secrets, rule.ID.Name())
	dest, err := eventhub.New(cfg)
	return d.following(dest, err, rule, namespace)
}

// partner is the deliver.Factory of partners.
func (d *destinations) partner(_ context.Context, o deliver.Opening) (deliver.Destination, error) {
	monitor, err := d.target(o.Destination.Target)
	if err != nil {
		return nil, err
	}
	where, err := arm.MonitorOf(monitor)
	if err != nil {
		return nil, fmt.Errorf("read the monitor %s: %w", monitor.ID.Name(), err)
	}
	secrets, err := arm.MonitorSecretsOf(monitor)
	if err != nil {
		return nil, fmt.Errorf("read the keys of monitor %s: %w", monitor.ID.Name(), err)
	}
	connection := partner.Connection{
		Endpoint: where.Endpoint,
		Headers:  map[string]partner.Secret{},
		Logger:   d.cfg.Logger.With("part", "partner", "monitor", monitor.ID.Name()),
		Now:      d.cfg.Now,
	}
	for name, value := range secrets.Headers {
		connection.Headers[name] = partner.Secret(value)
	}
	var dest deliver.Destination
	switch where.Protocol {
	case "datadog":
		dest, err = partner.NewDatadog(partner.DatadogConfig{Connection: connection, APIKey: partner.Secret(secrets.APIKey)})
	case "elasticsearch":
		dest, err = partner.NewElastic(partner.ElasticConfig{
			Connection: connection, Index: where.Index, APIKey: partner.Secret(secrets.APIKey),
			Username: partner.Secret(secrets.Username), Password: partner.Secret(secrets.Password),
		})
	default:
		dest, err = partner.NewOTLP(partner.OTLPConfig{Connection: connection, JSON: where.Encoding == "json"})
	}
	return d.following(dest, err, monitor)
}

// following makes a destination be opened again once the resources that it was
// opened with are others: a key was drawn anew, an endpoint moved. A resource
// that is wrong fails again and again until it is put right.
func (d *destinations) following(dest deliver.Destination, err error, from ...resource.Resource) (deliver.Destination, error) {
	if err != nil {
		return nil, err
	}
	return &following{dest, d.resources, from}, nil
}

type following struct {
	deliver.Destination
	resources *resource.Store
	from      []resource.Resource
}

// Deliver implements deliver.Destination.
func (f *following) Deliver(ctx context.Context, batch []deliver.Item) (settled bus.Position, err error) {
	if f.moved() {
		return settled, deliver.Reopen(errors.New("the destination has changed"))
	}
	return f.Destination.Deliver(ctx, batch)
}

func (f *following) moved() bool {
	for _, was := range f.from {
		is, ok := f.resources.Get(was.ID)
		if !ok || string(is.Secrets) != string(was.Secrets) || string(is.Properties) != string(was.Properties) {
			return true
		}
	}
	return false
}

// archivePolicies are the retentions of all settings, for archive.Retention.
func (n *Node) archivePolicies(context.Context) ([]archive.Policy, error) {
	var policies []archive.Policy
	for _, s := range n.settings.All() {
		for _, dest := range s.Destinations {
			if dest.Kind != diagnostic.Archive {
				continue
			}
			account, err := n.destinations.target(dest.Target)
			if err != nil {
				continue // the delivery says so
			}
			containers, err := n.destinations.containers(account)
			if err != nil {
				continue
			}
			for _, c := range s.Wanted() {
				if days := s.KeepDays(c); days > 0 {
					policies = append(policies, archive.Policy{Account: account.ID.Name(), Container: containers, Resource: s.Resource, Category: c, Days: days})
				}
			}
		}
	}
	return policies, nil
}

// connect says how the brokers of a namespace are reached. A connection string
// of a namespace elsewhere says it all; else the rule's own key is the
// credential, where the brokers ask for one.
func connect(cfg *eventhub.Config, where arm.Namespace, secrets arm.RuleSecrets, rule string) {
	if where.KafkaEndpoint != "" {
		for broker := range strings.SplitSeq(where.KafkaEndpoint, ",") {
			cfg.Brokers = append(cfg.Brokers, strings.TrimSpace(broker))
		}
	}
	cfg.ConnectionString = secrets.ConnectionString
	withTLS := where.SecurityProtocol == "SSL" || where.SecurityProtocol == "SASL_SSL"
	if cfg.ConnectionString == "" && strings.HasPrefix(where.SecurityProtocol, "SASL_") {
		cfg.ConnectionString = fmt.Sprintf("Endpoint=sb://%s/;SharedAccessKeyName=%s;SharedAccessKey=%s", hostOf(cfg.Brokers[0]), rule, secrets.PrimaryKey)
		if !withTLS {
			// This is what allows the credential to be sent without TLS.
			cfg.ConnectionString += ";UseDevelopmentEmulator=true"
		}
	}
	if withTLS {
		cfg.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
