package identity

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Scope is where a right holds: "/", a subscription, a resource group, a resource
// or something below it, by its Resource Manager ID:
//
//	/subscriptions/{sub}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}/blobServices/default/containers/{container}
//
// A right at a scope holds for all below. Case does not count.
type Scope string

// maxScope bounds a scope, in bytes.
const maxScope = 2048

// ParseScope checks a scope that came from outside. The leading slash may be
// missing, slashes at the end are dropped.
func ParseScope(s string) (Scope, error) {
	path := strings.Trim(s, "/")
	if path == "" && s != "" {
		return "/", nil
	}
	if len(path) == 0 || len(path) > maxScope {
		return "", fmt.Errorf("%w: scope of %d bytes, want 1 to %d", ErrInvalid, len(path), maxScope)
	}
	if !utf8.ValidString(path) || strings.ContainsFunc(path, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) {
		return "", fmt.Errorf("%w: scope with characters that cannot be printed", ErrInvalid)
	}
	segs := strings.Split(path, "/")
	for _, seg := range segs {
		if seg == "" || seg == "." || seg == ".." {
			return "", fmt.Errorf("%w: scope %q has a segment %q", ErrInvalid, clip(s), seg)
		}
	}
	// A subscription, then perhaps a group, then perhaps a provider with types and
	// names: always pairs.
	ok := len(segs)%2 == 0 && strings.EqualFold(segs[0], "subscriptions")
	rest := segs[min(2, len(segs)):]
	if len(rest) > 0 && strings.EqualFold(rest[0], "resourceGroups") {
		rest = rest[min(2, len(rest)):]
	}
	if len(rest) > 0 {
		ok = ok && strings.EqualFold(rest[0], "providers") && len(rest) >= 4
	}
	if !ok {
		return "", fmt.Errorf("%w: scope %q, want / or a subscription, resource group or resource ID", ErrInvalid, clip(s))
	}
	return Scope("/" + path), nil
}

// Covers reports whether a right at s holds at other: they are the same, or other
// lies below. It does not allocate. The empty scope covers nothing and is covered
// by nothing.
func (s Scope) Covers(other Scope) bool {
	if s == "/" {
		return strings.HasPrefix(string(other), "/")
	}
	n := len(s)
	return n > 0 && len(other) >= n && (len(other) == n || other[n] == '/') && (other[:n] == s || strings.EqualFold(string(other[:n]), string(s)))
}
