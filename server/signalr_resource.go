package server

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"reslog/control/arm"
	"reslog/resource"
	"reslog/service/signalr"
	"reslog/service/signalr/upstream"
)

// The SignalR service that a node has from the start, with the key that the emulator of
// the service has, so that its connection string is known to everybody.
const (
	signalRType = "Microsoft.SignalRService/SignalR"
	signalRName = "signalr"

	// DevSignalRKey is the access key of the SignalR emulator.
	DevSignalRKey = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
)

func (n *Node) signalRID() (resource.ID, error) { return n.completeID(signalRType + "/" + signalRName) }

// hostOfSignalR is the name that a service has in Azure.
func hostOfSignalR(id resource.ID) string { return strings.ToLower(id.Name()) + ".service.signalr.net" }

func isNamed(id resource.ID, name string) bool { return strings.EqualFold(id.Name(), name) }

// ensureSignalR makes the node's own service exist, as it is configured. What is there
// stays as it is otherwise.
func (n *Node) ensureSignalR(ctx context.Context) error {
	id, err := n.signalRID()
	if err != nil {
		return err
	}
	now := n.cfg.Now().UTC()
	r, exists := n.resources.Get(id)
	mode, _ := signalRMode(n.cfg.SignalRMode)
	if !exists {
		keys, err := json.Marshal(arm.KeyPair{PrimaryKey: DevSignalRKey, SecondaryKey: newKey()})
		if err != nil {
			return err
		}
		r = resource.Resource{ID: id, Location: n.cfg.Location, Kind: "SignalR", SKU: json.RawMessage(`{"name":"Standard_S1","capacity":1}`), Secrets: keys, Created: now}
		mode = cmp.Or(mode, signalr.Classic)
	}
	before := string(r.SKU) + string(r.Properties)
	if mode != "" {
		if r.Properties, err = withMode(r.Properties, mode); err != nil {
			return fmt.Errorf("make %s: %w", id, err)
		}
	}
	if tier, units := r.SKUName(), signalRUnits(r.SKU); n.cfg.SignalRTier != "" || n.cfg.SignalRUnits != 0 {
		raw, err := json.Marshal(map[string]any{"name": cmp.Or(n.cfg.SignalRTier, tier), "capacity": cmp.Or(n.cfg.SignalRUnits, units)})
		if err != nil {
			return err
		}
		r.SKU = raw
	}
	if exists && before == string(r.SKU)+string(r.Properties) {
		return nil
	}
	r.Changed = now
	if err := n.resources.Put(ctx, r); err != nil {
		return fmt.Errorf("make %s: %w", id, err)
	}
	return nil
}

// withMode returns properties with another mode of the service.
func withMode(raw json.RawMessage, mode signalr.Mode) (json.RawMessage, error) {
	properties := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &properties); err != nil {
			return nil, fmt.Errorf("read its properties: %w", err)
		}
	}
	features, _ := properties["features"].([]any)
	features = slices.DeleteFunc(slices.Clone(features), func(f any) bool {
		m, _ := f.(map[string]any)
		flag, _ := m["flag"].(string)
		return strings.EqualFold(flag, "ServiceMode")
	})
	properties["features"] = append(features, map[string]any{"flag": "ServiceMode", "value": string(mode)})
	return json.Marshal(properties)
}

// signalREndpoint is where a service of the node is reached, "http://127.0.0.1:8888";
// "" when it is not served. The port is that of all: others than the node's own are told
// apart by their name before .localhost.
func (n *Node) signalREndpoint(id resource.ID) string {
	base := n.SignalRURL()
	if own, err := n.signalRID(); base == "" || err == nil && id.Equal(own) {
		return base
	}
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	u.Host = net.JoinHostPort(strings.ToLower(id.Name())+".localhost", u.Port())
	return u.String()
}

// signalRServices are the SignalR resources of a node as the service wants them.
type signalRServices struct {
	node *Node
	own  resource.ID
}

var _ signalr.Services = (*signalRServices)(nil)

func newSignalRServices(n *Node) *signalRServices {
	own, _ := n.signalRID() // ensureSignalR has made it
	return &signalRServices{n, own}
}

// ByHost implements signalr.Services: the first label of a name says which service it
// is. Any other host is the node's own service, or the first if that was deleted.
func (s *signalRServices) ByHost(host string) (signalr.Service, bool) {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	list := s.node.resources.List(signalRType)
	if len(list) == 0 {
		return signalr.Service{}, false
	}
	best := list[0]
	label, _, _ := strings.Cut(host, ".")
	for _, r := range list {
		if isNamed(r.ID, label) {
			best = r
			break
		}
		if r.ID.Equal(s.own) {
			best = r
		}
	}
	return s.service(best), true
}

