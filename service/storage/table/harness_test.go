package table_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"reslog/service/storage"
	"reslog/service/storage/storagetest"
	"reslog/service/storage/table"
	"reslog/service/storage/tablestore"
)

// account is the account that requests go to.
const account = storagetest.Account

type (
	request = storagetest.Request
	answer  = storagetest.Answer
)

// server is a table service behind a real connection.
type server struct {
	*storagetest.Server
	store tablestore.API

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
	base := storagetest.New(t, storagetest.NewClock())
	base.Version, base.Prepare = "2019-02-02", prepare
	base.CheckRefusal = func(r request, code string, a *answer) { checkRefusal(t, r, code, a) }
	cfg := base.Config(table.New(table.Config{
		Store: store, Now: base.Clock.Now,
		Properties: storage.NewPropertyOperations(storage.Table, storage.OpenProperties(storage.PropertiesConfig{})),
	}))
	for _, f := range configure {
		f(&cfg)
	}
	base.Serve(cfg)
	return &server{Server: base, store: store}
}

// prepare says that a request is about JSON, unless it says something else.
func prepare(r request, h http.Header) {
	if _, given := h["Content-Type"]; !given && strings.HasPrefix(r.Body, "{") {
		h.Set("Content-Type", "application/json")
	}
	if h.Get("Accept") == "" {
		h.Set("Accept", "application/json;odata=nometadata")
	}
}

// checkRefusal demands that a JSON error is in the form of the service, with the
// code of the header.
func checkRefusal(t testing.TB, r request, code string, a *answer) {
	t.Helper()
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		return
	}
	var e struct {
		Error struct {
			Code    string
			Message struct{ Lang, Value string }
		} `json:"odata.error"`
	}
	if err := json.Unmarshal([]byte(a.Body), &e); err != nil || e.Error.Code != code || !strings.Contains(e.Error.Message.Value, "\nRequestId:") {
		t.Errorf("%s %s: error %s (%v)", r.Method, r.Path, a.Body, err)
	}
}

// table makes a table.
func (s *server) table(name string) {
	s.T.Helper()
	s.OK(204, "POST", "/Tables", `{"TableName":"`+name+`"}`, "Prefer: return-no-content")
}

// insert makes an entity; more are members after the keys.
func (s *server) insert(table, partition, row string, more ...string) *answer {
	s.T.Helper()
	return s.OK(204, "POST", "/"+table, entity(partition, row, more...), "Prefer: return-no-content")
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

const sasVersion = "2019-02-02"

// accountSAS returns the query of an account SAS.
func (s *server) accountSAS(types, permissions string) string {
	return s.AccountSAS(sasVersion, "t", types, permissions)
}

// tableSAS returns the query of a service SAS; keys are spk, srk, epk and erk.
func (s *server) tableSAS(table, permissions, policy string, keys ...string) string {
	expiry := s.Expiry()
	if policy != "" {
		expiry = ""
	}
	keys = append(keys, "", "", "", "")[:4]
	text := strings.Join(append([]string{
		permissions, "", expiry, "/table/" + account + "/" + strings.ToLower(table), policy, "", "", sasVersion,
	}, keys...), "\n")
	q := url.Values{"sv": {sasVersion}, "tn": {table}, "sig": {storagetest.MAC(s.Accounts[account], text)}}
	for name, v := range map[string]string{"sp": permissions, "se": expiry, "si": policy, "spk": keys[0], "srk": keys[1], "epk": keys[2], "erk": keys[3]} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q.Encode()
}

// asSystem sends a request as the node itself.
func (s *server) asSystem(method, path, body string) *answer {
	s.T.Helper()
	return s.AsSystem(request{Method: method, Path: path, Body: body})
}
