package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	maxToken  = 16 << 10 // bytes
	maxLeeway = 5 * time.Minute
	// verifiedLife is how long a token is taken without a look at its signature:
	// a key that its issuer withdraws counts no longer than that.
	verifiedLife = 10 * time.Minute
)

// VerifierConfig is what NewVerifier needs.
type VerifierConfig struct {
	// Local is the node's own issuer; nil is none.
	Local *Issuer
	// Directory has the principals that only Local may speak for; nil is none.
	Directory *Directory
	// Trusted are other issuers.
	Trusted []TrustedIssuer
	// Leeway is how far the clocks of issuers may differ from this one; 0 is five
	// minutes, which is also the most. Negative is none.
	Leeway time.Duration
	// Client fetches keys; nil is a plain one. Redirects are not followed.
	Client *http.Client
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger is told of keys that could not be fetched; nil discards.
	Logger *slog.Logger
}

// Verifier tells whom a bearer token speaks for. It may be used from many
// goroutines.
type Verifier struct {
	cfg     VerifierConfig
	trusted map[string]*issuerKeys // by issuer
	parser  *jwt.Parser
	cache   tokenCache
	buffers sync.Pool // of *[]byte, to hash a token without an allocation
	cancel  context.CancelFunc
	wg      sync.WaitGroup
}

