package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"reslog/bus"
	"reslog/identity"
	"reslog/resource"
	"reslog/service/storage"
)

// authority is who the storage services ask about bearer tokens.
type authority struct{ *identities }

var _ storage.Authority = authority{}

// refusals are the errors of the verifier in the words of the storage services.
var refusals = []struct {
	is  error
	say *storage.TokenError
}{
	{identity.ErrTokenMalformed, storage.ErrTokenMalformed},
	{identity.ErrTokenSignature, storage.ErrTokenSignature},
	{identity.ErrTokenIssuer, storage.ErrTokenIssuer},
	{identity.ErrTokenAudience, storage.ErrTokenAudience},
	{identity.ErrTokenExpired, storage.ErrTokenExpired},
	{identity.ErrTokenNotYetValid, storage.ErrTokenNotYet},
}

// Verify implements storage.Authority.
func (a authority) Verify(ctx context.Context, token string, accept func(audience string) bool) (*storage.Principal, error) {
	claims, err := a.verifier.Verify(ctx, token, accept)
	if err != nil {
		for _, r := range refusals {
			if errors.Is(err, r.is) {
				return nil, r.say
			}
		}
		return nil, err
	}
	return &storage.Principal{
		ObjectID: claims.ObjectID, TenantID: claims.TenantID, AppID: claims.AppID, Audience: claims.Audience,
		Issuer: claims.Issuer, UPN: claims.UPN, Type: string(claims.Type), IDs: claims.PrincipalIDs(),
	}, nil
}

// Lookup implements storage.Authority. Only principals of the node's own
// directory are known without a token.
func (a authority) Lookup(tenantID, objectID string) (*storage.Principal, bool) {
	if !strings.EqualFold(tenantID, a.directory.TenantID()) {
		return nil, false
	}
	p, ok := a.directory.Principal(objectID)
	if !ok {
		return nil, false
	}
	return &storage.Principal{
		ObjectID: p.ObjectID, TenantID: p.TenantID, AppID: p.AppID, UPN: p.UPN, Type: string(p.Type),
		IDs: []string{p.ObjectID},
	}, true
}

// Check implements storage.Authority.
func (a authority) Check(p *storage.Principal, action storage.Action, scope resource.ID) (storage.Grant, bool) {
	g, ok := a.directory.Check(p.IDs, action.Name, action.Data, identity.Scope(scope.String()))
	return storage.Grant{
		RoleAssignmentID: g.AssignmentID, RoleDefinitionID: g.RoleDefinitionID,
		PrincipalID: g.PrincipalID, PrincipalType: string(g.PrincipalType),
	}, ok
}

// authorizationURI is where clients of the storage services get tokens; "" when
// the node issues none.
func (n *Node) authorizationURI() string {
	url := n.ControlURL()
	if url == "" {
		return ""
	}
	return url + "/" + n.identities.issuer.TenantID() + "/oauth2/authorize"
}

// secret returns a secret of the node, drawn when it is first asked for.
func (n *Node) secret(ctx context.Context, name string) ([]byte, error) {
	kv, err := n.bus.KeyValue(ctx, "secrets")
	if err != nil {
		return nil, fmt.Errorf("open the secrets: %w", err)
	}
	value, err := kv.Get(ctx, name)
	if errors.Is(err, bus.ErrNotFound) {
		value = make([]byte, 32)
		rand.Read(value) // never fails
		err = kv.Put(ctx, name, value)
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret for %s: %w", name, err)
	}
	return value, nil
}
