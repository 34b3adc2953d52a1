package upstream

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// maxName bounds what a client may put into a URL.
const maxName = 1024

// errName says that a name would change the meaning of the URL it is put into.
var errName = errors.New("the name cannot be put into the upstream's URL")

// Check reports what is wrong with a template. The error does not have the URL in it.
func (t Template) Check() error {
	_, err := parse(t.URL)
	return err
}

// matches reports whether the event is one for the template.
func (t Template) matches(e Event) bool {
	return match(t.Hub, e.Hub) && match(t.Category, e.Category) && match(t.Event, e.Name)
}

func match(pattern, name string) bool {
	if strings.TrimSpace(pattern) == "" {
		return true
	}
	for p := range strings.SplitSeq(pattern, ",") {
		if p = strings.TrimSpace(p); p == "*" || p != "" && strings.EqualFold(p, name) {
			return true
		}
	}
	return false
}

// parts are a template taken apart.
type parts struct {
	scheme string
	// host may have placeholders; port has none and is "" for the scheme's.
	host, port string
	// rest is the path, which begins with '/', and the query.
	rest string
}

// open reports whether the host has placeholders.
func (p parts) open() bool { return strings.Contains(p.host, "{") }

// parse takes a template apart, and reports what is wrong with it.
func parse(template string) (parts, error) {
	if strings.Contains(template, "{@") {
		return parts{}, errors.New("upstream: references to a key vault are not supported; write the secret into the template")
	}
	scheme, rest, ok := strings.Cut(template, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" {
		return parts{}, errors.New("upstream: the URL template does not begin with http:// or https://")
	}
	for _, c := range []byte(template) {
		if c <= ' ' || c == 0x7f || c == '\\' {
			return parts{}, errors.New("upstream: the URL template has spaces, control characters or backslashes in it")
		}
	}
	p := parts{scheme: scheme, rest: "/"}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, p.rest = rest[:i], rest[i:]
	}
	switch {
	case strings.Contains(authority, "@"):
		return parts{}, errors.New("upstream: the URL template has a user name in it")
	case strings.Contains(p.rest, "#"):
		return parts{}, errors.New("upstream: the URL template has a fragment")
	case p.rest[0] == '?':
		p.rest = "/" + p.rest
	}
	// As a URL it must make sense with a name in each placeholder.
	fill := strings.NewReplacer("{hub}", "a", "{category}", "a", "{event}", "a")
	filled := fill.Replace(template)
	u, err := url.Parse(filled)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(filled, "{}") {
		return parts{}, errors.New("upstream: the URL template is not a URL with {hub}, {category} and {event} for placeholders")
	}
	p.port = u.Port()
	p.host = strings.TrimSuffix(authority, ":"+p.port)
	p.host = strings.Trim(strings.TrimSuffix(p.host, ":"), "[]")
	if fill.Replace(p.host) != u.Hostname() {
		return parts{}, errors.New("upstream: the host of the URL template is not plain")
	}
	return p, nil
}

// expand puts the names of an event into a template.
func (p parts) expand(e Event) (*url.URL, error) {
	for _, name := range []string{e.Hub, e.Category, e.Name} {
		if len(name) > maxName {
			return nil, fmt.Errorf("%w: it is longer than %d bytes", errName, maxName)
		}
	}
	names := []string{"{hub}", e.Hub, "{category}", e.Category, "{event}", e.Name}
	host := p.host
	if p.open() {
		for i := 0; i < len(names); i += 2 {
			if strings.Contains(host, names[i]) && !isLabel(names[i+1]) {
				return nil, fmt.Errorf("%w: a host has only letters, digits and hyphens", errName)
			}
		}
		host = strings.NewReplacer(names...).Replace(host)
	}
	for i := 1; i < len(names); i += 2 {
		names[i] = escape(names[i])
	}
	rest := strings.NewReplacer(names...).Replace(p.rest)
	u, err := url.Parse(p.scheme + "://" + p.authority(host) + rest)
	if err != nil {
		return nil, errName // without the parser's text, which has the URL in it
	}
	path, _, _ := strings.Cut(rest, "?")
	before, _, _ := strings.Cut(p.rest, "?")
	if dots(path) != dots(before) {
		return nil, fmt.Errorf("%w: it would lead to another path", errName)
	}
	return u, nil
}

func (p parts) authority(host string) string {
	switch {
	case p.port != "":
		return net.JoinHostPort(host, p.port)
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
}

// dots counts the segments of a path that are "." or "..", those too that only are
// when a server has decoded it: they lead elsewhere.
func dots(path string) int {
	plain, err := url.PathUnescape(path)
	if err != nil {
		plain = path
	}
	n := 0
	for s := range strings.FieldsFuncSeq(plain, func(r rune) bool { return r == '/' || r == '\\' }) {
		if s == "." || s == ".." {
			n++
		}
	}
	return n
}

// isLabel reports whether a name may be a part of a host's name.
func isLabel(name string) bool {
	for _, c := range []byte(name) {
		if c != '-' && !isAlphanumeric(c) {
			return false
		}
	}
	return name != ""
}

// escape percent-encodes all but the unreserved characters of RFC 3986, so that the name
// stays one segment of a path or one value of a query.
func escape(name string) string {
	return percent(name, func(c byte) bool {
		return isAlphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '~'
	})
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// percent encodes the bytes that keep does not want as they are.
func percent(s string, keep func(byte) bool) string {
	const digits = "0123456789ABCDEF"
	clean := true
	for i := range len(s) {
		clean = clean && keep(s[i])
	}
	if clean {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		if c := s[i]; keep(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(b)
}
