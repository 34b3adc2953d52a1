package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxSegments is one more than any route has.
const maxSegments = 9

// split takes a path apart behind "/api/". Segments are unescaped one by one, so that a
// user's name may have a slash in it. A slash at the end is ignored.
func split(escaped string) ([]string, bool) {
	rest, ok := strings.CutPrefix(escaped, "/api/")
	if !ok {
		return nil, false
	}
	segments := strings.SplitN(strings.TrimSuffix(rest, "/"), "/", maxSegments)
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil || plain == "" {
			return nil, false
		}
		segments[i] = plain
	}
	return segments, true
}

// match reports whether the segments are those of the route, and what its parameters are.
// Words are compared without regard to case, as ASP.NET does.
func (r *route) match(segments []string) bool {
	if len(segments) != len(r.segments) {
		return false
	}
	for i, s := range r.segments {
		if s[0] != '{' && !strings.EqualFold(s, segments[i]) {
			return false
		}
	}
	return true
}

// parameters are what stands in a path for the names in braces.
func (r *route) parameters(segments []string) map[string]string {
	p := make(map[string]string, 4)
	for i, s := range r.segments {
		if s[0] == '{' {
			p[s[1:len(s)-1]] = segments[i]
		}
	}
	return p
}

// query are the parameters of a request. Their names have no case.
type query map[string][]string

func parseQuery(raw string) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, err
	}
	q := make(query, len(values))
	for name, v := range values {
		name = strings.ToLower(name)
		q[name] = append(q[name], v...)
	}
	return q, nil
}

func (q query) get(name string) string {
	if v := q[strings.ToLower(name)]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// find returns the route of a request, with the segments of its path, or why there is
// none.
func (a *api) find(r *http.Request, q query) (*route, []string, error) {
	segments, ok := split(r.URL.EscapedPath())
	if !ok {
		return nil, nil, noPath()
	}
	old := strings.EqualFold(segments[0], "v1")
	var matching []*route
	for _, candidate := range a.routes {
		if (candidate.Since == first) == old && candidate.match(segments) {
			matching = append(matching, candidate)
		}
	}
	if len(matching) == 0 {
		return nil, nil, noPath()
	}
	if !old {
		version, err := q.version()
		if err != nil {
			return nil, nil, err
		}
		matching = slices.DeleteFunc(matching, func(r *route) bool { return r.Since > version })
		if !known(version) || len(matching) == 0 {
			return nil, nil, &failure{
				status: http.StatusBadRequest, code: "UnsupportedApiVersion", target: "api-version",
				message: fmt.Sprintf("The HTTP resource that matches the request URI '%s' does not support the API version '%s'.", address(r), version),
			}
		}
	}
	var allowed []string
	for _, m := range matching {
		if slices.Contains(m.Methods, r.Method) {
			return m, segments, nil
		}
		allowed = append(allowed, m.Methods...)
	}
	slices.Sort(allowed)
	return nil, nil, &failure{
		status: http.StatusMethodNotAllowed, code: "MethodNotAllowed",
		message: "The method is not allowed here.", allow: strings.Join(slices.Compact(allowed), ", "),
	}
}

// version is the api-version of a request.
func (q query) version() (string, error) {
	all := slices.Clone(q["api-version"])
	slices.Sort(all)
	all = slices.Compact(all)
	switch {
	case len(all) == 0 || all[0] == "" && len(all) == 1:
		return "", &failure{
			status: http.StatusBadRequest, code: "ApiVersionUnspecified", target: "api-version",
			message: "An API version is required, but was not specified.",
		}
	case len(all) > 1:
		return "", &failure{
			status: http.StatusBadRequest, code: "AmbiguousApiVersion", target: "api-version",
			message: "The following API versions were requested: " + strings.Join(all, ", ") +
				". At most, only a single API version may be specified.",
		}
	}
	return all[0], nil
}

// address is the URL of a request without its query.
func address(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + r.URL.EscapedPath()
}

// validHub reports whether a hub, or an application, may have this name.
func validHub(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		other := c >= '0' && c <= '9' || strings.IndexByte("_`,.[]", c) >= 0
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return true
}
