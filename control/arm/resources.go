package arm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"reslog/diagnostic"
	"reslog/resource"
)

// Lookup returns a resource that exists: one that is kept, or one that exists
// with its parent, as an account's blobServices/default does. It is the
// Resource of diagnostic.Rules.
func (s *Server) Lookup(id resource.ID) (resource.Resource, bool) { return s.lookup(id) }

func (s *Server) lookup(id resource.ID) (resource.Resource, bool) {
	if res, ok := s.cfg.Resources.Get(id); ok {
		return res, true
	}
	typ, ok := s.find(id.Type())
	if !ok || typ.itself == nil && (typ.implicit == "" || !fold(id.Name(), typ.implicit)) {
		return resource.Resource{}, false
	}
	parent, ok := s.lookup(id.Parent())
	if !ok {
		return resource.Resource{}, false
	}
	if typ.itself != nil {
		return s.lookupItself(typ, parent, id)
	}
	return resource.Resource{ID: parent.ID.Child(typ.last(), typ.implicit), Location: parent.Location, Created: parent.Created, Changed: parent.Changed}, true
}

// stands finds what a PUT replaces and a DELETE removes: what is kept, and what a
// parent has by itself, but not what comes with it.
func (s *Server) stands(typ *resourceType, id resource.ID) (resource.Resource, bool) {
	if typ.itself != nil {
		return s.lookup(id)
	}
	return s.cfg.Resources.Get(id)
}

// lookupItself finds one of those that a parent has by itself.
func (s *Server) lookupItself(typ *resourceType, parent resource.Resource, id resource.ID) (resource.Resource, bool) {
	list, err := typ.itself(context.Background(), s, parent)
	if err != nil {
		s.cfg.Logger.Error("what a resource has by itself cannot be listed", "resource", parent.ID.String(), "err", err)
		return resource.Resource{}, false
	}
	i := slices.IndexFunc(list, func(r resource.Resource) bool { return r.ID.Equal(id) })
	if i < 0 {
		return resource.Resource{}, false
	}
	return list[i], true
}

