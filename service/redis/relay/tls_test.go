package relay

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, pool: x509.NewCertPool()}
	self := a.sign("root of the test")
	a.cert, a.key = self.Leaf, self.PrivateKey.(*ecdsa.PrivateKey)
	a.pool.AddCert(a.cert)
	return a
}

// sign makes a certificate, its own when there is no root yet.
func (a *authority) sign(name string) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IsCA:         a.cert == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames: []string{name, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) server() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.sign("server")}}
}

// TLS on both sides, with certificates of clients on both, after a PROXY header.
func TestTLSOnBothSides(t *testing.T) {
	a := newAuthority(t)
	upstream := a.server()
	upstream.ClientAuth, upstream.ClientCAs = tls.RequireAndVerifyClientCert, a.pool
	all := noise(1, 3<<20)
	b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		s := tls.Server(c, upstream)
		got, err := read(s, 1)
		if err != nil || !bytes.Equal(got, all) {
			t.Errorf("the server got %d bytes, %v", len(got), err)
		}
		if name := s.ConnectionState().PeerCertificates[0].Subject.CommonName; name != "reslog" {
			t.Errorf("the server sees %q", name)
		}
		write(s, 2, got)
		s.Close()
	})
	n := &node{t: t}
	n.engine = func(r *Relay, l net.Listener) engine { return r.engine(l) }
	n.trusting(b.upstream())
	n.config.Upstream.TLS = &tls.Config{RootCAs: a.pool, Certificates: []tls.Certificate{a.sign("reslog")}}
	n.config.TLS = a.server()
	n.config.TLS.ClientAuth, n.config.TLS.ClientCAs = tls.VerifyClientCertIfGiven, a.pool
	n.start()

	raw := n.dial()
	io.WriteString(raw, "PROXY TCP4 203.0.113.7 192.0.2.1 40001 6379\r\n")
	c := tls.Client(raw, &tls.Config{RootCAs: a.pool, ServerName: "localhost", Certificates: []tls.Certificate{a.sign("client of the test")}})
	var writing sync.WaitGroup
	writing.Go(func() {
		write(c, 3, all)
		c.CloseWrite()
	})
	if got, err := read(c, 4); err != nil || !bytes.Equal(got, all) {
		t.Errorf("the client got %d bytes, %v", len(got), err)
	}
	writing.Wait()
	tap := n.only()
	tap.want(event.ByClient, all, all)
	if tap.peer.CommonName != "client of the test" || tap.peer.Client != netip.MustParseAddrPort("203.0.113.7:40001") {
		t.Errorf("the peer is %+v", tap.peer)
	}
}

// A client that closes its connection without a word of TLS has ended all the same.
func TestTLSClientHangsUp(t *testing.T) {
	a := newAuthority(t)
	b := newBackend(t, "tcp", "127.0.0.1:0", echo)
	n := &node{t: t}
	n.engine = func(r *Relay, l net.Listener) engine { return r.engine(l) }
	n.config.Upstream, n.config.TLS = b.upstream(), a.server()
	n.start()
	raw := n.dial()
	c := tls.Client(raw, &tls.Config{RootCAs: a.pool, ServerName: "localhost"})
	if err := ask(c, "PING\r\n"); err != nil {
		t.Fatal(err)
	}
	raw.Close()
	tap := n.only()
	tap.want(event.ByClient, []byte("PING\r\n"), []byte("PING\r\n"))
	if tap.peer.CommonName != "" {
		t.Errorf("a client without a certificate is %q", tap.peer.CommonName)
	}
}

// Who does not get through the handshake is refused: a plain client, one with a
// certificate of somebody else, one that says nothing.
func TestTLSRefuses(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	b := newBackend(t, "tcp", "127.0.0.1:0", echo)
	n := &node{t: t}
	n.engine = func(r *Relay, l net.Listener) engine { return r.engine(l) }
	n.config.Upstream, n.config.TLS = b.upstream(), a.server()
	n.config.TLS.ClientAuth, n.config.TLS.ClientCAs = tls.RequireAndVerifyClientCert, a.pool
	n.config.HandshakeTimeout = 200 * time.Millisecond
	n.start()
	plain := n.dial()
	io.WriteString(plain, "*1\r\n$4\r\nPING\r\n")
	io.ReadAll(plain)
	silent := n.dial()
	if _, err := io.ReadAll(silent); isTimeout(err) {
		t.Error("a silent client was not closed")
	}
	foreign := tls.Client(n.dial(), &tls.Config{RootCAs: a.pool, ServerName: "localhost", Certificates: []tls.Certificate{other.sign("mallory")}})
	if err := ask(foreign, "PING\r\n"); err == nil {
		t.Error("a foreign certificate was accepted")
	}
	n.settle()
	if taps := n.all(); len(taps) != 3 {
		t.Errorf("%d taps of 3 clients", len(taps))
	}
	for _, tap := range n.all() {
		tap.want(event.Refused, nil, nil)
		if tap.peer.CommonName != "" {
			t.Errorf("%q was believed", tap.peer.CommonName)
		}
	}
	if b.total.Load() != 0 {
		t.Error("the server was connected to")
	}
}

// A server whose certificate does not hold is not talked to.
func TestTLSServerIsNotTrusted(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	b := newBackend(t, "tcp", "127.0.0.1:0", func(c net.Conn) { echo(tls.Server(c, other.server())) })
	n := &node{t: t}
	n.engine = func(r *Relay, l net.Listener) engine { return r.engine(l) }
	n.config.Upstream = b.upstream()
	n.config.Upstream.TLS = &tls.Config{RootCAs: a.pool}
	n.start()
	if got, err := io.ReadAll(n.dial()); err != nil || string(got) != unreachable {
		t.Errorf("got %q, %v", got, err)
	}
	n.only().want(event.NoServer, nil, nil)
}
