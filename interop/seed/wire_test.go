package seed

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// identity is how a request proves who makes it.
type identity int

const (
	byKey identity = iota
	bySAS
	nobody
)

// families are the three ways to be somebody and the prefix of their statuses.
var families = []struct {
	as     identity
	prefix string
}{{byKey, ""}, {nobody, "Anonymous"}, {bySAS, "SAS"}}

type field struct{ name, value string }

// request is a request as it goes over the wire: nothing is added to it but what
// send says.
type request struct {
	method string
	target string // path and query below the account
	header []field
	body   string
	as     identity
	// length is sent as Content-Length in place of the body's, for a body that
	// does not come whole.
	length int
	// host is the Host header: of an account, host-style. Empty: path-style.
	host string
	// service is "queue" or "table"; the zero value is the blob service.
	service string
	// of is the account; the zero value is that of the development storage.
	of account
	// permissions are those of the SAS; empty means all.
	permissions string
}

func (r *request) add(name, value string) { r.header = append(r.header, field{name, value}) }

func (r *request) get(name string) string {
	for _, h := range r.header {
		if strings.EqualFold(h.name, name) {
			return h.value
		}
	}
	return ""
}

// req makes a request with headers in pairs.
func req(as identity, method, target, body string, header ...string) request {
	r := request{as: as, method: method, target: target, body: body}
	for i := 0; i < len(header); i += 2 {
		r.add(header[i], header[i+1])
	}
	return r
}

// answer is an answer and what was counted on the wire.
type answer struct {
	status int
	header http.Header
	body   string
	id     string // x-ms-request-id

	url          string // that the log should have, without redaction
	requestHead  int    // bytes
	responseHead int
}

// head completes a request and returns its head: x-ms-version unless given,
// Content-Length, date and signature, Host.
func (n *node) head(t testing.TB, r request) (text, url string) {
	t.Helper()
	if r.of.name == "" {
		r.of = n.account
	}
	if r.get("x-ms-version") == "" {
		r.add("x-ms-version", "2021-08-06")
	}
	if r.length == 0 {
		r.length = len(r.body)
	}
	if r.length > 0 || r.method == http.MethodPut || r.method == http.MethodPost {
		r.add("Content-Length", strconv.Itoa(r.length))
	}
	host := n.address(r.service)
	if r.host == "" {
		r.target = "/" + r.of.name + r.target
	} else {
		host = r.host
	}
	switch r.as {
	case byKey:
		r.add("x-ms-date", signedNow(n))
		r.of.authorize(t, &r)
	case bySAS:
		if !strings.Contains(r.target, "sig=") {
			mark := "?"
			if strings.Contains(r.target, "?") {
				mark = "&"
			}
			if r.permissions == "" {
				r.permissions = "rwdlac"
			}
			r.target += mark + r.of.sas(t, r.permissions, far)
		}
	case nobody:
	}
	var b strings.Builder
	b.WriteString(r.method + " " + r.target + " HTTP/1.1\r\nHost: " + host + "\r\n")
	for _, h := range r.header {
		b.WriteString(h.name + ": " + h.value + "\r\n")
	}
	return b.String() + "\r\n", "http://" + host + r.target
}

// address is where a service of the node listens.
func (n *node) address(service string) string {
	url := n.BlobURL()
	switch service {
	case "queue":
		url = n.QueueURL()
	case "table":
		url = n.TableURL()
	}
	return strings.TrimPrefix(url, "http://")
}

// dial sends the head and the body of a request and leaves the connection open.
func (n *node) dial(t testing.TB, r request) (conn *net.TCPConn, head, url string) {
	t.Helper()
	head, url = n.head(t, r)
	to, err := net.ResolveTCPAddr("tcp", n.address(r.service))
	check(t, err)
	conn, err = net.DialTCP("tcp", nil, to)
	check(t, err)
	t.Cleanup(func() { conn.Close() })
	check(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, head+r.body)
	check(t, err)
	return conn, head, url
}

// send makes a request on a connection of its own and reads the whole answer.
func (n *node) send(t testing.TB, r request) answer {
	t.Helper()
	conn, head, url := n.dial(t, r)
	defer conn.Close()
	a := receive(t, conn, r.method)
	a.requestHead, a.url = len(head), url
	return a
}

// receive reads an answer.
func receive(t testing.TB, conn io.Reader, method string) answer {
	t.Helper()
	in := bufio.NewReader(conn)
	var head bytes.Buffer
	for !bytes.HasSuffix(head.Bytes(), []byte("\r\n\r\n")) {
		c, err := in.ReadByte()
		if err != nil {
			t.Fatalf("read the answer: %v after %q", err, head.String())
		}
		head.WriteByte(c)
	}
	size := head.Len()
	resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(&head, in)), &http.Request{Method: method})
	check(t, err)
	body, err := io.ReadAll(resp.Body)
	check(t, err)
	check(t, resp.Body.Close())
	return answer{status: resp.StatusCode, header: resp.Header, body: string(body), id: resp.Header.Get("x-ms-request-id"), responseHead: size}
}

// must makes a request that has to be answered so.
func (n *node) must(t testing.TB, status int, r request) answer {
	t.Helper()
	a := n.send(t, r)
	if a.status != status {
		t.Fatalf("%s %s: answered %d %s %s, want %d", r.method, r.target, a.status, a.header.Get("x-ms-error-code"), a.body, status)
	}
	return a
}
