package storage

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSpellings reads the spelling of names on one connection: request after
// request, with bodies that look like headers, and two sent at once.
func TestSpellings(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept, _ := r.Context().Value(namesKey{}).(*namesConn)
		if kept == nil {
			t.Error("the connection keeps nothing")
			return
		}
		kept.begin()
		defer kept.end()
		io.Copy(io.Discard, r.Body)
		got := kept.spellings("X-Ms-Meta-")
		fmt.Fprintf(w, "%s %s", got["X-Ms-Meta-Name"], got["X-Ms-Meta-None"])
	}))
	srv.Listener = KeepNames(srv.Listener)
	srv.Config.ConnContext = WithNames
	srv.Start()
	defer srv.Close()

	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	body := strings.Repeat("x-ms-META-name: no\r\n", 5000)
	for _, name := range []string{"x-ms-meta-Name", "x-ms-meta-NAME", "X-MS-meta-nAmE"} {
		fmt.Fprintf(conn, "PUT / HTTP/1.1\r\nHost: h\r\n%s: v\r\nContent-Length: %d\r\n\r\n%s", name, len(body), body)
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		if err != nil || string(got) != name+" " {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
