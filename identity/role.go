package identity

import (
	"fmt"
	"slices"
	"strings"
)

// RoleDefinition is a built-in role of Azure: what one who has it may do.
//
// An action is allowed when a pattern of Actions covers it and none of
// NotActions; data actions, the work on the data inside a resource, have lists of
// their own. In a pattern '*' stands for any text, and case does not count.
type RoleDefinition struct {
	ID             string // a GUID, the same in every tenant
	Name           string
	Description    string
	Actions        []string
	NotActions     []string
	DataActions    []string
	NotDataActions []string
}

// Allows reports whether the role lets one do an action, or a data action.
func (r *RoleDefinition) Allows(action string, dataAction bool) bool {
	may, mayNot := r.Actions, r.NotActions
	if dataAction {
		may, mayNot = r.DataActions, r.NotDataActions
	}
	return covers(may, action) && !covers(mayNot, action)
}

// Role returns a role by its GUID, or by the resource ID of its definition,
// "/subscriptions/…/providers/Microsoft.Authorization/roleDefinitions/{guid}".
func (d *Directory) Role(id string) (RoleDefinition, bool) {
	r, ok := d.roles[roleGUID(id)]
	if !ok {
		return RoleDefinition{}, false
	}
	return *r, true
}

// Roles lists the roles by name.
func (d *Directory) Roles() []RoleDefinition {
	list := BuiltInRoles()
	slices.SortFunc(list, func(a, b RoleDefinition) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// ResourceID is the resource ID of the definition as Azure writes it.
func (r *RoleDefinition) ResourceID() string {
	return fmt.Sprintf("/providers/Microsoft.Authorization/roleDefinitions/%s", r.ID)
}

func roleGUID(id string) string {
	return strings.ToLower(id[strings.LastIndexByte(id, '/')+1:])
}

func covers(patterns []string, action string) bool {
	for _, p := range patterns {
		if matchPattern(p, action) {
			return true
		}
	}
	return false
}

// matchPattern compares without regard to case. Most patterns have no '*', or one
// at the end; for the others it goes back to the last '*' only, so that its time
// is at most the product of the lengths.
func matchPattern(pattern, s string) bool {
	switch n := strings.IndexByte(pattern, '*'); {
	case n < 0:
		return len(pattern) == len(s) && strings.EqualFold(pattern, s)
	case n == len(pattern)-1:
		return len(s) >= n && strings.EqualFold(pattern[:n], s[:n])
	}
	p, i := 0, 0
	star, from := -1, 0 // the last '*' and where what it stands for ends
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && lower(pattern[p]) == lower(s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// lower is for ASCII, which is all that actions have.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
