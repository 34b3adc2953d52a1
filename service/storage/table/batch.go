package table

import (
	"mime"
	"strings"

	"reslog/service/storage"
)

// Bounds of a batch. Its length is that of operations.go.
const (
	maxChanges  = 100
	maxBoundary = 70 // characters, RFC 2046
)

// batch is the body of an entity group transaction: a change set, or one query.
type batch struct {
	changes []batchMessage // at most one more than maxChanges
	query   *batchMessage
	// extra are the parts behind the change set, which the service does not look
	// into.
	extra int
}

// batchMessage is a request inside of a batch.
type batchMessage struct {
	message
	query string // of its URL
	// id is its Content-ID, which the answer repeats; inPart says that it is one of
	// the part's headers, not of the request's.
	id     string
	inPart bool
}

// invalidBatch refuses a batch that cannot be read.
func invalidBatch(reason string) error {
	e := *storage.ErrInvalidInput
	e.Message += " The batch is not well formed: " + reason + "."
	return &e
}

// parseBatch takes the body of a request apart. Its first part is what counts, and
// a query stands alone.
//
// Source: REST API reference, "Performing entity group transactions".
func parseBatch(c *storage.Call, body string) (batch, error) {
	boundary, ok := boundaryOf(c.Header("Content-Type"))
	if !ok {
		return batch{}, invalidBatch("its Content-Type must be multipart/mixed with a boundary")
	}
	parts, err := splitParts(body, boundary, maxChanges+1)
	if err != nil {
		return batch{}, err
	}
	h, content, ok := cutHeaders(parts[0])
	if !ok {
		return batch{}, invalidBatch("the headers of a part cannot be read")
	}
	if boundary, ok = boundaryOf(first(h, "Content-Type")); ok {
		b := batch{extra: len(parts) - 1}
		b.changes, err = parseChanges(c, content, boundary)
		return b, err
	}
	if len(parts) > 1 {
		return batch{}, invalidBatch("a query must be the only part")
	}
	m, err := parsePart(c, parts[0])
	if err == nil && m.method != "GET" {
		err = invalidBatch("changes must be in a change set")
	}
	return batch{query: &m}, err
}

// parseChanges takes a change set apart.
func parseChanges(c *storage.Call, body, boundary string) ([]batchMessage, error) {
	parts, err := splitParts(body, boundary, maxChanges+1)
	if err != nil {
		return nil, err
	}
	changes := make([]batchMessage, len(parts))
	for i, part := range parts {
		if changes[i], err = parsePart(c, part); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

// parsePart reads a part that is a request.
func parsePart(c *storage.Call, part string) (batchMessage, error) {
	h, content, ok := cutHeaders(part)
	if !ok {
		return batchMessage{}, invalidBatch("the headers of a part cannot be read")
	}
	media, _, err := mime.ParseMediaType(first(h, "Content-Type"))
	if err != nil || media != "application/http" {
		return batchMessage{}, invalidBatch("the Content-Type of a part must be application/http")
	}
	switch strings.ToLower(first(h, "Content-Transfer-Encoding")) {
	case "", "binary", "8bit", "7bit":
	default:
		return batchMessage{}, invalidBatch("the Content-Transfer-Encoding of a part must be binary")
	}
	m, err := parseMessage(c, content)
	if m.id == "" {
		m.id, m.inPart = first(h, "Content-Id"), true
	}
	return m, err
}

// boundaryOf is the boundary of a multipart/mixed.
func boundaryOf(contentType string) (string, bool) {
	media, params, err := mime.ParseMediaType(contentType)
	b := params["boundary"]
	return b, err == nil && media == "multipart/mixed" && b != "" && len(b) <= maxBoundary
}
