package localca

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, cfg Config) *CA {
	t.Helper()
	c, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func leafOf(t *testing.T, c *CA) *x509.Certificate {
	t.Helper()
	pair, err := c.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

// trusting is what a client has that was given the certificate file.
func trusting(t *testing.T, c *CA) *x509.CertPool {
	t.Helper()
	raw, err := os.ReadFile(c.CertFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		t.Fatalf("no certificate in %s", raw)
	}
	return pool
}

func serve(t *testing.T, c *CA) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "it is me")
	}))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // refusals are part of the test
	// Not StartTLS, which brings a certificate of its own.
	srv.Listener = tls.NewListener(srv.Listener, &tls.Config{GetCertificate: c.GetCertificate, MinVersion: tls.VersionTLS12})
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

func TestGoClientsTrustIt(t *testing.T) {
	c := open(t, Config{Dir: filepath.Join(t.TempDir(), "tls"), Hosts: []string{"Node.Example", "192.0.2.7"}})
	leaf, pool := leafOf(t, c), trusting(t, c)
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "node.example", "192.0.2.7"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: pool}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"example.com", "other.node.example", "127.0.0.2"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: pool}); err == nil {
			t.Errorf("%s: the certificate is good for it", host)
		}
	}
	srv := serve(t, c)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	t.Cleanup(client.CloseIdleConnections)
	resp, err := client.Get("https://" + srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// tools are clients that others wrote, each run with the certificate file and an
// address; they print what the server says or fail.
func tools(ca, port string) map[string]*exec.Cmd {
	url := "https://localhost:" + port
	node := exec.Command("node", "-e", `fetch(process.argv[1]).then(r=>r.text()).then(console.log).catch(e=>{console.error(e.cause||e);process.exit(1)})`, url)
	node.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+ca)
	return map[string]*exec.Cmd{
		"node":    node,
		"curl":    exec.Command("curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", ca, url),
		"openssl": exec.Command("openssl", "s_client", "-CAfile", ca, "-verify_return_error", "-verify_hostname", "localhost", "-connect", "127.0.0.1:"+port),
		"python3": exec.Command("python3", "-c", "import ssl,sys,urllib.request as u\nprint(u.build_opener(u.ProxyHandler({}),u.HTTPSHandler(context=ssl.create_default_context(cafile=sys.argv[1]))).open(sys.argv[2]).read())", ca, url),
	}
}

// Clients that check name constraints in their own ways agree with Go, and
// refuse the same server when they were given another authority.
func TestOtherClientsTrustIt(t *testing.T) {
	c, other := open(t, Config{Dir: t.TempDir()}), open(t, Config{Dir: t.TempDir()})
	_, port, err := net.SplitHostPort(serve(t, c).Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	refusing := tools(other.CertFile(), port)
	ran := 0
	for name, cmd := range tools(c.CertFile(), port) {
		if cmd.Err != nil { // not installed
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("does not trust the authority: %v\n%s", err, out)
			}
			if out, err := refusing[name].CombinedOutput(); err == nil {
				t.Errorf("trusts without the right authority:\n%s", out)
			}
		})
	}
	if ran == 0 {
		t.Error("none of node, curl, openssl and python3 is installed: install one")
	}
}

// The root must be worthless for other hosts, whoever has its key.
func TestRootIsConstrained(t *testing.T) {
	c := open(t, Config{Dir: t.TempDir()})
	pool := trusting(t, c)
	for _, stolen := range []*x509.Certificate{
		{DNSNames: []string{"login.microsoftonline.com"}},
		{IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}},
	} {
		forged, err := c.sign(stolen, time.Hour, c.root)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := forged.Leaf.Verify(x509.VerifyOptions{Roots: pool}); err == nil {
			t.Errorf("the root vouches for %v %v", stolen.DNSNames, stolen.IPAddresses)
		}
	}
	if root := c.root.Leaf; !root.IsCA || root.MaxPathLen != 0 || !root.MaxPathLenZero {
		t.Errorf("the root may make other authorities: path length %d", root.MaxPathLen)
	}
}

