package blob_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
	"reslog/storagelog"
)

// newest is the version of requests that name none.
const newest = string(storage.Newest)

// clock is a clock that tests turn.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(time.Microsecond)
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// accounts are the accounts of a test server.
type accounts map[string]*storage.Account

func (a accounts) Account(name string) (*storage.Account, bool) {
	found, ok := a[name]
	return found, ok
}

func newAccount(name string) *storage.Account {
	key := sha256.Sum256([]byte(name))
	other := sha256.Sum256([]byte(name + "2"))
	return &storage.Account{
		Name: name, Location: "local",
		ID:   resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/" + name),
		Keys: [2][]byte{key[:], other[:]},
	}
}

// server is a blob service behind a real connection.
type server struct {
	t       testing.TB
	url     string // with the account, no slash at the end
	base    string
	service *blob.Service
	front   *storage.Front
	clock   *clock
	accs    accounts
	log     *recorder
}

// recorder keeps the records of all requests.
type recorder struct {
	running sync.WaitGroup // requests, whose records come after their answers
	mu      sync.Mutex
	records []record.Record
}

func (r *recorder) Enabled(resource.ID, record.Category) bool     { return true }
func (r *recorder) Begin(context.Context, record.Record) error    { return nil }
func (r *recorder) Withdraw(context.Context, record.Record) error { return nil }

func (r *recorder) Emit(_ context.Context, one record.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, one)
	return nil
}

// take returns the log entries of the requests since it was called last.
func (r *recorder) take(t testing.TB) []storagelog.Entry {
	t.Helper()
	r.running.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var entries []storagelog.Entry
	for _, one := range r.records {
		lines, _, err := storage.AppendEntries(nil, &one, storagelog.V1)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(lines) {
			e, err := storagelog.ParseEntry(bytes.TrimSuffix(line, []byte("\n")))
			if err != nil {
				t.Fatalf("%v in %q", err, line)
			}
			entries = append(entries, e)
		}
	}
	r.records = nil
	return entries
}

// account is the account that requests go to.
const account = "acct"

func newServer(t testing.TB, configure ...func(*blob.Config)) *server {
	t.Helper()
	ck := &clock{t: time.Now().UTC().Truncate(time.Second)}
	store, err := blobstore.Open(blobstore.Config{Dir: t.TempDir(), Now: ck.now, MinFree: -1, CollectEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return newServerOn(t, store, ck, configure...)
}

// newServerOn is newServer with a store that may have been used before.
func newServerOn(t testing.TB, store blobstore.Store, ck *clock, configure ...func(*blob.Config)) *server {
	t.Helper()
	accs := accounts{account: newAccount(account), "second": newAccount("second")}
	log := &recorder{}
	cfg := blob.Config{Store: store, Accounts: accs, Now: ck.now, Emitter: log}
	for _, f := range configure {
		f(&cfg)
	}
	service := blob.New(cfg)
	front := storage.NewFront(storage.FrontConfig{Service: service, Accounts: accs, Now: ck.now, Emitter: log})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.running.Add(1)
		defer log.running.Done()
		front.ServeHTTP(w, r)
	}))
	srv.Listener = storage.KeepNames(srv.Listener)
	srv.Config.ConnContext = storage.WithNames
	srv.Start()
	t.Cleanup(func() {
		srv.Close()
		if err := service.Close(); err != nil {
			t.Errorf("close service: %v", err)
		}
	})
	return &server{t: t, base: srv.URL, url: srv.URL + "/" + account, service: service, front: front, clock: ck, accs: accs, log: log}
}

// request is one request of a test. Path is below the account and may have a
// query; headers are "Name: value" lines.
type request struct {
	method  string
	path    string
	headers []string
	body    string
	anon    bool
	account string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a *answer) code() string { return a.header.Get("X-Ms-Error-Code") }

