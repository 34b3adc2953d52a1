package archive

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	blobservice "reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
)

// The tests write to the real blob service, in process, over a store in memory.
var blobService struct {
	handler  http.Handler
	accounts atomic.Int64
}

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
		return
	}
	store, err := blobstore.Open(blobstore.Config{Dir: "store", FS: vfs.NewMem(), CollectEvery: -1, MinFree: -1})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	blobService.handler = storage.NewFront(storage.FrontConfig{
		Service:  blobservice.New(blobservice.Config{Store: store, Accounts: anyAccount{}, Emitter: record.Discard}),
		Accounts: anyAccount{},
	})
	code := m.Run()
	if err := store.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// anyAccount has every account.
type anyAccount struct{}

func (anyAccount) Account(name string) (*storage.Account, bool) {
	return &storage.Account{
		Name: name,
		ID:   resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/" + name),
		Keys: [2][]byte{[]byte("key"), []byte("key")},
	}, true
}

// account is an empty account that fails on command.
type account struct {
	t    testing.TB
	name string
	// client goes through the faults, plain does not: it is the user's.
	client, plain *service.Client
	next          http.RoundTripper

	mu    sync.Mutex
	calls []string
	fault func(call string) fault
	late  []func()
}

// fault is what becomes of a call.
type fault struct {
	kind   faultKind
	status int
	code   string
}

type faultKind int

const (
	works       faultKind = iota
	failsBefore           // nothing is done
	failsAfter            // it is done, the answer is lost
	isLate                // there is no answer, and it is done when release is called
	refuses               // the answer is status and code
)

var (
	errCable = errors.New("the cable was cut")
	ok       = fault{}
	cut      = fault{kind: failsBefore}
	lost     = fault{kind: failsAfter}
)

func refusal(status int, code string) fault { return fault{refuses, status, code} }

func newAccount(t testing.TB) *account {
	t.Helper()
	a := &account{
		t: t, name: fmt.Sprintf("account%d", blobService.accounts.Add(1)),
		next: storage.InProcess(blobService.handler),
	}
	a.client = serviceClient(t, "http://localhost/"+a.name+"/", a)
	a.plain = serviceClient(t, "http://localhost/"+a.name+"/", a.next)
	return a
}

