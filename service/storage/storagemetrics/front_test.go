package storagemetrics

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/metric"
	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
)

// forced is the blob service with a container "made", whose blobs are what goes wrong.
type forced struct{ *blob.Service }

func (f forced) Route(c *storage.Call) (*storage.Operation, error) {
	if c.Container != "made" || c.Name == "" {
		return f.Service.Route(c)
	}
	op := &storage.Operation{
		Name: "GetBlob", Class: storage.Read, Scope: storage.ScopeObject, SAS: "r", ServiceSAS: true, Public: storage.PublicBlob,
		Actions: storage.AnyOf(storage.Action{Name: "made/read", Data: true}),
	}
	switch c.Name {
	case "broken":
		op.Run = func(*storage.Call) error { return errors.New("made to fail") }
	case "panic":
		op.Run = func(*storage.Call) error { panic("made to panic") }
	case "slow":
		op.Run = func(c *storage.Call) error {
			<-c.Context().Done()
			return c.Context().Err()
		}
	case "body":
		op.Name, op.Class, op.MaxBody = "PutBlob", storage.Write, 1<<20
		op.Run = func(c *storage.Call) error {
			_, err := io.Copy(io.Discard, c.Request.Body)
			c.Response.WriteHeader(http.StatusCreated)
			return err
		}
	}
	return op, nil
}

// authority knows the tokens "able", whose holder may do everything, and "unable".
type authority struct{}

func (authority) Verify(_ context.Context, token string, _ func(string) bool) (*storage.Principal, error) {
	if token != "able" && token != "unable" {
		return nil, storage.ErrTokenSignature
	}
	return &storage.Principal{ObjectID: token, TenantID: "t", Type: "User", IDs: []string{token}}, nil
}

func (authority) Lookup(string, string) (*storage.Principal, bool) { return nil, false }

func (authority) Check(p *storage.Principal, _ storage.Action, _ resource.ID) (storage.Grant, bool) {
	return storage.Grant{PrincipalID: p.ObjectID, PrincipalType: p.Type}, p.ObjectID == "able"
}

// throttle refuses the account "busy".
type throttle struct{}

func (throttle) Allow(account string, _ bool) bool { return account != "busy" }

type accountMap map[string]*storage.Account

func (m accountMap) Account(name string) (*storage.Account, bool) { a, ok := m[name]; return a, ok }

// node is a blob service behind a real connection whose requests are counted, logged
// and observed.
type node struct {
	*world
	front    *storage.Front
	server   *httptest.Server
	running  sync.WaitGroup // requests
	logged   sink
	platform sink
	recorder *metric.Recorder
	observed atomic.Int64
}

