package identity

import (
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are who a token speaks for.
type Claims struct {
	// ObjectID is the principal: the claim oid, or sub of issuers without oid.
	ObjectID string
	// AppID is the application that asked for the token: appid, or azp.
	AppID string
	// TenantID is the claim tid; "" when the issuer has no tenants.
	TenantID string
	Issuer   string
	// Audience is the one of the token's audiences that was accepted.
	Audience string
	// UPN is a user's sign-in name: upn, or preferred_username.
	UPN string
	// Groups are the object IDs of the groups the principal is in. They are shared;
	// do not change them.
	Groups []string
	// Name is for people: name, or app_displayname.
	Name    string
	Type    PrincipalType // ServicePrincipal or User
	Expires time.Time
	// TokenHash is the SHA-256 of the token in capital hexadecimal digits, as
	// Azure Storage logs it.
	TokenHash string

	principals []string
}

// PrincipalIDs are the IDs that role assignments may name: the principal and its
// groups. They are shared; do not change them.
func (c Claims) PrincipalIDs() []string { return c.principals }

const maxGroups = 256 // Entra puts at most 200 into a token

// claimsOf reads what a verified token says, with its audiences.
func claimsOf(m jwt.MapClaims) (Claims, []string, error) {
	text := func(names ...string) string {
		for _, n := range names {
			if s, ok := m[n].(string); ok && s != "" {
				return s
			}
		}
		return ""
	}
	c := Claims{
		ObjectID: canonicalID(text("oid", "sub")), AppID: canonicalID(text("appid", "azp")), TenantID: canonicalID(text("tid")),
		Issuer: text("iss"), UPN: text("upn", "preferred_username"), Name: text("name", "app_displayname"), Type: User,
	}
	if c.ObjectID == "" || len(c.ObjectID) > maxPrincipalID {
		return c, nil, fmt.Errorf("%w: it names no principal", ErrTokenMalformed)
	}
	if isApplication(m, c) {
		c.Type = ServicePrincipal
	}
	audiences, err := m.GetAudience()
	if err != nil || len(audiences) == 0 {
		return c, nil, fmt.Errorf("%w: it has no audience", ErrTokenMalformed)
	}
	expires, err := m.GetExpirationTime()
	if err != nil || expires == nil {
		return c, nil, fmt.Errorf("%w: it has no end", ErrTokenMalformed)
	}
	c.Expires = expires.Time
	if groups, ok := m["groups"].([]any); ok {
		if len(groups) > maxGroups {
			return c, nil, fmt.Errorf("%w: %d groups, want at most %d", ErrTokenMalformed, len(groups), maxGroups)
		}
		for _, g := range groups {
			if s, ok := g.(string); ok && s != "" {
				c.Groups = append(c.Groups, canonicalID(s))
			}
		}
	}
	c.principals = slices.Concat([]string{c.ObjectID}, c.Groups)
	return c, audiences, nil
}

// isApplication tells a token that an application has for itself: idtyp says so,
// and where that optional claim is missing, Entra makes the subject the
// application's own object and gives no delegated scopes.
func isApplication(m jwt.MapClaims, c Claims) bool {
	if kind, ok := m["idtyp"].(string); ok {
		return kind == "app"
	}
	oid, _ := m["oid"].(string)
	sub, _ := m["sub"].(string)
	return c.AppID != "" && oid != "" && oid == sub && m["scp"] == nil
}
