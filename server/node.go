package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"reslog/bus"
	"reslog/control/arm"
	"reslog/control/query"
	"reslog/deliver"
	"reslog/deliver/archive"
	"reslog/deliver/classic"
	"reslog/diagnostic"
	"reslog/internal/localca"
	"reslog/internal/lockfile"
	"reslog/metric"
	"reslog/record"
	"reslog/resource"
	"reslog/service/storage/storagemetrics"
)

// Node is one node. Its methods may be called from any goroutine; Start and
// Stop once each.
type Node struct {
	cfg Config

	accounts *accounts
	settings *diagnostic.Store
	stores   stores
	services []*storageService // in the order of servedKinds
	redis    redisFront
	signalR  signalRFront
	bus      *bus.Bus
	router   *deliver.Router
	gate     *diagnostic.Gate
	requests *requestMetrics
	figures  *workspaceMetrics
	queries  atomic.Pointer[query.Server] // once the control address is served
	recorder *metric.Recorder             // platform metrics of all resources
	usage    *storagemetrics.Collector    // metrics of storage accounts
	tails    atomic.Int64
	token    string
	ca       *localca.CA

	identities   *identities
	resources    *resource.Store
	destinations *destinations
	workspaces   *workspaces
	manager      *arm.Server

	control atomic.Pointer[listener]
	admin   atomic.Pointer[listener]
	// failed gets the error of a part that ends while it should run.
	failed chan error

	mu    sync.Mutex
	state state
	stops []stopStep // what to do on Stop, last first
}

// stopStep undoes one step of Start.
type stopStep struct {
	name string
	run  func(ctx context.Context) error
}

// state is where a node is in its life.
type state string

const (
	stateNew      state = "new"
	stateStarting state = "starting"
	stateReady    state = "ready"
	stateStopping state = "stopping"
	stateStopped  state = "stopped"
)

// New checks the configuration. It touches nothing.
func New(cfg Config) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Node{cfg: cfg, services: newServices(cfg), requests: newRequestMetrics(), figures: newWorkspaceMetrics(), state: stateNew, failed: make(chan error, 8)}, nil
}

// Run starts the node, waits until ctx ends or a part fails, and stops it.
func (n *Node) Run(ctx context.Context) error {
	if err := n.Start(ctx); err != nil {
		return err
	}
	return n.Wait(ctx)
}

// Wait waits until ctx ends or a part fails, and stops the started node.
func (n *Node) Wait(ctx context.Context) error {
	var cause error
	select {
	case <-ctx.Done():
	case cause = <-n.failed:
		n.cfg.Logger.Error("a part of the node failed; stopping", "err", cause)
	}
	return errors.Join(cause, n.Stop(context.WithoutCancel(ctx)))
}

