package blob

import (
	"net/http"
	"strings"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// Conditional headers, as "Specifying conditional headers for Blob service
// operations" of the REST reference defines them:
//
//   - reads from 2013-08-15 on take any combination and lists of ETags, and are
//     evaluated as If-Match && If-Unmodified-Since && (If-None-Match || If-Modified-Since);
//   - writes, and reads of older versions, take one ETag and one header, except
//     that If-None-Match wins over If-Modified-Since and If-Match over
//     If-Unmodified-Since;
//   - a failed If-None-Match or If-Modified-Since is 304 for a read, everything
//     else is 412.

// conditionNames are the header names of one set of conditions, in canonical form.
type conditionNames struct {
	match, noneMatch, modified, unmodified, tags string
}

// targetConditions are the standard headers, about the resource of the URL.
var targetConditions = conditionNames{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "X-Ms-If-Tags"}

// sourceConditions are about the source of a copy.
var sourceConditions = conditionNames{
	"X-Ms-Source-If-Match", "X-Ms-Source-If-None-Match",
	"X-Ms-Source-If-Modified-Since", "X-Ms-Source-If-Unmodified-Since", "X-Ms-Source-If-Tags",
}

// use says what a condition guards, which decides the error when it fails.
type use uint8

const (
	useRead   use = iota // 304 or 412 ConditionNotMet
	useWrite             // 412 ConditionNotMet
	useCreate            // as useWrite, but If-None-Match: * is 409 BlobAlreadyExists
	useTarget            // 412 TargetConditionNotMet: the destination of a copy
	useSource            // 412 SourceConditionNotMet
)

// conditions are the conditional headers of a request. The zero value is always met.
type conditions struct {
	use        use
	set        bool
	match      string
	noneMatch  string
	modified   time.Time
	unmodified time.Time
	tags       *tagExpr
}

// parseConditions reads the conditional headers of c.
func parseConditions(c *storage.Call, u use) (conditions, error) {
	names := &targetConditions
	if u == useSource {
		names = &sourceConditions
	}
	h := c.Request.Header
	q := conditions{use: u}
	many := u == useRead && c.Version >= storage.V2013_08_15
	var err error
	if q.match, err = etagHeader(h, names.match, many); err != nil {
		return q, err
	}
	if q.noneMatch, err = etagHeader(h, names.noneMatch, many); err != nil {
		return q, err
	}
	if q.modified, err = dateHeader(h, names.modified); err != nil {
		return q, err
	}
	if q.unmodified, err = dateHeader(h, names.unmodified); err != nil {
		return q, err
	}
	if v := h[names.tags]; len(v) > 0 && c.Version >= storage.V2019_12_12 {
		if q.tags, err = parseTagCondition(v[0]); err != nil {
			return q, invalidHeader(names.tags, v[0])
		}
	}
	q.set = q.match != "" || q.noneMatch != "" || !q.modified.IsZero() || !q.unmodified.IsZero() || q.tags != nil
	if q.set && !many {
		return q, q.single()
	}
	return q, nil
}

// single applies the rule for writes and old reads: one header, or one of the
// two pairs, of which the ETag counts.
func (q *conditions) single() error {
	n := 0
	for _, given := range [...]bool{q.match != "", q.noneMatch != "", !q.modified.IsZero(), !q.unmodified.IsZero()} {
		if given {
			n++
		}
	}
	switch {
	case n == 2 && q.match != "" && !q.unmodified.IsZero():
		q.unmodified = time.Time{}
	case n == 2 && q.noneMatch != "" && !q.modified.IsZero():
		q.modified = time.Time{}
	case n > 1:
		return storage.ErrMultipleConditionHeadersNotSupported
	}
	return nil
}

func etagHeader(h http.Header, name string, many bool) (string, error) {
	v := h[name]
	if len(v) == 0 {
		return "", nil
	}
	etag := strings.TrimSpace(v[0])
	if len(v) > 1 {
		etag = strings.Join(v, ",")
	}
	if !many && strings.IndexByte(etag, ',') >= 0 {
		return "", storage.ErrMultipleConditionHeadersNotSupported
	}
	return etag, nil
}

func dateHeader(h http.Header, name string) (time.Time, error) {
	v := h[name]
	if len(v) == 0 || v[0] == "" {
		return time.Time{}, nil
	}
	if len(v) > 1 {
		return time.Time{}, storage.ErrMultipleConditionHeadersNotSupported
	}
	t, err := http.ParseTime(v[0])
	if err != nil {
		return time.Time{}, invalidHeader(name, v[0])
	}
	return t, nil
}

// checkBlob evaluates the conditions on a blob; nil stands for one that does
// not exist, which only a write gets to see.
func (q *conditions) checkBlob(b *blobstore.Blob) error {
	switch {
	case !q.set:
		return nil
	case b == nil:
		return q.checkAbsent()
	case q.tags != nil && !q.tags.match(b.Tags):
		return q.failed()
	}
	return q.check(b.ETag, b.LastModified)
}

// checkAbsent evaluates the conditions on what does not exist: an ETag or tags
// cannot match, all else holds.
func (q *conditions) checkAbsent() error {
	if q.match != "" || q.tags != nil {
		return q.failed()
	}
	return nil
}

// check evaluates all but the tags.
func (q *conditions) check(etag string, modified time.Time) error {
	if !q.set {
		return nil
	}
	// Headers carry whole seconds.
	modified = modified.Truncate(time.Second)
	if q.match != "" && !etagIn(q.match, etag) {
		return q.failed()
	}
	if !q.unmodified.IsZero() && modified.After(q.unmodified) {
		return q.failed()
	}
	if q.noneMatch == "*" {
		return q.failedAny()
	}
	noneMatch := q.noneMatch != "" && !etagIn(q.noneMatch, etag)
	changed := !q.modified.IsZero() && modified.After(q.modified)
	if (q.noneMatch != "" || !q.modified.IsZero()) && !noneMatch && !changed {
		if q.use == useRead {
			return storage.ErrNotModified
		}
		return q.failed()
	}
	return nil
}

func (q *conditions) failed() error {
	switch q.use {
	case useTarget:
		return storage.ErrTargetConditionNotMet
	case useSource:
		return storage.ErrSourceConditionNotMet
	}
	return storage.ErrConditionNotMet
}

// failedAny is If-None-Match: * on something that exists.
func (q *conditions) failedAny() error {
	switch q.use {
	case useRead:
		return errUnsatisfiableCondition
	case useCreate, useTarget:
		return storage.ErrBlobAlreadyExists
	}
	return q.failed()
}

// etagIn reports whether etag, which has no quotes, is in a header's list.
func etagIn(list, etag string) bool {
	if list == "*" {
		return true
	}
	for len(list) > 0 {
		var one string
		one, list, _ = strings.Cut(list, ",")
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if len(one) >= 2 && one[0] == '"' && one[len(one)-1] == '"' {
			one = one[1 : len(one)-1]
		}
		if one == etag {
			return true
		}
	}
	return false
}
