package storagetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"reslog/resource"
	"reslog/service/storage"
)

// Account is the account that requests go to.
const Account = "acct"

// Accounts are the accounts of a Server.
type Accounts map[string]*storage.Account

// Account implements storage.Accounts.
func (a Accounts) Account(name string) (*storage.Account, bool) {
	found, ok := a[name]
	return found, ok
}

// NewAccount returns an account whose keys follow from its name.
func NewAccount(name string) *storage.Account {
	key, other := sha256.Sum256([]byte(name)), sha256.Sum256([]byte(name+"2"))
	return &storage.Account{
		Name: name, Location: "local",
		ID:   resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/" + name),
		Keys: [2][]byte{key[:], other[:]},
	}
}

// Sign signs a request to Account.
func (s *Server) Sign(r *http.Request) { Sign(s.Kind, r, s.Accounts[Account], s.Clock.Now()) }

// Sign adds a Shared Key Lite signature, of which the table service has a form of
// its own.
func Sign(kind storage.Kind, r *http.Request, a *storage.Account, now time.Time) {
	date := now.UTC().Format(http.TimeFormat)
	r.Header.Set("X-Ms-Date", date)
	text := date + "\n"
	if kind != storage.Table {
		text = signedHeaders(r)
	}
	text += "/" + a.Name + r.URL.EscapedPath()
	if comp := r.URL.Query().Get("comp"); comp != "" {
		text += "?comp=" + comp
	}
	r.Header.Set("Authorization", "SharedKeyLite "+a.Name+":"+MAC(a, text))
}

// signedHeaders are the method and the headers as a signature has them.
func signedHeaders(r *http.Request) string {
	var names []string
	for k := range r.Header {
		if l := strings.ToLower(k); strings.HasPrefix(l, "x-ms-") {
			names = append(names, l)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n\n", r.Method, r.Header.Get("Content-MD5"), r.Header.Get("Content-Type"))
	for _, n := range names {
		for k, v := range r.Header {
			if strings.ToLower(k) == n {
				fmt.Fprintf(&b, "%s:%s\n", n, strings.Join(v, ","))
			}
		}
	}
	return b.String()
}

// MAC signs a text with the first key of an account.
func MAC(a *storage.Account, text string) string {
	m := hmac.New(sha256.New, a.Keys[0])
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// Expiry is the time at which a SAS of the tests ends, an hour from now.
func (s *Server) Expiry() string {
	return s.Clock.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")
}

// AccountSAS returns the query of an account SAS of a version for a service ("b",
// "q" or "t"), resource types and permissions.
func (s *Server) AccountSAS(version, service, types, permissions string) string {
	expiry := s.Expiry()
	text := strings.Join([]string{Account, permissions, service, types, "", expiry, "", "", version, ""}, "\n")
	return url.Values{
		"sv": {version}, "ss": {service}, "srt": {types}, "sp": {permissions}, "se": {expiry},
		"sig": {MAC(s.Accounts[Account], text)},
	}.Encode()
}
