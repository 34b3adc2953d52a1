package server_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/client"
	"reslog/internal/freeport"
	"reslog/server"
	"reslog/server/servertest"
)

var allEvents = []client.SettingLog{{CategoryGroup: "allLogs", Enabled: true}}

// counted are the rows of connection events, "EventType EventStatus ClientIp n".
func counted(t *testing.T, n *servertest.Node) []string {
	t.Helper()
	return ask(t, n, "REDConnectionEvents | summarize count() by EventType, EventStatus, ClientIp | sort by EventType asc, EventStatus asc, ClientIp asc")
}

func wantCounted(t *testing.T, n *servertest.Node, want ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("rows %q", want), func() bool { return slices.Equal(counted(t, n), want) })
}

// certificate writes a certificate of an authority of its own and returns its files.
func certificate(t *testing.T) (caFile, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "worker"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certFile = write("cert.pem", "CERTIFICATE", der)
	return certFile, certFile, write("key.pem", "PRIVATE KEY", raw)
}

// TLS on both sides, with certificates of clients: one node is the server behind
// another.
func TestRedisOverTLS(t *testing.T) {
	caFile, certFile, keyFile := certificate(t)
	behind := startRedis(t, servertest.WithConfig(func(c *server.Config) { c.RedisTLS, c.RedisClientCAFile, c.RedisDetails = true, caFile, true }))
	route(t, behind, databaseID, allEvents, nil)
	n := startRedis(t, servertest.WithConfig(func(c *server.Config) {
		c.RedisTLS, c.RedisUpstream = true, "rediss://"+behind.RedisAddr()
		c.RedisUpstreamCAFile, c.RedisUpstreamCertFile, c.RedisUpstreamKeyFile = behind.CAFile(), certFile, keyFile
	}))
	route(t, n, databaseID, allEvents, nil)
	pool := x509.NewCertPool()
	raw, err := os.ReadFile(n.CAFile())
	if err != nil || !pool.AppendCertsFromPEM(raw) {
		t.Fatalf("read the authority: %v", err)
	}
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}).DialContext(t.Context(), "tcp", n.RedisAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := &redisClient{conn, bufio.NewReader(conn), t}
	c.ask("+OK", "AUTH", redisPassword)
	c.ask("+OK", "SET", "a", "1")
	wantCounted(t, n, "auth 8 127.0.0.1 1", "new_conn <nil> 127.0.0.1 1")

	eventually(t, "records of the server behind, with the name of the other node's certificate", func() bool {
		events := map[any]bool{}
		for _, line := range archived(t, behind, "insights-logs-connectionevents") {
			properties, _ := line["properties"].(map[string]any)
			if properties["commonName"] == "worker" {
				events[properties["eventType"]] = true
			}
		}
		return events["new_conn"] && events["auth"]
	})

	// Who shows no certificate to the server behind is not let in.
	plain, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", behind.RedisAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := io.WriteString(plain, "PING\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := plain.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if answer, _ := io.ReadAll(plain); strings.Contains(string(answer), "PONG") {
		t.Error("the server behind answers without TLS")
	}
}

// The client that a balancer names is the one in the records; who is not trusted to
// name one is not listened to.
func TestRedisBehindABalancer(t *testing.T) {
	for name, trusted := range map[string]string{"trusted": "127.0.0.0/8", "not trusted": "192.0.2.0/24"} {
		t.Run(name, func(t *testing.T) {
			n := startRedis(t, servertest.WithConfig(func(c *server.Config) { c.RedisProxyProtocol = []string{trusted} }))
			route(t, n, databaseID, allEvents, nil)
			c := connect(t, n)
			if _, err := io.WriteString(c, "PROXY TCP4 198.51.100.7 192.0.2.1 40000 6379\r\n"); err != nil {
				t.Fatal(err)
			}
			if name == "trusted" {
				c.ask("+OK", "AUTH", redisPassword)
				wantCounted(t, n, "auth 8 198.51.100.7 1", "new_conn <nil> 198.51.100.7 1")
				return
			}
			if answer, err := io.ReadAll(c); len(answer) > 0 {
				t.Errorf("it is answered %q, %v", answer, err)
			}
			for _, row := range counted(t, n) {
				if strings.Contains(row, "198.51.100.7") {
					t.Errorf("row %q", row)
				}
			}
		})
	}
}

