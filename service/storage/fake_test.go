package storage

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/record"
	"reslog/resource"
	"reslog/storagelog"
)

const testKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

func testAccount() *Account {
	key, err := base64.StdEncoding.DecodeString(testKey)
	if err != nil {
		panic(err)
	}
	return &Account{
		Name: "devstoreaccount1", Location: "local", Keys: [2][]byte{key, []byte("second key")},
		ID: resource.MustParse("/subscriptions/0/resourceGroups/reslog/providers/Microsoft.Storage/storageAccounts/devstoreaccount1"),
	}
}

type testAccounts map[string]*Account

func (a testAccounts) Account(name string) (*Account, bool) { acc, ok := a[name]; return acc, ok }

// fakeService runs what a test gives it. Paths choose the operation: the blob
// named like a key of ops, or the standard set by method.
type fakeService struct {
	kind     Kind
	policies []AccessPolicy
	public   PublicAccess
	ops      map[string]*Operation
}

func (s *fakeService) Kind() Kind { return s.kind }

func (s *fakeService) Route(c *Call) (*Operation, error) {
	if op := s.ops[c.Name]; op != nil {
		return op, nil
	}
	switch c.Request.Method {
	case http.MethodGet, http.MethodHead:
		return &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, SAS: "r", ServiceSAS: true, Public: PublicBlob, Run: fakeGet}, nil
	case http.MethodPut:
		return &Operation{Name: "PutBlob", Class: Write, Scope: ScopeObject, SAS: "cw", ServiceSAS: true, MaxBody: 8 << 20, Run: fakePut}, nil
	case http.MethodDelete:
		return &Operation{Name: "DeleteBlob", Class: Delete, Scope: ScopeObject, SAS: "d", ServiceSAS: true, Run: func(c *Call) error {
			c.Response.WriteHeader(http.StatusAccepted)
			return nil
		}}, nil
	}
	return nil, ErrUnsupportedHttpVerb
}

func (s *fakeService) Policies(context.Context, *Account, string) ([]AccessPolicy, error) {
	return s.policies, nil
}

func (s *fakeService) PublicAccess(context.Context, *Account, string) PublicAccess { return s.public }

var fakeModified = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func fakeGet(c *Call) error {
	c.ETag, c.LastModified = `"0x8DA5A9118CDE874"`, fakeModified
	h := c.Response.Header()
	h["Etag"] = []string{c.ETag}
	h["Content-Type"] = []string{"text/plain"}
	c.Response.SetTime("Last-Modified", fakeModified)
	body := strings.Repeat("x", 100)
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Response.WriteHeader(http.StatusOK)
	_, err := io.WriteString(c.Response, body)
	return err
}

func fakePut(c *Call) error {
	n, err := io.Copy(io.Discard, c.Request.Body)
	if err != nil {
		return err
	}
	c.ETag, c.LastModified = `"0x8D1"`, fakeModified
	c.RequestMD5 = c.Header("Content-Md5")
	c.ServerMD5 = "1B2M2Y8AsgTpgAmY7PhCfg=="
	c.Response.Set("X-Test-Read", strconv.FormatInt(n, 10))
	c.Response.WriteHeader(http.StatusCreated)
	return nil
}

// fakeEmitter keeps what it is given.
type fakeEmitter struct {
	mu        sync.Mutex
	records   []record.Record
	began     []record.Record
	withdrawn []record.Record
	got       chan struct{}
	fail      error // of Emit
	failBegin error
	off       map[record.Category]bool
}

func newFakeEmitter() *fakeEmitter { return &fakeEmitter{got: make(chan struct{}, 1000)} }

func (e *fakeEmitter) Enabled(_ resource.ID, c record.Category) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.off[c]
}

// set changes how the emitter behaves.
func (e *fakeEmitter) set(fail, failBegin error, off map[record.Category]bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail, e.failBegin, e.off = fail, failBegin, off
}

// intents returns what was begun and what was withdrawn.
func (e *fakeEmitter) intents() (began, withdrawn []record.Record) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.began, e.withdrawn
}

func (e *fakeEmitter) Begin(_ context.Context, r record.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failBegin != nil {
		return e.failBegin
	}
	e.began = append(e.began, r)
	return nil
}