// Watch implements signalr.Services.
func (s *signalRServices) Watch(fn func(s signalr.Service, gone bool)) {
	s.node.resources.Watch(func(r resource.Resource, exists bool) {
		if strings.EqualFold(r.ID.Type(), signalRType) {
			fn(s.service(r), !exists)
		}
	})
}

// signalRProperties are the properties of Microsoft.SignalRService/SignalR that the node
// acts on. Source: its REST reference.
type signalRProperties struct {
	Features []struct {
		Flag  string `json:"flag"`
		Value string `json:"value"`
	} `json:"features"`
	Upstream struct {
		Templates []struct {
			URL      string `json:"urlTemplate"`
			Hub      string `json:"hubPattern"`
			Category string `json:"categoryPattern"`
			Event    string `json:"eventPattern"`
			Auth     struct {
				Type            string `json:"type"`
				ManagedIdentity struct {
					Resource string `json:"resource"`
				} `json:"managedIdentity"`
			} `json:"auth"`
		} `json:"templates"`
	} `json:"upstream"`
	Serverless struct {
		ConnectionTimeout int `json:"connectionTimeoutInSeconds"`
		KeepAlive         int `json:"keepAliveIntervalInSeconds"`
	} `json:"serverless"`
	Logs struct {
		Categories []struct {
			Name    string `json:"name"`
			Enabled any    `json:"enabled"` // "true", or true
		} `json:"categories"`
	} `json:"resourceLogConfiguration"`
}

// service is a resource as it is set up. What cannot be read of it is as if it was not
// there, which is told.
func (s *signalRServices) service(r resource.Resource) signalr.Service {
	v := signalr.Service{
		ID: r.ID, Location: r.Location, Mode: signalr.Default, Tier: cmp.Or(r.SKUName(), "Standard_S1"), Units: signalRUnits(r.SKU), Connectivity: true,
	}
	logger := s.node.cfg.Logger.With("part", "signalr", "resource", r.ID.String())
	if keys, err := arm.KeyPairOf(r); err != nil {
		logger.Error("the access keys cannot be read, nobody is let in", "err", err)
	} else {
		v.Keys = slices.DeleteFunc([]string{keys.PrimaryKey, keys.SecondaryKey}, func(k string) bool { return k == "" })
	}
	var p signalRProperties
	if len(r.Properties) > 0 {
		if err := json.Unmarshal(r.Properties, &p); err != nil {
			logger.Error("the properties cannot be read", "err", err)
		}
	}
	p.apply(&v)
	return v
}

func (p *signalRProperties) apply(v *signalr.Service) {
	on := func(value string) bool { b, err := strconv.ParseBool(strings.ToLower(value)); return err == nil && b }
	for _, f := range p.Features {
		switch strings.ToLower(f.Flag) {
		case "servicemode":
			if mode, ok := signalRMode(f.Value); ok {
				v.Mode = mode
			}
		case "enableconnectivitylogs":
			v.Connectivity = on(f.Value)
		case "enablemessaginglogs":
			v.Messaging = on(f.Value)
		}
	}
	// This is the newer way to say it.
	for _, c := range p.Logs.Categories {
		enabled := on(fmt.Sprint(c.Enabled))
		switch strings.ToLower(c.Name) {
		case "connectivitylogs":
			v.Connectivity = enabled
		case "messaginglogs":
			v.Messaging = enabled
		case "httprequestlogs":
			v.HTTPRequests = enabled
		}
	}
	v.KeepAlive = time.Duration(p.Serverless.KeepAlive) * time.Second
	v.ClientTimeout = time.Duration(p.Serverless.ConnectionTimeout) * time.Second
	for _, t := range p.Upstream.Templates {
		rule := upstream.Template{URL: t.URL, Hub: t.Hub, Category: t.Category, Event: t.Event}
		if strings.EqualFold(t.Auth.Type, "ManagedIdentity") {
			rule.ManagedIdentity = t.Auth.ManagedIdentity.Resource
		}
		v.Upstreams = append(v.Upstreams, rule)
	}
}

// signalRUnits is the capacity of a SKU, 1 when it has none.
func signalRUnits(sku json.RawMessage) int {
	var s struct {
		Capacity int `json:"capacity"`
	}
	if err := json.Unmarshal(sku, &s); err != nil || s.Capacity < 1 {
		return 1
	}
	return s.Capacity
}
