package query

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/internal/httpapi"
	"reslog/internal/ticks"
	"reslog/kql"
	"reslog/resource"
)

const (
	wsID   = "11111111-1111-1111-1111-111111111111"
	ws2ID  = "22222222-2222-2222-2222-222222222222"
	wsPath = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/"
	acctID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acct"
)

// now is the clock of the tests.
var now = time.Date(2024, 1, 2, 3, 4, 5, 123456700, time.UTC)

// fake is an Auth with three tokens, Workspaces of two, and their Data.
type fake struct {
	run   func(ctx context.Context, q Query, sink Sink) (Stats, error)
	none  bool // there are no workspaces in this build
	mu    sync.Mutex
	asked []Query // guarded by mu: queries of a batch come side by side
}

func (f *fake) Authenticate(_ context.Context, token string) (Caller, error) {
	switch token {
	case "reader", "nobody", "second":
		return Caller{ID: token, Detail: token}, nil
	}
	return Caller{}, errors.New("it is not signed by an issuer that this node trusts")
}

func (f *fake) Allowed(c Caller, action, scope string) bool {
	switch c.Detail {
	case "reader":
		return action == actionWorkspace || action == actionResource
	case "second":
		return strings.HasSuffix(scope, "/two")
	}
	return false
}

func (f *fake) workspace(name, id string) Workspace {
	return Workspace{ID: id, Resource: resource.MustParse(wsPath + name), Location: "eastus", Data: f}
}

func (f *fake) Find(_ context.Context, ref string) (Workspace, error) {
	if f.none {
		return Workspace{}, ErrNoWorkspaces
	}
	for _, ws := range []Workspace{f.workspace("one", wsID), f.workspace("two", ws2ID)} {
		if strings.EqualFold(ref, ws.ID) || strings.EqualFold(ref, ws.Resource.String()) || ref == ws.Resource.Name() {
			return ws, nil
		}
	}
	return Workspace{}, resource.ErrNotFound
}

func (f *fake) Of(_ context.Context, id resource.ID) ([]Workspace, error) {
	if f.none {
		return nil, ErrNoWorkspaces
	}
	switch id.Name() {
	case "acct":
		return []Workspace{f.workspace("two", ws2ID)}, nil
	case "silent":
		return nil, nil
	}
	return nil, resource.ErrNotFound
}

func (f *fake) Query(ctx context.Context, q Query, sink Sink) (Stats, error) {
	f.mu.Lock()
	f.asked = append(f.asked, q)
	f.mu.Unlock()
	return f.run(ctx, q, sink)
}

func (f *fake) Explain(_ context.Context, q Query) ([]string, error) {
	return []string{"SELECT " + q.Text}, nil
}

func (f *fake) Tables(context.Context) ([]Table, error) {
	t := kql.Table{Name: "StorageBlobLogs", Time: "TimeGenerated", Columns: []kql.Column{{Name: "TimeGenerated", Type: kql.Datetime}}}
	return []Table{{Table: t, Rows: 3, BilledBytes: 300, First: now, Last: now, Retention: 30}}, nil
}

func start(t *testing.T, f *fake, change func(*Config)) *httptest.Server {
	t.Helper()
	cfg := Config{Auth: f, Workspaces: f, Now: func() time.Time { return now }, NewID: func() string { return "the-id" }}
	if change != nil {
		change(&cfg)
	}
	srv := httptest.NewServer(New(cfg))
	t.Cleanup(srv.Close)
	return srv
}

type reply struct {
	status int
	header http.Header
	body   string
}

func send(t *testing.T, srv *httptest.Server, method, path, body, token string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(data)}
}

