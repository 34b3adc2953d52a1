package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/analytics/rows"
	"reslog/kql"
	"reslog/kql/syntax"
	"reslog/resource"
)

const (
	ruleID   = "dcr-00000000000000000000000000000001"
	customer = "33333333-3333-3333-3333-333333333333"
	postPath = "/dataCollectionRules/" + ruleID + "/streams/Custom-Raw?api-version=2023-01-01"
	logsPath = "/api/logs?api-version=2016-04-01"
)

var now = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

var key = base64.StdEncoding.EncodeToString([]byte("a key of a workspace"))

// fake is Auth, Rules, Workspaces and Workspace in one.
type fake struct {
	got []rows.Rows
	err error
}

func (f *fake) Authenticate(_ context.Context, token string) (any, error) {
	if token == "publisher" || token == "reader" {
		return token, nil
	}
	return nil, errors.New("it is not signed by an issuer that this node trusts")
}

func (f *fake) MayPost(caller any, rule resource.ID) bool {
	return caller == "publisher" && rule.Name() == "dcr"
}

func (f *fake) Rule(_ context.Context, id string) (Rule, error) {
	if id != ruleID {
		return Rule{}, resource.ErrNotFound
	}
	return Rule{
		ID: resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/dataCollectionRules/dcr"),
		Stream: func(name string) ([]kql.Column, []Flow, bool) {
			columns := []kql.Column{{Name: "TimeGenerated", Type: kql.Datetime}, {Name: "n", Type: kql.Long}, {Name: "s", Type: kql.String}}
			switch name {
			case "Custom-Raw":
				return columns, []Flow{{Table: "Own_CL", Transform: "source", To: f}}, true
			case "Custom-Twice":
				return columns, []Flow{{Table: "A_CL", To: f}, {Table: "B_CL", Transform: "source | extend n = 7", To: f}}, true
			case "Custom-Wrong":
				return columns, []Flow{{Table: "A_CL", Transform: "source | wrong", To: f}}, true
			}
			return nil, nil, false
		},
	}, nil
}

func (f *fake) Workspace(_ context.Context, id string) (Workspace, []string, error) {
	if id != customer {
		return nil, nil, resource.ErrNotFound
	}
	return f, []string{"", key}, nil
}

func (f *fake) Append(_ context.Context, batch []rows.Rows) error {
	if f.err == nil {
		f.got = append(f.got, batch...)
	}
	return f.err
}

func (f *fake) Columns(string) []kql.Column { return nil }

func (f *fake) Transform(_ context.Context, query, table string, source []rows.Rows) ([]rows.Rows, error) {
	if strings.Contains(query, "wrong") {
		return nil, kql.Refuse(syntax.Span{}, "wrong", "the operator 'wrong' is not known")
	}
	source[0].Table = table + "_transformed"
	return source, nil
}

func start(t *testing.T) (*fake, *httptest.Server) {
	t.Helper()
	f := &fake{}
	srv := httptest.NewServer(New(Config{Auth: f, Rules: f, Workspaces: f, Now: func() time.Time { return now }}))
	t.Cleanup(srv.Close)
	return f, srv
}

func send(t *testing.T, srv *httptest.Server, method, path string, body []byte, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
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
	return resp.StatusCode, string(data)
}

// value is the value of a column in a row.
func value(r rows.Rows, row int, column string) any {
	i := slices.IndexFunc(r.Columns, func(c kql.Column) bool { return c.Name == column })
	if i < 0 {
		return errors.New("no column " + column)
	}
	return r.Values[row][i]
}

func compressed(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, text)
	z.Close()
	return b.Bytes()
}

func TestPost(t *testing.T) {
	f, srv := start(t)
	const body = `[{"TimeGenerated":"2024-01-02T00:00:00.1234567Z","n":5,"s":"a","more":1},{"n":6}]`
	for name, sent := range map[string][]byte{"plain": []byte(body), "gzip": compressed(body)} {
		f.got = nil
		headers := []string{"Authorization", "Bearer publisher"}
		if name == "gzip" {
			headers = append(headers, "Content-Encoding", "gzip")
		}
		if status, answer := send(t, srv, "POST", postPath, sent, headers...); status != 204 || answer != "" {
			t.Fatalf("%s: %d %s", name, status, answer)
		}
		if len(f.got) != 1 || f.got[0].Table != "Own_CL" || len(f.got[0].Values) != 2 || value(f.got[0], 0, "n") != int64(5) || value(f.got[0], 0, "s") != "a" {
			t.Errorf("%s: %+v", name, f.got)
		}
	}
	f.got = nil
	if status, answer := send(t, srv, "POST", strings.Replace(postPath, "Raw", "Twice", 1), []byte(`[{"n":1}]`), "Authorization", "Bearer publisher"); status != 204 {
		t.Fatalf("%d %s", status, answer)
	}
	if len(f.got) != 2 || f.got[0].Table != "A_CL" || f.got[1].Table != "B_CL_transformed" {
		t.Errorf("two flows: %+v", f.got)
	}
	if status, answer := send(t, srv, "POST", postPath, []byte(`[]`), "Authorization", "Bearer publisher"); status != 204 {
		t.Errorf("nothing: %d %s", status, answer)
	}
}

