package identity

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// RoleAssignment gives a principal a role at a scope.
type RoleAssignment struct {
	Name        string `json:"name"` // a GUID
	PrincipalID string `json:"principalId"`
	// PrincipalType is the Directory's for its own principals. For others it is
	// what the assignment says, User when it says nothing.
	PrincipalType    PrincipalType `json:"principalType"`
	RoleDefinitionID string        `json:"roleDefinitionId"` // a GUID
	Scope            Scope         `json:"scope"`
	Created          time.Time     `json:"created"`
}

// ResourceID is the assignment's Resource Manager ID.
func (a RoleAssignment) ResourceID() string {
	return strings.TrimSuffix(string(a.Scope), "/") + "/providers/Microsoft.Authorization/roleAssignments/" + a.Name
}

// Assign gives a role. Name and Created may be empty; RoleDefinitionID may be a
// resource ID. A principal that has the role at the scope keeps the assignment it
// has, which is returned with false; that is how Azure's RoleAssignmentExists is
// told. The principal need not be in the Directory, for other issuers have theirs.
func (d *Directory) Assign(ctx context.Context, a RoleAssignment) (RoleAssignment, bool, error) {
	a, err := d.complete(a)
	if err != nil {
		return RoleAssignment{}, false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.view.Load()
	for _, old := range v.assignments {
		if old.PrincipalID == a.PrincipalID && old.RoleDefinitionID == a.RoleDefinitionID && strings.EqualFold(string(old.Scope), string(a.Scope)) {
			return old, false, nil
		}
	}
	if _, ok := v.assignments[a.Name]; ok {
		return RoleAssignment{}, false, fmt.Errorf("role assignment %s, with another principal, role or scope: %w", a.Name, ErrExists)
	}
	if len(v.assignments) >= maxAssignments {
		return RoleAssignment{}, false, fmt.Errorf("%w: %d role assignments", ErrLimit, maxAssignments)
	}
	value, err := json.Marshal(a)
	if err != nil {
		return RoleAssignment{}, false, fmt.Errorf("encode role assignment %s: %w", a.Name, err)
	}
	if err := d.cfg.KeyValue.Put(ctx, assignmentKey+a.Name, value); err != nil {
		return RoleAssignment{}, false, fmt.Errorf("keep role assignment %s: %w", a.Name, err)
	}
	next := maps.Clone(v.assignments)
	next[a.Name] = a
	d.publish(v.principals, next)
	return a, true, nil
}

// complete checks an assignment and brings it into the form that is kept.
func (d *Directory) complete(a RoleAssignment) (RoleAssignment, error) {
	if err := checkText("the principal ID", a.PrincipalID, maxPrincipalID); err != nil {
		return a, err
	}
	role, ok := d.Role(a.RoleDefinitionID)
	if !ok {
		return a, fmt.Errorf("role definition %q: %w", clip(a.RoleDefinitionID), ErrNotFound)
	}
	scope, err := ParseScope(string(a.Scope))
	if err != nil {
		return a, err
	}
	a.Name = strings.ToLower(cmp.Or(a.Name, d.cfg.NewID()))
	if !isGUID(a.Name) {
		return a, fmt.Errorf("%w: role assignment name %q is not a GUID", ErrInvalid, clip(a.Name))
	}
	switch a.PrincipalType {
	case "":
		a.PrincipalType = User
	case User, Group, ServicePrincipal:
	default:
		return a, fmt.Errorf("%w: principal type %q", ErrInvalid, clip(string(a.PrincipalType)))
	}
	a.PrincipalID, a.RoleDefinitionID, a.Scope, a.Created = canonicalID(a.PrincipalID), role.ID, scope, d.cfg.Now().UTC()
	if p, ok := d.Principal(a.PrincipalID); ok {
		a.PrincipalType = p.Type
	}
	return a, nil
}

// Revoke takes a role away, or returns ErrNotFound.
func (d *Directory) Revoke(ctx context.Context, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.revoke(ctx, strings.ToLower(name))
}

func (d *Directory) revoke(ctx context.Context, name string) error {
	v := d.view.Load()
	if _, ok := v.assignments[name]; !ok {
		return fmt.Errorf("role assignment %q: %w", clip(name), ErrNotFound)
	}
	if err := d.cfg.KeyValue.Delete(ctx, assignmentKey+name); err != nil {
		return fmt.Errorf("delete role assignment %s: %w", name, err)
	}
	next := maps.Clone(v.assignments)
	delete(next, name)
	d.publish(v.principals, next)
	return nil
}

// Assignment returns the one with a name.
func (d *Directory) Assignment(name string) (RoleAssignment, bool) {
	a, ok := d.view.Load().assignments[strings.ToLower(name)]
	return a, ok
}

// Filter selects role assignments. Empty fields select all.
type Filter struct {
	PrincipalID      string
	RoleDefinitionID string // a GUID or a resource ID
	// Holding selects those whose right holds at this scope.
	Holding Scope
	// Within selects those given at this scope or below.
	Within Scope
}

// Assignments lists what the filter selects, by scope and name.
func (d *Directory) Assignments(f Filter) []RoleAssignment {
	principal, role := canonicalID(f.PrincipalID), roleGUID(f.RoleDefinitionID)
	list := []RoleAssignment{}
	for _, a := range d.view.Load().assignments {
		if (principal == "" || principal == a.PrincipalID) && (role == "" || role == a.RoleDefinitionID) &&
			(f.Holding == "" || a.Scope.Covers(f.Holding)) && (f.Within == "" || f.Within.Covers(a.Scope)) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, compareAssignments)
	return list
}

func compareAssignments(a, b RoleAssignment) int {
	return cmp.Or(strings.Compare(strings.ToLower(string(a.Scope)), strings.ToLower(string(b.Scope))), strings.Compare(a.Name, b.Name))
}
