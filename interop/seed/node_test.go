package seed

import (
	"context"
	"strings"
	"testing"
	"time"

	"reslog/bus"
	"reslog/server"
	"reslog/server/servertest"
	"reslog/service/storage/blobstore"
)

// account is a storage account of a node.
type account struct{ name, key string }

// sally is the account of the announcement's examples.
var sally = account{"sally", server.DevKey}

// node is a node under test with its development account, a second one, and its
// store within reach.
type node struct {
	*servertest.Node
	account account
	now     func() time.Time
	store   *store
}

// start starts a node; change may be nil.
func start(t testing.TB, change func(*server.Config)) *node {
	t.Helper()
	n := &node{account: account{server.DevAccount, server.DevKey}, now: time.Now, store: &store{}}
	n.Node = servertest.Start(t, servertest.WithConfig(func(c *server.Config) {
		c.Accounts = []server.Account{{Name: sally.name, Keys: []string{sally.key}}}
		c.WrapStore = func(s blobstore.Store) blobstore.Store {
			n.store.Store = s
			return n.store
		}
		if change != nil {
			change(c)
		}
		if c.Now != nil {
			n.now = c.Now
		}
	}))
	return n
}

// inBothModes runs a test in each durability mode: what is logged must not depend
// on whether answers wait for it.
func inBothModes(t *testing.T, test func(t *testing.T, mode func(*server.Config))) {
	t.Helper()
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			test(t, func(c *server.Config) { c.Durability = d })
		})
	}
}

// store is a node's store that reads slowly or not at all what is named so.
type store struct{ blobstore.Store }

// Blobs whose names end so cannot be read in time, or at all.
const (
	slow   = ".slow"
	broken = ".broken"
)

// diskError is a failure that no client is told about.
type diskError struct{}

func (diskError) Error() string { return "the disk does not answer" }

func (s *store) Open(ctx context.Context, ref blobstore.Ref, snapshot time.Time) (*blobstore.Handle, error) {
	switch {
	case strings.HasSuffix(ref.Name, slow):
		<-ctx.Done()
		return nil, ctx.Err()
	case strings.HasSuffix(ref.Name, broken):
		return nil, diskError{}
	}
	return s.Store.Open(ctx, ref, snapshot)
}

// writeLog puts a log of the node's own making into `$logs`, as if it had been
// written at the time that its name says.
func (n *node) writeLog(t testing.TB, name, content string, meta blobstore.Metadata) {
	t.Helper()
	c, err := n.store.Stage(t.Context(), strings.NewReader(content))
	check(t, err)
	check(t, n.store.Update(t.Context(), blobstore.Ref{Account: n.account.name, Container: "$logs", Name: name}, func(x *blobstore.Txn) error {
		return x.Create(&blobstore.Blob{Name: name, Type: blobstore.BlockBlob, ContentType: "text/plain", Metadata: meta}, c)
	}))
}

// patience bounds all that a test waits for, on a machine that has other work.
const patience = 2 * time.Minute

// waitFor waits until something is so.
func (*node) waitFor(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// want reports when two values differ.
func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
