package rest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for path, want := range map[string][]string{
		"/api/hubs/chat/:send":      {"hubs", "chat", ":send"},
		"/api/hubs/chat/%3Asend/":   {"hubs", "chat", ":send"},
		"/api/hubs/a%2Fb":           {"hubs", "a/b"},
		"/api/hubs//x":              nil,
		"/api/":                     nil,
		"/api":                      nil,
		"/api//":                    nil,
		"/other/hubs":               nil,
		"/api/a%zz":                 nil,
		"/api/1/2/3/4/5/6/7/8/9/10": {"1", "2", "3", "4", "5", "6", "7", "8", "9/10"},
	} {
		got, ok := split(path)
		if !slices.Equal(got, want) && ok || ok != (want != nil) {
			t.Errorf("%s: %q %v, want %q", path, got, ok, want)
		}
	}
}

// TestRoutesDiffer: no request has two routes in one version.
func TestRoutesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range table() {
		if len(r.segments) >= maxSegments {
			t.Errorf("%s is longer than what is taken apart", r.Path)
		}
		shape := make([]string, len(r.segments))
		for i, s := range r.segments {
			if shape[i] = s; s[0] == '{' {
				shape[i] = "{}"
			}
		}
		for _, m := range r.Methods {
			key := m + " " + strings.Join(shape, "/")
			if seen[key] {
				t.Errorf("%s is there twice", key)
			}
			seen[key] = true
		}
	}
}

// FuzzPath: any method, path and query is answered, and a route that is found has its
// names as they were escaped.
func FuzzPath(f *testing.F) {
	for _, r := range Routes() {
		f.Add(r.Methods[0], r.Path, "api-version="+r.Since)
	}
	f.Add("POST", "/api/hubs/chat/users/a%2Fb/:send", "api-version=2022-06-01&excluded=a&excluded=b")
	f.Add("GET", "/api/../v1/hubs/chat", ";&%")
	a := &api{Config: Config{}, routes: table()}
	f.Fuzz(func(t *testing.T, method, path, raw string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Method, r.URL = method, u
		q, err := parseQuery(raw)
		if err != nil {
			return
		}
		rt, segments, err := a.find(r, q)
		if err != nil {
			var failed *failure
			if !errors.As(err, &failed) || rt != nil || failed.status < 400 || failed.status > 405 {
				t.Fatalf("%v, %v", rt, err)
			}
			return
		}
		if !slices.Contains(rt.Methods, method) {
			t.Fatalf("%s leads to %s", method, rt.Name)
		}
		built := "/api"
		for _, s := range segments {
			if s == "" {
				t.Fatal("an empty name")
			}
			built += "/" + url.PathEscape(s)
		}
		again, ok := split(built)
		if !ok || !slices.Equal(again, segments) {
			t.Fatalf("%q and %q", again, segments)
		}
		if len(rt.parameters(segments)) > 3 {
			t.Fatal(rt.Path)
		}
	})
}
