package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"reslog/control/arm"
	"reslog/control/local"
	"reslog/identity"
	"reslog/resource"
)

// identities are who may do what on a node.
type identities struct {
	issuer    *identity.Issuer
	directory *identity.Directory
	verifier  *identity.Verifier

	admin [sha256.Size]byte // of the admin token
	// hosts and port are what an audience that means the control listener has.
	hosts []string
	port  func() string
}

// openIdentities opens the issuer and the directory and makes the configured
// principals exist.
func (n *Node) openIdentities(ctx context.Context) error {
	logger := n.cfg.Logger.With("part", "identity")
	issuer, err := identity.OpenIssuer(identity.IssuerConfig{Dir: filepath.Join(n.cfg.Data, "identity"), Now: n.cfg.Now, Logger: logger})
	if err != nil {
		return fmt.Errorf("open the token issuer: %w", err)
	}
	kv, err := n.bus.KeyValue(ctx, "identity")
	if err != nil {
		return fmt.Errorf("open the directory: %w", err)
	}
	directory, err := identity.OpenDirectory(ctx, identity.DirectoryConfig{KeyValue: kv, TenantID: issuer.TenantID(), Now: n.cfg.Now})
	if err != nil {
		return fmt.Errorf("open the directory: %w", err)
	}
	verifier, err := identity.NewVerifier(identity.VerifierConfig{
		Local: issuer, Directory: directory, Trusted: n.cfg.TrustedIssuers, Now: n.cfg.Now, Logger: logger,
	})
	if err != nil {
		return fmt.Errorf("make the verifier of tokens: %w", err)
	}
	n.onStop("verifier of tokens", func(context.Context) error { verifier.Close(); return nil })
	n.identities = &identities{
		issuer: issuer, directory: directory, verifier: verifier,
		admin: sha256.Sum256([]byte(n.token)),
		hosts: append([]string{"localhost", "127.0.0.1", "::1"}, n.cfg.Hosts...),
		port: func() string {
			u, err := url.Parse(n.ControlURL())
			if err != nil {
				return ""
			}
			return u.Port()
		},
	}
	for _, p := range n.cfg.Principals {
		if err := n.identities.ensure(ctx, p); err != nil {
			return fmt.Errorf("make service principal %s: %w", p.Name, err)
		}
	}
	return nil
}

// Principal is a service principal to be there from the start, with its roles.
type Principal struct {
	Name string
	// AppID is a GUID, the user name it signs in with. Required.
	AppID string
	// Secret is what it signs in with. Required.
	Secret string
	// Roles are given at Scopes: names such as "Reader", or the IDs of role
	// definitions. No scope is everything.
	Roles, Scopes []string
}

// ensure makes a configured principal exist with its secret and roles.
func (i *identities) ensure(ctx context.Context, p Principal) error {
	known, ok := i.directory.Application(p.AppID)
	if !ok {
		var err error
		known, _, err = i.directory.CreateServicePrincipal(ctx, identity.ServicePrincipalSpec{DisplayName: p.Name, AppID: p.AppID, Secret: p.Secret})
		if err != nil {
			return err
		}
	} else if _, err := i.directory.Authenticate(p.AppID, p.Secret); err != nil {
		if _, err := i.directory.ResetSecret(ctx, known.ObjectID, identity.SecretSpec{Secret: p.Secret}); err != nil {
			return err
		}
	}
	return i.assign(ctx, known.ObjectID, p.Roles, p.Scopes)
}

// assign gives a principal roles at scopes.
func (i *identities) assign(ctx context.Context, objectID string, roles, scopes []string) error {
	if len(scopes) == 0 {
		scopes = []string{"/"}
	}
	for _, name := range roles {
		role, err := i.role(name)
		if err != nil {
			return err
		}
		for _, scope := range scopes {
			_, _, err := i.directory.Assign(ctx, identity.RoleAssignment{PrincipalID: objectID, RoleDefinitionID: role.ID, Scope: identity.Scope(scope)})
			if err != nil {
				return fmt.Errorf("give it the role %s: %w", name, err)
			}
		}
	}
	return nil
}

// role finds a role by its name, without regard to case, or its ID.
func (i *identities) role(name string) (identity.RoleDefinition, error) {
	if role, ok := i.directory.Role(name); ok {
		return role, nil
	}
	var names []string
	for _, role := range i.directory.Roles() {
		if strings.EqualFold(role.Name, name) {
			return role, nil
		}
		names = append(names, role.Name)
	}
	return identity.RoleDefinition{}, fmt.Errorf("%w: role %q is not known, there are %s", identity.ErrInvalid, name, strings.Join(names, ", "))
}

// Authenticate implements arm.Auth.
func (i *identities) Authenticate(ctx context.Context, token string) (arm.Caller, error) {
	return i.authenticate(ctx, token, i.isARM)
}

