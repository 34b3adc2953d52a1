package upstream

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxHeaders bounds the headers that tell of the client.
const maxHeaders = 64 << 10

// request makes the POST of an event.
func (c *Caller) request(ctx context.Context, t Template, u *url.URL, e Event) (*http.Request, error) {
	// The URL is set apart: an error of NewRequest would have it in its text.
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://upstream", bytes.NewReader(e.Body))
	if err != nil {
		return nil, err
	}
	r.URL, r.Host = u, u.Host
	h := r.Header
	h.Set("User-Agent", "reslog")
	if e.ContentType != "" {
		h.Set("Content-Type", e.ContentType)
	}
	size := 0
	for _, s := range append([]string{e.User, e.Query}, e.Claims...) {
		size += len(s)
	}
	if size > maxHeaders {
		return nil, fmt.Errorf("the client's query and claims are longer than %d bytes", maxHeaders)
	}
	setHeader(h, "X-ASRS-Connection-Id", e.ConnectionID)
	setHeader(h, "X-ASRS-Hub", e.Hub)
	setHeader(h, "X-ASRS-Category", e.Category)
	setHeader(h, "X-ASRS-Event", e.Name)
	setHeader(h, "X-ASRS-User-Id", e.User)
	setHeader(h, "X-ASRS-User-Claims", strings.Join(e.Claims, ","))
	setHeader(h, "X-ASRS-Client-Query", e.Query)
	if c.config.Keys != nil {
		setHeader(h, "X-ASRS-Signature", Signature(c.config.Keys(), e.ConnectionID))
	}
	if t.ManagedIdentity == "" {
		return r, nil
	}
	if c.config.Token == nil {
		return nil, errors.New("the service has no managed identity that could make a token for the upstream")
	}
	token, err := c.config.Token(ctx, t.ManagedIdentity)
	if err != nil {
		return nil, fmt.Errorf("no token of the managed identity: %w", err)
	}
	h.Set("Authorization", "Bearer "+token)
	return r, nil
}

// setHeader sets a header that is not empty, under its name as documented. What no
// header can hold is percent-encoded.
func setHeader(h http.Header, name, value string) {
	if value == "" {
		return
	}
	h[name] = []string{percent(value, func(c byte) bool { return c >= ' ' && c < 0x7f })}
}

// Signature is the value of X-ASRS-Signature: of each key, the primary first, the HMAC
// of the connection's ID, separated by commas. Some hooks look at the first only, and
// some do not expect a space behind the comma.
func Signature(keys []string, connection string) string {
	var all []string
	for _, k := range keys {
		if k == "" {
			continue // anybody could sign with it
		}
		h := hmac.New(sha256.New, []byte(k))
		h.Write([]byte(connection))
		all = append(all, "sha256="+hex.EncodeToString(h.Sum(nil)))
	}
	return strings.Join(all, ",")
}
