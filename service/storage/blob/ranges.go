package blob

import (
	"strconv"
	"strings"

	"reslog/service/storage"
)

// byteRange is a range a client asked for; last is -1 when it is open.
type byteRange struct {
	first, last int64
}

// requestRange reads x-ms-range or, without it, Range. ok is false when there
// is none. The only form is "bytes=first-[last]": a Range header in another
// form is ignored, as HTTP wants it, an x-ms-range is refused.
func requestRange(c *storage.Call) (r byteRange, ok bool, err error) {
	h := c.Request.Header
	if v := h["X-Ms-Range"]; len(v) > 0 && v[0] != "" {
		r, ok = parseRange(v[0])
		if !ok {
			return r, false, invalidHeader("X-Ms-Range", v[0])
		}
		return r, true, nil
	}
	if v := h["Range"]; len(v) > 0 {
		r, ok = parseRange(v[0])
	}
	return r, ok, nil
}

func parseRange(s string) (byteRange, bool) {
	s, ok := strings.CutPrefix(s, "bytes=")
	if !ok {
		return byteRange{}, false
	}
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return byteRange{}, false
	}
	r := byteRange{last: -1}
	var err error
	if r.first, err = parseOffset(from); err != nil {
		return r, false
	}
	if to == "" {
		return r, true
	}
	if r.last, err = parseOffset(to); err != nil {
		return r, false
	}
	return r, r.first <= r.last
}

// parseOffset reads a number of bytes without a sign.
func parseOffset(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err
}

// within cuts r to a blob of the given length.
func (r byteRange) within(length int64) (offset, n int64, err error) {
	if r.first >= length {
		e := *storage.ErrInvalidRange
		e.Header = map[string][]string{"Content-Range": {"bytes */" + strconv.FormatInt(length, 10)}}
		return 0, 0, &e
	}
	last := length - 1
	if r.last >= 0 && r.last < last {
		last = r.last
	}
	return r.first, last - r.first + 1, nil
}

// pageSize is the unit of page blobs.
const pageSize = 512

// pageRange reads the range of Put Page, which must name whole pages.
func pageRange(name, value string) (offset, length int64, err error) {
	r, ok := parseRange(value)
	if !ok {
		return 0, 0, invalidHeader(name, value)
	}
	if r.last < 0 || r.first%pageSize != 0 || (r.last+1)%pageSize != 0 {
		return 0, 0, storage.ErrInvalidPageRange
	}
	return r.first, r.last - r.first + 1, nil
}
