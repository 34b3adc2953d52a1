package identity

import (
	"crypto/sha256"
	"sync"
)

// cacheSize is how many tokens each of the two halves of the cache holds.
const cacheSize = 2048

// tokenCache holds tokens that were found right, by their hash. It has two halves:
// what is used moves to the young one, and when that is full the old one is
// forgotten. Only valid tokens get in, so nobody without one can fill it. The zero
// cache is ready.
type tokenCache struct {
	mu         sync.RWMutex
	young, old map[[sha256.Size]byte]verified
}

func (c *tokenCache) get(sum [sha256.Size]byte) (verified, bool) {
	c.mu.RLock()
	v, ok := c.young[sum]
	aged := false
	if !ok {
		v, aged = c.old[sum]
	}
	c.mu.RUnlock()
	if aged {
		c.put(sum, v)
	}
	return v, ok || aged
}

func (c *tokenCache) put(sum [sha256.Size]byte, v verified) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= cacheSize {
		c.old, c.young = c.young, map[[sha256.Size]byte]verified{}
	}
	c.young[sum] = v
}
