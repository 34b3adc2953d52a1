package arm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"reslog/resource"
)

// Auth says who makes a request and what they may do.
type Auth interface {
	// Authenticate returns who sent the bearer token, or an error that is safe
	// to show: without the token and without a reason that helps to guess one.
	Authenticate(ctx context.Context, token string) (Caller, error)
	// Allowed reports whether a role assignment of the caller allows an action,
	// "Microsoft.Insights/diagnosticSettings/write", at a scope or below.
	Allowed(c Caller, action, scope string) bool
}

// Caller is who makes a request.
type Caller struct {
	ObjectID, AppID, TenantID string
	// Name is shown in the activity log: a principal's name, or "admin" for the
	// holder of the node's admin token.
	Name string
	// Type is ServicePrincipal, User or Admin.
	Type string
	// IDs are the ids that role assignments name the caller by.
	IDs []string
}

// request is one call, authenticated and with a known api-version.
type request struct {
	*http.Request
	caller  Caller
	version string // api-version, as sent
	body    []byte // whole, at most maxBody

	params url.Values // of the query
	target target     // what the path names
	// id is the node's name for the request; correlation is shared by all
	// events of the activity log that the request causes.
	id, correlation string
	began           time.Time
	deed            deed // what the activity log knows of it
}

// answer is what a handler returns. A nil body sends none.
type answer struct {
	status int
	header http.Header
	body   any
}

// ok is the answer 200 with a body.
func ok(body any) (answer, error) { return answer{status: http.StatusOK, body: body}, nil }

// handler answers a request that was authenticated and found its route.
type handler func(ctx context.Context, r *request) (answer, error)

// apiError is a refusal in Resource Manager's form.
type apiError struct {
	status        int
	code, message string
	// flat is the form of the diagnostic settings provider: no "error" around it.
	flat bool
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func refuse(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// MarshalJSON gives the form that clients read.
func (e *apiError) MarshalJSON() ([]byte, error) {
	type fields struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if e.flat {
		return json.Marshal(fields{e.code, e.message})
	}
	return json.Marshal(map[string]fields{"error": {e.code, e.message}})
}

// extension is a call on an extension resource: what stands behind
// "{scope}/providers/{namespace}/" when that is not the resource itself.
type extension struct {
	// scope is the resource that is extended, as sent: its case is the client's.
	scope string
	// id is scope, parsed; the zero ID when the scope is a subscription, a
	// group or nothing.
	id resource.ID
	// rest are the segments behind the namespace: the type, a name, …
	rest []string
}
