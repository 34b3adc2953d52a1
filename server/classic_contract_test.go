package server

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/client"
	"reslog/deliver"
	"reslog/deliver/classic"
	"reslog/deliver/delivertest"
	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
	"reslog/storagelog"
)

// The log writer passes the contract of destinations on the real blob service,
// in process, as a node wires the two.
func TestClassicContract(t *testing.T) {
	delivertest.Run(t, delivertest.Harness{
		New:       newLogPlace,
		Unordered: true, // hours are read one by one
		Sparse:    true,
	})
}

// logPlace is the `$logs` of an account that fails on command.
type logPlace struct {
	*cable
	logs *container.Client
}

type oneAccount struct{ a *storage.Account }

func (o oneAccount) Account(name string) (*storage.Account, bool) { return o.a, name == o.a.Name }

func newLogPlace(t *testing.T) delivertest.Place {
	t.Helper()
	p := &logPlace{cable: newCable(t)}
	var err error
	p.logs, err = container.NewClientWithNoCredential("http://localhost/"+client.DevAccount+"/"+logsContainer, &container.ClientOptions{ClientOptions: p.options()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.logs.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return p
}

// cable leads to a blob service with the development account, in process, and
// fails on command.
type cable struct {
	next http.RoundTripper

	mu    sync.Mutex
	armed bool
	left  int // operations that still work once armed
}

func newCable(t *testing.T) *cable {
	t.Helper()
	store, err := blobstore.Open(blobstore.Config{Dir: filepath.Join(t.TempDir(), "blob")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	key, err := base64.StdEncoding.DecodeString(client.DevKey)
	if err != nil {
		t.Fatal(err)
	}
	accounts := oneAccount{&storage.Account{
		Name: client.DevAccount,
		ID:   resource.MustParse("/subscriptions/s/resourceGroups/g/providers/" + accountType + "/" + client.DevAccount),
		Keys: [2][]byte{key, key},
	}}
	return &cable{next: storage.InProcess(storage.NewFront(storage.FrontConfig{
		Service:  blob.New(blob.Config{Store: store, Accounts: accounts, Emitter: record.Discard}),
		Accounts: accounts,
		Emitter:  record.Discard,
	}))}
}

// options are those of a client at the end of the cable.
func (c *cable) options() azcore.ClientOptions {
	return azcore.ClientOptions{Transport: &http.Client{Transport: c}, Retry: policy.RetryOptions{MaxRetries: -1}}
}

var errCable = errors.New("the cable was cut")

// fails reports whether the next operation fails, and whether it is done all the
// same.
func (c *cable) fails() (fails, done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left--
	return c.armed && c.left < 0, c.left%2 == 0
}

// RoundTrip fails before or after the service did its work, in turns.
func (c *cable) RoundTrip(r *http.Request) (*http.Response, error) {
	fails, done := c.fails()
	if !fails {
		return c.next.RoundTrip(r)
	}
	if done {
		if resp, err := c.next.RoundTrip(r); err == nil {
			resp.Body.Close()
		}
	}
	return nil, errCable
}

// Break makes what follows after n operations fail, or work again.
func (c *cable) Break(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.left = n >= 0, n
	return true
}

func (p *logPlace) Open(t *testing.T) deliver.Destination {
	l, err := classic.New(classic.Config{
		Service: storagelog.Blob, Container: p.logs,
		BlockSize: 2000, LogSize: 5000, FlushInterval: time.Millisecond,
		Append: func(dst []byte, r *record.Record, v storagelog.Version) ([]byte, int, error) {
			e := storagelog.Entry{Version: v, StartTime: r.Time, Operation: "PutBlob", ClientRequestID: r.ID}
			return storagelog.AppendEntry(dst, &e), 1, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (p *logPlace) Held(t *testing.T) []string {
	t.Helper()
	var ids []string
	pages := p.logs.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr("blob/")})
	for pages.More() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Segment.BlobItems {
			ids = append(ids, p.read(t, *b.Name)...)
		}
	}
	return ids
}

func (p *logPlace) read(t *testing.T, name string) (ids []string) {
	t.Helper()
	resp, err := p.logs.NewBlobClient(name).DownloadStream(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	r := storagelog.NewReader(strings.NewReader(string(text)), storagelog.Strict)
	for {
		var e storagelog.Entry
		if err := r.Read(&e); errors.Is(err, io.EOF) {
			return ids
		} else if err != nil {
			t.Fatalf("log %s: %v", name, err)
		}
		ids = append(ids, e.ClientRequestID)
	}
}