func (e *fakeEmitter) Emit(_ context.Context, r record.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return e.fail
	}
	e.records = append(e.records, r)
	e.got <- struct{}{}
	return nil
}

func (e *fakeEmitter) Withdraw(_ context.Context, r record.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.withdrawn = append(e.withdrawn, r)
	return nil
}

// one waits for a record and returns it.
func (e *fakeEmitter) one(t *testing.T) record.Record {
	t.Helper()
	select {
	case <-e.got:
	case <-time.After(10 * time.Second):
		t.Fatal("no record")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.records[len(e.records)-1]
	if !json.Valid(r.Line) || strings.ContainsRune(string(r.Line), '\n') {
		t.Errorf("line is not one line of JSON: %s", r.Line)
	}
	return r
}

// none checks that nothing was emitted.
func (e *fakeEmitter) none(t *testing.T) {
	t.Helper()
	select {
	case <-e.got:
		e.mu.Lock()
		defer e.mu.Unlock()
		t.Errorf("unexpected record: %s", e.records[len(e.records)-1].Line)
	case <-time.After(20 * time.Millisecond):
	}
}

// entry renders the record of the last request.
func (e *fakeEmitter) entry(t *testing.T) storagelog.Entry {
	t.Helper()
	entries, err := Entries(e.one(t), storagelog.V1)
	if err != nil {
		t.Fatal(err)
	}
	return entries[0]
}

// bench of a Front behind a real listener.
type testFront struct {
	*Front
	service *fakeService
	emitter *fakeEmitter
	server  *httptest.Server
}

func newTestFront(t testing.TB, change func(*FrontConfig, *fakeService)) *testFront {
	t.Helper()
	s := &fakeService{kind: Blob, ops: map[string]*Operation{}}
	e := newFakeEmitter()
	c := FrontConfig{
		Service: s, Accounts: testAccounts{"devstoreaccount1": testAccount()}, Emitter: e,
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil)),
	}
	if change != nil {
		change(&c, s)
	}
	f := NewFront(c)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return &testFront{f, s, e, server}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	if strings.Contains(string(p), testKey) || strings.Contains(string(p), "sig=") {
		w.t.Errorf("a secret was logged: %s", p)
	}
	return len(p), nil
}

// signRequest signs r with Shared Key, by the same canonical form the Front
// uses; sharedkey_test.go checks that form against the SDK.
func signRequest(r *http.Request, v Version, a *Account, key []byte) {
	if r.Header.Get("X-Ms-Date") == "" {
		r.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
	}
	if v != "" {
		r.Header.Set("X-Ms-Version", string(v))
	} else {
		v = V2009_09_19
	}
	h := r.Header.Clone()
	if r.ContentLength > 0 || r.Method == http.MethodPut {
		h.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	q, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		panic(err)
	}
	s := signable{kind: Blob, version: v, account: a.Name, path: r.URL.EscapedPath(), query: q, method: r.Method, header: h}
	mac := newSigner(key).sign(s.appendText(nil))
	r.Header.Set("Authorization", "SharedKey "+a.Name+":"+base64.StdEncoding.EncodeToString(mac[:]))
}

// do sends a request; path is below the account. sign false leaves it anonymous.
func (f *testFront) do(t testing.TB, method, path, body string, sign bool, headers ...string) *http.Response {
	t.Helper()
	var rd io.Reader
	if body != "" || method == http.MethodPut {
		rd = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, f.server.URL+"/devstoreaccount1"+path, rd)
	if err != nil {
		t.Fatal(err)
	}
	v := Version("2021-06-08")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "x-ms-version" {
			v = Version(headers[i+1])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	if sign {
		signRequest(r, v, testAccount(), testAccount().Keys[0])
	} else if v != "" {
		r.Header.Set("X-Ms-Version", string(v))
	}
	res, err := f.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// want checks status and error code of an answer and returns its body.
func want(t testing.TB, res *http.Response, status int, code string) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status || res.Header.Get("X-Ms-Error-Code") != code {
		t.Fatalf("answer %d %q, want %d %q\n%s", res.StatusCode, res.Header.Get("X-Ms-Error-Code"), status, code, body)
	}
	return string(body)
}
