package rest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/service/signalr/hub"
	"reslog/service/signalr/payload"
)

// member is a client that keeps what it gets.
type member struct {
	id, user string
	protocol payload.Protocol
	answer   hub.Result
	hubs     *hub.Hubs

	mu     sync.Mutex
	got    []string
	closed []string
}

func (m *member) ID() string   { return m.id }
func (m *member) User() string { return m.user }

func (m *member) Deliver(p *payload.Payload) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, string(p.Frame(m.protocol)))
}

func (m *member) Close(reason string) {
	m.mu.Lock()
	m.closed = append(m.closed, reason)
	m.mu.Unlock()
	m.hubs.Leave("chat", m)
}

func (m *member) Invoke(_ string, p *payload.Payload, fn func(hub.Result)) {
	m.Deliver(p)
	fn(m.answer)
}

// take returns what the member got since the last time.
func (m *member) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	got := m.got
	m.got = nil
	return got
}

// world is a hub with clients, and the API before it: c1 and c2 are of ann, c3 of bob, c4
// of nobody; c1 and c3 are in the group red. c3 speaks MessagePack.
type world struct {
	t       *testing.T
	hubs    *hub.Hubs
	config  Config
	handler http.Handler
	members map[string]*member
	quota   bool
	counted int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, hubs: hub.New(hub.Config{}), members: map[string]*member{}, quota: true}
	for _, m := range []*member{
		{id: "c1", user: "ann"}, {id: "c2", user: "ann"}, {id: "c3", user: "bob", protocol: payload.MessagePack}, {id: "c4"},
	} {
		if m.protocol == "" {
			m.protocol = payload.JSON
		}
		w.join(m)
	}
	for _, id := range []string{"c1", "c3"} {
		if ok, err := w.hubs.JoinGroup(t.Context(), "chat", id, "red"); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	w.config = Config{
		Hubs:   w.hubs,
		Accept: func(*http.Request) *Refusal { return nil },
		Token: func(_ *http.Request, hub, user string, _ []string, d time.Duration) (string, error) {
			return "token:" + hub + ":" + user + ":" + d.String(), nil
		},
		AccessKey: func(*http.Request) (string, string, *Refusal) { return "KEY", "id", nil },
		Count: func(n int) bool {
			w.counted += n
			return w.quota
		},
	}
	w.handler = New(w.config)
	return w
}

func (w *world) join(m *member) {
	m.hubs = w.hubs
	w.members[m.id] = m
	w.hubs.Join("chat", m)
}

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) code() string { return a.header.Get("x-ms-error-code") }

// do asks the API; headers are "name: value".
func (w *world) do(method, path, body string, headers ...string) answer {
	w.t.Helper()
	var b io.Reader
	if body != "" {
		b = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, "http://127.0.0.1:8888"+path, b)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Header(), rec.Body.String()}
}

