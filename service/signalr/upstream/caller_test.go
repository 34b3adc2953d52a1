package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/internal/freeport"
)

const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"

// vector is the signature with key for this connection.
const (
	vectorID = "2UxdekB_sH6fnBmyv2DpjA2k43BwM02"
	vector   = "sha256=a85ff2e3f2fe93fc725c186375ffac1c920e287da30b3aeb241d85fae85caeb7"
)

func TestSignature(t *testing.T) {
	if got := Signature([]string{key}, vectorID); got != vector {
		t.Error(got)
	}
	first, second, ok := strings.Cut(Signature([]string{key, "other"}, vectorID), ",")
	if !ok || first != vector || len(second) != len(vector) || second == vector {
		t.Error(first, second)
	}
	if got := Signature([]string{"", key}, vectorID); got != vector {
		t.Error("signed with an empty key:", got)
	}
}

// hook is a web hook that answers as fn says, and keeps what it was asked.
type hook struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

func newHook(t *testing.T, fn http.HandlerFunc) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		h.requests, h.bodies = append(h.requests, r), append(h.bodies, string(b))
		h.mu.Unlock()
		fn(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) calls() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.requests)
}

// caller makes a Caller of the hook that does not wait long before repeats.
func (h *hook) caller(t *testing.T, c Config) *Caller {
	t.Helper()
	if c.Templates == nil {
		c.Templates = []Template{{URL: h.URL + "/api/{hub}/{category}/{event}?code=SECRET"}}
	}
	if c.Keys == nil {
		c.Keys = func() []string { return []string{key, "secondary-SECRET"} }
	}
	caller := New(c)
	caller.backoff = time.Millisecond
	t.Cleanup(caller.Close)
	return caller
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestRequest(t *testing.T) {
	h := newHook(t, status(204))
	c := h.caller(t, Config{})
	e := Message("chat", vectorID, "send it", false, []byte(`{"type":1,"target":"send it","arguments":[]}`))
	e.User, e.Claims, e.Query = "jürgen", []string{"role: admin", "name: a\r\nX-Evil: 1"}, "?hub=chat&id=x"
	if a, err := c.Call(t.Context(), e); err != nil || a.Status != 204 || a.Body != nil || !a.Called {
		t.Fatalf("%+v, %v", a, err)
	}
	r := h.requests[0]
	if r.Method != http.MethodPost || r.RequestURI != "/api/chat/messages/send%20it?code=SECRET" || h.bodies[0] != string(e.Body) {
		t.Error(r.Method, r.RequestURI, h.bodies[0])
	}
	for name, want := range map[string]string{
		"Content-Type":         "application/json",
		"X-ASRS-Connection-Id": vectorID,
		"X-ASRS-Hub":           "chat",
		"X-ASRS-Category":      "messages",
		"X-ASRS-Event":         "send it",
		"X-ASRS-User-Id":       "j%C3%BCrgen",
		"X-ASRS-User-Claims":   "role: admin,name: a%0D%0AX-Evil: 1",
		"X-ASRS-Client-Query":  "?hub=chat&id=x",
		"X-ASRS-Signature":     Signature([]string{key, "secondary-SECRET"}, vectorID),
		"Authorization":        "",
		"X-Evil":               "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.HasPrefix(r.Header.Get("X-ASRS-Signature"), vector+",sha256=") {
		t.Error("the primary key is not first")
	}
}

func TestBodies(t *testing.T) {
	h := newHook(t, status(200))
	c := h.caller(t, Config{})
	for _, v := range []struct {
		e                Event
		path, kind, body string
	}{
		{Connected("chat", "1"), "connections/connected", "application/json", `{"type":10}`},
		{Disconnected("chat", "1", ""), "connections/disconnected", "application/json", `{"type":11}`},
		{Disconnected("chat", "1", `a "b"`), "connections/disconnected", "application/json", `{"type":11,"error":"a \"b\""}`},
		{Message("chat", "1", "m", true, []byte{0x96}), "messages/m", "application/x-msgpack", "\x96"},
	} {
		if _, err := c.Call(t.Context(), v.e); err != nil {
			t.Fatal(err)
		}
		r, body := h.requests[len(h.requests)-1], h.bodies[len(h.bodies)-1]
		if r.URL.Path != "/api/chat/"+v.path || r.Header.Get("Content-Type") != v.kind || body != v.body {
			t.Errorf("%s %s %q", r.URL.Path, r.Header.Get("Content-Type"), body)
		}
		if _, ok := r.Header["X-Asrs-User-Id"]; ok {
			t.Error("an anonymous client has a user ID")
		}
	}
}

func TestAnswers(t *testing.T) {
	completion := "{\"type\":3,\"invocationId\":\"1\",\"result\":1}\x1e"
	for _, v := range []struct {
		name    string
		fn      http.HandlerFunc
		body    string
		problem string
	}{
		{"completion", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, completion) }, completion, ""},
		{"empty", status(200), "", ""},
		{"204", status(204), "", ""},
		{"202", status(202), "", "Invocation failed, status code 202"},
		{"401", status(401), "", "Invocation failed, status code 401"},
		{"404", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no function", http.StatusNotFound) }, "", "Invocation failed, status code 404"},
		{"500", status(500), "", "Invocation failed, status code 500"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, "", "Invocation failed, status code 307"},
		{"bad redirect", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://a b/%zz")
			w.WriteHeader(http.StatusFound)
		}, "", "Invocation failed, status code 302"},
		{"too large", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 101)) }, "", "Invocation failed, response too large."},
		{"as large as may be", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 100)) }, strings.Repeat("\x00", 100), ""},
		{"broken", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "50")
			_, _ = io.WriteString(w, "x")
			panic(http.ErrAbortHandler)
		}, "", "Invocation failed, error: The upstream cannot be reached."},
		{"gone", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", "Invocation failed, error: The upstream cannot be reached."},
	} {
		t.Run(v.name, func(t *testing.T) {
			h := newHook(t, v.fn)
			a, err := h.caller(t, Config{MaxAnswer: 100}).Call(t.Context(), Message("chat", "1", "m", false, []byte("{}")))
			if string(a.Body) != v.body || Problem(a, err) != v.problem {
				t.Errorf("%+v, %v: %q", a, err, Problem(a, err))
			}
			if h.calls() != 1 {
				t.Errorf("called %d times", h.calls())
			}
		})
	}
}

