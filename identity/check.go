package identity

import (
	"maps"
	"slices"
)

// Grant is why something is allowed: which assignment of which role to whom. The
// IDs are GUIDs, as Azure's logs of authorized requests have them.
type Grant struct {
	AssignmentID     string
	RoleDefinitionID string
	PrincipalID      string
	PrincipalType    PrincipalType
}

// grant is a role assignment in the form that Check walks over.
type grant struct {
	scope Scope
	role  *RoleDefinition
	grant Grant
}

// grantsOf arranges assignments by principal, those of wide scopes first.
func (d *Directory) grantsOf(assignments map[string]RoleAssignment) map[string][]grant {
	grants := map[string][]grant{}
	for _, a := range slices.SortedFunc(maps.Values(assignments), compareAssignments) {
		role, ok := d.roles[a.RoleDefinitionID]
		if !ok { // of a version that had more roles: it gives nothing
			continue
		}
		grants[a.PrincipalID] = append(grants[a.PrincipalID], grant{a.Scope, role, Grant{a.Name, a.RoleDefinitionID, a.PrincipalID, a.PrincipalType}})
	}
	return grants
}

// Check reports whether one of the principals, who are somebody and the groups
// they are in, may do an action at a scope, and why. scope must be a resource ID
// that is known to be well-formed, or the result of ParseScope. When several
// assignments allow it, the Grant is the first by principal, then by scope.
//
// Check does not allocate when the IDs have no capitals.
func (d *Directory) Check(principalIDs []string, action string, dataAction bool, scope Scope) (Grant, bool) {
	v := d.view.Load()
	for _, id := range principalIDs {
		grants := v.grants[canonicalID(id)]
		for i := range grants {
			if g := &grants[i]; g.scope.Covers(scope) && g.role.Allows(action, dataAction) {
				return g.grant, true
			}
		}
	}
	return Grant{}, false
}