// wire is a resource as clients see it.
type wire struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Kind       string            `json:"kind,omitempty"`
	Location   string            `json:"location,omitempty"`
	SKU        any               `json:"sku,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	Properties object            `json:"properties"`
	SystemData *systemData       `json:"systemData,omitempty"`
}

type systemData struct {
	CreatedAt      time.Time `json:"createdAt"`
	LastModifiedAt time.Time `json:"lastModifiedAt"`
}

// wire shows a resource. Accounts that the node's configuration makes have
// neither SKU nor kind: they get those of the type.
func (s *Server) wire(typ *resourceType, res *resource.Resource) (wire, error) {
	props, err := parseObject(res.Properties)
	if err != nil {
		return wire{}, fmt.Errorf("read the properties of %s: %w", res.ID, err)
	}
	w := wire{
		ID: res.ID.String(), Name: res.ID.Name(), Type: typ.name, Location: res.Location, Kind: res.Kind, Tags: res.Tags, Properties: props,
	}
	if typ.isChild() {
		w.Location = ""
	}
	if w.Kind == "" {
		w.Kind = typ.kind
	}
	w.SKU = skuOf(typ, res)
	if typ.implicit == "" {
		props["provisioningState"] = "Succeeded"
		w.SystemData = &systemData{res.Created, res.Changed}
	}
	if typ.show != nil {
		typ.show(s, res, props)
	}
	return w, nil
}

// skuOf shows the SKU.
func skuOf(typ *resourceType, res *resource.Resource) any {
	sku, err := parseObject(res.SKU)
	if err != nil || len(sku) == 0 {
		if typ.sku == "" {
			return nil
		}
		sku = object{"name": typ.sku}
	}
	if name, _ := sku.get("name").(string); typ.tiered {
		tier, _, _ := strings.Cut(name, "_")
		sku.fill("tier", strings.TrimSuffix(tier, "V2"))
	}
	return map[string]any(sku)
}

// identify returns the ID that a path names, in the spelling of what exists: its
// group, its parent, its type. Group and parent must exist.
func (s *Server) identify(t *target, typ *resourceType, verb string) (resource.ID, error) {
	if t.group == "" {
		return resource.ID{}, refuse(http.StatusNotFound, "InvalidResourceType", "A resource of the type '%s' is in a resource group: the path '%s' has none.", typ.name, t.path)
	}
	group, ok := s.findGroup(t.subscription, t.group)
	if !ok {
		return resource.ID{}, groupNotFound(t.group)
	}
	path := "/subscriptions/" + t.subscription + "/resourceGroups/" + group + "/providers/" + typ.namespace()
	for i, name := range t.names {
		path += "/" + strings.Split(typ.path(), "/")[i] + "/" + name
	}
	id, err := resource.Parse(path)
	if err != nil {
		return resource.ID{}, refuse(http.StatusBadRequest, "InvalidResourceId", "The path '%s' is not the id of a resource.", t.path)
	}
	if parent := id.Parent(); !parent.IsZero() {
		p, ok := s.lookup(parent)
		if !ok {
			return id, parentNotFound(typ, parent, verb)
		}
		id = p.ID.Child(typ.last(), id.Name())
	}
	if res, ok := s.lookup(id); ok {
		id = res.ID
	}
	return id, nil
}

// located is identify with what is there. It tells those who may not read
// nothing of what exists.
func (s *Server) located(r *request, typ *resourceType, action string) (resource.Resource, error) {
	if err := s.authorize(r, action, r.target.resourcePath()); err != nil {
		return resource.Resource{}, err
	}
	id, err := s.identify(&r.target, typ, action[strings.LastIndexByte(action, '/')+1:])
	if err != nil {
		return resource.Resource{}, err
	}
	res, ok := s.lookup(id)
	if !ok {
		return resource.Resource{}, resourceNotFound(id)
	}
	return res, nil
}

// resourcePath is the target without an action at its end.
func (t *target) resourcePath() string {
	if len(t.types) == len(t.names) {
		return t.path
	}
	return t.path[:strings.LastIndexByte(t.path, '/')]
}

func resourceNotFound(id resource.ID) *apiError {
	return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
		diagnostic.TypedName(id), id.ResourceGroup())
}

func parentNotFound(typ *resourceType, parent resource.ID, verb string) *apiError {
	return refuse(http.StatusNotFound, "ParentResourceNotFound", "Failed to perform '%s' on resource(s) of type '%s', because the parent resource '%s' could not be found.", verb, typ.path(), parent)
}

// read answers GET and HEAD.
func (s *Server) read(_ context.Context, r *request, typ *resourceType) (answer, error) {
	res, err := s.located(r, typ, typ.name+"/read")
	if err != nil {
		return answer{}, err
	}
	if r.Method == http.MethodHead {
		return answer{status: http.StatusNoContent}, nil
	}
	w, err := s.wire(typ, &res)
	if err != nil {
		return answer{}, err
	}
	return ok(w)
}

// list answers GET of a collection, with those that the caller may read.
func (s *Server) list(r *request, typ *resourceType) (answer, error) {
	t := &r.target
	scope := t.scope
	if len(t.names) > 0 {
		scope = t.resourcePath()
	}
	var all []resource.Resource
	if typ.isChild() {
		id, err := resource.Parse(scope)
		if err != nil {
			return answer{}, s.unknownType(t)
		}
		if _, ok := s.lookup(id); !ok && s.cfg.Auth.Allowed(r.caller, typ.name+"/read", scope) {
			return answer{}, parentNotFound(typ, id, "read")
		}
		if typ.implicit != "" {
			if res, ok := s.lookup(id.Child(typ.last(), typ.implicit)); ok {
				all = append(all, res)
			}
		}
	} else if t.group != "" {
		if _, ok := s.findGroup(t.subscription, t.group); !ok && s.cfg.Auth.Allowed(r.caller, typ.name+"/read", scope) {
			return answer{}, groupNotFound(t.group)
		}
	}
	kept := s.within(scope, s.cfg.Resources.List(typ.name))
	if typ.itself != nil {
		parent, _ := s.lookup(resource.MustParse(scope))
		own, err := typ.itself(r.Context(), s, parent)
		if err != nil {
			return answer{}, err
		}
		for _, res := range own {
			if !slices.ContainsFunc(kept, func(k resource.Resource) bool { return k.ID.Equal(res.ID) }) {
				all = append(all, res)
			}
		}
	}
	all = append(all, kept...)
	shown, err := s.visible(r, typ.name+"/read", scope, all)
	if err != nil {
		return answer{}, err
	}
	list := make([]wire, 0, len(shown))
	for i := range shown {
		w, err := s.wire(typ, &shown[i])
		if err != nil {
			return answer{}, err
		}
		list = append(list, w)
	}
	return ok(map[string]any{"value": list})
}

// within returns the resources at or below a scope; a scope of "" has all.
func (s *Server) within(scope string, list []resource.Resource) []resource.Resource {
	return slices.DeleteFunc(list, func(res resource.Resource) bool { return !covers(scope, string(res.ID.Key())) })
}

// covers reports whether a path is a scope or below it.
func covers(scope, path string) bool {
	scope, path = strings.ToLower(strings.TrimRight(scope, "/")), strings.ToLower(path)
	return path == scope || strings.HasPrefix(path, scope+"/")
}

// visible leaves those resources that the caller may read. A caller who may read
// none of them and not their scope is refused.
func (s *Server) visible(r *request, action, scope string, list []resource.Resource) ([]resource.Resource, error) {
	refused := s.authorize(r, action, scope)
	if refused == nil {
		return list, nil
	}
	list = slices.DeleteFunc(list, func(res resource.Resource) bool {
		return !s.cfg.Auth.Allowed(r.caller, res.ID.Type()+"/read", res.ID.String())
	})
	if len(list) == 0 {
		return nil, refused
	}
	return list, nil
}

// act answers POST of an action.
func (s *Server) act(ctx context.Context, r *request, typ *resourceType, a action) (answer, error) {
	res, err := s.located(r, typ, typ.name+"/"+a.name+"/action")
	if err != nil {
		return answer{}, err
	}
	return a.run(ctx, s, r, res)
}

// keepSecrets keeps the secrets of a resource whose key was drawn anew.
func (s *Server) keepSecrets(ctx context.Context, r *request, res resource.Resource, secrets any, key string) error {
	raw, err := json.Marshal(secrets)
	if err != nil {
		return fmt.Errorf("encode the secrets of %s: %w", res.ID, err)
	}
	if err := s.record(ctx, r, change{properties: map[string]string{"key": key}}); err != nil {
		return err
	}
	res.Secrets = raw
	return s.cfg.Resources.Put(ctx, res)
}
