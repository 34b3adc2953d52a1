package local

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
	"reslog/resource"
)

const token = "the-token"

var acctID = resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acct")

// oneApp are the principals of a node with one.
type oneApp struct{}

func (oneApp) Principals() []Principal {
	return []Principal{{Name: "ci", AppID: "app", ObjectID: "object", TenantID: "tenant", Roles: []Role{{"Reader", "/"}}}}
}

func (oneApp) CreatePrincipal(_ context.Context, name string, roles, scopes []string) (Principal, string, error) {
	if name == "" {
		return Principal{}, "", fmt.Errorf("%w: no name", ErrInvalid)
	}
	return Principal{Name: name}, fmt.Sprint("secret of ", name, " ", roles, " ", scopes), nil
}

func (oneApp) ResetSecret(_ context.Context, app string) (string, error) {
	return "another", oneApp{}.DeletePrincipal(context.Background(), app)
}

func (oneApp) DeletePrincipal(_ context.Context, app string) error {
	if app != "app" {
		return fmt.Errorf("application %q: %w", app, resource.ErrNotFound)
	}
	return nil
}

// oneLetter are the dead letters of a node with one.
type oneLetter struct{ changes []string }

func (l *oneLetter) List(context.Context) ([]deliver.DeadLetter, error) {
	return []deliver.DeadLetter{{
		Key: "worker/1.2", Setting: "s", Resource: acctID, Kind: "classic", Reason: "no such thing",
		Records: []deliver.DeadRecord{{Line: []byte(`{"a":1}`), Detail: []byte("private")}, {Line: []byte("broken")}},
	}}, nil
}

func (l *oneLetter) Replay(_ context.Context, key string) error {
	if key != "worker/1.2" {
		return fmt.Errorf("replay: %w", bus.ErrNotFound)
	}
	l.changes = append(l.changes, "replay")
	return nil
}

func (l *oneLetter) Discard(_ context.Context, key string) error {
	l.changes = append(l.changes, "discard "+key)
	return nil
}

// oneClient are the clients of a Redis that one is connected to.
type oneHub struct{ reloaded bool }

func (h *oneHub) Connections() []SignalRConnection {
	return []SignalRConnection{{Service: "/s", ID: "c", Hub: "chat", Transport: "WebSockets", Since: time.Unix(0, 0).UTC(), Mode: fmt.Sprint(h.reloaded)}}
}

func (h *oneHub) Reload() { h.reloaded = true }

type oneClient struct{}

func (oneClient) Clients(context.Context) (RedisClients, error) {
	return RedisClients{
		Value:   []RedisClient{{ID: 7, Source: "proxy", Client: "192.0.2.1:5", Server: "192.0.2.2:6380", User: `a\x0a`, Opened: time.Unix(0, 0).UTC(), Failures: 2}},
		Servers: []RedisServer{{"192.0.2.3:6379", "not asked"}},
	}, nil
}

func startAPI(t *testing.T) (*httptest.Server, *bus.Bus) {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(Config{
		Token:   token,
		Records: b,
		Ledger:  func() []deliver.LedgerEntry { return nil },

		DeadLetters: &oneLetter{},
		Principals:  oneApp{},
		Redis:       oneClient{},
		SignalR:     &oneHub{},
	}))
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv, b
}

func send(t *testing.T, method, url, body, bearer string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", bearer)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func TestTokenIsWanted(t *testing.T) {
	srv, _ := startAPI(t)
	for _, bearer := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Basic " + token, "Bearer " + token + "x", token} {
		for _, path := range []string{"principals", "records", "deliveries", "nothing"} {
			status, body := send(t, http.MethodGet, srv.URL+"/local/v1/"+path, "", bearer)
			if status != http.StatusUnauthorized || !strings.Contains(body, `"code":"Unauthorized"`) || strings.Contains(body, token) {
				t.Errorf("%q with %q: %d %s", path, bearer, status, body)
			}
		}
	}
}