// do sends a request, signed with the account's key unless anon.
func (s *server) do(r request) *answer {
	s.t.Helper()
	name := account
	if r.account != "" {
		name = r.account
	}
	req, err := http.NewRequest(r.method, s.base+"/"+name+r.path, strings.NewReader(r.body))
	if err != nil {
		s.t.Fatal(err)
	}
	if r.body == "" {
		req.Body = http.NoBody
	}
	for _, line := range r.headers {
		k, v, _ := strings.Cut(line, ": ")
		if strings.HasPrefix(k, "x-ms-meta-") {
			req.Header[k] = append(req.Header[k], v) // in its own case
			continue
		}
		req.Header.Add(k, v)
	}
	if req.Header.Get("x-ms-version") == "" {
		req.Header.Set("x-ms-version", newest)
	}
	if !r.anon {
		sign(req, s.accs[name], s.clock.now())
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatalf("%s %s: read answer: %v", r.method, r.path, err)
	}
	return &answer{res.StatusCode, res.Header, string(body)}
}

// want sends a request and demands a status, and an error code unless "".
func (s *server) want(status int, code string, r request) *answer {
	s.t.Helper()
	a := s.do(r)
	if a.status != status || a.code() != code {
		s.t.Fatalf("%s %s %v: got %d %q, want %d %q\n%s", r.method, r.path, r.headers, a.status, a.code(), status, code, a.body)
	}
	return a
}

// ok sends a request and demands a status of success.
func (s *server) ok(status int, method, path, body string, headers ...string) *answer {
	s.t.Helper()
	return s.want(status, "", request{method: method, path: path, body: body, headers: headers})
}

// refused sends a request and demands a refusal.
func (s *server) refused(status int, code, method, path, body string, headers ...string) *answer {
	s.t.Helper()
	return s.want(status, code, request{method: method, path: path, body: body, headers: headers})
}

// container makes a container.
func (s *server) container(name string) {
	s.t.Helper()
	s.ok(201, "PUT", "/"+name+"?restype=container", "")
}

// put makes a block blob.
func (s *server) put(path, body string, headers ...string) *answer {
	s.t.Helper()
	return s.ok(201, "PUT", path, body, append(headers, "x-ms-blob-type: BlockBlob")...)
}

// sign adds a Shared Key Lite signature.
func sign(r *http.Request, a *storage.Account, now time.Time) {
	r.Header.Set("x-ms-date", now.UTC().Format(http.TimeFormat))
	var names []string
	for k := range r.Header {
		if l := strings.ToLower(k); strings.HasPrefix(l, "x-ms-") {
			names = append(names, l)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n\n", r.Method, r.Header.Get("Content-MD5"), r.Header.Get("Content-Type"))
	for _, n := range names {
		for k, v := range r.Header {
			if strings.ToLower(k) == n {
				fmt.Fprintf(&b, "%s:%s\n", n, strings.Join(v, ","))
			}
		}
	}
	b.WriteString("/" + a.Name + r.URL.EscapedPath())
	if comp := r.URL.Query().Get("comp"); comp != "" {
		b.WriteString("?comp=" + comp)
	}
	mac := hmac.New(sha256.New, a.Keys[0])
	mac.Write([]byte(b.String()))
	r.Header.Set("Authorization", "SharedKeyLite "+a.Name+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// accountSAS returns the query of an account SAS for everything.
func (s *server) accountSAS(permissions string) string {
	const version = "2020-02-10"
	expiry := s.clock.now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")
	text := strings.Join([]string{account, permissions, "b", "sco", "", expiry, "", "", version, ""}, "\n")
	mac := hmac.New(sha256.New, s.accs[account].Keys[0])
	mac.Write([]byte(text))
	q := url.Values{
		"sv": {version}, "ss": {"b"}, "srt": {"sco"}, "sp": {permissions}, "se": {expiry},
		"sig": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
	return q.Encode()
}

func wantHeader(t testing.TB, a *answer, name, want string) {
	t.Helper()
	if got := a.header.Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

func pattern(n int) string {
	b := bytes.Buffer{}
	for b.Len() < n {
		b.WriteString(strconv.Itoa(b.Len()))
		b.WriteByte(' ')
	}
	return b.String()[:n]
}

// asSystem sends a request as the node itself and demands success.
func (s *server) asSystem(method, path, body string) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("x-ms-version", newest)
	req.Header.Set("x-ms-blob-type", "BlockBlob")
	res, err := storage.InProcess(s.front).RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		s.t.Fatalf("%s %s as the node: %d %s", method, path, res.StatusCode, res.Header.Get("X-Ms-Error-Code"))
	}
}
