package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"

	"reslog/bus"
	"reslog/control/arm"
	"reslog/identity"
	"reslog/internal/load"
	"reslog/resource"
	"reslog/service/signalr"
	"reslog/service/signalr/hub"
)

// signalRFront is what a node has of SignalR.
type signalRFront struct {
	listener atomic.Pointer[listener]
	server   atomic.Pointer[signalr.Server] // once it serves
	fabric   atomic.Pointer[bus.Fabric]     // to other nodes; nil for none
}

// serveSignalR lets clients, application servers and callers of the REST API in. It is
// stopped before what the last records need.
func (n *Node) serveSignalR(ctx context.Context) error {
	l := n.signalR.listener.Load()
	if l == nil {
		return nil
	}
	peers, err := n.joinNodes(ctx)
	if err != nil {
		return err
	}
	usage, err := n.openSignalRUsage(ctx)
	if err != nil {
		return err
	}
	s := signalr.New(signalr.Config{
		Services:        newSignalRServices(n),
		Emitter:         n.gate,
		Unkept:          unkept,
		Recorder:        n.recorder,
		Load:            load.New().Percent,
		Usage:           usage,
		Peers:           peers,
		Identity:        signalRIdentity{n.identities}.allow,
		ManagedIdentity: n.managedToken,
		UpstreamHosts:   n.cfg.SignalRUpstreamHosts,
		Logger:          n.cfg.Logger.With("part", "signalr"),
		Now:             n.cfg.Now,
	})
	n.signalR.server.Store(s)
	n.serveConnections(l, s)
	// Connections end, and tell it, before the port closes.
	n.background("signalr", s.Run)
	return nil
}

// unkept reports whether an error of the bus says that a record is lost; after all others
// it is written when that is possible again.
func unkept(err error) bool {
	return errors.Is(err, bus.ErrFull) || errors.Is(err, bus.ErrTooLarge) || errors.Is(err, bus.ErrClosed)
}

// joinNodes connects to the other nodes whose clients are those of the same services;
// nil is none.
func (n *Node) joinNodes(ctx context.Context) (hub.Peers, error) {
	if n.cfg.ClusterAddr == Off {
		return nil, nil //nolint:nilnil // no other nodes is not an error
	}
	f, err := bus.OpenFabric(ctx, bus.FabricConfig{
		Addr: n.cfg.ClusterAddr, Peers: n.cfg.ClusterPeers, Secret: n.cfg.ClusterSecret, Logger: n.cfg.Logger.With("part", "cluster"),
	})
	if err != nil {
		return nil, err
	}
	n.signalR.fabric.Store(f)
	n.onStop("cluster", func(context.Context) error { f.Close(); return nil })
	return f.Channel("signalr"), nil
}

// ClusterAddr is where other nodes connect, "127.0.0.1:6222"; "" when they do not.
func (n *Node) ClusterAddr() string { return n.signalR.fabric.Load().Addr() }

// serveConnections serves h until Stop. Its connections may be taken over for as long as
// their clients like: what they are carried by is closed by who took them.
func (n *Node) serveConnections(l *listener, h http.Handler) {
	srv := n.httpServer(l, h)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			n.fail(fmt.Errorf("serve %s: %w", l.name, err))
		}
	}()
	n.onStop(l.name+" listener", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, forcedClose)
		defer cancel()
		err := srv.Shutdown(ctx)
		if err != nil {
			// What is left has been told to end; a request that does not is cut off.
			err = srv.Close()
		}
		<-done
		return err
	})
}

// signalRIdentity lets the service know who comes with a token of Microsoft Entra.
type signalRIdentity struct{ *identities }

// allow reports why a token does not allow an action on a service's data.
func (i signalRIdentity) allow(ctx context.Context, token string, id resource.ID, action string) error {
	caller, err := i.authenticate(ctx, token, func(audience string) bool {
		return isHost(audience, "signalr.azure.com", hostOfSignalR(id)) || i.isARM(audience)
	})
	if err != nil {
		return err
	}
	if !i.may(caller, action, true, id.String()) {
		return fmt.Errorf("%s has no role that allows it", firstOf(caller.Name, caller.AppID, caller.ObjectID))
	}
	return nil
}

