package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/deliver"
	"reslog/deliver/classic"
	"reslog/diagnostic"
	"reslog/record"
	"reslog/service/storage"
	"reslog/service/storage/blobstore"
	"reslog/storagelog"
)

// logsContainer is the container that classic logs are written to.
const logsContainer = "$logs"

// optionVersion is the option of a Classic destination that names the log
// format version.
const optionVersion = "version"

// classicLogs turns the Logging element of service properties into diagnostic
// settings and opens the destinations of those.
type classicLogs struct {
	cfg        Config
	accounts   *accounts
	settings   *diagnostic.Store
	properties *storage.Properties
	store      blobstore.Store
	client     *http.Client // the system identity, in process
}

// follow makes the setting of a service what its properties say. It is called
// before Set Service Properties is answered, and once for every account at
// start, in case the process died in between.
func (c *classicLogs) follow(ctx context.Context, a *storage.Account, k storage.Kind, p storage.ServiceProperties) error {
	id := a.ServiceID(k)
	l := p.Logging
	if !l.Read && !l.Write && !l.Delete {
		err := c.settings.Delete(ctx, id, diagnostic.ClassicName)
		if err != nil && !errors.Is(err, diagnostic.ErrNotFound) {
			return fmt.Errorf("switch logging of %s off: %w", id, err)
		}
		return nil
	}
	_, err := c.store.CreateContainer(ctx, a.Name, blobstore.Container{Name: logsContainer})
	if err != nil && !errors.Is(err, blobstore.ErrContainerExists) {
		return fmt.Errorf("create %s of %s: %w", logsContainer, a.Name, err)
	}
	setting := diagnostic.Setting{
		Name:     diagnostic.ClassicName,
		Resource: id,
		Destinations: []diagnostic.Destination{{
			Kind:    diagnostic.Classic,
			Target:  a.ID,
			Options: map[string]string{optionVersion: l.Version},
		}},
	}
	for _, on := range []struct {
		category record.Category
		enabled  bool
	}{{storage.Read.Category(), l.Read}, {storage.Write.Category(), l.Write}, {storage.Delete.Category(), l.Delete}} {
		setting.Logs = append(setting.Logs, diagnostic.Log{Category: on.category, Enabled: on.enabled, Retention: diagnostic.Retention(l.Retention)})
	}
	if err := c.settings.Put(ctx, setting); err != nil {
		return fmt.Errorf("switch logging of %s on: %w", id, err)
	}
	return nil
}

// followAll does follow for every account and service.
func (c *classicLogs) followAll(ctx context.Context) error {
	for _, a := range c.accounts.list() {
		for _, k := range servedKinds() {
			p, err := c.properties.Get(ctx, a.Name, k)
			if err != nil {
				return fmt.Errorf("read the %s service properties of %s: %w", k, a.Name, err)
			}
			if err := c.follow(ctx, a, k, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// open is the deliver.Factory of classic destinations.
func (c *classicLogs) open(_ context.Context, o deliver.Opening) (deliver.Destination, error) {
	s, d := &o.Setting, &o.Destination
	a, ok := c.accounts.Account(strings.ToLower(d.Target.Name()))
	if !ok {
		return nil, fmt.Errorf("storage account %s does not exist on this node", d.Target.Name())
	}
	kind, ok := kindOf(s.Resource.Type())
	if !ok {
		return nil, deliver.Permanent(fmt.Errorf("resource type %s has no classic logs", s.Resource.Type()))
	}
	logs, err := c.container(a.Name)
	if err != nil {
		return nil, err
	}
	return classic.New(classic.Config{
		Service:       storagelog.Service(kind),
		Version:       storagelog.Version(d.Options[optionVersion]),
		Container:     logs,
		Append:        storage.AppendEntries,
		FlushInterval: c.cfg.FlushInterval,
		Used: func(ctx context.Context) (int64, error) {
			system, _, err := c.store.Usage(ctx, a.Name)
			return system, err
		},
		Logger: c.cfg.Logger.With("account", a.Name, "service", string(kind)),
		Now:    c.cfg.Now,
	})
}

// kindOf is the inverse of storage.Account.ServiceID.
func kindOf(resourceType string) (storage.Kind, bool) {
	for _, k := range servedKinds() {
		if strings.EqualFold(resourceType, accountType+"/"+string(k)+"Services") {
			return k, true
		}
	}
	return "", false
}

// container is the client of an account's `$logs`, as the system identity.
func (c *classicLogs) container(account string) (*container.Client, error) {
	client, err := container.NewClientWithNoCredential("http://localhost/"+account+"/"+logsContainer, &container.ClientOptions{
		ClientOptions: azcore.ClientOptions{
			Transport: c.client,
			// The delivery retries, and counts; the client must not.
			Retry:     policy.RetryOptions{MaxRetries: -1, TryTimeout: time.Minute},
			Telemetry: policy.TelemetryOptions{ApplicationID: "reslog"},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make the client of %s of %s: %w", logsContainer, account, err)
	}
	return client, nil
}

// policies are the retention policies in force, for classic.Retention.
func (c *classicLogs) policies(ctx context.Context) ([]classic.Policy, error) {
	var policies []classic.Policy
	for _, a := range c.accounts.list() {
		for _, k := range servedKinds() {
			p, err := c.properties.Get(ctx, a.Name, k)
			if err != nil {
				return nil, fmt.Errorf("read the %s service properties of %s: %w", k, a.Name, err)
			}
			if r := p.Logging.Retention; r.Enabled {
				logs, err := c.container(a.Name)
				if err != nil {
					return nil, err
				}
				policies = append(policies, classic.Policy{Account: a.Name, Service: storagelog.Service(k), Container: logs, Days: r.Days})
			}
		}
	}
	return policies, nil
}