// Start opens every part and returns when requests are served. When it fails
// it has stopped what it had started. ctx bounds the start only.
func (n *Node) Start(ctx context.Context) error {
	if !n.enter(stateNew, stateStarting) {
		return errors.New("start node: it was started before")
	}
	began := time.Now()
	if err := n.open(ctx); err != nil {
		return errors.Join(fmt.Errorf("start node: %w", err), n.Stop(context.WithoutCancel(ctx)))
	}
	n.enter(stateStarting, stateReady)
	n.cfg.Logger.Info("node is ready", "blob", n.BlobURL(), "queue", n.QueueURL(), "table", n.TableURL(), "redis", strings.Join(n.RedisAddrs(), ","), "signalr", n.SignalRURL(), "control", n.ControlURL(), "admin", n.AdminURL(), "data", n.cfg.Data,
		"durability", string(n.cfg.Durability), "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

// open opens the parts, from the bottom up.
func (n *Node) open(ctx context.Context) error {
	if err := n.openFolder(); err != nil {
		return err
	}
	if err := n.bindAll(); err != nil {
		return err
	}
	if err := n.openStores(); err != nil {
		return err
	}
	if err := n.openBus(ctx); err != nil {
		return err
	}
	if err := n.openWorkspaces(ctx); err != nil {
		return err
	}
	logs, err := n.openServices(ctx)
	if err != nil {
		return err
	}
	n.openRouter(logs)
	if err := n.openManager(ctx); err != nil {
		return err
	}
	if err := n.openDeliveries(ctx, logs); err != nil {
		return err
	}
	return n.serveAll(ctx)
}

// openFolder takes the data folder.
func (n *Node) openFolder() error {
	if err := os.MkdirAll(n.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := lockfile.Take(filepath.Join(n.cfg.Data, "lock"))
	if err != nil {
		return fmt.Errorf("take the data folder: %w", err)
	}
	n.onStop("data folder", func(context.Context) error { return lock.Release() })
	if n.token, err = loadToken(n.cfg.Data); err != nil {
		return err
	}
	n.ca, err = localca.Open(localca.Config{
		Dir:    filepath.Join(n.cfg.Data, "ca"),
		Hosts:  n.cfg.Hosts,
		Now:    n.cfg.Now,
		Logger: n.cfg.Logger.With("part", "ca"),
	})
	return err
}

// openBus opens the bus, and what is kept on it: settings, resources, who may do
// what.
func (n *Node) openBus(ctx context.Context) error {
	var err error
	n.bus, err = bus.Open(ctx, bus.Config{
		Dir:        filepath.Join(n.cfg.Data, "bus"),
		Logger:     n.cfg.Logger.With("part", "bus"),
		Durability: n.cfg.Durability,
		MaxBytes:   n.cfg.BusMaxBytes,
		MaxAge:     n.cfg.BusMaxAge,
		Now:        n.cfg.Now,
	})
	if err != nil {
		return fmt.Errorf("open the bus: %w", err)
	}
	n.onStop("bus", func(context.Context) error { return n.bus.Close() })

	kv, err := n.bus.KeyValue(ctx, "settings")
	if err != nil {
		return fmt.Errorf("open the settings: %w", err)
	}
	if n.settings, err = diagnostic.OpenStore(ctx, kv); err != nil {
		return fmt.Errorf("open the settings: %w", err)
	}
	if kv, err = n.bus.KeyValue(ctx, "resources"); err != nil {
		return fmt.Errorf("open the resources: %w", err)
	}
	if n.resources, err = resource.OpenStore(ctx, kv); err != nil {
		return fmt.Errorf("open the resources: %w", err)
	}
	if n.accounts, err = openAccounts(ctx, n.resources, n.cfg); err != nil {
		return err
	}
	return n.openIdentities(ctx)
}

// openRouter builds what hands records to their destinations.
func (n *Node) openRouter(logs *classicLogs) {
	n.destinations = &destinations{cfg: n.cfg, resources: n.resources, workspaces: n.workspaces, own: logs.client}
	n.router = deliver.NewRouter(deliver.RouterConfig{
		Bus:           n.bus,
		Settings:      n.settings,
		Kinds:         n.destinations.kinds(logs),
		BacklogBytes:  n.cfg.BacklogBytes,
		BacklogAge:    n.cfg.BacklogAge,
		Logger:        n.cfg.Logger.With("part", "deliver"),
		Now:           n.cfg.Now,
		FlushInterval: min(time.Second, n.cfg.FlushInterval/4),
	})
	// The router watches first: the cursor of a new setting exists before the
	// gate lets its first record through.
	n.settings.Watch(n.gate.Update)
}

// openDeliveries starts what works in the background.
func (n *Node) openDeliveries(ctx context.Context, logs *classicLogs) error {
	if err := logs.followAll(ctx); err != nil {
		return err
	}
	n.background("deliveries", n.router.Run)
	retention := &classic.Retention{
		Policies: logs.policies,
		Interval: n.cfg.RetentionInterval,
		Logger:   n.cfg.Logger.With("part", "retention"),
		Now:      n.cfg.Now,
	}
	n.background("retention", retention.Run)
	archives := &archive.Retention{
		Policies: n.archivePolicies,
		Interval: n.cfg.RetentionInterval,
		Logger:   n.cfg.Logger.With("part", "retention"),
		Now:      n.cfg.Now,
	}
	n.background("retention of archives", archives.Run)
	// What the requests of the last minute were still counts: the listeners stop
	// before these, and the deliveries after.
	n.background("platform metrics", n.recorder.Run)
	n.background("metrics of storage", n.usage.Run)
	return nil
}

// bindAll takes the addresses.
func (n *Node) bindAll() error {
	storageTLS, err := n.storageTLS()
	if err != nil {
		return err
	}
	controlTLS, err := n.controlTLS()
	if err != nil {
		return err
	}
	type binding struct {
		to   *atomic.Pointer[listener]
		name string
		addr string
		tls  *tls.Config
	}
	bindings := []binding{
		{&n.admin, "admin", n.cfg.AdminAddr, nil},
		{&n.control, "control", n.cfg.ControlAddr, controlTLS},
		{&n.signalR.listener, "signalr", n.cfg.SignalRAddr, storageTLS},
	}
	for _, s := range n.services {
		bindings = append(bindings, binding{&s.listener, string(s.kind), s.addr, storageTLS})
	}
	for _, b := range bindings {
		l, err := n.bind(b.name, b.addr, b.tls)
		if err != nil {
			return err
		}
		b.to.Store(l)
	}
	return n.bindRedis()
}

// serveAll serves the listeners, the admin one first: it answers "not ready"
// until all is.
func (n *Node) serveAll(ctx context.Context) error {
	n.serve(n.admin.Load(), n.adminHandler())
	n.serve(n.control.Load(), n.controlHandler())
	for _, s := range n.services {
		n.serve(s.listener.Load(), n.requests.running(s.front))
	}
	if err := n.serveRedis(ctx); err != nil {
		return err
	}
	if err := n.serveSignalR(ctx); err != nil {
		return err
	}
	return n.writeEndpoints()
}

// background runs fn until Stop, which waits for it.
func (n *Node) background(name string, fn func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := fn(ctx)
		if err != nil && ctx.Err() == nil {
			n.fail(fmt.Errorf("%s ended: %w", name, err))
		}
		done <- err
	}()
	n.onStop(name, func(stopping context.Context) error {
		cancel()
		select {
		case err := <-done:
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		case <-stopping.Done():
			return stopping.Err()
		}
	})
}

func (n *Node) fail(err error) {
	select {
	case n.failed <- err:
	default: // Run has one already
	}
}

func (n *Node) onStop(name string, run func(context.Context) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stops = append(n.stops, stopStep{name, run})
}

// enter moves from one state to the next; it reports false in any other state.
func (n *Node) enter(from, to state) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state != from {
		return false
	}
	n.state = to
	return true
}

func (n *Node) currentState() state {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state
}

// Stop stops the node in order, see the package comment. ctx and the
// configured StopTimeout bound it; the parts that are left are closed all the
// same. Stopping a node that was not started does nothing.
func (n *Node) Stop(ctx context.Context) error {
	n.mu.Lock()
	if n.state == stateStopping || n.state == stateStopped {
		n.mu.Unlock()
		return nil
	}
	n.state = stateStopping
	steps := n.stops
	n.stops = nil
	n.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, n.cfg.StopTimeout)
	defer cancel()
	var errs []error
	for i := len(steps) - 1; i >= 0; i-- {
		if err := steps[i].run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", steps[i].name, err))
		}
	}
	n.mu.Lock()
	n.state = stateStopped
	n.mu.Unlock()
	err := errors.Join(errs...)
	if err != nil {
		n.cfg.Logger.Error("node has stopped, not in order", "err", err)
		return err
	}
	n.cfg.Logger.Info("node has stopped")
	return nil
}

// Drain returns when everything recorded so far is where its settings send it.
func (n *Node) Drain(ctx context.Context) error {
	if _, err := n.bus.Flush(ctx); err != nil {
		return fmt.Errorf("flush the bus: %w", err)
	}
	return n.router.Drain(ctx)
}

// InFlight is how many requests of clients run. The record of a request may
// leave a moment after its answer, but not after it has stopped counting here.
func (n *Node) InFlight() int64 { return n.requests.inFlight.Load() }

// Emitter is what a front end hands its records to: those that some setting of
// their resource asks for go to where it says. It is for front ends that run
// beside the node, and there between Start and Stop.
func (n *Node) Emitter() record.Emitter { return n.gate }

// Ledger returns the account of every delivery.
func (n *Node) Ledger() []deliver.LedgerEntry { return n.router.Ledger() }