func TestPostRefuses(t *testing.T) {
	f, srv := start(t)
	big := []byte("[" + strings.Repeat(" ", maxPost) + "]")
	for _, c := range []struct {
		method, path string
		body         []byte
		token, typ   string
		coding       string
		status       int
		code         string
	}{
		{"POST", postPath, []byte("[]"), "", "", "", 401, "InvalidToken"},
		{"POST", postPath, []byte("[]"), "Bearer forged", "", "", 401, "InvalidToken"},
		{"POST", postPath, []byte("[]"), "Basic publisher", "", "", 401, "InvalidToken"},
		{"POST", postPath, []byte("[]"), "Bearer reader", "", "", 403, "OperationFailed"},
		{"POST", strings.Replace(postPath, "0001", "0002", 1), []byte("[]"), "Bearer publisher", "", "", 404, "NotFound"},
		{"POST", "/dataCollectionRules/x", []byte("[]"), "Bearer publisher", "", "", 404, "NotFound"},
		{"POST", strings.Replace(postPath, "Raw", "None", 1), []byte("[]"), "Bearer publisher", "", "", 400, "InvalidStream"},
		{"POST", strings.Replace(postPath, "Raw", "Wrong", 1), []byte(`[{"n":1}]`), "Bearer publisher", "", "", 400, "InvalidTransformOutput"},
		{"POST", strings.Replace(postPath, "2023-01-01", "2001-01-01", 1), []byte("[]"), "Bearer publisher", "", "", 400, "UnsupportedApiVersion"},
		{"POST", strings.Replace(postPath, "?api-version=2023-01-01", "", 1), []byte("[]"), "Bearer publisher", "", "", 400, "MissingApiVersionParameter"},
		{"GET", postPath, nil, "Bearer publisher", "", "", 405, "MethodNotAllowed"},
		{"POST", postPath, []byte("[]"), "Bearer publisher", "text/plain", "", 400, "InvalidContentType"},
		{"POST", postPath, []byte("[{]"), "Bearer publisher", "", "", 400, "InvalidContent"},
		{"POST", postPath, []byte("[5]"), "Bearer publisher", "", "", 400, "InvalidContent"},
		{"POST", postPath, []byte("[]"), "Bearer publisher", "", "br", 400, "InvalidContent"},
		{"POST", postPath, []byte("no gzip"), "Bearer publisher", "", "gzip", 400, "InvalidContent"},
		{"POST", postPath, big, "Bearer publisher", "", "", 413, "ContentLengthLimitExceeded"},
		{"POST", postPath, compressed(string(big)), "Bearer publisher", "", "gzip", 413, "ContentLengthLimitExceeded"},
	} {
		headers := []string{"Authorization", c.token, "Content-Encoding", c.coding}
		if c.typ != "" {
			headers = append(headers, "Content-Type", c.typ)
		}
		status, answer := send(t, srv, c.method, c.path, c.body, headers...)
		if status != c.status || !strings.Contains(answer, `{"error":{"code":"`+c.code+`"`) {
			t.Errorf("%s %s %.20s as %q: %d %s, want %d %s", c.method, c.path, c.body, c.token, status, answer, c.status, c.code)
		}
	}
	if len(f.got) != 0 {
		t.Errorf("stored %+v", f.got)
	}
	f.err = errors.New("the disk is full of secrets")
	if status, answer := send(t, srv, "POST", postPath, []byte(`[{"n":1}]`), "Authorization", "Bearer publisher"); status != 503 || strings.Contains(answer, "secrets") {
		t.Errorf("a store that fails: %d %s", status, answer)
	}
}

