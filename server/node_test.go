package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"go.uber.org/goleak"

	"reslog/client"
	"reslog/internal/lockfile"
	"reslog/server"
	"reslog/server/servertest"
)

func TestMain(m *testing.M) {
	// Idle connections of the tests' own HTTP clients end when they like.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

func put(t *testing.T, c *azblob.Client, container, name, content string) {
	t.Helper()
	if _, err := c.UploadBuffer(t.Context(), container, name, []byte(content), nil); err != nil {
		t.Fatalf("put %s/%s: %v", container, name, err)
	}
}

func create(t *testing.T, c *azblob.Client, container string) {
	t.Helper()
	if _, err := c.CreateContainer(t.Context(), container, nil); err != nil {
		t.Fatalf("create %s: %v", container, err)
	}
}

// operations of log entries, by how often they are there.
func operations(t *testing.T, n *servertest.Node) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, e := range n.Logs(t) {
		count[e.Operation]++
	}
	return count
}

func TestRequestsAreLogged(t *testing.T) {
	n := servertest.Start(t)
	c := n.BlobClient(t)
	create(t, c, "before")
	n.SetLogging(t, "wd")
	create(t, c, "things")
	put(t, c, "things", "one", "1")
	if _, err := c.DownloadStream(t.Context(), "things", "one", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteBlob(t.Context(), "things", "one", nil); err != nil {
		t.Fatal(err)
	}
	got := operations(t, n)
	for operation, want := range map[string]int{"CreateContainer": 1, "PutBlob": 1, "GetBlob": 0, "DeleteBlob": 1} {
		if got[operation] != want {
			t.Errorf("%d records of %s, want %d; all: %v", got[operation], operation, want, got)
		}
	}

	n.SetLogging(t, "none")
	put(t, c, "things", "two", "2")
	if again := operations(t, n); again["PutBlob"] != 1 {
		t.Errorf("a request was logged after logging was switched off: %v", again)
	}
}

// A setting is in force when the request that makes it is answered.
func TestLoggingTakesEffectAtOnce(t *testing.T) {
	n := servertest.Start(t)
	c := n.BlobClient(t)
	create(t, c, "things")
	const rounds = 5
	for i := range rounds {
		n.SetLogging(t, "w")
		put(t, c, "things", fmt.Sprintf("on-%d", i), "x")
		n.SetLogging(t, "none")
		put(t, c, "things", fmt.Sprintf("off-%d", i), "x")
	}
	n.SetLogging(t, "d")
	var on, off int
	for _, e := range n.Logs(t) {
		switch {
		case strings.Contains(e.ObjectKey, "/things/on-"):
			on++
		case strings.Contains(e.ObjectKey, "/things/off-"):
			off++
		}
	}
	if on != rounds || off != 0 {
		t.Errorf("%d of %d puts were logged while it was on, %d while it was off", on, rounds, off)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	n := servertest.Start(t)
	n.SetLogging(t, "rwd")
	c := n.BlobClient(t)
	create(t, c, "things")
	put(t, c, "things", "one", "1")
	token := n.AdminToken()

	n.Restart(t)
	if n.AdminToken() != token {
		t.Error("the token is another after a restart")
	}
	c = n.BlobClient(t)
	resp, err := c.DownloadStream(t.Context(), "things", "one", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil || string(body) != "1" {
		t.Errorf("blob is %q, %v", body, err)
	}
	got := operations(t, n)
	if got["CreateContainer"] != 1 || got["PutBlob"] != 1 || got["GetBlob"] == 0 {
		t.Errorf("records are %v: each once, and logging still on", got)
	}
}

func TestTwoNodesSideBySide(t *testing.T) {
	a, b := servertest.Start(t), servertest.Start(t)
	var wg sync.WaitGroup
	for i, n := range []*servertest.Node{a, b} {
		n.SetLogging(t, "w")
		wg.Go(func() {
			c := n.BlobClient(t)
			if _, err := c.CreateContainer(t.Context(), fmt.Sprintf("node-%d", i), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, n := range []*servertest.Node{a, b} {
		if got := operations(t, n); got["CreateContainer"] != 1 {
			t.Errorf("records of node %d are %v", i, got)
		}
		if metrics := get(t, n.AdminURL()+"/metrics"); !strings.Contains(metrics, `reslog_requests_total{by="user",operation="CreateContainer",service="blob",status="201"} 1`) {
			t.Errorf("metrics of node %d count another's requests, or none", i)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %s", url, resp.Status, body)
	}
	return string(body)
}

func TestHealthAndMetrics(t *testing.T) {
	n := servertest.Start(t)
	n.SetLogging(t, "rwd")
	create(t, n.BlobClient(t), "things")
	n.Settle(t)
	if got := get(t, n.AdminURL()+"/healthz"); got != "ok\n" {
		t.Errorf("healthz is %q", got)
	}
	if got := get(t, n.AdminURL()+"/readyz"); got != "ready\n" {
		t.Errorf("readyz is %q", got)
	}
	var ready struct {
		State string
		Parts map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(get(t, n.AdminURL()+"/readyz?verbose")), &ready); err != nil {
		t.Fatal(err)
	}
	if ready.State != "ready" || ready.Parts["bus"] == nil || ready.Parts["blob"] == nil || !bytes.Contains(ready.Parts["deliveries"], []byte("running")) {
		t.Errorf("readyz?verbose is %+v", ready)
	}
	metrics := get(t, n.AdminURL()+"/metrics")
	for _, name := range []string{
		"reslog_records_emitted_total", "reslog_records_dropped_total 0", "reslog_bus_sync_seconds_bucket", "reslog_bus_stream_bytes",
		`reslog_delivery_delivered_total{kind="classic"`, `reslog_delivery_shed_total{kind="classic"`,
		`reslog_delivery_backlog_records{kind="classic"`, `reslog_delivery_backlog_bytes{kind="classic"`,
		"reslog_delivery_abandoned_total 0", `reslog_storage_bytes{account="devstoreaccount1",kind="system",service="blob"}`,
		`reslog_storage_bytes{account="devstoreaccount1",kind="user",service="queue"}`, `reslog_storage_bytes{account="devstoreaccount1",kind="user",service="table"}`,
		`reslog_requests_total{by="system",operation="PutBlockList"`, `reslog_request_seconds_count{operation="CreateContainer",service="blob"} 1`,
		"go_goroutines",
	} {
		if !strings.Contains(metrics, name) {
			t.Errorf("metrics have no %s", name)
		}
	}
}

func TestKeysRotateAtOnce(t *testing.T) {
	n := servertest.Start(t)
	old := n.BlobClient(t)
	create(t, old, "things")
	local, err := client.FindNode(client.NodeConfig{Data: n.Config.Data})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := local.RegenerateKey(t.Context(), server.DevAccount, "key1"); err != nil {
		t.Fatal(err)
	}
	_, err = old.UploadBuffer(t.Context(), "things", "one", []byte("1"), nil)
	if !bloberror.HasCode(err, bloberror.AuthenticationFailed) {
		t.Errorf("the old key: %v", err)
	}
	put(t, n.BlobClient(t), "things", "one", "1")
	n.Restart(t)
	put(t, n.BlobClient(t), "things", "two", "2")
	before, _, _ := strings.Cut(n.ConnectionString(server.DevAccount), "AccountKey=")
	if old, err = azblob.NewClientFromConnectionString(before+"AccountKey="+server.DevKey+";BlobEndpoint="+n.AccountURL(server.DevAccount), nil); err != nil {
		t.Fatal(err)
	}
	_, err = old.UploadBuffer(t.Context(), "things", "one", []byte("1"), nil)
	if !bloberror.HasCode(err, bloberror.AuthenticationFailed) {
		t.Errorf("the old key after a restart: %v", err)
	}
}

func TestMoreAccounts(t *testing.T) {
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) {
		c.Accounts = []server.Account{{Name: "team1"}, {Name: "team2"}}
	}))
	one, two := n.BlobClientFor(t, "team1", nil), n.BlobClientFor(t, "team2", nil)
	create(t, one, "things")
	put(t, one, "things", "one", "1")
	if _, err := two.DownloadStream(t.Context(), "things", "one", nil); !bloberror.HasCode(err, bloberror.ContainerNotFound) {
		t.Errorf("the container of another account: %v", err)
	}
	if got := len(n.AccountNames()); got != 3 {
		t.Errorf("%d accounts, want 3", got)
	}
}

func TestThrottledRequestsAreRefusedAndLogged(t *testing.T) {
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) { c.Throttle = 5 }))
	n.SetLogging(t, "rwd")
	opts := &azblob.ClientOptions{}
	opts.Retry.MaxRetries = -1
	c := n.BlobClientFor(t, server.DevAccount, opts)
	var refused atomic.Int64
	var wg sync.WaitGroup
	for range 20 { // at once, as one after the other may be slow enough
		wg.Go(func() {
			if _, err := c.ServiceClient().GetProperties(t.Context(), nil); bloberror.HasCode(err, bloberror.ServerBusy) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	busy := int(refused.Load())
	if busy == 0 {
		t.Fatal("no request was refused")
	}
	time.Sleep(time.Second) // a second's worth of requests, to read the logs with
	logged := 0
	for _, e := range n.Logs(t) {
		if e.Status == "ThrottlingError" && e.HTTPStatus == "503" {
			logged++
		}
	}
	if logged != busy {
		t.Errorf("%d requests were refused, %d logged as throttled", busy, logged)
	}
}

func TestDataFolderIsPrivateAndLocked(t *testing.T) {
	n := servertest.Start(t)
	for _, name := range []string{"admin.token", "endpoints.json"} {
		info, err := os.Stat(filepath.Join(n.Config.Data, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	second, err := server.New(n.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context()); !errors.Is(err, lockfile.ErrHeld) {
		t.Errorf("a second node on the folder: %v", err)
	}
}

func TestAddressInUseStopsWhatWasStarted(t *testing.T) {
	n := servertest.Start(t)
	cfg := n.Config
	cfg.Data = t.TempDir()
	cfg.BlobAddr = strings.TrimPrefix(n.BlobURL(), "http://")
	second, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Fatalf("start on a taken address: %v", err)
	}
	cfg.BlobAddr = "127.0.0.1:0" // the folder and the admin port are free again
	third, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := third.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := third.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A stop lets the request that runs finish, and its record reach $logs.
func TestStopFinishesRequests(t *testing.T) {
	n := servertest.Start(t)
	n.SetLogging(t, "w")
	c := n.BlobClient(t)
	create(t, c, "things")
	slow := c.ServiceClient().NewContainerClient("things").NewBlockBlobClient("slow")
	url, err := slow.GetSASURL(sas.BlobPermissions{Create: true, Write: true}, time.Now().Add(time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, feed := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 2
	r.Header.Set("x-ms-blob-type", "BlockBlob")
	answered := make(chan string, 1)
	go func() {
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			answered <- err.Error()
			return
		}
		resp.Body.Close()
		answered <- resp.Status
	}()
	if _, err := feed.Write([]byte("1")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the request is in the node", func() bool { return n.InFlight() == 1 })
	stopped := make(chan error, 1)
	go func() { stopped <- n.Stop(t.Context()) }()
	select {
	case err := <-stopped:
		t.Errorf("the node stopped under a request: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	if _, err := feed.Write([]byte("2")); err != nil {
		t.Fatal(err)
	}
	if status := <-answered; status != "201 Created" {
		t.Errorf("the request that ran during the stop: %s", status)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	n.Restart(t)
	if got := operations(t, n); got["PutBlob"] != 1 {
		t.Errorf("records are %v", got)
	}
}

func TestAdminAndBlobOff(t *testing.T) {
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) {
		c.ControlAddr, c.AdminAddr = server.Off, server.Off
		c.BlobAddr, c.QueueAddr, c.TableAddr = server.Off, server.Off, server.Off
	}))
	if n.AdminURL() != "" || n.BlobURL() != "" {
		t.Errorf("urls are %q and %q", n.AdminURL(), n.BlobURL())
	}
}

// told is what a node has logged.
type told struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *told) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *told) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.buf.String(), text)
}

func TestRunEndsWithItsContext(t *testing.T) {
	var log told
	n, err := server.New(server.Config{Data: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&log, nil)), BlobAddr: "127.0.0.1:0", QueueAddr: server.Off, TableAddr: server.Off, RedisAddr: server.Off, SignalRAddr: server.Off, ControlAddr: server.Off, AdminAddr: server.Off})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	// It is served a little earlier: who ends the context then, ends the start.
	eventually(t, "the node is ready", func() bool { return log.has("node is ready") })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.BlobURL(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	if err := n.Start(t.Context()); err == nil {
		t.Error("a stopped node was started again")
	}
}

func TestAuditMode(t *testing.T) {
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) { c.Durability = "audit" }))
	n.SetLogging(t, "w")
	c := n.BlobClient(t)
	create(t, c, "things")
	for i := range 10 {
		put(t, c, "things", fmt.Sprintf("b%d", i), "x")
	}
	if got := operations(t, n); got["PutBlob"] != 10 || got["CreateContainer"] != 1 {
		t.Errorf("records are %v", got)
	}
}
