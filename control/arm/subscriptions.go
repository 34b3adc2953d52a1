package arm

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"reslog/resource"
)

// subscriptions returns those that exist: the configured ones in their order,
// then those that resources are in.
func (s *Server) subscriptions() []Subscription {
	list := slices.Clone(s.cfg.Subscriptions)
	known := make(map[string]bool)
	for _, sub := range list {
		known[strings.ToLower(sub.ID)] = true
	}
	for _, res := range s.cfg.Resources.List("") {
		if id := res.ID.SubscriptionID(); id != "" && !known[strings.ToLower(id)] {
			known[strings.ToLower(id)] = true
			list = append(list, Subscription{ID: id, Name: id})
		}
	}
	return list
}

func (s *Server) hasSubscription(id string) bool {
	if slices.ContainsFunc(s.cfg.Subscriptions, func(sub Subscription) bool { return fold(sub.ID, id) }) {
		return true
	}
	return slices.ContainsFunc(s.subscriptions(), func(sub Subscription) bool { return fold(sub.ID, id) })
}

// subscriptionWire is a subscription as clients see it.
type subscriptionWire struct {
	ID                  string            `json:"id"`
	AuthorizationSource string            `json:"authorizationSource"`
	ManagedByTenants    []string          `json:"managedByTenants"`
	SubscriptionID      string            `json:"subscriptionId"`
	TenantID            string            `json:"tenantId"`
	DisplayName         string            `json:"displayName"`
	State               string            `json:"state"`
	Policies            map[string]string `json:"subscriptionPolicies"`
}

func (s *Server) showSubscription(sub Subscription) subscriptionWire {
	return subscriptionWire{
		ID: "/subscriptions/" + sub.ID, AuthorizationSource: "RoleBased", ManagedByTenants: []string{}, SubscriptionID: sub.ID,
		TenantID: s.cfg.TenantID, DisplayName: cmp.Or(sub.Name, sub.ID), State: "Enabled",
		Policies: map[string]string{"locationPlacementId": "Internal_2014-09-01", "quotaId": "Internal_2014-09-01", "spendingLimit": "Off"},
	}
}

// listSubscriptions answers with those in which the caller may read something.
func (s *Server) listSubscriptions(_ context.Context, r *request) (answer, error) {
	list := []subscriptionWire{}
	for _, sub := range s.subscriptions() {
		if s.seesInto(r.caller, sub.ID) {
			list = append(list, s.showSubscription(sub))
		}
	}
	return ok(map[string]any{"value": list, "count": map[string]any{"type": "Total", "value": len(list)}})
}

func (s *Server) seesInto(c Caller, subscription string) bool {
	if s.cfg.Auth.Allowed(c, "Microsoft.Resources/subscriptions/read", "/subscriptions/"+subscription) {
		return true
	}
	return slices.ContainsFunc(s.within("/subscriptions/"+subscription, s.cfg.Resources.List("")), func(res resource.Resource) bool {
		group := "/subscriptions/" + subscription + "/resourceGroups/" + res.ID.ResourceGroup()
		return s.cfg.Auth.Allowed(c, res.ID.Type()+"/read", res.ID.String()) || s.cfg.Auth.Allowed(c, "Microsoft.Resources/subscriptions/resourceGroups/read", group)
	})
}

func (s *Server) getSubscription(_ context.Context, r *request) (answer, error) {
	i := slices.IndexFunc(s.subscriptions(), func(sub Subscription) bool { return fold(sub.ID, r.target.subscription) })
	if i < 0 || !s.seesInto(r.caller, r.target.subscription) {
		if err := s.authorize(r, "Microsoft.Resources/subscriptions/read", r.target.path); err != nil {
			return answer{}, err
		}
	}
	return ok(s.showSubscription(s.subscriptions()[i]))
}

// listTenants answers with the one directory, to everybody who is in it.
func (s *Server) listTenants(context.Context, *request) (answer, error) {
	return ok(map[string]any{"value": []map[string]any{{
		"id": "/tenants/" + s.cfg.TenantID, "tenantId": s.cfg.TenantID, "tenantCategory": "Home", "displayName": "reslog", "domains": []string{},
	}}})
}

