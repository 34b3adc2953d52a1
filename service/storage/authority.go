package storage

import (
	"context"

	"reslog/resource"
)

// Authority verifies bearer tokens and says what their holders may do: what
// Microsoft Entra ID and role-based access control are to an account of Azure.
// Any number of requests ask it at the same time, on their own goroutines.
type Authority interface {
	// Verify checks a bearer token: its signature, issuer and lifetime, and that
	// accept says yes to its audience. A token that fails is a *TokenError, best
	// one of those below; any other error is one of the Authority's own. No error
	// holds the token.
	Verify(ctx context.Context, token string, accept func(audience string) bool) (*Principal, error)

	// Lookup finds a principal without a token, as it is today: the one whose
	// user delegation key signed a request. It must not block.
	Lookup(tenantID, objectID string) (*Principal, bool)

	// Check looks for the role assignment that lets one of p.IDs do a at scope,
	// which is an account or one of its containers, queues or tables; assignments
	// at scope and above it count. It must not block.
	Check(p *Principal, a Action, scope resource.ID) (Grant, bool)
}

// Principal is whom a token is about. Values do not change once they are given
// to a Front.
type Principal struct {
	ObjectID string
	TenantID string
	AppID    string // client application
	Audience string // as in the token
	Issuer   string // as in the token
	UPN      string // of a user, else ""
	Type     string // "User" or "ServicePrincipal"
	// IDs are those that roles can be assigned to: the object ID and the groups
	// it is in. A principal without any may do nothing.
	IDs []string
}

// Grant is the role assignment that allowed an action.
type Grant struct {
	RoleAssignmentID string // a GUID
	RoleDefinitionID string // a GUID
	// PrincipalID is the object or group the role is assigned to.
	PrincipalID   string
	PrincipalType string // "User", "Group" or "ServicePrincipal"
}

// TokenError says why an Authority refuses a token.
type TokenError struct {
	// Detail is what the client is told, without any part of the token.
	Detail string
}

func (e *TokenError) Error() string { return "bearer token refused: " + e.Detail }

// Reasons to refuse a token. That of the audience is worded as the service
// does, the others in its manner.
var (
	ErrTokenMalformed = &TokenError{"The token is not well formed."}
	ErrTokenSignature = &TokenError{"Signature validation failed. Signature did not match."}
	ErrTokenIssuer    = &TokenError{"Issuer validation failed. Issuer did not match."}
	ErrTokenAudience  = &TokenError{"Audience validation failed. Audience did not match."}
	ErrTokenExpired   = &TokenError{"Lifetime validation failed. The token is expired."}
	ErrTokenNotYet    = &TokenError{"Lifetime validation failed. The token is not yet valid."}
)

// Action is what a role allows, by its name in role definitions:
// "Microsoft.Storage/storageAccounts/blobServices/containers/read".
type Action struct {
	Name string
	// Data says that dataActions of a role definition allow it, not actions.
	Data bool
}

// Actions are what the caller of an operation must be allowed: all actions of
// one of the alternatives.
type Actions [][]Action

// AnyOf returns Actions of which one is enough.
func AnyOf(actions ...Action) Actions {
	all := make(Actions, len(actions))
	for i, a := range actions {
		all[i] = []Action{a}
	}
	return all
}