// A cluster has an address for each of its nodes.
func TestRedisCluster(t *testing.T) {
	one, two := startRedis(t), startRedis(t)
	n := startRedis(t, servertest.WithConfig(func(c *server.Config) {
		c.RedisAddr, c.RedisUpstream = "127.0.0.1:0,127.0.0.1:0", one.RedisAddr()+","+two.RedisAddr()
	}))
	route(t, n, databaseID, allEvents, nil)
	addrs := n.RedisAddrs()
	if len(addrs) != 2 || n.RedisAddr() != addrs[0] {
		t.Fatalf("addresses %v", addrs)
	}
	for i, behind := range []*servertest.Node{one, two} {
		direct := connect(t, behind)
		direct.ask("+OK", "AUTH", redisPassword)
		direct.ask("+OK", "SET", "who", fmt.Sprint(i))
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addrs[i])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := &redisClient{conn, bufio.NewReader(conn), t}
		c.ask("+OK", "AUTH", redisPassword)
		c.ask("$1", "GET", "who")
		if line, err := c.in.ReadString('\n'); err != nil || line != fmt.Sprintf("%d\r\n", i) {
			t.Errorf("address %d leads to %q, %v", i, line, err)
		}
	}
	wantCounted(t, n, "auth 8 127.0.0.1 2", "new_conn <nil> 127.0.0.1 2")
}

// The audit stream of a cluster fills the same table, over TCP and a Unix socket.
func TestRedisAuditStream(t *testing.T) {
	folder, err := os.MkdirTemp("", "audit")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	for _, addr := range []string{"127.0.0.1:0", "unix:" + filepath.Join(folder, "audit.sock")} {
		t.Run(addr[:4], func(t *testing.T) {
			n := startRedis(t, servertest.WithConfig(func(c *server.Config) { c.RedisAddr, c.RedisAuditAddr = server.Off, addr }))
			route(t, n, databaseID, allEvents, nil)
			network, address := "tcp", n.RedisAuditAddr()
			if path, ok := strings.CutPrefix(address, "unix:"); ok {
				network, address = "unix", path
			}
			conn, err := (&net.Dialer{}).DialContext(t.Context(), network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			const tail = `"srcip":"192.0.2.9","srcp":"39338","trgip":"127.0.0.1","trgp":"12635","hname":"","bdb_name":"DB1","bdb_uid":"5"`
			now := time.Now().Unix()
			_, err = fmt.Fprintf(conn, `{"ts":%d,"new_conn":{"id":2285001002,%s}}{"ts":%d,"action":"auth","id":2285001002,%s,"status":8,"username":"user_one","identity":"user:1","acl-rules":"~* +@all"}`,
				now, tail, now, tail)
			if err != nil {
				t.Fatal(err)
			}
			wantCounted(t, n, "auth 8 192.0.2.9 1", "new_conn <nil> 192.0.2.9 1")
			clients, err := n.Admin(t).RedisClients(t.Context())
			if err != nil || len(clients.Value) != 1 || clients.Value[0].Source != "audit" || clients.Value[0].User != "user_one" || clients.Value[0].Database != "DB1" {
				t.Errorf("clients %+v, %v", clients, err)
			}
			if _, err := fmt.Fprintf(conn, "\n"+`{"ts":%d,"close_conn":{"id":2285001002,%s}}`, now, tail); err != nil {
				t.Fatal(err)
			}
			wantCounted(t, n, "auth 8 192.0.2.9 1", "close_conn <nil> 192.0.2.9 1", "new_conn <nil> 192.0.2.9 1")
		})
	}
}

// What a server without a password refuses to strangers, the node does not offer them.
func TestRedisIsProtected(t *testing.T) {
	cfg := server.Config{
		Data: t.TempDir(), BlobAddr: server.Off, QueueAddr: server.Off, TableAddr: server.Off, ControlAddr: server.Off, AdminAddr: server.Off,
		SignalRAddr: server.Off, RedisAddr: "0.0.0.0:0",
	}
	n, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "redis-allow-open") {
		t.Fatalf("start: %v", err)
	}
	cfg.RedisAllowOpen = true
	if n, err = server.New(cfg); err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatalf("start although it is allowed: %v", err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// A server that cannot be reached is told to the client, and recorded.
func TestRedisUpstreamIsDown(t *testing.T) {
	nowhere, err := freeport.Addr("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	n := startRedis(t, servertest.WithConfig(func(c *server.Config) { c.RedisUpstream, c.RedisDetails = nowhere, true }))
	route(t, n, databaseID, allEvents, nil)
	c := connect(t, n)
	if answer, err := io.ReadAll(c); len(answer) > 0 {
		t.Logf("it is answered %q, %v", answer, err)
	}
	wantCounted(t, n, "close_conn <nil> 127.0.0.1 1", "new_conn <nil> 127.0.0.1 1")
	clients, err := n.Admin(t).RedisClients(t.Context())
	if err != nil || len(clients.Value) != 0 || len(clients.Servers) != 1 || clients.Servers[0].Problem == "" {
		t.Errorf("clients %+v, %v", clients, err)
	}
}