// TestRepeats: an event of a connection is repeated when the hook is busy, a message only
// when the hook says when to come back.
func TestRepeats(t *testing.T) {
	for _, v := range []struct {
		status   int
		after    string
		messages int // calls for a message
		others   int // calls for a connection
	}{
		{500, "", 1, 1},
		{500, "0", 1, 1},
		{400, "", 1, 1},
		{502, "", 1, 3},
		{502, "0", 1, 3},
		{504, "", 1, 3},
		{503, "", 1, 3},
		{503, "0", 3, 3},
		{429, "", 1, 3},
		{429, "0", 3, 3},
		{429, "Mon, 02 Jan 2006 15:04:05 GMT", 3, 3},
		{503, "1000", 1, 1}, // longer than the timeout: the answer comes at once
	} {
		h := newHook(t, func(w http.ResponseWriter, _ *http.Request) {
			if v.after != "" {
				w.Header().Set("Retry-After", v.after)
			}
			w.WriteHeader(v.status)
		})
		c := h.caller(t, Config{})
		a, err := c.Call(t.Context(), Message("chat", "1", "m", false, []byte("{}")))
		if err != nil || a.Status != v.status || h.calls() != v.messages {
			t.Errorf("%d %q: a message is sent %d times; %+v, %v", v.status, v.after, h.calls(), a, err)
		}
		before := h.calls()
		a, err = c.Call(t.Context(), Connected("chat", "1"))
		if n := h.calls() - before; err != nil || a.Status != v.status || n != v.others {
			t.Errorf("%d %q: a connection is told %d times; %+v, %v", v.status, v.after, n, a, err)
		}
	}
}

