package blob

import (
	"strings"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// Access tiers of block blobs.
const (
	defaultTier = "Hot"
	tierCool    = "Cool"
	tierCold    = "Cold"
	tierArchive = "Archive"
)

// v2021_12_02 brought the cold tier.
const v2021_12_02 storage.Version = "2021-12-02"

// parseTier reads x-ms-access-tier, "" when there is none. The tiers of premium
// page blobs are refused by name: accounts here are standard ones.
func parseTier(c *storage.Call) (string, error) {
	v := c.Request.Header["X-Ms-Access-Tier"]
	if len(v) == 0 || v[0] == "" {
		return "", nil
	}
	for _, t := range [...]string{defaultTier, tierCool, tierCold, tierArchive} {
		if strings.EqualFold(v[0], t) && (t != tierCold || c.Version >= v2021_12_02) {
			return t, nil
		}
	}
	if isPremiumTier(v[0]) {
		return "", storage.ErrBlobAccessTierNotSupportedForAccountType
	}
	return "", invalidHeader("X-Ms-Access-Tier", v[0])
}

func isPremiumTier(s string) bool {
	switch strings.ToUpper(s) {
	case "P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50", "P60", "P70", "P80", "PREMIUM":
		return true
	}
	return false
}

// requestTier sets the tier of a new block blob.
func requestTier(c *storage.Call, b *blobstore.Blob) error {
	tier, err := parseTier(c)
	if err != nil || tier == "" || c.Version < storage.V2018_11_09 {
		return err
	}
	b.Tier, b.TierChanged = tier, c.Now
	c.AccessTier = tier
	return nil
}

// parsePriority reads x-ms-rehydrate-priority; Standard is the default.
func parsePriority(c *storage.Call) (string, error) {
	v := c.Header("X-Ms-Rehydrate-Priority")
	switch {
	case v == "" || strings.EqualFold(v, "Standard"):
		return "Standard", nil
	case strings.EqualFold(v, "High"):
		return "High", nil
	}
	return "", invalidHeader("X-Ms-Rehydrate-Priority", v)
}

const rehydratePending = "rehydrate-pending-to-"

// rehydrate moves a blob that was called back from the archive to its tier,
// once the configured time has passed. The stored blob changes with its next
// write; until then every reader comes to the same result.
func (s *Service) rehydrate(b *blobstore.Blob, now time.Time) {
	target, ok := strings.CutPrefix(b.Archive, rehydratePending)
	if !ok || now.Before(b.TierChanged.Add(s.rehydrateAfter)) {
		return
	}
	for _, t := range [...]string{defaultTier, tierCool, tierCold} {
		if strings.EqualFold(t, target) {
			b.Tier = t
		}
	}
	b.Archive, b.Rehydrate = "", ""
	b.TierChanged = b.TierChanged.Add(s.rehydrateAfter)
}
