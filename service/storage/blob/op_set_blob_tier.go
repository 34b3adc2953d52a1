package blob

import (
	"net/http"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// setBlobTier is "Set Blob Tier": PUT /container/blob?comp=tier[&snapshot=],
// from 2017-04-17 on, for block blobs. 200, or 202 when the blob comes back from
// the archive. ETag and Last-Modified stay; a lease is not needed.
func (s *Service) setBlobTier(c *storage.Call) error {
	if c.Version < storage.V2017_04_17 {
		return storage.ErrFeatureVersionMismatch
	}
	at, err := snapshotTime(c)
	if err != nil {
		return err
	}
	tier, err := parseTier(c)
	if err != nil {
		return err
	}
	if tier == "" {
		return missingHeader("X-Ms-Access-Tier")
	}
	priority, err := parsePriority(c)
	if err != nil {
		return err
	}
	p, err := s.demands(c, useWrite)
	if err != nil {
		return err
	}
	c.AccessTier = tier
	status := http.StatusOK
	err = s.store.Update(c.Context(), ref(c), func(t *blobstore.Txn) error {
		b := t.Blob
		if !at.IsZero() {
			var err error
			if b, err = t.LoadSnapshot(at); err != nil {
				return err
			}
		}
		if b == nil {
			return storage.ErrBlobNotFound
		}
		if err := p.observe(c, b); err != nil {
			return err
		}
		if err := s.copies.busy(b); err != nil {
			return err
		}
		if err := mustBe(b, blobstore.BlockBlob); err != nil {
			return err
		}
		s.rehydrate(b, c.Now)
		var err error
		if status, err = changeTier(c, b, tier, priority); err != nil {
			return err
		}
		if !at.IsZero() {
			return t.SaveSnapshot(b)
		}
		return t.Save(false)
	})
	if err != nil {
		return s.storeError(err)
	}
	return finish(c, answer(c), status)
}

// changeTier moves b to a tier, or starts to.
func changeTier(c *storage.Call, b *blobstore.Blob, tier, priority string) (status int, err error) {
	pending := rehydratePending + strings.ToLower(tier)
	switch {
	case b.Archive != "" && b.Archive != pending:
		return 0, storage.ErrBlobBeingRehydrated
	case b.Archive == pending: // again: only the priority can rise
		if priority == "High" {
			b.Rehydrate = priority
		}
		return http.StatusAccepted, nil
	case b.Tier == tierArchive && tier != tierArchive:
		b.Archive, b.Rehydrate, b.TierChanged = pending, priority, c.Now
		return http.StatusAccepted, nil
	case b.Tier != tier:
		b.Tier, b.TierChanged = tier, c.Now
	}
	return http.StatusOK, nil
}
