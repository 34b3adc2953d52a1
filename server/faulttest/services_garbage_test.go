package faulttest

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	queuesas "github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/sas"

	"reslog/server"
	"reslog/server/servertest"
)

// alarms are the errors that a node logs.
type alarms struct {
	mu    sync.Mutex
	lines []string
}

// Write implements io.Writer.
func (a *alarms) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines = append(a.lines, string(p))
	return len(p), nil
}

// TestGarbage sends what is no request, no XML, no JSON and no batch to queues and
// tables. It is refused as the client's mistake, changes nothing, and the node, which
// has nothing to say about it, works as before.
func TestGarbage(t *testing.T) {
	var errors alarms
	n := servertest.Start(t, servertest.WithData(prepareServices(t)), servertest.WithConfig(func(c *server.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&errors, &slog.HandlerOptions{Level: slog.LevelError}))
	}))
	for _, addr := range []string{n.QueueURL(), n.TableURL()} {
		for what, bytes := range wireGarbage() {
			t.Run(what, func(t *testing.T) { sendRaw(t, strings.TrimPrefix(addr, "http://"), bytes) })
		}
	}
	for _, e := range endpoints(t, n) {
		for what, body := range bodies() {
			status, answer := e.send(t, body)
			// 403 would say that the body was not looked at.
			if status < 400 || status >= 500 || status == http.StatusForbidden {
				t.Errorf("%s to %s: answered %d %.300s", what, e.what, status, answer)
			}
		}
	}
	messages, rows := contents(t, n)
	if len(messages)+len(rows) > 0 {
		t.Errorf("garbage made %d messages and %d entities", len(messages), len(rows))
	}
	if _, err := n.QueueClient(t).NewQueueClient(queueName).EnqueueMessage(t.Context(), "x", nil); err != nil {
		t.Error(err)
	}
	if _, err := n.TableClient(t).NewClient(tableName).AddEntity(t.Context(), entityOf(t, "x"), nil); err != nil {
		t.Error(err)
	}
	n.Settle(t)
	n.Logs(t) // is strict
	errors.mu.Lock()
	defer errors.mu.Unlock()
	for _, line := range errors.lines {
		t.Errorf("the node says %s", line)
	}
}

// wireGarbage is what is no HTTP request, or a strange one.
func wireGarbage() map[string][]byte {
	account := "/" + server.DevAccount
	return map[string][]byte{
		"noise":                   random(1, 4000),
		"nothing":                 {},
		"half a request":          []byte("GET " + account + "?comp=list HTTP/1.1\r\nHost: x\r\nAcc"),
		"a header of a megabyte":  []byte("GET " + account + "?comp=list HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"),
		"a thousand headers":      []byte("GET " + account + " HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Many: x\r\n", 100_000) + "\r\n"),
		"a URL of a megabyte":     []byte("GET " + account + "?x=" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n"),
		"a length that is none":   []byte("POST " + account + "/" + queueName + "/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nhello"),
		"two lengths":             []byte("POST " + account + "/" + tableName + " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
		"chunks that are none":    []byte("POST " + account + "/$batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n"),
		"a method that is none":   []byte("FROB\x00 " + account + " HTTP/1.1\r\nHost: x\r\n\r\n"),
		"another protocol":        []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + string(random(2, 500))),
		"paths that lead outside": []byte("GET " + account + "/../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"),
		"a path with zeros":       []byte("GET " + account + "/%00%00(PartitionKey='%00' HTTP/1.1\r\nHost: x\r\n\r\n"),
		"escapes that are none":   []byte("GET " + account + "/%zz%9?comp=%q HTTP/1.1\r\nHost: x\r\n\r\n"),
	}
}

// sendRaw sends bytes and reads what comes back. Whatever it is, it is no success, and
// the connection ends, or waits for more.
func sendRaw(t *testing.T, addr string, content []byte) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = c.Write(content) // may be cut off
	_ = c.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(io.LimitReader(c, 1<<20))
	if bytes.HasPrefix(answer, []byte("HTTP/1.1 2")) || bytes.HasPrefix(answer, []byte("HTTP/1.1 500")) {
		t.Errorf("answered %.200s", answer)
	}
}

// endpoint is a request that takes a body, allowed by a signature.
type endpoint struct {
	what, method, url string
	header            map[string]string
}

func (e endpoint) send(t *testing.T, body []byte) (status int, answer []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), e.method, e.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("x-ms-version", "2019-02-02")
	for name, value := range e.header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Errorf("%s: %v", e.what, err)
		return 0, nil
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s: %v", e.what, err)
	}
	return resp.StatusCode, answer
}

