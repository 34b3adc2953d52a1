package table

import (
	"net/url"
	"strconv"
	"strings"

	"reslog/service/storage"
)

// parseMessage reads a request inside of a batch: a request line, headers, and a
// body that is as long as Content-Length says or goes to the end.
func parseMessage(c *storage.Call, content string) (batchMessage, error) {
	var m batchMessage
	line, rest, _ := strings.Cut(strings.TrimLeft(content, "\r\n"), "\n")
	var target string
	var ok bool
	if m.method, target, ok = cutRequestLine(strings.TrimSuffix(line, "\r")); !ok {
		return m, invalidBatch("a part must begin with a request line")
	}
	if m.header, m.body, ok = cutHeaders(rest); !ok {
		return m, invalidBatch("the headers of a request cannot be read")
	}
	if n := first(m.header, "Content-Length"); n != "" {
		length, err := strconv.ParseUint(n, 10, 32)
		if err != nil || length > uint64(len(m.body)) {
			return m, invalidBatch("the body of a request is shorter than its Content-Length")
		}
		m.body = m.body[:length]
	}
	if m.header["Transfer-Encoding"] != nil {
		return m, invalidBatch("requests cannot have a Transfer-Encoding")
	}
	m.id = first(m.header, "Content-Id")
	if m.path, m.query, ok = resolve(c, target); !ok {
		return m, invalidBatch("a URL is none of this account")
	}
	q, err := parseQuery(m.query)
	m.format = q.Get("$format")
	return m, err
}

// cutRequestLine reads "METHOD target HTTP/1.1". Some clients leave spaces in the
// target as they are.
func cutRequestLine(line string) (method, target string, ok bool) {
	method, rest, _ := strings.Cut(line, " ")
	i := strings.LastIndexByte(rest, ' ')
	if i < 0 || !strings.HasPrefix(rest[i+1:], "HTTP/1.") || !isToken(method) || !isHeaderValue(rest) {
		return "", "", false
	}
	target = strings.Trim(rest[:i], " ")
	return method, target, target != ""
}

// resolve returns the path below the account, and the query, of a URL in a batch.
// It may be whole, with the account in its host or its path, an absolute path, or
// relative to the service. It must be of the account that the batch is of.
func resolve(c *storage.Call, target string) (path, query string, ok bool) {
	target, query, _ = strings.Cut(target, "?")
	scheme, rest, whole := strings.Cut(target, "://")
	switch {
	case whole && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")):
		host, path, _ := strings.Cut(rest, "/")
		if host == "" || strings.ContainsAny(host, "@ \\") {
			return "", "", false
		}
		label, _, _ := strings.Cut(host, ".")
		if strings.EqualFold(label, c.Account.Name) && len(label) < len(host) {
			return path, query, true
		}
		if path, ok := strings.CutPrefix(path, c.Account.Name+"/"); ok {
			return path, query, true
		}
		return path, query, !c.PathStyle && strings.EqualFold(host, c.Request.Host)
	case strings.HasPrefix(target, "//"):
		return "", "", false
	case !strings.HasPrefix(target, "/"):
		return target, query, true
	case c.PathStyle:
		path, ok = strings.CutPrefix(target[1:], c.Account.Name+"/")
		return path, query, ok
	}
	return target[1:], query, true
}

// parseQuery decodes the query of a URL in a batch, as the Front does that of a
// request: names are compared in lower case, a semicolon is a character.
func parseQuery(raw string) (url.Values, error) {
	q := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, storage.ErrInvalidUri
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, storage.ErrInvalidUri
		}
		q.Add(strings.ToLower(name), value)
	}
	return q, nil
}
