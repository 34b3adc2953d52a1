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

// signedIdentifiers is the body of Set Container, Queue and Table ACL.
type signedIdentifiers struct {
	XMLName     xml.Name `xml:"SignedIdentifiers"`
	Identifiers []struct {
		ID         string `xml:"Id"`
		Start      string `xml:"AccessPolicy>Start"`
		Expiry     string `xml:"AccessPolicy>Expiry"`
		Permission string `xml:"AccessPolicy>Permission"`
	} `xml:"SignedIdentifier"`
}

// storedPolicy is a stored access policy, as a store has it or the Front.
type storedPolicy interface {
	~struct{ ID, Start, Expiry, Permission string }
}

// ConvertPolicies makes policies of a store those of the Front, or the other way
// round. Of none it makes nil.
func ConvertPolicies[To, From storedPolicy](list []From) []To {
	var converted []To
	for _, p := range list {
		converted = append(converted, To(p))
	}
	return converted
}

// WritePolicies answers 200 with stored access policies.
func WritePolicies[P storedPolicy](c *Call, policies []P) error {
	b := []byte(xmlDeclaration)
	if len(policies) == 0 {
		b = append(b, "<SignedIdentifiers />"...)
		return c.Response.WriteBody(http.StatusOK, "application/xml", b)
	}
	b = append(b, "<SignedIdentifiers>"...)
	for _, p := range ConvertPolicies[AccessPolicy](policies) {
		b = AppendElement(append(b, "<SignedIdentifier>"...), "Id", p.ID)
		b = append(p.appendXML(b), "</SignedIdentifier>"...)
	}
	b = append(b, "</SignedIdentifiers>"...)
	return c.Response.WriteBody(http.StatusOK, "application/xml", b)
}

// appendXML appends the element AccessPolicy, with what the policy says.
func (p AccessPolicy) appendXML(b []byte) []byte {
	if p.Start+p.Expiry+p.Permission == "" {
		return append(b, "<AccessPolicy />"...)
	}
	b = append(b, "<AccessPolicy>"...)
	for _, e := range [...][2]string{{"Start", p.Start}, {"Expiry", p.Expiry}, {"Permission", p.Permission}} {
		if e[1] != "" {
			b = AppendElement(b, e[0], e[1])
		}
	}
	return append(b, "</AccessPolicy>"...)
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
		p := AccessPolicy{
			ID: si.ID, Start: strings.TrimSpace(si.Start), Expiry: strings.TrimSpace(si.Expiry),
			Permission: strings.TrimSpace(si.Permission),
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
	for _, e := range [...][2]string{{"Start", p.Start}, {"Expiry", p.Expiry}} {
		if e[1] != "" && !isISOTime(e[1]) {
			return InvalidXMLValue(e[0], e[1], "Not a time in ISO 8601 form.")
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