func TestRepeatUntilItWorks(t *testing.T) {
	var n atomic.Int32
	h := newHook(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if a, err := h.caller(t, Config{}).Call(t.Context(), Connected("chat", "1")); err != nil || a.Status != 200 || h.bodies[2] != `{"type":10}` {
		t.Errorf("%+v, %v, %q", a, err, h.bodies)
	}
	n.Store(0)
	if a, err := h.caller(t, Config{Retries: -1}).Call(t.Context(), Connected("chat", "1")); err != nil || a.Status != 503 {
		t.Errorf("without repeats: %+v, %v", a, err)
	}
}

// TestUnreachable: a message of which nothing was sent is repeated.
func TestUnreachable(t *testing.T) {
	var n atomic.Int32
	h := newHook(t, status(204))
	address := h.Listener.Addr().String()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		if n.Add(1) < 3 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	a, err := h.caller(t, Config{Transport: transport}).Call(t.Context(), Message("chat", "1", "m", false, nil))
	if err != nil || a.Status != 204 || n.Load() != 3 {
		t.Errorf("%+v, %v after %d", a, err, n.Load())
	}

	// Nobody listens there any more.
	addr, err := freeport.Addr("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	c := h.caller(t, Config{Templates: []Template{{URL: "http://" + addr + "/?code=SECRET"}}})
	a, err = c.Call(t.Context(), Message("chat", "1", "m", false, nil))
	if err == nil || strings.Contains(err.Error(), "SECRET") || Problem(a, err) != "Invocation failed, error: The upstream cannot be reached." {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestTimeout(t *testing.T) {
	leave := make(chan struct{})
	h := newHook(t, func(http.ResponseWriter, *http.Request) { <-leave })
	defer close(leave)
	c := h.caller(t, Config{Timeout: 2 * time.Second}) // in which it is called on a busy machine, too
	a, err := c.Call(t.Context(), Message("chat", "1", "m", false, nil))
	if !errors.Is(err, context.DeadlineExceeded) || Problem(a, err) != "Invocation failed, error: The upstream did not answer in time." {
		t.Errorf("%+v, %v", a, err)
	}
	if h.calls() != 1 {
		t.Errorf("called %d times", h.calls())
	}
}

func TestConcurrent(t *testing.T) {
	var now, most atomic.Int32
	h := newHook(t, func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
	})
	c := h.caller(t, Config{Concurrent: 3})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			if a, err := c.Call(t.Context(), Connected("chat", strconv.Itoa(i))); err != nil || a.Status != 200 {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 || h.calls() != 12 {
		t.Errorf("%d at once, %d calls", most.Load(), h.calls())
	}
	// Who waits in vain is told so.
	for range 3 {
		c.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := c.Call(ctx, Connected("chat", "1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestManagedIdentity(t *testing.T) {
	h := newHook(t, status(200))
	templates := []Template{{URL: h.URL, ManagedIdentity: "api://app"}}
	c := h.caller(t, Config{Templates: templates, Token: func(_ context.Context, resource string) (string, error) { return "for " + resource, nil }})
	if _, err := c.Call(t.Context(), Connected("chat", "1")); err != nil || h.requests[0].Header.Get("Authorization") != "Bearer for api://app" {
		t.Error(err, h.requests)
	}
	if _, err := h.caller(t, Config{Templates: templates}).Call(t.Context(), Connected("chat", "1")); err == nil || h.calls() != 1 {
		t.Error("called without an identity:", err)
	}
	failed := errors.New("no identity")
	c = h.caller(t, Config{Templates: templates, Token: func(context.Context, string) (string, error) { return "", failed }})
	if _, err := c.Call(t.Context(), Connected("chat", "1")); !errors.Is(err, failed) || h.calls() != 1 {
		t.Error("called without a token:", err)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	h := newHook(t, status(200))
	e := Connected("chat", "1")
	e.Query = "?" + strings.Repeat("x", maxHeaders)
	if _, err := h.caller(t, Config{}).Call(t.Context(), e); err == nil || h.calls() != 0 {
		t.Error("sent:", err)
	}
}

// TestNothingSecretIsTold: neither logs nor errors have the URL, keys or tokens in them.
func TestNothingSecretIsTold(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	logger := slog.New(slog.NewTextHandler(locked{&mu, &log}, nil))
	h := newHook(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-ASRS-Connection-Id") == "gone" {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Location", "/?code=SECRET")
		w.WriteHeader(http.StatusFound)
	})
	templates := []Template{
		{URL: h.URL + "/?code=SECRET", Hub: "chat", ManagedIdentity: "r"},
		{URL: "http://nobody.invalid/?code=SECRET", Hub: "nobody"},
		{URL: "http://169.254.169.254/?code=SECRET", Hub: "metadata"},
		{URL: "http://{hub}.test/?code=SECRET", Hub: "placeholder"},
		{URL: "http://wrong/{x}?code=SECRET", Hub: "wrong"},
	}
	c := h.caller(t, Config{Templates: templates, Logger: logger, Retries: -1, Token: func(context.Context, string) (string, error) { return "SECRET", nil }})
	n := 0
	for _, hub := range []string{"chat", "nobody", "metadata", "placeholder", "wrong"} {
		for _, id := range []string{"here", "gone"} {
			e := Message(hub, id, "m", false, []byte("SECRET"))
			e.Query, e.Claims = "?access_token=SECRET", []string{"x: SECRET"}
			a, err := c.Call(t.Context(), e)
			n++
			if err != nil && strings.Contains(err.Error(), "SECRET") || strings.Contains(Problem(a, err), "SECRET") {
				t.Errorf("%s: %v", hub, err)
			}
			if Problem(a, err) == "" {
				t.Errorf("%s went well", hub)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Count(log.String(), "\n"); got != n || strings.Contains(log.String(), "SECRET") {
		t.Errorf("%d lines:\n%s", got, log.String())
	}
}

type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
