package identity

import (
	"errors"
	"fmt"
	"time"
)

// What Verify says about a token that it does not take. Its errors wrap one of
// these and never hold the token.
var (
	// ErrTokenMalformed is a token that is not a JSON Web Token, is too long or
	// lacks what it must say.
	ErrTokenMalformed = errors.New("malformed token")
	// ErrTokenSignature is a token that the keys of its issuer do not vouch for.
	ErrTokenSignature = errors.New("token signature is not valid")
	// ErrTokenIssuer is a token of an issuer that is not trusted, or one that
	// speaks for principals that are not its own.
	ErrTokenIssuer = errors.New("token issuer is not trusted")
	// ErrTokenAudience is a token that was issued for something else.
	ErrTokenAudience = errors.New("token is for another audience")
	// ErrTokenExpired is a token whose time is over.
	ErrTokenExpired = errors.New("token has expired")
	// ErrTokenNotYetValid is a token whose time has not come.
	ErrTokenNotYetValid = errors.New("token is not yet valid")
	// ErrKeysUnavailable says nothing about the token: the keys of its issuer
	// could not be fetched, and there are none from before.
	ErrKeysUnavailable = errors.New("the keys of the issuer are not available")
)

// What the Directory says.
var (
	// ErrNotFound is a principal or assignment that is not there.
	ErrNotFound = errors.New("not found")
	// ErrExists is a principal or assignment whose identifier another has.
	ErrExists = errors.New("already exists")
	// ErrInvalid is an identifier, name, scope or secret that cannot be used.
	ErrInvalid = errors.New("invalid")
	// ErrLimit is one principal or assignment too many.
	ErrLimit = errors.New("limit reached")
	// ErrUnknownApplication is an application ID that no principal has.
	ErrUnknownApplication = errors.New("unknown application")
	// ErrWrongSecret is a secret that is not the application's.
	ErrWrongSecret = errors.New("wrong secret")
)

// ThrottledError is the answer to wrong secrets that come too fast.
type ThrottledError struct {
	// RetryAfter is when one more may be tried.
	RetryAfter time.Duration
}

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many wrong secrets: try again in %s", e.RetryAfter.Round(time.Second))
}
