package blob

import (
	"encoding/xml"
	"net/url"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// Bounds of blob index tags.
const (
	maxTags     = 10
	maxTagName  = 128
	maxTagValue = 256
)

// requestTags reads x-ms-tags, "name=value&name=value" in URL encoding, from
// 2019-12-12 on. The caller needs the permission to write tags.
func requestTags(c *storage.Call) (blobstore.Metadata, error) {
	v := c.Request.Header["X-Ms-Tags"]
	if len(v) == 0 || v[0] == "" || c.Version < storage.V2019_12_12 {
		return nil, nil
	}
	if err := needsPermission(c, "t", blobTagsWrite); err != nil {
		return nil, err
	}
	return parseTagHeader(v[0])
}

func parseTagHeader(s string) (blobstore.Metadata, error) {
	var tags blobstore.Metadata
	for pair := range strings.SplitSeq(s, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, invalidHeader("X-Ms-Tags", s)
		}
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, invalidHeader("X-Ms-Tags", s)
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, invalidHeader("X-Ms-Tags", s)
		}
		tags = append(tags, blobstore.Pair{Name: name, Value: value})
		if err := checkTags(tags); err != nil {
			return nil, err
		}
	}
	return tags, nil
}

// tagSet is the body of Get and Set Blob Tags.
type tagSet struct {
	XMLName xml.Name `xml:"Tags"`
	Set     struct {
		Tags []struct {
			Key   string `xml:"Key"`
			Value string `xml:"Value"`
		} `xml:"Tag"`
	} `xml:"TagSet"`
}

func parseTagSet(raw []byte) (blobstore.Metadata, error) {
	var set tagSet
	if err := storage.DecodeXML(raw, &set); err != nil {
		return nil, err
	}
	tags := make(blobstore.Metadata, len(set.Set.Tags))
	for i, t := range set.Set.Tags {
		tags[i] = blobstore.Pair{Name: t.Key, Value: t.Value}
	}
	return tags, checkTags(tags)
}

// checkTags applies the rules of "Set Blob Tags".
func checkTags(tags blobstore.Metadata) error {
	if len(tags) > maxTags {
		return storage.ErrTagsTooLarge
	}
	for i, t := range tags {
		switch {
		case t.Name == "":
			return storage.ErrEmptyTagName
		case len(t.Name) > maxTagName || len(t.Value) > maxTagValue:
			return storage.ErrTagsTooLarge
		case !isTagText(t.Name):
			return errInvalidTagName
		case !isTagText(t.Value):
			return errInvalidTagValue
		}
		for _, o := range tags[:i] {
			if o.Name == t.Name {
				return errDuplicateTagNames
			}
		}
	}
	return nil
}

// isTagText reports whether s has only the characters tags may have: letters,
// digits, space and + - . / : = _
func isTagText(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isNameByte(s[i]) && strings.IndexByte(" +-./:=", s[i]) < 0 {
			return false
		}
	}
	return true
}
