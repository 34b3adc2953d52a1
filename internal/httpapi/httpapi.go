// Package httpapi is what the HTTP APIs of a node have in common whatever form
// their answers have: bearer tokens, and handlers that panic.
package httpapi

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
)

// MaxToken bounds a bearer token, in bytes. Real ones have one to four thousand.
const MaxToken = 16 << 10

// BearerToken returns the token of an Authorization header. It fails for another
// scheme, and for a token that is empty or too long.
func BearerToken(header string) (string, bool) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > MaxToken {
		return "", false
	}
	return token, true
}

// Panicked is called with what a handler panicked with, and tells the log of it
// with the stack. http.ErrAbortHandler is no mistake, and panics on.
func Panicked(log *slog.Logger, p any, message string, args ...any) {
	if err, isErr := p.(error); isErr && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	log.Error(message, append(args, "panic", p, "stack", string(debug.Stack()))...)
}
