package storage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"sync"

	"reslog/resource"
)

// accountInfo is what a Front derives from an Account once: the names that
// records carry, in the form they carry them, and its keys ready to sign with.
type accountInfo struct {
	account *Account
	service resource.ID
	// resourceID and location are JSON strings.
	resourceID []byte
	location   []byte
	signers    [2]*signer
}

// info returns what is derived from a, anew when the account has changed.
func (f *Front) info(a *Account) *accountInfo {
	if v, ok := f.infos.Load(a.Name); ok {
		if info := v.(*accountInfo); info.account == a || sameAccount(info.account, a) {
			return info
		}
	}
	info := &accountInfo{account: a, service: a.ServiceID(f.kind)}
	info.resourceID = AppendJSONString(nil, info.service.String())
	info.location = AppendJSONString(nil, a.Location)
	for i, key := range a.Keys {
		if len(key) > 0 { // anybody can sign with an empty key
			info.signers[i] = newSigner(key)
		}
	}
	f.infos.Store(a.Name, info)
	return info
}

func sameAccount(a, b *Account) bool {
	return a.Name == b.Name && a.Location == b.Location && a.ID == b.ID &&
		slices.Equal(a.Keys[0], b.Keys[0]) && slices.Equal(a.Keys[1], b.Keys[1])
}

// signer computes HMAC-SHA256 with one account key.
type signer struct {
	pool sync.Pool // of hash.Hash
	// hash is the upper-case SHA-256 of the key in base64, the form its owner
	// knows it in.
	hash string
}

func newSigner(key []byte) *signer {
	key = slices.Clone(key)
	s := &signer{hash: upperSHA256(base64.StdEncoding.EncodeToString(key))}
	s.pool.New = func() any { return hmac.New(sha256.New, key) }
	return s
}

// sign returns the signature of text, not encoded.
func (s *signer) sign(text []byte) (mac [sha256.Size]byte) {
	h := s.pool.Get().(hash.Hash)
	h.Reset()
	h.Write(text)
	h.Sum(mac[:0])
	s.pool.Put(h)
	return mac
}

// verify returns the number of the key, 1 or 2, with which text has the given
// signature, 0 when none. Comparing takes the same time for every signature.
func (i *accountInfo) verify(text, signature []byte) int {
	for n, s := range i.signers {
		if s == nil {
			continue
		}
		mac := s.sign(text)
		if hmac.Equal(mac[:], signature) {
			return n + 1
		}
	}
	return 0
}

func upperSHA256(s string) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
