package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// JWK is a public key as JSON (RFC 7517); the fields are those of RSA (n, e) and
// of elliptic curves (crv, x, y).
type JWK struct {
	Type  string `json:"kty"`
	Use   string `json:"use,omitempty"`
	ID    string `json:"kid,omitempty"`
	Alg   string `json:"alg,omitempty"`
	N     string `json:"n,omitempty"`
	E     string `json:"e,omitempty"`
	Curve string `json:"crv,omitempty"`
	X     string `json:"x,omitempty"`
	Y     string `json:"y,omitempty"`
}

// JWKSet is a set of public keys as JSON.
type JWKSet struct {
	Keys []JWK `json:"keys"`
}

const (
	maxKeys    = 100     // of an issuer
	minRSABits = 2048    // RFC 7518, 3.3
	maxRSABits = 8192    // what a verification may cost
	maxJWKS    = 1 << 20 // bytes
)

// publicKey is a key to verify with. Its type decides which algorithms it may be
// used for; alg, when the issuer says so, leaves one of them.
type publicKey struct {
	key crypto.PublicKey
	alg string
}

// allows reports whether a token may be signed by alg with this key.
func (k publicKey) allows(alg string) bool {
	var algs []string
	switch k.key.(type) {
	case *rsa.PublicKey:
		algs = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		algs = []string{"ES256"}
	}
	return slices.Contains(algs, alg) && (k.alg == "" || k.alg == alg)
}

// parseJWKS reads the keys that tokens may be signed with. Others are left out,
// as RFC 7517 asks for: of unknown kinds, for encryption, too weak or too big.
func parseJWKS(raw []byte) (map[string]publicKey, error) {
	var set JWKSet
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("a key set of %d keys, want at most %d", len(set.Keys), maxKeys)
	}
	keys := map[string]publicKey{}
	for _, j := range set.Keys {
		if key := j.public(); key != nil && (j.Use == "" || j.Use == "sig") {
			keys[j.ID] = publicKey{key, j.Alg}
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no key that can be used")
	}
	return keys, nil
}

// public is the key, or nil when it cannot be used.
func (j JWK) public() crypto.PublicKey {
	switch {
	case j.Type == "RSA":
		n, errN := base64.RawURLEncoding.DecodeString(j.N)
		e, errE := base64.RawURLEncoding.DecodeString(j.E)
		if errN != nil || errE != nil || len(n) > maxRSABits/8 || len(e) > 4 {
			return nil
		}
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		if key.N.BitLen() < minRSABits || key.N.Bit(0) == 0 || key.E < 3 || key.E > 1<<31-1 || key.E%2 == 0 {
			return nil
		}
		return key
	case j.Type == "EC" && j.Curve == "P-256":
		x, errX := base64.RawURLEncoding.DecodeString(j.X)
		y, errY := base64.RawURLEncoding.DecodeString(j.Y)
		if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
			return nil
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil { // not on the curve
			return nil
		}
		return key
	}
	return nil
}

func jwkOf(id string, key *rsa.PublicKey) JWK {
	return JWK{
		Type: "RSA", Use: "sig", ID: id, Alg: "RS256",
		N: base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		E: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

// thumbprint names a key by its content (RFC 7638).
func thumbprint(key *rsa.PublicKey) string {
	j := jwkOf("", key)
	sum := sha256.Sum256([]byte(`{"e":"` + j.E + `","kty":"RSA","n":"` + j.N + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
