package interop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// This file signs requests and URLs for versions that no current SDK speaks. It
// is written from the REST reference ("Authorize with Shared Key", "Create a
// service SAS", "Create an account SAS") and shares nothing with the server, so
// that one misreading does not hide the other.

// mac returns the base64 HMAC-SHA256 of s with the account's key.
func (g *target) mac(t *testing.T, s string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(g.Key)
	check(t, err)
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// sign adds x-ms-version, x-ms-date and a Shared Key signature.
func (g *target) sign(t *testing.T, req *http.Request, version string) {
	t.Helper()
	req.Header.Set("x-ms-version", version)
	req.Header.Set("x-ms-date", time.Now().UTC().Format(http.TimeFormat))
	length := strconv.FormatInt(req.ContentLength, 10)
	// Up to 2014-02-14 a length of zero is signed as it is sent, later as nothing.
	// The client sends it with the methods that have a body.
	if req.ContentLength == 0 && (version >= "2015-02-21" || req.Method != http.MethodPut) {
		length = ""
	}
	h := req.Header
	lines := []string{
		req.Method, h.Get("Content-Encoding"), h.Get("Content-Language"), length, h.Get("Content-MD5"), h.Get("Content-Type"), "",
		h.Get("If-Modified-Since"), h.Get("If-Match"), h.Get("If-None-Match"), h.Get("If-Unmodified-Since"), h.Get("Range"),
	}
	var names []string
	for name := range h {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-ms-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		lines = append(lines, name+":"+h.Get(name))
	}
	lines = append(lines, "/"+g.Account+req.URL.EscapedPath()+canonicalQuery(req.URL.Query()))
	h.Set("Authorization", "SharedKey "+g.Account+":"+g.mac(t, strings.Join(lines, "\n")))
}

// signLite adds a Shared Key Lite signature.
func (g *target) signLite(t *testing.T, req *http.Request, version string) {
	t.Helper()
	req.Header.Set("x-ms-version", version)
	req.Header.Set("x-ms-date", time.Now().UTC().Format(http.TimeFormat))
	lines := []string{req.Method, req.Header.Get("Content-MD5"), req.Header.Get("Content-Type"), ""}
	var names []string
	for name := range req.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-ms-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		lines = append(lines, name+":"+req.Header.Get(name))
	}
	resource := "/" + g.Account + req.URL.EscapedPath()
	if comp := req.URL.Query().Get("comp"); comp != "" {
		resource += "?comp=" + comp
	}
	req.Header.Set("Authorization", "SharedKeyLite "+g.Account+":"+g.mac(t, strings.Join(append(lines, resource), "\n")))
}

// canonicalQuery returns "\nname:value" for each parameter.
func canonicalQuery(q url.Values) string {
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	var s strings.Builder
	for _, name := range names {
		values := slices.Sorted(slices.Values(q[name]))
		s.WriteString("\n" + strings.ToLower(name) + ":" + strings.Join(values, ","))
	}
	return s.String()
}

// serviceSAS returns the query of a blob SAS of an old version.
func serviceSAS(t *testing.T, g *target, sv, container, name, permissions string) string {
	t.Helper()
	expiry := time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05Z")
	resource := "/" + g.Account + "/" + container + "/" + name
	if sv >= "2015-02-21" {
		resource = "/blob" + resource
	}
	lines := []string{permissions, "", expiry, resource, ""}
	if sv >= "2015-04-05" {
		lines = append(lines, "", "") // addresses, protocol
	}
	lines = append(lines, sv)
	if sv >= "2018-11-09" {
		lines = append(lines, "b", "") // resource, snapshot time
	}
	if sv >= "2020-12-06" {
		lines = append(lines, "") // encryption scope
	}
	if sv >= "2013-08-15" {
		lines = append(lines, "", "", "", "", "") // response headers
	}
	q := url.Values{"sv": {sv}, "sr": {"b"}, "sp": {permissions}, "se": {expiry}, "sig": {g.mac(t, strings.Join(lines, "\n"))}}
	return q.Encode()
}

// accountSAS returns the query of an account SAS that lists containers.
func accountSAS(t *testing.T, g *target, sv string) string {
	t.Helper()
	expiry := time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05Z")
	lines := []string{g.Account, "rl", "b", "s", "", expiry, "", "", sv}
	if sv >= "2020-12-06" {
		lines = append(lines, "")
	}
	q := url.Values{"sv": {sv}, "ss": {"b"}, "srt": {"s"}, "sp": {"rl"}, "se": {expiry}, "sig": {g.mac(t, strings.Join(lines, "\n")+"\n")}}
	return q.Encode()
}
