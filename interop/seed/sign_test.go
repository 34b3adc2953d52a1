package seed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mac returns the base64 HMAC-SHA256 of s with the account's key.
func (a account) mac(t testing.TB, s string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(a.key)
	check(t, err)
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// authorize signs r with Shared Key as its version defines it. Source:
// "Authorize with Shared Key".
func (a account) authorize(t testing.TB, r *request) {
	t.Helper()
	if r.service == "table" {
		a.authorizeTable(t, r)
		return
	}
	length := r.get("Content-Length")
	if length == "0" && r.get("x-ms-version") >= "2015-02-21" {
		length = ""
	}
	lines := []string{
		r.method, r.get("Content-Encoding"), r.get("Content-Language"), length, r.get("Content-MD5"), r.get("Content-Type"), "",
		r.get("If-Modified-Since"), r.get("If-Match"), r.get("If-None-Match"), r.get("If-Unmodified-Since"), r.get("Range"),
	}
	var ms []string
	for _, h := range r.header {
		if name := strings.ToLower(h.name); strings.HasPrefix(name, "x-ms-") {
			ms = append(ms, name+":"+h.value)
		}
	}
	slices.Sort(ms)
	lines = append(lines, ms...)
	path, query, _ := strings.Cut(r.target, "?")
	lines = append(lines, "/"+a.name+path)
	values, err := url.ParseQuery(query)
	check(t, err)
	var parameters []string
	for name, v := range values {
		slices.Sort(v)
		parameters = append(parameters, strings.ToLower(name)+":"+strings.Join(v, ","))
	}
	slices.Sort(parameters)
	lines = append(lines, parameters...)
	r.add("Authorization", "SharedKey "+a.name+":"+a.mac(t, strings.Join(lines, "\n")))
}

// authorizeTable signs r as the table service has it: of the query only comp.
func (a account) authorizeTable(t testing.TB, r *request) {
	t.Helper()
	path, query, _ := strings.Cut(r.target, "?")
	values, err := url.ParseQuery(query)
	check(t, err)
	if comp := values.Get("comp"); comp != "" {
		path += "?comp=" + comp
	}
	lines := []string{r.method, r.get("Content-MD5"), r.get("Content-Type"), r.get("x-ms-date"), "/" + a.name + path}
	r.add("Authorization", "SharedKey "+a.name+":"+a.mac(t, strings.Join(lines, "\n")))
}

// far is an expiry that no clock of a test reaches.
const far = "2099-01-01T00:00:00Z"

// sas is the query of an account SAS with these permissions, good for all of
// the blob service until expiry. Source: "Create an account SAS".
func (a account) sas(t testing.TB, permissions, expiry string) string {
	t.Helper()
	text := a.name + "\n" + permissions + "\nb\nsco\n\n" + expiry + "\n\n\n2016-05-31\n"
	q := url.Values{
		"sv": {"2016-05-31"}, "ss": {"b"}, "srt": {"sco"}, "sp": {permissions}, "se": {expiry}, "sig": {a.mac(t, text)},
	}
	return q.Encode()
}

// signedNow is the date header of a request that is signed by the node's clock.
func signedNow(n *node) string { return n.now().UTC().Format(http.TimeFormat) }

// clock is the time of a node that a test sets and moves.
type clock struct {
	start, real time.Time
	moved       atomic.Int64
}

// clockAt starts a clock at a time.
func clockAt(start time.Time) *clock { return &clock{start: start, real: time.Now()} }

func (c *clock) now() time.Time {
	return c.start.Add(time.Since(c.real)).Add(time.Duration(c.moved.Load()))
}

func (c *clock) move(d time.Duration) { c.moved.Add(int64(d)) }
