package transport_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"reslog/service/signalr/transport"
)

// stream connects with server-sent events.
func (n *node) stream(ctx context.Context) (*http.Response, *bufio.Reader, string, *end) {
	n.t.Helper()
	path := n.path()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, n.url+path, nil)
	r.Header.Set("Accept", "text/event-stream")
	c := *n.client
	c.Timeout = 0
	res, err := c.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { res.Body.Close() })
	body := bufio.NewReader(res.Body)
	if got, err := body.ReadString('\n'); got != ":\r\n" {
		n.t.Fatalf("the first line: %q, %v", got, err)
	}
	return res, body, path, <-n.opened
}

func readN(t *testing.T, r io.Reader, n int) string {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		t.Fatalf("reading an event: %v", err)
	}
	return string(b)
}

func TestEvents(t *testing.T) {
	n := start(t, transport.Config{})
	res, body, path, e := n.stream(t.Context())
	for k, want := range map[string]string{
		"Content-Type":     "text/event-stream",
		"Cache-Control":    "no-cache,no-store",
		"Pragma":           "no-cache",
		"Content-Encoding": "identity",
	} {
		if got := res.Header.Get(k); got != want {
			t.Errorf("%s: %q", k, got)
		}
	}
	for sent, want := range map[string]string{
		"{\"type\":6}\x1e": "data: {\"type\":6}\x1e\r\n\r\n",
		"a\nb\r\nc\rd":     "data: a\r\ndata: b\r\ndata: c\r\ndata: d\r\n\r\n",
		"a\n":              "data: a\r\ndata: \r\n\r\n",
	} {
		e.Send([]byte(sent))
		if got := readN(t, body, len(want)); got != want {
			t.Errorf("%q became %q", sent, got)
		}
	}
	if res, b := n.do("POST", path, "hello"); res.StatusCode != http.StatusOK || b != "" || res.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("POST: %s %q", res.Status, b)
	}
	if got := await(t, "a message", e.got); got != "hello" {
		t.Errorf("received %q", got)
	}
	e.Send([]byte("bye"))
	e.Close()
	rest, err := io.ReadAll(body)
	if err != nil || string(rest) != "data: bye\r\n\r\n" {
		t.Errorf("the end: %q, %v", rest, err)
	}
	wantEnd(t, e, transport.ByUs)
	if res, _ := n.do("POST", path, "late"); res.StatusCode != http.StatusNotFound {
		t.Errorf("POST after the end: %s", res.Status)
	}
}

func TestTheClientLeavesEvents(t *testing.T) {
	n := start(t, transport.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	_, _, _, e := n.stream(ctx)
	cancel()
	wantEnd(t, e, transport.ByClient)
}

func TestASlowReaderOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, stop := startPiped(t, transport.Config{MaxUnsent: 1000})
		defer stop()
		res, _, _, e := n.stream(t.Context())
		// The client's buffer takes some.
		e.Send(make([]byte, 100_000))
		synctest.Wait()
		if e.Send([]byte("x")) {
			t.Error("sent beyond the bound")
		}
		wantEnd(t, e, transport.BySlow)
		res.Body.Close()

		res, _, _, e = n.stream(t.Context())
		e.Send(make([]byte, 100_000))
		wantEnd(t, e, transport.BySlow) // after 30 s
		res.Body.Close()

		res, _, _, e = n.stream(t.Context())
		e.Send(make([]byte, 100_000))
		e.Close()
		wantEnd(t, e, transport.ByUs) // after 5 s
		res.Body.Close()
	})
}
