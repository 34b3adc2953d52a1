package blob

import (
	"encoding/base64"
	neturl "net/url"
	"strconv"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// blobIncludes are the data sets of List Blobs. There are no versions, no
// deleted blobs and no immutability here, so that asking for them adds nothing,
// as in an account that has the features off.
var blobIncludes = map[string]storage.Version{
	"snapshots":           "",
	"metadata":            "",
	"uncommittedblobs":    "",
	"copy":                storage.V2012_02_12,
	"deleted":             storage.V2017_07_29,
	"tags":                storage.V2019_12_12,
	"versions":            storage.V2019_12_12,
	"deletedwithversions": storage.V2020_10_02,
	"immutabilitypolicy":  storage.V2020_10_02,
	"legalhold":           storage.V2020_10_02,
}

// listBlobs is "List Blobs": GET /container?restype=container&comp=list, all
// versions. What changed between them:
//
//	2011-08-18  snapshots not together with a delimiter
//	2012-02-12  LeaseState, LeaseDuration, include=copy
//	2013-08-15  ServiceEndpoint and ContainerName apart; no Url any more
//	2015-02-21  append blobs; older versions fail when one would be listed
//	2015-12-11  ServerEncrypted
//	2017-04-17  AccessTier
//	2017-11-09  Creation-Time
//	2019-12-12  Tags, TagCount
//	2021-02-12  names that XML cannot hold are percent-encoded
func (s *Service) listBlobs(c *storage.Call) error {
	p, err := parseList(c, blobIncludes)
	if err != nil {
		return err
	}
	if p.include.snapshots && p.options.Delimiter != "" {
		return invalidQuery("include", "snapshots", "snapshots cannot be listed with a delimiter")
	}
	if v := c.Query.Get("showonly"); v != "" {
		return storage.ErrUnsupportedQueryParameter.With("QueryParameterName", "showonly").With("QueryParameterValue", clip(v))
	}
	if p.include.tags {
		if err := needsPermission(c, "t", blobTagsRead); err != nil {
			return err
		}
	}
	p.options.Snapshots, p.options.Uncommitted = p.include.snapshots, p.include.uncommitted
	p.options.StartFrom = c.Query.Get("startfrom")
	page, err := s.store.List(c.Context(), c.Account.Name, c.Container, p.options)
	if err != nil {
		return s.storeError(err)
	}
	w := newXML()
	defer w.release()
	url := c.Endpoint()
	w.raw("<EnumerationResults ")
	if c.Version < storage.V2013_08_15 {
		w.raw(`ContainerName="`)
		w.text(url + c.Container)
	} else {
		w.raw(`ServiceEndpoint="`)
		w.text(url)
		w.raw(`" ContainerName="`)
		w.text(c.Container)
	}
	w.raw(`">`)
	p.begin(w)
	w.optional("Delimiter", p.options.Delimiter)
	if len(page.Items) == 0 {
		w.raw("<Blobs />")
	} else {
		w.raw("<Blobs>")
		for i := range page.Items {
			if b := page.Items[i].Blob; b != nil {
				s.asOf(b, c.Now)
			}
			if err := w.item(c, &page.Items[i], url, &p.include); err != nil {
				return err
			}
		}
		w.raw("</Blobs>")
	}
	w.element("NextMarker", storage.EncodeMarker(page.Next))
	w.raw("</EnumerationResults>")
	return w.send(c)
}

func (w *xmlWriter) item(c *storage.Call, it *blobstore.BlobItem, url string, inc *includes) error {
	if it.Prefix != "" {
		w.raw("<BlobPrefix>")
		w.name(it.Prefix)
		w.raw("</BlobPrefix>")
		return nil
	}
	b := it.Blob
	if b.Type == blobstore.AppendBlob && c.Version < storage.V2015_02_21 {
		return errBlobTypeVersion
	}
	w.raw("<Blob>")
	w.name(b.Name)
	if !b.Snapshot.IsZero() {
		w.element("Snapshot", b.Snapshot.UTC().Format(snapshotFormat))
	}
	if c.Version < storage.V2013_08_15 {
		w.element("Url", url+c.Container+"/"+(&neturl.URL{Path: b.Name}).EscapedPath())
	}
	w.raw("<Properties>")
	if it.Uncommitted {
		w.element("Content-Length", "0")
		w.element("BlobType", string(blobstore.BlockBlob))
		w.lease(c, &b.Lease)
		w.raw("</Properties></Blob>")
		return nil
	}
	w.properties(c, b, inc)
	w.raw("</Properties>")
	if inc.metadata {
		w.metadata(b.Metadata)
	}
	if inc.tags && len(b.Tags) > 0 {
		w.tags(b.Tags)
	}
	if c.Version >= v2019_10_10 && b.Type == blobstore.BlockBlob {
		w.raw("<OrMetadata />")
	}
	w.raw("</Blob>")
	return nil
}

func (w *xmlWriter) properties(c *storage.Call, b *blobstore.Blob, inc *includes) {
	if c.Version >= storage.V2017_11_09 {
		w.time("Creation-Time", b.Created)
	}
	w.time("Last-Modified", b.LastModified)
	w.element("Etag", b.ETag)
	w.element("Content-Length", formatInt(b.Length))
	w.element("Content-Type", b.ContentType)
	w.element("Content-Encoding", b.ContentEncoding)
	w.element("Content-Language", b.ContentLanguage)
	if c.Version >= storage.V2019_02_02 {
		w.element("Content-CRC64", "")
	}
	w.element("Content-MD5", base64.StdEncoding.EncodeToString(b.ContentMD5))
	w.element("Cache-Control", b.CacheControl)
	if c.Version >= storage.V2013_08_15 {
		w.element("Content-Disposition", b.ContentDisposition)
	}
	if b.Type == blobstore.PageBlob {
		w.element("x-ms-blob-sequence-number", formatInt(b.SequenceNumber))
	}
	w.element("BlobType", string(b.Type))
	if b.Type == blobstore.BlockBlob && c.Version >= storage.V2017_04_17 {
		w.tier(b)
	}
	if b.Snapshot.IsZero() {
		w.lease(c, &b.Lease)
	}
	if inc.copies && b.Copy != nil {
		w.copyState(b.Copy)
	}
	if c.Version >= v2015_12_11 {
		w.element("ServerEncrypted", "true")
	}
	if b.Sealed && c.Version >= v2019_10_10 {
		w.element("Sealed", "true")
	}
	if n := len(b.Tags); n > 0 && c.Version >= storage.V2019_12_12 {
		w.element("TagCount", strconv.Itoa(n))
	}
}

func (w *xmlWriter) tier(b *blobstore.Blob) {
	if b.Tier == "" {
		w.element("AccessTier", defaultTier)
		w.element("AccessTierInferred", "true")
		return
	}
	w.element("AccessTier", b.Tier)
	if !b.TierChanged.IsZero() {
		w.time("AccessTierChangeTime", b.TierChanged)
	}
	w.optional("ArchiveStatus", b.Archive)
	w.optional("RehydratePriority", b.Rehydrate)
}

func (w *xmlWriter) copyState(cp *blobstore.Copy) {
	w.element("CopyId", cp.ID)
	w.element("CopyStatus", cp.Status)
	w.element("CopySource", cp.Source)
	w.element("CopyProgress", copyProgress(cp))
	if !cp.Completed.IsZero() {
		w.time("CopyCompletionTime", cp.Completed)
	}
	w.optional("CopyStatusDescription", cp.Description)
}
