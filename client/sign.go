package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// sign authorizes r with Shared Key as version 2009-09-19 defines it. The
// service that verifies puts the canonical form together from what it received,
// so r must not change afterwards.
//
// Source: "Authorize with Shared Key", Azure Storage REST reference.
func (a *Account) sign(r *http.Request) {
	h := r.Header
	length := h.Get("Content-Length")
	lines := []string{
		r.Method, h.Get("Content-Encoding"), h.Get("Content-Language"), length,
		h.Get("Content-MD5"), h.Get("Content-Type"), h.Get("Date"), h.Get("If-Modified-Since"),
		h.Get("If-Match"), h.Get("If-None-Match"), h.Get("If-Unmodified-Since"), h.Get("Range"),
	}
	lines = append(lines, canonicalHeaders(h)...)
	lines = append(lines, "/"+a.Name+r.URL.EscapedPath())
	lines = append(lines, canonicalQuery(r)...)
	h.Set("Authorization", "SharedKey "+a.Name+":"+a.mac(strings.Join(lines, "\n")))
}

// signLite authorizes r with Shared Key Lite of the table service: the date and
// the resource, with comp as its only parameter.
func (a *Account) signLite(r *http.Request) {
	resource := "/" + a.Name + r.URL.EscapedPath()
	if comp := r.URL.Query().Get("comp"); comp != "" {
		resource += "?comp=" + comp
	}
	r.Header.Set("Authorization", "SharedKeyLite "+a.Name+":"+a.mac(r.Header.Get("x-ms-date")+"\n"+resource))
}

func (a *Account) mac(text string) string {
	m := hmac.New(sha256.New, a.Key)
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// canonicalHeaders are the x-ms- headers, "name:value", by name.
func canonicalHeaders(h http.Header) []string {
	var lines []string
	for name, values := range h {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-ms-") {
			lines = append(lines, name+":"+strings.Join(values, ","))
		}
	}
	slices.Sort(lines)
	return lines
}

// canonicalQuery are the parameters, "name:value,value", by name.
func canonicalQuery(r *http.Request) []string {
	var lines []string
	for name, values := range r.URL.Query() {
		values = slices.Sorted(slices.Values(values))
		lines = append(lines, strings.ToLower(name)+":"+strings.Join(values, ","))
	}
	slices.Sort(lines)
	return lines
}
