package arm

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// readQuery parses the query.
func (r *request) readQuery() error {
	raw := r.URL.RawQuery
	if len(raw) > maxQuery {
		return refuse(http.StatusRequestURITooLong, "RequestUriTooLong", "The query of the request has %d bytes, at most %d are allowed.", len(raw), maxQuery)
	}
	params, err := url.ParseQuery(raw)
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidRequestUri", "The query string of the request is not well-formed.")
	}
	r.params = params
	return nil
}

// param returns the first value of a query parameter, whose name is compared
// without regard to case.
func (r *request) param(name string) string {
	if v, ok := r.params[name]; ok {
		return v[0]
	}
	for key, v := range r.params {
		if fold(key, name) {
			return v[0]
		}
	}
	return ""
}

// readBody reads a body of JSON; other methods than those that have one are not
// looked at.
func (r *request) readBody() error {
	if !r.isWrite() || r.Method == http.MethodDelete {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "RequestContentTooLarge", "The content of the request has more than the maximum of %d bytes.", maxBody)
	case err != nil:
		return refuse(http.StatusBadRequest, "InvalidRequestContent", "The content of the request could not be read to its end.")
	}
	if len(body) == 0 {
		return nil
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !fold(e, "identity") {
		return refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content encoding '%s' is not supported.", e)
	}
	media := r.Header.Get("Content-Type")
	if parsed, _, err := mime.ParseMediaType(media); err != nil || parsed != "application/json" && parsed != "text/json" {
		return refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content media type '%s' is not supported. Only 'application/json' is supported.", media)
	}
	// Some clients of .NET begin with a byte order mark.
	r.body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	return nil
}

// decode reads the body into v, whose members are compared without regard to
// case. A missing body leaves v as it is.
func (r *request) decode(v any) error {
	if len(r.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		return badContent(err)
	}
	return nil
}

// badContent is the refusal of a body that is not the JSON wanted. What the
// decoder says names types and offsets, never values.
func badContent(err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: not JSON from byte %d on.", syntax.Offset)
	case errors.As(err, &typ):
		return refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '%s' may not be a %s.", typ.Field, strings.Fields(typ.Value)[0])
	default:
		return refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized.")
	}
}

// versionForm is that of an api-version: a date, and what kind of preview.
var versionForm = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})(-[a-z]{1,20})?$`)

// readVersion checks that there is an api-version and that it looks like one.
// Whether a route knows it is the route's to say.
func (r *request) readVersion(now time.Time) error {
	r.version = r.param("api-version")
	if r.version == "" {
		return refuse(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	}
	m := versionForm.FindStringSubmatch(strings.ToLower(r.version))
	if m == nil {
		return refuse(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%.40s' is invalid. The expected format is 'YYYY-MM-DD' or 'YYYY-MM-DD-preview'.", r.version)
	}
	date, err := time.Parse(time.DateOnly, m[1])
	if err != nil || date.After(now.AddDate(1, 0, 0)) {
		return refuse(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid: there is no version of that date.", r.version)
	}
	return nil
}

// since refuses versions that are older than the oldest of a list, which has
// the newest first. Those between and after its members are taken: providers
// release new ones all the time, and add to them rather than change.
func (r *request) since(known []string) bool {
	oldest := known[len(known)-1]
	return r.version[:len(time.DateOnly)] >= oldest[:len(time.DateOnly)]
}

// wantVersion is since for Resource Manager's own routes.
func (r *request) wantVersion(known []string) error {
	if r.since(known) {
		return nil
	}
	return refuse(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid. The supported versions are '%s'.", r.version, strings.Join(known, ","))
}

// wantMethod refuses methods that a route does not have.
func (r *request) wantMethod(methods ...string) error {
	for _, m := range methods {
		if r.Method == m {
			return nil
		}
	}
	return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The requested resource does not support http method '%s'.", r.Method)
}
