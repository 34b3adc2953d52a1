package arm

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/internal/httpapi"
	"reslog/internal/journal"
	"reslog/kql"
	"reslog/resource"
)

// Config is what New needs. Fields without a word on their zero value are
// required.
type Config struct {
	Resources *resource.Store
	Settings  *diagnostic.Store
	Auth      Auth
	Roles     Roles
	// Journal is where the activity log is kept. It is the server's own.
	Journal *journal.Journal
	// Ledger returns the account of every delivery.
	Ledger func() []deliver.LedgerEntry
	// DeadLetters are those of all deliveries.
	DeadLetters DeadLetters

	// TenantID is the directory that subscriptions belong to.
	TenantID string
	// Subscriptions are those that exist beside the ones that resources are in.
	// The first is the default one.
	Subscriptions []Subscription
	// Locations are listed beside those that resources are in. A resource may
	// be in any location: it is only a name.
	Locations []Location

	// BaseURL returns the address that a request was sent to, without a slash at
	// its end. Nil takes it from the request's Host.
	BaseURL func(*http.Request) string
	// Endpoints returns where the node serves a resource, by service: blob, queue
	// and table of an account, signalr of a hub, redis of a database. A service
	// that is missing is not served; nil serves none.
	Endpoints func(resource.Resource) map[string]string

	// Tables are those of workspaces; nil has none.
	Tables WorkspaceTables
	// CheckTransform reports whether a transformation of a data collection rule, of
	// rows with these columns, can be run; nil takes "source" only.
	CheckTransform func(ctx context.Context, query string, columns []kql.Column) error
	// CheckUpstream reports what is wrong with the URL template of a SignalR hub's web
	// hook, without having it in the error; nil takes all.
	CheckUpstream func(url string) error
	// IngestionURL returns where the Logs Ingestion API is; nil when it is nowhere.
	IngestionURL func() string

	// Logger is told of failures; nil discards.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// NewID makes a GUID; nil means a random one.
	NewID func() string
}

// DeadLetters are what no destination took. The errors of Replay wrap
// bus.ErrNotFound for a key that is not there; Discard of one does nothing.
type DeadLetters interface {
	List(ctx context.Context) ([]deliver.DeadLetter, error)
	Replay(ctx context.Context, key string) error
	Discard(ctx context.Context, key string) error
}

// Subscription is a subscription by name.
type Subscription struct{ ID, Name string }

// Location is a region, "westeurope", "West Europe".
type Location struct{ Name, DisplayName string }

// Bounds of a request.
const (
	maxBody  = 1 << 20
	maxQuery = 8 << 10
	// writeTimeout bounds a change, which goes on when its client goes away.
	writeTimeout = time.Minute
)

// Server is the handler of the Resource Manager API.
type Server struct {
	cfg    Config
	types  []*resourceType
	writes sync.Mutex // held over a whole change: what was checked stays true
}

// New returns a Server. It must see paths as they were sent: do not mount it
// behind a mux that cleans them.
func New(cfg Config) *Server {
	if cfg.BaseURL == nil {
		cfg.BaseURL = func(r *http.Request) string { return "https://" + r.Host }
	}
	if cfg.Endpoints == nil {
		cfg.Endpoints = func(resource.Resource) map[string]string { return nil }
	}
	if cfg.CheckTransform == nil {
		cfg.CheckTransform = func(context.Context, string, []kql.Column) error {
			return errors.New("this node runs no transformations")
		}
	}
	if cfg.CheckUpstream == nil {
		cfg.CheckUpstream = func(string) error { return nil }
	}
	if cfg.Tables == nil {
		cfg.Tables = noTables{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewString
	}
	return &Server{cfg: cfg, types: resourceTypes()}
}

// ServeHTTP is the one path of every request.
func (s *Server) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	r := &request{Request: hr, id: s.cfg.NewID(), began: s.cfg.Now().UTC()}
	r.correlation = r.id
	if c := hr.Header.Get("x-ms-correlation-request-id"); isGUID(c) {
		r.correlation = c
	}
	a, err := s.answer(r)
	err = s.conclude(r, a.status, err)
	s.write(w, r, a, err)
}

// answer authenticates a request, finds its handler and calls it.
func (s *Server) answer(r *request) (a answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			httpapi.Panicked(s.cfg.Logger, p, "resource manager request panicked", "path", r.target.path)
			a, err = answer{}, s.internal(r)
		}
	}()
	var unreadable error
	if r.target, unreadable = parsePath(r.URL.Path); unreadable == nil {
		unreadable = r.readQuery()
	}
	if unreadable == nil && fold(r.target.path, "/metadata/endpoints") {
		return s.metadata(r)
	}
	if a, err := s.authenticate(r); err != nil {
		return a, err
	}
	if unreadable != nil {
		return answer{}, unreadable
	}
	if err := r.readBody(); err != nil {
		return answer{}, err
	}
	if err := r.readVersion(s.cfg.Now()); err != nil {
		return answer{}, err
	}
	handle, err := s.route(r)
	if err != nil {
		return answer{}, err
	}
	ctx := r.Context()
	if r.isWrite() {
		s.writes.Lock()
		defer s.writes.Unlock()
		// A change that has begun is carried through.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
		defer cancel()
	}
	return handle(ctx, r)
}

// isWrite reports whether the method may change something.
func (r *request) isWrite() bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}

// authenticate finds out who calls. Its answer carries the challenge.
func (s *Server) authenticate(r *request) (answer, error) {
	challenge := func(message string) answer {
		return answer{header: http.Header{"Www-Authenticate": {
			`Bearer authorization_uri="` + s.cfg.BaseURL(r.Request) + "/" + s.cfg.TenantID + `", error="invalid_token", error_description="` + message + `"`,
		}}}
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		const message = "Authentication failed. The 'Authorization' header is missing."
		return challenge(message), refuse(http.StatusUnauthorized, "AuthenticationFailed", message)
	}
	token, ok := httpapi.BearerToken(header)
	if !ok {
		const message = "Authentication failed. The 'Authorization' header is provided in an invalid format."
		return challenge(message), refuse(http.StatusUnauthorized, "AuthenticationFailed", message)
	}
	caller, err := s.cfg.Auth.Authenticate(r.Context(), token)
	if err != nil {
		return challenge("The access token is not valid."), refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is not valid: %s.", strings.TrimSuffix(err.Error(), "."))
	}
	r.caller = caller
	r.deed.known = true
	return answer{}, nil
}

// authorize refuses an action that the caller may not do at a scope. The
// activity log learns from it what was tried.
func (s *Server) authorize(r *request, action, scope string) error {
	scope = cmp.Or(scope, "/")
	r.deed.action, r.deed.scope = action, scope
	if s.cfg.Auth.Allowed(r.caller, action, scope) {
		return nil
	}
	return refuse(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		cmp.Or(r.caller.Name, r.caller.AppID), r.caller.ObjectID, action, scope)
}