func TestRootIsKept(t *testing.T) {
	dir := t.TempDir()
	first := open(t, Config{Dir: dir})
	again := open(t, Config{Dir: dir})
	if first.Fingerprint() != again.Fingerprint() {
		t.Error("another root at the second start")
	}
	if n := len(again.Fingerprint()); n != 95 {
		t.Errorf("fingerprint %q", again.Fingerprint())
	}
	for _, name := range []string{"root.pem", "ca.pem"} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := st.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", name, mode)
		}
	}
	raw, err := os.ReadFile(first.CertFile())
	if err != nil {
		t.Fatal(err)
	}
	if block, rest := pem.Decode(raw); block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) != 0 {
		t.Errorf("clients are given more than a certificate: %s", raw)
	}
	if err := os.Remove(first.CertFile()); err != nil {
		t.Fatal(err)
	}
	open(t, Config{Dir: dir})
	trusting(t, first)
}

func TestNewRootWhenNeeded(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var log bytes.Buffer
	cfg := Config{Dir: dir, Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	start := func(wantNew bool, reason string, hosts ...string) *CA {
		t.Helper()
		log.Reset()
		before, _ := os.ReadFile(filepath.Join(dir, "ca.pem")) // nothing there at first
		cfg.Hosts = hosts
		c := open(t, cfg)
		after, err := os.ReadFile(c.CertFile())
		if err != nil {
			t.Fatal(err)
		}
		if isNew := !bytes.Equal(before, after); isNew != wantNew || wantNew != strings.Contains(log.String(), "new certificate authority") {
			t.Errorf("a new root: %v, want %v; log: %s", isNew, wantNew, log.String())
		}
		if !strings.Contains(log.String(), reason) {
			t.Errorf("log %q does not say %q", log.String(), reason)
		}
		return c
	}
	start(true, "there was none")
	start(true, "node.example", "node.example")
	start(false, "", "node.example")
	start(false, "")
	now = now.Add(rootLife - rootRest - time.Hour)
	c := start(false, "")

	// It also happens while the node runs.
	now = now.Add(2 * time.Hour)
	now = now.Add(leafLife)
	leaf := leafOf(t, c)
	if !strings.Contains(log.String(), "the old one ends on") {
		t.Errorf("no new root near the end of the old one; log: %s", log.String())
	}
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: trusting(t, c), CurrentTime: now}); err != nil {
		t.Error(err)
	}
}

func TestLeafIsRenewed(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := open(t, Config{Dir: t.TempDir(), Now: func() time.Time { return now }})
	first := leafOf(t, c)
	now = now.Add(leafLife - leafRest)
	if leafOf(t, c) != first {
		t.Error("renewed too early")
	}
	now = now.Add(time.Second)
	renewed := leafOf(t, c)
	if renewed == first || renewed.NotAfter.Sub(now) != leafLife {
		t.Errorf("not renewed: ends %v at %v", renewed.NotAfter, now)
	}
	// A disk that is gone is no reason to stop serving.
	if err := os.RemoveAll(c.cfg.Dir); err != nil {
		t.Fatal(err)
	}
	now = now.Add(leafLife)
	if leaf := leafOf(t, c); leaf.NotAfter.Before(now) {
		t.Error("serves a certificate that has ended")
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, host := range []string{"", "a b", "https://x", "*.example", "x:443"} {
		if _, err := Open(Config{Dir: t.TempDir(), Hosts: []string{host}}); err == nil {
			t.Errorf("host %q was taken", host)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "root.pem")
	if err := os.WriteFile(file, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a damaged root: %v", err)
	}
	if _, err := Open(Config{Dir: file}); err == nil {
		t.Error("a file served as folder")
	}
}

func TestManyHandshakes(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	c := open(t, Config{Dir: t.TempDir(), Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Hour)
		return now
	}})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if pair, err := c.GetCertificate(nil); err != nil || pair == nil {
					t.Errorf("certificate %v, %v", pair, err)
				}
				_ = c.Fingerprint()
			}
		})
	}
	wg.Wait()
}
