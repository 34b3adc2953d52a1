package arm

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxPage bounds a page of a list.
const maxPage = 1000

// page answers with part of a list that is sorted by id: the first $top behind
// the id in $skiptoken, and where to get the next.
func page[T any](s *Server, r *request, list []T, id func(*T) string) (answer, error) {
	top, err := r.top(maxPage)
	if err != nil {
		return answer{}, err
	}
	if after := r.skipToken(); after != "" {
		n := 0
		for n < len(list) && strings.ToLower(id(&list[n])) <= strings.ToLower(after) {
			n++
		}
		list = list[n:]
	}
	body := map[string]any{}
	if len(list) > top {
		list = list[:top]
		body["nextLink"] = s.nextLink(r, id(&list[top-1]))
	}
	if list == nil {
		list = []T{}
	}
	body["value"] = list
	return ok(body)
}

// top reads $top; limit when it is not there or more.
func (r *request) top(limit int) (int, error) {
	text := r.param("$top")
	if text == "" {
		return limit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, refuse(http.StatusBadRequest, "InvalidTop", "The $top '%.20s' is invalid: it must be a number from 1 on.", text)
	}
	return min(n, limit), nil
}

func (r *request) skipToken() string { return r.param("$skiptoken") }

// nextLink is the address of the same request from a token on.
func (s *Server) nextLink(r *request, token string) string {
	params := maps.Clone(r.params)
	maps.DeleteFunc(params, func(name string, _ []string) bool { return fold(name, "$skiptoken") })
	params.Set("$skiptoken", token)
	u := url.URL{Path: r.target.path, RawQuery: params.Encode()}
	return s.cfg.BaseURL(r.Request) + u.String()
}
