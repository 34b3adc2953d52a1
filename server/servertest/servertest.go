// Package servertest runs a whole node inside a test.
//
//	n := servertest.Start(t)
//	client := n.BlobClient(t)                    // azblob, as the development account
//	n.SetLogging(t, "rwd")                       // all requests from here on
//	…
//	for _, e := range n.Logs(t) { … }            // read back from $logs, strictly
//
// The node lives in a temporary folder, on free ports of 127.0.0.1, makes logs
// visible after a fraction of a second, and is stopped when the test ends.
package servertest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/client"
	"reslog/server"
)

// FlushInterval is that of a node under test unless an option changes it.
const FlushInterval = 200 * time.Millisecond

// waitLimit bounds everything the package waits for, on a machine that has other work: a
// destination that failed is tried again after half a minute or more.
const waitLimit = 2 * time.Minute

// quiet is how long Quiet waits for running requests to end; a test may have
// one that never does.
const quiet = 5 * time.Second

// Node is a running node.
type Node struct {
	*server.Node
	// Config is what it was started with; Restart uses it again.
	Config server.Config
}

// Option changes the configuration of a node before it starts.
type Option func(*server.Config)

// WithConfig is an Option that does what fn does.
func WithConfig(fn func(*server.Config)) Option { return fn }

// WithData keeps the node's state in a folder of the caller's.
func WithData(dir string) Option { return func(c *server.Config) { c.Data = dir } }

// Start starts a node and stops it when the test ends.
func Start(t testing.TB, options ...Option) *Node {
	t.Helper()
	cfg := server.Config{
		BlobAddr:          "127.0.0.1:0",
		QueueAddr:         "127.0.0.1:0",
		TableAddr:         "127.0.0.1:0",
		RedisAddr:         "127.0.0.1:0",
		SignalRAddr:       "127.0.0.1:0",
		ControlAddr:       "127.0.0.1:0",
		AdminAddr:         "127.0.0.1:0",
		FlushInterval:     FlushInterval,
		RetentionInterval: time.Second,
		Logger:            slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, option := range options {
		option(&cfg)
	}
	if cfg.Data == "" {
		cfg.Data = t.TempDir()
	}
	n := &Node{Config: cfg}
	n.start(t)
	t.Cleanup(func() {
		if err := n.Stop(context.Background()); err != nil {
			t.Errorf("stop node: %v", err)
		}
	})
	return n
}

func (n *Node) start(t testing.TB) {
	t.Helper()
	node, err := server.New(n.Config)
	if err != nil {
		t.Fatalf("make node: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	if err := node.Start(ctx); err != nil {
		t.Fatalf("start node: %v", err)
	}
	n.Node = node
}

// Restart stops the node and starts another on the same data. The ports may
// change.
func (n *Node) Restart(t testing.TB) {
	t.Helper()
	if err := n.Stop(context.Background()); err != nil {
		t.Fatalf("stop node: %v", err)
	}
	n.start(t)
}

// AccountURL is the path-style URL of an account's blob service.
func (n *Node) AccountURL(account string) string { return n.BlobURL() + "/" + account }

// BlobClient is an azblob client of the development account, with its key.
func (n *Node) BlobClient(t testing.TB) *azblob.Client {
	t.Helper()
	return n.BlobClientFor(t, server.DevAccount, nil)
}

// BlobClientFor is an azblob client of any account of the node, with its key1.
// Nil options mean the SDK's defaults. Without a transport of its own the client
// trusts a node WithTLS.
func (n *Node) BlobClientFor(t testing.TB, account string, options *azblob.ClientOptions) *azblob.Client {
	t.Helper()
	if n.Config.TLS && (options == nil || options.Transport == nil) {
		var trusting azblob.ClientOptions
		if options != nil {
			trusting = *options
		}
		trusting.Transport = n.HTTPClient(t)
		options = &trusting
	}
	c, err := azblob.NewClientFromConnectionString(n.ConnectionString(account), options)
	if err != nil {
		t.Fatalf("make blob client of %s: %v", account, err)
	}
	return c
}

// QueueClient is an azqueue client of the development account, with its key. It
// trusts a node WithTLS.
func (n *Node) QueueClient(t testing.TB) *azqueue.ServiceClient {
	t.Helper()
	c, err := azqueue.NewServiceClientFromConnectionString(n.ConnectionString(server.DevAccount), &azqueue.ClientOptions{ClientOptions: n.trusting(t)})
	if err != nil {
		t.Fatalf("make queue client: %v", err)
	}
	return c
}

// TableClient is an aztables client of the development account, with its key. It
// trusts a node WithTLS.
func (n *Node) TableClient(t testing.TB) *aztables.ServiceClient {
	t.Helper()
	c, err := aztables.NewServiceClientFromConnectionString(n.ConnectionString(server.DevAccount), &aztables.ClientOptions{ClientOptions: n.trusting(t)})
	if err != nil {
		t.Fatalf("make table client: %v", err)
	}
	return c
}

// trusting are the SDK's own options, with trust in a node WithTLS.
func (n *Node) trusting(t testing.TB) (o azcore.ClientOptions) {
	t.Helper()
	if n.Config.TLS {
		o.Transport = n.HTTPClient(t)
	}
	return o
}

// Account is the development account for package client.
func (n *Node) Account(t testing.TB) *client.Account {
	t.Helper()
	a, err := client.ParseConnectionString(n.ConnectionString(server.DevAccount))
	if err != nil {
		t.Fatalf("parse the node's connection string: %v", err)
	}
	return a
}

// SetLogging switches classic logging of the development account's blob service
// on for a level such as "rwd", or off for "none".
func (n *Node) SetLogging(t testing.TB, level string) {
	t.Helper()
	n.SetLoggingOf(t, client.Blob, level)
}

// SetLoggingOf is SetLogging for any service of the development account.
func (n *Node) SetLoggingOf(t testing.TB, service client.Service, level string) {
	t.Helper()
	l, err := client.ParseLoggingLevel(level)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	a := n.Account(t)
	s, err := a.GetAnalytics(ctx, service)
	if err != nil {
		t.Fatal(err)
	}
	s.LogType = l
	n.Quiet()
	if err := a.SetAnalytics(ctx, service, s); err != nil {
		t.Fatal(err)
	}
}

// Quiet waits until no request runs, at most five seconds. A record leaves a moment
// after its answer, so a request that was answered may still run; what is switched
// off meanwhile is off for its record, too.
func (n *Node) Quiet() {
	for deadline := time.Now().Add(quiet); n.InFlight() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// Settle waits until the record of every request answered so far is in `$logs`.
func (n *Node) Settle(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	n.Quiet()
	if err := n.Drain(ctx); err != nil {
		t.Fatalf("settle: %v; ledger %s", err, fmt.Sprintf("%+v", n.Ledger()))
	}
}

// testWriter is where a node under test says what is wrong: the standard error,
// as a test's own log must not be used after the test.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	return fmt.Fprintf(os.Stderr, "%s: %s", w.t.Name(), p)
}
