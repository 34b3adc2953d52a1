package bus

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// fabricServer is the name in the certificate: nodes are told apart by nothing else
// than that they have the secret.
const fabricServer = "reslog-fabric"

// fabricTLS makes of the secret a key and a certificate that only it verifies. All
// nodes make the same; each asks the other for it.
func fabricTLS(secret string) (*tls.Config, error) {
	seed, err := hkdf.Key(sha256.New, []byte(secret), nil, "reslog fabric 1", ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("join nodes: make a key of the secret: %w", err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	t := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: fabricServer},
		DNSNames:              []string{fabricServer},
		NotBefore:             now,
		NotAfter:              now.AddDate(1000, 0, 0), // it is as good as the secret
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(nil, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("join nodes: make a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("join nodes: read the certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		ServerName:   fabricServer,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}},
		RootCAs:      pool,
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	}, nil
}
