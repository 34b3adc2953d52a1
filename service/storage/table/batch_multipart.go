package table

import (
	"net/http"
	"net/textproto"
	"strings"
)

// Bounds of the headers of a part and of a request in it.
const (
	maxPartHeaders     = 64
	maxPartHeaderBytes = 16 << 10
)

// splitParts splits a multipart body (RFC 2046) into its parts, headers and all,
// and returns most of them at most. Lines may end with CRLF or LF, each as it
// likes. The end must be marked, but for a last line that begins a part and is the
// last thing there: early clients for JavaScript close a batch so.
//
// The parts are cut out of body, nothing is copied.
func splitParts(body, boundary string, most int) ([]string, error) {
	mark := "\n--" + boundary
	_, rest, closes, ok := cutDelimiter(body, mark)
	var parts []string
	for ok && !closes {
		if len(parts) > 0 && strings.TrimLeft(rest, " \t\r\n") == "" {
			return parts, nil
		}
		var part string
		if part, rest, closes, ok = cutDelimiter(rest, mark); !ok {
			break
		}
		if parts = append(parts, part); len(parts) == most {
			return parts, nil
		}
	}
	switch {
	case !ok:
		return nil, invalidBatch("a boundary is missing")
	case len(parts) == 0:
		return nil, invalidBatch("it has no parts")
	}
	return parts, nil
}

// cutDelimiter splits a body at the next line that consists of two hyphens and the
// boundary, maybe two more, which close the body, and maybe white space. The line
// break before it belongs to it. mark is how it begins, with that line break.
func cutDelimiter(s, mark string) (before, after string, closes, ok bool) {
	for i := -1; ; {
		if i < 0 && strings.HasPrefix(s, mark[1:]) {
			i = 0
		} else {
			n := strings.Index(s[max(i, 0):], mark)
			if n < 0 {
				return "", "", false, false
			}
			i = max(i, 0) + n + 1
		}
		line := s[i+len(mark)-1:]
		after = ""
		if n := strings.IndexByte(line, '\n'); n >= 0 {
			line, after = line[:n], line[n+1:]
		}
		line, closes = strings.CutPrefix(line, "--")
		if strings.Trim(line, " \t\r") == "" {
			before = strings.TrimSuffix(s[:i], "\n")
			return strings.TrimSuffix(before, "\r"), after, closes, true
		}
	}
}

// cutHeaders reads headers up to an empty line, or to the end: who has no body to
// send may leave the empty line out.
func cutHeaders(s string) (h http.Header, rest string, ok bool) {
	h = make(http.Header, 8)
	size := len(s)
	for s != "" {
		var line string
		line, s, _ = strings.Cut(s, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		name, value, found := strings.Cut(line, ":")
		if !found || !isToken(name) || !isHeaderValue(value) || len(h) == maxPartHeaders || size-len(s) > maxPartHeaderBytes {
			return nil, "", false
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		h[name] = append(h[name], strings.Trim(value, " \t"))
	}
	return h, s, true
}

// isToken reports whether s can be the name of a header or a method.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isHeaderValue reports whether s can be the value of a header.
func isHeaderValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
