package identity

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// PrincipalType says what a principal is, in the words of role assignments.
type PrincipalType string

// The types of principals.
const (
	ServicePrincipal PrincipalType = "ServicePrincipal"
	User             PrincipalType = "User"
	Group            PrincipalType = "Group"
)

// Principal is somebody who can be given rights. IDs are GUIDs in lower case.
type Principal struct {
	ObjectID    string        `json:"objectId"`
	AppID       string        `json:"appId"`
	DisplayName string        `json:"displayName"`
	TenantID    string        `json:"tenantId"`
	Type        PrincipalType `json:"type"`
	// UPN is the name a user signs in with; service principals have none.
	UPN     string    `json:"upn,omitempty"`
	Created time.Time `json:"created"`
}

const (
	maxDisplayName = 256 // characters
	maxPrincipalID = 256 // bytes
)

// canonicalID is the form of an ID to compare: GUIDs are the same in any case,
// the IDs of other issuers are compared as they are.
func canonicalID(id string) string {
	if isGUID(id) {
		return strings.ToLower(id)
	}
	return id
}

// isGUID reports whether s has the form 8-4-4-4-12.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
			continue
		}
		if ('0' > c || c > '9') && ('a' > c || c > 'f') && ('A' > c || c > 'F') {
			return false
		}
	}
	return true
}

// checkText refuses a text that is empty, too long or not for people to read.
func checkText(what, s string, most int) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: %s is missing", ErrInvalid, what)
	case len(s) > most*utf8.UTFMax || utf8.RuneCountInString(s) > most:
		return fmt.Errorf("%w: %s has more than %d characters", ErrInvalid, what, most)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%w: %s has characters that cannot be printed", ErrInvalid, what)
	}
	return nil
}

// clip bounds what is repeated of a client's text in messages.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
