package blob

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// headers writes response headers: one backing array for all values, because
// a slice for each of the twenty headers of a read would be twenty allocations.
type headers struct {
	h    http.Header
	vals []string
}

// answer starts the headers of an answer; keys must be in canonical form.
func answer(c *storage.Call) headers {
	return headers{h: c.Response.Header(), vals: make([]string, 0, 24)}
}

func (h *headers) set(key, value string) {
	h.vals = append(h.vals, value)
	n := len(h.vals)
	h.h[key] = h.vals[n-1 : n : n]
}

// optional sets a header unless its value is empty.
func (h *headers) optional(key, value string) {
	if value != "" {
		h.set(key, value)
	}
}

// Versions at which response headers changed, beside those the parent
// package names.
const (
	v2015_12_11 storage.Version = "2015-12-11"
	v2016_05_31 storage.Version = "2016-05-31"
	v2019_10_10 storage.Version = "2019-10-10"
	v2021_02_12 storage.Version = "2021-02-12"
	v2026_06_06 storage.Version = "2026-06-06"
	v2026_10_06 storage.Version = "2026-10-06"
)

// snapshotFormat is how a snapshot's time identifies it.
const snapshotFormat = "2006-01-02T15:04:05.0000000Z"

// quoted returns an ETag as a header carries it: from 2011-08-18 on in quotes.
func quoted(v storage.Version, etag string) string {
	if v < storage.V2011_08_18 {
		return etag
	}
	return `"` + etag + `"`
}

// setETag sets ETag and Last-Modified and notes them for the log.
func (h *headers) setETag(c *storage.Call, etag string, modified time.Time) {
	c.ETag = quoted(c.Version, etag)
	c.LastModified = modified
	h.set("Etag", c.ETag)
	h.set("Last-Modified", storage.HTTPTime(modified))
}

// changed answers a write: status, ETag and Last-Modified of the blob, no body.
func changed(c *storage.Call, h headers, status int, b *blobstore.Blob) error {
	h.setETag(c, b.ETag, b.LastModified)
	return finish(c, h, status)
}

// encrypted says that what was written is encrypted, as all data of the real
// service is; clients expect the header.
func (h *headers) encrypted(c *storage.Call) {
	if c.Version >= v2015_12_11 {
		h.set("X-Ms-Request-Server-Encrypted", "true")
	}
}

// finish sends an answer without a body.
func finish(c *storage.Call, h headers, status int) error {
	if status != http.StatusNoContent && status != http.StatusNotModified {
		h.set("Content-Length", "0")
	}
	c.Response.WriteHeader(status)
	return nil
}

// setBlob sets the headers that Get Blob and Get Blob Properties share, all but
// those about the bytes sent.
func (h *headers) setBlob(c *storage.Call, b *blobstore.Blob) {
	h.setETag(c, b.ETag, b.LastModified)
	h.set("X-Ms-Blob-Type", string(b.Type))
	if c.Version >= storage.V2011_08_18 {
		h.set("Accept-Ranges", "bytes")
	}
	h.setContent(c, b)
	h.setMetadata(b.Metadata)
	if c.Version >= storage.V2017_11_09 {
		h.set("X-Ms-Creation-Time", storage.HTTPTime(b.Created))
	}
	if b.Snapshot.IsZero() {
		h.setLease(c, &b.Lease)
	}
	if c.Version >= storage.V2012_02_12 && b.Copy != nil {
		h.setCopy(b.Copy)
	}
	if c.Version >= v2015_12_11 {
		h.set("X-Ms-Server-Encrypted", "true")
	}
	if n := len(b.Tags); n > 0 && c.Version >= storage.V2019_12_12 {
		h.set("X-Ms-Tag-Count", strconv.Itoa(n))
	}
	switch b.Type {
	case blobstore.PageBlob:
		h.set("X-Ms-Blob-Sequence-Number", strconv.FormatInt(b.SequenceNumber, 10))
	case blobstore.AppendBlob:
		h.set("X-Ms-Blob-Committed-Block-Count", strconv.Itoa(b.AppendBlocks))
		if b.Sealed && c.Version >= v2019_10_10 {
			h.set("X-Ms-Blob-Sealed", "true")
		}
	}
}

// setContent sets the content headers that were stored; the Front overrides
// those that a SAS asks to have overridden.
func (h *headers) setContent(c *storage.Call, b *blobstore.Blob) {
	h.optional("Content-Type", b.ContentType)
	h.optional("Cache-Control", b.CacheControl)
	h.optional("Content-Encoding", b.ContentEncoding)
	h.optional("Content-Language", b.ContentLanguage)
	if c.Version >= storage.V2013_08_15 {
		h.optional("Content-Disposition", b.ContentDisposition)
	}
}

