package blob

import (
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// getBlockList is "Get Block List": GET
// /container/blob?comp=blocklist[&blocklisttype=][&snapshot=], all versions. A
// blob with uncommitted blocks only has no ETag and length 0.
func (s *Service) getBlockList(c *storage.Call) error {
	kind := strings.ToLower(c.Query.Get("blocklisttype"))
	switch kind {
	case "":
		kind = "committed"
	case "committed", "uncommitted", "all":
	default:
		return invalidQuery("blocklisttype", kind, "want committed, uncommitted or all")
	}
	at, err := snapshotTime(c)
	if err != nil {
		return err
	}
	p, err := s.demands(c, useRead)
	if err != nil {
		return err
	}
	committed, uncommitted, b, err := s.store.Blocks(c.Context(), ref(c), at)
	if err != nil {
		return s.storeError(err)
	}
	if err := mustBe(b, blobstore.BlockBlob); err != nil {
		return err
	}
	h := answer(c)
	length := int64(0)
	if b != nil {
		if err := p.observe(c, b); err != nil {
			return err
		}
		h.setETag(c, b.ETag, b.LastModified)
		length = b.Length
	}
	h.set("X-Ms-Blob-Content-Length", formatInt(length))
	w := newXML()
	defer w.release()
	w.raw("<BlockList>")
	if kind != "uncommitted" {
		w.blocks("CommittedBlocks", committed)
	}
	if kind != "committed" {
		w.blocks("UncommittedBlocks", uncommitted)
	}
	w.raw("</BlockList>")
	return w.send(c)
}

func (w *xmlWriter) blocks(name string, blocks []blobstore.Block) {
	if len(blocks) == 0 {
		w.element(name, "")
		return
	}
	w.raw("<" + name + ">")
	for i := range blocks {
		w.raw("<Block>")
		w.element("Name", blocks[i].ID)
		w.element("Size", formatInt(blocks[i].Length))
		w.raw("</Block>")
	}
	w.raw("</" + name + ">")
}
