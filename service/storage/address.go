package storage

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// secondarySuffix ends the account name of the read-only secondary endpoint.
const secondarySuffix = "-secondary"

// address is what a request URL names.
type address struct {
	account   *Account
	pathStyle bool
	secondary bool
	// raw is the path as received, percent-encoded: what Shared Key signs.
	raw string
	// below is what follows the account in raw, without the slash.
	below string
	// objectKey is "/account/container/name", decoded.
	objectKey string
	container string
	name      string
}

// locate finds the account and the resource that r names. The account is the
// first label of a host name that is a known account (host style), else the
// first segment of the path (path style, what development storage uses).
func (f *Front) locate(r *http.Request) (address, error) {
	raw := rawPath(r)
	path, err := url.PathUnescape(raw)
	if err != nil || !utf8.ValidString(path) || path == "" || path[0] != '/' {
		return address{}, ErrInvalidUri
	}
	if a, secondary, ok := f.hostAccount(r.Host); ok {
		key := "/" + a.Name
		if path != "/" {
			key += path
		}
		return split(address{account: a, secondary: secondary, raw: raw, below: raw[1:], objectKey: key}, path[1:]), nil
	}
	first, rest, _ := strings.Cut(path[1:], "/")
	a, secondary, ok := f.findAccount(first)
	if !ok {
		return address{}, ErrResourceNotFound
	}
	key := strings.TrimSuffix(path, "/")
	if secondary || rest == "" {
		key = strings.TrimSuffix("/"+a.Name+"/"+rest, "/")
	}
	_, below, _ := strings.Cut(raw[1:], "/")
	return split(address{account: a, secondary: secondary, pathStyle: true, raw: raw, below: below, objectKey: key}, rest), nil
}

// split sets container and name from the decoded path below the account.
func split(a address, path string) address {
	a.container, a.name, _ = strings.Cut(path, "/")
	if a.name == "" {
		a.objectKey = strings.TrimSuffix(a.objectKey, "/")
	} else if strings.HasSuffix(a.name, "/") && !strings.HasSuffix(a.objectKey, "/") {
		a.objectKey += "/" // a blob's name may end in a slash
	}
	return a
}

// hostAccount returns the account that a host name starts with.
func (f *Front) hostAccount(host string) (*Account, bool, bool) {
	label, rest, ok := strings.Cut(host, ".")
	if !ok || rest == "" || isDigits(label) {
		return nil, false, false // localhost, an address
	}
	return f.findAccount(strings.ToLower(label))
}

func (f *Front) findAccount(name string) (a *Account, secondary, ok bool) {
	if a, ok := f.Accounts.Account(name); ok {
		return a, false, true
	}
	if primary, ok := strings.CutSuffix(name, secondarySuffix); ok {
		if a, ok := f.Accounts.Account(primary); ok {
			return a, true, true
		}
	}
	return nil, false, false
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// rawPath returns the path of the request line, byte for byte where the request
// has the usual form.
func rawPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	if path := r.URL.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// parseQuery decodes a query. Names are lower-cased, as the service compares
// them; unlike url.ParseQuery a semicolon is an ordinary character.
func parseQuery(raw string) (url.Values, error) {
	if raw == "" {
		return nil, nil
	}
	n := strings.Count(raw, "&") + 1
	q, values := make(url.Values, n), make([]string, 0, n)
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, ErrInvalidUri
		}
		value, err = url.QueryUnescape(value)
		if err != nil || !utf8.ValidString(value) || !utf8.ValidString(name) {
			return nil, ErrInvalidUri
		}
		name = strings.ToLower(name)
		if known := q[name]; known != nil {
			q[name] = append(known, value)
			continue
		}
		values = append(values, value)
		q[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return q, nil
}

// sortedNames returns the parameter names of q in byte order.
func sortedNames(q url.Values) []string {
	names := make([]string, 0, len(q))
	for n := range q {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// remoteIP returns the address a request came from.
func remoteIP(r *http.Request) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	return ap.Addr().Unmap(), err == nil
}
