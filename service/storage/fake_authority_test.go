package storage

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"reslog/resource"
)

// fakeAuthority knows the tokens and roles that a test gives it.
type fakeAuthority struct {
	mu     sync.Mutex
	tokens map[string]*Principal
	fail   map[string]error // of Verify, by token
	// roles maps the ID that a role is assigned to, a space, and an action, to the
	// scope of the assignment.
	roles map[string]string
	asked []string // "action scope" of every Check
	mute  string   // the token that is verified without saying whose it is
}

const (
	ann    = "11111111-aaaa-bbbb-cccc-000000000001"
	group  = "22222222-aaaa-bbbb-cccc-000000000002"
	tenant = "99999999-aaaa-bbbb-cccc-000000000009"
)

func newFakeAuthority() *fakeAuthority {
	return &fakeAuthority{
		tokens: map[string]*Principal{"ann": {
			ObjectID: ann, TenantID: tenant, AppID: "33333333-aaaa-bbbb-cccc-000000000003", Type: "User", UPN: "ann@example.com",
			Audience: "https://storage.azure.com/", Issuer: "https://sts.example/" + tenant + "/", IDs: []string{ann, group},
		}},
		fail: map[string]error{
			"malformed": ErrTokenMalformed, "signature": ErrTokenSignature, "issuer": ErrTokenIssuer,
			"expired": ErrTokenExpired, "early": ErrTokenNotYet, "long": &TokenError{strings.Repeat("x", 5000)},
		},
		roles: map[string]string{},
	}
}

func (a *fakeAuthority) Verify(_ context.Context, token string, accept func(string) bool) (*Principal, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.fail[token]; err != nil {
		return nil, err
	}
	if audience, ok := strings.CutPrefix(token, "for "); ok {
		if !accept(audience) {
			return nil, ErrTokenAudience
		}
		token = "ann"
	}
	if p := a.tokens[token]; p != nil || token == a.mute && token != "" {
		return p, nil
	}
	return nil, ErrTokenMalformed
}

func (a *fakeAuthority) Lookup(tenantID, objectID string) (*Principal, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.tokens {
		if p.TenantID == tenantID && p.ObjectID == objectID {
			return &Principal{ObjectID: p.ObjectID, TenantID: p.TenantID, UPN: p.UPN, Type: p.Type, IDs: p.IDs}, true
		}
	}
	return nil, false
}

func (a *fakeAuthority) Check(p *Principal, act Action, scope resource.ID) (Grant, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, act.Name+" "+scope.String())
	for _, id := range p.IDs {
		at, ok := a.roles[id+" "+act.Name]
		if ok && (strings.EqualFold(at, scope.String()) || strings.HasPrefix(strings.ToLower(scope.String()), strings.ToLower(at)+"/")) {
			kind := "Group"
			if id == p.ObjectID {
				kind = p.Type
			}
			return Grant{RoleAssignmentID: "assignment-1", RoleDefinitionID: "definition-1", PrincipalID: id, PrincipalType: kind}, true
		}
	}
	return Grant{}, false
}

// allow assigns a role of these actions at scope, which is below the account.
func (a *fakeAuthority) allow(id, scope string, actions ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, name := range actions {
		a.roles[id+" "+name] = testAccount().ID.String() + scope
	}
}

// forbid takes all roles away.
func (a *fakeAuthority) forbid() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.roles)
}

// take returns what was asked since it was called last.
func (a *fakeAuthority) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := slices.Clone(a.asked)
	a.asked = nil
	return asked
}

// newOAuthFront is a Front with an Authority, reached over TLS.
func newOAuthFront(t testing.TB, change func(*FrontConfig, *fakeService)) (*testFront, *fakeAuthority) {
	t.Helper()
	a := newFakeAuthority()
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) {
		c.Authority, c.AuthorizationURI = a, "https://login.example/"+tenant+"/oauth2/authorize"
		if change != nil {
			change(c, s)
		}
	})
	f.server.Close()
	f.server = httptest.NewTLSServer(f.Front)
	t.Cleanup(f.server.Close)
	return f, a
}
