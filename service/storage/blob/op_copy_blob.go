package blob

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// copyBlob is "Copy Blob": PUT /container/blob with x-ms-copy-source, all
// versions. 202 with x-ms-copy-id and status, before 2012-02-12 201.
//
// The copy is complete when the answer leaves: blobs of this node share their
// data, others are read within the request. So x-ms-copy-status is always
// "success" and there is never a pending copy to abort. The source may be any
// blob that the URL opens, and with the account's key any of the same account.
// A request is three records in the log: itself, the read and the write.
func (s *Service) copyBlob(c *storage.Call) error {
	src, err := s.openSource(c, true)
	if err != nil {
		return err
	}
	defer src.close()
	if err := checkSource(c, src, false); err != nil {
		return err
	}
	b, err := copyTarget(c, src.blob)
	if err != nil {
		return err
	}
	if v := c.Header("X-Ms-Seal-Blob"); strings.EqualFold(v, "true") {
		if err := mustBe(b, blobstore.AppendBlob); err != nil {
			return err
		}
		b.Sealed = true
	}
	if err := s.archivedSource(c, src.blob, b); err != nil {
		return err
	}
	b.Copy = &blobstore.Copy{
		ID: uuid.NewString(), Source: src.stored(), Status: "success",
		Copied: src.blob.Length, Total: src.blob.Length, Completed: c.Now,
	}
	if err := s.writeCopy(c, src, b, nil); err != nil {
		return err
	}
	sourceKey := src.url
	if c.Version < storage.V2012_02_12 {
		sourceKey = src.key
	}
	c.Parts = []storage.Part{
		{Operation: "CopyBlobSource", ObjectKey: sourceKey},
		{Operation: "CopyBlobDestination", ObjectKey: c.ObjectKey},
	}
	h := answer(c)
	if c.Version < storage.V2012_02_12 {
		return changed(c, h, http.StatusCreated, b)
	}
	h.set("X-Ms-Copy-Id", b.Copy.ID)
	h.set("X-Ms-Copy-Status", b.Copy.Status)
	return changed(c, h, http.StatusAccepted, b)
}

// checkSource applies the x-ms-source-if- headers and x-ms-source-lease-id.
// fromURL is for the operations that read within the request: there a condition
// of the not-modified kind fails as CannotVerifyCopySource with 304.
func checkSource(c *storage.Call, src *source, fromURL bool) error {
	q, err := parseConditions(c, useSource)
	if err != nil {
		return err
	}
	if v := c.Header("X-Ms-Source-Lease-Id"); v != "" {
		id, ok := leaseID(v)
		if !ok {
			return invalidHeader("X-Ms-Source-Lease-Id", v)
		}
		if err := checkLeaseRead(&src.blob.Lease, c.Now, id, leaseOnBlob); err != nil {
			return err
		}
	}
	if fromURL && q.set {
		unmodified := conditions{use: useSource, set: true, noneMatch: q.noneMatch, modified: q.modified}
		q.noneMatch, q.modified = "", time.Time{}
		if err := q.checkBlob(src.blob); err != nil {
			return err
		}
		if unmodified.checkBlob(src.blob) != nil {
			return cannotVerify(http.StatusNotModified, storage.ErrSourceConditionNotMet.Message)
		}
		return nil
	}
	return q.checkBlob(src.blob)
}

// copyTarget is the blob that a copy of src makes: its type and properties, the
// metadata of the request or else of the source, the tags of the request.
func copyTarget(c *storage.Call, src *blobstore.Blob) (*blobstore.Blob, error) {
	b := &blobstore.Blob{
		Name: c.Name, Type: src.Type,
		ContentType: src.ContentType, ContentEncoding: src.ContentEncoding, ContentLanguage: src.ContentLanguage,
		ContentDisposition: src.ContentDisposition, CacheControl: src.CacheControl, ContentMD5: src.ContentMD5,
		Metadata: src.Metadata, SequenceNumber: src.SequenceNumber, AppendBlocks: src.AppendBlocks,
	}
	if src.Type == blobstore.PageBlob {
		b.Length = src.Length
	}
	md, err := requestMetadata(c)
	if err != nil {
		return nil, err
	}
	if md != nil {
		b.Metadata = md
	}
	if b.Tags, err = requestTags(c); err != nil {
		return nil, err
	}
	if b.Type == blobstore.BlockBlob {
		err = requestTier(c, b)
	} else if v := c.Header("X-Ms-Access-Tier"); v != "" {
		err = storage.ErrBlobAccessTierNotSupportedForAccountType
	}
	return b, err
}

// archivedSource lets an archived blob be copied only into an online tier; the
// copy then takes as long as calling the blob back would.
func (s *Service) archivedSource(c *storage.Call, src, b *blobstore.Blob) error {
	priority, err := parsePriority(c)
	if err != nil {
		return err
	}
	if src.Tier != tierArchive {
		return nil
	}
	if b.Tier == "" || b.Tier == tierArchive {
		return online(src)
	}
	if s.rehydrateAfter > 0 {
		b.Archive, b.Rehydrate = rehydratePending+strings.ToLower(b.Tier), priority
		b.Tier = tierArchive
	}
	return nil
}

// writeCopy makes the destination. body, when there is one, is the content;
// otherwise it is shared with a source on this node and read from another.
func (s *Service) writeCopy(c *storage.Call, src *source, b *blobstore.Blob, body *staged) error {
	p, err := demands(c, useTarget)
	if err != nil {
		return err
	}
	share := body == nil && src.handle != nil && src.blob.Type == b.Type
	if body == nil && !share {
		r, err := src.reader(0, src.blob.Length)
		if err != nil {
			return err
		}
		if body, err = s.stage(c, r, false); err != nil {
			return err
		}
		if body.length != src.blob.Length {
			return cannotVerify(http.StatusInternalServerError, "The copy source ended early.")
		}
	}
	err = s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		if err := p.create(c, t.Blob); err != nil {
			return err
		}
		if err := mustBe(t.Blob, b.Type); err != nil {
			return err
		}
		heir(c, b, t.Blob)
		if share {
			return t.CreateFrom(b, src.handle)
		}
		return t.Create(b, body.content)
	})
	return storeError(err)
}

// abortCopyBlob is "Abort Copy Blob": PUT /container/blob?comp=copy&copyid=, from
// 2012-02-12 on. Copies are complete when their request is, so there is never
// one to abort: 409 NoPendingCopyOperation.
func (s *Service) abortCopyBlob(c *storage.Call) error {
	if c.Version < storage.V2012_02_12 {
		return storage.ErrFeatureVersionMismatch
	}
	id := c.Query.Get("copyid")
	if id == "" {
		return storage.ErrMissingRequiredQueryParameter.With("QueryParameterName", "copyid")
	}
	if _, ok := leaseID(id); !ok {
		return invalidQuery("copyid", id, "not a copy id")
	}
	b, err := s.store.Blob(c.Context(), ref(c), time.Time{})
	if err != nil {
		return storeError(err)
	}
	lease, err := givenLease(c)
	if err != nil {
		return err
	}
	if err := checkLeaseWrite(&b.Lease, c.Now, lease, leaseOnBlob); err != nil {
		return err
	}
	return storage.ErrNoPendingCopyOperation
}