// oneRow answers every query with a row of every type.
func oneRow(_ context.Context, _ Query, sink Sink) (Stats, error) {
	err := sink.Table("PrimaryResult", []kql.Column{
		{Name: "t", Type: kql.Datetime},
		{Name: "n", Type: kql.Long},
		{Name: "i", Type: kql.Int},
		{Name: "r", Type: kql.Real},
		{Name: "w", Type: kql.Real},
		{Name: "d", Type: kql.Decimal},
		{Name: "b", Type: kql.Bool},
		{Name: "s", Type: kql.String},
		{Name: "g", Type: kql.Guid},
		{Name: "p", Type: kql.Timespan},
		{Name: "j", Type: kql.Dynamic},
		{Name: "none", Type: kql.Long},
		{Name: "nan", Type: kql.Real},
	}, &kql.Render{Kind: "timechart", Properties: map[string]string{"title": "T", "ycolumns": "a, b"}})
	if err != nil {
		return Stats{}, err
	}
	row := []any{ticks.FromTime(now), int64(-3), int64(4), 1.5, 2.0, 0.25, true, "a\"\n\xff", wsID, int64(-5*864e9 - 36_000_000_001), `{"a":[1]}`, nil, math.NaN()}
	return Stats{Elapsed: 20 * time.Millisecond, User: 4 * time.Millisecond, Kernel: time.Millisecond, PeakMemory: 3 << 20, Rows: 1, Bytes: 200, ScannedRows: 7}, sink.Row(row)
}

func TestAnswer(t *testing.T) {
	f := &fake{run: oneRow}
	srv := start(t, f, nil)
	got := send(t, srv, "POST", "/v1/workspaces/"+wsID+"/query", `{"query":"T","timespan":"P1D"}`, "reader", "Prefer", "include-statistics=true, include-render=true,wait=30, include-dataSources=true")
	if got.status != 200 || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	const rows = `"rows":[["2024-01-02T03:04:05.1234567Z",-3,4,1.5,2.0,"0.25",true,"a\"\n\ufffd","` + wsID + `","-5.01:00:00.0000001","{\"a\":[1]}",null,"NaN"]]`
	if !strings.Contains(strings.ReplaceAll(got.body, "\ufffd", `\ufffd`), rows) {
		t.Errorf("body %s", got.body)
	}
	var doc struct {
		Tables []struct {
			Name    string
			Columns []struct{ Name, Type string }
		}
		Render      map[string]any
		Statistics  struct{ Query map[string]any }
		DataSources []map[string]any
	}
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	if len(doc.Tables) != 1 || doc.Tables[0].Name != "PrimaryResult" || doc.Tables[0].Columns[5].Type != "decimal" || doc.Tables[0].Columns[10].Type != "dynamic" {
		t.Errorf("tables %+v", doc.Tables)
	}
	if y, _ := json.Marshal(doc.Render["yColumns"]); doc.Render["visualization"] != "timechart" || doc.Render["title"] != "T" || string(y) != `["a","b"]` {
		t.Errorf("render %v", doc.Render)
	}
	if used, _ := json.Marshal(doc.Statistics.Query["resourceUsage"]); !f.asked[0].Measure ||
		string(used) != `{"cache":{},"cpu":{"kernel":"00:00:00.0010000","total cpu":"00:00:00.0050000","user":"00:00:00.0040000"},"memory":{"peak_per_node":3145728}}` {
		t.Errorf("measured: %v, %s", f.asked[0].Measure, used)
	}
	if doc.Statistics.Query["executionTime"] != 0.02 || len(doc.DataSources) != 1 {
		t.Errorf("statistics %v, sources %v", doc.Statistics, doc.DataSources)
	}
	q := f.asked[0]
	if q.Text != "T" || q.Span.From != ticks.FromTime(now.AddDate(0, 0, -1)) || q.Span.To != ticks.FromTime(now)+1 || q.MaxRows != 500_000 {
		t.Errorf("asked %+v", q)
	}
	plain := send(t, srv, "GET", "/v1/workspaces/"+wsID+"/query?query=T&timespan=PT1H&workspaces=two,"+wsID, "", "reader")
	if plain.status != 200 || f.asked[1].Measure || strings.Contains(plain.body, "statistics") || strings.Contains(plain.body, "render") || len(f.asked[1].Others) != 1 {
		t.Errorf("GET: %d %s", plain.status, plain.body)
	}
}

