package storage

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// DelegationKey names a user delegation key: all that tells it from other keys
// of its account.
type DelegationKey struct {
	ObjectID string // of the principal that delegates
	TenantID string
	Start    time.Time // to the second
	Expiry   time.Time // to the second
	Service  string    // "b" or "q"
	Version  Version   // in which it was asked for
	// DelegatedTenantID is the tenant of the users that may use what it signs,
	// "" when it was asked for without.
	DelegatedTenantID string
}

// delegationLabel keeps these keys apart from all else that is made with the
// account's keys. It changes when the derivation does.
const delegationLabel = "reslog user delegation key 1"

// UserDelegationKey returns the value of a user delegation key of the account;
// false when the account has no key to make one of.
//
// Nothing is stored: the value is derived (HKDF, RFC 5869) from the account's
// first key, from the Front's DelegationSecret and from what the key says about
// itself, so that changing any of it gives another value. A new first key for
// the account therefore revokes all user delegation keys before it. With a
// DelegationSecret the account's key alone is not enough to make them: the
// records would otherwise name whomever its owner likes.
func (c *Call) UserDelegationKey(k *DelegationKey) ([]byte, bool) {
	return c.Response.call.delegationKey(k)
}

func (x *exchange) delegationKey(k *DelegationKey) ([]byte, bool) {
	secret := x.info.account.Keys[0]
	if len(secret) == 0 {
		secret = x.info.account.Keys[1]
	}
	if len(secret) == 0 {
		return nil, false
	}
	var info []byte
	for _, field := range [...]string{
		delegationLabel, x.info.account.Name, k.ObjectID, k.TenantID,
		k.Start.UTC().Format(time.RFC3339), k.Expiry.UTC().Format(time.RFC3339),
		k.Service, string(k.Version), k.DelegatedTenantID,
	} {
		info = binary.AppendUvarint(info, uint64(len(field)))
		info = append(info, field...)
	}
	value, err := hkdf.Key(sha256.New, secret, x.front.DelegationSecret, string(info), sha256.Size)
	return value, err == nil
}
