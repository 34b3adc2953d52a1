// Package token makes and verifies the JSON Web Tokens of a SignalR service: HS256
// and HS512 over the access keys, as text. It tells why a token is refused, in the words
// of the resource logs, and what the caller may be told.
//
//	v := token.New(token.Config{Keys: keys})
//	t, err := v.Verify(raw, token.Audience{URLs: []string{token.ClientURL("http", r.Host, "chat")}})
//	var refused *token.Error
//	if errors.As(err, &refused) {
//		w.Header().Set("WWW-Authenticate", refused.Challenge)
//		log(refused.Reason)
//	}
//
// The key of the signature is the text of the access key, which looks like base64 and
// is not decoded.
//
// # What is checked
//
// The signature, exp, which must be there, and the audience. Like the service, it does
// not look at nbf, iat and iss. A token longer than MaxLength is refused unread. No
// error holds a token or a key.
//
// Source: "Azure SignalR Service authentication"; the Azure SignalR SDK for .NET.
package token

import "time"

// MaxLength is how long a token may be, in bytes.
const MaxLength = 4096

// Claim is a claim, in the order of the token; one may be there more than once.
type Claim struct{ Type, Value string }

// Token is one that is valid.
type Token struct {
	// User is the asrs.s.uid, else the nameid, else the first sub.
	User string
	// Claims are the user's: without the system's and the token's own (aud, exp, iat,
	// nbf), and those that were renamed (asrs.u.) under their own name.
	Claims []Claim
	// Raw are all claims as they are in the token. Application servers get these,
	// and take them apart themselves.
	Raw []Claim
	// System are the asrs.s. claims, by what follows the prefix: "sn", "ttl".
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

// Names of system claims, as the keys of Token.System.
const (
	SystemUser        = "uid"     // the user ID
	SystemServer      = "sn"      // the server a sticky client goes to
	SystemSticky      = "ssticky" // "Disabled", "Preferred", "Required"
	SystemDiagnostic  = "dc"      // "true": a diagnostic client
	SystemHandshake   = "cht"     // handshake timeout in seconds
	SystemTransports  = "htt"     // bit mask: 1 WebSockets, 2 SSE, 4 long polling
	SystemPollTimeout = "ttl"     // longest time between polls, in seconds
	SystemCloseOnExp  = "coae"    // "true": close when the authentication expires
	SystemAuthExpires = "aeo"     // when it does, in Unix seconds
)
