// Package localca is a certificate authority for the servers of one machine.
//
// Open makes it at the first start, in a folder of its own, and reads it at the
// next ones. GetCertificate is for tls.Config, which must have no Certificates:
// one for all hosts, in memory only, renewed in time. Clients get CertFile.
//
// The root vouches for its hosts alone: name constraints (RFC 5280, 4.2.1.10) keep
// whoever steals its key from posing as others. So a new host needs a new root, to
// be given to clients again, and a root near its end is replaced too; the reason is
// logged. The key stays in root.pem. Only one process may use the folder.
package localca

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	rootLife = 10 * 365 * 24 * time.Hour
	rootRest = 180 * 24 * time.Hour // a root with less left is replaced
	leafLife = 30 * 24 * time.Hour
	leafRest = leafLife / 3 // a leaf with less left is renewed
)

// Config is what Open needs.
type Config struct {
	Dir    string           // the folder of the authority; it is made when it is not there
	Hosts  []string         // names and IP addresses beside localhost, 127.0.0.1 and ::1
	Now    func() time.Time // the clock; nil is time.Now
	Logger *slog.Logger     // told when and why a root is made; nil discards
}

// CA is the authority. It may be used from many goroutines.
type CA struct {
	cfg        Config
	names      []string
	ips        []net.IP
	mu         sync.Mutex
	root, leaf *tls.Certificate // root is nil until it is read or made
}

// Open reads the authority in cfg.Dir, or makes it.
func Open(cfg Config) (*CA, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &CA{cfg: cfg}
	c.cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	for _, h := range append([]string{"localhost", "127.0.0.1", "::1"}, cfg.Hosts...) {
		if ip, err := netip.ParseAddr(h); err == nil {
			c.ips = append(c.ips, ip.Unmap().AsSlice())
		} else if h == "" || strings.ContainsAny(h, "/:@* ") {
			return nil, fmt.Errorf("certificate for %q: want a host name or an IP address", h)
		} else {
			c.names = append(c.names, strings.ToLower(h))
		}
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the certificate authority: %w", err)
	}
	file := filepath.Join(cfg.Dir, "root.pem")
	if pair, err := tls.LoadX509KeyPair(file, file); err == nil {
		c.root = &pair
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the certificate authority (without %s a new one is made): %w", file, err)
	}
	return c, c.renew()
}

// CertFile is the root's certificate in PEM, for clients to trust.
func (c *CA) CertFile() string { return filepath.Join(c.cfg.Dir, "ca.pem") }

// Fingerprint is the SHA-256 of the root as tools print it, "0A:1B:…".
func (c *CA) Fingerprint() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := sha256.Sum256(c.root.Leaf.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// GetCertificate returns the certificate of all hosts.
func (c *CA) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaf.Leaf.NotAfter.Sub(c.cfg.Now()) < leafRest {
		if err := c.renew(); err != nil { // the old one will do for some days
			c.cfg.Logger.Error("certificate not renewed", "err", err)
		}
	}
	return c.leaf, nil
}

// renew issues a leaf, after a new root when there is none that will do.
func (c *CA) renew() error {
	leaf, why := c.leaf, errors.New("there was none")
	if c.root != nil {
		if leaf, why = c.issue(); c.root.Leaf.NotAfter.Sub(c.cfg.Now()) < rootRest {
			why = fmt.Errorf("the old one ends on %s", c.root.Leaf.NotAfter.Format(time.DateOnly))
		}
	}
	if why != nil {
		root, err := c.makeRoot()
		if err == nil {
			c.root = root
			leaf, err = c.issue()
		}
		if err != nil {
			return fmt.Errorf("make a certificate authority: %w", err)
		}
		c.cfg.Logger.Info("new certificate authority, which clients must trust", "reason", why, "file", c.CertFile())
	}
	c.leaf = leaf
	// Even if it is there: the start that made the root may have ended early.
	return c.write("ca.pem", &pem.Block{Type: "CERTIFICATE", Bytes: c.root.Leaf.Raw})
}

func (c *CA) makeRoot() (*tls.Certificate, error) {
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: "local certificate authority of " + c.cfg.Now().UTC().Format(time.DateTime)},
		IsCA:    true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: c.names,
	}
	for _, ip := range c.ips {
		t.PermittedIPRanges = append(t.PermittedIPRanges, &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))})
	}
	root, err := c.sign(t, rootLife, nil)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(root.PrivateKey)
	if err != nil {
		return nil, err
	}
	return root, c.write("root.pem", &pem.Block{Type: "PRIVATE KEY", Bytes: key}, &pem.Block{Type: "CERTIFICATE", Bytes: root.Leaf.Raw})
}

// issue makes a leaf. Its error says for which host the root is not good.
func (c *CA) issue() (*tls.Certificate, error) {
	leaf, err := c.sign(&x509.Certificate{
		DNSNames: c.names, IPAddresses: c.ips,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, leafLife, c.root)
	if err == nil {
		roots := x509.NewCertPool()
		roots.AddCert(c.root.Leaf)
		_, err = leaf.Leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: c.cfg.Now()})
	}
	return leaf, err
}

// sign makes a certificate and its key; without a parent it signs itself.
func (c *CA) sign(t *x509.Certificate, life time.Duration, parent *tls.Certificate) (*tls.Certificate, error) {
	now := c.cfg.Now() // clients' clocks may be behind it
	t.NotBefore, t.NotAfter, t.BasicConstraintsValid = now.Add(-time.Hour), now.Add(life), true
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	parent = cmp.Or(parent, &tls.Certificate{Leaf: t, PrivateKey: key})
	der, err := x509.CreateCertificate(rand.Reader, t, parent.Leaf, key.Public(), parent.PrivateKey)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}, err
}

// write replaces a file whole, readable by its owner only.
func (c *CA) write(name string, blocks ...*pem.Block) error {
	f, err := os.CreateTemp(c.cfg.Dir, name+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // when it could not be renamed
	for _, b := range blocks {
		err = errors.Join(err, pem.Encode(f, b))
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(c.cfg.Dir, name))
	}
	return err
}
