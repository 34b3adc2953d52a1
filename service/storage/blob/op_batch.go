package blob

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"reslog/service/storage"
)

// Bounds of a batch.
const (
	maxSubrequests     = 256
	maxSubrequestBytes = 64 << 10
)

// errMixedBatch refuses a batch of different operations.
var errMixedBatch = &storage.Error{Status: http.StatusBadRequest, Code: "AllBatchSubRequestsShouldBeSameApi", Message: "All batch subrequests should be the same api."}

// batch is "Blob Batch": POST /?comp=batch or POST
// /container?restype=container&comp=batch, from 2018-11-09 on. The body is
// multipart/mixed with at most 256 requests, all Delete Blob or all Set Blob
// Tier, each with its own authorization. 202 with all answers in their order.
//
// Each part goes through the same path as a request by itself, with its own
// request ID and its own record in the log, so that a deletion is a deletion
// there; only its version is that of the batch. Only the Throttle does not see
// it: a batch counts as one request.
func (s *Service) batch(c *storage.Call) error {
	if c.Version < storage.V2018_11_09 {
		return storage.ErrFeatureVersionMismatch
	}
	raw, err := readBody(c, maxBatchBody)
	if err != nil {
		return err
	}
	subs, err := parseBatch(c.Header("Content-Type"), raw)
	if err != nil {
		return err
	}
	run, err := s.batchFront(c)
	if err != nil {
		return err
	}
	boundary := "batchresponse_" + uuid.NewString()
	var out bytes.Buffer
	for _, sub := range subs {
		w := &memoryWriter{header: http.Header{}}
		run.ServeHTTP(w, sub.request(c))
		writeSubresponse(&out, boundary, sub.id, w)
	}
	fmt.Fprintf(&out, "--%s--\r\n", boundary)
	return c.Response.WriteBody(http.StatusAccepted, "multipart/mixed; boundary="+boundary, out.Bytes())
}

// subrequest is one request of a batch.
type subrequest struct {
	id  string // Content-ID, "" when it has none
	req *http.Request
}

// request prepares the part to be served: it came the way the batch came.
func (r *subrequest) request(c *storage.Call) *http.Request {
	in := r.req.WithContext(c.Context())
	in.Host, in.RemoteAddr, in.TLS = c.Request.Host, c.Request.RemoteAddr, c.Request.TLS
	in.Body = http.NoBody
	return in
}

// parseBatch takes a batch apart.
func parseBatch(contentType string, raw []byte) ([]subrequest, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/mixed" || params["boundary"] == "" {
		return nil, invalidHeader("Content-Type", contentType)
	}
	var subs []subrequest
	parts := multipart.NewReader(bytes.NewReader(raw), params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errInvalidBatchBody
		}
		if len(subs) == maxSubrequests {
			return nil, errTooManySubrequests
		}
		sub, err := parseSubrequest(part)
		if err != nil {
			return nil, err
		}
		subs = append(subs, sub)
	}
	if len(subs) == 0 {
		return nil, errInvalidBatchBody
	}
	return subs, nil
}

func parseSubrequest(part *multipart.Part) (subrequest, error) {
	if media, _, err := mime.ParseMediaType(part.Header.Get("Content-Type")); err != nil || media != "application/http" {
		return subrequest{}, errInvalidBatchBody
	}
	raw, err := io.ReadAll(io.LimitReader(part, maxSubrequestBytes+1))
	if err != nil || len(raw) > maxSubrequestBytes {
		return subrequest{}, errInvalidBatchBody
	}
	// A part without headers may lack the blank line that ends them.
	raw = append(bytes.TrimLeft(raw, "\r\n"), "\r\n\r\n"...)
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil || req.ContentLength > 0 || !strings.HasPrefix(req.RequestURI, "/") {
		return subrequest{}, errInvalidBatchBody
	}
	return subrequest{id: part.Header.Get("Content-Id"), req: req}, nil
}

// batchFront serves the parts of one batch.
func (s *Service) batchFront(c *storage.Call) (http.Handler, error) {
	if s.accounts == nil {
		return nil, storage.ErrNotImplemented
	}
	// Parts carry no version; the default one is that of the batch.
	properties := storage.OpenProperties(storage.PropertiesConfig{})
	p := storage.DefaultServiceProperties()
	p.DefaultServiceVersion = c.Version
	if err := properties.Set(c.Context(), c.Account, storage.Blob, p); err != nil {
		return nil, fmt.Errorf("prepare batch: %w", err)
	}
	cfg := c.Inner(&batchService{Service: s, outer: c})
	cfg.Accounts, cfg.Properties = s.accounts, properties
	cfg.Emitter, cfg.Audit, cfg.Observe, cfg.Logger = s.emitter, s.audit, s.observe, s.log
	return storage.NewFront(cfg), nil
}

// batchService is the blob service with the two operations that a batch may
// have, of one account and, in a container's batch, of one container.
type batchService struct {
	*Service
	outer *storage.Call
	op    *storage.Operation // of the first part
}

// Route picks the operation of a part.
func (b *batchService) Route(c *storage.Call) (*storage.Operation, error) {
	c.Version = b.outer.Version
	op, err := b.Service.Route(c)
	if err != nil {
		return nil, err
	}
	if op != b.ops.deleteBlob && op != b.ops.setBlobTier || c.Account.Name != b.outer.Account.Name {
		return nil, storage.ErrInvalidInput
	}
	if b.op == nil {
		b.op = op
	}
	if b.op != op {
		return nil, errMixedBatch
	}
	if b.outer.Container != "" && c.Container != b.outer.Container {
		return nil, storage.ErrInvalidInput
	}
	return op, nil
}

// writeSubresponse writes the answer to one part.
func writeSubresponse(out *bytes.Buffer, boundary, id string, w *memoryWriter) {
	fmt.Fprintf(out, "--%s\r\nContent-Type: application/http\r\n", boundary)
	if id != "" && storage.IsHeaderText(id) {
		fmt.Fprintf(out, "Content-ID: %s\r\n", id)
	}
	w.WriteHeader(http.StatusOK)
	fmt.Fprintf(out, "\r\nHTTP/1.1 %d %s\r\n", w.status, http.StatusText(w.status))
	keys := make([]string, 0, len(w.header))
	for k := range w.header {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		for _, v := range w.header[k] {
			fmt.Fprintf(out, "%s: %s\r\n", wireName(k), v)
		}
	}
	out.WriteString("\r\n")
	out.WriteString(w.body.String())
	out.WriteString("\r\n")
}
