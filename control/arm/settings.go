package arm

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"reslog/catalog"
	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/resource"
)

// diagnosticSettings answers what is called on {scope}/providers/Microsoft.Insights/diagnosticSettings.
func (s *Server) diagnosticSettings(ctx context.Context, r *request, x extension) (answer, error) {
	return s.settingsAPI().serve(ctx, r, x)
}

// diagnosticCategories answers what is called on {scope}/providers/Microsoft.Insights/diagnosticSettingsCategories.
func (s *Server) diagnosticCategories(_ context.Context, r *request, x extension) (answer, error) {
	return s.settingsAPI().categories(r, x)
}

func (s *Server) settingsAPI() *settingsAPI {
	return &settingsAPI{
		store: s.cfg.Settings, rules: diagnostic.Rules{Resource: s.Lookup},
		ledger: s.cfg.Ledger, deadLetters: s.cfg.DeadLetters,
		authorize: s.authorize, allowed: s.cfg.Auth.Allowed,
		record: func(ctx context.Context, r *request, id string) error {
			return s.record(ctx, r, change{resource: id})
		},
	}
}

// settingsAPI is the part of Microsoft.Insights about diagnostic settings:
//
//	GET             …/diagnosticSettings
//	GET PUT DELETE  …/diagnosticSettings/{name}
//	GET             …/diagnosticSettings/{name}/deliveries[/{kind}]            ours
//	GET             …/diagnosticSettings/{name}/deliveries/deadLetters         ours
//	POST            …/diagnosticSettings/{name}/deliveries/deadLetters/{key}/{replay|discard}
//	GET             …/diagnosticSettingsCategories[/{name}]
//
// There is no PATCH: an update is a GET and a PUT. Classic logging is nowhere in
// it, although it is kept as settings.
//
// Sources: the specifications of both versions, and answers of the service that
// tests of azure-cli and reports have. docs/compat/diagnostic-settings.md has
// what is different.
type settingsAPI struct {
	store       *diagnostic.Store
	rules       diagnostic.Rules
	ledger      func() []deliver.LedgerEntry
	deadLetters DeadLetters
	// authorize is nil when the caller may do what is asked for, an action at a
	// scope; allowed reports about an action that it takes besides.
	authorize func(r *request, action, scope string) error
	allowed   func(c Caller, action, scope string) bool
	// record notes in the activity log that what was authorized is about to be
	// done to the thing with an id.
	record func(ctx context.Context, r *request, id string) error
}

// Versions of the API. The later one has category groups, and refuses what the
// former still allows: new retentions.
const (
	version2017 = "2017-05-01-preview"
	version2021 = "2021-05-01-preview"
)

// settingsType is the type of settings, and begins the names of actions on them.
// A caller needs them at the resource that a setting is about.
const settingsType = "Microsoft.Insights/diagnosticSettings"

// scopeOf is what a caller must be allowed to act on: a setting, which is at its
// resource.
func scopeOf(x extension, name string) string {
	return x.scope + "/providers/" + settingsType + "/" + name
}

func (a *settingsAPI) serve(ctx context.Context, r *request, x extension) (answer, error) {
	if err := cmp.Or(knownVersion(r), extended(x)); err != nil {
		return answer{}, err
	}
	got, err := a.route(ctx, r, x)
	return got, settingError(err)
}

// route finds the operation of a call.
func (a *settingsAPI) route(ctx context.Context, r *request, x extension) (answer, error) {
	path := x.rest[1:]
	switch {
	case len(path) == 0:
		return a.list(r, x)
	case len(path) > 1 && strings.EqualFold(path[1], "deliveries"):
		return a.deliveries(ctx, r, x, path[0], path[2:])
	case len(path) > 1:
		return answer{}, noType(x, r.version)
	}
	if err := r.wantMethod(http.MethodGet, http.MethodPut, http.MethodDelete); err != nil {
		return answer{}, err
	}
	switch r.Method {
	case http.MethodPut:
		return a.put(ctx, r, x, path[0])
	case http.MethodDelete:
		return a.remove(ctx, r, x, path[0])
	default:
		return a.get(r, x, path[0])
	}
}

func (a *settingsAPI) list(r *request, x extension) (answer, error) {
	if err := r.wantMethod(http.MethodGet); err != nil {
		return answer{}, err
	}
	if err := a.authorize(r, settingsType+"/read", x.scope); err != nil {
		return answer{}, err
	}
	if _, err := a.rules.Source(x.id); err != nil {
		return answer{}, err
	}
	value := []insightsResource{}
	for _, s := range a.store.List(x.id) {
		if !s.IsClassic() {
			value = append(value, showSetting(&s))
		}
	}
	return ok(map[string]any{"value": value})
}

func (a *settingsAPI) get(r *request, x extension, name string) (answer, error) {
	if err := a.authorize(r, settingsType+"/read", scopeOf(x, name)); err != nil {
		return answer{}, err
	}
	s, err := a.find(x, name)
	if err != nil {
		return answer{}, err
	}
	return ok(showSetting(&s))
}

