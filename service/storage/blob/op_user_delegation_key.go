package blob

import (
	"encoding/base64"
	"encoding/xml"
	"time"

	"reslog/service/storage"
)

// maxDelegation is how far from now a user delegation key may begin and end.
const maxDelegation = 7 * 24 * time.Hour

// v2025_07_05 brought user delegation keys for the users of another tenant.
const v2025_07_05 storage.Version = "2025-07-05"

// maxTenantID bounds DelegatedUserTid, in bytes; a tenant is a GUID.
const maxTenantID = 64

// keyInfo is the body of Get User Delegation Key.
type keyInfo struct {
	XMLName          xml.Name `xml:"KeyInfo"`
	Start            string   `xml:"Start"`
	Expiry           string   `xml:"Expiry"`
	DelegatedUserTid string   `xml:"DelegatedUserTid"`
}

// userDelegationKey is "Get User Delegation Key": POST
// /?restype=service&comp=userdelegationkey, from 2018-11-09 on, with a bearer
// token only. 200 with a key to sign user delegation SAS in the caller's name.
//
// Start and Expiry are within seven days of now; without a Start the key is
// valid at once. DelegatedUserTid, from 2025-07-05 on, is the tenant of the
// users that may use what the key signs. The key is derived, not stored: see
// storage.Call.UserDelegationKey.
func (s *Service) userDelegationKey(c *storage.Call) error {
	if c.Version < storage.V2018_11_09 {
		return storage.ErrFeatureVersionMismatch
	}
	raw, err := readBody(c, maxKeyInfoBody)
	if err != nil {
		return err
	}
	var info keyInfo
	if err := storage.DecodeXML(raw, &info); err != nil {
		return err
	}
	k, err := delegationKey(c, &info)
	if err != nil {
		return err
	}
	value, ok := c.UserDelegationKey(k)
	if !ok {
		return storage.ErrInsufficientAccountPermissions
	}
	w := newXML()
	defer w.release()
	w.raw("<UserDelegationKey>")
	w.element("SignedOid", k.ObjectID)
	w.element("SignedTid", k.TenantID)
	w.element("SignedStart", k.Start.Format(time.RFC3339))
	w.element("SignedExpiry", k.Expiry.Format(time.RFC3339))
	w.element("SignedService", k.Service)
	w.element("SignedVersion", string(k.Version))
	w.optional("SignedDelegatedUserTid", k.DelegatedTenantID)
	w.element("Value", base64.StdEncoding.EncodeToString(value))
	w.raw("</UserDelegationKey>")
	return w.send(c)
}

// delegationKey is the key that the caller asks for.
func delegationKey(c *storage.Call, info *keyInfo) (*storage.DelegationKey, error) {
	k := &storage.DelegationKey{
		ObjectID: c.Identity.Principal.ObjectID, TenantID: c.Identity.Principal.TenantID,
		Service: "b", Version: c.Version, Start: c.Now.UTC().Truncate(time.Second),
	}
	if k.ObjectID == "" || k.TenantID == "" {
		return nil, storage.ErrAuthorizationPermissionMismatch // nobody a SAS could name
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
	t, ok := storage.ParseSASTime(s)
	*to = t.Truncate(time.Second)
	return ok && t.Sub(now).Abs() <= maxDelegation
}

// invalidNode refuses the value of an element.
func invalidNode(name, value string) error {
	return storage.ErrInvalidXmlNodeValue.With("XmlNodeName", name).With("XmlNodeValue", clip(value))
}
