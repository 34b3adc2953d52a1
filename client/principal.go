package client

import (
	"context"
	"net/http"
	"net/url"
)

// Principal is an application that may sign in to a node.
type Principal struct {
	Name     string          `json:"displayName"`
	AppID    string          `json:"appId"`
	ObjectID string          `json:"objectId"`
	TenantID string          `json:"tenant"`
	Roles    []PrincipalRole `json:"roles"`
	// Password is its secret, in the answer that makes it and nowhere else.
	Password string `json:"password,omitempty"`
}

// PrincipalRole is a role that a principal has at a scope and below.
type PrincipalRole struct {
	Name  string `json:"role"`
	Scope string `json:"scope"`
}

// Principals lists who may sign in, by name.
func (n *Node) Principals(ctx context.Context) ([]Principal, error) {
	var answer struct {
		Value []Principal `json:"value"`
	}
	err := n.call(ctx, http.MethodGet, "principals", nil, &answer)
	return answer.Value, err
}

// CreatePrincipal makes a service principal with roles, by their names, at
// scopes: everything when there are none.
func (n *Node) CreatePrincipal(ctx context.Context, name string, roles, scopes []string) (p Principal, err error) {
	body := map[string]any{"displayName": name, "roles": roles, "scopes": scopes}
	err = n.call(ctx, http.MethodPost, "principals", body, &p)
	return p, err
}

// ResetSecret ends the secrets of an application and returns a new one.
func (n *Node) ResetSecret(ctx context.Context, appID string) (string, error) {
	var answer struct {
		Password string `json:"password"`
	}
	err := n.call(ctx, http.MethodPost, "principals/"+url.PathEscape(appID)+"/resetSecret", nil, &answer)
	return answer.Password, err
}

// DeletePrincipal removes an application with its roles.
func (n *Node) DeletePrincipal(ctx context.Context, appID string) error {
	return n.call(ctx, http.MethodPost, "principals/"+url.PathEscape(appID)+"/delete", nil, &struct{}{})
}
