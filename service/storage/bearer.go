package storage

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// maxToken bounds a bearer token, in bytes. Real ones have one to four thousand.
const maxToken = 16 << 10

// maxTokenDetail bounds what a client is told about a refused token, in bytes.
const maxTokenDetail = 512

// storageResource is the resource that tokens for storage are for.
const storageResource = "https://storage.azure.com"

// bearerToken returns the token of an Authorization header.
func bearerToken(header string) (string, bool) {
	scheme, token, _ := strings.Cut(header, " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// bearer verifies a bearer token.
//
// Source: REST API reference, "Authorize with Microsoft Entra ID": versions
// from 2017-11-09 on, and HTTPS.
func (x *exchange) bearer(ctx context.Context, token string) (*Principal, error) {
	switch {
	case x.front.Authority == nil:
		return nil, x.tokenRefused("Bearer tokens are not supported by this service; use Shared Key or a shared access signature.")
	case x.req.TLS == nil:
		return nil, ErrAuthenticationFailed.With("AuthenticationErrorDetail", "Authentication scheme Bearer is not allowed with HTTP.")
	case x.call.Version < V2017_11_09:
		return nil, ErrAuthenticationFailed.With("AuthenticationErrorDetail", "Authentication scheme Bearer is not supported in this version.")
	case token == "" || len(token) > maxToken:
		return nil, x.tokenRefused(ErrTokenMalformed.Detail)
	}
	p, err := x.front.Authority.Verify(ctx, token, x.isAudience)
	if err != nil {
		var refused *TokenError
		if errors.As(err, &refused) {
			return nil, x.tokenRefused(cut(refused.Detail, maxTokenDetail))
		}
		return nil, err
	}
	if p == nil {
		return nil, errNoPrincipal
	}
	return p, nil
}

var errNoPrincipal = errors.New("the authority verified a token and named nobody")

// isAudience reports whether a token for audience is one for this service of
// this account: storage as a whole, the account's endpoint in Azure, or one of
// the Front's Audiences. The Host of the request does not count: whoever sends
// a request chooses it.
func (x *exchange) isAudience(audience string) bool {
	audience = strings.TrimSuffix(audience, "/")
	account := x.info.account.Name
	if audience == storageResource || audience == "https://"+account+"."+string(x.front.kind)+".core.windows.net" {
		return true
	}
	for _, a := range x.front.Audiences {
		if audience == strings.TrimSuffix(strings.ReplaceAll(a, "{account}", account), "/") {
			return true
		}
	}
	return false
}

// tokenRefused answers a token that does not verify: with a challenge where the
// version has one, else as any failed authentication.
func (x *exchange) tokenRefused(detail string) error {
	if x.front.Authority != nil && !x.challenges() {
		return ErrAuthenticationFailed.With("AuthenticationErrorDetail", detail)
	}
	e := *ErrInvalidAuthenticationInfo
	e.Status = http.StatusUnauthorized
	if x.front.Authority != nil {
		e.Message = ErrNoAuthenticationInformation.Message
	}
	e.Header = x.front.challenge
	return e.With("AuthenticationErrorDetail", detail)
}

// challenges reports whether a request without valid authentication is answered
// with 401 and a challenge.
//
// Source: REST API reference, "Authorize with Microsoft Entra ID": blob and
// queue from 2019-12-12 on, table from 2020-12-06 on.
func (x *exchange) challenges() bool {
	if x.front.kind == Table {
		return x.call.Version >= V2020_12_06
	}
	return x.call.Version >= V2019_12_12
}

// newChallenge returns the WWW-Authenticate header of answers 401. Clients of
// the SDKs read from it which authority to ask for a token for what.
func newChallenge(c *FrontConfig) http.Header {
	value := `SharedKey realm="storage"`
	if c.Authority != nil {
		value = "Bearer "
		if c.AuthorizationURI != "" {
			value += "authorization_uri=" + c.AuthorizationURI + " "
		}
		value += "resource_id=" + storageResource
	}
	return http.Header{"Www-Authenticate": {value}}
}