// endpoints are those of both services.
func endpoints(t *testing.T, n *servertest.Node) []endpoint {
	t.Helper()
	soon := time.Now().UTC().Add(time.Hour)
	cred, err := azqueue.NewSharedKeyCredential(server.DevAccount, server.DevKey)
	if err != nil {
		t.Fatal(err)
	}
	q, err := queuesas.AccountSignatureValues{
		Protocol: queuesas.ProtocolHTTPSandHTTP, ExpiryTime: soon, Permissions: "rwdlacup", ResourceTypes: "sco",
	}.SignWithSharedKey(cred)
	if err != nil {
		t.Fatal(err)
	}
	key, err := aztables.NewSharedKeyCredential(server.DevAccount, server.DevKey)
	if err != nil {
		t.Fatal(err)
	}
	s, err := aztables.AccountSASSignatureValues{
		Protocol: aztables.SASProtocolHTTPSandHTTP, ExpiryTime: soon, Permissions: "rwdlacup", Services: "t", ResourceTypes: "sco",
	}.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	queues, tables := n.QueueURL()+"/"+server.DevAccount, n.TableURL()+"/"+server.DevAccount
	json := map[string]string{"Content-Type": "application/json", "Accept": "application/json;odata=minimalmetadata"}
	entity := tables + "/" + tableName + url.PathEscape("(PartitionKey='p',RowKey='r')") + "?" + s.Encode()
	return []endpoint{
		{"Put Message", http.MethodPost, queues + "/" + queueName + "/messages?" + q.Encode(), nil},
		{"Update Message", http.MethodPut, queues + "/" + queueName + "/messages/00000000-0000-0000-0000-000000000000?popreceipt=AAAA&visibilitytimeout=0&" + q.Encode(), nil},
		{"Set Queue Service Properties", http.MethodPut, queues + "?restype=service&comp=properties&" + q.Encode(), nil},
		{"Create Table", http.MethodPost, tables + "/Tables?" + s.Encode(), json},
		{"Insert Entity", http.MethodPost, tables + "/" + tableName + "?" + s.Encode(), json},
		{"Update Entity", http.MethodPut, entity, json},
		{"Merge Entity", "MERGE", entity, json},
		{"Set Table Service Properties", http.MethodPut, tables + "?restype=service&comp=properties&" + s.Encode(), nil},
		{"Entity Group Transaction", http.MethodPost, tables + "/$batch?" + s.Encode(), map[string]string{
			"Content-Type": "multipart/mixed; boundary=b", "Accept": "application/json;odata=minimalmetadata",
		}},
	}
}

// bodies are no messages, properties, entities or batches.
func bodies() map[string][]byte {
	deep := func(open, closed string, n int) []byte {
		return []byte(strings.Repeat(open, n) + strings.Repeat(closed, n))
	}
	part := "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
	all := map[string][]byte{
		"a bomb of entities": []byte(`<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><QueueMessage><MessageText>&c;</MessageText></QueueMessage>`),
		"a file":             []byte(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><QueueMessage><MessageText>&a;</MessageText></QueueMessage>`),
		"deep JSON":          deep(`{"a":`, `}`, 10_000),
		"deep lists":         deep(`[`, `]`, 100_000),
		"deep XML":           deep(`<a>`, `</a>`, 100_000),
		"a long number":      []byte(`{"PartitionKey":"p","RowKey":"r","n":` + strings.Repeat("9", 100_000) + `}`),
		"half an entity":     []byte(`{"PartitionKey":"p","RowKey":"r","n":`),
		"half a message":     []byte(`<QueueMessage><MessageText>x`),
		"another element":    []byte(`<Other><MessageText>x</MessageText></Other>`),
		"zeros":              make([]byte, 5000),
		"not UTF-8":          []byte("{\"PartitionKey\":\"p\",\"RowKey\":\"\xff\xfe\xfa\"}"),
		"not UTF-8 in XML":   []byte("<QueueMessage><MessageText>\xff\xfe\xfa</MessageText></QueueMessage>"),
		"a mark alone":       []byte("\xef\xbb\xbf"),
		"null":               []byte("null"),
		"a text":             []byte(`"text"`),
		"a list":             []byte(`[{"PartitionKey":"p","RowKey":"r"}]`),
		"a batch of noise":   append([]byte(part), random(3, 3000)...),
		"a batch without end": []byte(part + "POST http://127.0.0.1/" + server.DevAccount + "/" + tableName +
			" HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"PartitionKey\":\"p\",\"RowKey\":\"r\""),
		"a batch of ends": []byte(strings.Repeat("--b--\r\n", 10_000)),
		"six megabytes":   bytes.Repeat([]byte("x"), 6<<20),
	}
	for i := range 8 {
		all[fmt.Sprint("noise ", i)] = random(100+i, 1<<(2*i))
	}
	return all
}