// locations returns the configured locations and those that resources are in.
func (s *Server) locations() []Location {
	byName := make(map[string]Location)
	for _, res := range s.cfg.Resources.List("") {
		if name := region(res.Location); name != "" {
			byName[name] = Location{Name: name, DisplayName: res.Location}
		}
	}
	for _, l := range s.cfg.Locations {
		byName[region(l.Name)] = Location{Name: region(l.Name), DisplayName: cmp.Or(l.DisplayName, l.Name)}
	}
	list := make([]Location, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, byName[name])
	}
	return list
}

func (s *Server) listLocations(_ context.Context, r *request) (answer, error) {
	if !s.seesInto(r.caller, r.target.subscription) {
		if err := s.authorize(r, "Microsoft.Resources/subscriptions/locations/read", r.target.path); err != nil {
			return answer{}, err
		}
	}
	list := []map[string]any{}
	for _, l := range s.locations() {
		list = append(list, map[string]any{
			"id": "/subscriptions/" + r.target.subscription + "/locations/" + l.Name, "name": l.Name, "type": "Region",
			"displayName": l.DisplayName, "regionalDisplayName": l.DisplayName, "metadata": map[string]string{"regionType": "Physical", "regionCategory": "Other"},
		})
	}
	return ok(map[string]any{"value": list})
}

// listed is a resource in a list of resources of all types.
type listed struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Kind       string            `json:"kind,omitempty"`
	Location   string            `json:"location,omitempty"`
	SKU        any               `json:"sku,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	Created    string            `json:"createdTime,omitempty"`
	Changed    string            `json:"changedTime,omitempty"`
	Provisions string            `json:"provisioningState,omitempty"`
}

// listResources answers with the resources of a subscription or a group that
// have a location, as those in Azure that are tracked, and that the caller may
// read.
func (s *Server) listResources(_ context.Context, r *request) (answer, error) {
	t := &r.target
	conds, err := r.filter()
	if err != nil {
		return answer{}, err
	}
	scope := strings.TrimSuffix(t.path, "/"+t.rest[0])
	if t.group != "" {
		if _, ok := s.findGroup(t.subscription, t.group); !ok && s.cfg.Auth.Allowed(r.caller, "Microsoft.Resources/subscriptions/resourceGroups/read", scope) {
			return answer{}, groupNotFound(t.group)
		}
	}
	if _, err := matchAll(conds, func(name string) ([]string, bool) { return resourceValues(&resource.Resource{}, name, conds) }); err != nil {
		return answer{}, err
	}
	shown, err := s.visible(r, "Microsoft.Resources/subscriptions/resources/read", scope, s.within(scope, s.cfg.Resources.List("")))
	if err != nil {
		return answer{}, err
	}
	var list []listed
	for i := range shown {
		res := &shown[i]
		typ, known := s.find(res.ID.Type())
		if !known || typ.isChild() {
			continue
		}
		matches, err := matchAll(conds, func(name string) ([]string, bool) { return resourceValues(res, name, conds) })
		if err != nil {
			return answer{}, err
		}
		if matches {
			list = append(list, s.listed(r, typ, res))
		}
	}
	return page(s, r, list, func(l *listed) string { return l.ID })
}

func resourceValues(res *resource.Resource, name string, conds []condition) ([]string, bool) {
	switch strings.ToLower(name) {
	case "resourcetype":
		return []string{res.ID.Type()}, true
	case "resourcegroup":
		return []string{res.ID.ResourceGroup()}, true
	case "name":
		return []string{res.ID.Name()}, true
	case "location":
		return []string{res.Location}, true
	default:
		return tagValues(res.Tags, name, conds)
	}
}

func (s *Server) listed(r *request, typ *resourceType, res *resource.Resource) listed {
	l := listed{
		ID: res.ID.String(), Name: res.ID.Name(), Type: typ.name, Kind: cmp.Or(res.Kind, typ.kind), Location: res.Location, SKU: skuOf(typ, res), Tags: res.Tags,
	}
	for field := range strings.SplitSeq(r.param("$expand"), ",") {
		switch strings.ToLower(strings.TrimSpace(field)) {
		case "createdtime":
			l.Created = res.Created.Format(time.RFC3339Nano)
		case "changedtime":
			l.Changed = res.Changed.Format(time.RFC3339Nano)
		case "provisioningstate":
			l.Provisions = "Succeeded"
		}
	}
	return l
}