// find returns a setting of a resource that there is.
func (a *settingsAPI) find(x extension, name string) (diagnostic.Setting, error) {
	if _, err := a.rules.Source(x.id); err != nil {
		return diagnostic.Setting{}, err
	}
	s, err := a.store.Get(x.id, name)
	if errors.Is(err, diagnostic.ErrNotFound) || s.IsClassic() {
		return s, notThere("The diagnostic setting '%s' doesn't exist.", name)
	}
	return s, err
}

// remove deletes a setting. What is already away, with its resource even, is no
// mistake.
func (a *settingsAPI) remove(ctx context.Context, r *request, x extension, name string) (answer, error) {
	if err := a.authorize(r, settingsType+"/delete", scopeOf(x, name)); err != nil {
		return answer{}, err
	}
	if _, ok := catalog.Find(x.id.Type()); !ok {
		return answer{}, unsupported(x.id.Type(), "")
	}
	s, err := a.store.Get(x.id, name)
	if errors.Is(err, diagnostic.ErrNotFound) || s.IsClassic() {
		return answer{status: http.StatusNoContent}, nil
	}
	if err != nil {
		return answer{}, err
	}
	if err := a.record(ctx, r, settingID(&s)); err != nil {
		return answer{}, err
	}
	switch err := a.store.Delete(ctx, x.id, name); {
	case errors.Is(err, diagnostic.ErrNotFound):
		return answer{status: http.StatusNoContent}, nil
	case err != nil:
		return answer{}, err
	}
	return answer{status: http.StatusOK}, nil
}

// insightsResource is a resource of Microsoft.Insights as the service shows it:
// members that say nothing are there as null.
type insightsResource struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Name       string `json:"name"`
	Location   any    `json:"location"`
	Kind       any    `json:"kind"`
	Tags       any    `json:"tags"`
	Properties any    `json:"properties"`
	Identity   any    `json:"identity"`
}

func showSetting(s *diagnostic.Setting) insightsResource {
	return insightsResource{ID: settingID(s), Type: settingsType, Name: s.Name, Properties: s.Document}
}

// settingID is the id of a setting: only its last two segments keep their case.
func settingID(s *diagnostic.Setting) string {
	return insightsID(s.Resource, "diagnosticSettings/"+s.Name)
}

func insightsID(id resource.ID, rest string) string {
	return string(id.Key()) + "/providers/microsoft.insights/" + rest
}

// settingError gives what the rules and the store refuse the form of the
// provider.
func settingError(err error) error {
	var refusal *diagnostic.Refusal
	switch {
	case errors.As(err, &refusal):
		switch refusal.Reason {
		case diagnostic.Conflicting:
			return flat(http.StatusConflict, "Conflict", refusal.Message)
		case diagnostic.Missing:
			return notThere("%s", refusal.Message)
		case diagnostic.Unsupported:
			return flat(http.StatusBadRequest, "ResourceTypeNotSupported", refusal.Message)
		case diagnostic.Unacceptable:
		}
		return badRequest("%s", refusal.Message)
	case errors.Is(err, diagnostic.ErrInvalid):
		return badRequest("%v", err)
	}
	return err
}

// flat is a refusal in the form of the provider.
func flat(status int, code, message string) *apiError {
	return &apiError{status: status, code: code, message: message, flat: true}
}

func notThere(format string, args ...any) *apiError {
	e := refuse(http.StatusNotFound, "ResourceNotFound", format, args...)
	e.flat = true
	return e
}

func noType(x extension, version string) error {
	return refuse(http.StatusNotFound, "InvalidResourceType", "The resource type '%s' could not be found in the namespace 'Microsoft.Insights' for api version '%s'.", shorten(strings.Join(x.rest, "/")), shorten(version))
}

// knownVersion is nil for a version that is spoken here.
func knownVersion(r *request) error {
	versions := []string{version2017, version2021}
	if slices.ContainsFunc(versions, func(v string) bool { return strings.EqualFold(v, r.version) }) {
		return nil
	}
	return refuse(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid. The supported versions are '%s'.", shorten(r.version), strings.Join(versions, ","))
}

// unsupported is the refusal of settings of a type.
func unsupported(typ, hint string) error {
	return flat(http.StatusBadRequest, "ResourceTypeNotSupported", "The resource type '"+strings.ToLower(typ)+"' does not support diagnostic settings."+hint)
}

// extended is nil when what is extended is a resource. What exports the activity
// log in Azure, settings of subscriptions and management groups, is refused.
func extended(x extension) error {
	const hint = " The activity log is not exported: read it at /subscriptions/{subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values."
	typ := x.id.Type()
	scope := strings.ToLower(x.scope)
	switch {
	case strings.EqualFold(typ, "Microsoft.Management/managementGroups"):
		return unsupported(typ, hint)
	case typ != "":
		return nil
	case strings.Contains(scope, "/resourcegroups/"):
		return unsupported("Microsoft.Resources/subscriptions/resourceGroups", "")
	case strings.Contains(scope, "/subscriptions/"):
		return unsupported("Microsoft.Resources/subscriptions", hint)
	case strings.Contains(scope, "/managementgroups/"):
		return unsupported("Microsoft.Management/managementGroups", hint)
	default:
		return unsupported("Microsoft.Resources/tenants", hint)
	}
}
