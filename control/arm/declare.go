package arm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"reslog/resource"
)

// Declaration is a resource that the node's configuration wants to exist.
type Declaration struct {
	ID       resource.ID
	Location string // "" leaves an existing one where it is
	Kind     string // "" means the type's
	SKU      string // its name; "" means the type's
	Tags     map[string]string
	// Properties are those of a PUT, secrets among them.
	Properties map[string]any
}

// Declare makes a resource exist as a PUT would, and does nothing when it does.
// Keys that are there are kept. Its group exists with it; its parent must be
// declared before it. The activity log names the caller "bootstrap".
func (s *Server) Declare(ctx context.Context, want Declaration) error {
	if err := s.declare(ctx, &want); err != nil {
		return fmt.Errorf("declare %s: %w", want.ID, err)
	}
	return nil
}

func (s *Server) declare(ctx context.Context, want *Declaration) error {
	s.writes.Lock()
	defer s.writes.Unlock()
	typ, ok := s.find(want.ID.Type())
	if !ok || typ.implicit != "" {
		return refuse(http.StatusNotFound, "InvalidResourceType", "resources of the type '%s' cannot be declared", want.ID.Type())
	}
	w, err := want.wanted()
	if err != nil {
		return err
	}
	id, err := s.declared(typ, want.ID)
	if err != nil {
		return err
	}
	d, err := s.checked(typ, id, w, false)
	if err != nil {
		return err
	}
	if typ.always {
		if err := typ.verify(ctx, s, d); err != nil {
			return err
		}
	}
	if d.old != nil && d.same() {
		return nil
	}
	r, err := s.declaring(ctx, id, typ.name+"/write")
	if err != nil {
		return err
	}
	err = s.record(ctx, r, change{})
	if err == nil {
		err = s.keep(ctx, d)
	}
	return s.conclude(r, http.StatusOK, err)
}

// declared checks that the ID is one of a resource in a group, and spells it as
// the type and its parent are spelled.
func (s *Server) declared(typ *resourceType, id resource.ID) (resource.ID, error) {
	t, err := parsePath(id.String())
	if err != nil {
		return id, err
	}
	if t.group == "" || strings.Contains(strings.ToLower(t.scope), "/providers/") {
		return id, refuse(http.StatusBadRequest, "InvalidResourceId", "it is not a resource in a resource group")
	}
	if old, ok := s.cfg.Resources.Get(id); ok {
		return old.ID, nil
	}
	if parent := id.Parent(); !parent.IsZero() {
		p, ok := s.lookup(parent)
		if !ok {
			return id, parentNotFound(typ, parent, "write")
		}
		return p.ID.Child(typ.last(), id.Name()), nil
	}
	return resource.Parse("/subscriptions/" + t.subscription + "/resourceGroups/" + t.group + "/providers/" + typ.name + "/" + id.Name())
}

// wanted is a declaration as the body of a PUT, so that both are read alike.
func (want *Declaration) wanted() (*wanted, error) {
	body := map[string]any{"properties": want.Properties, "location": want.Location, "tags": want.Tags}
	if want.Kind != "" {
		body["kind"] = want.Kind
	}
	if want.SKU != "" {
		body["sku"] = map[string]string{"name": want.SKU}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the properties: %w", err)
	}
	w, err := readWanted(raw)
	if err != nil {
		return nil, err
	}
	w.trusted = true
	return w, nil
}

// same reports whether the draft would change nothing but the time.
func (d *draft) same() bool {
	a, b := d.Resource, *d.old
	a.Changed, a.Created = b.Changed, b.Created
	was, err := json.Marshal(b)
	is, err2 := json.Marshal(a)
	return err == nil && err2 == nil && bytes.Equal(was, is)
}

// declaring is the request that a declaration stands for in the activity log.
func (s *Server) declaring(ctx context.Context, id resource.ID, action string) (*request, error) {
	hr, err := http.NewRequestWithContext(ctx, http.MethodPut, "/", nil)
	if err != nil {
		return nil, err
	}
	r := &request{Request: hr, id: s.cfg.NewID(), began: s.cfg.Now().UTC(), caller: Caller{Name: "bootstrap", Type: "Admin", TenantID: s.cfg.TenantID}}
	r.correlation = r.id
	if r.target, err = parsePath(id.String()); err != nil {
		return nil, err
	}
	r.deed = deed{known: true, action: action, scope: id.String()}
	return r, nil
}
