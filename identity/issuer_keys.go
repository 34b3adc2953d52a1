package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
)

const (
	keyFile = "signing.json"
	keyBits = 2048
)

// signingKey is a key of the Issuer.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
	created time.Time
	retired time.Time // when a newer one took over; zero for the newest
}

func (k *signingKey) accepted(now time.Time) bool {
	return k.retired.IsZero() || now.Before(k.retired.Add(keyRest))
}

// keyRecord is a key as the file has it.
type keyRecord struct {
	ID      string    `json:"kid"`
	Created time.Time `json:"created"`
	PKCS8   []byte    `json:"pkcs8"`
}

// tenantRecord is the file.
type tenantRecord struct {
	TenantID string      `json:"tenantId"`
	Keys     []keyRecord `json:"keys"` // the newest first
}

// load reads the file, or makes the first one.
func (i *Issuer) load() error {
	path := filepath.Join(i.cfg.Dir, keyFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		i.tenant = uuid.NewString()
		i.keys.Store(&[]signingKey{})
		return i.addKey(i.cfg.Now())
	}
	if err != nil {
		return fmt.Errorf("read the signing keys: %w", err)
	}
	var record tenantRecord
	if err := json.Unmarshal(raw, &record); err != nil || !isGUID(record.TenantID) || len(record.Keys) == 0 {
		// The error of json could repeat a part of a key.
		return fmt.Errorf("%s is damaged: restore it, or delete it, and a new tenant is made", path)
	}
	var keys []signingKey
	for n, r := range record.Keys {
		private, err := parseKey(r.PKCS8)
		if err != nil {
			return fmt.Errorf("%s: key %s: %w", path, r.ID, err)
		}
		k := signingKey{id: r.ID, private: private, created: r.Created}
		if n > 0 {
			k.retired = keys[n-1].created
		}
		keys = append(keys, k)
	}
	i.tenant = record.TenantID
	i.keys.Store(&keys)
	return nil
}

func parseKey(der []byte) (*rsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("not a private key")
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return private, nil
}

// signer is the key to sign with now. When a new one is due and cannot be made,
// the old one goes on: better than nobody signing in.
func (i *Issuer) signer(now time.Time) signingKey {
	if k := (*i.keys.Load())[0]; now.Before(k.created.Add(keyLife)) {
		return k
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if k := (*i.keys.Load())[0]; now.Before(k.created.Add(keyLife)) {
		return k // another made it meanwhile
	}
	if err := i.addKey(now); err != nil {
		i.cfg.Logger.Error("no new signing key, the old one goes on", "err", err)
	}
	return (*i.keys.Load())[0]
}

// addKey makes a key, keeps it and lets it take over. Keys whose tokens have all
// expired are left out.
func (i *Issuer) addKey(now time.Time) error {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	keys := []signingKey{{id: thumbprint(&private.PublicKey), private: private, created: now.UTC()}}
	for n, k := range *i.keys.Load() {
		if n == 0 {
			k.retired = now.UTC()
		}
		if k.accepted(now) {
			keys = append(keys, k)
		}
	}
	record := tenantRecord{TenantID: i.tenant}
	for _, k := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(k.private)
		if err != nil {
			return fmt.Errorf("encode a signing key: %w", err)
		}
		record.Keys = append(record.Keys, keyRecord{k.id, k.created, der})
	}
	raw, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the signing keys: %w", err)
	}
	if err := writeFile(filepath.Join(i.cfg.Dir, keyFile), raw); err != nil {
		return fmt.Errorf("keep the signing keys: %w", err)
	}
	i.keys.Store(&keys)
	i.cfg.Logger.Info("new signing key", "kid", keys[0].id, "accepted", len(keys))
	return nil
}

// writeFile replaces a file whole, readable by its owner only.
func writeFile(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // when it could not be renamed
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
