package scalar

import (
	"strings"

	"reslog/internal/jsonlex"
	"reslog/kql"
)

// urlFuncs take URLs apart.
var urlFuncs = []Func{
	{Name: "kql_parse_url", Params: []kql.Type{kql.String}, Returns: kql.Dynamic, Call: parseURL},
	{Name: "kql_parse_urlquery", Params: []kql.Type{kql.String}, Returns: kql.Dynamic, Call: parseURLQuery},
	{Name: "kql_url_decode", Params: []kql.Type{kql.String}, Returns: kql.String, Call: decodeURL},
}

// parseURL gives the parts of a URL as they stand in it, in a bag that has all
// keys: Scheme, Host, Port, Path, Username, Password, "Query Parameters" (a bag),
// Fragment. What has no scheme is a path and what follows it.
func parseURL(a []any) any {
	s, _ := a[0].(string)
	if s == "" {
		return nil
	}
	s, fragment, _ := strings.Cut(s, "#")
	s, query, _ := strings.Cut(s, "?")
	var scheme, host, port, user, password string
	path := s
	if before, after, ok := strings.Cut(s, "://"); ok && isScheme(before) {
		scheme, host, path = before, after, ""
		if at := strings.IndexByte(after, '/'); at >= 0 {
			host, path = after[:at], after[at:]
		}
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			user, password, _ = strings.Cut(host[:at], ":")
			host = host[at+1:]
		}
		// The colons of an IPv6 address are in brackets.
		if at := strings.LastIndexByte(host, ':'); at > strings.IndexByte(host, ']') {
			host, port = host[:at], host[at+1:]
		}
	}
	return Value{
		Kind: Bag,
		Keys: []string{"Scheme", "Host", "Port", "Path", "Username", "Password", "Query Parameters", "Fragment"},
		Items: []Value{
			OfString(scheme), OfString(host), OfString(port), OfString(path), OfString(user), OfString(password),
			queryParameters(query), OfString(fragment),
		},
	}.Any()
}

// isScheme reports whether s can be the scheme of a URL (RFC 3986, section 3.1).
func isScheme(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c|0x20-'a' < 26:
		case i > 0 && (c-'0' <= 9 || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return s != ""
}

func parseURLQuery(a []any) any {
	s, _ := a[0].(string)
	return Value{Kind: Bag, Keys: []string{"Query Parameters"}, Items: []Value{queryParameters(strings.TrimPrefix(s, "?"))}}.Any()
}

// queryParameters is a bag of key=value&key=value.
func queryParameters(query string) Value {
	var b bagBuilder
	for pair := range strings.SplitSeq(query, "&") {
		if key, value, _ := strings.Cut(pair, "="); key != "" {
			b.set(key, OfString(value), true)
		}
	}
	return b.bag()
}

// decodeURL replaces %xx by the byte and + by a space. What is no code stays.
func decodeURL(a []any) any {
	s, _ := a[0].(string)
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s) && jsonlex.HexDigit(s[i+1]) >= 0 && jsonlex.HexDigit(s[i+2]) >= 0:
			b = append(b, byte(jsonlex.HexDigit(s[i+1])<<4|jsonlex.HexDigit(s[i+2])))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