// defaultContentType is the type of blobs created without one.
const defaultContentType = "application/octet-stream"

func (h *headers) setLease(c *storage.Call, l *blobstore.Lease) {
	if l.ID == "" { // never leased: the common case costs nothing
		h.set("X-Ms-Lease-Status", "unlocked")
		if c.Version >= storage.V2012_02_12 {
			h.set("X-Ms-Lease-State", "available")
		}
		return
	}
	state := stateOf(l, c.Now)
	h.set("X-Ms-Lease-Status", state.status())
	if c.Version >= storage.V2012_02_12 {
		h.set("X-Ms-Lease-State", state.String())
		if state == leaseLeased {
			h.set("X-Ms-Lease-Duration", leaseDuration(l))
		}
	}
}

func (h *headers) setCopy(cp *blobstore.Copy) {
	h.set("X-Ms-Copy-Id", cp.ID)
	h.set("X-Ms-Copy-Source", cp.Source)
	h.set("X-Ms-Copy-Status", cp.Status)
	h.optional("X-Ms-Copy-Status-Description", cp.Description)
	h.set("X-Ms-Copy-Progress", copyProgress(cp))
	if !cp.Completed.IsZero() {
		h.set("X-Ms-Copy-Completion-Time", storage.HTTPTime(cp.Completed))
	}
}

func copyProgress(cp *blobstore.Copy) string {
	return strconv.FormatInt(cp.Copied, 10) + "/" + strconv.FormatInt(cp.Total, 10)
}

// setTier sets the headers about the access tier, which block blobs and page
// blobs of premium accounts have; ours are standard accounts, so only block
// blobs. An inferred tier is the account's default, Hot.
func (h *headers) setTier(b *blobstore.Blob) {
	if b.Type != blobstore.BlockBlob {
		return
	}
	if b.Tier == "" {
		h.set("X-Ms-Access-Tier", defaultTier)
		h.set("X-Ms-Access-Tier-Inferred", "true")
		return
	}
	h.set("X-Ms-Access-Tier", b.Tier)
	if !b.TierChanged.IsZero() {
		h.set("X-Ms-Access-Tier-Change-Time", storage.HTTPTime(b.TierChanged))
	}
	h.optional("X-Ms-Archive-Status", b.Archive)
	h.optional("X-Ms-Rehydrate-Priority", b.Rehydrate)
}

// contentHeaders reads the x-ms-blob-… headers (and, when standard is set, the
// standard content headers they fall back to) into b.
func contentHeaders(c *storage.Call, b *blobstore.Blob, standard bool) error {
	h := c.Request.Header
	for _, f := range [...]struct {
		name, fallback string
		to             *string
	}{
		{"X-Ms-Blob-Content-Type", "Content-Type", &b.ContentType},
		{"X-Ms-Blob-Content-Encoding", "Content-Encoding", &b.ContentEncoding},
		{"X-Ms-Blob-Content-Language", "Content-Language", &b.ContentLanguage},
		{"X-Ms-Blob-Cache-Control", "Cache-Control", &b.CacheControl},
		{"X-Ms-Blob-Content-Disposition", "", &b.ContentDisposition},
	} {
		v := h[f.name]
		if len(v) == 0 && standard && f.fallback != "" {
			v = h[f.fallback]
		}
		if len(v) == 0 {
			continue
		}
		if !storage.IsHeaderText(v[0]) || len(v[0]) > maxContentHeader {
			return invalidHeader(f.name, v[0])
		}
		*f.to = v[0]
	}
	if v := h["X-Ms-Blob-Content-Md5"]; len(v) > 0 && v[0] != "" {
		sum, err := decodeMD5(v[0])
		if err != nil {
			return err
		}
		b.ContentMD5 = sum
	}
	return nil
}

// maxContentHeader bounds a stored content header, in bytes.
const maxContentHeader = 4 << 10

func decodeMD5(s string) ([]byte, error) {
	sum, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil || len(sum) != 16 {
		return nil, storage.ErrInvalidMd5
	}
	return sum, nil
}

// wireName spells a header's canonical name as the service does.
func wireName(name string) string {
	if strings.HasPrefix(name, "X-Ms-") {
		return strings.ToLower(name)
	}
	return name
}