// authenticate returns who sent a token that is for an audience.
func (i *identities) authenticate(ctx context.Context, token string, audience func(string) bool) (arm.Caller, error) {
	sum := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(sum[:], i.admin[:]) == 1 {
		return arm.Caller{Name: "admin", Type: "Admin", TenantID: i.issuer.TenantID()}, nil
	}
	claims, err := i.verifier.Verify(ctx, token, audience)
	if err != nil {
		return arm.Caller{}, err
	}
	return arm.Caller{
		ObjectID: claims.ObjectID, AppID: claims.AppID, TenantID: claims.TenantID, Type: string(claims.Type),
		Name: firstOf(claims.UPN, claims.Name, claims.AppID, claims.ObjectID), IDs: claims.PrincipalIDs(),
	}, nil
}

// Allowed implements arm.Auth.
func (i *identities) Allowed(c arm.Caller, action, scope string) bool {
	return i.may(c, action, false, scope)
}

// may reports whether a caller may do something, with data or with a resource, at
// a scope. The admin token may do everything.
func (i *identities) may(c arm.Caller, action string, data bool, scope string) bool {
	if c.Type == "Admin" {
		return true
	}
	parsed, err := identity.ParseScope(scope)
	if err != nil {
		return false
	}
	_, ok := i.directory.Check(c.IDs, action, data, parsed)
	return ok
}

// isARM reports whether an audience is Resource Manager: that of the public
// cloud, or this node by any of its names.
func (i *identities) isARM(audience string) bool {
	u, err := url.Parse(audience)
	if err != nil || u.Scheme != "https" || strings.Trim(u.Path, "/") != "" && !strings.EqualFold(strings.Trim(u.Path, "/"), "arm") {
		return false
	}
	switch strings.ToLower(u.Host) {
	case "management.azure.com", "management.core.windows.net":
		return true
	}
	host, port, err := net.SplitHostPort(u.Host)
	return err == nil && port == i.port() && slices.ContainsFunc(i.hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// isHost reports whether an audience is one of an API of the public cloud, by the
// names of its hosts in lower case.
func isHost(audience string, hosts ...string) bool {
	u, err := url.Parse(audience)
	return err == nil && u.Scheme == "https" && strings.Trim(u.Path, "/") == "" && slices.Contains(hosts, strings.ToLower(u.Host))
}

func firstOf(texts ...string) string {
	i := slices.IndexFunc(texts, func(s string) bool { return s != "" })
	if i < 0 {
		return ""
	}
	return texts[i]
}

// Principals implements local.Principals.
func (i *identities) Principals() []local.Principal {
	list := []local.Principal{}
	for _, p := range i.directory.Principals() {
		list = append(list, i.shown(p))
	}
	return list
}

func (i *identities) shown(p identity.Principal) local.Principal {
	shown := local.Principal{Name: p.DisplayName, AppID: p.AppID, ObjectID: p.ObjectID, TenantID: p.TenantID, Roles: []local.Role{}}
	for _, a := range i.directory.Assignments(identity.Filter{PrincipalID: p.ObjectID}) {
		role, _ := i.directory.Role(a.RoleDefinitionID)
		shown.Roles = append(shown.Roles, local.Role{Name: role.Name, Scope: string(a.Scope)})
	}
	return shown
}

// CreatePrincipal implements local.Principals.
func (i *identities) CreatePrincipal(ctx context.Context, name string, roles, scopes []string) (local.Principal, string, error) {
	for _, r := range roles {
		if _, err := i.role(r); err != nil {
			return local.Principal{}, "", localError(err)
		}
	}
	p, secret, err := i.directory.CreateServicePrincipal(ctx, identity.ServicePrincipalSpec{DisplayName: name})
	if err != nil {
		return local.Principal{}, "", localError(err)
	}
	if err := i.assign(ctx, p.ObjectID, roles, scopes); err != nil {
		return local.Principal{}, "", localError(errors.Join(err, i.directory.Delete(ctx, p.ObjectID)))
	}
	return i.shown(p), secret, nil
}

// ResetSecret implements local.Principals.
func (i *identities) ResetSecret(ctx context.Context, appID string) (string, error) {
	p, ok := i.directory.Application(appID)
	if !ok {
		return "", fmt.Errorf("service principal %q: %w", appID, resource.ErrNotFound)
	}
	secret, err := i.directory.ResetSecret(ctx, p.ObjectID, identity.SecretSpec{})
	return secret, localError(err)
}

// DeletePrincipal implements local.Principals.
func (i *identities) DeletePrincipal(ctx context.Context, appID string) error {
	p, ok := i.directory.Application(appID)
	if !ok {
		return fmt.Errorf("service principal %q: %w", appID, resource.ErrNotFound)
	}
	return localError(i.directory.Delete(ctx, p.ObjectID))
}

// localError maps errors of the directory to those the local API knows.
func localError(err error) error {
	switch {
	case errors.Is(err, identity.ErrInvalid), errors.Is(err, identity.ErrLimit), errors.Is(err, identity.ErrExists):
		return fmt.Errorf("%w: %w", local.ErrInvalid, err)
	case errors.Is(err, identity.ErrNotFound):
		return fmt.Errorf("%w: %w", resource.ErrNotFound, err)
	}
	return err
}
