package storage

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/record"
	"reslog/storagelog"
)

// TestSizesOnTheWire counts the bytes of requests and answers on a raw
// connection and compares them with what is logged.
func TestSizesOnTheWire(t *testing.T) {
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) { s.public = PublicContainer })
	op := func(run func(*Call) error) *Operation {
		return &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, SAS: "r", Public: PublicBlob, MaxBody: 1 << 20, Run: run}
	}
	f.service.ops["chunked"] = op(func(c *Call) error {
		c.Response.Set("Content-Type", "application/xml")
		_, err := io.WriteString(c.Response, strings.Repeat("y", 5000))
		return err
	})
	f.service.ops["chunked"].MaxBody = 0
	f.service.ops["error"] = op(func(*Call) error { return ErrBlobNotFound })
	f.service.ops["error"].MaxBody = 0
	f.service.ops["empty"] = op(func(c *Call) error {
		_, err := io.Copy(io.Discard, c.Request.Body)
		c.Response.WriteHeader(http.StatusCreated)
		return err
	})
	f.service.ops["none"] = op(func(c *Call) error { c.Response.WriteHeader(http.StatusNoContent); return nil })
	f.service.ops["none"].MaxBody = 0
	f.service.ops["same"] = op(func(c *Call) error { return ErrNotModified })
	f.service.ops["same"].MaxBody = 0
	f.service.ops["unread"] = op(func(c *Call) error { return errUnread })
	errInternalOp := func(name string) { f.service.ops[name].Public = PublicBlob }
	errInternalOp("unread")

	for _, c := range []struct {
		name, method, path string
		headers            []string
		body               string
		proto              string
		bodySize           int // of the answer; -1: chunked, compare the decoded body
		read               int // of the request body
		reuse              bool
	}{
		{"get", "GET", "b", nil, "", "1.1", 100, 0, true},
		{"get with headers", "GET", "b?x=1&y=%20", []string{"User-Agent: me", "X-Ms-Client-Request-Id: abc", "Accept: */*", "Accept: text/plain"}, "", "1.1", 100, 0, true},
		{"head", "HEAD", "b", nil, "", "1.1", 0, 0, true},
		{"get, then close", "GET", "b", []string{"Connection: close"}, "", "1.1", 100, 0, false},
		{"old client", "GET", "b", nil, "", "1.0", 100, 0, false},
		{"old client that stays", "GET", "b", []string{"Connection: keep-alive"}, "", "1.0", 100, 0, true},
		{"chunked", "GET", "chunked", nil, "", "1.1", -1, 0, true},
		{"no content", "GET", "none", nil, "", "1.1", 0, 0, true},
		{"not modified", "GET", "same", nil, "", "1.1", 0, 0, true},
		{"put", "PUT", "empty", []string{"Content-Length: 5"}, "12345", "1.1", 0, 5, true},
		{"expect", "PUT", "empty", []string{"Content-Length: 5", "Expect: 100-continue"}, "12345", "1.1", 0, 5, true},
		{"unread body", "PUT", "unread", []string{"Content-Length: 5"}, "12345", "1.1", -2, 5, true},
		{"unread long body", "PUT", "unread", []string{"Content-Length: 500000"}, strings.Repeat("x", 500000), "1.1", -2, -1, false},
		{"body not asked for", "PUT", "unread", []string{"Content-Length: 500000", "Expect: 100-continue"}, "", "1.1", -2, 0, false},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(f.server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		head := c.method + " /devstoreaccount1/c/" + c.path + " HTTP/" + c.proto + "\r\nHost: " + conn.RemoteAddr().String() + "\r\nX-Ms-Version: 2016-05-31\r\n"
		for _, h := range c.headers {
			head += h + "\r\n"
		}
		head += "\r\n"
		if _, err := io.WriteString(conn, head); err != nil {
			t.Fatal(err)
		}
		go io.WriteString(conn, c.body)
		r := &countingReader{r: bufio.NewReader(conn)}
		headerSize := r.header(t)
		if strings.HasPrefix(r.head, "HTTP/1.1 100") {
			headerSize = r.header(t)
		}
		res, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader(r.head), r.r)), &http.Request{Method: c.method})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		e := f.emitter.entry(t)
		bodySize := c.bodySize
		if bodySize < 0 {
			bodySize = len(body)
		}
		if c.bodySize == -1 && res.TransferEncoding == nil {
			t.Errorf("%s: not chunked", c.name)
		}
		if e.RequestHeaderSize != int64(len(head)) || e.ResponseHeaderSize != int64(headerSize) || e.ResponsePacketSize != int64(bodySize) || len(body) != bodySize {
			t.Errorf("%s: logged request header %d, response header %d, body %d; on the wire %d, %d, %d\n%s", c.name,
				e.RequestHeaderSize, e.ResponseHeaderSize, e.ResponsePacketSize, len(head), headerSize, len(body), r.head)
		}
		if c.read >= 0 && e.RequestPacketSize != int64(c.read) {
			t.Errorf("%s: logged request body %d, want %d", c.name, e.RequestPacketSize, c.read)
		}
		if closed := res.Close || c.proto == "1.0" && res.Header.Get("Connection") != "keep-alive"; closed == c.reuse {
			t.Errorf("%s: connection closed: %v", c.name, closed)
		}
		conn.Close()
	}
}

// errUnread is an error whose request is logged for anonymous clients too.
var errUnread = &Error{Status: 500, Code: "InternalError", Message: "x"}

// countingReader reads a response head byte by byte.
type countingReader struct {
	r    *bufio.Reader
	head string
}

