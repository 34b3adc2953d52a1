package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// TrustedIssuer is another issuer whose tokens are taken.
//
// Its users are known by the claim oid, or sub when there is none, its groups by
// the claim groups: role assignments name these. What it claims is believed, but
// for principals of the node's own directory.
type TrustedIssuer struct {
	// Issuer is the claim iss of its tokens, to the letter.
	Issuer string
	// JWKSURL or JWKSFile is where its keys are. When both are empty they are found
	// by OpenID discovery, at Issuer and "/.well-known/openid-configuration". A URL
	// is https, or http on this machine.
	JWKSURL  string
	JWKSFile string
	// Audiences are the audiences that its tokens may be for, of those that a
	// front end takes; empty is all of them.
	Audiences []string
}

const (
	fetchTime  = 10 * time.Second
	keysFresh  = time.Hour       // then new ones are fetched while the old ones go on
	fetchPause = 5 * time.Minute // between two fetches
	firstPause = 5 * time.Second // the same while there are no keys at all
)

// check says what is wrong with the configuration.
func (t TrustedIssuer) check() error {
	if t.Issuer == "" {
		return fmt.Errorf("trusted issuer: %w: Issuer is missing", ErrInvalid)
	}
	if t.JWKSURL != "" && t.JWKSFile != "" {
		return fmt.Errorf("trusted issuer %s: %w: give JWKSURL or JWKSFile, not both", t.Issuer, ErrInvalid)
	}
	if t.JWKSFile != "" {
		return nil
	}
	where := t.JWKSURL
	if where == "" {
		where = t.Issuer
	}
	if err := checkURL(where); err != nil {
		return fmt.Errorf("trusted issuer %s: %w", t.Issuer, err)
	}
	return nil
}

// checkURL keeps keys from being fetched where somebody could change them.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err == nil && u.User != nil:
		return fmt.Errorf("%w: a URL to fetch keys from has no user and no password", ErrInvalid)
	case err != nil || u.Host == "":
		return fmt.Errorf("%w: %q is not a URL to fetch keys from", ErrInvalid, clip(s))
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("%w: %q is neither https nor on this machine", ErrInvalid, clip(s))
}

// issuerKeys are the keys of a trusted issuer. They are fetched in the background
// and at most every few minutes, whatever tokens come; what was fetched is good
// until something newer is.
type issuerKeys struct {
	issuer TrustedIssuer
	client *http.Client
	now    func() time.Time
	logger *slog.Logger
	ctx    context.Context // ends with the Verifier
	wg     *sync.WaitGroup

	current atomic.Pointer[fetched] // nil until there is something

	mu      sync.Mutex
	tried   time.Time     // when the last fetch began
	running chan struct{} // closed when the running fetch ends; nil when none runs
	closed  bool
}

type fetched struct {
	keys map[string]publicKey
	at   time.Time
}

// key is the key that a token names, which may need a fetch.
func (k *issuerKeys) key(ctx context.Context, kid string) (publicKey, error) {
	if f := k.current.Load(); f != nil {
		if key, ok := f.find(kid); ok {
			if k.now().Sub(f.at) > keysFresh {
				k.refresh()
			}
			return key, nil
		}
	}
	if running := k.refresh(); running != nil {
		select {
		case <-running:
		case <-ctx.Done():
			return publicKey{}, fmt.Errorf("%w: %w", ErrKeysUnavailable, ctx.Err())
		}
	}
	f := k.current.Load()
	if f == nil {
		return publicKey{}, fmt.Errorf("%w: %s", ErrKeysUnavailable, k.issuer.Issuer)
	}
	if key, ok := f.find(kid); ok {
		return key, nil
	}
	return publicKey{}, fmt.Errorf("%w: %s has no key %q", ErrTokenSignature, k.issuer.Issuer, clip(kid))
}

// find also takes a token that names no key, when there is only one.
func (f *fetched) find(kid string) (publicKey, bool) {
	key, ok := f.keys[kid]
	if !ok && kid == "" && len(f.keys) == 1 {
		for _, key = range f.keys {
			ok = true
		}
	}
	return key, ok
}

// refresh starts a fetch, unless one was made a short time ago. It returns what
// ends with the fetch that runs, nil when none does.
func (k *issuerKeys) refresh() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running != nil {
		return k.running
	}
	pause := fetchPause
	if k.current.Load() == nil {
		pause = firstPause
	}
	now := k.now()
	if since := now.Sub(k.tried); 0 <= since && since < pause || k.closed {
		return nil
	}
	k.tried = now
	running := make(chan struct{})
	k.running = running
	k.wg.Go(func() {
		defer close(running)
		keys, err := k.fetch(k.ctx)
		if err != nil {
			k.logger.Warn("keys of a trusted issuer not fetched", "issuer", k.issuer.Issuer, "err", err, "kept", k.current.Load() != nil)
		} else {
			k.current.Store(&fetched{keys, k.now()})
		}
		k.mu.Lock()
		k.running = nil
		k.mu.Unlock()
	})
	return running
}

// close lets no further fetch start.
func (k *issuerKeys) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
}

func (k *issuerKeys) fetch(ctx context.Context) (map[string]publicKey, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	if k.issuer.JWKSFile != "" {
		raw, err := readFile(k.issuer.JWKSFile)
		if err != nil {
			return nil, err
		}
		return parseJWKS(raw)
	}
	from := k.issuer.JWKSURL
	if from == "" {
		var err error
		if from, err = k.discover(ctx); err != nil {
			return nil, err
		}
	}
	raw, err := k.get(ctx, from)
	if err != nil {
		return nil, err
	}
	return parseJWKS(raw)
}

// discover finds where the keys are (OpenID Connect Discovery 1.0, section 4).
func (k *issuerKeys) discover(ctx context.Context) (string, error) {
	raw, err := k.get(ctx, strings.TrimRight(k.issuer.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	var doc struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return "", fmt.Errorf("read the discovery document: %w", err)
	}
	if doc.Issuer != k.issuer.Issuer {
		return "", fmt.Errorf("the discovery document is of issuer %q", clip(doc.Issuer))
	}
	return doc.JWKS, checkURL(doc.JWKS)
}

func (k *issuerKeys) get(ctx context.Context, from string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", from, resp.Status)
	}
	return readBounded(resp.Body)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f)
}

func readBounded(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxJWKS+1))
	if err == nil && len(raw) > maxJWKS {
		err = errors.New("more than a mebibyte of keys")
	}
	return raw, err
}
