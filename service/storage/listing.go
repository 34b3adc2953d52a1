package storage

import "encoding/base64"

// A marker of a listing is opaque to clients: the store's own in base64, so that
// it survives XML and URLs whatever is in it.

// EncodeMarker returns the marker for where a listing goes on, "" at its end.
func EncodeMarker(next string) string {
	if next == "" {
		return ""
	}
	return "1!" + base64.RawURLEncoding.EncodeToString([]byte(next))
}

// DecodeMarker is the inverse of EncodeMarker; ok is false for what that did not
// make.
func DecodeMarker(s string) (next string, ok bool) {
	if s == "" {
		return "", true
	}
	const version = "1!"
	if len(s) <= len(version) || s[:len(version)] != version {
		return "", false
	}
	raw, err := base64.RawURLEncoding.DecodeString(s[len(version):])
	return string(raw), err == nil
}

// Endpoint returns the URL of the account at this service, as the client reached
// it, with a slash at the end.
func (c *Call) Endpoint() string { return string(c.AppendEndpoint(nil)) }

// AppendEndpoint appends Endpoint.
func (c *Call) AppendEndpoint(b []byte) []byte {
	if c.Request.TLS != nil {
		b = append(b, "https://"...)
	} else {
		b = append(b, "http://"...)
	}
	b = append(append(b, c.Request.Host...), '/')
	if !c.PathStyle {
		return b
	}
	b = append(b, c.Account.Name...)
	if c.secondary {
		b = append(b, secondarySuffix...)
	}
	return append(b, '/')
}
