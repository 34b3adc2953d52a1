package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"reslog/bus"
	"reslog/diagnostic"
	"reslog/service/storage"
	"reslog/service/storage/blob"
	"reslog/service/storage/queue"
	"reslog/service/storage/table"
)

// servedKinds are the services of storage accounts, in the order in which they
// are told.
func servedKinds() []storage.Kind { return []storage.Kind{storage.Blob, storage.Queue, storage.Table} }

// storageService is one service of the storage accounts of a node: where it
// listens, and what answers there. One that does not listen is there all the
// same: the node itself calls it in process.
type storageService struct {
	kind     storage.Kind
	addr     string
	listener atomic.Pointer[listener]
	front    *storage.Front // once openServices has returned
}

// newServices returns the services of a configuration, in the order of
// servedKinds.
func newServices(cfg Config) []*storageService {
	return []*storageService{
		{kind: storage.Blob, addr: cfg.BlobAddr},
		{kind: storage.Queue, addr: cfg.QueueAddr},
		{kind: storage.Table, addr: cfg.TableAddr},
	}
}

// url is where the service listens, "" when it does not.
func (s *storageService) url() string { return s.listener.Load().url() }

// accountURL is the path-style URL of an account, "" when the service does not
// listen.
func (s *storageService) accountURL(account string) string {
	url := s.url()
	if url == "" {
		return ""
	}
	return url + "/" + account
}

// service returns the service of a kind.
func (n *Node) service(k storage.Kind) *storageService {
	for _, s := range n.services {
		if s.kind == k {
			return s
		}
	}
	panic("server: no storage service " + string(k)) // newServices has them all
}

// openServices builds the storage services. They share the accounts, who may do
// what, the service properties, a throttle for each account, and the gate that
// their records go through.
func (n *Node) openServices(ctx context.Context) (*classicLogs, error) {
	kv, err := n.bus.KeyValue(ctx, "properties")
	if err != nil {
		return nil, fmt.Errorf("open the service properties: %w", err)
	}
	delegation, err := n.secret(ctx, "delegation")
	if err != nil {
		return nil, err
	}
	logs := &classicLogs{cfg: n.cfg, accounts: n.accounts, settings: n.settings, store: n.stores.blobs}
	logs.properties = storage.OpenProperties(storage.PropertiesConfig{
		Store:    propertyBucket{kv},
		OnChange: logs.follow,
		Logger:   n.cfg.Logger.With("part", "properties"),
	})
	n.gate = diagnostic.NewGate(n.bus.Emitter())
	n.openMetering(logs.properties)
	throttle := newThrottle(n.cfg.Throttle)
	for _, s := range n.services {
		s.front = storage.NewFront(storage.FrontConfig{
			Service:          n.newService(s.kind, logs.properties),
			Accounts:         n.accounts,
			Emitter:          n.gate,
			Audit:            n.audits(),
			Authority:        authority{n.identities},
			AuthorizationURI: n.authorizationURI(),
			Audiences:        n.audiences(s),
			DelegationSecret: delegation,
			Properties:       logs.properties,
			Throttle:         throttle,
			SkipVersionCheck: n.cfg.SkipVersionCheck,
			Logger:           n.cfg.Logger.With("part", string(s.kind)),
			Now:              n.cfg.Now,
			Observe:          n.observe,
		})
	}
	logs.client = &http.Client{Transport: storage.InProcess(n.service(storage.Blob).front)}
	return logs, nil
}

// newService makes what runs the operations of a service.
func (n *Node) newService(k storage.Kind, p *storage.Properties) storage.Service {
	operations := storage.NewPropertyOperations(k, p)
	logger := n.cfg.Logger.With("part", string(k))
	switch k {
	case storage.Queue:
		return queue.New(queue.Config{Store: n.stores.queues, Properties: operations, Logger: logger, Now: n.cfg.Now})
	case storage.Table:
		return table.New(table.Config{Store: named{n.stores.tables}, Properties: operations, Logger: logger, Now: n.cfg.Now})
	case storage.Blob:
	}
	service := blob.New(blob.Config{
		Store:          n.stores.blobs,
		Accounts:       n.accounts,
		AllowCopyHosts: n.cfg.CopyHosts,
		Properties:     operations,
		Emitter:        n.gate,
		Audit:          n.audits(),
		Observe:        n.observe,
		Logger:         logger,
		Now:            n.cfg.Now,
	})
	n.onStop("copies", func(context.Context) error { return service.Close() })
	return service
}

// audits reports whether answers wait for their records.
func (n *Node) audits() bool { return n.cfg.Durability == bus.Audit }

// audiences are the addresses of a service on this node, whose tokens it takes.
func (n *Node) audiences(s *storageService) []string {
	_, address, ok := strings.Cut(s.url(), "://")
	if !ok {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil
	}
	var audiences []string
	for _, host := range n.identities.hosts {
		audiences = append(audiences, "https://"+net.JoinHostPort(host, port)+"/{account}")
	}
	return audiences
}
