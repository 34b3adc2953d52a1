package query

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"reslog/internal/httpapi"
	"reslog/resource"
)

// Bounds of a request.
const (
	maxBody       = 2 << 20
	maxBatch      = 100 // requests of one batch
	maxWorkspaces = 100
)

// Actions that a caller must be allowed.
const (
	actionWorkspace = "Microsoft.OperationalInsights/workspaces/query/read"
	actionResource  = "Microsoft.Insights/logs/read"
)

// Server is the handler of the query API.
type Server struct {
	cfg    Config
	limits *limits
}

// New returns a Server.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	return &Server{cfg: cfg, limits: newLimits(cfg)}
}

// Handles reports whether a path is of this API: /v1/… of the API's own host, or
// one of its forms under Resource Manager.
func Handles(path string) bool {
	_, ok := parseRoute(path)
	return ok || strings.HasPrefix(path, "/v1/")
}

// route is what a path asks for.
type route struct {
	what      what
	workspace string      // its customer ID or resource ID
	resource  resource.ID // of a query by resource
}

type what uint8

const (
	whatQuery what = iota + 1
	whatResource
	whatMetadata
	whatBatch
)

// parseRoute reads a path.
func parseRoute(path string) (route, bool) {
	rest, own := strings.CutPrefix(path, "/v1/")
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	last := strings.ToLower(parts[len(parts)-1])
	switch {
	case own && len(parts) == 1 && last == "$batch":
		return route{what: whatBatch}, true
	case own && len(parts) == 3 && strings.EqualFold(parts[0], "workspaces"):
		switch last {
		case "query":
			return route{what: whatQuery, workspace: parts[1]}, true
		case "metadata":
			return route{what: whatMetadata, workspace: parts[1]}, true
		}
		return route{}, false
	case !strings.EqualFold(parts[0], "subscriptions"):
		return route{}, false
	}
	return parseResourceRoute("/"+strings.Join(parts, "/"), own)
}

// parseResourceRoute reads a path that begins with a resource ID.
func parseResourceRoute(path string, own bool) (route, bool) {
	form := func(suffix string) (resource.ID, bool) {
		if len(path) <= len(suffix) || !strings.EqualFold(path[len(path)-len(suffix):], suffix) {
			return resource.ID{}, false
		}
		id, err := resource.Parse(path[:len(path)-len(suffix)])
		return id, err == nil
	}
	isWorkspace := func(id resource.ID) bool {
		return strings.EqualFold(id.Type(), "Microsoft.OperationalInsights/workspaces")
	}
	if id, ok := form("/providers/Microsoft.Insights/logs"); ok {
		return route{what: whatResource, resource: id}, true
	}
	if id, ok := form("/api/query"); ok && isWorkspace(id) {
		return route{what: whatQuery, workspace: id.String()}, true
	}
	if id, ok := form("/query"); ok && (own || isWorkspace(id)) {
		if isWorkspace(id) {
			return route{what: whatQuery, workspace: id.String()}, true
		}
		return route{what: whatResource, resource: id}, true
	}
	if id, ok := form("/api/metadata"); ok && isWorkspace(id) {
		return route{what: whatMetadata, workspace: id.String()}, true
	}
	if id, ok := form("/metadata"); ok && own && isWorkspace(id) {
		return route{what: whatMetadata, workspace: id.String()}, true
	}
	return route{}, false
}

// ServeHTTP is the one path of every request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := s.cfg.NewID()
	w.Header().Set("x-ms-correlation-request-id", id)
	if client := r.Header.Get("x-ms-client-request-id"); client != "" && len(client) <= 128 {
		w.Header().Set("x-ms-client-request-id", client)
	}
	if err := s.caught(id, func() error { return s.serve(w, r, id) }); err != nil {
		s.fail(w, id, err)
	}
}

// caught makes a refusal of a panic.
func (s *Server) caught(id string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			httpapi.Panicked(s.cfg.Logger, p, "query API request panicked", "id", id)
			err = refuse(http.StatusInternalServerError, "InternalServerError", "The request failed; the reason is in the log of the node.")
		}
	}()
	return fn()
}

