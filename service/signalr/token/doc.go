// Package token makes and verifies the JSON Web Tokens of a SignalR service: HS256
// and HS512 over the access keys, as text. It tells why a token is refused, in the words
// of the resource logs, and what the caller may be told.
//
// Source: "Azure SignalR Service authentication"; the Azure SignalR SDK for .NET.
package token

import "time"

// Claim is a claim, in the order of the token; one may be there more than once.
type Claim struct{ Type, Value string }

// Token is one that is valid.
type Token struct {
	// User is the asrs.s.uid, else the nameid, else the first sub.
	User     string
	Claims   []Claim // without the system's, those that were renamed under their own name
	System   map[string]string
	Audience []string
	Expires  time.Time
}

// Error is why a token is refused.
type Error struct {
	// Reason is for the log: "Failed to validate audience. Expected Audiences: …".
	// Challenge is for the caller: the value of WWW-Authenticate.
	Reason, Challenge string
}

func (e *Error) Error() string { return e.Reason }
