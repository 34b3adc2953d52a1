package eventhub

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"reslog/deliver"
)

// certificate makes a certificate for 127.0.0.1 and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// namespace is a broker as a namespace is one: TLS, and SASL PLAIN with a
// connection string.
func namespace(t *testing.T, conn string) (*kfake.Cluster, *tls.Config) {
	cert, pool := certificate(t)
	c := newCluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "$ConnectionString", conn),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}))
	return c, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// connTo is testConn with another endpoint.
func connTo(addr string) string {
	return strings.Replace(testConn, "ns.servicebus.windows.net", addr, 1)
}

func noSecret(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{testKey, "c2VjcmV0", "SharedAccessKey="} {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows the credential: %s", what, text)
		}
	}
}

func TestConnectionStringIsAccepted(t *testing.T) {
	// The password holds the port, so that has to be known before the broker is.
	addr, port := freeAddr(t)
	cert, pool := certificate(t)
	conn := connTo(addr)
	c := newCluster(t, kfake.Ports(port), kfake.EnableSASL(), kfake.Superuser("PLAIN", "$ConnectionString", conn),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}))
	trust := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	log := newLogged()
	d := open(t, Config{ConnectionString: " " + conn + "\n", TLS: trust, Logger: log.Logger})
	deliverAll(t, d, items(1, 5, "StorageRead"))
	got := consume(t, c, kgo.DialTLSConfig(trust), kgo.SASL(plain.Auth{User: "$ConnectionString", Pass: conn}.AsMechanism()))
	if lines := linesIn(t, got); len(lines) != 5 {
		t.Errorf("%d records, want 5", len(lines))
	}
	noSecret(t, "the log", log.String())
}

func TestConnectionStringIsRefused(t *testing.T) {
	other := strings.Replace(testConn, "c2VjcmV0", "b3RoZXI+", 1)
	for name, prepare := range map[string]func(*kfake.Cluster){
		"by closing": func(*kfake.Cluster) {},
		"by answering": func(c *kfake.Cluster) {
			c.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
				resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
				text := "not known: " + string(req.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes)
				resp.ErrorMessage = &text
				return resp, nil, true
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, trust := namespace(t, other)
			prepare(c)
			log := newLogged()
			d := open(t, Config{ConnectionString: testConn, Brokers: c.ListenAddrs(), TLS: trust, Logger: log.Logger})
			_, err := d.Deliver(t.Context(), items(1, 5, "StorageRead"))
			if err == nil || deliver.IsPermanent(err) || deliver.Rejected(err) != nil {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(err.Error(), "compare the connection string with the keys of its rule") {
				t.Errorf("error %v", err)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				noSecret(t, "the error", e.Error())
			}
			noSecret(t, "the log", log.String())
			if d.plain {
				t.Error("a refused credential is taken for a refused producer id")
			}
		})
	}
}

// A broker that repeats what it was sent does not make an error show it.
func TestBrokerRepeatsCredential(t *testing.T) {
	c, trust := namespace(t, testConn)
	c.ControlKey(int16(kmsg.CreateTopics), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
		for _, topic := range req.(*kmsg.CreateTopicsRequest).Topics {
			rt := kmsg.NewCreateTopicsResponseTopic()
			rt.Topic, rt.ErrorCode = topic.Topic, kerr.PolicyViolation.Code
			text := "no hubs for " + testConn + " or " + testKey
			rt.ErrorMessage = &text
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
	d := open(t, Config{ConnectionString: testConn, Brokers: c.ListenAddrs(), TLS: trust})
	_, err := d.Deliver(t.Context(), items(1, 5, "StorageRead"))
	if err == nil || !strings.Contains(err.Error(), "no hubs for (hidden) or (hidden)") {
		t.Fatalf("error %v", err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		noSecret(t, "the error", e.Error())
	}
}

func TestCredentialIsMissing(t *testing.T) {
	c, trust := namespace(t, testConn)
	d := open(t, Config{Brokers: c.ListenAddrs(), TLS: trust})
	if _, err := d.Deliver(t.Context(), items(1, 5, "StorageRead")); err == nil || !strings.Contains(err.Error(), "connection string") {
		t.Errorf("error %v", err)
	}
}

func TestTLS(t *testing.T) {
	cert, pool := certificate(t)
	c := newCluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}))
	trust := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	deliverAll(t, open(t, Config{Brokers: c.ListenAddrs(), TLS: trust}), items(1, 5, "StorageRead"))
	if lines := linesIn(t, consume(t, c, kgo.DialTLSConfig(trust))); len(lines) != 5 {
		t.Errorf("%d records, want 5", len(lines))
	}

	for want, cfg := range map[string]Config{
		"unknown authority":         {TLS: &tls.Config{MinVersion: tls.VersionTLS12}},
		"wanted to match elsewhere": {TLS: &tls.Config{RootCAs: pool, ServerName: "elsewhere", MinVersion: tls.VersionTLS12}},
		"it may want TLS":           {},
	} {
		cfg.Brokers = c.ListenAddrs()
		_, err := open(t, cfg).Deliver(t.Context(), items(1, 5, "StorageRead"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

// A connection string does not go to a broker without TLS, unless it is the
// emulator's.
func TestCredentialNeedsTLS(t *testing.T) {
	for _, c := range []struct {
		suffix string
		taken  bool
	}{
		{"", false},
		{";UseDevelopmentEmulator=false", false},
		{";UseDevelopmentEmulator=true", true},
	} {
		conn := testConn + c.suffix
		cluster := newCluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "$ConnectionString", conn))
		var sent atomic.Int32
		cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(kmsg.Request) (kmsg.Response, error, bool) {
			cluster.KeepControl()
			sent.Add(1)
			return nil, nil, false
		})
		d := open(t, Config{ConnectionString: conn, Brokers: cluster.ListenAddrs(), Timeout: time.Second})
		_, err := d.Deliver(t.Context(), items(1, 5, "StorageRead"))
		if (err == nil) != c.taken || (sent.Load() > 0) != c.taken {
			t.Errorf("%q: sent %d times, error %v", c.suffix, sent.Load(), err)
		}
		if err != nil {
			noSecret(t, "the error", err.Error())
		}
	}
}
