package token

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Audience is whom a token must be meant for.
type Audience struct {
	// URLs are those that are expected, any of them, as the log shows them.
	URLs []string
}

// Match reports whether one of the audiences of a token is one of the expected.
//
// They are compared as URLs, as leniently as the SDKs need, which leave the port out
// and put the query of the request in: ports, a trailing slash and query parameters are
// ignored, but for hub, where the expected one has it. Hosts and hubs are compared
// without regard to case. For a local service, at an IP address or under a name without
// dots, http and https are equal, and so are localhost and all addresses of loopback.
func (a Audience) Match(actual []string) bool {
	for _, want := range a.URLs {
		w, ok := parseAudience(want)
		if ok && slices.ContainsFunc(actual, func(s string) bool {
			got, ok := parseAudience(s)
			return ok && w.matches(got)
		}) {
			return true
		}
	}
	return false
}

// ClientURL and ServerURL are the audiences of clients and of application servers of a
// hub, as tokens carry them: without a port.
func ClientURL(scheme, host, hub string) string { return hubURL(scheme, host, "/client/", hub) }

// ServerURL is explained at ClientURL.
func ServerURL(scheme, host, hub string) string { return hubURL(scheme, host, "/server/", hub) }

// RequestURL is the audience of a request of the REST API: without port and query.
func RequestURL(scheme, host, path string) string {
	return scheme + "://" + withoutPort(host) + strings.TrimSuffix(path, "/")
}

func hubURL(scheme, host, path, hub string) string {
	return scheme + "://" + withoutPort(host) + path + "?hub=" + url.QueryEscape(strings.ToLower(hub))
}

func withoutPort(host string) string {
	u := url.URL{Host: host}
	name := u.Hostname()
	if strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}

// audience is one taken apart.
type audience struct {
	scheme, host string
	local        bool
	path         []string
	hub          string
}

func parseAudience(s string) (audience, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return audience{}, false
	}
	a := audience{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Hostname()), hub: strings.ToLower(u.Query().Get("hub"))}
	if a.scheme != "http" && a.scheme != "https" {
		return audience{}, false
	}
	switch ip, err := netip.ParseAddr(a.host); {
	case a.host == "localhost", err == nil && ip.IsLoopback():
		a.host, a.local = "localhost", true
	default:
		a.local = err == nil || !strings.Contains(a.host, ".")
	}
	for segment := range strings.SplitSeq(strings.Trim(u.EscapedPath(), "/"), "/") {
		segment, err := url.PathUnescape(segment)
		if err != nil {
			return audience{}, false
		}
		// A hub's name may be written in any case; those of users and groups may not.
		if n := len(a.path); n > 0 && n <= 3 && a.path[n-1] == "hubs" {
			segment = strings.ToLower(segment)
		}
		a.path = append(a.path, segment)
	}
	return a, true
}

func (a audience) matches(got audience) bool {
	return a.host == got.host && (a.local || a.scheme == got.scheme) && slices.Equal(a.path, got.path) &&
		(a.hub == "" || a.hub == got.hub)
}
