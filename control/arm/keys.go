package arm

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"reslog/resource"
)

// newKey draws a key of so many bytes and writes it in base64.
func newKey(size int) string {
	key := make([]byte, size)
	rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// Sizes of keys, in bytes.
const (
	longKey  = 64 // accounts, workspaces
	shortKey = 32 // hubs, databases, rules
)

// secretsOf decodes the secrets of a resource; none are the zero T. Its error
// has nothing of them.
func secretsOf[T any](r resource.Resource) (T, error) {
	var v T
	if len(r.Secrets) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(r.Secrets, &v); err != nil {
		return v, fmt.Errorf("the secrets of %s are not readable", r.ID)
	}
	return v, nil
}

// propertiesOf decodes the properties of a resource; none are the zero T.
func propertiesOf[T any](r resource.Resource) (T, error) {
	var v T
	if len(r.Properties) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(r.Properties, &v); err != nil {
		return v, fmt.Errorf("read the properties of %s: %w", r.ID, err)
	}
	return v, nil
}

// draw fills a pair of keys that is not there yet.
func (k *KeyPair) draw(size int) {
	if k.PrimaryKey == "" {
		k.PrimaryKey = newKey(size)
	}
	if k.SecondaryKey == "" {
		k.SecondaryKey = newKey(size)
	}
}

// drawKeys is the prepare of a type whose secrets are a KeyPair.
func drawKeys(d *draft, size int) error {
	keys, err := secretsOf[KeyPair](d.Resource)
	if err != nil {
		return err
	}
	keys.draw(size)
	return d.hide(keys)
}

// keyType reads which key of a pair the body of regenerateKey means.
func keyType(r *request) (primary bool, err error) {
	var body struct {
		KeyType string `json:"keyType"`
	}
	if err := r.decode(&body); err != nil {
		return false, err
	}
	switch {
	case fold(body.KeyType, "Primary"), fold(body.KeyType, "PrimaryKey"):
		return true, nil
	case fold(body.KeyType, "Secondary"), fold(body.KeyType, "SecondaryKey"):
		return false, nil
	}
	return false, refuse(http.StatusBadRequest, "InvalidRequestContent", "The property 'keyType' must name the primary or the secondary key, not '%.32s'.", body.KeyType)
}

// regenerate draws one key of a pair anew.
func (k *KeyPair) regenerate(primary bool, size int) {
	if primary {
		k.PrimaryKey = newKey(size)
	} else {
		k.SecondaryKey = newKey(size)
	}
}