func serviceClient(t testing.TB, url string, transport http.RoundTripper) *service.Client {
	t.Helper()
	c, err := service.NewClientWithNoCredential(url, &service.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: &http.Client{Transport: transport}, Retry: policy.RetryOptions{MaxRetries: -1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// describe names a call: "PUT appendblock insights-logs-x/…/PT1H.json".
func (a *account) describe(r *http.Request) string {
	q := r.URL.Query()
	words := []string{r.Method}
	for _, w := range []string{q.Get("comp"), strings.TrimPrefix(r.URL.Path, "/"+a.name+"/"), q.Get("prefix")} {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	call := a.describe(r)
	a.mu.Lock()
	a.calls = append(a.calls, call)
	f := ok
	if a.fault != nil {
		f = a.fault(call)
	}
	a.mu.Unlock()
	switch f.kind {
	case failsBefore:
		return nil, errCable
	case failsAfter:
		if res, err := a.next.RoundTrip(r); err == nil {
			res.Body.Close()
		}
		return nil, errCable
	case isLate:
		a.postpone(r)
		return nil, errCable
	case refuses:
		h := http.Header{"X-Ms-Request-Id": {"request-1"}}
		if f.code != "" {
			h.Set("X-Ms-Error-Code", f.code)
		}
		return &http.Response{
			StatusCode: f.status, Status: fmt.Sprint(f.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: h, Body: http.NoBody, Request: r,
		}, nil
	}
	return a.next.RoundTrip(r)
}

// postpone keeps a request until release.
func (a *account) postpone(r *http.Request) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	in := r.Clone(context.Background())
	in.Body = io.NopCloser(bytes.NewReader(body))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.late = append(a.late, func() {
		if res, err := a.next.RoundTrip(in); err == nil {
			res.Body.Close()
		}
	})
}

// release does the requests that are late.
func (a *account) release() {
	a.mu.Lock()
	late := a.late
	a.late = nil
	a.mu.Unlock()
	for _, do := range late {
		do()
	}
}

func (a *account) setFault(f func(call string) fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = f
}

// once makes the next call that begins with prefix fail, and no other.
func (a *account) once(prefix string, f fault) {
	used := false
	a.setFault(func(call string) fault {
		if used || !strings.HasPrefix(call, prefix) {
			return ok
		}
		used = true
		return f
	})
}

// count returns how many calls began with prefix.
func (a *account) count(prefix string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, c := range a.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// content returns the whole account: blobs by container and name.
func (a *account) content() map[string]string {
	a.t.Helper()
	all := map[string]string{}
	for pages := a.plain.NewListContainersPager(nil); pages.More(); {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			a.t.Fatal(err)
		}
		for _, item := range page.ContainerItems {
			c := a.plain.NewContainerClient(*item.Name)
			for _, name := range a.list(c) {
				all[*item.Name+"/"+name] = a.read(c, name)
			}
		}
	}
	return all
}

func (a *account) list(c *container.Client) (names []string) {
	a.t.Helper()
	for pages := c.NewListBlobsFlatPager(nil); pages.More(); {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			a.t.Fatal(err)
		}
		for _, b := range page.Segment.BlobItems {
			names = append(names, *b.Name)
		}
	}
	return names
}

func (a *account) read(c *container.Client, name string) string {
	a.t.Helper()
	res, err := c.NewBlobClient(name).DownloadStream(context.Background(), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

// ids returns the ids of the lines of all archives, blob after blob.
func (a *account) ids() (ids []string) {
	a.t.Helper()
	content := a.content()
	names := make([]string, 0, len(content))
	for name := range content {
		names = append(names, name)
	}
	slices.SortFunc(names, byFolderAndNumber)
	for _, name := range names {
		for line := range strings.Lines(content[name]) {
			ids = append(ids, lineID(a.t, name, line))
		}
	}
	return ids
}

// byFolderAndNumber is the order in which blobs were written within a folder.
func byFolderAndNumber(x, y string) int {
	xdir, xfile := splitName(x)
	ydir, yfile := splitName(y)
	xn, _ := parseBlobName(xfile)
	yn, _ := parseBlobName(yfile)
	return cmp.Or(strings.Compare(xdir, ydir), cmp.Compare(xn, yn))
}

func splitName(name string) (dir, file string) {
	i := strings.LastIndexByte(name, '/')
	return name[:i], name[i+1:]
}

// lineID returns the id in a line. Lines of records with a large or unusual
// content have none, and are known by what they are.
func lineID(t testing.TB, blob, line string) string {
	t.Helper()
	line, whole := strings.CutSuffix(line, "\n")
	var v struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(line), &v); err != nil || !whole {
		t.Fatalf("%s holds what is no line: %.100q, %v", blob, line, err)
	}
	if v.ID == "" {
		return line
	}
	return v.ID
}

// memoryState is a State that fails on command.
type memoryState struct {
	mu    sync.Mutex
	data  []byte
	saves int
	fault func() fault
}

func (s *memoryState) Load(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data, nil
}

func (s *memoryState) Save(ctx context.Context, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	f := ok
	if s.fault != nil {
		f = s.fault()
	}
	if f.kind == failsBefore {
		return errCable
	}
	s.data = bytes.Clone(data)
	s.saves++
	if f.kind == failsAfter {
		return errCable
	}
	return nil
}

func testLogger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(testWriter{t}, nil))
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// open returns an Archive on the account, as a new process would have it.
func (a *account) open(s State, set ...func(*Config)) *Archive {
	a.t.Helper()
	cfg := Config{Container: a.client.NewContainerClient, State: s, Logger: testLogger(a.t)}
	for _, f := range set {
		f(&cfg)
	}
	r, err := New(cfg)
	if err != nil {
		a.t.Fatal(err)
	}
	return r
}
