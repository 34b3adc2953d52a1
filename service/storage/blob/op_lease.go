package blob

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// leaseBlob is "Lease Blob": PUT /container/blob?comp=lease, all versions. The
// blob's ETag and Last-Modified do not change. Before 2012-02-12 a lease lasts
// 60 s and there is no change.
func (s *Service) leaseBlob(c *storage.Call) error {
	if err := noSnapshot(c); err != nil {
		return err
	}
	r, err := leaseOf(c)
	if err != nil {
		return err
	}
	q, err := parseConditions(c, useWrite)
	if err != nil {
		return err
	}
	var out leaseOutcome
	var b *blobstore.Blob
	err = s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		if t.Blob == nil {
			return storage.ErrBlobNotFound
		}
		if err := q.checkBlob(t.Blob); err != nil {
			return err
		}
		if err := s.copies.busy(t.Blob); err != nil {
			return err
		}
		var err error
		if out, err = r.apply(&t.Blob.Lease, c.Now); err != nil {
			return err
		}
		b = t.Blob
		return t.Save(false)
	})
	if err != nil {
		return s.storeError(err)
	}
	return leased(c, r.action, out, b.ETag, b.LastModified)
}

// leaseContainer is "Lease Container": PUT
// /container?restype=container&comp=lease, from 2012-02-12 on.
func (s *Service) leaseContainer(c *storage.Call) error {
	if c.Version < storage.V2012_02_12 {
		return storage.ErrFeatureVersionMismatch
	}
	r, err := leaseOf(c)
	if err != nil {
		return err
	}
	q, err := parseConditions(c, useWrite)
	if err != nil {
		return err
	}
	var out leaseOutcome
	k, err := s.store.UpdateContainer(c.Context(), c.Account.Name, c.Container, false, func(k *blobstore.Container) error {
		if err := q.check(k.ETag, k.LastModified); err != nil {
			return err
		}
		var err error
		out, err = r.apply(&k.Lease, c.Now)
		return leaseOnContainer.wording(err)
	})
	if err != nil {
		return s.storeError(err)
	}
	return leased(c, r.action, out, k.ETag, k.LastModified)
}

// leased answers a lease operation.
func leased(c *storage.Call, action string, out leaseOutcome, etag string, modified time.Time) error {
	h := answer(c)
	h.setETag(c, etag, modified)
	h.optional("X-Ms-Lease-Id", out.id)
	status := http.StatusOK
	switch action {
	case actionAcquire:
		status = http.StatusCreated
	case actionBreak:
		status = http.StatusAccepted
		h.set("X-Ms-Lease-Time", strconv.Itoa(int(math.Ceil(out.remains.Seconds()))))
	}
	return finish(c, h, status)
}

// leaseOf reads a lease request; Route has checked the action.
func leaseOf(c *storage.Call) (leaseRequest, error) {
	r := leaseRequest{
		action:   strings.ToLower(c.Header("X-Ms-Lease-Action")),
		duration: leaseLongest,
		period:   -1,
		old:      c.Version < storage.V2012_02_12,
	}
	var err error
	if r.id, err = givenLease(c); err != nil {
		return r, err
	}
	if r.proposed, err = proposedLease(c, r.old); err != nil {
		return r, err
	}
	switch r.action {
	case actionAcquire:
		if r.proposed == "" {
			r.proposed = uuid.NewString()
		}
		if !r.old {
			r.duration, err = leaseDurationOf(c)
		}
	case actionChange:
		if r.proposed == "" {
			return r, missingHeader("X-Ms-Proposed-Lease-Id")
		}
	case actionBreak:
		if !r.old {
			r.period, err = breakPeriodOf(c)
		}
		return r, err
	}
	if r.id == "" && r.action != actionAcquire {
		return r, missingHeader("X-Ms-Lease-Id")
	}
	return r, err
}

func proposedLease(c *storage.Call, old bool) (string, error) {
	v := c.Header("X-Ms-Proposed-Lease-Id")
	if v == "" || old {
		return "", nil
	}
	id, ok := leaseID(v)
	if !ok {
		return "", invalidHeader("X-Ms-Proposed-Lease-Id", v)
	}
	return id, nil
}

func leaseDurationOf(c *storage.Call) (time.Duration, error) {
	v := c.Header("X-Ms-Lease-Duration")
	if v == "" {
		return 0, missingHeader("X-Ms-Lease-Duration")
	}
	if v == "-1" {
		return leaseInfinite, nil
	}
	n, err := strconv.Atoi(v)
	d := time.Duration(n) * time.Second
	if err != nil || n > 3600 || d < leaseShortest || d > leaseLongest {
		return 0, invalidHeader("X-Ms-Lease-Duration", v)
	}
	return d, nil
}

func breakPeriodOf(c *storage.Call) (time.Duration, error) {
	v := c.Header("X-Ms-Lease-Break-Period")
	if v == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > int(breakMax/time.Second) {
		return 0, invalidHeader("X-Ms-Lease-Break-Period", v)
	}
	return time.Duration(n) * time.Second, nil
}
