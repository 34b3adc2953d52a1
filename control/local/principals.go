package local

import (
	"context"
	"errors"
	"net/http"
)

// Principals are those who may sign in to the node: applications with a secret.
type Principals interface {
	// Principals lists them by name.
	Principals() []Principal
	// CreatePrincipal makes one with roles at scopes, everything when there are
	// none, and returns its secret, which nobody can read later. Its error wraps
	// ErrInvalid for a name, role or scope that will not do.
	CreatePrincipal(ctx context.Context, name string, roles, scopes []string) (p Principal, secret string, err error)
	// ResetSecret ends all secrets of an application and returns a new one. Its
	// error wraps resource.ErrNotFound for one that is not there.
	ResetSecret(ctx context.Context, appID string) (secret string, err error)
	// DeletePrincipal removes an application and its roles.
	DeletePrincipal(ctx context.Context, appID string) error
}

// Principal is a service principal as the API shows it.
type Principal struct {
	Name     string `json:"displayName"`
	AppID    string `json:"appId"`
	ObjectID string `json:"objectId"`
	TenantID string `json:"tenant"`
	Roles    []Role `json:"roles"`
}

// Role is a role at a scope.
type Role struct {
	Name  string `json:"role"`
	Scope string `json:"scope"`
}

// ErrInvalid is wrapped by errors about what a request asks for.
var ErrInvalid = errors.New("invalid request")

func (s *server) principals(*http.Request) (any, error) {
	return map[string]any{"value": s.cfg.Principals.Principals()}, nil
}

// withSecret is the answer that shows a secret, in the words of
// `az ad sp create-for-rbac`.
type withSecret struct {
	Principal
	Password string `json:"password"`
}

func (s *server) createPrincipal(r *http.Request) (any, error) {
	var body struct {
		Name   string   `json:"displayName"`
		Roles  []string `json:"roles"`
		Scopes []string `json:"scopes"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	p, secret, err := s.cfg.Principals.CreatePrincipal(r.Context(), body.Name, body.Roles, body.Scopes)
	if err != nil {
		return nil, err
	}
	return withSecret{p, secret}, nil
}

func (s *server) resetSecret(r *http.Request) (any, error) {
	secret, err := s.cfg.Principals.ResetSecret(r.Context(), r.PathValue("app"))
	return map[string]string{"appId": r.PathValue("app"), "password": secret}, err
}

func (s *server) deletePrincipal(r *http.Request) (any, error) {
	return struct{}{}, s.cfg.Principals.DeletePrincipal(r.Context(), r.PathValue("app"))
}
