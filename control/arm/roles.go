package arm

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"reslog/resource"
)

// Roles are who may do what. Assign and Revoke return when the change is in
// force and durable.
type Roles interface {
	// Assign makes an assignment and returns it as it is kept. Its errors wrap
	// ErrNoPrincipal or ErrNoRole when it names something that is not there.
	Assign(ctx context.Context, a RoleAssignment) (RoleAssignment, error)
	// Revoke removes the assignment of a name. One that is not there may be an
	// error that wraps resource.ErrNotFound, or none.
	Revoke(ctx context.Context, name string) error
	Assignments() []RoleAssignment
	Definitions() []RoleDefinition
}

// Errors of Roles.
var (
	ErrNoPrincipal = errors.New("no such principal")
	ErrNoRole      = errors.New("no such role")
)

// RoleAssignment is a role that a principal has at a scope and below.
type RoleAssignment struct {
	Name             string // a GUID
	PrincipalID      string // object ID, a GUID
	PrincipalType    string // ServicePrincipal, User, Group; "" when the client did not say
	RoleDefinitionID string // a GUID
	Scope            string // "/", "/subscriptions/…", or the ID of a group or resource
	Created          time.Time
}

// RoleDefinition is a role.
type RoleDefinition struct {
	ID          string // a GUID
	Name        string // "Owner"
	Description string
	Actions     []string
	NotActions  []string
	DataActions []string
}

const (
	assignmentType = "Microsoft.Authorization/roleAssignments"
	definitionType = "Microsoft.Authorization/roleDefinitions"
)

// routeRoles leads to role assignments and definitions at a scope. Source: the
// REST reference of Microsoft.Authorization.
func (s *Server) routeRoles(r *request) (handler, error) {
	t := &r.target
	if err := r.wantVersion(roleVersions()); err != nil {
		return nil, err
	}
	if len(t.types) != 1 {
		return nil, s.unknownType(t)
	}
	if fold(t.types[0], "roleDefinitions") {
		return s.definitions, r.wantMethod(http.MethodGet)
	}
	if !t.isItem() {
		return s.listAssignments, r.wantMethod(http.MethodGet)
	}
	do := map[string]handler{http.MethodGet: s.getAssignment, http.MethodPut: s.putAssignment, http.MethodDelete: s.deleteAssignment}[r.Method]
	if do == nil {
		return nil, r.wantMethod()
	}
	return do, nil
}

// wantScope refuses a scope of roles that does not exist.
func (s *Server) wantScope(t *target) error {
	at, err := parsePath(t.scope)
	if err != nil {
		return err
	}
	switch {
	case at.provided:
		id, err := resource.Parse(t.scope)
		if err != nil {
			return refuse(http.StatusBadRequest, "InvalidResourceId", "The scope '%s' is not the id of a resource.", t.scope)
		}
		if !s.holdsRoles(id) {
			return resourceNotFound(id)
		}
	case at.group != "":
		if _, ok := s.findGroup(at.subscription, at.group); !ok {
			return groupNotFound(at.group)
		}
	}
	return nil
}

// holdsRoles reports whether a resource is there, or what holds it: the containers,
// queues and tables of an account are not resources that are kept here, but roles
// are given at them.
func (s *Server) holdsRoles(id resource.ID) bool {
	for at := id; !at.IsZero(); at = at.Parent() {
		if _, ok := s.lookup(at); ok {
			typ, known := s.find(at.Type())
			return at.Equal(id) || known && typ.implicit != ""
		}
	}
	return false
}

// assignmentProperties are those of an assignment.
type assignmentProperties struct {
	RoleDefinitionID string `json:"roleDefinitionId"`
	PrincipalID      string `json:"principalId"`
	PrincipalType    string `json:"principalType"`
	Scope            string `json:"scope"`
	CreatedOn        string `json:"createdOn,omitempty"`
	UpdatedOn        string `json:"updatedOn,omitempty"`
}

