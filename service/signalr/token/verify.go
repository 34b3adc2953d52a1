package token

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Config is what New needs.
type Config struct {
	// Keys returns the access keys, as text; it is asked for each token. Required.
	Keys func() []string
	// KeyByID returns the key that a token's kid names, if it names one that was given
	// out: such a token must be signed with it. Any other kid is ignored. nil knows none.
	KeyByID func(kid string) (key string, ok bool)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Leeway is how long after its exp a token is still taken; 0 is none.
	Leeway time.Duration
}

// Verifier verifies tokens. It may be used by many goroutines.
type Verifier struct {
	config Config
	parser *jwt.Parser
}

// New makes a Verifier.
func New(c Config) *Verifier {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Verifier{
		config: c,
		// The claims are checked here, for the parser's own checks look at nbf and iat.
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"HS256", "HS512"}), jwt.WithoutClaimsValidation()),
	}
}

// Verify returns what a token says, if it is signed with a key, has not expired, and is
// meant for one of the wanted audiences. Its error is always an *Error.
func (v *Verifier) Verify(raw string, want Audience) (Token, error) {
	switch {
	case raw == "":
		return Token{}, &Error{Reason: "The request has no access token.", Challenge: "Bearer"}
	case len(raw) > MaxLength:
		return Token{}, refuse("The access token is longer than 4096 characters.", "")
	}
	var c claims
	byID, err := v.signed(raw, &c)
	if err != nil {
		return Token{}, signatureError(err, byID)
	}
	t, err := c.token()
	if err != nil {
		return Token{}, refuse("Failed to read the access token: "+err.Error()+".", "")
	}
	if t.Expires.IsZero() {
		return Token{}, refuse("Failed to validate lifetime. The access token has no expiration time.", "The token has no expiration")
	}
	if !v.config.Now().Before(t.Expires.Add(v.config.Leeway)) {
		// 'MM/dd/yyyy HH:mm:ss', as ASP.NET Core's bearer authentication prints it.
		at := t.Expires.UTC().Format("01/02/2006 15:04:05")
		return Token{}, refuse("Failed to validate lifetime. The access token expired at '"+at+"'.", "The token expired at '"+at+"'")
	}
	if !want.Match(t.Audience) {
		return Token{}, refuse("Failed to validate audience. Expected Audiences: "+strings.Join(want.URLs, ", ")+
			". Actual Audiences: "+printable(t.Audience), "The audience is invalid")
	}
	return t, nil
}

// signed reads a token whose signature is right, and tells whether its kid named the key.
func (v *Verifier) signed(raw string, c *claims) (byID bool, err error) {
	_, err = v.parser.ParseWithClaims(raw, c, func(t *jwt.Token) (any, error) {
		if kid, _ := t.Header["kid"].(string); kid != "" && v.config.KeyByID != nil {
			if key, ok := v.config.KeyByID(kid); ok && key != "" {
				byID = true
				return []byte(key), nil
			}
		}
		var set jwt.VerificationKeySet
		for _, k := range v.config.Keys() {
			// An empty key would let anybody sign.
			if k != "" {
				set.Keys = append(set.Keys, []byte(k))
			}
		}
		return set, nil
	})
	return byID, err
}

func signatureError(err error, byID bool) *Error {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		// The parser's text may hold parts of the token.
		return refuse("Failed to read the access token: it is not a JSON Web Token.", "")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid) && byID:
		return refuse("Failed to validate signature. The access token is not signed with the key that its kid names.", "The signature is invalid")
	default:
		return refuse("Failed to validate signature. The access token is not signed with an access key of the service, by HS256 or HS512.",
			"The signature key was not found")
	}
}

// refuse makes an Error whose challenge describes it, if there is a description.
func refuse(reason, description string) *Error {
	e := &Error{Reason: reason, Challenge: `Bearer error="invalid_token"`}
	if description != "" {
		e.Challenge += `, error_description="` + description + `"`
	}
	return e
}

// printable joins audiences for the log. One that carries a token does not bring it there.
func printable(audiences []string) string {
	shown := slices.Clone(audiences)
	for i, a := range shown {
		if j := strings.Index(strings.ToLower(a), "access_token="); j >= 0 {
			shown[i] = a[:j] + "access_token=***"
		}
	}
	return strings.ToValidUTF8(strings.Join(shown, ", "), "\uFFFD")
}

// Sign makes a token with these claims, by HS256. The claims exp, nbf and iat are
// numbers of seconds; claims of one type become an array where the first of them is.
func Sign(key string, claims ...Claim) string {
	return sign(jwt.SigningMethodHS256, key, "", claims)
}

func sign(method *jwt.SigningMethodHMAC, key, kid string, claims []Claim) string {
	header := []byte(`{"alg":"` + method.Alg() + `","typ":"JWT"`)
	if kid != "" {
		header = appendMember(header, "kid", kid)
	}
	header = append(header, '}')
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(appendClaims(nil, claims))
	// Signing with a []byte cannot fail.
	signature, _ := method.Sign(text, []byte(key))
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
