package blob

import (
	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// containerIncludes are the data sets of List Containers. Nothing deleted is
// kept, so that "deleted" adds nothing.
var containerIncludes = map[string]storage.Version{
	"metadata": "",
	"deleted":  storage.V2018_03_28,
	"system":   storage.V2020_10_02,
}

// listContainers is "List Containers": GET /?comp=list, all versions. The
// service's own containers show with include=system only. Before 2013-08-15
// each container has a Url, and the account's URL is called AccountName.
func (s *Service) listContainers(c *storage.Call) error {
	p, err := parseList(c, containerIncludes)
	if err != nil {
		return err
	}
	p.options.Delimiter = ""
	items, next, err := s.store.ListContainers(c.Context(), c.Account.Name, p.options, p.include.system)
	if err != nil {
		return s.storeError(err)
	}
	url := c.Endpoint()
	w := newXML()
	defer w.release()
	if c.Version < storage.V2013_08_15 {
		w.raw(`<EnumerationResults AccountName="`)
	} else {
		w.raw(`<EnumerationResults ServiceEndpoint="`)
	}
	w.text(url)
	w.raw(`">`)
	p.begin(w)
	if len(items) == 0 {
		w.raw("<Containers />")
	} else {
		w.raw("<Containers>")
		for i := range items {
			w.container(c, &items[i], url, p.include.metadata)
		}
		w.raw("</Containers>")
	}
	w.element("NextMarker", storage.EncodeMarker(next))
	w.raw("</EnumerationResults>")
	return w.send(c)
}

func (w *xmlWriter) container(c *storage.Call, k *blobstore.Container, url string, metadata bool) {
	w.raw("<Container>")
	w.element("Name", k.Name)
	if c.Version < storage.V2013_08_15 {
		w.element("Url", url+k.Name)
	}
	w.raw("<Properties>")
	w.time("Last-Modified", k.LastModified)
	w.element("Etag", quoted(c.Version, k.ETag))
	w.lease(c, &k.Lease)
	if c.Version >= v2016_05_31 {
		w.optional("PublicAccess", k.PublicAccess)
	}
	if c.Version >= storage.V2019_07_07 {
		w.element("DefaultEncryptionScope", accountEncryptionKey)
		w.element("DenyEncryptionScopeOverride", "false")
	}
	if c.Version >= storage.V2017_11_09 {
		w.element("HasImmutabilityPolicy", "false")
		w.element("HasLegalHold", "false")
	}
	if c.Version >= storage.V2020_10_02 {
		w.element("ImmutableStorageWithVersioningEnabled", "false")
	}
	w.raw("</Properties>")
	if metadata {
		w.metadata(k.Metadata)
	}
	w.raw("</Container>")
}

// lease writes the elements about a lease.
func (w *xmlWriter) lease(c *storage.Call, l *blobstore.Lease) {
	state := stateOf(l, c.Now)
	w.element("LeaseStatus", state.status())
	if c.Version < storage.V2012_02_12 {
		return
	}
	w.element("LeaseState", state.String())
	if state == leaseLeased {
		w.element("LeaseDuration", leaseDuration(l))
	}
}
