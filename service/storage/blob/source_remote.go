package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// remoteSource reads a copy source from a host that the configuration allows.
// Each range is a request of its own, with If-Match, so that all come from one
// version of the source.
type remoteSource struct {
	client *http.Client
	ctx    context.Context // of the request, or of the copy that goes on after it
	url    string
	etag   string
	open   []io.Closer
	// authorization is the token for the source, "" when there is none; version
	// goes with it.
	authorization string
	version       storage.Version
}

// authorize adds the token for the source to a request for it.
func (r *remoteSource) authorize(req *http.Request) {
	if r.authorization != "" {
		req.Header.Set("Authorization", r.authorization)
		req.Header.Set("X-Ms-Version", string(r.version))
	}
}

// openRemote looks at the source. Hosts that are not allowed are never talked
// to, and a token leaves over HTTPS only.
func (s *Service) openRemote(c *storage.Call, src *source, u *url.URL, authorization string) error {
	if !s.copyHosts[strings.ToLower(u.Host)] && !s.copyHosts[strings.ToLower(u.Hostname())] {
		return cannotVerify(http.StatusForbidden, "The host of the copy source is not one that this service may read from.")
	}
	if authorization != "" && u.Scheme != "https" {
		return cannotVerify(http.StatusForbidden, "A bearer token for the copy source needs HTTPS.")
	}
	req, err := http.NewRequestWithContext(c.Context(), http.MethodHead, u.String(), http.NoBody)
	if err != nil {
		return invalidHeader("X-Ms-Copy-Source", redactQuery(u.String()))
	}
	remote := &remoteSource{client: s.client, ctx: c.Context(), url: u.String(), authorization: authorization, version: c.Version}
	remote.authorize(req)
	res, err := s.client.Do(req)
	if err != nil {
		return cannotReach(c.Context(), err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ContentLength < 0 {
		return cannotVerify(remoteStatus(res.StatusCode), refusedSource(res.StatusCode, clip(res.Header.Get("X-Ms-Error-Code"))))
	}
	src.blob = remoteBlob(res)
	remote.etag = res.Header.Get("Etag")
	src.remote = remote
	return nil
}

// remoteStatus turns the status of a source into that of the answer: what is no
// refusal would be mistaken for success.
func remoteStatus(status int) int {
	if status >= 400 && status < 500 {
		return status
	}
	return http.StatusInternalServerError
}

// cannotReach words a failed connection without the URL, which may hold a
// signature.
func cannotReach(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	return cannotVerify(http.StatusInternalServerError, "Could not reach the copy source: "+err.Error())
}

// remoteBlob is what the headers of a source say about it.
func remoteBlob(res *http.Response) *blobstore.Blob {
	h := res.Header
	b := &blobstore.Blob{
		Type:               blobstore.BlockBlob,
		Length:             res.ContentLength,
		ETag:               strings.Trim(h.Get("Etag"), `"`),
		ContentType:        h.Get("Content-Type"),
		ContentEncoding:    h.Get("Content-Encoding"),
		ContentLanguage:    h.Get("Content-Language"),
		ContentDisposition: h.Get("Content-Disposition"),
		CacheControl:       h.Get("Cache-Control"),
	}
	if t := blobstore.BlobType(h.Get("X-Ms-Blob-Type")); t == blobstore.PageBlob && b.Length%pageSize == 0 || t == blobstore.AppendBlob {
		b.Type = t
	}
	if t, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		b.LastModified = t
	}
	if sum, err := decodeMD5(h.Get("Content-Md5")); err == nil {
		b.ContentMD5 = sum
	}
	if n, err := strconv.ParseInt(h.Get("X-Ms-Blob-Sequence-Number"), 10, 64); err == nil && n > 0 {
		b.SequenceNumber = n
	}
	if n, err := strconv.Atoi(h.Get("X-Ms-Blob-Committed-Block-Count")); err == nil && n > 0 && n <= maxCommitted && b.Type == blobstore.AppendBlob {
		b.AppendBlocks = n
	}
	for key, v := range h {
		if name, ok := strings.CutPrefix(key, metaPrefix); ok && storage.IsIdentifier(name) && storage.IsHeaderText(v[0]) {
			b.Metadata = append(b.Metadata, blobstore.Pair{Name: strings.ToLower(name), Value: v[0]})
		}
	}
	return b
}

func (r *remoteSource) reader(offset, length int64) (io.Reader, error) {
	if length == 0 {
		return strings.NewReader(""), nil
	}
	req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, r.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, offset+length-1))
	if r.etag != "" {
		req.Header.Set("If-Match", r.etag)
	}
	r.authorize(req)
	res, err := r.client.Do(req) //nolint:bodyclose // close does
	if err != nil {
		return nil, cannotReach(r.ctx, err)
	}
	r.open = append(r.open, res.Body)
	whole := res.StatusCode == http.StatusOK && offset == 0 && res.ContentLength == length
	if !whole && (res.StatusCode != http.StatusPartialContent || res.ContentLength != length) {
		return nil, cannotVerify(remoteStatus(res.StatusCode), refusedSource(res.StatusCode, clip(res.Header.Get("X-Ms-Error-Code"))))
	}
	if now := res.Header.Get("Etag"); r.etag != "" && now != "" && now != r.etag {
		// A host that knows no conditions.
		return nil, cannotVerify(http.StatusPreconditionFailed, sourceChanged)
	}
	return io.LimitReader(res.Body, length), nil
}

func (r *remoteSource) close() {
	for _, c := range r.open {
		c.Close()
	}
}
