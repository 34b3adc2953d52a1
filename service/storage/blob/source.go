package blob

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// maxSourceURL bounds x-ms-copy-source, in bytes.
const maxSourceURL = 8 << 10

// source is the open source of a copy: a blob of this node, whose content can
// be shared, or an answer from another host, which can only be read.
type source struct {
	blob   *blobstore.Blob // of another host: what its headers say
	handle *blobstore.Handle
	remote *remoteSource
	// url is x-ms-copy-source as received, for the log.
	url string
	// key is "/account/container/blob" for a source on this node, else "".
	key string
	// mayReadTags reports whether what opened a source on this node opens its
	// tags too; nil when there is nothing to ask.
	mayReadTags func() bool
}

func (s *source) close() {
	if s.handle != nil {
		s.handle.Close()
	}
	if s.remote != nil {
		s.remote.close()
	}
}

// reader reads length bytes of the source from offset on.
func (s *source) reader(offset, length int64) (io.Reader, error) {
	if s.handle != nil {
		return io.NewSectionReader(s.handle, offset, length), nil
	}
	return s.remote.reader(offset, length)
}

// stored is the form of the URL that a blob keeps as its copy source: without
// the signature that opened it.
func (s *source) stored() string {
	u, err := url.Parse(s.url)
	if err != nil {
		return ""
	}
	q := u.Query()
	u.RawQuery = ""
	if at := q.Get("snapshot"); at != "" {
		u.RawQuery = "snapshot=" + url.QueryEscape(at)
	}
	return u.String()
}

// openSource opens x-ms-copy-source: a public blob, one that the URL's own
// signature opens, one that the token of x-ms-copy-source-authorization opens,
// or one that the request's own identity does, see opensSources.
func (s *Service) openSource(c *storage.Call) (*source, error) {
	raw := c.Header("X-Ms-Copy-Source")
	c.SourceURI = raw
	authorization, err := s.sourceAuthorization(c)
	if err != nil {
		return nil, err
	}
	u, err := sourceURL(c, raw)
	if err != nil {
		return nil, err
	}
	src := &source{url: raw}
	// A path is that of a blob of this service, whatever the host of the request.
	if !strings.HasPrefix(raw, "/") && !s.isLocal(c, u) {
		return src, s.openRemote(c, src, u, authorization)
	}
	found, err := s.probeSource(c, u, authorization)
	if err != nil {
		return nil, err
	}
	at, err := parseSnapshot("snapshot", found.query.Get("snapshot"))
	if err != nil {
		return nil, err
	}
	src.key = "/" + found.ref.Account + "/" + found.ref.Container + "/" + found.ref.Name
	src.mayReadTags = found.mayReadTags
	src.handle, err = s.store.Open(c.Context(), found.ref, at)
	switch {
	case errors.Is(err, blobstore.ErrContainerNotFound), errors.Is(err, blobstore.ErrBlobNotFound):
		return nil, cannotVerify(http.StatusNotFound, storage.ErrBlobNotFound.Message)
	case err != nil:
		return nil, err
	}
	src.blob = src.handle.Blob
	s.asOf(src.blob, c.Now)
	return src, nil
}

// sourceAuthorization returns x-ms-copy-source-authorization, a bearer token
// for the source, "" when the request has none. The operations that read within
// the request take it, from 2020-10-02 on.
func (s *Service) sourceAuthorization(c *storage.Call) (string, error) {
	v := c.Request.Header["X-Ms-Copy-Source-Authorization"]
	if len(v) == 0 {
		return "", nil
	}
	scheme, _, _ := strings.Cut(v[0], " ")
	switch {
	case c.Op == s.ops.copyBlob, c.Version < storage.V2020_10_02:
		return "", unsupportedHeader("X-Ms-Copy-Source-Authorization", "")
	case len(v) > 1 || !strings.EqualFold(scheme, "Bearer"):
		return "", cannotVerify(http.StatusUnauthorized, "Server failed to authenticate the copy source: only authentication scheme Bearer is supported.")
	}
	return v[0], nil
}

// opensSources reports whether the identity of the request may open sources in
// its own account: the account's key for Copy Blob, a bearer token also for Copy
// Blob From URL, provided its roles allow reading.
//
// Source: "Copy Blob"; "Authorize with Microsoft Entra ID", rows "Copy Blob" and
// "Copy Blob from URL".
func (s *Service) opensSources(c *storage.Call) bool {
	switch c.Identity.Type {
	case storage.SharedKey, storage.System:
		return c.Op == s.ops.copyBlob
	case storage.OAuth:
		return c.Op == s.ops.copyBlob || c.Op == s.ops.copyBlobFromURL
	}
	return false
}

// sourceURL parses x-ms-copy-source. Before 2012-02-12 it is a path,
// "/account/container/blob".
func sourceURL(c *storage.Call, raw string) (*url.URL, error) {
	bad := invalidHeader("X-Ms-Copy-Source", redactQuery(raw))
	if raw == "" || len(raw) > maxSourceURL {
		return nil, bad
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, bad
	}
	if strings.HasPrefix(raw, "/") && c.Version < storage.V2012_02_12 {
		u.Scheme, u.Host = "http", c.Request.Host
		if !c.PathStyle {
			// The account is in the path, whatever the host of the request.
			u.Host = "localhost" + portOf(c.Request.Host)
		}
		return u, nil
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, bad
	}
	return u, nil
}

// redactQuery drops the query, which may hold a signature.
func redactQuery(s string) string {
	s, _, _ = strings.Cut(s, "?")
	return s
}

func portOf(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return ":" + port
	}
	return ""
}

// isLocal reports whether a URL leads to this node: to the host the request
// came to, to another account under the same suffix, or to another name of the
// loopback interface on the same port.
func (s *Service) isLocal(c *storage.Call, u *url.URL) bool {
	here, there := strings.ToLower(c.Request.Host), strings.ToLower(u.Host)
	if here == there {
		return true
	}
	if isLoopback(here) && isLoopback(there) && portOf(here) == portOf(there) {
		return true
	}
	_, hereRest, _ := strings.Cut(here, ".")
	label, thereRest, ok := strings.Cut(there, ".")
	if !ok || s.accounts == nil || thereRest != hereRest && thereRest != here {
		return false
	}
	_, known := s.accounts.Account(strings.TrimSuffix(label, "-secondary"))
	return known
}

func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return ip != nil && ip.IsLoopback()
}

// cannotVerify is CannotVerifyCopySource with the status and the words of what
// reading the source met.
func cannotVerify(status int, message string) error {
	e := *storage.ErrCannotVerifyCopySource
	e.Status, e.Message = status, message
	return &e
}
