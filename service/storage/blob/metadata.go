package blob

import (
	"slices"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

const (
	metaPrefix = "X-Ms-Meta-"
	// maxMetadata bounds names and values together, in bytes.
	maxMetadata = 8 << 10
)

// requestMetadata reads the x-ms-meta- headers. Names must be C# identifiers
// (from 2009-09-19 on, the oldest version there is here), each given once.
func requestMetadata(c *storage.Call) (blobstore.Metadata, error) {
	var md blobstore.Metadata
	size := 0
	for key, values := range c.Request.Header {
		if len(key) < len(metaPrefix) || !strings.EqualFold(key[:len(metaPrefix)], metaPrefix) {
			continue
		}
		name := metadataName(c, key)
		switch {
		case name == "":
			return nil, storage.ErrEmptyMetadataKey
		case !isIdentifier(name) || len(values) != 1 || !isHeaderText(values[0]):
			return nil, storage.ErrInvalidMetadata
		}
		if size += len(name) + len(values[0]); size > maxMetadata {
			return nil, storage.ErrMetadataTooLarge
		}
		md = append(md, blobstore.Pair{Name: name, Value: values[0]})
	}
	// Header order is lost in a map: a stable order makes equal requests equal.
	slices.SortFunc(md, func(a, b blobstore.Pair) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(md); i++ {
		if strings.EqualFold(md[i-1].Name, md[i].Name) {
			return nil, storage.ErrInvalidMetadata
		}
	}
	return md, nil
}

// metadataName returns the name in a header's key as the client spelled it. Where
// that is not known, a canonical key, which is what net/http makes of every
// spelling, stands for lower case; requests of the node itself keep their keys.
func metadataName(c *storage.Call, key string) string {
	if name := c.HeaderName(key); name != "" {
		return name[len(metaPrefix):]
	}
	if strings.HasPrefix(key, metaPrefix) {
		return strings.ToLower(key[len(metaPrefix):])
	}
	return key[len(metaPrefix):]
}

// isIdentifier reports whether s is a C# identifier of ASCII letters.
func isIdentifier(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// isHeaderText reports whether s can be sent back in a header.
func isHeaderText(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// setMetadata adds the x-ms-meta- headers of md.
func (h *headers) setMetadata(md blobstore.Metadata) {
	for i := range md {
		// Not in canonical form: the name keeps its case on the wire.
		h.set("x-ms-meta-"+md[i].Name, md[i].Value)
	}
}
