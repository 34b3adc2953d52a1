package table

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// Bounds of stored access policies, and of the XML they come in.
const (
	maxPolicies = 5
	maxPolicyID = 64
	maxXMLDepth = 8
)

// signedIdentifiers is the body of Set Table ACL.
type signedIdentifiers struct {
	XMLName     xml.Name           `xml:"SignedIdentifiers"`
	Identifiers []signedIdentifier `xml:"SignedIdentifier"`
}

type signedIdentifier struct {
	ID     string `xml:"Id"`
	Policy struct {
		Start      string `xml:"Start"`
		Expiry     string `xml:"Expiry"`
		Permission string `xml:"Permission"`
	} `xml:"AccessPolicy"`
}

// getTableACL is "Get Table ACL": GET or HEAD /t?comp=acl. For the owner only.
func (s *Service) getTableACL(c *storage.Call) error {
	t, err := s.store.Table(c.Context(), c.Account.Name, c.Container)
	if err != nil {
		return s.resourceError(err)
	}
	var b bytes.Buffer
	b.WriteString("\ufeff" + `<?xml version="1.0" encoding="utf-8"?>`)
	if len(t.Policies) == 0 {
		b.WriteString("<SignedIdentifiers />")
		return c.Response.WriteBody(http.StatusOK, "application/xml", b.Bytes())
	}
	b.WriteString("<SignedIdentifiers>")
	for _, p := range t.Policies {
		b.WriteString("<SignedIdentifier>")
		writeElement(&b, "Id", p.ID)
		if p.Start+p.Expiry+p.Permission == "" {
			b.WriteString("<AccessPolicy /></SignedIdentifier>")
			continue
		}
		b.WriteString("<AccessPolicy>")
		writeElement(&b, "Start", p.Start)
		writeElement(&b, "Expiry", p.Expiry)
		writeElement(&b, "Permission", p.Permission)
		b.WriteString("</AccessPolicy></SignedIdentifier>")
	}
	b.WriteString("</SignedIdentifiers>")
	return c.Response.WriteBody(http.StatusOK, "application/xml", b.Bytes())
}

// writeElement writes an element with text, unless it is empty.
func writeElement(b *bytes.Buffer, name, text string) {
	if text == "" {
		return
	}
	b.WriteString("<" + name + ">")
	xml.EscapeText(b, []byte(text)) //nolint:errcheck // a buffer takes all
	b.WriteString("</" + name + ">")
}

// setTableACL is "Set Table ACL": PUT /t?comp=acl. 204. It replaces all stored
// access policies, of which there are at most five.
func (s *Service) setTableACL(c *storage.Call) error {
	raw, err := readBody(c)
	if err != nil {
		return err
	}
	policies, err := parsePolicies(raw)
	if err != nil {
		return err
	}
	if isMetrics(c.Container) && c.Identity.Type != storage.System {
		return storage.ErrInsufficientAccountPermissions
	}
	err = s.store.UpdateTable(c.Context(), c.Account.Name, c.Container, func(t *tablestore.Table) error {
		t.Policies = policies
		return nil
	})
	if err != nil {
		return s.resourceError(err)
	}
	c.Response.WriteHeader(http.StatusNoContent)
	return nil
}

// parsePolicies reads and checks SignedIdentifiers; an empty body has none.
func parsePolicies(raw string) ([]tablestore.Policy, error) {
	raw = strings.TrimPrefix(raw, "\ufeff")
	if strings.TrimSpace(raw) == "" {
		return nil, nil
	}
	if err := checkXML(raw); err != nil {
		return nil, storage.ErrInvalidXmlDocument
	}
	var body signedIdentifiers
	if err := xml.Unmarshal([]byte(raw), &body); err != nil {
		return nil, storage.ErrInvalidXmlDocument
	}
	if len(body.Identifiers) > maxPolicies {
		return nil, storage.ErrInvalidXmlDocument
	}
	policies := make([]tablestore.Policy, 0, len(body.Identifiers))
	for _, si := range body.Identifiers {
		p := tablestore.Policy{
			ID: si.ID, Start: strings.TrimSpace(si.Policy.Start), Expiry: strings.TrimSpace(si.Policy.Expiry),
			Permission: strings.TrimSpace(si.Policy.Permission),
		}
		if err := checkPolicy(&p, policies); err != nil {
			return nil, err
		}
		policies = append(policies, p)
	}
	return policies, nil
}

// checkPolicy refuses a policy that no signature could be made with.
func checkPolicy(p *tablestore.Policy, others []tablestore.Policy) error {
	if p.ID == "" || len(p.ID) > maxPolicyID {
		return invalidXMLValue(fmt.Sprintf("an identifier has 1 to %d characters", maxPolicyID))
	}
	for i := range others {
		if others[i].ID == p.ID {
			return invalidXMLValue("identifiers must be unique")
		}
	}
	for _, v := range [...]string{p.Start, p.Expiry} {
		if v != "" && !isISOTime(v) {
			return invalidXMLValue("not a time in ISO 8601 form")
		}
	}
	if strings.Trim(p.Permission, "raud") != "" {
		return invalidXMLValue("the permissions of a table are r, a, u and d")
	}
	return nil
}

// invalidXMLValue refuses the text of an element.
func invalidXMLValue(reason string) error {
	return storage.ErrInvalidXmlNodeValue.With("Reason", reason)
}

// isISOTime reports whether s is in one of the forms of ISO 8601 that shared access
// signatures take.
func isISOTime(s string) bool {
	for _, layout := range [...]string{time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04Z07:00"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// errXML refuses a document that is not plain.
var errXML = errors.New("not a plain document")

// checkXML refuses a document that nests too deeply or has a document type.
func checkXML(raw string) error {
	d := xml.NewDecoder(strings.NewReader(raw))
	for depth := 0; ; {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return errXML
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return errXML
		}
	}
}