func (s *Server) showAssignment(subscription string, a RoleAssignment) map[string]any {
	p := assignmentProperties{
		RoleDefinitionID: definitionID(subscription, a.RoleDefinitionID), PrincipalID: a.PrincipalID, PrincipalType: a.PrincipalType, Scope: a.Scope,
	}
	if !a.Created.IsZero() {
		p.CreatedOn = a.Created.UTC().Format(time.RFC3339Nano)
		p.UpdatedOn = p.CreatedOn
	}
	return map[string]any{
		"id": strings.TrimSuffix(a.Scope, "/") + "/providers/" + assignmentType + "/" + a.Name, "type": assignmentType, "name": a.Name, "properties": p,
	}
}

// definitionID is the ID of a definition as a subscription sees it.
func definitionID(subscription, id string) string {
	path := "/providers/" + definitionType + "/" + id
	if subscription != "" {
		path = "/subscriptions/" + subscription + path
	}
	return path
}

// assignment returns the one of a name at the scope of the request.
func (s *Server) assignment(t *target) (RoleAssignment, bool) {
	all := s.cfg.Roles.Assignments()
	i := slices.IndexFunc(all, func(a RoleAssignment) bool { return fold(a.Name, t.names[0]) && sameScope(a.Scope, t.scope) })
	if i < 0 {
		return RoleAssignment{}, false
	}
	return all[i], true
}

func sameScope(a, b string) bool { return fold(strings.TrimRight(a, "/"), strings.TrimRight(b, "/")) }

