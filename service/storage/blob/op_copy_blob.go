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
// A blob of this node shares its data with its copy, which is complete when the
// answer leaves: x-ms-copy-status is "success". A source on another host is
// looked at within the request and read after it: the status is "pending", the
// destination empty (a page blob: full of zeros), and of a block blob the data
// are copied, not the list of blocks. Before 2012-02-12, when there was no
// status, it is read within the request.
//
// The source may be any blob that the URL opens, and with the account's key any
// of the same account. A destination with a lease needs an infinite one. A
// request is three records in the log: itself, the read and the write.
func (s *Service) copyBlob(c *storage.Call) error {
	src, err := s.openSource(c)
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
	if src.remote != nil && c.Version >= storage.V2012_02_12 {
		err = s.startCopy(c, src, b)
	} else {
		b.Copy = completeCopy(c, src)
		err = s.writeCopy(c, src, b, nil)
	}
	if err != nil {
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

// completeCopy is the state of a copy that is complete with its request.
func completeCopy(c *storage.Call, src *source) *blobstore.Copy {
	return &blobstore.Copy{
		ID: uuid.NewString(), Source: src.stored(), Status: copySuccess,
		Copied: src.blob.Length, Total: src.blob.Length, Completed: c.Now,
	}
}

// startCopy makes the destination of a copy that goes on after its request.
func (s *Service) startCopy(c *storage.Call, src *source, b *blobstore.Blob) error {
	p, err := s.copyDemands(c)
	if err != nil {
		return err
	}
	b.ContentMD5, b.AppendBlocks = nil, 0 // those of what is not there yet
	b.Copy = &blobstore.Copy{
		ID: uuid.NewString(), Source: src.stored(), Status: copyPending,
		Description: s.copies.run, Total: src.blob.Length,
	}
	job, err := s.copies.admit(b.Copy.ID, ref(c), src)
	if err != nil {
		return err
	}
	err = s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		if err := p.create(c, t.Blob); err != nil {
			return err
		}
		if err := mustBe(t.Blob, b.Type); err != nil {
			return err
		}
		heir(c, b, t.Blob)
		return t.Create(b)
	})
	if err != nil {
		s.copies.forget(job)
		return s.storeError(err)
	}
	s.copies.begin(job)
	return nil
}

// copyDemands is what a copy demands of its destination.
func (s *Service) copyDemands(c *storage.Call) (precondition, error) {
	p, err := s.demands(c, useTarget)
	p.infinite = c.Op == s.ops.copyBlob && c.Version >= storage.V2012_02_12
	return p, err
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
	p, err := s.copyDemands(c)
	if err != nil {
		return err
	}
	share := body == nil && src.handle != nil && src.blob.Type == b.Type
	if body == nil && !share {
		r, err := src.reader(0, src.blob.Length)
		if err != nil {
			return err
		}
		if body, err = s.stage(c.Context(), r, digests{md5: true}); err != nil {
			return s.storeError(err)
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
	return s.storeError(err)
}
