package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"reslog/control/arm"
	"reslog/resource"
	"reslog/service/storage"
)

// accountType is the resource type of storage accounts.
const accountType = "Microsoft.Storage/storageAccounts"

// keySize is the size of an account key, in bytes.
const keySize = 64

// accounts are the storage accounts of a node: resources whose secrets hold the
// keys. Lookups, one a request, take no lock.
type accounts struct {
	store  *resource.Store
	logger *slog.Logger
	byName atomic.Pointer[map[string]*storage.Account]
}

// openAccounts makes the configured accounts exist and follows the store.
func openAccounts(ctx context.Context, store *resource.Store, cfg Config) (*accounts, error) {
	a := &accounts{store: store, logger: cfg.Logger}
	a.byName.Store(&map[string]*storage.Account{})
	configured := cfg.Accounts
	if !slices.ContainsFunc(configured, func(c Account) bool { return c.Name == DevAccount }) {
		configured = append([]Account{{Name: DevAccount, Keys: []string{DevKey}}}, configured...)
	}
	for _, c := range configured {
		if err := a.ensure(ctx, c, cfg); err != nil {
			return nil, fmt.Errorf("make storage account %s: %w", c.Name, err)
		}
	}
	store.Watch(a.follow)
	return a, nil
}

// ensure makes an account exist with the keys it is configured with, except
// those that were regenerated.
func (a *accounts) ensure(ctx context.Context, c Account, cfg Config) error {
	id, err := resource.Parse(fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/%s/%s",
		cfg.SubscriptionID, cfg.ResourceGroup, accountType, c.Name))
	if err != nil {
		return err
	}
	stored, exists := a.store.Get(id)
	var p arm.AccountSecrets
	if exists {
		if err := json.Unmarshal(stored.Secrets, &p); err != nil {
			return fmt.Errorf("read its keys: %w", err)
		}
	}
	was := p
	for i := range p.Keys {
		switch {
		case p.Regenerated[i] && p.Keys[i] != "":
		case i < len(c.Keys):
			p.Keys[i] = c.Keys[i]
		case p.Keys[i] == "":
			p.Keys[i] = newKey()
		}
	}
	if exists && p == was && stored.Location == cfg.Location {
		return nil
	}
	if !exists {
		stored = resource.Resource{
			ID: id, Kind: "StorageV2", SKU: json.RawMessage(`{"name":"Standard_LRS","tier":"Standard"}`),
			Properties: json.RawMessage(`{}`), Created: cfg.Now().UTC(),
		}
	}
	stored.Location, stored.Changed = cfg.Location, cfg.Now().UTC()
	return a.put(ctx, stored, p)
}

func (a *accounts) put(ctx context.Context, r resource.Resource, p arm.AccountSecrets) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode the keys: %w", err)
	}
	r.Secrets = raw
	return a.store.Put(ctx, r)
}

// follow keeps byName in step with the store.
func (a *accounts) follow(r resource.Resource, exists bool) {
	if !strings.EqualFold(r.ID.Type(), accountType) {
		return
	}
	name := strings.ToLower(r.ID.Name())
	next := maps.Clone(*a.byName.Load())
	delete(next, name)
	if exists {
		acct, err := newAccount(r)
		switch {
		case err != nil:
			a.logger.Error("storage account is not usable", "account", name, "err", err)
		case acct != nil:
			next[name] = acct
		}
	}
	a.byName.Store(&next)
}

// newAccount returns the account that a resource is; nil for one elsewhere, which
// only receives.
func newAccount(r resource.Resource) (*storage.Account, error) {
	p, err := arm.AccountSecretsOf(r)
	if err != nil {
		return nil, fmt.Errorf("read its keys: %w", err)
	}
	if p.ConnectionString != "" {
		return nil, nil //nolint:nilnil // an account that is not served is not an error
	}
	acct := &storage.Account{Name: strings.ToLower(r.ID.Name()), ID: r.ID, Location: r.Location}
	for i, k := range p.Keys {
		key, err := decodeKey(k)
		if err != nil {
			return nil, fmt.Errorf("key%d is not base64", i+1)
		}
		acct.Keys[i] = key
	}
	return acct, nil
}

// Account implements storage.Accounts.
func (a *accounts) Account(name string) (*storage.Account, bool) {
	acct, ok := (*a.byName.Load())[name]
	return acct, ok
}

// list returns all accounts by name.
func (a *accounts) list() []*storage.Account {
	return slices.SortedFunc(maps.Values(*a.byName.Load()), func(x, y *storage.Account) int { return strings.Compare(x.Name, y.Name) })
}

// key returns key1 of an account in base64, "" when it is not there.
func (a *accounts) key(name string) string {
	acct, ok := a.Account(name)
	if !ok {
		return ""
	}
	return base64.StdEncoding.EncodeToString(acct.Keys[0])
}

func newKey() string {
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

func decodeKey(s string) ([]byte, error) { return base64.StdEncoding.DecodeString(s) }
