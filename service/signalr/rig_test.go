package signalr

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"reslog/metric"
	"reslog/record"
	"reslog/resource"
	"reslog/service/signalr/token"
	"reslog/service/signalr/upstream"
)

const (
	testKey  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
	otherKey = "abcdefghijklmnopqrstuvwxyz0123456789abcdefgh"
	testID   = "/subscriptions/aaaaaaaa-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.SignalRService/SignalR/chatty"
)

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// sink is an Emitter that keeps everything.
type sink struct {
	fail  atomic.Pointer[error]
	later atomic.Bool // what fails is kept all the same

	mu      sync.Mutex
	records []record.Record
}

func (*sink) Enabled(resource.ID, record.Category) bool     { return true }
func (*sink) Begin(context.Context, record.Record) error    { return nil }
func (*sink) Withdraw(context.Context, record.Record) error { return nil }

func (s *sink) Emit(_ context.Context, r record.Record) error {
	failure := s.fail.Load()
	if failure != nil && !s.later.Load() {
		return *failure
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, r)
	if failure != nil {
		return *failure
	}
	return nil
}

// line is a record as diagnose reads it.
type line struct {
	Properties struct {
		Message, Type, Collection, ConnectionID, UserID, TransportType, ConnectionType, Hub, InvocationID, MessageTracingID string
	}
	OperationName, Category, Level, CallerIPAddress, ResourceID, Location string
	raw                                                                   string
}

// lines are the records of the category AllLogs.
func (s *sink) lines(t testing.TB) []line {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []line
	for _, r := range s.records {
		if r.Category != category {
			continue
		}
		l := line{raw: string(r.Line)}
		if err := json.Unmarshal(r.Line, &l); err != nil {
			t.Fatalf("%v: %s", err, r.Line)
		}
		all = append(all, l)
	}
	return all
}

// services are those of a test.
type services struct {
	mu    sync.Mutex
	list  []Service
	watch func(Service, bool)
}

func (s *services) ByHost(string) (Service, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == 0 {
		return Service{}, false
	}
	return s.list[0], true
}

func (s *services) Watch(fn func(Service, bool)) {
	s.watch = fn
	for _, v := range s.list {
		fn(v, false)
	}
}

// clock is one that a test may set forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// rig is a whole server.
type rig struct {
	*testing.T
	server   *Server
	services *services
	sink     *sink
	clock    *clock
	recorder *metric.Recorder
	url      string
	stop     func()
}

func newRig(t *testing.T, change func(*Service, *Config)) *rig {
	t.Helper()
	r := &rig{T: t, services: &services{}, sink: &sink{}, clock: &clock{}}
	r.recorder = metric.New(metric.Config{Emitter: r.sink, Now: r.clock.now})
	conf := Service{
		ID: resource.MustParse(testID), Location: "westeurope", Mode: Serverless, Keys: []string{testKey, otherKey},
		Tier: "Standard_S1", Units: 1, Connectivity: true, HTTPRequests: true,
	}
	c := Config{Services: r.services, Emitter: r.sink, Recorder: r.recorder, Now: r.clock.now}
	if change != nil {
		change(&conf, &c)
	}
	r.services.list = []Service{conf}
	r.server = New(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.server.Run(ctx)
	}()
	web := httptest.NewServer(r.server)
	r.url = web.URL
	r.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(func() {
		r.stop()
		web.CloseClientConnections()
		web.Close()
	})
	return r
}

// set changes how the service is set up.
func (r *rig) set(change func(*Service)) {
	r.services.mu.Lock()
	change(&r.services.list[0])
	conf := r.services.list[0]
	r.services.mu.Unlock()
	r.services.watch(conf, false)
}

// service is the one at work.
func (r *rig) service() *service { return r.server.all()[0] }

