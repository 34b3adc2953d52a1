package blob

import (
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// ref names the blob of the request.
func ref(c *storage.Call) blobstore.Ref {
	return blobstore.Ref{Account: c.Account.Name, Container: c.Container, Name: c.Name}
}

// precondition is what a request demands of a blob before it is changed.
type precondition struct {
	conditions conditions
	lease      string
	infinite   bool // a lease must be without end
	copies     *copies
}

// demands reads conditional headers and the lease ID.
func (s *Service) demands(c *storage.Call, u use) (precondition, error) {
	p := precondition{copies: s.copies}
	var err error
	if p.conditions, err = parseConditions(c, u); err != nil {
		return p, err
	}
	if p.conditions.tags != nil {
		if err := needsPermission(c, "t", blobTagsRead); err != nil {
			return p, err
		}
	}
	p.lease, err = givenLease(c)
	return p, err
}

// needsPermission refuses a caller who may not do what a header or parameter
// asks for beside the operation: a SAS needs the letter, a role the action.
func needsPermission(c *storage.Call, letter string, a storage.Action) error {
	if !c.Allows(letter, a) {
		return storage.ErrAuthorizationPermissionMismatch
	}
	return nil
}

// create checks the blob that is about to be made, or replaced if b is not nil.
func (p *precondition) create(c *storage.Call, b *blobstore.Blob) error {
	if b == nil {
		if err := p.conditions.checkBlob(nil); err != nil {
			return err
		}
		if p.lease != "" {
			return storage.ErrLeaseNotPresentWithBlobOperation
		}
		return nil
	}
	if err := p.conditions.checkBlob(b); err != nil {
		return err
	}
	// With "create" or add/action, but not "write", a blob can be made, not replaced.
	if !c.Allows("w", blobWrite) {
		return storage.ErrUnauthorizedBlobOverwrite
	}
	if err := checkLeaseWrite(&b.Lease, c.Now, p.lease, leaseOnBlob); err != nil {
		return err
	}
	if p.infinite && b.Lease.Duration != 0 && stateOf(&b.Lease, c.Now) == leaseLeased {
		return storage.ErrInfiniteLeaseDurationRequired
	}
	return p.copies.busy(b)
}

// modify checks the blob that is about to be changed.
func (p *precondition) modify(c *storage.Call, b *blobstore.Blob) error {
	if b == nil {
		return storage.ErrBlobNotFound
	}
	if err := p.conditions.checkBlob(b); err != nil {
		return err
	}
	if err := checkLeaseWrite(&b.Lease, c.Now, p.lease, leaseOnBlob); err != nil {
		return err
	}
	return p.copies.busy(b)
}

// observe checks the blob that is about to be read: a lease ID is a condition.
func (p *precondition) observe(c *storage.Call, b *blobstore.Blob) error {
	if err := p.conditions.checkBlob(b); err != nil {
		return err
	}
	return checkLeaseRead(&b.Lease, c.Now, p.lease, leaseOnBlob)
}

// heir gives a new blob what outlives the content of the one it replaces: its
// lease, if that still runs.
func heir(c *storage.Call, b, old *blobstore.Blob) {
	if old != nil {
		b.Lease = leaseAfterWrite(old.Lease, c.Now)
	}
}

// update changes the committed blob of the request: it must exist, be what
// check allows, and meet the demands. It is touched unless fn says otherwise.
func (s *Service) update(c *storage.Call, u use, fn func(t *blobstore.Txn) error) (*blobstore.Blob, error) {
	p, err := s.demands(c, u)
	if err != nil {
		return nil, err
	}
	return s.updateIf(c, &p, fn)
}

// updateIf is update with the demands read before.
func (s *Service) updateIf(c *storage.Call, p *precondition, fn func(t *blobstore.Txn) error) (*blobstore.Blob, error) {
	var result *blobstore.Blob
	err := s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		if err := p.modify(c, t.Blob); err != nil {
			return err
		}
		t.Blob.Lease = leaseAfterWrite(t.Blob.Lease, c.Now)
		s.rehydrate(t.Blob, c.Now)
		if err := fn(t); err != nil {
			return err
		}
		result = t.Blob
		return nil
	})
	return result, s.storeError(err)
}

// read returns the properties of the blob or snapshot of the request, after its
// conditions and lease ID were checked.
func (s *Service) read(c *storage.Call) (*blobstore.Blob, error) {
	at, err := snapshotTime(c)
	if err != nil {
		return nil, err
	}
	p, err := s.demands(c, useRead)
	if err != nil {
		return nil, err
	}
	b, err := s.store.Blob(c.Context(), ref(c), at)
	if err != nil {
		return nil, s.storeError(err)
	}
	return b, s.readable(c, b, &p)
}

// readable applies to a blob what every read checks.
func (s *Service) readable(c *storage.Call, b *blobstore.Blob, p *precondition) error {
	if b.Type == blobstore.AppendBlob && c.Version < storage.V2015_02_21 {
		return errAppendBlobVersion
	}
	s.asOf(b, c.Now)
	return p.observe(c, b)
}

// snapshotTime reads the snapshot parameter; zero without one.
func snapshotTime(c *storage.Call) (time.Time, error) {
	if len(c.Query) == 0 {
		return time.Time{}, nil
	}
	return parseSnapshot("snapshot", c.Query.Get("snapshot"))
}

func parseSnapshot(name, v string) (time.Time, error) {
	if v == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil || t.IsZero() {
		return time.Time{}, invalidQuery(name, v, "not the time of a snapshot")
	}
	return t.UTC(), nil
}

// noSnapshot refuses an operation that only a base blob allows.
func noSnapshot(c *storage.Call) error {
	if c.Query.Get("snapshot") != "" {
		return errSnapshotOperation
	}
	return nil
}

// mustBe refuses a blob of another type.
func mustBe(b *blobstore.Blob, t blobstore.BlobType) error {
	if b != nil && b.Type != t {
		return storage.ErrInvalidBlobType
	}
	return nil
}

// online refuses an archived blob.
func online(b *blobstore.Blob) error {
	if b.Tier == tierArchive {
		if b.Archive != "" {
			return storage.ErrBlobBeingRehydrated
		}
		return storage.ErrBlobArchived
	}
	return nil
}
