package table_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"reslog/record"
	"reslog/service/storage"
	"reslog/service/storage/storagetest"
	"reslog/service/storage/tablestore"
	"reslog/storagelog"
)

// newOrders is a server whose tables are orders and Other1.
func newOrders(t testing.TB, configure ...func(*storage.FrontConfig)) *server {
	t.Helper()
	s := newServer(t, configure...)
	for _, name := range []string{"orders", "Other1"} {
		if err := s.store.CreateTable(t.Context(), account, tablestore.Table{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// post sends the body of a batch.
func (s *server) post(body string, headers ...string) *answer {
	s.T.Helper()
	return s.Do(request{Method: "POST", Path: "/$batch", Body: body, Headers: append([]string{batchType, minimal}, headers...)})
}

const (
	batchType  = "Content-Type: multipart/mixed; boundary=batch_1"
	batchBegin = "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_1\r\n\r\n"
	batchEnd   = "--changeset_1--\r\n\r\n--batch_1--\r\n"
	partBegin  = "--changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
)

// change is a request of a batch as text; headers are lines.
func change(method, url, body string, headers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nAccept: application/json\r\nContent-Type: application/json\r\n", method, url)
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.String()
}

// insert is an insert of an entity into orders.
func insert(pk, rk string, headers ...string) string {
	return change("POST", "/acct/orders", fmt.Sprintf(`{"PartitionKey":%q,"RowKey":%q,"n":1}`, pk, rk), append(headers, "Prefer: return-no-content")...)
}

// changeSet is the body of a batch of changes.
func changeSet(changes ...string) string {
	var b strings.Builder
	b.WriteString(batchBegin)
	for _, c := range changes {
		b.WriteString(partBegin + c + "\r\n")
	}
	return b.String() + batchEnd
}

// result is an answer inside of an answer.
type result struct {
	status int
	header http.Header
	part   http.Header
	body   string
}

// message is the message of an error.
func (r result) message() (code, message string) {
	var v struct {
		Error struct {
			Code    string `json:"code"`
			Message struct {
				Value string `json:"value"`
			} `json:"message"`
		} `json:"odata.error"`
	}
	if json.Unmarshal([]byte(r.body), &v) != nil {
		return "", r.body
	}
	message, _, _ = strings.Cut(v.Error.Message.Value, "\n")
	return v.Error.Code, message
}

// batch sends a batch and takes its answer apart with the standard library, as
// azure-sdk-for-go does.
func (s *server) batch(body string, headers ...string) []result {
	s.T.Helper()
	a := s.post(body, headers...)
	if a.Status != 202 {
		s.T.Fatalf("%d: %s", a.Status, a.Body)
	}
	return s.results(a.Header.Get("Content-Type"), a.Body)
}

func (s *server) results(contentType, answer string) []result {
	s.T.Helper()
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/mixed" {
		s.T.Fatalf("%q: %v", contentType, err)
	}
	var list []result
	parts := multipart.NewReader(strings.NewReader(answer), params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			s.T.Fatalf("%v in %s", err, answer)
		}
		raw, err := io.ReadAll(part)
		if err != nil {
			s.T.Fatal(err)
		}
		if t := part.Header.Get("Content-Type"); strings.HasPrefix(t, "multipart/") {
			list = append(list, s.results(t, string(raw))...)
			continue
		}
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
		if err != nil {
			s.T.Fatalf("%v in %q", err, raw)
		}
		defer res.Body.Close()
		inner, err := io.ReadAll(res.Body)
		if err != nil || part.Header.Get("Content-Type") != "application/http" {
			s.T.Fatalf("%v in %q", err, raw)
		}
		list = append(list, result{res.StatusCode, res.Header, http.Header(part.Header), string(inner)})
	}
}

// rows are the row keys of orders.
func (s *server) rows() string {
	s.T.Helper()
	page, err := s.store.Query(s.T.Context(), account, "orders", tablestore.Query{})
	if err != nil {
		s.T.Fatal(err)
	}
	var keys []string
	for _, e := range page.Entities {
		keys = append(keys, e.Partition+"/"+e.Row)
	}
	return strings.Join(keys, " ")
}

func TestBatchOfAllOperations(t *testing.T) {
	s := newOrders(t)
	for _, r := range s.batch(changeSet(insert("p", "1"), insert("p", "2"), insert("p", "3"))) {
		if r.status != 204 || r.header.Get("Preference-Applied") != "return-no-content" {
			t.Fatalf("%+v", r)
		}
	}
	at := func(rk string) string { return s.Base + "/acct/orders(PartitionKey='p',RowKey='" + rk + "')" }
	list := s.batch(changeSet(
		change("POST", s.Base+"/acct/orders()", `{"PartitionKey":"p","RowKey":"it's","x":"\u00fc"}`),
		change("DELETE", at("1"), "", "If-Match: *"),
		change("PUT", at("2"), `{"PartitionKey":"p","RowKey":"2","m":2}`, "If-Match: *"),
		change("PATCH", at("3"), `{"m":2}`, "If-Match: *"),
		change("MERGE", at("4"), `{"m":2}`),
		change("PUT", at("5"), `{"m":2}`),
		change("POST", at("6"), `{"m":2}`, "X-HTTP-Method: MERGE"),
	))
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprintf("%d %s %v %s", r.status, r.header.Get("DataServiceVersion"), r.header.Get("ETag") != "", r.header.Get("X-Content-Type-Options")))
	}
	const changed = "204 1.0; true nosniff"
	want := []string{"201 3.0; true nosniff", "204 1.0; false nosniff", changed, changed, changed, changed, changed}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if r := list[0]; !strings.Contains(r.body, `"x":"ü"`) || r.header.Get("Location") != at("it''s") && r.header.Get("Location") != at("it%27%27s") {
		t.Errorf("%+v", r)
	}
	if rows := s.rows(); rows != "p/2 p/3 p/4 p/5 p/6 p/it's" {
		t.Errorf("rows: %s", rows)
	}
	e, err := s.store.Get(t.Context(), account, "orders", tablestore.Key{Partition: "p", Row: "3"})
	if err != nil || len(e.Properties) != 2 {
		t.Errorf("%+v %v", e, err)
	}
}

