package arm

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
)

// providedType is a resource type as a provider lists it.
type providedType struct {
	ResourceType string   `json:"resourceType"`
	Locations    []string `json:"locations"`
	APIVersions  []string `json:"apiVersions"`
	Capabilities string   `json:"capabilities"`
}

// ownTypes are those that are no resources, with their namespaces.
func ownTypes() []providedType {
	settings := []string{"2021-05-01-preview", "2017-05-01-preview"}
	return []providedType{
		{"Microsoft.Insights/diagnosticSettings", nil, settings, "SupportsExtension"},
		{"Microsoft.Insights/diagnosticSettingsCategories", nil, settings, "SupportsExtension"},
		{"Microsoft.Insights/eventtypes", nil, activityVersions(), "None"},
		{"Microsoft.Insights/eventCategories", nil, activityVersions(), "None"},
		{"Microsoft.Authorization/roleAssignments", nil, roleVersions(), "SupportsExtension"},
		{"Microsoft.Authorization/roleDefinitions", nil, roleVersions(), "SupportsExtension"},
		{"Microsoft.Resources/subscriptions", nil, groupVersions(), "None"},
		{"Microsoft.Resources/resourceGroups", nil, groupVersions(), "None"},
	}
}

func (t *providedType) namespace() string {
	ns, _, _ := strings.Cut(t.ResourceType, "/")
	return ns
}

// provider is a namespace as clients see it.
type provider struct {
	ID                 string         `json:"id"`
	Namespace          string         `json:"namespace"`
	RegistrationPolicy string         `json:"registrationPolicy"`
	RegistrationState  string         `json:"registrationState,omitempty"`
	ResourceTypes      []providedType `json:"resourceTypes"`
}

// providers returns all namespaces, in a subscription or, with "", outside.
func (s *Server) providers(subscription string) []provider {
	var locations []string
	for _, l := range s.locations() {
		locations = append(locations, l.DisplayName)
	}
	if locations == nil {
		locations = []string{}
	}
	var all []provider
	add := func(name, capabilities string, locations, versions []string) {
		ns, path, _ := strings.Cut(name, "/")
		i := slices.IndexFunc(all, func(p provider) bool { return p.Namespace == ns })
		if i < 0 {
			p := provider{ID: "/providers/" + ns, Namespace: ns, RegistrationPolicy: "RegistrationRequired"}
			if subscription != "" {
				p.ID, p.RegistrationState = "/subscriptions/"+subscription+p.ID, "Registered"
			}
			all = append(all, p)
			i = len(all) - 1
		}
		all[i].ResourceTypes = append(all[i].ResourceTypes, providedType{path, locations, versions, capabilities})
	}
	for _, t := range s.types {
		capabilities := "SupportsTags, SupportsLocation"
		if t.isChild() {
			capabilities = "None"
		}
		add(t.name, capabilities, locations, t.versions)
	}
	for _, t := range ownTypes() {
		add(t.ResourceType, t.Capabilities, []string{}, t.APIVersions)
	}
	slices.SortFunc(all, func(a, b provider) int { return cmp.Compare(a.Namespace, b.Namespace) })
	return all
}

func (s *Server) hasNamespace(name string) bool {
	return slices.ContainsFunc(ownTypes(), func(t providedType) bool { return fold(t.namespace(), name) }) ||
		slices.ContainsFunc(s.types, func(t *resourceType) bool { return fold(t.namespace(), name) })
}

