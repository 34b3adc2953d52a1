package blob

import (
	"strconv"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// maxPageRanges is the most ranges an answer has, from 2020-10-02 on.
const maxPageRanges = 10_000

// getPageRanges is "Get Page Ranges": GET /container/blob?comp=pagelist, all
// versions; with prevsnapshot (2015-07-08 and later) what changed since that
// snapshot. From 2020-10-02 on the list comes in pages, with marker and
// maxresults; older versions get all at once.
func (s *Service) getPageRanges(c *storage.Call) error {
	if v := c.Request.Header["X-Ms-Previous-Snapshot-Url"]; len(v) > 0 {
		return unsupportedHeader("X-Ms-Previous-Snapshot-Url", v[0])
	}
	at, err := snapshotTime(c)
	if err != nil {
		return err
	}
	previous, err := parseSnapshot("prevsnapshot", c.Query.Get("prevsnapshot"))
	if err != nil {
		return err
	}
	p, err := s.demands(c, useRead)
	if err != nil {
		return err
	}
	handle, err := s.store.Open(c.Context(), ref(c), at)
	if err != nil {
		return s.storeError(err)
	}
	defer handle.Close()
	b := handle.Blob
	if err := mustBe(b, blobstore.PageBlob); err != nil {
		return err
	}
	if err := p.observe(c, b); err != nil {
		return err
	}
	offset, length := int64(0), b.Length
	if rng, ok, err := requestRange(c); err != nil {
		return err
	} else if ok {
		if offset, length, err = rng.within(b.Length); err != nil {
			return err
		}
		// Ranges are reported in whole pages.
		end := (offset + length + pageSize - 1) / pageSize * pageSize
		offset -= offset % pageSize
		length = min(end, b.Length) - offset
	}
	var ranges []blobstore.Range
	if previous.IsZero() {
		ranges, err = handle.Pages(offset, length)
	} else {
		if !at.IsZero() && previous.After(at) {
			return storage.ErrPreviousSnapshotCannotBeNewer
		}
		before, err2 := s.store.Open(c.Context(), ref(c), previous)
		if err2 != nil {
			return storage.ErrPreviousSnapshotNotFound
		}
		defer before.Close()
		if before.Blob.Created != b.Created {
			return storage.ErrBlobOverwritten
		}
		ranges, err = handle.PagesDiff(before, offset, length)
	}
	if err != nil {
		return err
	}
	ranges, next, err := pageOfRanges(c, ranges)
	if err != nil {
		return err
	}
	h := answer(c)
	h.setETag(c, b.ETag, b.LastModified)
	h.set("X-Ms-Blob-Content-Length", formatInt(b.Length))
	w := newXML()
	defer w.release()
	w.raw("<PageList>")
	for _, r := range ranges {
		name := "PageRange"
		if r.Cleared {
			name = "ClearRange"
		}
		w.raw("<" + name + ">")
		w.element("Start", formatInt(r.Offset))
		w.element("End", formatInt(r.Offset+r.Length-1))
		w.raw("</" + name + ">")
	}
	if c.Version >= storage.V2020_10_02 {
		w.element("NextMarker", next)
	}
	w.raw("</PageList>")
	return w.send(c)
}

// pageOfRanges cuts the ranges to one page. The marker is the offset that the
// next page starts at.
func pageOfRanges(c *storage.Call, ranges []blobstore.Range) (page []blobstore.Range, next string, err error) {
	if c.Version < storage.V2020_10_02 {
		return ranges, "", nil
	}
	most := maxPageRanges
	if v := c.Query.Get("maxresults"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return nil, "", invalidQuery("maxresults", v, "not a number")
		}
		if n <= 0 {
			return nil, "", storage.OutOfRangeQuery("maxresults", v, 1, maxPageRanges)
		}
		most = min(n, maxPageRanges)
	}
	if v := c.Query.Get("marker"); v != "" {
		from, err := parseOffset(v)
		if err != nil {
			return nil, "", invalidQuery("marker", v, "not a marker of this operation")
		}
		for len(ranges) > 0 && ranges[0].Offset < from {
			ranges = ranges[1:]
		}
	}
	if len(ranges) > most {
		return ranges[:most], formatInt(ranges[most].Offset), nil
	}
	return ranges, "", nil
}
