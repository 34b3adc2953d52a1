package storage

import (
	"slices"
	"strings"
)

const (
	metaPrefix = "X-Ms-Meta-"
	// maxMetadata bounds names and values together, in bytes.
	maxMetadata = 8 << 10
)

// Pair is one name and value of the metadata of a request.
type Pair struct{ Name, Value string }

// Metadata reads the x-ms-meta- headers, in the order of their names. Names must
// be C# identifiers (from 2009-09-19 on, the oldest version there is here), each
// given once.
//
// Source: REST API reference, "Setting and Retrieving Properties and Metadata".
func (c *Call) Metadata() ([]Pair, error) {
	var md []Pair
	var spelt map[string]string // for all names at once: there may be many
	size := 0
	for key, values := range c.Request.Header {
		if len(key) < len(metaPrefix) || !strings.EqualFold(key[:len(metaPrefix)], metaPrefix) {
			continue
		}
		if md == nil {
			spelt = c.spellings(metaPrefix)
		}
		name := metadataName(key, spelt)
		switch {
		case name == "":
			return nil, ErrEmptyMetadataKey
		case !IsIdentifier(name) || len(values) != 1 || !IsHeaderText(values[0]):
			return nil, ErrInvalidMetadata
		}
		if size += len(name) + len(values[0]); size > maxMetadata {
			return nil, ErrMetadataTooLarge
		}
		md = append(md, Pair{name, values[0]})
	}
	// Header order is lost in a map: a stable order makes equal requests equal.
	slices.SortFunc(md, func(a, b Pair) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(md); i++ {
		if strings.EqualFold(md[i-1].Name, md[i].Name) {
			return nil, ErrInvalidMetadata
		}
	}
	return md, nil
}

// metadataName returns the name in a header's key as the client spelt it. Where that
// is not known, a canonical key, which is what net/http makes of every
// spelling, stands for lower case; requests of the node itself keep their keys.
func metadataName(key string, spelt map[string]string) string {
	if name := spelt[key]; name != "" {
		return name[len(metaPrefix):]
	}
	if strings.HasPrefix(key, metaPrefix) {
		return strings.ToLower(key[len(metaPrefix):])
	}
	return key[len(metaPrefix):]
}

// IsIdentifier reports whether s is a C# identifier of ASCII letters.
func IsIdentifier(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// IsHeaderText reports whether s can be sent back in a header.
func IsHeaderText(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