// routeProviders leads to the list of providers, to one, and to its
// registration. Every provider is registered with every subscription.
func (s *Server) routeProviders(r *request) (handler, error) {
	t := &r.target
	if err := r.wantVersion(groupVersions()); err != nil {
		return nil, err
	}
	if t.namespace == "" {
		return s.listProviders, r.wantMethod(http.MethodGet)
	}
	i := slices.IndexFunc(s.providers(t.subscription), func(p provider) bool { return fold(p.Namespace, t.namespace) })
	if i < 0 {
		return nil, refuse(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace '%s' is invalid.", t.namespace)
	}
	one := s.providers(t.subscription)[i]
	switch {
	case len(t.types) == 0:
		return func(_ context.Context, r *request) (answer, error) {
			return answer{status: http.StatusOK, body: one}, s.seesProviders(r)
		}, r.wantMethod(http.MethodGet)
	case fold(t.types[0], "unregister"):
		return nil, refuse(http.StatusConflict, "CannotUnregister", "Providers of this node cannot be unregistered.")
	case t.subscription == "":
		return nil, s.unknownType(t)
	}
	return func(ctx context.Context, r *request) (answer, error) {
		if err := s.authorize(r, one.Namespace+"/register/action", "/subscriptions/"+t.subscription); err != nil {
			return answer{}, err
		}
		return answer{status: http.StatusOK, body: one}, s.record(ctx, r, change{})
	}, r.wantMethod(http.MethodPost)
}

func (s *Server) seesProviders(r *request) error {
	sub := r.target.subscription
	if sub == "" || s.seesInto(r.caller, sub) {
		return nil
	}
	return s.authorize(r, "Microsoft.Resources/subscriptions/providers/read", "/subscriptions/"+sub)
}

func (s *Server) listProviders(_ context.Context, r *request) (answer, error) {
	if err := s.seesProviders(r); err != nil {
		return answer{}, err
	}
	return ok(map[string]any{"value": s.providers(r.target.subscription)})
}

// routeCheck leads to checkNameAvailability, of the types whose names are DNS
// names in Azure and that are asked without a location.
func (s *Server) routeCheck(r *request, name string) (handler, error) {
	t := &r.target
	i := slices.IndexFunc(s.types, func(typ *resourceType) bool { return typ.unique && fold(typ.namespace(), t.namespace) })
	if i < 0 || !fold(name, "checkNameAvailability") || t.subscription == "" || t.group != "" {
		return nil, s.unknownType(t)
	}
	typ := s.types[i]
	if err := r.wantMethod(http.MethodPost); err != nil {
		return nil, err
	}
	return func(_ context.Context, r *request) (answer, error) { return s.checkName(r, typ) }, s.wantTypeVersion(r, typ)
}

// checkName answers whether a name may be taken. It changes nothing: the
// activity log does not have it.
func (s *Server) checkName(r *request, typ *resourceType) (answer, error) {
	r.deed.known = false
	if err := s.authorize(r, typ.namespace()+"/checkNameAvailability/read", "/subscriptions/"+r.target.subscription); err != nil {
		return answer{}, err
	}
	var body struct {
		Name string `json:"name"`
	}
	if err := r.decode(&body); err != nil {
		return answer{}, err
	}
	id, err := groupID(r.target.subscription, "-") // any: only the name counts
	if err != nil {
		return answer{}, err
	}
	refusal, reason := typ.names.check(body.Name), "Invalid"
	if fold(typ.name, accountType) {
		reason = "AccountNameInvalid"
	}
	if refusal == nil {
		refusal, reason = s.taken(typ, id.Child(typ.last(), body.Name)), "AlreadyExists"
	}
	if refusal == nil {
		return ok(map[string]any{"nameAvailable": true})
	}
	return ok(map[string]any{"nameAvailable": false, "reason": reason, "message": s.refusal(r, refusal).message})
}

// operation is the header that names where an operation's end is asked for, for
// clients that take no other answer than 202.
func (s *Server) operation(r *request, location string) http.Header {
	at := s.cfg.BaseURL(r.Request) + "/subscriptions/" + r.target.subscription + "/providers/" + r.target.namespace +
		"/locations/" + location + "/operationStatuses/" + r.id + "?api-version=" + r.version
	return http.Header{"Azure-Asyncoperation": {at}, "Retry-After": {"0"}}
}

// routeOperation answers that an operation has succeeded: all have, before their
// own answer left.
func (s *Server) routeOperation(r *request) (handler, error) {
	t := &r.target
	if len(t.types) != 2 || !t.isItem() || !fold(t.types[1], "operationStatuses") || t.subscription == "" || t.group != "" {
		return nil, s.unknownType(t)
	}
	return func(_ context.Context, r *request) (answer, error) {
		return answer{status: http.StatusOK, body: map[string]string{"id": t.path, "name": t.names[1], "status": "Succeeded"}}, s.seesProviders(r)
	}, r.wantMethod(http.MethodGet)
}