// TestBatchAnswerText is the answer byte for byte, as recorded from the service.
func TestBatchAnswerText(t *testing.T) {
	s := newOrders(t)
	a := s.post(changeSet(insert("p", "1"), change("PUT", "/acct/orders(PartitionKey='p',RowKey='2')", `{}`)))
	h, answer := a.Header, a.Body
	boundary, ok := strings.CutPrefix(h.Get("Content-Type"), "multipart/mixed; boundary=")
	inner := regexp.MustCompile(`boundary=(changesetresponse_[0-9a-f-]{36})`).FindStringSubmatch(answer)
	if !ok || inner == nil || !regexp.MustCompile(`^batchresponse_[0-9a-f-]{36}$`).MatchString(boundary) {
		t.Fatalf("%q: %s", h.Get("Content-Type"), answer)
	}
	answer = strings.NewReplacer(boundary, "OUTER", inner[1], "INNER", s.Base, "BASE", "\r\n", "\n").Replace(answer)
	answer = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d\.\d+Z`).ReplaceAllString(answer, "TIME")
	const want = `--OUTER
Content-Type: multipart/mixed; boundary=INNER

--INNER
Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 204 No Content
X-Content-Type-Options: nosniff
Cache-Control: no-cache
Preference-Applied: return-no-content
DataServiceVersion: 3.0;
Location: BASE/acct/orders(PartitionKey='p',RowKey='1')
DataServiceId: BASE/acct/orders(PartitionKey='p',RowKey='1')
ETag: W/"datetime'TIME'"


--INNER
Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 204 No Content
X-Content-Type-Options: nosniff
Cache-Control: no-cache
DataServiceVersion: 1.0;
ETag: W/"datetime'TIME'"


--INNER--
--OUTER--
`
	if answer != want {
		t.Errorf("%s\nwant\n%s", answer, want)
	}
	if h.Get("Cache-Control") != "no-cache" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", h)
	}
}

// TestBatchFails: an error has the index of its change, and nothing is done.
func TestBatchFails(t *testing.T) {
	s := newOrders(t)
	s.batch(changeSet(insert("p", "there")))
	many := make([]string, 101)
	for i := range many {
		many[i] = insert("p", fmt.Sprint(i))
	}
	old := `If-Match: W/"datetime'2012-06-15T22%3A51%3A44.9662825Z'"`
	for _, c := range []struct {
		status        int
		code, message string
		changes       []string
	}{
		{409, "EntityAlreadyExists", "1:The specified entity already exists.", []string{insert("p", "1"), insert("p", "there")}},
		{404, "ResourceNotFound", "1:The specified resource does not exist.", []string{insert("p", "1"), change("PUT", "/acct/orders(PartitionKey='p',RowKey='no')", `{}`, "If-Match: *")}},
		{412, "UpdateConditionNotSatisfied", "0:The update condition specified in the request was not satisfied.", []string{change("DELETE", "/acct/orders(PartitionKey='p',RowKey='there')", "", old), insert("p", "1")}},
		{404, "TableNotFound", "0:The table specified does not exist.", []string{change("POST", "/acct/nowhere", `{"PartitionKey":"p","RowKey":"1"}`)}},
		{400, "CommandsInBatchActOnDifferentPartitions", "1:All commands in a batch must operate on same entity group.", []string{insert("p", "1"), insert("q", "2")}},
		{400, "CommandsInBatchActOnDifferentPartitions", "1:All commands in a batch must operate on same entity group.", []string{insert("p", "1"), change("POST", "/acct/Other1", `{"PartitionKey":"p","RowKey":"2"}`)}},
		{400, "InvalidDuplicateRow", "2:The batch request contains multiple changes with same row key. An entity can appear only once in a batch request.", []string{insert("p", "1"), insert("p", "2"), insert("p", "1")}},
		{400, "InvalidInput", "99:The batch request operation exceeds the maximum 100 changes per change set.", many},
		{400, "InvalidInput", "1:One of the request inputs is not valid.", []string{insert("p", "1"), change("GET", "/acct/orders(PartitionKey='p',RowKey='there')", "")}},
		{400, "InvalidInput", "1:One of the request inputs is not valid.", []string{insert("p", "1"), change("POST", "/acct/orders", `{"PartitionKey":"p"`)}},
		{400, "PropertiesNeedValue", "0:The values are not specified for all properties in the entity.", []string{change("POST", "/acct/orders", `{"PartitionKey":"p"}`)}},
		{400, "PropertyValueTooLarge", "", []string{change("POST", "/acct/orders", `{"PartitionKey":"p","RowKey":"1","x":"`+strings.Repeat("x", 40000)+`"}`)}},
		{405, "MethodNotAllowed", "0:The requested method is not allowed on the specified resource.", []string{change("POST", "/acct/Tables", `{"TableName":"t"}`)}},
	} {
		list := s.batch(changeSet(c.changes...))
		if len(list) != 1 || list[0].status != c.status {
			t.Errorf("%s: %+v", c.code, list)
			continue
		}
		if code, message := list[0].message(); code != c.code || c.message != "" && message != c.message {
			t.Errorf("%s %q, want %s %q", code, message, c.code, c.message)
		}
		if rows := s.rows(); rows != "p/there" {
			t.Fatalf("after %s: %s", c.code, rows)
		}
	}
	full := many[:100]
	if list := s.batch(changeSet(full...)); len(list) != 100 || list[99].status != 204 {
		t.Errorf("a hundred changes: %d answers", len(list))
	}
}

// TestBatchMalformed: what cannot be read is refused, and nothing is done.
func TestBatchMalformed(t *testing.T) {
	s := newOrders(t)
	good := changeSet(insert("p", "1"))
	const whole = "POST /acct/orders HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"PartitionKey\":\"p\",\"RowKey\":\"1\"}"
	for name, c := range map[string]struct{ contentType, body string }{
		"no type":                   {"text/plain", good},
		"no boundary":               {"multipart/mixed", good},
		"a long boundary":           {"multipart/mixed; boundary=" + strings.Repeat("b", 71), good},
		"another boundary":          {"multipart/mixed; boundary=other", good},
		"multipart/form-data":       {"multipart/form-data; boundary=batch_1", good},
		"nothing":                   {"", ""},
		"no parts":                  {"", "--batch_1--\r\n"},
		"an empty part":             {"", "--batch_1\r\n--batch_1--\r\n"},
		"no end":                    {"", strings.TrimSuffix(good, "--batch_1--\r\n")},
		"no end of the change set":  {"", strings.Replace(good, "--changeset_1--\r\n", "", 1)},
		"no changes":                {"", batchBegin + batchEnd},
		"no type of a part":         {"", batchBegin + "--changeset_1\r\n\r\n" + whole + "\r\n" + batchEnd},
		"another type of a part":    {"", batchBegin + "--changeset_1\r\nContent-Type: text/plain\r\n\r\n" + whole + "\r\n" + batchEnd},
		"base64":                    {"", batchBegin + "--changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: base64\r\n\r\n" + whole + "\r\n" + batchEnd},
		"no request line":           {"", batchBegin + partBegin + "\r\n" + batchEnd},
		"half a request line":       {"", batchBegin + partBegin + "POST /acct/orders\r\n\r\n{}\r\n" + batchEnd},
		"another protocol":          {"", batchBegin + partBegin + "POST /acct/orders HTTP/2\r\n\r\n{}\r\n" + batchEnd},
		"a bad method":              {"", batchBegin + partBegin + "PO(ST /acct/orders HTTP/1.1\r\n\r\n{}\r\n" + batchEnd},
		"a header without a colon":  {"", batchBegin + partBegin + strings.Replace(whole, "Content-Type:", "Content-Type", 1) + "\r\n" + batchEnd},
		"a header with a line feed": {"", batchBegin + partBegin + strings.Replace(whole, "json", "json\r\n folded", 1) + "\r\n" + batchEnd},
		"a NUL in a header":         {"", batchBegin + partBegin + strings.Replace(whole, "json", "json\x00", 1) + "\r\n" + batchEnd},
		"too long a body":           {"", batchBegin + partBegin + strings.Replace(whole, "\r\n\r\n", "\r\nContent-Length: 99\r\n\r\n", 1) + "\r\n" + batchEnd},
		"a negative length":         {"", batchBegin + partBegin + strings.Replace(whole, "\r\n\r\n", "\r\nContent-Length: -1\r\n\r\n", 1) + "\r\n" + batchEnd},
		"chunks":                    {"", batchBegin + partBegin + strings.Replace(whole, "\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", 1) + "\r\n" + batchEnd},
		"many headers":              {"", batchBegin + partBegin + strings.Replace(whole, "\r\n\r\n", "\r\n"+manyHeaders(100)+"\r\n", 1) + "\r\n" + batchEnd},
		"large headers":             {"", batchBegin + partBegin + strings.Replace(whole, "\r\n\r\n", "\r\nx: "+strings.Repeat("x", 20<<10)+"\r\n\r\n", 1) + "\r\n" + batchEnd},
		"another account":           {"", changeSet(strings.ReplaceAll(insert("p", "1"), "/acct/", "/other/"))},
		"another host":              {"", changeSet(strings.ReplaceAll(insert("p", "1"), "/acct/", "http://other.table.core.windows.net/"))},
		"a path of the host":        {"", changeSet(strings.ReplaceAll(insert("p", "1"), "/acct/", "/"))},
		"a user in the URL":         {"", changeSet(strings.ReplaceAll(insert("p", "1"), "/acct/", "http://acct.x@evil/"))},
		"no scheme":                 {"", changeSet(strings.ReplaceAll(insert("p", "1"), "/acct/", "//acct.table.core.windows.net/"))},
		"a change by itself":        {"", "--batch_1\r\nContent-Type: application/http\r\n\r\n" + whole + "\r\n--batch_1--\r\n"},
		"two queries":               {"", strings.Repeat("--batch_1\r\nContent-Type: application/http\r\n\r\nGET /acct/orders() HTTP/1.1\r\n\r\n", 2) + "--batch_1--\r\n"},
		"a query and a change set":  {"", "--batch_1\r\nContent-Type: application/http\r\n\r\nGET /acct/orders() HTTP/1.1\r\n\r\n" + good},
		"a bad query of a URL":      {"", "--batch_1\r\nContent-Type: application/http\r\n\r\nGET /acct/orders()?$filter=%zz HTTP/1.1\r\n\r\n--batch_1--\r\n"},
		"change sets in each other": {"", "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_1\r\n\r\n--changeset_1\r\nContent-Type: multipart/mixed; boundary=c2\r\n\r\n--c2--\r\n--changeset_1--\r\n--batch_1--\r\n"},
	} {
		contentType := batchType
		if c.contentType != "" {
			contentType = "Content-Type: " + c.contentType
		}
		a := s.post(c.body, contentType)
		if code := a.Code(); a.Status != 400 || code != "InvalidInput" && code != "InvalidUri" || !strings.Contains(a.Body, code) {
			t.Errorf("%s: %d %s %s", name, a.Status, code, a.Body)
		}
	}
	if a := s.post(strings.Repeat("x", 4<<20+1)); a.Status != 413 || a.Code() != "RequestBodyTooLarge" {
		t.Errorf("more than 4 MiB: %d %s", a.Status, a.Code())
	}
	if rows := s.rows(); rows != "" {
		t.Errorf("rows: %s", rows)
	}
}

func manyHeaders(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "x-%d: 1\r\n", i)
	}
	return b.String()
}

// TestBatchTolerance: what clients write differently is taken.
func TestBatchTolerance(t *testing.T) {
	entity := func(rk string) string { return `{"PartitionKey":"p","RowKey":"` + rk + `"}` }
	post := func(url, body string) string {
		return "POST " + url + " HTTP/1.1\r\nAccept: application/json\r\nContent-Type: application/json\r\nPrefer: return-no-content\r\n\r\n" + body
	}
	for name, body := range map[string]string{
		"line feeds":           strings.ReplaceAll(changeSet(insert("p", "1")), "\r\n", "\n"),
		"mixed line ends":      strings.ReplaceAll(changeSet(insert("p", "1")), "--changeset_1\r\n", "--changeset_1\n"),
		"a preamble":           "This is a batch.\r\n\r\n" + changeSet(insert("p", "1")) + "And this its end.",
		"white space":          strings.NewReplacer("--batch_1\r", "--batch_1 \t\r", "application/http", "application/http; msgtype=request").Replace(changeSet(insert("p", "1"))),
		"an unclosed batch":    strings.TrimSuffix(changeSet(insert("p", "1")), "--\r\n") + "\r\n",
		"no line at the end":   strings.TrimSuffix(changeSet(insert("p", "1")), "\r\n"),
		"upper case":           strings.NewReplacer("Content-Type: application/http", "content-type: Application/HTTP", "binary", "Binary").Replace(changeSet(insert("p", "1"))),
		"quotes":               strings.ReplaceAll(changeSet(insert("p", "1")), "boundary=changeset_1", `charset="utf-8"; boundary="changeset_1"`),
		"a relative URL":       changeSet(post("orders", entity("1"))),
		"no length, two lines": changeSet(post("/acct/orders", "\r\n"+entity("1"))),
		"host style":           changeSet(post("https://acct.table.core.windows.net/orders", entity("1"))),
		"another host":         changeSet(post("http://localhost:10002/acct/orders", entity("1"))),
		"a port":               changeSet(post("http://ACCT.table.localhost:10002/orders?timeout=5", entity("1"))),
		"parentheses":          changeSet(post("/acct/orders%28%29", entity("1"))),
	} {
		s := newOrders(t)
		list := s.batch(body)
		if len(list) != 1 || list[0].status != 204 || s.rows() != "p/1" {
			t.Errorf("%s: %+v, rows %q", name, list, s.rows())
		}
	}
	s := newOrders(t)
	s.batch(changeSet(insert("a b", "it's %41/")))
	for _, url := range []string{
		"/acct/orders(PartitionKey='a b',RowKey='it''s %2541')",
	} {
		s.batch(changeSet(change("PUT", url, "{}")))
	}
	// A delete without the empty line, as the client for JavaScript writes it.
	s.batch(changeSet("DELETE /acct/orders(PartitionKey='a%20b',RowKey='it%27%27s%20%2541') HTTP/1.1\r\nif-match: *\r\n"))
	if rows := s.rows(); rows != "" {
		t.Errorf("rows: %s", rows)
	}
}

// TestBatchHostStyle: the account is in the host of the batch.
func TestBatchHostStyle(t *testing.T) {
	s := newOrders(t)
	for i, url := range []string{"/orders", "orders", "http://acct.table.localhost:10002/orders", "http://127.0.0.1:10002/acct/orders"} {
		body := changeSet(change("POST", url, fmt.Sprintf(`{"PartitionKey":"p","RowKey":"%d"}`, i)))
		r := httptest.NewRequest(http.MethodPost, "/$batch", strings.NewReader(body))
		r.Host = "acct.table.localhost"
		r.Header = http.Header{"Content-Type": {"multipart/mixed; boundary=batch_1"}, "X-Ms-Version": {"2019-02-02"}}
		s.Sign(r)
		w := httptest.NewRecorder()
		s.Front.ServeHTTP(w, r)
		if w.Code != 202 || !strings.Contains(w.Body.String(), "Location: http://acct.table.localhost/orders(") {
			t.Errorf("%s: %d %s", url, w.Code, w.Body)
		}
	}
	if rows := s.rows(); rows != "p/0 p/1 p/2 p/3" {
		t.Errorf("rows: %s", rows)
	}
}

// TestBatchContentID: where a Content-ID came from it goes.
func TestBatchContentID(t *testing.T) {
	s := newOrders(t)
	body := changeSet(insert("p", "1", "Content-ID: 7"), insert("p", "2"))
	body = strings.Replace(body, partBegin+"POST", strings.TrimSuffix(partBegin, "\r\n")+"Content-ID: outer\r\n\r\nPOST", 2)
	list := s.batch(body)
	if len(list) != 2 || list[0].header.Get("Content-ID") != "7" || list[0].part.Get("Content-ID") != "" ||
		list[1].part.Get("Content-ID") != "outer" || list[1].header.Get("Content-ID") != "" {
		t.Errorf("%+v", list)
	}
	list = s.batch(changeSet(insert("p", "3", "Content-ID: 1"), insert("p", "1", "Content-ID: 2")))
	if len(list) != 1 || list[0].status != 409 || list[0].header.Get("Content-ID") != "2" {
		t.Errorf("%+v", list)
	}
}

// TestBatchOfTwoChangeSets: the first is carried out, others are not looked into.
func TestBatchOfTwoChangeSets(t *testing.T) {
	s := newOrders(t)
	body := strings.TrimSuffix(changeSet(insert("p", "1")), "--batch_1--\r\n") + changeSet(insert("p", "2"))
	list := s.batch(body)
	if len(list) != 2 || list[0].status != 204 || list[1].status != 400 {
		t.Errorf("%+v", list)
	}
	if rows := s.rows(); rows != "p/1" {
		t.Errorf("rows: %s", rows)
	}
}

func TestBatchOfAQuery(t *testing.T) {
	s := newOrders(t)
	s.batch(changeSet(insert("p", "1"), insert("p", "2"), insert("p", "3")))
	query := func(target string, headers ...string) result {
		t.Helper()
		body := "--batch_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" + change("GET", target, "", headers...) + "\r\n--batch_1--\r\n"
		list := s.batch(body)
		if len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		return list[0]
	}
	s.Log.Take(t)
	one := query("/acct/orders(PartitionKey='p',RowKey='2')")
	if one.status != 200 || !strings.Contains(one.body, `"RowKey":"2"`) || one.header.Get("ETag") == "" || !strings.Contains(one.header.Get("Content-Type"), "odata=minimalmetadata") {
		t.Errorf("%+v", one)
	}
	if e := s.Log.Take(t); len(e) != 2 || e[1].Operation != "QueryEntity" || e[1].ObjectKey != "/acct/orders/p/2" || e[1].ETag != one.header.Get("ETag") {
		t.Errorf("%+v", e)
	}
	some := query(s.Base + "/acct/orders()?$filter=RowKey%20gt%20'1'&$top=1&$select=RowKey")
	if some.status != 200 || strings.Count(some.body, "RowKey") != 2 || some.header.Get("x-ms-continuation-NextRowKey") == "" {
		t.Errorf("%+v", some)
	}
	if none := query("/acct/orders(PartitionKey='p',RowKey='9')"); none.status != 404 {
		t.Errorf("%+v", none)
	} else if code, message := none.message(); code != "ResourceNotFound" || message != "The specified resource does not exist." {
		t.Errorf("%s %s", code, message)
	}
	same := query("/acct/orders(PartitionKey='p',RowKey='2')", "If-None-Match: "+one.header.Get("ETag"))
	if same.status != 304 || same.body != "" || same.header.Get("Content-Type") != "" {
		t.Errorf("not changed: %+v", same)
	}
	if bad := query("/acct/orders()?$filter=RowKey%20is%20'1'"); bad.status != 400 {
		t.Errorf("%+v", bad)
	}
	if bad := query("/acct/Tables"); bad.status != 400 {
		t.Errorf("%+v", bad)
	}
	if atom := query("/acct/orders()", "Accept: application/atom+xml"); atom.status != 200 && atom.status != 415 {
		t.Errorf("%+v", atom)
	}
}

// TestBatchLog: an entity group transaction has one record for itself, then one for
// each change, as in the example of "Windows Azure Storage Logging" (2011).
func TestBatchLog(t *testing.T) {
	s := newOrders(t)
	body := changeSet(insert("5f1a", "a922"), insert("5f1a", "b;1"), change("DELETE", "/acct/orders(PartitionKey='5f1a',RowKey='x')", "", "If-Match: *"))
	s.batch(changeSet(insert("5f1a", "x")))
	s.Log.Take(t)
	list := s.batch(body, "x-ms-client-request-id: 7/28/2011 6:02:40 PM")
	entries := s.Log.Take(t)
	if len(entries) != 4 {
		t.Fatalf("%+v", entries)
	}
	etag := strings.NewReplacer(`"`, "&quot;", "'", "&#39;").Replace(list[0].header.Get("ETag"))
	shape := `^1\.0;\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z;%s;Success;202;\d+;\d+;authenticated;acct;acct;table;` +
		`"http://127\.0\.0\.1:\d+/acct/\$batch";"%s";[0-9a-f-]{36};%d;127\.0\.0\.1:\d+;2019-02-02;\d+;%d;\d+;\d+;%d;;;%s;%s;;"Go-http-client/1\.1";;"7/28/2011 6:02:40 PM"$`
	const lmt = `[A-Z][a-z]+day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT`
	for i, want := range []string{
		fmt.Sprintf(shape, "EntityGroupTransaction", "/acct", 0, len(body), len(body), "", ""),
		fmt.Sprintf(shape, "InsertEntity", "/acct/orders/5f1a/a922", 1, len(body), len(body), regexp.QuoteMeta(`"`+etag+`"`), lmt),
		fmt.Sprintf(shape, "InsertEntity", "/acct/orders/5f1a/b;1", 2, len(body), len(body), `"W/&quot;datetime&#39;[^"]+&#39;&quot;"`, lmt),
		fmt.Sprintf(shape, "DeleteEntity", "/acct/orders/5f1a/x", 3, len(body), len(body), "", ""),
	} {
		line := strings.TrimSuffix(string(storagelog.AppendEntry(nil, &entries[i].Entry)), "\n")
		if !regexp.MustCompile(want).MatchString(line) {
			t.Errorf("line %d:\n%s\nwant\n%s", i, line, want)
		}
	}
	s.batch(changeSet(insert("5f1a", "new"), insert("5f1a", "a922")))
	if e := s.Log.One(t); e.Operation != "EntityGroupTransaction" || e.ObjectKey != "/acct" {
		t.Errorf("a transaction that failed: %+v", e)
	}
}

// lossy is an Emitter in audit mode that can lose what it is given.
type lossy struct {
	storagetest.Recorder
	lost error
}

func (l *lossy) Emit(context.Context, record.Record) error { return l.lost }

// TestBatchInAuditMode: nothing is answered whose record is not kept, however long
// the answer.
func TestBatchInAuditMode(t *testing.T) {
	log := &lossy{lost: errors.New("no disk")}
	s := newOrders(t, func(c *storage.FrontConfig) { c.Emitter, c.Audit = log, true })
	changes := make([]string, 100)
	for i := range changes {
		changes[i] = insert("p", strings.Repeat("k", 900)+fmt.Sprint(i))
	}
	if a := s.post(changeSet(changes...)); a.Status != 500 || strings.Contains(a.Body, "204") {
		t.Errorf("%d, %d bytes", a.Status, len(a.Body))
	}
	s.Log.Wait()
	log.lost = nil
	if list := s.batch(changeSet(insert("q", "1"))); len(list) != 1 || list[0].status != 204 {
		t.Errorf("%+v", list)
	}
}

// TestLargeBatch: a batch may have 4 MiB, an entity of it 1 MiB.
func TestLargeBatch(t *testing.T) {
	s := newOrders(t)
	wide := func(rk string, properties int) string {
		var b strings.Builder
		for i := range properties {
			fmt.Fprintf(&b, `,"p%d":%q`, i, strings.Repeat("x", 30<<10))
		}
		return change("POST", "/acct/orders", entity("p", rk, b.String()[1:]), "Prefer: return-no-content")
	}
	var changes []string
	for i := range 45 {
		changes = append(changes, wide(fmt.Sprintf("%02d", i), 3))
	}
	body := changeSet(changes...)
	if len(body) > 4<<20 || len(body) < 4<<20-128<<10 {
		t.Fatalf("%d bytes", len(body))
	}
	if list := s.batch(body); len(list) != 45 || list[44].status != 204 {
		t.Errorf("%d answers", len(list))
	}
	list := s.batch(changeSet(insert("p", "small"), wide("large", 18)))
	if code, message := list[0].message(); len(list) != 1 || code != "EntityTooLarge" || !strings.HasPrefix(message, "1:") {
		t.Errorf("%d %s %s", len(list), code, message)
	}
	if rows := s.rows(); len(strings.Fields(rows)) != 45 {
		t.Errorf("rows: %s", rows)
	}
}

// TestBatchesAtOnce: of batches that insert the same entities one is carried out,
// and the others leave nothing.
func TestBatchesAtOnce(t *testing.T) {
	s := newOrders(t)
	var done atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			own := insert("p", fmt.Sprintf("own%d", i))
			a := s.post(changeSet(insert("p", "a"), own, insert("p", "b")))
			list := s.results(a.Header.Get("Content-Type"), a.Body)
			if len(list) == 3 {
				done.Add(1)
			} else if len(list) != 1 || list[0].status != 409 {
				t.Errorf("%+v", list)
			}
		})
	}
	all.Wait()
	if rows := strings.Fields(s.rows()); done.Load() != 1 || len(rows) != 3 {
		t.Errorf("%d were carried out, rows %s", done.Load(), rows)
	}
}
