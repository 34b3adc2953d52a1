package identity

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	maxForm     = 64 << 10 // bytes
	maxAudience = 512      // bytes
)

// tokenRequest is what a client asks for at a token endpoint.
type tokenRequest struct {
	appID, secret string
	audience      string
}

// tokenAnswer is the answer of the token endpoints. The older version has numbers
// as text, and more of them.
type tokenAnswer struct {
	Type       string `json:"token_type"`
	ExpiresIn  any    `json:"expires_in"` // seconds
	ExtExpires any    `json:"ext_expires_in"`
	ExpiresOn  string `json:"expires_on,omitempty"` // seconds since 1970
	NotBefore  string `json:"not_before,omitempty"`
	Resource   string `json:"resource,omitempty"`
	Token      string `json:"access_token"`
}

// token signs an application in.
func (e *Endpoints) token(w http.ResponseWriter, r *http.Request, a Authority) (any, *oauthError) {
	req, refused := readTokenRequest(w, r, a)
	if refused != nil {
		return nil, refused
	}
	p, err := e.cfg.Directory.Authenticate(req.appID, req.secret)
	if err != nil {
		return nil, signInError(err, req, e.cfg.Issuer.TenantID())
	}
	token, err := e.cfg.Issuer.Issue(TokenSpec{Principal: p, Audience: req.audience, Authority: a, BaseURL: e.base(r)})
	if err != nil {
		e.cfg.Logger.Error("token not issued", "appId", p.AppID, "err", err)
		return nil, &oauthError{status: http.StatusInternalServerError, code: "server_error", number: 90033, message: "The token could not be signed."}
	}
	e.cfg.Logger.Debug("signed in", "appId", p.AppID, "audience", req.audience, "remote", r.RemoteAddr)
	seconds := int(token.Expires.Sub(token.Issued).Seconds())
	if a != TenantV1 {
		return tokenAnswer{Type: "Bearer", ExpiresIn: seconds, ExtExpires: seconds, Token: token.Raw}, nil
	}
	return tokenAnswer{
		Type: "Bearer", ExpiresIn: strconv.Itoa(seconds), ExtExpires: strconv.Itoa(seconds), Resource: req.audience, Token: token.Raw,
		ExpiresOn: strconv.FormatInt(token.Expires.Unix(), 10), NotBefore: strconv.FormatInt(token.Issued.Unix(), 10),
	}, nil
}

// readTokenRequest reads the form. What is in the URL does not count: URLs are
// logged, and secrets must not be in them.
func readTokenRequest(w http.ResponseWriter, r *http.Request, a Authority) (tokenRequest, *oauthError) {
	malformed := func(message string) (tokenRequest, *oauthError) {
		return tokenRequest{}, badRequest("invalid_request", 9002313, "Invalid request. "+message)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return malformed("The body must be application/x-www-form-urlencoded.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		if large := new(http.MaxBytesError); errors.As(err, &large) {
			return tokenRequest{}, &oauthError{status: http.StatusRequestEntityTooLarge, code: "invalid_request", number: 9002313, message: fmt.Sprintf("Invalid request. The body has more than %d bytes.", maxForm)}
		}
		return malformed("The body cannot be read.")
	}
	for name, values := range r.PostForm {
		if len(values) > 1 { // RFC 6749, 3.2
			return malformed("The parameter '" + clip(name) + "' is repeated.")
		}
	}
	switch grant := r.PostForm.Get("grant_type"); grant {
	case "client_credentials":
	case "":
		return tokenRequest{}, missing("grant_type")
	default:
		return tokenRequest{}, badRequest("unsupported_grant_type", 70003, "The app requested an unsupported grant type '"+clip(grant)+"'.")
	}
	var req tokenRequest
	var refused *oauthError
	if req.appID, req.secret, refused = clientOf(r); refused != nil {
		return tokenRequest{}, refused
	}
	req.audience, refused = audienceOf(r.PostForm, a)
	return req, refused
}

// clientOf reads who asks, from the body or from Basic authentication, in which
// both parts are encoded like a form (RFC 6749, 2.3.1).
func clientOf(r *http.Request) (appID, secret string, refused *oauthError) {
	appID, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		user, errUser := url.QueryUnescape(user)
		password, errPassword := url.QueryUnescape(password)
		if errUser != nil || errPassword != nil || secret != "" || appID != "" && appID != user {
			return "", "", badRequest("invalid_request", 9002313, "Invalid request. The client is named twice, or in a way that cannot be read.")
		}
		appID, secret = user, password
	}
	switch {
	case appID == "":
		return "", "", missing("client_id")
	case r.PostForm.Has("client_assertion"):
		return "", "", &oauthError{status: http.StatusUnauthorized, code: "invalid_client", number: 700027, message: "No certificate is registered for the application '" + appName(appID) + "': applications sign in with a secret here."}
	case secret == "":
		return "", "", &oauthError{status: http.StatusUnauthorized, code: "invalid_client", number: 7000216, message: "'client_secret' is required for the 'client_credentials' grant type."}
	}
	return appID, secret, nil
}

// audienceOf reads for whom the token shall be: the older resource, or one scope
// that ends in "/.default". What is before that is the audience, with a slash at
// its end if there were two, as clients write a resource that has one.
func audienceOf(form url.Values, a Authority) (string, *oauthError) {
	audience, scope := form.Get("resource"), form.Get("scope")
	if audience == "" || a == TenantV2 {
		// OpenID's own scopes, which clients add to every request, ask for tokens
		// about people.
		scopes := slices.DeleteFunc(strings.Fields(scope), func(s string) bool {
			return slices.Contains([]string{"openid", "offline_access", "profile", "email"}, s)
		})
		switch {
		case len(scopes) == 0 && a == TenantV1:
			return "", missing("resource")
		case len(scopes) == 0:
			return "", missing("scope")
		case len(scopes) > 1:
			return "", badRequest("invalid_scope", 70011, "The provided value for scope is not valid: a token is for one resource.")
		}
		var ok bool
		if audience, ok = strings.CutSuffix(scopes[0], "/.default"); !ok {
			return "", badRequest("invalid_scope", 1002012, "The provided value for scope "+clip(scopes[0])+" is not valid. With client credentials it is the resource, followed by /.default.")
		}
	}
	if !isAudience(audience) {
		return "", badRequest("invalid_resource", 500011, "The resource principal named "+clip(audience)+" was not found: an absolute URI or a GUID is one.")
	}
	return audience, nil
}

// isAudience reports whether s can name a resource.
func isAudience(s string) bool {
	if isGUID(s) {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxAudience && u.Scheme != "" && (u.Host != "" || u.Opaque != "") &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) })
}
