package blob

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// maxCommitted is the most blocks a blob can have.
const maxCommitted = 50_000

// putBlockList is "Put Block List": PUT /container/blob?comp=blocklist, all
// versions. The blob becomes the blocks listed, in order; uncommitted blocks
// that are not listed go. 201.
//
// Content-MD5 and x-ms-content-crc64 are about the body, the XML; the MD5 of
// the blob is what x-ms-blob-content-md5 says, unchecked.
func (s *Service) putBlockList(c *storage.Call) error {
	b := &blobstore.Blob{Name: c.Name, Type: blobstore.BlockBlob, ContentType: defaultContentType}
	if err := contentHeaders(c, b, false); err != nil {
		return err
	}
	var err error
	if b.Metadata, err = requestMetadata(c); err != nil {
		return err
	}
	if b.Tags, err = requestTags(c); err != nil {
		return err
	}
	if err := requestTier(c, b); err != nil {
		return err
	}
	p, err := s.demands(c, useCreate)
	if err != nil {
		return err
	}
	raw, err := readBody(c, maxXMLBody)
	if err != nil {
		return err
	}
	refs, err := parseBlockList(raw)
	if err != nil {
		return err
	}
	err = s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		if err := p.create(c, t.Blob); err != nil {
			return err
		}
		if err := mustBe(t.Blob, blobstore.BlockBlob); err != nil {
			return err
		}
		heir(c, b, t.Blob)
		return t.CommitBlocks(b, refs)
	})
	if err != nil {
		return s.storeError(err)
	}
	h := answer(c)
	h.setDigests(c, &staged{crc: crc64Update(0, raw)})
	h.encrypted(c)
	return changed(c, h, http.StatusCreated, b)
}

// parseBlockList reads <BlockList> with <Committed>, <Uncommitted> and <Latest>.
func parseBlockList(raw []byte) ([]blobstore.BlockRef, error) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	var refs []blobstore.BlockRef
	var text strings.Builder
	var source blobstore.BlockSource
	depth, rooted := 0, false
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, storage.InvalidXML(err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			depth++
			name := tok.Name.Local
			switch {
			case depth == 1 && name == "BlockList" && !rooted:
				rooted = true
			case depth == 2 && name == "Latest":
				source = blobstore.Latest
			case depth == 2 && name == "Committed":
				source = blobstore.Committed
			case depth == 2 && name == "Uncommitted":
				source = blobstore.Uncommitted
			default:
				return nil, storage.InvalidXML(errors.New("unexpected element " + clip(name)))
			}
			text.Reset()
		case xml.CharData:
			if depth == 2 {
				text.Write(tok)
			}
		case xml.EndElement:
			if depth--; depth != 1 {
				continue
			}
			id := strings.TrimSpace(text.String())
			if !isBlockID(id) {
				return nil, storage.ErrInvalidBlockId
			}
			if refs = append(refs, blobstore.BlockRef{Source: source, ID: id}); len(refs) > maxCommitted {
				return nil, storage.ErrBlockListTooLong
			}
		case xml.Directive:
			return nil, storage.InvalidXML(errors.New("a document type declaration is not allowed"))
		}
	}
	if !rooted {
		return nil, storage.InvalidXML(errors.New("no BlockList"))
	}
	return refs, nil
}