// sign is the Authorization of a post to the Data Collector API.
func sign(key string, length int, date string) string {
	secret, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		panic(err)
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "POST\n%d\napplication/json\nx-ms-date:%s\n/api/logs", length, date)
	return "SharedKey " + customer + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestCollect(t *testing.T) {
	f, srv := start(t)
	body := []byte(`[{"at":"2024-01-02T00:00:00Z","n":5,"s":"ä","b":true,"g":"9909ed01-a74c-4874-8abf-d2678e3ae23d","none":null}]`)
	date := now.Format(http.TimeFormat)
	status, answer := send(t, srv, "POST", logsPath, body, "Log-Type", "Mine", "x-ms-date", date, "Authorization", sign(key, len(body), date),
		"time-generated-field", "at", "x-ms-AzureResourceId", "/subscriptions/S/resourceGroups/g/providers/Microsoft.X/y/Z")
	if status != 200 || answer != "" {
		t.Fatalf("%d %s", status, answer)
	}
	if len(f.got) != 1 || f.got[0].Table != "Mine_CL" {
		t.Fatalf("stored %+v", f.got)
	}
	for column, want := range map[string]any{
		"n_d": 5.0, "s_s": "ä", "b_b": true, "_ResourceId": "/subscriptions/s/resourcegroups/g/providers/microsoft.x/y/z",
	} {
		if got := value(f.got[0], 0, column); got != want {
			t.Errorf("%s is %v, want %v", column, got, want)
		}
	}
}

func TestCollectRefuses(t *testing.T) {
	f, srv := start(t)
	body, date := []byte(`[{"n":5}]`), now.Format(http.TimeFormat)
	right := []string{"Log-Type", "Mine", "x-ms-date", date, "Authorization", sign(key, len(body), date)}
	late := now.Add(-16 * time.Minute).Format(http.TimeFormat)
	for name, c := range map[string]struct {
		method, path string
		headers      []string
		status       int
		code         string
	}{
		"no version":       {"POST", "/api/logs", nil, 400, "MissingApiVersion"},
		"another version":  {"POST", "/api/logs?api-version=1", nil, 400, "InvalidApiVersion"},
		"no type":          {"POST", logsPath, []string{"Content-Type", ""}, 400, "MissingContentType"},
		"another type":     {"POST", logsPath, []string{"Content-Type", "text/plain"}, 400, "UnsupportedContentType"},
		"no log type":      {"POST", logsPath, []string{"Log-Type", ""}, 400, "MissingLogType"},
		"a bad log type":   {"POST", logsPath, []string{"Log-Type", "a b"}, 400, "InvalidLogType"},
		"a bad resource":   {"POST", logsPath, []string{"x-ms-AzureResourceId", "x"}, 400, "InvalidResourceId"},
		"unsigned":         {"POST", logsPath, []string{"Authorization", ""}, 403, "InvalidAuthorization"},
		"another scheme":   {"POST", logsPath, []string{"Authorization", "Bearer publisher"}, 403, "InvalidAuthorization"},
		"another key":      {"POST", logsPath, []string{"Authorization", sign("AAAA", len(body), date)}, 403, "InvalidAuthorization"},
		"another length":   {"POST", logsPath, []string{"Authorization", sign(key, len(body)+1, date)}, 403, "InvalidAuthorization"},
		"an old signature": {"POST", logsPath, []string{"Authorization", sign(key, len(body), late), "x-ms-date", late}, 403, "InvalidAuthorization"},
		"no date":          {"POST", logsPath, []string{"x-ms-date", ""}, 403, "InvalidAuthorization"},
		"no base64":        {"POST", logsPath, []string{"Authorization", "SharedKey " + customer + ":?"}, 403, "InvalidAuthorization"},
		"unknown":          {"POST", logsPath, []string{"Authorization", strings.Replace(sign(key, len(body), date), "3333", "4444", 1)}, 403, "InvalidAuthorization"},
		"a GET":            {"GET", logsPath, nil, 405, "MethodNotAllowed"},
	} {
		status, answer := send(t, srv, c.method, c.path, body, append(slices.Clone(right), c.headers...)...)
		if status != c.status || !strings.Contains(answer, `{"Error":"`+c.code+`"`) {
			t.Errorf("%s: %d %s, want %d %s", name, status, answer, c.status, c.code)
		}
	}
	broken := []byte(`[{"n":`)
	status, answer := send(t, srv, "POST", logsPath, broken, "Log-Type", "Mine", "x-ms-date", date, "Authorization", sign(key, len(broken), date))
	if status != 400 || !strings.Contains(answer, "InvalidDataFormat") {
		t.Errorf("broken: %d %s", status, answer)
	}
	if len(f.got) != 0 {
		t.Errorf("stored %+v", f.got)
	}
}