// managedToken makes the token that an upstream is called with, as that of a service
// with a managed identity.
func (n *Node) managedToken(_ context.Context, audience string) (string, error) {
	token, err := n.identities.issuer.Issue(identity.TokenSpec{
		Principal: identity.Principal{ObjectID: signalRAppID, AppID: signalRAppID, Type: identity.ServicePrincipal, DisplayName: "signalr"},
		Audience:  audience, Authority: identity.TenantV1, BaseURL: n.ControlURL(),
	})
	return token.Raw, err
}

// signalRAppID is who the services of a node are to their upstreams.
const signalRAppID = "6f3ad9b8-0d44-4d3c-9c0e-5c1b0a7f5e21"

// collectSignalR sends the figures of the services.
func (c *nodeCollector) collectSignalR(send sendFunc) {
	server := c.node.signalR.server.Load()
	if server == nil {
		return
	}
	if f := c.node.signalR.fabric.Load(); f != nil {
		send(gauge("cluster_nodes", "Other nodes that are there."), float64(f.Peers()))
	}
	s := server.Stats()
	connections := gauge("signalr_connections", "Connections that are open, by the end that they are of.", "side")
	send(connections, float64(s.Clients), "client")
	send(connections, float64(s.Servers), "server")
	send(counter("signalr_connections_opened_total", "Connections of clients and application servers that were let in."), float64(s.Opened))
	send(counter("signalr_connections_closed_total", "Connections of those that have ended."), float64(s.Closed))
	ends := counter("signalr_client_ends_total", "Ends of client connections, by reason.", "reason")
	for reason, n := range s.Reasons {
		send(ends, float64(n), reason)
	}
	send(counter("signalr_received_messages_total", "Messages that clients sent."), float64(s.Received))
	send(counter("signalr_messages_total", "Messages that went to clients and application servers, each begun 2 KiB as one."), float64(s.Messages))
	send(counter("signalr_inbound_bytes_total", "Bytes that clients sent."), float64(s.InboundBytes))
	send(counter("signalr_outbound_bytes_total", "Bytes that went to clients and application servers."), float64(s.OutboundBytes))
	send(counter("signalr_upstream_calls_total", "Calls of web hooks."), float64(s.Calls))
	send(counter("signalr_user_errors_total", "Operations that failed by a mistake of who asked."), float64(s.UserErrors))
	send(counter("signalr_system_errors_total", "Operations that failed in the node."), float64(s.SystemErrors))
	send(counter("signalr_throttled_total", "Events of limits that were reached."), float64(s.Throttled))
	send(counter("signalr_unauthorized_total", "Events of tokens that were refused."), float64(s.Unauthorized))
	send(counter("signalr_lost_events_total", "Events without a record, because they came faster than they are kept."), float64(s.Lost))
	send(counter("signalr_unkept_events_total", "Events whose record was not kept."), float64(s.Unkept))
}

// SignalRURL is where the SignalR service listens, "http://127.0.0.1:8888"; "" when it
// does not.
func (n *Node) SignalRURL() string { return n.signalR.listener.Load().url() }

// SignalRConnectionString is what application servers and SDKs connect to a SignalR
// service of the node with, given by its name; "" for one that is not there or not served. It
// holds the primary key.
func (n *Node) SignalRConnectionString(name string) string {
	for _, r := range n.resources.List(signalRType) {
		if !isNamed(r.ID, name) {
			continue
		}
		keys, err := arm.KeyPairOf(r)
		endpoint := n.signalREndpoint(r.ID)
		if err != nil || endpoint == "" {
			return ""
		}
		return arm.SignalRConnectionString(endpoint, keys.PrimaryKey)
	}
	return ""
}
