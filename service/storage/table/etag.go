package table

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"reslog/service/storage"
)

// An ETag is W/"datetime'2024-01-02T03%3A04%3A05.0067Z'", the Timestamp of the
// entity, to 100 ns and without zeros at its end.

// appendETag appends the ETag of a Timestamp.
func appendETag(b []byte, t time.Time) []byte {
	b = append(b, `W/"datetime'`...)
	b = appendTime(b, t, "%3A")
	return append(b, `'"`...)
}

// etagOf is the ETag of a Timestamp.
func etagOf(t time.Time) string {
	var buf [64]byte
	return string(appendETag(buf[:0], t))
}

// neverMatches is the Timestamp of no entity: what an ETag stands for that is one,
// but not of ours.
var neverMatches = time.Unix(0, 100)

// parseETag returns the Timestamp in an ETag, neverMatches for one that some other
// service gave. ok is false for what is no ETag.
func parseETag(s string) (t time.Time, ok bool) {
	inner := strings.TrimPrefix(s, "W/")
	if len(inner) < 2 || inner[0] != '"' || inner[len(inner)-1] != '"' {
		return time.Time{}, false
	}
	if inner = inner[1 : len(inner)-1]; strings.Contains(inner, `"`) {
		return time.Time{}, false
	}
	const before, behind = "datetime'", "'"
	if !strings.HasPrefix(inner, before) || !strings.HasSuffix(inner[len(before):], behind) {
		return neverMatches, true
	}
	text, err := url.PathUnescape(inner[len(before) : len(inner)-len(behind)])
	if err != nil {
		return neverMatches, true
	}
	ticks, ok := parseDateTime(text)
	if !ok {
		return neverMatches, true
	}
	return timeOf(ticks), true
}

// condition is what a change demands of the entity that is there.
type condition struct {
	given bool
	// match is its Timestamp; zero is any.
	match time.Time
}

// conditionOf reads the conditions of a change: If-Match, which is an ETag or "*".
//
// Source: REST API reference, "Table service error codes".
func conditionOf(method string, h http.Header) (condition, error) {
	ifMatch, hasMatch := h["If-Match"]
	if _, hasNone := h["If-None-Match"]; hasNone {
		switch {
		case hasMatch:
			return condition{}, errBothConditions
		case method == http.MethodDelete:
			return condition{}, errIfNoneMatchDelete
		}
		return condition{}, errIfNoneMatch
	}
	if !hasMatch {
		return condition{}, nil
	}
	value := strings.TrimSpace(ifMatch[0])
	if len(ifMatch) > 1 {
		return condition{}, invalidETag(strings.Join(ifMatch, ","))
	}
	if value == "*" {
		return condition{given: true}, nil
	}
	t, ok := parseETag(value)
	if !ok {
		return condition{}, invalidETag(value)
	}
	return condition{given: true, match: t}, nil
}

// checkRead applies the conditions of a read to the entity it found.
func checkRead(h http.Header, t time.Time) error {
	ifMatch, hasMatch := h["If-Match"]
	ifNone, hasNone := h["If-None-Match"]
	if !hasMatch && !hasNone {
		return nil
	}
	if hasMatch && hasNone {
		return errBothConditions
	}
	values := ifMatch
	if hasNone {
		values = ifNone
	}
	value := strings.TrimSpace(values[0])
	want, ok := parseETag(value)
	if value != "*" && (!ok || len(values) > 1) {
		return invalidETag(strings.Join(values, ","))
	}
	same := value == "*" || want.Equal(t)
	switch {
	case hasMatch && !same:
		return storage.ErrUpdateConditionNotSatisfied
	case hasNone && same:
		return storage.ErrNotModified
	}
	return nil
}