// serve authenticates a request, finds what it asks for and answers it. When it
// returns an error nothing was written.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, id string) error {
	caller, err := s.authenticate(r)
	if err != nil {
		return err
	}
	to, ok := parseRoute(r.URL.Path)
	if !ok {
		return refuse(http.StatusNotFound, "PathNotFoundError", "The requested path does not exist")
	}
	if err := s.limits.admit(caller); err != nil {
		if to.what == whatQuery || to.what == whatResource {
			s.cfg.Observe(Observation{Result: ResultLimited})
		}
		return err
	}
	methods := "GET, POST"
	if to.what == whatBatch {
		methods = "POST"
	}
	if !strings.Contains(methods, r.Method) {
		w.Header().Set("Allow", methods)
		return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The method %.20q is not allowed here: use %s", r.Method, methods)
	}
	switch to.what {
	case whatBatch:
		return s.batch(w, r, caller)
	case whatMetadata:
		return s.metadata(w, r, caller, to)
	}
	// A POST of something else than JSON is answered with nothing, as there.
	if r.Method == http.MethodPost && !isJSON(r.Header.Get("Content-Type")) {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	q, err := s.readQuery(r)
	if err != nil {
		return err
	}
	return s.query(r.Context(), w, caller, to, q, id)
}

// authenticate finds out who asks.
func (s *Server) authenticate(r *http.Request) (Caller, error) {
	deny := func(code, message string) (Caller, error) {
		e := refuse(http.StatusUnauthorized, code, "%s", message)
		e.Challenge = `Bearer realm="reslog", error="invalid_token"`
		return Caller{}, e
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return deny("AuthorizationRequiredError", "Valid authentication was not provided")
	}
	token, ok := httpapi.BearerToken(header)
	if !ok {
		return deny("AuthorizationRequiredError", "Valid authentication was not provided: send 'Authorization: Bearer' with a token")
	}
	caller, err := s.cfg.Auth.Authenticate(r.Context(), token)
	if err != nil {
		return deny("InvalidTokenError", "The provided authentication is not valid for this resource: "+strings.TrimSuffix(err.Error(), "."))
	}
	return caller, nil
}

// workspaces finds what a query reads: its own workspace first. None is not an
// error for a resource whose logs go nowhere.
func (s *Server) workspaces(ctx context.Context, caller Caller, to route, named []string) ([]Workspace, error) {
	var list []Workspace
	if to.what == whatResource {
		if !s.cfg.Auth.Allowed(caller, actionResource, to.resource.String()) {
			return nil, insufficient()
		}
		of, err := s.cfg.Workspaces.Of(ctx, to.resource)
		if errors.Is(err, resource.ErrNotFound) {
			return nil, refuse(http.StatusNotFound, "ResourceNotFoundError", "The resource %s does not exist", to.resource)
		}
		if err != nil {
			return nil, err
		}
		list = of
	} else {
		ws, err := s.cfg.Workspaces.Find(ctx, to.workspace)
		if errors.Is(err, resource.ErrNotFound) {
			return nil, refuse(http.StatusNotFound, "WorkspaceNotFoundError", "The workspace %.200q could not be found", to.workspace)
		}
		if err != nil {
			return nil, err
		}
		if !s.cfg.Auth.Allowed(caller, actionWorkspace, ws.Resource.String()) {
			return nil, insufficient()
		}
		list = []Workspace{ws}
	}
	if len(named) > maxWorkspaces {
		return nil, refuse(http.StatusBadRequest, "BadArgumentError", "%d workspaces are named; a query reads at most %d", len(named), maxWorkspaces)
	}
	for _, ref := range named {
		ws, err := s.cfg.Workspaces.Find(ctx, ref)
		if errors.Is(err, resource.ErrNotFound) || err == nil && !s.cfg.Auth.Allowed(caller, actionWorkspace, ws.Resource.String()) {
			e := refuse(http.StatusBadRequest, "FailedToResolveResource", "The workspace %.200q could not be resolved", ref)
			e.Details = []detail{{Code: "InvalidWorkspace", Message: "It does not exist, or may not be read.", Target: clip(ref)}}
			return nil, e
		}
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(o Workspace) bool { return o.ID == ws.ID }) {
			list = append(list, ws)
		}
	}
	return list, nil
}

func insufficient() *apiError {
	return refuse(http.StatusForbidden, "InsufficientAccessError", "The provided credentials have insufficient access to perform the requested operation")
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

// splitList splits a comma-separated parameter.
func splitList(v url.Values, name string) []string {
	var list []string
	for _, all := range v[name] {
		for part := range strings.SplitSeq(all, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}

func invalid(target, format string, args ...any) *apiError {
	e := refuse(http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties")
	e.Inner = &innerError{Code: "InvalidProperty", Message: target + ": " + fmt.Sprintf(format, args...)}
	return e
}
