package blob

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// Bounds of stored access policies.
const (
	maxPolicies = 5
	maxPolicyID = 64
)

// signedIdentifiers is the body of Get and Set Container ACL.
type signedIdentifiers struct {
	XMLName     xml.Name           `xml:"SignedIdentifiers"`
	Identifiers []signedIdentifier `xml:"SignedIdentifier"`
}

type signedIdentifier struct {
	ID     string        `xml:"Id"`
	Policy *accessPolicy `xml:"AccessPolicy"`
}

type accessPolicy struct {
	Start      string `xml:"Start,omitempty"`
	Expiry     string `xml:"Expiry,omitempty"`
	Permission string `xml:"Permission,omitempty"`
}

// getContainerACL is "Get Container ACL": GET or HEAD
// /container?restype=container&comp=acl, all versions. For the owner only.
func (s *Service) getContainerACL(c *storage.Call) error {
	k, err := s.readContainer(c)
	if err != nil {
		return err
	}
	h := answer(c)
	h.setETag(c, k.ETag, k.LastModified)
	h.optional("X-Ms-Blob-Public-Access", k.PublicAccess)
	body := signedIdentifiers{}
	for _, p := range k.Policies {
		body.Identifiers = append(body.Identifiers, signedIdentifier{
			ID:     p.ID,
			Policy: &accessPolicy{Start: p.Start, Expiry: p.Expiry, Permission: p.Permission},
		})
	}
	return c.Response.WriteXML(http.StatusOK, body)
}

// setContainerACL is "Set Container ACL": PUT
// /container?restype=container&comp=acl, all versions. It replaces the public
// access level and all stored access policies, of which there are at most five.
func (s *Service) setContainerACL(c *storage.Call) error {
	access, err := publicAccess(c)
	if err != nil {
		return err
	}
	raw, err := readBody(c, maxACLBody)
	if err != nil {
		return err
	}
	policies, err := parsePolicies(raw)
	if err != nil {
		return err
	}
	return s.updateContainer(c, func(k *blobstore.Container) error {
		k.PublicAccess, k.Policies = access, policies
		return nil
	})
}

// parsePolicies reads and checks SignedIdentifiers; an empty body has none.
func parsePolicies(raw []byte) ([]blobstore.Policy, error) {
	if len(strings.TrimSpace(string(raw))) == 0 {
		return nil, nil
	}
	var body signedIdentifiers
	if err := decodeXML(raw, &body); err != nil {
		return nil, err
	}
	if len(body.Identifiers) > maxPolicies {
		return nil, storage.ErrInvalidXmlDocument.With("Reason", fmt.Sprintf("At most %d signed identifiers are allowed.", maxPolicies))
	}
	policies := make([]blobstore.Policy, 0, len(body.Identifiers))
	for _, si := range body.Identifiers {
		p := blobstore.Policy{ID: si.ID}
		if si.Policy != nil {
			p.Start = strings.TrimSpace(si.Policy.Start)
			p.Expiry = strings.TrimSpace(si.Policy.Expiry)
			p.Permission = strings.TrimSpace(si.Policy.Permission)
		}
		if err := checkPolicy(p, policies); err != nil {
			return nil, err
		}
		policies = append(policies, p)
	}
	return policies, nil
}

func checkPolicy(p blobstore.Policy, others []blobstore.Policy) error {
	if p.ID == "" || len(p.ID) > maxPolicyID {
		return invalidXMLValue("Id", p.ID, fmt.Sprintf("An identifier has 1 to %d characters.", maxPolicyID))
	}
	for _, o := range others {
		if o.ID == p.ID {
			return invalidXMLValue("Id", p.ID, "Identifiers must be unique.")
		}
	}
	for name, v := range map[string]string{"Start": p.Start, "Expiry": p.Expiry} {
		if v != "" && !isISOTime(v) {
			return invalidXMLValue(name, v, "Not a time in ISO 8601 form.")
		}
	}
	if i := strings.IndexFunc(p.Permission, func(r rune) bool { return !strings.ContainsRune("racwdxyltmeopif", r) }); i >= 0 {
		return invalidXMLValue("Permission", p.Permission, "Unknown permission.")
	}
	return nil
}

// isISOTime reports whether s is in one of the forms of ISO 8601 that shared
// access signatures take.
func isISOTime(s string) bool {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02", "2006-01-02T15:04Z07:00"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