func TestExplain(t *testing.T) {
	f := &fake{run: oneRow}
	srv := start(t, f, nil)
	got := send(t, srv, "POST", "/v1/workspaces/"+wsID+"/query", `{"query":"T"}`, "reader", "Prefer", "explain")
	if got.status != 200 || got.body != `{"explain":["SELECT T"],"tables":[]}`+"\n" || len(f.asked) != 0 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestAnswerIsCompressed(t *testing.T) {
	srv := start(t, &fake{run: oneRow}, nil)
	got := send(t, srv, "POST", "/v1/workspaces/"+wsID+"/query", `{"query":"T"}`, "reader", "Accept-Encoding", "deflate, gzip;q=1.0")
	if got.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("headers %v", got.header)
	}
	z, err := gzip.NewReader(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil || !json.Valid(data) {
		t.Errorf("%v: %s", err, data)
	}
}

func TestResourceQuery(t *testing.T) {
	f := &fake{run: oneRow}
	srv := start(t, f, nil)
	for _, path := range []string{"/v1" + acctID + "/query", acctID + "/providers/microsoft.insights/logs?api-version=2018-03-01-preview"} {
		if got := send(t, srv, "POST", path, `{"query":"T"}`, "reader"); got.status != 200 || f.asked[len(f.asked)-1].Resource != acctID {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := send(t, srv, "POST", "/v1"+strings.Replace(acctID, "acct", "silent", 1)+"/query", `{"query":"T"}`, "reader"); got.status != 204 || got.body != "" {
		t.Errorf("a resource without logs: %d %s", got.status, got.body)
	}
	for _, path := range []string{"/api/query", "/query"} {
		if got := send(t, srv, "POST", wsPath+"one"+path+"?api-version=2020-08-01", `{"query":"T"}`, "reader"); got.status != 200 || f.asked[len(f.asked)-1].Resource != "" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestRefusals(t *testing.T) {
	f := &fake{run: oneRow}
	srv := start(t, f, nil)
	q := "/v1/workspaces/" + wsID + "/query"
	for _, c := range []struct {
		method, path, body, token string
		status                    int
		code                      string
	}{
		{"POST", q, `{"query":"T"}`, "", 401, "AuthorizationRequiredError"},
		{"POST", q, `{"query":"T"}`, "forged", 401, "InvalidTokenError"},
		{"POST", q, `{"query":"T"}`, strings.Repeat("x", httpapi.MaxToken+1), 401, "AuthorizationRequiredError"},
		{"POST", q, `{"query":"T"}`, "nobody", 403, "InsufficientAccessError"},
		{"POST", "/v1" + acctID + "/query", `{"query":"T"}`, "nobody", 403, "InsufficientAccessError"},
		{"POST", q, `{"query":"T","workspaces":["none"]}`, "reader", 400, "FailedToResolveResource"},
		{"POST", "/v1/workspaces/two/query", `{"query":"T","workspaces":["one"]}`, "second", 400, "FailedToResolveResource"},
		{"POST", q, `{"query":"T","workspaces":[` + strings.Repeat(`"one",`, 100) + `"one"]}`, "reader", 400, "BadArgumentError"},
		{"POST", "/v1/workspaces/none/query", `{"query":"T"}`, "reader", 404, "WorkspaceNotFoundError"},
		{"POST", "/v1" + acctID + "x/query", `{"query":"T"}`, "reader", 404, "ResourceNotFoundError"},
		{"POST", "/v1/nothing", `{"query":"T"}`, "reader", 404, "PathNotFoundError"},
		{"DELETE", q, ``, "reader", 405, "MethodNotAllowed"},
		{"POST", q, `{"query":" "}`, "reader", 400, "BadArgumentError"},
		{"POST", q, `{"query":`, "reader", 400, "BadArgumentError"},
		{"POST", q, `{"query":5}`, "reader", 400, "BadArgumentError"},
		{"POST", q, `{"query":"T","timespan":"yesterday"}`, "reader", 400, "BadArgumentError"},
		{"GET", q + "?query=T&timespan=P", "", "reader", 400, "BadArgumentError"},
		{"GET", q, "", "reader", 400, "BadArgumentError"},
		{"POST", q, `{"query":"` + strings.Repeat("x", maxBody) + `"}`, "reader", 413, "RequestEntityTooLarge"},
	} {
		got := send(t, srv, c.method, c.path, c.body, c.token)
		if got.status != c.status || !strings.Contains(got.body, `"code":"`+c.code+`"`) || !strings.Contains(got.body, `"correlationId":"the-id"`) {
			t.Errorf("%s %s %.60s as %.10s: %d %s, want %d %s", c.method, c.path, c.body, c.token, got.status, got.body, c.status, c.code)
		}
		if (c.status == 401) != (got.header.Get("WWW-Authenticate") != "") {
			t.Errorf("%d with WWW-Authenticate %q", c.status, got.header.Get("WWW-Authenticate"))
		}
	}
	if len(f.asked) != 0 {
		t.Errorf("%d queries were run", len(f.asked))
	}
	if got := send(t, srv, "POST", q, "query=T", "reader", "Content-Type", "text/plain"); got.status != 200 || got.body != "" {
		t.Errorf("a body that is no JSON: %d %s", got.status, got.body)
	}
	if got := send(t, srv, "POST", q, `{"query":"T"}`, "reader", "Prefer", "wait=soon"); got.status != 400 {
		t.Errorf("a wait that is no number: %d %s", got.status, got.body)
	}
}

// Errors before the first rows are the answer's, later ones its end.
func TestErrors(t *testing.T) {
	f := &fake{}
	srv := start(t, f, nil)
	path := "/v1/workspaces/" + wsID + "/query"
	for name, c := range map[string]struct {
		err    error
		status int
		want   string
	}{
		"busy":     {ErrBusy, 429, "ThrottledError"},
		"memory":   {ErrMemory, 400, "E_RUNAWAY_QUERY"},
		"deleted":  {resource.ErrNotFound, 404, "WorkspaceNotFoundError"},
		"late":     {context.DeadlineExceeded, 504, "GatewayTimeout"},
		"internal": {errors.New("secret detail"), 500, "InternalServerError"},
	} {
		f.run = func(context.Context, Query, Sink) (Stats, error) { return Stats{}, c.err }
		got := send(t, srv, "POST", path, `{"query":"T"}`, "reader")
		if got.status != c.status || !strings.Contains(got.body, c.want) || strings.Contains(got.body, "secret") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if (c.status == 429) != (got.header.Get("Retry-After") != "") {
			t.Errorf("%s: Retry-After %q", name, got.header.Get("Retry-After"))
		}
		big := strings.Repeat("x", held)
		f.run = func(_ context.Context, _ Query, sink Sink) (Stats, error) {
			return Stats{}, errors.Join(sink.Table("PrimaryResult", []kql.Column{{Name: "s", Type: kql.String}}, nil), sink.Row([]any{big}), c.err)
		}
		got = send(t, srv, "POST", path, `{"query":"T"}`, "reader")
		if got.status != 200 || !json.Valid([]byte(got.body)) || !strings.Contains(got.body, "PartialError") || !strings.Contains(got.body, big) {
			t.Errorf("%s after rows: %d %.200s … %s", name, got.status, got.body, got.body[max(0, len(got.body)-300):])
		}
	}
	f.run = func(_ context.Context, _ Query, sink Sink) (Stats, error) {
		return Stats{}, errors.Join(sink.Table("PrimaryResult", nil, nil), &Partial{Code: "E_QUERY_RESULT_SET_TOO_LARGE", Message: "more than 5 rows"})
	}
	got := send(t, srv, "POST", path, `{"query":"T"}`, "reader")
	if got.status != 200 || !strings.Contains(got.body, `"code":"E_QUERY_RESULT_SET_TOO_LARGE","message":"more than 5 rows"`) {
		t.Errorf("partial: %d %s", got.status, got.body)
	}
}

func TestBatch(t *testing.T) {
	f := &fake{run: oneRow}
	srv := start(t, f, nil)
	got := send(t, srv, "POST", "/v1/$batch", `{"requests":[
		{"id":"1","method":"POST","path":"/query","workspace":"`+wsID+`","headers":{"prefer":"include-render=true"},"body":{"query":"T"}},
		{"id":"2","workspace":"none","body":{"query":"T"}},
		{"id":"3","workspace":"`+wsID+`","path":"/other","body":{"query":"T"}},
		{"id":"4","resource":"`+acctID+`","body":{"query":"T"}}]}`, "reader")
	var doc struct {
		Responses []struct {
			ID     string
			Status int
			Body   map[string]any
		}
	}
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil || len(doc.Responses) != 4 {
		t.Fatalf("%d %v %s", got.status, err, got.body)
	}
	for i, want := range []int{200, 404, 404, 200} {
		if doc.Responses[i].Status != want {
			t.Errorf("%+v, want %d", doc.Responses[i], want)
		}
	}
	if doc.Responses[0].Body["render"] == nil {
		t.Errorf("no render in %v", doc.Responses[0])
	}
	for _, body := range []string{`{`, `{"requests":[]}`, `{"requests":[{"id":"1"},{"id":"1"}]}`, `{"requests":[{}]}`} {
		if got := send(t, srv, "POST", "/v1/$batch", body, "reader"); got.status != 400 {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
}

func TestNoWorkspaces(t *testing.T) {
	srv := start(t, &fake{none: true}, nil)
	for _, path := range []string{"/v1/workspaces/" + wsID + "/query", "/v1" + acctID + "/query"} {
		got := send(t, srv, "POST", path, `{"query":"T"}`, "reader")
		if got.status != 501 || !strings.Contains(got.body, `"code":"NotImplemented"`) || !strings.Contains(got.body, "cgo") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// A mistake of ours in one query of a batch is an error of that query, whatever
// of its answer there was.
func TestBatchPanics(t *testing.T) {
	f := &fake{}
	f.run = func(ctx context.Context, q Query, sink Sink) (Stats, error) {
		if q.Text != "T" {
			_ = sink.Table("PrimaryResult", []kql.Column{{Name: "s", Type: kql.String}}, nil)
			_ = sink.Row([]any{strings.Repeat("x", held)})
			panic("oh")
		}
		return oneRow(ctx, q, sink)
	}
	srv := start(t, f, func(c *Config) { c.Concurrent = 1 })
	got := send(t, srv, "POST", "/v1/$batch", `{"requests":[
		{"id":"1","workspace":"`+wsID+`","body":{"query":"P"}},
		{"id":"2","workspace":"`+wsID+`","body":{"query":"T"}}]}`, "reader")
	var doc struct {
		Responses []struct {
			Status int
			Body   json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil || len(doc.Responses) != 2 {
		t.Fatalf("%d %v %.200s", got.status, err, got.body)
	}
	if r := doc.Responses[0]; r.Status != 500 || !strings.Contains(string(r.Body), "InternalServerError") || strings.Contains(string(r.Body), "xxx") {
		t.Errorf("%d %.200s", r.Status, r.Body)
	}
	if r := doc.Responses[1]; r.Status != 200 {
		t.Errorf("%d %.200s", r.Status, r.Body)
	}
}

// Answers of a batch have a bound together: those past it are refused, whole.
func TestBatchBytes(t *testing.T) {
	long := func(_ context.Context, q Query, sink Sink) (Stats, error) {
		err := sink.Table("PrimaryResult", []kql.Column{{Name: "s", Type: kql.String}}, nil)
		return Stats{}, errors.Join(err, sink.Row([]any{strings.Repeat("x", len(q.Text))}))
	}
	srv := start(t, &fake{run: long}, func(c *Config) { c.BatchBytes, c.Concurrent = 3000, 1 })
	ask := func(id string, size int) string {
		return `{"id":"` + id + `","workspace":"` + wsID + `","body":{"query":"` + strings.Repeat("T", size) + `"}}`
	}
	got := send(t, srv, "POST", "/v1/$batch", `{"requests":[`+ask("1", 5000)+`,`+ask("2", 2000)+`,`+ask("3", 100)+`]}`, "reader")
	var doc struct {
		Responses []struct{ Status int }
	}
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil || len(doc.Responses) != 3 {
		t.Fatalf("%d %v %.300s", got.status, err, got.body)
	}
	for i, want := range []int{413, 200, 200} {
		if doc.Responses[i].Status != want {
			t.Errorf("answer %d: %d, want %d", i, doc.Responses[i].Status, want)
		}
	}
	if !strings.Contains(got.body, `"code":"ResponseTooLarge"`) {
		t.Errorf("%.300s", got.body)
	}
}

func TestMetadata(t *testing.T) {
	srv := start(t, &fake{}, nil)
	got := send(t, srv, "GET", "/v1/workspaces/"+wsID+"/metadata", "", "reader")
	if got.status != 200 || !strings.Contains(got.body, `"name":"StorageBlobLogs","timespanColumn":"TimeGenerated","columns":[{"name":"TimeGenerated","type":"datetime"}],"properties":{"rows":3,"billedBytes":300,"storedBytes":0,"firstTime":"2024-01-02T03:04:05.1234567Z"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := send(t, srv, "GET", "/v1/workspaces/"+wsID+"/metadata", "", "nobody"); got.status != 403 {
		t.Errorf("nobody: %d", got.status)
	}
}

func TestRate(t *testing.T) {
	srv := start(t, &fake{run: oneRow}, func(c *Config) { c.Rate = 2 })
	path := "/v1/workspaces/" + wsID + "/query?query=T"
	for i, want := range []int{200, 200, 429} {
		if got := send(t, srv, "GET", path, "", "reader"); got.status != want {
			t.Errorf("request %d: %d", i, got.status)
		}
	}
	if got := send(t, srv, "GET", path, "", "second"); got.status != 403 {
		t.Errorf("another caller: %d", got.status)
	}
}

// Queries of a caller beyond Concurrent wait until others end.
func TestConcurrent(t *testing.T) {
	running, goOn := make(chan struct{}, 10), make(chan struct{})
	f := &fake{run: func(ctx context.Context, q Query, sink Sink) (Stats, error) {
		running <- struct{}{}
		<-goOn
		return oneRow(ctx, q, sink)
	}}
	srv := start(t, f, func(c *Config) { c.Concurrent = 1 })
	done := make(chan int, 2)
	for range 2 {
		go func() {
			resp, err := http.DefaultClient.Do(mustRequest(srv.URL + "/v1/workspaces/" + wsID + "/query?query=T"))
			if err != nil {
				done <- 0
				return
			}
			resp.Body.Close()
			done <- resp.StatusCode
		}()
	}
	<-running
	select {
	case <-running:
		t.Fatal("both run at once")
	case <-time.After(100 * time.Millisecond):
	}
	close(goOn)
	for range 2 {
		if status := <-done; status != 200 {
			t.Errorf("status %d", status)
		}
	}
}

func mustRequest(url string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer reader")
	return r
}

func TestSpan(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for text, want := range map[string][2]time.Time{
		"P1D":                    {now.AddDate(0, 0, -1), now},
		"PT12H":                  {now.Add(-12 * time.Hour), now},
		"P1Y2M1W3DT4H5M6.5S":     {now.AddDate(-1, -2, -10).Add(-4*time.Hour - 5*time.Minute - 6500*time.Millisecond), now},
		"pt0.5h":                 {now.Add(-30 * time.Minute), now},
		"2024-01-01/P1D":         {at("2024-01-01T00:00:00Z"), at("2024-01-02T00:00:00Z")},
		"PT1H/2024-01-01T12:00Z": {at("2024-01-01T11:00:00Z"), at("2024-01-01T12:00:00Z")},
		"2024-01-01T10:00:00+02:00/2024-01-01T10:00:00.1234567Z": {at("2024-01-01T08:00:00Z"), at("2024-01-01T10:00:00.1234567Z")},
	} {
		got, err := parseSpan(text, now)
		if err != nil || got.From != ticks.FromTime(want[0]) || got.To != ticks.FromTime(want[1])+1 {
			t.Errorf("%s: %+v, %v; want %v", text, got, err, want)
		}
	}
	if got, err := parseSpan("", now); err != nil || got.HasFrom || got.HasTo {
		t.Errorf("none: %+v, %v", got, err)
	}
	for _, text := range []string{"P", "PT", "1D", "P1", "P1D1Y", "P-1D", "P1DT", "2024", "2024-01-02/2024-01-01", "/", "P1D/", "P9999999Y", "P99999Y", "2024-01-01/P1D/P1D", "PxD"} {
		if got, err := parseSpan(text, now); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestSpansInAnswers(t *testing.T) {
	for in, want := range map[int64]string{
		0: "00:00:00", 10_000_000: "00:00:01", 1: "00:00:00.0000001", 864_000_000_000: "1.00:00:00", -600_000_000: "-00:01:00",
		math.MinInt64: "-10675199.02:48:05.4775808",
	} {
		r := newResponse(nil, false)
		r.value(kql.Timespan, in)
		if got := r.buf.String(); got != `"`+want+`"` {
			t.Errorf("%d: %s, want %s", in, got, want)
		}
	}
}

func FuzzSpan(f *testing.F) {
	for _, s := range []string{"P1D", "2024-01-01/P1D", "PT0.5H/2024-01-01T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		span, err := parseSpan(text, now)
		if err == nil && span.HasFrom && span.From > span.To {
			t.Errorf("%q: %+v", text, span)
		}
	})
}
