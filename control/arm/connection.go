package arm

import (
	"encoding/base64"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// connectionString splits "Name=value;Name=value", names in lower case. Values
// may have equals signs, as keys do. No name may be there twice.
func connectionString(s string) (map[string]string, bool) {
	parts := make(map[string]string)
	for part := range strings.SplitSeq(s, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := parts[name]; !found || name == "" || value == "" || twice || strings.ContainsFunc(value, isControl) {
			return nil, false
		}
		parts[name] = value
	}
	return parts, len(parts) > 0
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func isBase64(s string) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	return err == nil && len(b) > 0
}

// endpointURL reads a URL that records may be sent to, or says why they may not.
// The reason has nothing of the URL, which may hold a secret.
func endpointURL(s string) (u *url.URL, why string) {
	u, err := url.Parse(s)
	switch {
	case len(s) > 2048:
		return nil, "is longer than 2048 bytes"
	case err != nil:
		return nil, "is not a URL"
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, "must begin with http:// or https:// and a host"
	case u.User != nil:
		return nil, "may not have a user name or password"
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		return nil, "may not have a query or fragment"
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, "has a port that is not a number from 1 to 65535"
		}
	}
	return u, ""
}

// origin is what a URL leads to: scheme, host and port.
func origin(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return s
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// isHostPort reports whether s is host:port, the host a name or an address.
func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	n, portErr := strconv.ParseUint(port, 10, 16)
	return err == nil && portErr == nil && n > 0 && host != "" && len(s) <= 260 &&
		!strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/\@,;"'`, r) })
}
