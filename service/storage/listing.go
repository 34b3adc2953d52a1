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

// Endpoint returns the URL of the account at this service, with a slash at the
// end.
func (c *Call) Endpoint() string {
	scheme := "http://"
	if c.Request.TLS != nil {
		scheme = "https://"
	}
	if c.PathStyle {
		return scheme + c.Request.Host + "/" + c.Account.Name + "/"
	}
	return scheme + c.Request.Host + "/"
}
