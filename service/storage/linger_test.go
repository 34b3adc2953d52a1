package storage

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestRefusalReachesBusyClient sends a large body whole before it reads the
// answer, as simple clients do, to an operation that does not want it.
func TestRefusalReachesBusyClient(t *testing.T) {
	observed := make(chan Observation, 1)
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) {
		s.public = PublicContainer
		c.Observe = func(o Observation) { observed <- o }
	})
	f.service.ops["refused"] = &Operation{
		Name: "PutBlob", Class: Write, Scope: ScopeObject, Public: PublicBlob, MaxBody: 1 << 30,
		Run: func(*Call) error { return ErrConditionNotMet },
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	const size = 32 << 20
	start := time.Now()
	if _, err := io.WriteString(conn, "PUT /devstoreaccount1/c/refused HTTP/1.1\r\nHost: h\r\nX-Ms-Version: 2021-06-08\r\nContent-Length: 33554432\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	for range size / len(chunk) {
		if _, err := conn.Write(chunk); err != nil {
			t.Fatalf("the connection broke under the body: %v", err)
		}
	}
	sent := time.Since(start)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusPreconditionFailed || !res.Close {
		t.Errorf("answer %d, close %v", res.StatusCode, res.Close)
	}
	if o := <-observed; o.Status != http.StatusPreconditionFailed || o.Elapsed > sent+time.Second {
		t.Errorf("observed %+v", o)
	}
	if _, err := conn.Read(chunk); err == nil {
		t.Error("the connection goes on")
	}
}
