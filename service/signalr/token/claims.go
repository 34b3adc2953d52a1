package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The prefixes of claims that the service's SDK puts into tokens: its own, and those of
// the user that have the names of the token's own.
const (
	systemPrefix = "asrs.s."
	userPrefix   = "asrs.u."
)

// claims are the claims of a token in their order. It is read by package jwt, whose
// checks of claims are turned off: the methods of jwt.Claims are never called.
type claims struct {
	all []Claim
	// exp is nil if there is none.
	exp *time.Time
	// err is what is wrong with a claim.
	err error
}

// UnmarshalJSON reads the members of an object. Of an array each element is a claim.
func (c *claims) UnmarshalJSON(b []byte) error {
	*c = claims{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("the claims are not an object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		// Kept until the signature is known to be right: then it is told.
		if err := c.add(name.(string), value); err != nil && c.err == nil {
			c.err = err
		}
	}
	return nil
}

func (c *claims) add(name string, value json.RawMessage) error {
	if name == "exp" {
		// Two of them would leave open which one holds.
		if c.exp != nil {
			return errors.New("exp is there more than once")
		}
		at, err := seconds(value)
		if err != nil {
			return err
		}
		c.exp = &at
	}
	if value[0] != '[' {
		c.all = append(c.all, Claim{name, text(value)})
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return err
	}
	for _, v := range list {
		c.all = append(c.all, Claim{name, text(v)})
	}
	return nil
}

// text is a value as claims show it: a string without its quotes, anything else as JSON.
func text(value json.RawMessage) string {
	var s string
	if value[0] == '"' && json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}

// seconds reads a NumericDate, which may have a fraction. Some write it as a string.
func seconds(value json.RawMessage) (time.Time, error) {
	f, err := strconv.ParseFloat(text(value), 64)
	if err != nil || math.IsNaN(f) || f < 0 {
		return time.Time{}, errors.New("exp is not a time")
	}
	// The year 9999 is as long as for ever, and the last that dates are printed of.
	whole, fraction := math.Modf(min(f, 253402300799))
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

// token sorts the claims.
func (c *claims) token() (Token, error) {
	if c.err != nil {
		return Token{}, c.err
	}
	t := Token{Raw: c.all, System: map[string]string{}}
	if c.exp != nil {
		t.Expires = *c.exp
	}
	var user, nameid, sub *string
	for i := range c.all {
		claim := &c.all[i]
		if name, ok := strings.CutPrefix(claim.Type, systemPrefix); ok {
			// The first counts, as for all claims of which there is one.
			if _, twice := t.System[name]; !twice {
				t.System[name] = claim.Value
			}
			if name == SystemUser {
				user = first(user, &claim.Value)
			}
			continue
		}
		switch claim.Type {
		case "aud":
			t.Audience = append(t.Audience, claim.Value)
			continue
		case "exp", "iat", "nbf":
			continue
		case "nameid":
			nameid = first(nameid, &claim.Value)
		case "sub":
			sub = first(sub, &claim.Value)
		}
		t.Claims = append(t.Claims, Claim{strings.TrimPrefix(claim.Type, userPrefix), claim.Value})
	}
	if id := first(first(user, nameid), sub); id != nil {
		t.User = *id
	}
	return t, nil
}

func first(a, b *string) *string {
	if a != nil {
		return a
	}
	return b
}

// appendClaims appends the claims as a JSON object.
func appendClaims(b []byte, claims []Claim) []byte {
	byType := map[string][]string{}
	for _, c := range claims {
		byType[c.Type] = append(byType[c.Type], c.Value)
	}
	b = append(b, '{')
	for _, c := range claims {
		values, ok := byType[c.Type]
		if !ok {
			continue // written with the first of its type
		}
		delete(byType, c.Type)
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(appendString(b, c.Type), ':')
		b = appendValue(b, c.Type, values)
	}
	return append(b, '}')
}

func appendValue(b []byte, name string, values []string) []byte {
	if len(values) > 1 {
		b = append(b, '[')
		for i, v := range values {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, v)
		}
		return append(b, ']')
	}
	switch name {
	case "exp", "nbf", "iat":
		if n, err := strconv.ParseInt(values[0], 10, 64); err == nil {
			return strconv.AppendInt(b, n, 10)
		}
	}
	return appendString(b, values[0])
}

// appendMember appends a further member of an object.
func appendMember(b []byte, name, value string) []byte {
	return appendString(append(appendString(append(b, ','), name), ':'), value)
}

// appendString appends a JSON string, without the escapes for HTML of json.Marshal.
func appendString(b []byte, s string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	// A string is always encoded.
	_ = e.Encode(s)
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

// The methods of jwt.Claims.
func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (c *claims) GetIssuer() (string, error)                   { return "", nil }
func (c *claims) GetSubject() (string, error)                  { return "", nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error)       { return nil, nil }
