package arm

import (
	"context"
	"net/http"
	"strings"
)

// Versions of Resource Manager's own routes, the newest first.
func groupVersions() []string {
	return []string{"2024-03-01", "2022-12-01", "2022-09-01", "2021-04-01", "2020-06-01", "2019-10-01", "2018-05-01", "2017-05-10", "2016-09-01", "2015-11-01", "2014-04-01"}
}

func roleVersions() []string {
	return []string{"2022-05-01-preview", "2022-04-01", "2020-10-01-preview", "2020-04-01-preview", "2018-01-01-preview", "2015-07-01", "2015-06-01"}
}

func activityVersions() []string { return []string{"2017-03-01-preview", "2015-04-01", "2014-04-01"} }

// route finds the handler of a request. It refuses paths that lead nowhere,
// methods and versions that the route does not have, and subscriptions that do
// not exist.
func (s *Server) route(r *request) (handler, error) {
	t := &r.target
	if t.subscription != "" && !s.hasSubscription(t.subscription) {
		return nil, refuse(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", t.subscription)
	}
	switch {
	case !t.provided:
		return s.routePlain(r)
	case t.is("Microsoft.Insights", "diagnosticSettings"), t.is("Microsoft.Insights", "diagnosticSettingsCategories"):
		return s.routeExtension(t)
	case t.is("Microsoft.Insights", "eventtypes"), t.is("Microsoft.Insights", "eventcategories"):
		return s.routeActivity(r)
	case t.is("Microsoft.Authorization", "roleAssignments"), t.is("Microsoft.Authorization", "roleDefinitions"):
		return s.routeRoles(r)
	case t.group == "" && (len(t.types) == 0 || len(t.names) == 0 && (fold(t.types[0], "register") || fold(t.types[0], "unregister"))):
		return s.routeProviders(r)
	default:
		return s.routeResource(r)
	}
}

// fixed is a route without a provider.
type fixed struct {
	scope   string // "", "subscription" or "group"
	path    string // behind it
	methods []string
	handle  handler
}

// routePlain finds the routes that are of Resource Manager itself.
func (s *Server) routePlain(r *request) (handler, error) {
	get := []string{http.MethodGet}
	t := &r.target
	scope := ""
	switch {
	case t.group != "":
		scope = "group"
	case t.subscription != "":
		scope = "subscription"
	}
	for _, f := range []fixed{
		{"", "subscriptions", get, s.listSubscriptions},
		{"", "tenants", get, s.listTenants},
		{"subscription", "", get, s.getSubscription},
		{"subscription", "locations", get, s.listLocations},
		{"subscription", "resources", get, s.listResources},
		{"subscription", "resourcegroups", get, s.listGroups},
		{"group", "resources", get, s.listResources},
		{"group", "", []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete}, s.group},
	} {
		if f.scope != scope || !fold(f.path, strings.Join(t.rest, "/")) {
			continue
		}
		if err := r.wantMethod(f.methods...); err != nil {
			return nil, err
		}
		return f.handle, r.wantVersion(groupVersions())
	}
	if scope == "" {
		return nil, refuse(http.StatusNotFound, "MissingSubscription", "The request did not have a subscription or a valid tenant level resource provider.")
	}
	return nil, refuse(http.StatusNotFound, "NotFound", "Nothing is at the path '%s'.", t.path)
}

// routeExtension leads to diagnostic settings and their categories, which check
// versions and rights themselves.
func (s *Server) routeExtension(t *target) (handler, error) {
	x, err := t.extension()
	if err != nil {
		return nil, err
	}
	handle := s.diagnosticSettings
	if fold(t.types[0], "diagnosticSettingsCategories") {
		handle = s.diagnosticCategories
	}
	return func(ctx context.Context, r *request) (answer, error) { return handle(ctx, r, x) }, nil
}

// routeResource leads to resources, collections of them, and actions on them.
func (s *Server) routeResource(r *request) (handler, error) {
	t := &r.target
	if !s.hasNamespace(t.namespace) {
		return nil, refuse(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace '%s' is invalid.", t.namespace)
	}
	if strings.Contains(strings.ToLower(t.scope), "/providers/") {
		return nil, s.unknownType(t)
	}
	if fold(t.types[0], "locations") {
		return s.routeOperation(r)
	}
	if typ, ok := s.find(t.fullType()); ok {
		return s.routeKnown(r, typ)
	}
	if t.isItem() {
		return nil, s.unknownType(t)
	}
	// The last segment is no type: an action on what is before it.
	name := t.types[len(t.types)-1]
	if len(t.types) == 1 {
		return s.routeCheck(r, name)
	}
	whole := *t
	whole.types = t.types[:len(t.types)-1]
	typ, ok := s.find(whole.fullType())
	if !ok {
		return nil, s.unknownType(t)
	}
	act, ok := typ.action(name)
	if !ok {
		return nil, s.unknownType(t)
	}
	if err := r.wantMethod(http.MethodPost); err != nil {
		return nil, err
	}
	return func(ctx context.Context, r *request) (answer, error) { return s.act(ctx, r, typ, act) }, s.wantTypeVersion(r, typ)
}

func (s *Server) routeKnown(r *request, typ *resourceType) (handler, error) {
	if err := s.wantTypeVersion(r, typ); err != nil {
		return nil, err
	}
	if !r.target.isItem() {
		return func(_ context.Context, r *request) (answer, error) { return s.list(r, typ) }, r.wantMethod(http.MethodGet)
	}
	do := s.read
	switch {
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
	case typ.implicit != "":
		return nil, r.wantMethod(http.MethodGet, http.MethodHead)
	case r.Method == http.MethodPut, r.Method == http.MethodPatch:
		do = s.put
	case r.Method == http.MethodDelete:
		do = s.remove
	default:
		return nil, r.wantMethod()
	}
	return func(ctx context.Context, r *request) (answer, error) { return do(ctx, r, typ) }, nil
}

func (s *Server) wantTypeVersion(r *request, typ *resourceType) error {
	if r.since(typ.versions) {
		return nil
	}
	return refuse(http.StatusBadRequest, "NoRegisteredProviderFound",
		"No registered resource provider found for location '' and API version '%s' for type '%s'. The supported api-versions are '%s'. The supported locations are ''.",
		r.version, typ.path(), strings.Join(typ.versions, ", "))
}

// unknownType is the refusal of a type that no provider has here.
func (s *Server) unknownType(t *target) *apiError {
	return refuse(http.StatusNotFound, "InvalidResourceType", "The resource type '%s' could not be found in the namespace '%s' for the api version of the request.",
		strings.Join(t.types, "/"), t.namespace)
}