// want asks and fails unless the status is this one.
func (w *world) want(status int, method, path, body string, headers ...string) answer {
	w.t.Helper()
	a := w.do(method, path, body, headers...)
	if a.status != status {
		w.t.Errorf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// got are the IDs of the members that got something, sorted. They forget it.
func (w *world) got() string {
	var ids []string
	for id, m := range w.members {
		if len(m.take()) > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// closed are the IDs of the members that were closed, sorted, each with the reason.
func (w *world) closed() string {
	var ids []string
	for id, m := range w.members {
		for _, reason := range m.closed {
			ids = append(ids, id+":"+reason)
		}
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

const message = `{"Target":"m","Arguments":[1,"a"]}`

// fill puts names into a route's path, with the version that it came with.
func fill(r Route, hubName, connection, user, group string) string {
	path := strings.NewReplacer("{hub}", hubName, "{connection}", connection, "{user}", user, "{group}", group, "{stream}", "s1").Replace(r.Path)
	if r.Since != first {
		path += "?api-version=" + r.Since
	}
	return path
}

func bodyOf(r Route) string {
	switch {
	case strings.Contains(r.Name, "send") || r.Name == "invoke connection":
		return message
	case r.Name == "execute commands":
		return `[{"type":"SendMessage","target":"m"}]`
	}
	return ""
}

// TestEveryRoute: each route answers as its row says, for what is there and for what is
// not, in each version that has it.
func TestEveryRoute(t *testing.T) {
	for _, r := range Routes() {
		for _, method := range r.Methods {
			for _, version := range []string{r.Since, v20241201} {
				here, gone := fill(r, "chat", "c1", "ann", "red"), fill(r, "chat", "none", "none", "none")
				if r.Since != first {
					here, gone = strings.Replace(here, r.Since, version, 1), strings.Replace(gone, r.Since, version, 1)
				}
				w := newWorld(t)
				a := w.want(r.Status, method, here, bodyOf(r))
				if a.status != 200 && a.body != "" {
					t.Errorf("%s %s: a body with %d: %s", method, here, a.status, a.body)
				}
				if a.code() != "" {
					t.Errorf("%s %s: x-ms-error-code %s", method, here, a.code())
				}
				if r.NotFound == "" {
					if r.Name != "access key" {
						newWorld(t).want(r.Status, method, gone, bodyOf(r))
					}
					continue
				}
				a = newWorld(t).want(404, method, gone, bodyOf(r))
				if a.code() != r.NotFound {
					t.Errorf("%s %s: x-ms-error-code %q, want %q", method, gone, a.code(), r.NotFound)
				}
				var detail errorDetail
				if err := json.Unmarshal([]byte(a.body), &detail); err != nil || detail.Code != r.NotFound || detail.Message == "" {
					t.Errorf("%s %s: %s, %v", method, gone, a.body, err)
				}
			}
		}
	}
}

// TestBadNames: every route refuses hubs and groups with names that they cannot have.
func TestBadNames(t *testing.T) {
	w := newWorld(t)
	for _, r := range Routes() {
		if !strings.Contains(r.Path, "{hub}") {
			continue
		}
		for _, name := range []string{"1chat", "-", "a%20b", "a%2Fb", strings.Repeat("h", 129), "%C3%A4"} {
			a := w.want(400, r.Methods[0], fill(r, name, "c1", "ann", "red"), bodyOf(r))
			if !strings.Contains(a.body, "Invalid hub name. Valid hub name should be in between 1 and 128 characters long.") {
				t.Errorf("%s: %s", name, a.body)
			}
		}
		if strings.Contains(r.Path, "{group}") {
			a := w.want(400, r.Methods[0], fill(r, "chat", "c1", "ann", strings.Repeat("g", 1025)), bodyOf(r))
			if a.code() != "InvalidGroupName" {
				t.Error(a.code())
			}
		}
		// A name that begins with a letter and has all the other characters is one.
		if a := w.do(r.Methods[0], fill(r, "a_%60,.[]9"+strings.Repeat("h", 118), "c1", "ann", strings.Repeat("g", 1024)), bodyOf(r)); a.status == 400 {
			t.Errorf("%s: %d %s", r.Path, a.status, a.body)
		}
	}
	w.want(400, "POST", "/api/hubs/chat/:send?api-version=2022-06-01&application=1", message)
	w.want(400, "POST", "/api/hubs/chat/users/%ff/:send?api-version=2022-06-01", message)
}

func TestVersions(t *testing.T) {
	w := newWorld(t)
	for _, v := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"POST", "/api/hubs/chat/:send", 400, "ApiVersionUnspecified"},
		{"POST", "/api/hubs/chat/:send?api-version=", 400, "ApiVersionUnspecified"},
		{"POST", "/api/hubs/chat/:send?api-version=2021-01-01", 400, "UnsupportedApiVersion"},
		{"POST", "/api/hubs/chat/:send?api-version=2026-01-01", 400, "UnsupportedApiVersion"},
		{"POST", "/api/hubs/chat/:send?api-version=2022-06-01&api-version=2024-12-01", 400, "AmbiguousApiVersion"},
		{"POST", "/api/hubs/chat/:send?api-version=2022-06-01&API-Version=2022-06-01", 202, ""},
		{"POST", "/API/hubs/chat/:send?api-version=2022-06-01", 404, ""},
		{"POST", "/api/HUBS/chat/:SEND?Api-Version=2022-06-01", 202, ""},
		{"POST", "/api/hubs/chat/%3Asend/?api-version=2022-06-01", 202, ""},
		{"POST", "/api/hubs/chat/:execute?api-version=2022-11-01", 400, "UnsupportedApiVersion"},
		{"POST", "/api/hubs/chat/:generateToken?api-version=2022-06-01", 400, "UnsupportedApiVersion"},
		{"POST", "/api/hubs/chat/:generateToken?api-version=2022-11-01", 200, ""},
		{"POST", "/api/v1/hubs/chat", 202, ""},
		{"POST", "/api/v1/hubs/chat/", 202, ""},
		{"POST", "/api/v1/hubs/chat/:send", 404, ""},
		{"POST", "/api/hubs/chat?api-version=2022-06-01", 404, ""},
		{"POST", "/api/hubs/chat/other?api-version=2022-06-01", 404, ""},
		{"POST", "/api/hubs//:send?api-version=2022-06-01", 404, ""},
		{"POST", "/api/", 404, ""},
		{"POST", "/api/a/b/c/d/e/f/g/h/i/j/k", 404, ""},
		{"GET", "/api/v1-preview/hub/chat", 404, ""},
		{"GET", "/api/hubs/chat/:send?api-version=2022-06-01", 405, "MethodNotAllowed"},
		{"PATCH", "/api/v1/hubs/chat", 405, "MethodNotAllowed"},
		{"POST", "/api/v1/hubs/chat?excluded=%zz", 400, "InvalidQuery"},
	} {
		a := w.want(v.status, v.method, v.path, message)
		if a.code() != v.code {
			t.Errorf("%s: %q", v.path, a.code())
		}
	}
	if a := w.do("PATCH", "/api/v1/hubs/chat/groups/g", ""); a.header.Get("Allow") != "GET, HEAD, POST" {
		t.Error(a.header)
	}
}

func TestAccept(t *testing.T) {
	w := newWorld(t)
	w.config.Accept = func(r *http.Request) *Refusal {
		return &Refusal{Status: 401, Header: http.Header{"Www-Authenticate": {"Bearer"}}}
	}
	w.handler = New(w.config)
	for _, r := range append(Routes(), Route{Path: "/api/none", Methods: []string{"GET"}, Since: v20220601}) {
		status := 401
		if r.Name == "health" {
			status = 200
		}
		a := w.want(status, r.Methods[0], fill(r, "chat", "c1", "ann", "red"), bodyOf(r))
		if status == 401 && (a.body != "" || a.header.Get("WWW-Authenticate") != "Bearer") {
			t.Errorf("%s: %v %q", r.Path, a.header, a.body)
		}
	}
	if got := w.got() + w.closed(); got != "" {
		t.Error("done without a token:", got)
	}
}

func TestBounds(t *testing.T) {
	w := newWorld(t)
	text := func(n int) string { return `{"target":"m","arguments":["` + strings.Repeat("x", n-31) + `"]}` }
	if n := len(text(maxBody)); n != maxBody {
		t.Fatal(n)
	}
	w.want(202, "POST", "/api/v1/hubs/chat", text(maxBody))
	w.want(413, "POST", "/api/v1/hubs/chat", text(maxBody+1))
	w.want(413, "POST", "/api/v1/hubs/chat", text(maxBody+1), "Content-Type: application/x-msgpack")
	w.want(202, "POST", "/api/v1/hubs/chat", message, "X-Long: "+strings.Repeat("x", 15<<10))
	w.want(431, "POST", "/api/v1/hubs/chat", message, "X-Long: "+strings.Repeat("x", 16<<10))
	w.want(202, "POST", "/api/v1/hubs/chat?excluded="+strings.Repeat("x", 15<<10), message)
	w.want(414, "POST", "/api/v1/hubs/chat?excluded="+strings.Repeat("x", 16<<10), message)

	// A body whose length is not told ahead.
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/hubs/chat", io.MultiReader(strings.NewReader(text(maxBody+1))))
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if rec.Code != 413 {
		t.Error(rec.Code)
	}
}

func TestQuota(t *testing.T) {
	w := newWorld(t)
	w.want(202, "POST", "/api/v1/hubs/chat", message)
	if w.got() == "" || w.counted != 0 {
		t.Errorf("%d bytes were counted here", w.counted)
	}
	w.quota = false
	for _, r := range Routes() {
		path := fill(r, "chat", "c1", "ann", "red")
		if bodyOf(r) == "" && !strings.Contains(r.Name, "stream") {
			continue
		}
		if a := w.want(429, r.Methods[0], path, bodyOf(r)); a.code() != "MessageCountReachesLimit" || !strings.Contains(a.body, "Message count reaches limit") {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	if got := w.got(); got != "" {
		t.Error("sent without a quota:", got)
	}
	w.config.Count = nil
	w.handler = New(w.config)
	w.want(202, "POST", "/api/v1/hubs/chat", message)
}
