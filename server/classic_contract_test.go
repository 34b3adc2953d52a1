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
	logs *container.Client
	next http.RoundTripper

	mu    sync.Mutex
	armed bool
	left  int // calls that still work once armed
}

type oneAccount struct{ a *storage.Account }

func (o oneAccount) Account(name string) (*storage.Account, bool) { return o.a, name == o.a.Name }

func newLogPlace(t *testing.T) delivertest.Place {
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
	front := storage.NewFront(storage.FrontConfig{
		Service:  blob.New(blob.Config{Store: store, Accounts: accounts, Emitter: record.Discard}),
		Accounts: accounts,
		Emitter:  record.Discard,
	})
	p := &logPlace{next: storage.InProcess(front)}
	p.logs, err = container.NewClientWithNoCredential("http://localhost/"+client.DevAccount+"/"+logsContainer, &container.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: p}, Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.logs.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return p
}

var errCable = errors.New("the cable was cut")

// RoundTrip fails before or after the service did its work, in turns.
func (p *logPlace) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	p.left--
	fails, answerLost := p.armed && p.left < 0, p.left%2 == 0
	p.mu.Unlock()
	if !fails {
		return p.next.RoundTrip(r)
	}
	if answerLost {
		if resp, err := p.next.RoundTrip(r); err == nil {
			resp.Body.Close()
		}
	}
	return nil, errCable
}

func (p *logPlace) Break(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.left = n >= 0, n
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