// until waits for something to become true.
func (r *rig) until(what string, fn func() bool) {
	r.Helper()
	for end := time.Now().Add(patience); !fn(); {
		if time.Now().After(end) {
			for _, l := range r.sink.lines(r) {
				r.Log(l.raw)
			}
			r.Fatalf("%s: it did not happen", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// logged waits for a record of an operation, or of those that begin like it, whose
// message has a text in it.
func (r *rig) logged(operation, text string) line {
	r.Helper()
	var found line
	r.until("a record "+operation+" with "+text, func() bool {
		for _, l := range r.sink.lines(r) {
			if strings.HasPrefix(l.OperationName, operation) && strings.Contains(l.Properties.Message, text) {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

// count is how many records of an operation there are.
func (r *rig) count(operation string) int {
	n := 0
	for _, l := range r.sink.lines(r) {
		if l.OperationName == operation {
			n++
		}
	}
	return n
}

// token makes one of a client.
func (r *rig) token(hub, user string, more ...token.Claim) string {
	return token.Sign(testKey, r.claims("client", hub, user, more...)...)
}

func (r *rig) claims(path, hub, user string, more ...token.Claim) []token.Claim {
	claims := []token.Claim{
		{Type: "aud", Value: "http://localhost/" + path + "/?hub=" + hub},
		{Type: "exp", Value: strconv.FormatInt(r.clock.now().Add(time.Hour).Unix(), 10)},
	}
	if user != "" {
		claims = append(claims, token.Claim{Type: "nameid", Value: user})
	}
	return append(claims, more...)
}

// do sends a request, and returns the answer with its body.
func (r *rig) do(method, path, bearer, body string) (*http.Response, string) {
	r.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatal(err)
	}
	return res, string(b)
}

// negotiated is what negotiate answers.
type negotiated struct {
	ConnectionID, ConnectionToken string
	UseStatefulReconnect          bool
}

func (r *rig) negotiate(bearer, hub, more string) negotiated {
	r.Helper()
	res, body := r.do(http.MethodPost, "/client/negotiate?hub="+hub+"&negotiateVersion=1"+more, bearer, "")
	if res.StatusCode != http.StatusOK {
		r.Fatalf("negotiate: %s %s", res.Status, body)
	}
	var n negotiated
	if err := json.Unmarshal([]byte(body), &n); err != nil || n.ConnectionToken == "" {
		r.Fatalf("negotiate: %v %s", err, body)
	}
	return n
}

// web is a client over a WebSocket.
type web struct {
	r    *rig
	conn *websocket.Conn
	in   []byte
	kind websocket.MessageType
}

// dial opens a WebSocket. Query goes on behind hub.
func (r *rig) dial(bearer, hub, query string) *web {
	r.Helper()
	w, res, err := r.tryDial(bearer, hub, query)
	if err != nil {
		status := ""
		if res != nil {
			status = res.Status
		}
		r.Fatalf("open a WebSocket: %v %s", err, status)
	}
	return w
}

func (r *rig) tryDial(bearer, hub, query string) (*web, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, res, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(r.url, "http")+"/client/?hub="+url.QueryEscape(hub)+query,
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + bearer}}})
	if err != nil {
		return nil, res, err
	}
	c.SetReadLimit(64 << 20)
	r.Cleanup(func() { c.CloseNow() })
	return &web{r: r, conn: c, kind: websocket.MessageText}, res, nil
}

// connect opens a WebSocket and says the handshake, which is answered.
func (r *rig) connect(hub, user string, more ...token.Claim) *web {
	r.Helper()
	w := r.dial(r.token(hub, user, more...), hub, "")
	w.hello()
	return w
}

func (w *web) hello() {
	w.r.Helper()
	w.send(`{"protocol":"json","version":1}`)
	if got := w.next(); got != "{}" {
		w.r.Fatalf("the handshake was answered %q", got)
	}
}

// send sends messages of JSON, without their ends.
func (w *web) send(messages ...string) {
	w.r.Helper()
	w.raw([]byte(strings.Join(messages, "\x1e") + "\x1e"))
}

func (w *web) raw(b []byte) {
	w.r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.conn.Write(ctx, w.kind, b); err != nil {
		w.r.Fatalf("send: %v", err)
	}
}

// next is the next message of JSON, without its end.
func (w *web) next() string {
	w.r.Helper()
	s, err := w.tryNext()
	if err != nil {
		for _, l := range w.r.sink.lines(w.r) {
			w.r.Log(l.raw)
		}
		w.r.Fatalf("receive: %v", err)
	}
	return s
}

func (w *web) tryNext() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		if i := bytes.IndexByte(w.in, 0x1e); i >= 0 {
			s := string(w.in[:i])
			w.in = w.in[i+1:]
			return s, nil
		}
		_, b, err := w.conn.Read(ctx)
		if err != nil {
			return "", err
		}
		w.in = append(w.in, b...)
	}
}

// skip is next, without pings.
func (w *web) skip() string {
	w.r.Helper()
	for {
		if s := w.next(); s != `{"type":6}` {
			return s
		}
	}
}

// ends reads to the end, and returns the last message.
func (w *web) ends() string {
	w.r.Helper()
	last := ""
	for {
		s, err := w.tryNext()
		if err != nil {
			if websocket.CloseStatus(err) == -1 && !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "reset") {
				w.r.Fatalf("the connection did not end: %v", err)
			}
			return last
		}
		last = s
	}
}

// bye ends the connection orderly.
func (w *web) bye() { w.conn.Close(websocket.StatusNormalClosure, "") }

// hooks is an upstream.
type hooks struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request, body string)

	mu    sync.Mutex
	calls []hook
}

type hook struct {
	header http.Header
	body   string
}

// newHooks sets up an upstream for everything.
func newHooks(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, body string)) (*hooks, func(*Service, *Config)) {
	h := &hooks{answer: answer}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		h.calls = append(h.calls, hook{r.Header, string(b)})
		h.mu.Unlock()
		if h.answer != nil {
			h.answer(w, r, string(b))
		}
	}))
	t.Cleanup(h.Close)
	return h, func(s *Service, _ *Config) {
		s.Upstreams = []upstream.Template{{URL: h.URL + "/{hub}/{category}/{event}", Hub: "*", Category: "*", Event: "*"}}
	}
}

// events are the names of the events that came.
func (h *hooks) events() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for _, c := range h.calls {
		names = append(names, c.header.Get("X-Asrs-Category")+"/"+c.header.Get("X-Asrs-Event"))
	}
	return names
}

func (h *hooks) has(name string) bool { return slices.Contains(h.events(), name) }

var loopback = netip.MustParseAddr("127.0.0.1")

var discard = slog.New(slog.DiscardHandler)