func TestEndpoints(t *testing.T) {
	srv, _ := startAPI(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "principals", "", 200, `{"value":[{"displayName":"ci","appId":"app","objectId":"object","tenant":"tenant","roles":[{"role":"Reader","scope":"/"}]}]}`},
		{"POST", "principals", `{"displayName":"more","roles":["Reader"],"scopes":["/"]}`, 200, `"password":"secret of more [Reader] [/]"`},
		{"POST", "principals", `{"displayName":""}`, 400, `"code":"InvalidRequest"`},
		{"POST", "principals", `{"displayName":`, 400, `"code":"InvalidBody"`},
		{"POST", "principals", `{"name":"more"}`, 400, `"code":"InvalidBody"`},
		{"POST", "principals", `{"displayName":"` + strings.Repeat("x", maxBody) + `"}`, 400, `"code":"InvalidBody"`},
		{"POST", "principals/app/resetSecret", "", 200, `{"appId":"app","password":"another"}`},
		{"POST", "principals/none/resetSecret", "", 404, `"code":"ResourceNotFound"`},
		{"POST", "principals/app/delete", "", 200, `{}`},
		{"POST", "principals/none/delete", "", 404, `"code":"ResourceNotFound"`},
		{"GET", "principals/app/delete", "", 404, `"code":"NotFound"`},
		{"GET", "deliveries", "", 200, `{"value":[]}`},
		{"GET", "deadletters", "", 200, `"key":"worker/1.2","setting":"s","resource":"` + acctID.String() + `","kind":"classic","time":"0001-01-01T00:00:00Z","reason":"no such thing","lines":[{"a":1},"broken"]`},
		{"POST", "deadletters/worker%2F1.2/replay", "", 200, `{}`},
		{"POST", "deadletters/worker%2F9.9/replay", "", 404, `"code":"DeadLetterNotFound"`},
		{"POST", "deadletters/worker%2F1.2/discard", "", 200, `{}`},
		{"GET", "deadletters/worker%2F1.2/discard", "", 404, `"code":"NotFound"`},
		{"GET", "redis/clients", "", 200, `{"value":[{"id":7,"source":"proxy","client":"192.0.2.1:5","server":"192.0.2.2:6380","user":"a\\x0a","opened":"1970-01-01T00:00:00Z","failures":2}],"servers":[{"address":"192.0.2.3:6379","problem":"not asked"}]}`},
		{"POST", "redis/clients", "", 404, `"code":"NotFound"`},
		{"GET", "signalr/connections", "", 200, `{"value":[{"service":"/s","id":"c","hub":"chat","transport":"WebSockets","since":"1970-01-01T00:00:00Z","mode":"false"}]}`},
		{"GET", "signalr/reload", "", 404, `"code":"NotFound"`},
		{"POST", "signalr/reload", "", 200, `{}`},
		{"GET", "signalr/connections", "", 200, `"mode":"true"`},
		{"GET", "nothing", "", 404, `"code":"NotFound"`},
		{"GET", "records?category=StorageRed", "", 400, "StorageDelete, StorageRead, StorageWrite"},
		{"GET", "records?color=red", "", 400, `"code":"InvalidParameter"`},
	} {
		status, body := send(t, c.method, srv.URL+"/local/v1/"+c.path, c.body, "Bearer "+token)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, status, body, c.status, c.want)
		}
	}
}

func newRecord(operation, status string, code int) record.Record {
	line := fmt.Sprintf(`{"operationName":%q,"statusCode":%d,"statusText":%q}`, operation, code, status)
	return record.Record{
		Resource: acctID.Child("blobServices", "default"), Category: "StorageWrite", ID: operation,
		Time: time.Now(), Ended: time.Now(), Line: []byte(line),
	}
}

func TestRecordsAreStreamed(t *testing.T) {
	srv, b := startAPI(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/local/v1/records?status=2xx&resource=ACCT", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, rec := range []record.Record{newRecord("PutBlob", "Success", 201), newRecord("PutBlock", "ServerBusy", 503), newRecord("DeleteBlob", "Success", 202)} {
		if err := b.Emitter().Emit(ctx, rec); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(resp.Body)
	for _, want := range []string{"PutBlob", "DeleteBlob"} {
		if !lines.Scan() {
			t.Fatalf("the stream ended: %v", lines.Err())
		}
		var got struct {
			Resource, Category, ID string
			Record                 struct{ OperationName string }
		}
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.ID != want || got.Record.OperationName != want || got.Category != "StorageWrite" || !strings.HasSuffix(got.Resource, "/blobServices/default") {
			t.Errorf("got %s, want %s", lines.Bytes(), want)
		}
	}
}

func TestFilter(t *testing.T) {
	line := []byte(`{"operationName":"GetBlob","statusCode":404,"statusText":"BlobNotFound","uri":"http://h/acct/c/b"}`)
	for query, want := range map[string]bool{
		"": true, "operation=getblob": true, "operation=PutBlob": false, "status=404": true, "status=4xx": true, "status=5XX": false,
		"status=blobnotfound": true, "status=Success": false, "text=/acct/c/": true, "text=/other/": false,
		"operation=GetBlob&status=404&text=c/b": true, "operation=GetBlob&status=200": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/?"+query, http.NoBody)
		f, err := newFilter(r.URL.Query())
		if err != nil {
			t.Fatal(err)
		}
		if got := f.matches(line); got != want {
			t.Errorf("%q matches: %v, want %v", query, got, want)
		}
	}
	f := &filter{status: "Unknown"}
	if !f.matches([]byte(`{"statusCode":"Unknown","statusText":""}`)) {
		t.Error("a status that is no number does not match")
	}
	if f.matches([]byte("no json")) {
		t.Error("what is no JSON matches a status")
	}
	f = &filter{category: "StorageRead", resource: "acct"}
	if !f.want("/x/acct/y", "StorageRead") || f.want("/x/acct/y", "StorageWrite") || f.want("/x/other/y", "StorageRead") {
		t.Error("want does not look at category and resource")
	}
	if got := f.render(bus.Batch{Missed: 7}); !bytes.Equal(got, []byte("{\"missed\":7}\n")) {
		t.Errorf("missed records are rendered as %s", got)
	}
}