func (s *Server) getAssignment(_ context.Context, r *request) (answer, error) {
	t := &r.target
	if err := s.authorize(r, assignmentType+"/read", t.scope); err != nil {
		return answer{}, err
	}
	a, found := s.assignment(t)
	if !found {
		return answer{}, refuse(http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment '%s' is not found.", t.names[0])
	}
	return ok(s.showAssignment(t.subscription, a))
}

// listAssignments answers with the assignments that matter at a scope: those at
// it, above and, unless the filter says atScope(), below.
func (s *Server) listAssignments(_ context.Context, r *request) (answer, error) {
	t := &r.target
	if err := s.authorize(r, assignmentType+"/read", t.scope); err != nil {
		return answer{}, err
	}
	if err := s.wantScope(t); err != nil {
		return answer{}, err
	}
	conds, err := r.filter()
	if err != nil {
		return answer{}, err
	}
	list := []map[string]any{}
	for _, a := range s.cfg.Roles.Assignments() {
		at := strings.TrimRight(a.Scope, "/")
		shown := covers(at, t.scope) || covers(t.scope, at)
		for _, c := range conds {
			switch {
			case fold(c.name, "atScope") && c.op == "()":
				shown = shown && covers(at, t.scope)
			case fold(c.name, "principalId") && c.op == "eq", fold(c.name, "assignedTo") && c.op == "()":
				shown = shown && fold(a.PrincipalID, c.value)
			default:
				return answer{}, badFilter(c.name + " " + c.op)
			}
		}
		if shown {
			list = append(list, s.showAssignment(t.subscription, a))
		}
	}
	return ok(map[string]any{"value": list})
}

func (s *Server) putAssignment(ctx context.Context, r *request) (answer, error) {
	t := &r.target
	if err := s.authorize(r, assignmentType+"/write", t.scope); err != nil {
		return answer{}, err
	}
	if err := s.wantScope(t); err != nil {
		return answer{}, err
	}
	want, err := s.wantedAssignment(r)
	if err != nil {
		return answer{}, err
	}
	for _, a := range s.cfg.Roles.Assignments() {
		same := sameScope(a.Scope, want.Scope) && fold(a.PrincipalID, want.PrincipalID) && fold(a.RoleDefinitionID, want.RoleDefinitionID)
		switch {
		case same && fold(a.Name, want.Name):
			return answer{status: http.StatusCreated, body: s.showAssignment(t.subscription, a)}, nil
		case same:
			return answer{}, refuse(http.StatusConflict, "RoleAssignmentExists", "The role assignment already exists. Its name is '%s'.", a.Name)
		case fold(a.Name, want.Name):
			return answer{}, refuse(http.StatusBadRequest, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
		}
	}
	properties := map[string]string{"principalId": want.PrincipalID, "roleDefinitionId": want.RoleDefinitionID}
	if err := s.record(ctx, r, change{properties: properties}); err != nil {
		return answer{}, err
	}
	kept, err := s.cfg.Roles.Assign(ctx, want)
	switch {
	case errors.Is(err, ErrNoPrincipal):
		return answer{}, refuse(http.StatusBadRequest, "PrincipalNotFound", "Principal %s does not exist in the directory %s. Check that you have the correct principal ID.", want.PrincipalID, s.cfg.TenantID)
	case errors.Is(err, ErrNoRole):
		return answer{}, roleNotFound(want.RoleDefinitionID)
	case err != nil:
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: s.showAssignment(t.subscription, kept)}, nil
}

func roleNotFound(id string) error {
	return refuse(http.StatusBadRequest, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", id)
}

// wantedAssignment reads the body of a PUT. What cannot be kept is refused.
func (s *Server) wantedAssignment(r *request) (RoleAssignment, error) {
	t := &r.target
	body, err := parseObject(r.body)
	if err != nil {
		return RoleAssignment{}, err
	}
	props, _ := asObject(body.take("properties"))
	for _, name := range []string{"scope", "createdOn", "createdBy", "updatedOn", "updatedBy"} {
		props.take(name)
	}
	var principal, role, typ string
	for name, field := range map[string]*string{"principalId": &principal, "roleDefinitionId": &role, "principalType": &typ} {
		text, err := takeText(props, name, maxPath)
		if err != nil {
			return RoleAssignment{}, err
		}
		if text != nil {
			*field = *text
		}
	}
	role = strings.ToLower(role[strings.LastIndexByte(role, '/')+1:])
	switch {
	case !isGUID(principal):
		return RoleAssignment{}, refuse(http.StatusBadRequest, "InvalidPrincipalId", "The property 'principalId' is required: the object id of a principal, a GUID.")
	case !isGUID(t.names[0]):
		return RoleAssignment{}, refuse(http.StatusBadRequest, "InvalidRoleAssignmentId", "The role assignment ID '%.64s' is not valid. The role assignment ID must be a GUID.", t.names[0])
	case typ != "" && !slices.Contains([]string{"ServicePrincipal", "User", "Group"}, typ):
		return RoleAssignment{}, refuse(http.StatusBadRequest, "UnmatchedPrincipalType", "The property 'principalType' must be ServicePrincipal, User or Group.")
	case !slices.ContainsFunc(s.cfg.Roles.Definitions(), func(d RoleDefinition) bool { return fold(d.ID, role) }):
		return RoleAssignment{}, roleNotFound(clip(role, 64))
	}
	for name, v := range props {
		if v != nil && v != "" && v != false {
			return RoleAssignment{}, refuse(http.StatusBadRequest, "UnsupportedProperty", "The property '%.64s' is not supported by this node: leave it out.", name)
		}
	}
	return RoleAssignment{
		Name: strings.ToLower(t.names[0]), PrincipalID: strings.ToLower(principal), PrincipalType: typ,
		RoleDefinitionID: role, Scope: cmp.Or(t.scope, "/"), Created: s.cfg.Now().UTC(),
	}, nil
}

func (s *Server) deleteAssignment(ctx context.Context, r *request) (answer, error) {
	t := &r.target
	if err := s.authorize(r, assignmentType+"/delete", t.scope); err != nil {
		return answer{}, err
	}
	a, found := s.assignment(t)
	if !found {
		return answer{status: http.StatusNoContent}, nil
	}
	if err := s.record(ctx, r, change{properties: map[string]string{"principalId": a.PrincipalID, "roleDefinitionId": a.RoleDefinitionID}}); err != nil {
		return answer{}, err
	}
	if err := s.cfg.Roles.Revoke(ctx, a.Name); err != nil {
		return answer{}, err
	}
	return ok(s.showAssignment(t.subscription, a))
}
