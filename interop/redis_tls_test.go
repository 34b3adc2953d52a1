package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"reslog/server"
	"reslog/server/servertest"
)

// authority is one of a test, with its files.
type authority struct {
	dir, ca string
	cert    *x509.Certificate
	key     *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.ca = filepath.Join(a.dir, "ca.pem")
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of " + t.Name()}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	check(t, err)
	a.cert, err = x509.ParseCertificate(der)
	check(t, err)
	writePEM(t, a.ca, "CERTIFICATE", der)
	return a
}

// issue makes a certificate of 127.0.0.1 and of a name, and returns its files.
func (a *authority) issue(t *testing.T, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &private.PublicKey, a.key)
	check(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	check(t, err)
	cert, key = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+"-key.pem")
	writePEM(t, cert, "CERTIFICATE", der)
	writePEM(t, key, "PRIVATE KEY", keyDER)
	return cert, key
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	check(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// trusting trusts an authority, and shows a certificate if there is one.
func trusting(t *testing.T, ca string, certificate ...string) *tls.Config {
	t.Helper()
	b, err := os.ReadFile(ca)
	check(t, err)
	c := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	c.RootCAs.AppendCertsFromPEM(b)
	if len(certificate) == 2 {
		pair, err := tls.LoadX509KeyPair(certificate[0], certificate[1])
		check(t, err)
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

// secured is client with TLS.
func (n *redisNode) secured(t *testing.T, config *tls.Config) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{
		Addr: n.addr, TLSConfig: config, Username: "alice", Password: "wonder", PoolSize: 1, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true, DialTimeout: patience, ReadTimeout: patience,
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestRedisClientTLS has clients speak TLS to a node, of which the server knows
// nothing.
func TestRedisClientTLS(t *testing.T) {
	s := startRedis(t, "--requirepass", redisPassword)
	s.people(t)
	n := before(t, s, servertest.WithConfig(func(c *server.Config) { c.RedisTLS = true }))
	c := n.secured(t, trusting(t, n.CAFile()))
	redisPipelines(t, s, c)
	redisValues(t, c)
	check(t, c.Close())
	host, port, err := net.SplitHostPort(n.addr)
	check(t, err)
	got := output(t, "redis-cli", "-h", host, "-p", port, "--tls", "--cacert", n.CAFile(), "--user", "alice", "--pass", "wonder", "--no-auth-warning", "ACL", "WHOAMI")
	want(t, "redis-cli", got, "alice\n")
	served := n.connections(t)
	wantStories(t, n.closed(t, served), map[string]int{"new, auth 8 alice, close client": served})
	// Who does not trust the node, or does not speak TLS, gets nowhere.
	if err := n.secured(t, &tls.Config{MinVersion: tls.VersionTLS12}).Ping(t.Context()).Err(); err == nil || !strings.Contains(err.Error(), "x509") {
		t.Errorf("a client that does not trust the node: %v", err)
	}
	r := n.dial(t)
	r.say("PING\r\n" + strings.Repeat("\x00", 100))
	_, _ = io.Copy(io.Discard, r) // an alert, perhaps
	r.close()
	n.refuses(t, served, 2)
}

// refuses waits until there are the events of so many connections that were served,
// and of as many, or a client's next tries, that were refused: of those the server
// knows nothing.
func (n *redisNode) refuses(t *testing.T, served, refused int) {
	t.Helper()
	var got map[string]int
	eventually(t, "clients are not refused", func() bool {
		n.Settle(t)
		got = storiesOf(n.events(t))
		return got["new, close refused"] >= refused && got["new"] == 0
	})
	wantStories(t, got, map[string]int{"new, auth 8 alice, close client": served, "new, close refused": got["new, close refused"]})
	n.served(t, served)
}

// TestRedisUpstreamTLS leads to a server that speaks TLS, and wants a certificate.
func TestRedisUpstreamTLS(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.issue(t, "server")
	own, ownKey := a.issue(t, "node")
	tlsAddr := freeAddr(t, "127.0.0.1")
	_, port, err := net.SplitHostPort(tlsAddr)
	check(t, err)
	s := startRedis(t, "--requirepass", redisPassword, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", a.ca, "--tls-auth-clients", "yes")
	s.people(t)
	s.addr = "rediss://" + tlsAddr
	for _, both := range []bool{false, true} {
		n := before(t, s, servertest.WithConfig(func(c *server.Config) {
			c.RedisUpstreamCAFile, c.RedisUpstreamCertFile, c.RedisUpstreamKeyFile, c.RedisTLS = a.ca, own, ownKey, both
		}))
		c := n.client(t, 3, "alice", "wonder")
		if both {
			c = n.secured(t, trusting(t, n.CAFile()))
		}
		redisPipelines(t, s, c)
		redisValues(t, c)
		check(t, c.Close())
		served := n.connections(t)
		wantStories(t, n.closed(t, served), map[string]int{"new, auth 8 alice, close client": served})
	}
	// Without the certificate the server cannot be reached, which the client learns.
	n := before(t, s, servertest.WithConfig(func(c *server.Config) { c.RedisUpstreamCAFile = a.ca }))
	if err := n.client(t, 3, "alice", "wonder").Ping(t.Context()).Err(); err == nil {
		t.Error("a client got through without the node's certificate")
	}
	n.Settle(t)
	for story := range storiesOf(n.events(t)) {
		if story != "new, close noServer" && story != "new, close server" {
			t.Errorf("a connection without the node's certificate: %s", story)
		}
	}
}

// TestRedisClientCertificates wants clients to show a certificate.
func TestRedisClientCertificates(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.issue(t, "client")
	s := startRedis(t, "--requirepass", redisPassword)
	s.people(t)
	n := before(t, s, servertest.WithConfig(func(c *server.Config) { c.RedisTLS, c.RedisClientCAFile = true, a.ca }))
	c := n.secured(t, trusting(t, n.CAFile(), cert, key))
	check(t, c.Ping(t.Context()).Err())
	check(t, c.Close())
	served := n.connections(t)
	stranger := newAuthority(t)
	other, otherKey := stranger.issue(t, "client")
	for _, config := range []*tls.Config{trusting(t, n.CAFile()), trusting(t, n.CAFile(), other, otherKey)} {
		if err := n.secured(t, config).Ping(t.Context()).Err(); err == nil {
			t.Error("a client got through without a certificate of the authority")
		}
	}
	n.refuses(t, served, 2)
}