func (c *countingReader) header(t *testing.T) int {
	t.Helper()
	var b bytes.Buffer
	for !bytes.HasSuffix(b.Bytes(), []byte("\r\n\r\n")) {
		x, err := c.r.ReadByte()
		if err != nil {
			t.Fatalf("after %q: %v", b.String(), err)
		}
		b.WriteByte(x)
	}
	c.head = b.String()
	return b.Len()
}

// In audit mode the answer leaves only after its record, which knows its size.
func TestAudit(t *testing.T) {
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) { c.Audit, s.public = true, PublicBlob })
	res := f.do(t, "PUT", "/c/b", "12345", true)
	want(t, res, 201, "")
	r := f.emitter.one(t)
	began, _ := f.emitter.intents()
	if len(began) != 1 || began[0].ID != r.ID || r.ID != res.Header.Get("X-Ms-Request-Id") {
		t.Fatalf("began %+v, emitted %s", began, r.ID)
	}
	entries, err := Entries(began[0], storagelog.V1)
	if err != nil {
		t.Fatal(err)
	}
	if e := entries[0]; e.HTTPStatus != "Unknown" || e.Status != "ServerOtherError" || e.Operation != "PutBlob" || e.ResponseHeaderSize != storagelog.NoSize {
		t.Errorf("unknown entry %+v", e)
	}

	want(t, f.do(t, "GET", "/c/b", "", true), 200, "")
	if e := f.emitter.entry(t); e.ResponsePacketSize != 100 || e.ResponseHeaderSize < 200 {
		t.Errorf("entry %+v", e)
	}

	// The operation does not run without its intent.
	ran := false
	f.service.ops["x"] = &Operation{Name: "PutBlob", Class: Write, Scope: ScopeObject, MaxBody: 10, Run: func(c *Call) error { ran = true; c.Response.Set("Etag", "x"); return nil }}
	f.emitter.set(nil, errUnread, nil)
	want(t, f.do(t, "PUT", "/c/x", "1", true), 500, "InternalError")
	f.emitter.set(nil, nil, nil)
	if ran {
		t.Error("the operation ran though its intent was not recorded")
	}
	f.emitter.one(t)

	// Whoever leaves before that is a failure of the network.
	f.emitter.set(nil, fmt.Errorf("announce operation: %w", context.Canceled), nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	left := httptest.NewRequestWithContext(gone, http.MethodGet, "/devstoreaccount1/c/b", nil)
	signRequest(left, "2021-06-08", testAccount(), testAccount().Keys[0])
	func() {
		defer func() { _ = recover() }() // a Front ends the connection so
		f.ServeHTTP(httptest.NewRecorder(), left)
	}()
	if e := f.emitter.entry(t); e.Status != "NetworkError" || e.HTTPStatus != "Unknown" {
		t.Errorf("entry %+v", e)
	}
	f.emitter.set(nil, nil, nil)

	// Nothing succeeds without its record.
	f.emitter.set(errUnread, nil, nil)
	res = f.do(t, "PUT", "/c/x", "1", true)
	if body := want(t, res, 500, "InternalError"); !strings.Contains(body, "<Code>InternalError</Code>") {
		t.Errorf("body %q", body)
	}
	if !ran || res.Header.Get("Etag") != "" || res.Header.Get("X-Ms-Version") != "2021-06-08" {
		t.Errorf("ran %v, headers %v", ran, res.Header)
	}
	f.emitter.set(nil, nil, nil)

	// A refusal that is not logged takes its intent back.
	f.service.ops["gone"] = &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, Public: PublicBlob, Run: func(c *Call) error { return ErrBlobNotFound }}
	want(t, f.do(t, "GET", "/c/gone", "", false), 404, "BlobNotFound")
	if _, withdrawn := f.emitter.intents(); len(withdrawn) != 1 {
		t.Errorf("withdrawn %d", len(withdrawn))
	}
	f.emitter.none(t)

	// A refusal that is logged leaves the connection as good as any other answer.
	connections := map[string]bool{}
	f.service.ops["who"] = &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, Run: func(c *Call) error {
		connections[c.Request.RemoteAddr] = true
		return ErrBlobNotFound
	}}
	for range 5 {
		want(t, f.do(t, "GET", "/c/who", "", true), 404, "BlobNotFound")
		f.emitter.one(t)
	}
	if len(connections) != 1 {
		t.Errorf("five refused requests took %d connections", len(connections))
	}

	// What nobody asks for costs nothing.
	began, _ = f.emitter.intents()
	f.emitter.set(nil, nil, map[record.Category]bool{"StorageRead": true})
	want(t, f.do(t, "GET", "/c/b", "", true), 200, "")
	f.emitter.none(t)
	if after, _ := f.emitter.intents(); len(after) != len(began) {
		t.Error("an intent that nobody asked for")
	}
	f.emitter.set(nil, nil, nil)

	// Long answers stream.
	big := strings.Repeat("z", maxHeld+1)
	f.service.ops["big"] = &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, Run: func(c *Call) error {
		if c.Query.Has("length") {
			c.Response.Set("Content-Length", strconv.Itoa(len(big)))
		}
		for i := 0; i < len(big); i += 1000 {
			if _, err := io.WriteString(c.Response, big[i:min(i+1000, len(big))]); err != nil {
				return err
			}
		}
		return nil
	}}
	for _, q := range []string{"", "?length"} {
		if body := want(t, f.do(t, "GET", "/c/big"+q, "", true), 200, ""); body != big {
			t.Errorf("big answer: %d bytes", len(body))
		}
		if e := f.emitter.entry(t); e.ResponsePacketSize != int64(len(big)) {
			t.Errorf("entry %+v", e)
		}
	}
}
