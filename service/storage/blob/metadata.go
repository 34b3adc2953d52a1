package blob

import (
	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

const metaPrefix = "X-Ms-Meta-"

// requestMetadata reads the x-ms-meta- headers.
func requestMetadata(c *storage.Call) (blobstore.Metadata, error) {
	pairs, err := c.Metadata()
	if err != nil || len(pairs) == 0 {
		return nil, err
	}
	md := make(blobstore.Metadata, len(pairs))
	for i, p := range pairs {
		md[i] = blobstore.Pair(p)
	}
	return md, nil
}

// setMetadata adds the x-ms-meta- headers of md.
func (h *headers) setMetadata(md blobstore.Metadata) {
	for i := range md {
		// Not in canonical form: the name keeps its case on the wire.
		h.set("x-ms-meta-"+md[i].Name, md[i].Value)
	}
}
