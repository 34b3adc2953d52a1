package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"reslog/server"
	"reslog/server/servertest"
)

// writeCertificate makes a certificate for 127.0.0.1 that is its own authority.
func writeCertificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(cert)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER), pool
}

func TestHTTPS(t *testing.T) {
	certFile, keyFile, pool := writeCertificate(t)
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) { c.CertFile, c.KeyFile = certFile, keyFile }))
	if !strings.HasPrefix(n.BlobURL(), "https://") || !strings.HasPrefix(n.ConnectionString(server.DevAccount), "DefaultEndpointsProtocol=https;") {
		t.Fatalf("the node is at %s", n.BlobURL())
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	opts := &azblob.ClientOptions{}
	opts.Transport = &http.Client{Transport: transport}
	c := n.BlobClientFor(t, server.DevAccount, opts)
	create(t, c, "things")
	put(t, c, "things", "one", "1")

	old := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}}
	defer old.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.AccountURL(server.DevAccount)+"/things/one", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := old.RoundTrip(r); err == nil {
		resp.Body.Close()
		t.Error("TLS 1.1 was accepted")
	}
}

func TestCertificateThatIsNone(t *testing.T) {
	certFile, _, _ := writeCertificate(t)
	n, err := server.New(server.Config{Data: t.TempDir(), BlobAddr: "127.0.0.1:0", QueueAddr: server.Off, TableAddr: server.Off, RedisAddr: server.Off, SignalRAddr: server.Off, ControlAddr: server.Off, AdminAddr: server.Off, CertFile: certFile, KeyFile: certFile})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "load the certificate") {
		t.Errorf("start: %v", err)
	}
}