func newNode(t *testing.T) *node {
	t.Helper()
	n := new(node)
	n.world = newWorld(t, func(c *Config) {
		n.recorder = metric.New(metric.Config{Emitter: &n.platform, Now: c.Now})
		c.Recorder = n.recorder
	})
	accounts := accountMap{"acct": newAccount("acct"), "busy": newAccount("busy")}
	n.setAccounts(accounts["acct"], accounts["busy"])
	for name := range accounts {
		n.metrics(name, storage.Blob, apis, apis)
	}
	store, err := blobstore.Open(blobstore.Config{Dir: t.TempDir(), MinFree: -1, CollectEvery: -1, Now: n.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cont", "made"} {
		for account := range accounts {
			if _, err := store.CreateContainer(t.Context(), account, blobstore.Container{Name: name, PublicAccess: "blob"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	observe := func(o storage.Observation) {
		n.observed.Add(1)
		n.Observe(o)
	}
	service := blob.New(blob.Config{Store: store, Accounts: accounts, Now: n.clock.now, Emitter: &n.logged, Observe: observe})
	n.front = storage.NewFront(storage.FrontConfig{
		Service: forced{service}, Accounts: accounts, Now: n.clock.now, Emitter: &n.logged, Authority: authority{},
		Throttle: throttle{}, Observe: observe,
	})
	n.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.running.Add(1)
		defer n.running.Done()
		n.front.ServeHTTP(w, r)
	}))
	n.server.Config.ErrorLog = nil
	t.Cleanup(func() {
		n.server.Close()
		if err := errors.Join(service.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return n
}

// mac signs with the key that all accounts have.
func (n *node) mac(text string) string {
	mac := hmac.New(sha256.New, newAccount("any").Keys[0])
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// try is a request of a test.
type try struct {
	account, method, path, body string
	auth                        string // "key", "sas:" and permissions, "token:" and the token, "wrong key", "wrong sas"; "" is none
	headers                     []string
	reader                      io.Reader // in place of body
	status                      int       // wanted; 0 is any
}

// send sends a request; it fails only when nothing else is wanted.
func (n *node) send(r try) {
	n.t.Helper()
	if r.account == "" {
		r.account = "acct"
	}
	target := n.server.URL + "/" + r.account + r.path
	if permissions, ok := strings.CutPrefix(r.auth, "sas:"); ok || r.auth == "wrong sas" {
		target += map[bool]string{true: "&", false: "?"}[strings.Contains(target, "?")] + n.sas(r.account, permissions, !ok)
	}
	body := r.reader
	if body == nil {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequest(r.method, target, body)
	if err != nil {
		n.t.Error(err)
		return
	}
	if r.reader != nil {
		req.ContentLength = 1000
	} else if r.body == "" && r.method == http.MethodGet {
		req.Body = http.NoBody
	}
	req.Header.Set("x-ms-version", "2021-08-06")
	req.Header.Set("x-ms-date", n.clock.now().Format(http.TimeFormat))
	for i := 0; i+1 < len(r.headers); i += 2 {
		req.Header.Set(r.headers[i], r.headers[i+1])
	}
	n.authorize(req, r)
	res, err := n.server.Client().Do(req)
	if err != nil {
		if r.status != 0 {
			n.t.Errorf("%s %s: %v", r.method, r.path, err)
		}
		return
	}
	answer, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if r.status != 0 && res.StatusCode != r.status {
		n.t.Errorf("%s %s as %q: answer %d, want %d\n%s", r.method, r.path, r.auth, res.StatusCode, r.status, answer)
	}
}

// authorize adds an Authorization header.
func (n *node) authorize(req *http.Request, r try) {
	if token, ok := strings.CutPrefix(r.auth, "token:"); ok {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if r.auth != "key" && r.auth != "wrong key" {
		return
	}
	var names []string
	for k := range req.Header {
		if l := strings.ToLower(k); strings.HasPrefix(l, "x-ms-") {
			names = append(names, l)
		}
	}
	slices.Sort(names)
	text := r.method + "\n\n" + req.Header.Get("Content-Type") + "\n\n"
	for _, name := range names {
		text += name + ":" + req.Header.Get(name) + "\n"
	}
	text += "/" + r.account + req.URL.EscapedPath()
	if comp := req.URL.Query().Get("comp"); comp != "" {
		text += "?comp=" + comp
	}
	if r.auth == "wrong key" {
		text += "!"
	}
	req.Header.Set("Authorization", "SharedKeyLite "+r.account+":"+n.mac(text))
}

// sas is the query of an account SAS.
func (n *node) sas(account, permissions string, wrong bool) string {
	const version = "2020-02-10"
	expiry := n.clock.now().Add(10 * time.Hour).Format("2006-01-02T15:04:05Z")
	signed := permissions
	if wrong {
		signed = "everything"
	}
	q := url.Values{
		"sv": {version}, "ss": {"b"}, "srt": {"sco"}, "sp": {permissions}, "se": {expiry},
		"sig": {n.mac(strings.Join([]string{account, signed, "b", "sco", "", expiry, "", "", version, ""}, "\n"))},
	}
	return q.Encode()
}

// settle waits for the requests to be over.
func (n *node) settle() { n.running.Wait() }

// parsed is a logged record.
type parsed struct {
	OperationName string
	DurationMs    int64
	Identity      struct{ Type string }
	Properties    struct {
		AccountName, MetricResponseType                                          string
		ServerLatencyMs                                                          int64
		RequestHeaderSize, RequestBodySize, ResponseHeaderSize, ResponseBodySize int64
	}
}

// expected adds up records as rows: by "account table partition row".
func expected(t *testing.T, records []record.Record) map[string]*counters {
	t.Helper()
	rows := make(map[string]*counters)
	families := map[string]string{"AccountKey": "", "OAuth": "", "SAS": "SAS", "Anonymous": "Anonymous"}
	outcomes := map[string]string{"ClientAccountRequestThrottlingError": "ThrottlingError"}
	byName := make(map[string]status)
	for s := range status(statuses) {
		byName[s.name()] = s
	}
	for _, r := range records {
		var p parsed
		if err := json.Unmarshal(r.Line, &p); err != nil {
			t.Fatal(err)
		}
		prefix, known := families[p.Identity.Type]
		name := p.Properties.MetricResponseType
		if other, ok := outcomes[name]; ok {
			name = other
		}
		s, ok := byName[prefix+name]
		if !known || !ok {
			t.Fatalf("no column for %s", r.Line)
		}
		o := storage.Observation{
			Ingress:  p.Properties.RequestHeaderSize + p.Properties.RequestBodySize,
			Egress:   p.Properties.ResponseHeaderSize + p.Properties.ResponseBodySize,
			EndToEnd: time.Duration(p.DurationMs) * time.Millisecond, Server: time.Duration(p.Properties.ServerLatencyMs) * time.Millisecond,
		}
		for g := range grains {
			for _, api := range []string{all, p.OperationName} {
				key := strings.Join([]string{p.Properties.AccountName, g.table(storage.Blob), partition(g.start(r.Ended)), rowKey{api: api}.String()}, " ")
				if rows[key] == nil {
					rows[key] = new(counters)
				}
				rows[key].add(&o, s)
			}
		}
	}
	return rows
}

// stored are the rows of users that have counted something, likewise.
func (n *node) stored() map[string]*counters {
	rows := make(map[string]*counters)
	for _, account := range []string{"acct", "busy"} {
		for g := range grains {
			table := g.table(storage.Blob)
			for _, e := range n.tables.all(account, table) {
				c := new(counters)
				c.read(e.Properties)
				if strings.HasPrefix(e.Row, "user;") && *c != (counters{}) {
					rows[strings.Join([]string{account, table, e.Partition, e.Row}, " ")] = c
				}
			}
		}
	}
	return rows
}

// tries are requests of all outcomes that are logged.
func tries() []try {
	none := []string{"If-None-Match", "*"}
	put := []string{"x-ms-blob-type", "BlockBlob"}
	return []try{
		{method: "PUT", path: "/cont/new", body: "some text", auth: "key", headers: put, status: 201},
		{method: "PUT", path: "/cont/new", body: "more text", auth: "sas:rcw", headers: put, status: 201},
		{method: "PUT", path: "/cont/new", body: "yet more text", auth: "token:able", headers: put, status: 201},
		{method: "GET", path: "/cont/there", auth: "key", status: 200},
		{method: "GET", path: "/cont/there", auth: "sas:r", status: 200},
		{method: "GET", path: "/cont/there", auth: "token:able", status: 200},
		{method: "GET", path: "/cont/there", status: 200},
		{method: "HEAD", path: "/cont/there", auth: "key", status: 200},
		{method: "GET", path: "/cont?restype=container&comp=list", auth: "key", status: 200},
		{method: "GET", path: "/cont/missing", auth: "key", status: 404},
		{method: "GET", path: "/cont/missing", auth: "sas:r", status: 404},
		{method: "GET", path: "/cont/missing", auth: "token:able", status: 404},
		{method: "GET", path: "/cont/there", headers: []string{"If-Modified-Since", "Wed, 04 Mar 2026 23:00:00 GMT"}, status: 304},
		{method: "GET", path: "/cont/there?comp=nonsense", auth: "key", status: 400},
		{method: "PUT", path: "/cont/there", auth: "key", headers: slices.Concat(put, none), status: 409},
		{method: "PUT", path: "/cont/there", auth: "sas:r", headers: put, status: 403},
		{method: "PUT", path: "/cont/there", auth: "token:unable", headers: put, status: 403},
		{method: "PUT", path: "/$logs/mine", auth: "key", headers: put, status: 403},
		{method: "GET", path: "/made/broken", auth: "key", status: 500},
		{method: "GET", path: "/made/broken", auth: "sas:r", status: 500},
		{method: "GET", path: "/made/broken", status: 500},
		{method: "GET", path: "/made/panic", auth: "key", status: 500},
		{account: "busy", method: "GET", path: "/cont/there", auth: "key", status: 503},
		{account: "busy", method: "GET", path: "/cont/there", auth: "sas:r", status: 503},
		{account: "busy", method: "GET", path: "/cont/there", status: 503},
	}
}

// slowTries are requests that time out, or that their client leaves.
func slowTries() []try {
	stalled := func() io.Reader { r, _ := io.Pipe(); return io.MultiReader(strings.NewReader("a beginning"), r) }
	broken := func() io.Reader {
		r, w := io.Pipe()
		w.CloseWithError(errors.New("the client has changed its mind"))
		return io.MultiReader(strings.NewReader("a beginning"), r)
	}
	return []try{
		{method: "GET", path: "/made/slow?timeout=1", auth: "key", status: 500},
		{method: "GET", path: "/made/slow?timeout=1", auth: "sas:r", status: 500},
		{method: "GET", path: "/made/slow?timeout=1", status: 500},
		{method: "PUT", path: "/made/body?timeout=1", auth: "key", reader: stalled()},
		{method: "PUT", path: "/made/body?timeout=1", auth: "sas:r", reader: stalled()},
		{method: "PUT", path: "/made/body", auth: "key", reader: broken()},
		{method: "PUT", path: "/made/body", auth: "sas:r", reader: broken()},
		{method: "PUT", path: "/made/body", reader: broken()},
	}
}

// The metrics are the sums of what is logged: each row of an hour and of a minute, of
// the service and of each operation, each counter, the bytes, and the latencies as far
// as records tell them. So are the platform metrics.
func TestMetricsAreSumsOfRecords(t *testing.T) {
	n := newNode(t)
	n.send(try{method: "PUT", path: "/cont/there", body: strings.Repeat("x", 5000), auth: "key", headers: []string{"x-ms-blob-type", "BlockBlob"}, status: 201})
	var senders sync.WaitGroup
	for _, r := range slowTries() {
		senders.Go(func() { n.send(r) })
	}
	for i := range 6 { // two hours and more, with restarts between
		for range 3 {
			senders.Go(func() {
				for k, r := range tries() {
					n.send(r)
					if k%5 == i {
						n.flush()
					}
				}
			})
		}
		senders.Wait()
		n.settle()
		n.flush() // as it happens every second
		n.clock.mu.Lock()
		n.clock.t = n.clock.t.Add(23*time.Minute + 17*time.Second)
		n.clock.mu.Unlock()
		n.recorder.Flush(t.Context())
		if i == 2 {
			n.restart(func(c *Config) { c.Recorder = n.recorder })
		}
	}
	for range 3 { // the node's own are not the users'
		n.asSystem("/cont/own", "some of its own")
	}
	n.settle()
	n.flush()
	n.clock.mu.Lock()
	n.clock.t = n.clock.t.Add(5 * time.Minute)
	n.clock.mu.Unlock()
	n.recorder.Flush(t.Context())

	records := n.logged.take()
	want := expected(t, records)
	got := n.stored()
	seen := new(counters)
	for key, c := range want {
		has := got[key]
		if has == nil {
			t.Errorf("no row %s", key)
			continue
		}
		seen.merge(c)
		if c.status != has.status || c.ingress != has.ingress || c.egress != has.egress {
			t.Errorf("row %s is\n%+v, the records add up to\n%+v", key, has, c)
		}
		wantLatency(t, key+" AverageE2ELatency", c.of(success), c.endToEnd, has.endToEnd)
		wantLatency(t, key+" AverageServerLatency", c.of(success), c.server, has.server)
	}
	for key := range got {
		if want[key] == nil {
			t.Errorf("row %s is of no record", key)
		}
	}
	for s := range status(statuses) {
		if name := s.name(); seen.status[s] == 0 && name != "AnonymousAuthorizationError" && name != "AnonymousClientTimeoutError" {
			t.Errorf("no request was a %s", name)
		}
	}
	if n.observed.Load() != int64(len(records))+3 {
		t.Errorf("%d requests were observed, %d logged", n.observed.Load(), len(records))
	}
	if got := n.tables.sum("acct", hours, "TotalRequests", func(row string) bool { return row == "system;All" }); got != 3 {
		t.Errorf("%v requests of the system, want 3", got)
	}
	n.wantPlatform(records)
}

// wantLatency compares a sum of latencies with that of n records, which tell whole
// milliseconds.
func wantLatency(t *testing.T, what string, n int64, floor, got time.Duration) {
	t.Helper()
	if got < floor || got > floor+time.Duration(n)*time.Millisecond {
		t.Errorf("%s: %d requests took %s, by their records %s", what, n, got, floor)
	}
}

// asSystem writes a blob as the node does.
func (n *node) asSystem(path, body string) {
	n.t.Helper()
	req, err := http.NewRequest(http.MethodPut, "http://node/acct"+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("x-ms-version", "2021-08-06")
	req.Header.Set("x-ms-blob-type", "BlockBlob")
	res, err := storage.InProcess(n.front).RoundTrip(req)
	if err != nil {
		n.t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusCreated {
		n.t.Errorf("the node's own request: %d", res.StatusCode)
	}
}

// wantPlatform compares the platform metrics of services and of accounts with records.
func (n *node) wantPlatform(records []record.Record) {
	n.t.Helper()
	want := map[string]float64{} // by "resource minute metric field"
	for _, r := range records {
		rows := expected(n.t.(*testing.T), []record.Record{r})
		for key, c := range rows {
			if !strings.Contains(key, "Hour") || !strings.HasSuffix(key, all) {
				continue
			}
			for _, id := range []resource.ID{r.Resource, r.Resource.Parent()} {
				at := id.String() + r.Ended.Format(" 15:04 ")
				want[at+"Transactions total"]++
				want[at+"Transactions count"]++
				want[at+"Ingress total"] += float64(c.ingress)
				want[at+"Egress total"] += float64(c.egress)
				want[at+"SuccessE2ELatency count"] += float64(c.of(success))
				want[at+"SuccessServerLatency count"] += float64(c.of(success))
				want[at+"Availability count"] += float64(c.sum(status.applicable))
				want[at+"Availability total"] += 100 * float64(c.sum(status.billable))
			}
		}
	}
	got := map[string]float64{}
	ids := map[string]bool{}
	for _, r := range n.platform.take() {
		var l struct {
			Count, Total float64
			MetricName   string
		}
		if err := json.Unmarshal(r.Line, &l); err != nil {
			n.t.Fatal(err)
		}
		if ids[r.ID] {
			n.t.Errorf("two records have the ID of %s", r.Line)
		}
		ids[r.ID] = true
		at := r.Resource.String() + r.Time.Format(" 15:04 ") + l.MetricName
		got[at+" count"] += l.Count
		got[at+" total"] += l.Total
	}
	for key, v := range want {
		if got[key] != v {
			n.t.Errorf("%s is %v, want %v", key, got[key], v)
		}
	}
	for key := range got {
		if strings.Contains(key, "Transactions") && want[key] == 0 {
			n.t.Errorf("%s is of no record", key)
		}
	}
}

// What is not logged, because nobody proved who they are, counts all the same.
func TestRequestsThatAreNotLogged(t *testing.T) {
	n := newNode(t)
	n.flush()
	for range 3 {
		n.send(try{method: "GET", path: "/cont/there", auth: "wrong key", status: 403})
		n.send(try{method: "GET", path: "/cont/there", auth: "wrong sas", status: 403})
		n.send(try{method: "GET", path: "/cont/there", auth: "token:none", status: 401})
		n.send(try{method: "PUT", path: "/cont/there", headers: []string{"x-ms-blob-type", "BlockBlob"}, status: 401})
		n.send(try{method: "GET", path: "/cont/missing", status: 404})
		n.send(try{account: "nobody", method: "GET", path: "/cont/missing", status: 404})
	}
	n.settle()
	n.flush()
	if logged := n.logged.take(); len(logged) != 0 {
		t.Errorf("%d requests were logged", len(logged))
	}
	n.wantRow(hour, "20260304T1200", "user;All", map[string]float64{
		"TotalRequests": 15, "AnonymousAuthorizationError": 12, "AnonymousClientOtherError": 3, "TotalBillableRequests": 3,
		"Availability": 100, "PercentAuthorizationError": 80, "PercentClientOtherError": 20,
	})
	n.wantRow(hour, "20260304T1200", "user;Unknown", map[string]float64{"TotalRequests": 9, "AnonymousAuthorizationError": 9})
	if len(*n.accounts.Load()) != 2 {
		t.Error(fmt.Sprint("accounts of nobody: ", *n.accounts.Load()))
	}
}
