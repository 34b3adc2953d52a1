package storage

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxClockSkew is how far the date of a signed request may be from ours.
const maxClockSkew = 15 * time.Minute

// authorization is a parsed Authorization header.
type authorization struct {
	lite      bool
	account   string
	signature []byte // decoded
	given     string // the signature as sent
}

// parseAuthorization reads "SharedKey account:signature" or "SharedKeyLite …".
func parseAuthorization(s string) (authorization, bool) {
	scheme, rest, ok := strings.Cut(s, " ")
	if !ok {
		return authorization{}, false
	}
	a := authorization{lite: scheme == "SharedKeyLite"}
	if !a.lite && scheme != "SharedKey" {
		return authorization{}, false
	}
	a.account, a.given, ok = strings.Cut(strings.TrimSpace(rest), ":")
	if !ok || a.account == "" {
		return authorization{}, false
	}
	sig, err := base64.StdEncoding.DecodeString(a.given)
	a.signature = sig
	return a, err == nil && len(sig) > 0
}

// sharedKey verifies the Authorization header of a request. It returns the
// number of the key that signed.
//
// Source: REST API reference, "Authorize with Shared Key". Three things that
// clients do differently all verify, as they do at the service: header values
// with runs of white space signed as they are or folded, and headers in byte
// order or in that of a dictionary.
func (x *exchange) sharedKey(header string) (int, error) {
	a, ok := parseAuthorization(header)
	if !ok {
		return 0, ErrInvalidAuthenticationInfo
	}
	if err := x.checkDate(); err != nil {
		return 0, err
	}
	if a.account != x.info.account.Name && a.account != x.info.account.Name+secondarySuffix {
		return 0, ErrAuthenticationFailed.With("AuthenticationErrorDetail",
			"The account name '"+a.account+"' of the Authorization header is not the account of the resource.")
	}
	s := signable{
		kind: x.front.kind, version: x.call.Version, lite: a.lite,
		account: x.info.account.Name, path: x.address.raw, query: x.call.Query,
		method: x.req.Method, header: x.req.Header,
	}
	scratch := x.front.scratch()
	defer x.front.release(scratch)
	text := s.appendText(scratch.b[:0])
	scratch.b = text
	if key := x.info.verify(text, a.signature); key != 0 {
		return key, nil
	}
	for _, v := range s.variants() {
		if key := x.info.verify(v.appendText(nil), a.signature); key != 0 {
			return key, nil
		}
	}
	if len(s.header["X-Ms-Copy-Source-Authorization"]) > 0 { // a token, which is not repeated
		s.header = s.header.Clone()
		s.header["X-Ms-Copy-Source-Authorization"] = []string{redacted}
		text = s.appendText(nil)
	}
	return 0, ErrAuthenticationFailed.With("AuthenticationErrorDetail",
		"The MAC signature found in the HTTP request '"+a.given+
			"' is not the same as any computed signature. Server used following string to sign: '"+string(text)+"'.")
}

// checkDate refuses a signed request that is too old or from the future.
func (x *exchange) checkDate() error {
	name := "x-ms-date"
	date := first(x.req.Header, "X-Ms-Date")
	if date == "" {
		name, date = "Date", first(x.req.Header, "Date")
	}
	t, ok := x.front.parseDate(date)
	if !ok {
		if date == "" {
			return ErrAuthenticationFailed.With("AuthenticationErrorDetail", "Neither the x-ms-date nor the Date header is given.")
		}
		return ErrAuthenticationFailed.With("AuthenticationErrorDetail", "The "+name+" header '"+date+"' is not a date.")
	}
	if d := x.call.Now.Sub(t); d > maxClockSkew {
		return ErrAuthenticationFailed.With("AuthenticationErrorDetail", "Request date header too old: '"+date+"'")
	} else if d < -maxClockSkew {
		return ErrAuthenticationFailed.With("AuthenticationErrorDetail", "Request date header too far in the future: '"+date+"'")
	}
	return nil
}

// signedDate is a date that a client wrote, and what it means.
type signedDate struct {
	text string
	time time.Time
}

// parseDate reads the date of a signed request. The clients of one second all
// write the same: the last date is kept.
func (f *Front) parseDate(text string) (t time.Time, ok bool) {
	if d := f.signedDate.Load(); d != nil && d.text == text {
		return d.time, true
	}
	t, err := http.ParseTime(text)
	if err != nil {
		return t, false
	}
	f.signedDate.Store(&signedDate{text, t})
	return t, true
}

// signable is all of a request that Shared Key signs.
type signable struct {
	kind    Kind
	version Version
	lite    bool
	account string
	path    string // as received, percent-encoded
	query   url.Values
	method  string
	header  http.Header

	fold    bool // fold white space in header values
	collate bool // order headers as a dictionary does, not by bytes
}

