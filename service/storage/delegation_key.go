package storage

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"time"
)

// maxDelegation is how far from now a user delegation key may begin and end.
const maxDelegation = 7 * 24 * time.Hour

// maxTenantID bounds DelegatedUserTid, in bytes; a tenant is a GUID.
const maxTenantID = 64

// MaxKeyInfoBody bounds the body of Get User Delegation Key.
const MaxKeyInfoBody = 64 << 10

// keyInfo is the body of Get User Delegation Key.
type keyInfo struct {
	XMLName          xml.Name `xml:"KeyInfo"`
	Start            string   `xml:"Start"`
	Expiry           string   `xml:"Expiry"`
	DelegatedUserTid string   `xml:"DelegatedUserTid"`
}

// delegating says what of user delegation SAS a service has: the letter that its
// keys have for SignedService, and the version from which on it has keys and
// signatures.
type delegating struct {
	letter string
	since  Version
}

// delegation is what the service of a kind has; false when it has none. The text
// that a table's signature is made of is not documented by any client library.
//
// Sources: REST API reference, "Create a user delegation SAS"; for queues the
// client libraries of Azure for JavaScript (12.30.0) and C++ (12.7.0), which agree.
func (k Kind) delegation() (delegating, bool) {
	switch k {
	case Blob:
		return delegating{"b", V2018_11_09}, true
	case Queue:
		return delegating{"q", v2025_07_05}, true
	}
	return delegating{}, false
}

// WriteUserDelegationKey is "Get User Delegation Key" of a service that has user
// delegation SAS: POST /?restype=service&comp=userdelegationkey with a bearer
// token; raw is the body. 200 with a key to sign in the caller's name.
//
// Start and Expiry are within seven days of now; without a Start the key is
// valid at once. DelegatedUserTid, from 2025-07-05 on, is the tenant of the
// users that may use what the key signs. The key is derived, not stored: see
// UserDelegationKey.
func (c *Call) WriteUserDelegationKey(raw []byte) error {
	has, ok := c.Service.delegation()
	if !ok || c.Version < has.since {
		return ErrFeatureVersionMismatch
	}
	var info keyInfo
	if err := DecodeXML(raw, &info); err != nil {
		return err
	}
	k, err := c.delegationKey(&info, has.letter)
	if err != nil {
		return err
	}
	value, ok := c.UserDelegationKey(k)
	if !ok {
		return ErrInsufficientAccountPermissions
	}
	b := []byte("\ufeff" + `<?xml version="1.0" encoding="utf-8"?><UserDelegationKey>`)
	for _, e := range [...]struct{ name, value string }{
		{"SignedOid", k.ObjectID},
		{"SignedTid", k.TenantID},
		{"SignedStart", k.Start.Format(time.RFC3339)},
		{"SignedExpiry", k.Expiry.Format(time.RFC3339)},
		{"SignedService", k.Service},
		{"SignedVersion", string(k.Version)},
		{"SignedDelegatedUserTid", k.DelegatedTenantID},
		{"Value", base64.StdEncoding.EncodeToString(value)},
	} {
		if e.value != "" {
			b = AppendElement(b, e.name, e.value)
		}
	}
	return c.Response.WriteBody(http.StatusOK, "application/xml", append(b, "</UserDelegationKey>"...))
}

// delegationKey is the key that the caller asks for.
func (c *Call) delegationKey(info *keyInfo, service string) (*DelegationKey, error) {
	k := &DelegationKey{
		ObjectID: c.Identity.Principal.ObjectID, TenantID: c.Identity.Principal.TenantID,
		Service: service, Version: c.Version, Start: c.Now.UTC().Truncate(time.Second),
	}
	if k.ObjectID == "" || k.TenantID == "" {
		return nil, ErrAuthorizationPermissionMismatch // nobody a SAS could name
	}
	if info.Start != "" && !keyTime(info.Start, c.Now, &k.Start) {
		return nil, invalidNode("Start", info.Start)
	}
	if !keyTime(info.Expiry, c.Now, &k.Expiry) || !k.Expiry.After(k.Start) || !k.Expiry.After(c.Now) {
		return nil, invalidNode("Expiry", info.Expiry)
	}
	if info.DelegatedUserTid != "" {
		if c.Version < v2025_07_05 || len(info.DelegatedUserTid) > maxTenantID {
			return nil, invalidNode("DelegatedUserTid", info.DelegatedUserTid)
		}
		k.DelegatedTenantID = info.DelegatedUserTid
	}
	return k, nil
}

// keyTime reads a time of a key, to the second; false when it is none or too
// far away.
func keyTime(s string, now time.Time, to *time.Time) bool {
	t, ok := ParseSASTime(s)
	*to = t.Truncate(time.Second)
	return ok && t.Sub(now).Abs() <= maxDelegation
}

// invalidNode refuses the value of an element.
func invalidNode(name, value string) error {
	return ErrInvalidXmlNodeValue.With("XmlNodeName", name).With("XmlNodeValue", Clip(value))
}
