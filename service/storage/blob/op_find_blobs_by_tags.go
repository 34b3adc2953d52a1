package blob

import (
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

const v2020_04_08 storage.Version = "2020-04-08"

// findBlobsByTags is "Find Blobs by Tags": GET /?comp=blobs&where=, from
// 2019-12-12 on, and in one container with restype=container. It sees tags as
// soon as they are set, where the real service takes a while.
//
// Each blob comes with the tags that the expression names; before 2020-04-08
// with the value of the first of them as TagValue.
func (s *Service) findBlobsByTags(c *storage.Call) error {
	if c.Version < storage.V2019_12_12 {
		return storage.ErrFeatureVersionMismatch
	}
	where := c.Query.Get("where")
	if where == "" {
		return storage.ErrMissingRequiredQueryParameter.With("QueryParameterName", "where")
	}
	expr, err := parseTagQuery(where)
	if err != nil {
		return invalidQuery("where", where, "%v", err)
	}
	p, err := parseList(c, nil)
	if err != nil {
		return err
	}
	found, next, err := s.find(c, expr, &p)
	if err != nil {
		return s.storeError(err)
	}
	w := newXML()
	defer w.release()
	w.raw(`<EnumerationResults ServiceEndpoint="`)
	w.text(c.Endpoint())
	w.raw(`">`)
	w.element("Where", where)
	if len(found) == 0 {
		w.raw("<Blobs />")
	} else {
		w.raw("<Blobs>")
		for i := range found {
			w.found(c, &found[i])
		}
		w.raw("</Blobs>")
	}
	w.element("NextMarker", storage.EncodeMarker(next))
	w.raw("</EnumerationResults>")
	return w.send(c)
}

// foundBlob is a result of a search.
type foundBlob struct {
	container, name string
	tags            blobstore.Metadata
}

// find scans for blobs that match, past the marker, which is the container and
// name of the last blob of the page before.
func (s *Service) find(c *storage.Call, expr *tagExpr, p *listParams) (found []foundBlob, next string, err error) {
	afterContainer, afterName, _ := strings.Cut(p.options.Marker, "/")
	err = s.store.Scan(c.Context(), c.Account.Name, c.Container, func(container string, b *blobstore.Blob) bool {
		if len(b.Tags) == 0 || isSystem(container) && c.Container == "" {
			return true
		}
		if container < afterContainer || container == afterContainer && b.Name <= afterName {
			return true
		}
		if !expr.inContainer(container) || !expr.matchFound(b.Tags) {
			return true
		}
		if len(found) == p.options.Max {
			last := &found[len(found)-1]
			next = last.container + "/" + last.name
			return false
		}
		f := foundBlob{container: container, name: b.Name}
		for _, t := range b.Tags {
			if expr.names(t.Name) {
				f.tags = append(f.tags, t)
			}
		}
		found = append(found, f)
		return true
	})
	return found, next, err
}

func (w *xmlWriter) found(c *storage.Call, f *foundBlob) {
	w.raw("<Blob>")
	w.name(f.name)
	w.element("ContainerName", f.container)
	if c.Version >= v2020_04_08 {
		w.tags(f.tags)
	} else if len(f.tags) > 0 {
		w.element("TagValue", f.tags[0].Value)
	}
	w.raw("</Blob>")
}
