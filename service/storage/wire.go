package storage

import (
	"net/http"
	"strings"
)

// requestHeaderSize returns the bytes of a request's line and headers, with the
// blank line, as a client writes them: one space after each colon.
func requestHeaderSize(r *http.Request) int64 {
	uri := r.RequestURI
	if uri == "" {
		uri = r.URL.RequestURI()
	}
	n := len(r.Method) + 1 + len(uri) + 1 + len(r.Proto) + 2
	if r.Host != "" {
		n += len("Host: ") + len(r.Host) + 2
	}
	for k, vs := range r.Header {
		for _, v := range vs {
			n += len(k) + 2 + len(v) + 2
		}
	}
	// net/http takes this one out of the map.
	if len(r.TransferEncoding) > 0 {
		n += len("Transfer-Encoding: ") + len(strings.Join(r.TransferEncoding, ", ")) + 2
	}
	return int64(n + 2)
}

// headSize is the requestHeaderSize of the request.
func (x *exchange) headSize() int64 {
	if x.head == 0 {
		x.head = requestHeaderSize(&x.req)
	}
	return x.head
}

// responseHeaderSize returns the bytes of the status line and headers that
// net/http writes for this answer, with those it adds by itself.
func (x *exchange) responseHeaderSize(h http.Header, status int) int64 {
	text := http.StatusText(status)
	n := len("HTTP/1.1 200 ") + len(text) + 2
	if text == "" {
		n += len("status code 200")
	}
	for k, vs := range h {
		for _, v := range vs {
			n += len(k) + 2 + len(v) + 2
		}
	}
	_, hasLength := h["Content-Length"]
	switch r := x.req; {
	case !r.ProtoAtLeast(1, 1):
		if headerHas(r.Header["Connection"], "keep-alive") && (hasLength || r.Method == http.MethodHead || !bodyAllowed(status)) {
			n += len("Connection: keep-alive\r\n")
		}
	default:
		if !hasLength && r.Method != http.MethodHead && bodyAllowed(status) {
			n += len("Transfer-Encoding: chunked\r\n")
		}
		if x.closes && len(h["Connection"]) == 0 {
			n += len("Connection: close\r\n")
		}
	}
	return int64(n + 2)
}

// headerHas reports whether a comma-separated header has a token.
func headerHas(values []string, token string) bool {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// first returns the first value of a header; key must be in canonical form,
// which saves what Header.Get spends on making it so.
func first(h http.Header, key string) string {
	if v := h[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}
