package queue_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/queue"
	"reslog/storagelog"
)

// newest is the version of requests that name none.
const newest = string(storage.Newest)

// account is the account that requests go to.
const account = "acct"

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

// recorder keeps the records of all requests and what was announced of them.
type recorder struct {
	running sync.WaitGroup // requests, whose records come after their answers
	mu      sync.Mutex
	records []record.Record

	off              map[record.Category]bool
	began, withdrawn []record.Record
	fail             bool // Emit
}

func (r *recorder) Enabled(_ resource.ID, c record.Category) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.off[c]
}

func (r *recorder) Begin(_ context.Context, one record.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = append(r.began, one)
	return nil
}

func (r *recorder) Withdraw(_ context.Context, one record.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.withdrawn = append(r.withdrawn, one)
	return nil
}

func (r *recorder) Emit(_ context.Context, one record.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail {
		return errors.New("disk is full")
	}
	r.records = append(r.records, one)
	return nil
}

// set changes which categories nobody asks for, and whether records can be kept.
func (r *recorder) set(fail bool, off ...record.Category) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail, r.off = fail, map[record.Category]bool{}
	for _, c := range off {
		r.off[c] = true
	}
}

// intents returns how many operations were announced and taken back since it was
// called last.
func (r *recorder) intents() (began, withdrawn int) {
	r.running.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	began, withdrawn = len(r.began), len(r.withdrawn)
	r.began, r.withdrawn = nil, nil
	return began, withdrawn
}

// entry is a classic log entry with the category of its record.
type entry struct {
	storagelog.Entry
	category record.Category
}

// take returns the log entries of the requests since it was called last.
func (r *recorder) take(t testing.TB) []entry {
	t.Helper()
	r.running.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var entries []entry
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
			entries = append(entries, entry{e, one.Category})
		}
	}
	r.records = nil
	return entries
}

// one returns the only entry since entries were taken last.
func (r *recorder) one(t testing.TB) entry {
	t.Helper()
	entries := r.take(t)
	if len(entries) != 1 {
		t.Fatalf("%d entries, want 1: %+v", len(entries), entries)
	}
	return entries[0]
}

// server is a queue service behind a real connection.
type server struct {
	t     testing.TB
	url   string // with the account, no slash at the end
	base  string
	front *storage.Front
	store *fakeStore
	clock *clock
	accs  accounts
	log   *recorder
}

func newServer(t testing.TB, configure ...func(*storage.FrontConfig)) *server {
	t.Helper()
	ck := &clock{t: time.Now().UTC().Truncate(time.Second)}
	store, log := newFakeStore(), &recorder{}
	accs := accounts{account: newAccount(account), "second": newAccount("second")}
	properties := storage.OpenProperties(storage.PropertiesConfig{})
	service := queue.New(queue.Config{Store: store, Now: ck.now, Properties: storage.NewPropertyOperations(storage.Queue, properties)})
	cfg := storage.FrontConfig{Service: service, Accounts: accs, Now: ck.now, Emitter: log, Properties: properties}
	for _, f := range configure {
		f(&cfg)
	}
	front := storage.NewFront(cfg)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.running.Add(1)
		defer log.running.Done()
		front.ServeHTTP(w, r)
	}))
	srv.Listener = storage.KeepNames(srv.Listener)
	srv.Config.ConnContext = storage.WithNames
	srv.Start()
	t.Cleanup(srv.Close)
	return &server{t: t, base: srv.URL, url: srv.URL + "/" + account, front: front, store: store, clock: ck, accs: accs, log: log}
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
	req, err := http.NewRequestWithContext(s.t.Context(), r.method, s.base+"/"+name+r.path, strings.NewReader(r.body))
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

// queue makes a queue.
func (s *server) queue(name string) {
	s.t.Helper()
	s.ok(201, "PUT", "/"+name, "")
}

// envelope is the body of a request with a message.
func envelope(text string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><QueueMessage><MessageText>`)
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic(err) // a Builder does not fail
	}
	return b.String() + "</MessageText></QueueMessage>"
}

// message is one of an answer.
type message struct {
	MessageID       string `xml:"MessageId"`
	InsertionTime   string
	ExpirationTime  string
	PopReceipt      string
	TimeNextVisible string
	DequeueCount    *int
	MessageText     *string
}

func (m message) text() string {
	if m.MessageText == nil {
		return "(none)"
	}
	return *m.MessageText
}

// path is that of the message in a queue, for its receipt.
func (m message) path(queue, parameters string) string {
	return "/" + queue + "/messages/" + m.MessageID + "?popreceipt=" + url.QueryEscape(m.PopReceipt) + parameters
}

// list reads the messages of an answer.
func list(t testing.TB, a *answer) []message {
	t.Helper()
	var body struct {
		XMLName  xml.Name  `xml:"QueueMessagesList"`
		Messages []message `xml:"QueueMessage"`
	}
	raw, marked := strings.CutPrefix(a.body, "\ufeff")
	if !marked {
		t.Errorf("the answer does not start with a byte order mark: %q", a.body)
	}
	if err := xml.Unmarshal([]byte(raw), &body); err != nil {
		t.Fatalf("%v in %q", err, a.body)
	}
	return body.Messages
}

// put adds a message and returns what the answer says of it.
func (s *server) put(queue, text, query string, headers ...string) message {
	s.t.Helper()
	got := list(s.t, s.ok(201, "POST", "/"+queue+"/messages"+query, envelope(text), headers...))
	if len(got) != 1 {
		s.t.Fatalf("put: %d messages", len(got))
	}
	return got[0]
}

// get dequeues messages.
func (s *server) get(queue, query string, headers ...string) []message {
	s.t.Helper()
	return list(s.t, s.ok(200, "GET", "/"+queue+"/messages"+query, "", headers...))
}

// texts are those of messages, separated by commas.
func texts(list []message) string {
	var all []string
	for _, m := range list {
		all = append(all, m.text())
	}
	return strings.Join(all, ",")
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
	r.Header.Set("Authorization", "SharedKeyLite "+a.Name+":"+mac(a, b.String()))
}

func mac(a *storage.Account, text string) string {
	m := hmac.New(sha256.New, a.Keys[0])
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

const sasVersion = "2020-02-10"

// accountSAS returns the query of an account SAS.
func (s *server) accountSAS(types, permissions string) string {
	expiry := s.clock.now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")
	text := strings.Join([]string{account, permissions, "q", types, "", expiry, "", "", sasVersion, ""}, "\n")
	return url.Values{
		"sv": {sasVersion}, "ss": {"q"}, "srt": {types}, "sp": {permissions}, "se": {expiry},
		"sig": {mac(s.accs[account], text)},
	}.Encode()
}

// serviceSAS returns the query of a SAS for a queue; id names a stored access
// policy, and with one there are no permissions and no expiry of its own.
func (s *server) serviceSAS(queue, permissions, id string) string {
	q := url.Values{"sv": {sasVersion}}
	if id == "" {
		q.Set("sp", permissions)
		q.Set("se", s.clock.now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z"))
	} else {
		q.Set("si", id)
	}
	text := strings.Join([]string{q.Get("sp"), "", q.Get("se"), "/queue/" + account + "/" + queue, id, "", "", sasVersion}, "\n")
	q.Set("sig", mac(s.accs[account], text))
	return q.Encode()
}

func wantHeader(t testing.TB, a *answer, name, want string) {
	t.Helper()
	if got := a.header.Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}
