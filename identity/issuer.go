package identity

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	tokenLife = time.Hour
	keyLife   = 90 * 24 * time.Hour // then a new key signs
	// keyRest is how long a key is accepted after it signed its last token.
	keyRest = tokenLife + maxLeeway
)

// IssuerConfig is what OpenIssuer needs.
type IssuerConfig struct {
	// Dir is the folder of the keys; it is made when it is not there. Only its
	// owner can read what is in it.
	Dir string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger is told of new keys; nil discards.
	Logger *slog.Logger
}

// Issuer is the node's tenant: its ID, drawn at the first start, and the keys
// that sign its tokens. A new key takes over every 90 days; the one before is
// accepted until its last token has expired.
type Issuer struct {
	cfg    IssuerConfig
	tenant string
	keys   atomic.Pointer[[]signingKey] // the newest first, never empty

	mu sync.Mutex // held while a key is made
}

// OpenIssuer reads the tenant in cfg.Dir, or makes it.
func OpenIssuer(cfg IssuerConfig) (*Issuer, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the signing keys: %w", err)
	}
	i := &Issuer{cfg: cfg}
	if err := i.load(); err != nil {
		return nil, err
	}
	return i, nil
}

// TenantID is the tenant's GUID.
func (i *Issuer) TenantID() string { return i.tenant }

// Authority is a family of sign-in endpoints. Each names itself in the tokens it
// issues by a URL of its own, as its discovery document says.
type Authority int

// The authorities.
const (
	ADFS     Authority = iota + 1 // {base}/adfs, of clients made for Active Directory Federation Services
	TenantV1                      // {base}/{tenant}/, whose clients ask for a resource
	TenantV2                      // {base}/{tenant}/v2.0, whose clients ask for scopes
)

// Name is the issuer that an authority is, under the node's base URL.
func (i *Issuer) Name(a Authority, base string) string {
	base = strings.TrimRight(base, "/")
	switch a {
	case ADFS:
		return base + "/adfs"
	case TenantV1:
		return base + "/" + i.tenant + "/"
	default:
		return base + "/" + i.tenant + "/v2.0"
	}
}

// owns reports whether iss is a name of this issuer. The host does not count:
// nodes move between ports and names, and it is the key that proves the origin.
func (i *Issuer) owns(iss, tenant string) bool {
	u, err := url.Parse(iss)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !strings.EqualFold(tenant, i.tenant) {
		return false
	}
	for _, a := range []Authority{ADFS, TenantV1, TenantV2} {
		if strings.HasSuffix(iss, i.Name(a, "")) {
			return true
		}
	}
	return false
}

// TokenSpec says what Issue signs.
type TokenSpec struct {
	Principal Principal
	// Audience is whom the token is for, as the client wrote it.
	Audience string
	// Authority and BaseURL, "https://localhost:10443", name the issuer.
	Authority Authority
	BaseURL   string
}

// Token is a signed token. Raw is a secret.
type Token struct {
	Raw     string
	Issued  time.Time
	Expires time.Time
}

// Issue signs an access token that is valid for an hour. Its claims are those of
// Microsoft Entra's access tokens that concern applications ("Access token claims
// reference", Microsoft identity platform documentation).
func (i *Issuer) Issue(spec TokenSpec) (Token, error) {
	if spec.Principal.ObjectID == "" || spec.Audience == "" {
		return Token{}, fmt.Errorf("issue a token: %w: principal and audience are needed", ErrInvalid)
	}
	now := i.cfg.Now().Truncate(time.Second)
	uti := make([]byte, 16)
	rand.Read(uti) // never fails
	p := spec.Principal
	claims := jwt.MapClaims{
		"aud": spec.Audience, "iss": i.Name(spec.Authority, spec.BaseURL), "tid": i.tenant,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(tokenLife).Unix(),
		"sub": p.ObjectID, "oid": p.ObjectID, "uti": base64.RawURLEncoding.EncodeToString(uti),
		"ver": "1.0",
	}
	if spec.Authority == TenantV2 {
		claims["ver"] = "2.0"
	}
	set := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	set("appid", p.AppID)
	set("azp", p.AppID)
	if p.Type == ServicePrincipal {
		claims["idtyp"] = "app"
		set("app_displayname", p.DisplayName)
	} else {
		claims["idtyp"] = "user"
		set("upn", p.UPN)
		set("name", p.DisplayName)
	}
	key := i.signer(now)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = key.id
	raw, err := token.SignedString(key.private)
	if err != nil {
		return Token{}, errors.New("sign a token: the key does not work")
	}
	return Token{Raw: raw, Issued: now, Expires: now.Add(tokenLife)}, nil
}

// JWKS is the public half of the keys that are accepted now.
func (i *Issuer) JWKS() JWKSet {
	set := JWKSet{Keys: []JWK{}}
	now := i.cfg.Now()
	for _, k := range *i.keys.Load() {
		if k.accepted(now) {
			set.Keys = append(set.Keys, jwkOf(k.id, &k.private.PublicKey))
		}
	}
	return set
}

// key is the key that a token names, for the Verifier.
func (i *Issuer) key(kid string) (publicKey, bool) {
	now := i.cfg.Now()
	for _, k := range *i.keys.Load() {
		if k.id == kid && k.accepted(now) {
			return publicKey{key: &k.private.PublicKey}, true
		}
	}
	return publicKey{}, false
}
