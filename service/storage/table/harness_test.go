package table_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/table"
	"reslog/service/storage/tablestore"
	"reslog/storagelog"
)

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

// accounts are the accounts of a test server.
type accounts map[string]*storage.Account

func (a accounts) Account(name string) (*storage.Account, bool) {
	found, ok := a[name]
	return found, ok
}

func newAccount(name string) *storage.Account {
	key, other := sha256.Sum256([]byte(name)), sha256.Sum256([]byte(name+"2"))
	return &storage.Account{
		Name: name, Location: "local",
		ID:   resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/" + name),
		Keys: [2][]byte{key[:], other[:]},
	}
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

// one returns the only entry.
func (r *recorder) one(t testing.TB) storagelog.Entry {
	t.Helper()
	entries := r.take(t)
	if len(entries) != 1 {
		t.Fatalf("%d entries, want 1: %+v", len(entries), entries)
	}
	return entries[0]
}

// server is a table service behind a real connection.
type server struct {
	t     testing.TB
	base  string
	url   string // with the account, no slash at the end
	front *storage.Front
	store tablestore.API
	clock *clock
	accs  accounts
	log   *recorder

	secure *httptest.Server // the same over TLS, once somebody asked
}

func newServer(t testing.TB, configure ...func(*storage.FrontConfig)) *server {
	t.Helper()
	store, err := tablestore.Open(tablestore.Config{Dir: t.TempDir(), MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	ck := &clock{t: time.Now().UTC().Truncate(time.Second)}
	accs := accounts{account: newAccount(account), "second": newAccount("second")}
	log := &recorder{}
	service := table.New(table.Config{
		Store: store, Now: ck.now,
		Properties: storage.NewPropertyOperations(storage.Table, storage.OpenProperties(storage.PropertiesConfig{})),
	})
	cfg := storage.FrontConfig{Service: service, Accounts: accs, Now: ck.now, Emitter: log}
	for _, f := range configure {
		f(&cfg)
	}
	front := storage.NewFront(cfg)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.running.Add(1)
		defer log.running.Done()
		front.ServeHTTP(w, r)
	}))
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
	bare    bool // not signed: the query has a signature, or nobody asks
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// code is the code of an error, from the header and the body, which must agree.
func (a *answer) code() string { return a.header.Get("X-Ms-Error-Code") }

// do sends a request, signed with the account's key unless bare.
func (s *server) do(r request) *answer {
	s.t.Helper()
	req := s.request(r)
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

func (s *server) request(r request) *http.Request {
	s.t.Helper()
	req, err := http.NewRequest(r.method, s.url+r.path, strings.NewReader(r.body))
	if err != nil {
		s.t.Fatal(err)
	}
	if r.body == "" {
		req.Body = http.NoBody
	} else if r.body[0] == '{' {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, line := range r.headers {
		k, v, _ := strings.Cut(line, ": ")
		if k == "Content-Type" {
			req.Header.Set(k, v)
			continue
		}
		req.Header.Add(k, v)
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json;odata=nometadata")
	}
	if req.Header.Get("x-ms-version") == "" {
		req.Header.Set("x-ms-version", "2019-02-02")
	}
	if !r.bare {
		sign(req, s.accs[account], s.clock.now())
	}
	return req
}

// want sends a request and demands a status, and an error code unless "". The
// error must be in the body too, in the form of the service.
func (s *server) want(status int, code string, r request) *answer {
	s.t.Helper()
	a := s.do(r)
	if a.status != status || a.code() != code {
		s.t.Fatalf("%s %s %v: got %d %q, want %d %q\n%s", r.method, r.path, r.headers, a.status, a.code(), status, code, a.body)
	}
	if code != "" && strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		var e struct {
			Error struct {
				Code    string
				Message struct{ Lang, Value string }
			} `json:"odata.error"`
		}
		if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Error.Code != code || !strings.Contains(e.Error.Message.Value, "\nRequestId:") {
			s.t.Errorf("%s %s: error %s (%v)", r.method, r.path, a.body, err)
		}
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

// table makes a table.
func (s *server) table(name string) {
	s.t.Helper()
	s.ok(204, "POST", "/Tables", `{"TableName":"`+name+`"}`, "Prefer: return-no-content")
}

// insert makes an entity; more are members after the keys.
func (s *server) insert(table, partition, row string, more ...string) *answer {
	s.t.Helper()
	return s.ok(204, "POST", "/"+table, entity(partition, row, more...), "Prefer: return-no-content")
}

// entity is the JSON of an entity.
func entity(partition, row string, more ...string) string {
	keys, _ := json.Marshal(map[string]string{"PartitionKey": partition, "RowKey": row})
	if len(more) == 0 {
		return string(keys)
	}
	return strings.TrimSuffix(string(keys), "}") + "," + strings.Join(more, ",") + "}"
}

// at is the path of an entity.
func at(table, partition, row string) string {
	quote := func(s string) string { return url.PathEscape(strings.ReplaceAll(s, "'", "''")) }
	return "/" + table + "(PartitionKey='" + quote(partition) + "',RowKey='" + quote(row) + "')"
}

// sign adds a Shared Key Lite signature, as the table service has it.
func sign(r *http.Request, a *storage.Account, now time.Time) {
	date := now.UTC().Format(http.TimeFormat)
	r.Header.Set("x-ms-date", date)
	text := date + "\n/" + a.Name + r.URL.EscapedPath()
	if comp := r.URL.Query().Get("comp"); comp != "" {
		text += "?comp=" + comp
	}
	r.Header.Set("Authorization", "SharedKeyLite "+a.Name+":"+mac(a.Keys[0], text))
}

func mac(key []byte, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

const sasVersion = "2019-02-02"

func (s *server) expiry() string {
	return s.clock.now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")
}

// accountSAS returns the query of an account SAS.
func (s *server) accountSAS(types, permissions string) string {
	expiry := s.expiry()
	text := strings.Join([]string{account, permissions, "t", types, "", expiry, "", "", sasVersion, ""}, "\n")
	q := url.Values{
		"sv": {sasVersion}, "ss": {"t"}, "srt": {types}, "sp": {permissions}, "se": {expiry},
		"sig": {mac(s.accs[account].Keys[0], text)},
	}
	return q.Encode()
}

// tableSAS returns the query of a service SAS; keys are spk, srk, epk and erk.
func (s *server) tableSAS(table, permissions, policy string, keys ...string) string {
	expiry := s.expiry()
	if policy != "" {
		expiry = ""
	}
	keys = append(keys, "", "", "", "")[:4]
	text := strings.Join(append([]string{
		permissions, "", expiry, "/table/" + account + "/" + strings.ToLower(table), policy, "", "", sasVersion,
	}, keys...), "\n")
	q := url.Values{"sv": {sasVersion}, "tn": {table}, "sig": {mac(s.accs[account].Keys[0], text)}}
	for name, v := range map[string]string{"sp": permissions, "se": expiry, "si": policy, "spk": keys[0], "srk": keys[1], "epk": keys[2], "erk": keys[3]} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q.Encode()
}

// asSystem sends a request as the node itself.
func (s *server) asSystem(method, path, body string) *answer {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("x-ms-version", "2019-02-02")
	req.Header.Set("Accept", "application/json;odata=nometadata")
	req.Header.Set("Content-Type", "application/json")
	res, err := storage.InProcess(s.front).RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return &answer{res.StatusCode, res.Header, string(text)}
}

func wantHeader(t testing.TB, a *answer, name, want string) {
	t.Helper()
	if got := a.header.Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}