// NewVerifier returns a Verifier; Close ends it. Keys in files are read now, so
// that a mistake is found early, others when they are needed.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{}
	}
	client := *cfg.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return errors.New("redirects are not followed") }
	if cfg.Leeway == 0 || cfg.Leeway > maxLeeway {
		cfg.Leeway = maxLeeway
	}
	cfg.Leeway = max(cfg.Leeway, 0)
	ctx, cancel := context.WithCancel(context.Background())
	v := &Verifier{cfg: cfg, trusted: map[string]*issuerKeys{}, cancel: cancel}
	v.parser = jwt.NewParser(jwt.WithStrictDecoding(), jwt.WithExpirationRequired(), jwt.WithLeeway(cfg.Leeway), jwt.WithTimeFunc(cfg.Now),
		jwt.WithValidMethods([]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256"}))
	for _, t := range cfg.Trusted {
		if err := v.trust(ctx, t, &client); err != nil {
			cancel()
			return nil, err
		}
	}
	return v, nil
}

func (v *Verifier) trust(ctx context.Context, t TrustedIssuer, client *http.Client) error {
	if err := t.check(); err != nil {
		return err
	}
	if _, ok := v.trusted[t.Issuer]; ok {
		return fmt.Errorf("trusted issuer %s: %w", t.Issuer, ErrExists)
	}
	k := &issuerKeys{issuer: t, client: client, now: v.cfg.Now, logger: v.cfg.Logger, ctx: ctx, wg: &v.wg}
	if t.JWKSFile != "" {
		keys, err := k.fetch(ctx)
		if err != nil {
			return fmt.Errorf("trusted issuer %s: read its keys: %w", t.Issuer, err)
		}
		k.current.Store(&fetched{keys, v.cfg.Now()})
	}
	v.trusted[t.Issuer] = k
	return nil
}

// Close ends fetches that run. Tokens whose keys are there are verified still.
func (v *Verifier) Close() {
	v.cancel()
	for _, k := range v.trusted {
		k.close()
	}
	v.wg.Wait()
}

// verified is a token that was found right.
type verified struct {
	claims    Claims
	audiences []string
	since     time.Time // when it was
}

// Verify returns whom a token speaks for. accept says whether an audience means
// the caller. The errors wrap one of the ErrToken values or ErrKeysUnavailable,
// and a caller answers the latter as its own failure.
func (v *Verifier) Verify(ctx context.Context, raw string, accept func(audience string) bool) (Claims, error) {
	if raw == "" || len(raw) > maxToken {
		return Claims{}, fmt.Errorf("%w: %d bytes, want 1 to %d", ErrTokenMalformed, len(raw), maxToken)
	}
	sum, now := v.hash(raw), v.cfg.Now()
	found, ok := v.cache.get(sum)
	if age := now.Sub(found.since); !ok || age < 0 || age >= verifiedLife {
		var err error
		if found, err = v.verify(ctx, raw); err != nil {
			return Claims{}, err
		}
		found.claims.TokenHash, found.since = strings.ToUpper(hex.EncodeToString(sum[:])), now
		v.cache.put(sum, found)
	}
	if !now.Before(found.claims.Expires.Add(v.cfg.Leeway)) {
		return Claims{}, fmt.Errorf("%w on %s", ErrTokenExpired, found.claims.Expires.UTC().Format(time.RFC3339))
	}
	for _, audience := range found.audiences {
		if accept(audience) {
			found.claims.Audience = audience
			return found.claims, nil
		}
	}
	return Claims{}, fmt.Errorf("%w: %q", ErrTokenAudience, clip(strings.Join(found.audiences, " ")))
}

// hash is what a token is remembered by, and logged as.
func (v *Verifier) hash(raw string) [sha256.Size]byte {
	buf, ok := v.buffers.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	*buf = append((*buf)[:0], raw...)
	sum := sha256.Sum256(*buf)
	clear(*buf)
	v.buffers.Put(buf)
	return sum
}

// verify does the work that the cache saves.
func (v *Verifier) verify(ctx context.Context, raw string) (verified, error) {
	var trusted *issuerKeys // the token's issuer; nil is Local
	var refused error
	claims := jwt.MapClaims{}
	_, err := v.parser.ParseWithClaims(raw, claims, func(t *jwt.Token) (any, error) {
		var key publicKey
		if trusted, key, refused = v.keyOf(ctx, t, claims); refused != nil {
			return nil, refused
		}
		return key.key, nil
	})
	if err != nil {
		return verified{}, tokenError(err, refused)
	}
	c, audiences, err := claimsOf(claims)
	if err != nil {
		return verified{}, err
	}
	if trusted != nil {
		if v.cfg.Directory != nil {
			for _, id := range c.principals {
				if _, ours := v.cfg.Directory.Principal(id); ours {
					return verified{}, fmt.Errorf("%w: %q speaks for a principal of this node", ErrTokenIssuer, clip(c.Issuer))
				}
			}
		}
		if only := trusted.issuer.Audiences; len(only) > 0 {
			audiences = slices.DeleteFunc(audiences, func(a string) bool { return !slices.Contains(only, a) })
		}
	}
	return verified{claims: c, audiences: audiences}, nil
}

// keyOf finds the key that must have signed a token, by what the token says
// before anything of it is proved.
func (v *Verifier) keyOf(ctx context.Context, t *jwt.Token, claims jwt.MapClaims) (*issuerKeys, publicKey, error) {
	alg, kid := t.Method.Alg(), ""
	if s, ok := t.Header["kid"].(string); ok {
		kid = s
	}
	if _, ok := t.Header["crit"]; ok { // RFC 7515, 4.1.11: what is not understood is refused
		return nil, publicKey{}, fmt.Errorf("%w: it has critical header parameters", ErrTokenMalformed)
	}
	iss, _ := claims["iss"].(string)
	tenant, _ := claims["tid"].(string)
	trusted, ok := v.trusted[iss]
	var key publicKey
	switch {
	case ok:
		var err error
		if key, err = trusted.key(ctx, kid); err != nil {
			return nil, publicKey{}, err
		}
	case v.cfg.Local != nil && v.cfg.Local.owns(iss, tenant):
		if key, ok = v.cfg.Local.key(kid); !ok {
			return nil, publicKey{}, fmt.Errorf("%w: this node has no key %q", ErrTokenSignature, clip(kid))
		}
	default:
		return nil, publicKey{}, fmt.Errorf("%w: %q", ErrTokenIssuer, clip(iss))
	}
	if !key.allows(alg) {
		return nil, publicKey{}, fmt.Errorf("%w: the key is not for algorithm %q", ErrTokenSignature, clip(alg))
	}
	return trusted, key, nil
}

// tokenError tells apart what is wrong. Nothing of the parser's error is passed
// on, for it may repeat what it read.
func tokenError(err, refused error) error {
	switch {
	case refused != nil:
		return refused
	case errors.Is(err, jwt.ErrTokenMalformed):
		return ErrTokenMalformed
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return ErrTokenSignature
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrTokenExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return ErrTokenNotYetValid
	}
	return ErrTokenMalformed // a time is missing or is none
}
