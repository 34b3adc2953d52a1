package storage

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Bounds of stored access policies.
const (
	maxPolicies = 5
	maxPolicyID = 64
	// MaxPoliciesBody bounds the body of an operation that sets them.
	MaxPoliciesBody = 64 << 10
)

// signedIdentifiers is the body of Get and Set Container, Queue and Table ACL.
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

// WritePolicies answers 200 with stored access policies.
func (c *Call) WritePolicies(policies []AccessPolicy) error {
	body := signedIdentifiers{}
	for _, p := range policies {
		body.Identifiers = append(body.Identifiers, signedIdentifier{
			ID:     p.ID,
			Policy: &accessPolicy{Start: p.Start, Expiry: p.Expiry, Permission: p.Permission},
		})
	}
	return c.Response.WriteXML(http.StatusOK, body)
}

// ParsePolicies reads and checks the body of an operation that sets stored access
// policies, of which there are at most five; an empty body has none. letters are
// the permissions that the service has.
//
// Source: REST API reference, "Define a stored access policy".
func ParsePolicies(raw []byte, letters string) ([]AccessPolicy, error) {
	if len(strings.TrimSpace(string(raw))) == 0 {
		return nil, nil
	}
	var body signedIdentifiers
	if err := DecodeXML(raw, &body); err != nil {
		return nil, err
	}
	if len(body.Identifiers) > maxPolicies {
		return nil, ErrInvalidXmlDocument.With("Reason", fmt.Sprintf("At most %d signed identifiers are allowed.", maxPolicies))
	}
	policies := make([]AccessPolicy, 0, len(body.Identifiers))
	for _, si := range body.Identifiers {
		p := AccessPolicy{ID: si.ID}
		if si.Policy != nil {
			p.Start = strings.TrimSpace(si.Policy.Start)
			p.Expiry = strings.TrimSpace(si.Policy.Expiry)
			p.Permission = strings.TrimSpace(si.Policy.Permission)
		}
		if err := p.check(policies, letters); err != nil {
			return nil, err
		}
		policies = append(policies, p)
	}
	return policies, nil
}

// check refuses a policy that cannot be kept beside the others.
func (p AccessPolicy) check(others []AccessPolicy, letters string) error {
	if p.ID == "" || len(p.ID) > maxPolicyID {
		return InvalidXMLValue("Id", p.ID, fmt.Sprintf("An identifier has 1 to %d characters.", maxPolicyID))
	}
	for _, o := range others {
		if o.ID == p.ID {
			return InvalidXMLValue("Id", p.ID, "Identifiers must be unique.")
		}
	}
	for name, v := range map[string]string{"Start": p.Start, "Expiry": p.Expiry} {
		if v != "" && !isISOTime(v) {
			return InvalidXMLValue(name, v, "Not a time in ISO 8601 form.")
		}
	}
	if !knownLetters(p.Permission, letters) {
		return InvalidXMLValue("Permission", p.Permission, "Unknown permission.")
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