// appendText appends the string to sign.
func (s *signable) appendText(b []byte) []byte {
	if s.kind == Table {
		return s.tableText(b)
	}
	line := func(v string) { b = append(append(b, v...), '\n') }
	line(s.method)
	if s.lite {
		line(first(s.header, "Content-Md5"))
		line(first(s.header, "Content-Type"))
		line(s.date())
		b = s.appendHeaders(b)
		return s.appendLiteResource(b)
	}
	line(first(s.header, "Content-Encoding"))
	line(first(s.header, "Content-Language"))
	line(s.contentLength())
	line(first(s.header, "Content-Md5"))
	line(first(s.header, "Content-Type"))
	line(s.date())
	line(first(s.header, "If-Modified-Since"))
	line(first(s.header, "If-Match"))
	line(first(s.header, "If-None-Match"))
	line(first(s.header, "If-Unmodified-Since"))
	line(first(s.header, "Range"))
	b = s.appendHeaders(b)
	return s.appendResource(b)
}

// tableText is the form of the table service: no length, no x-ms- headers.
func (s *signable) tableText(b []byte) []byte {
	date := first(s.header, "X-Ms-Date")
	if date == "" {
		date = first(s.header, "Date")
	}
	if !s.lite {
		b = append(append(b, s.method...), '\n')
		b = append(append(b, first(s.header, "Content-Md5")...), '\n')
		b = append(append(b, first(s.header, "Content-Type")...), '\n')
	}
	b = append(append(b, date...), '\n')
	return s.appendLiteResource(b)
}

// contentLength is "" for an empty body from version 2015-02-21 on, "0" before.
func (s *signable) contentLength() string {
	v := first(s.header, "Content-Length")
	if v == "0" && s.version >= V2015_02_21 {
		return ""
	}
	return v
}

// date is empty when x-ms-date is signed in its place.
func (s *signable) date() string {
	if first(s.header, "X-Ms-Date") != "" {
		return ""
	}
	return first(s.header, "Date")
}

// appendHeaders appends the canonicalized x-ms- headers.
func (s *signable) appendHeaders(b []byte) []byte {
	keys := make([]string, 0, 12)
	for k := range s.header {
		if len(k) > 5 && strings.EqualFold(k[:5], "x-ms-") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys) // so that names equal below still have one order
	slices.SortStableFunc(keys, s.compareHeaders)
	for _, k := range keys {
		b = appendLower(b, k)
		b = append(b, ':')
		for i, v := range s.header[k] {
			if i > 0 {
				b = append(b, ',')
			}
			v = strings.TrimSpace(v)
			if s.fold {
				v = strings.Join(strings.Fields(v), " ")
			}
			b = append(b, v...)
		}
		b = append(b, '\n')
	}
	return b
}

// compareHeaders orders header names, without regard to case.
func (s *signable) compareHeaders(a, b string) int {
	if s.collate {
		return collateHeaders(a, b)
	}
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// collationOrder is the order of the characters of header names in the culture
// that the service compares in. Hyphen and apostrophe are not in it: they only
// count between names that are otherwise the same.
const collationOrder = "!#$%&*.^_`|~+0123456789abcdefghijklmnopqrstuvwxyz"

// collateHeaders compares header names as a dictionary does.
func collateHeaders(a, b string) int {
	i, j := 0, 0
	for {
		for i < len(a) && ignorable(a[i]) {
			i++
		}
		for j < len(b) && ignorable(b[j]) {
			j++
		}
		if i == len(a) || j == len(b) {
			break
		}
		x, y := strings.IndexByte(collationOrder, lower(a[i])), strings.IndexByte(collationOrder, lower(b[j]))
		if x != y {
			return x - y
		}
		i, j = i+1, j+1
	}
	if i < len(a) || j < len(b) {
		return (len(a) - i) - (len(b) - j)
	}
	for k := range min(len(a), len(b)) { // the one whose hyphen comes first is later
		if x, y := ignorable(a[k]), ignorable(b[k]); x != y {
			if x {
				return 1
			}
			return -1
		}
	}
	return len(a) - len(b)
}

func ignorable(c byte) bool { return c == '-' || c == '\'' }

// appendResource appends "/account/path" and every query parameter.
func (s *signable) appendResource(b []byte) []byte {
	b = append(b, '/')
	b = append(b, s.account...)
	b = append(b, s.path...)
	if len(s.query) == 0 {
		return b
	}
	for _, name := range sortedNames(s.query) {
		values := s.query[name]
		if len(values) > 1 {
			values = slices.Sorted(slices.Values(values))
		}
		b = append(append(append(b, '\n'), name...), ':')
		for i, v := range values {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, v...)
		}
	}
	return b
}

// appendLiteResource appends "/account/path" and the comp parameter.
func (s *signable) appendLiteResource(b []byte) []byte {
	b = append(b, '/')
	b = append(b, s.account...)
	b = append(b, s.path...)
	if comp, ok := s.query["comp"]; ok {
		b = append(append(b, "?comp="...), comp[0]...)
	}
	return b
}

// variants are the same request as other clients sign it.
func (s *signable) variants() []signable {
	folded, reordered, both, secondary := *s, *s, *s, *s
	folded.fold, reordered.collate = true, true
	both.fold, both.collate = true, true
	all := []signable{folded, reordered, both}
	// At the path-style secondary endpoint some sign the primary's path.
	if rest, ok := strings.CutPrefix(s.path, "/"+s.account+secondarySuffix); ok {
		secondary.path = "/" + s.account + rest
		all = append(all, secondary)
	}
	return all
}

func appendLower(b []byte, s string) []byte {
	for i := range len(s) {
		b = append(b, lower(s[i]))
	}
	return b
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
