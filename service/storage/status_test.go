package storage

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/storagelog"
)

// caller makes the same request in one of the three ways to authenticate.
type caller struct {
	prefix string
	sign   bool
	query  string
}

func callers(t *testing.T) []caller {
	q := mustQuery(t, "sv=2015-04-05&ss=b&srt=sco&sp=rwdlac&se=2099-01-01")
	sas := handSAS(q, "devstoreaccount1\nrwdlac\nb\nsco\n\n2099-01-01\n\n\n2015-04-05\n")
	return []caller{{"", true, ""}, {"Anonymous", false, ""}, {"SAS", false, sas}}
}

// open is an operation that everybody may call.
func open(run func(*Call) error) *Operation {
	return &Operation{Name: "GetBlob", Class: Read, Scope: ScopeObject, SAS: "r", ServiceSAS: true, Public: PublicBlob, Timeout: 5 * time.Second, MaxBody: 1 << 30, Run: run}
}

func path(name string, c caller, query string) string {
	q := strings.Trim(query+"&"+c.query, "&")
	if q != "" {
		q = "?" + q
	}
	return "/c/" + name + q
}

// TestEveryStatus reaches the statuses of "Storage Analytics Logged Operations
// and Status Messages" that an answer shows; those of a broken connection and a
// slow client are below.
func TestEveryStatus(t *testing.T) {
	t.Parallel()
	busy := false
	f := newTestFront(t, func(c *FrontConfig, s *fakeService) {
		s.public = PublicBlob
		c.Throttle = throttleFunc(func(string, bool) bool { return !busy })
	})
	f.service.ops["slow"] = open(func(c *Call) error { <-c.Context().Done(); return c.Context().Err() })
	f.service.ops["gone"] = open(func(*Call) error { return ErrBlobNotFound })
	f.service.ops["same"] = open(func(c *Call) error { return ErrNotModified })
	f.service.ops["broken"] = open(func(*Call) error { return errors.New("disk on fire") })
	f.service.ops["forbidden"] = open(func(*Call) error { return ErrInsufficientAccountPermissions })
	for _, op := range f.service.ops {
		op.MaxBody = 0
	}
	for _, who := range callers(t) {
		for _, c := range []struct {
			name, version, query string
			busy                 bool
			status               int
			code                 string
			want                 string // without the prefix; "" is not logged
			wantAnonymous        string
		}{
			{"b", "2016-05-31", "", false, 200, "", "Success", "Success"},
			{"b", "2016-05-31", "", true, 503, "ServerBusy", "ThrottlingError", "ThrottlingError"},
			{"slow", "2016-05-31", "timeout=1", false, 500, "OperationTimedOut", "ServerTimeoutError", "ServerTimeoutError"},
			{"gone", "2016-05-31", "", false, 404, "BlobNotFound", "ClientOtherError", ""},
			{"same", "2016-05-31", "", false, 304, "ConditionNotMet", "ClientOtherError", "ClientOtherError"},
			{"broken", "2016-05-31", "", false, 500, "InternalError", "ServerOtherError", "ServerOtherError"},
			{"forbidden", "2016-05-31", "", false, 403, "InsufficientAccountPermissions", "AuthorizationError", ""},
			{"b", "2021-06-08", "", true, 503, "ServerBusy", "ThrottlingError", "ThrottlingError"},
			{"gone", "2021-06-08", "", false, 404, "BlobNotFound", "=BlobNotFound", ""},
			{"same", "2021-06-08", "", false, 304, "ConditionNotMet", "=ConditionNotMet", "=ConditionNotMet"},
		} {
			busy = c.busy
			want(t, f.do(t, "GET", path(c.name, who, c.query), "", who.sign, "x-ms-version", c.version), c.status, c.code)
			status := c.want
			if who.prefix == "Anonymous" {
				status = c.wantAnonymous
			}
			if status == "" {
				f.emitter.none(t)
				continue
			}
			if bare, ok := strings.CutPrefix(status, "="); ok {
				status = bare
			} else {
				status = who.prefix + status
			}
			e := f.emitter.entry(t)
			if e.Status != status || e.HTTPStatus != strconv.Itoa(c.status) {
				t.Errorf("%s %s %s: %s %s, want %s %d", who.prefix, c.name, c.version, e.Status, e.HTTPStatus, status, c.status)
			}
			if c.name == "slow" && (e.EndToEndLatency < 900 || e.ServerLatency < 900) {
				t.Errorf("slow: latencies %d and %d", e.EndToEndLatency, e.ServerLatency)
			}
		}
	}
	// A status of metrics: its requests are never logged.
	if s := classicStatus(Anonymous, "AuthorizationError", "AuthorizationFailure", "2021-06-08"); s != "AnonymousAuthorizationError" {
		t.Errorf("status %s", s)
	}
}

// dial sends the head of a request by hand and leaves the connection open.
func dial(t *testing.T, f *testFront, method string, who caller, name, query string, length int, body string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	r, err := http.NewRequest(method, f.server.URL+"/devstoreaccount1"+path(name, who, query), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(length)
	if who.sign {
		signRequest(r, "2016-05-31", testAccount(), testAccount().Keys[0])
	} else {
		r.Header.Set("X-Ms-Version", "2016-05-31")
	}
	var b strings.Builder
	b.WriteString(method + " " + r.URL.RequestURI() + " HTTP/1.1\r\nHost: " + r.URL.Host + "\r\n")
	if length > 0 {
		b.WriteString("Content-Length: " + strconv.Itoa(length) + "\r\n")
	}
	for k, vs := range r.Header {
		b.WriteString(k + ": " + vs[0] + "\r\n")
	}
	if _, err := io.WriteString(conn, b.String()+"\r\n"+body); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	f := newTestFront(t, func(_ *FrontConfig, s *fakeService) { s.public = PublicBlob })
	f.service.ops["read"] = open(func(c *Call) error { _, err := io.Copy(io.Discard, c.Request.Body); return err })
	wrote := make(chan struct{}, 1)
	f.service.ops["write"] = open(func(c *Call) error {
		c.Response.Set("Content-Length", strconv.Itoa(1<<30))
		piece := make([]byte, 1<<20)
		for range 1 << 10 {
			if _, err := c.Response.Write(piece); err != nil {
				return err
			}
			select {
			case wrote <- struct{}{}:
			default:
			}
		}
		return nil
	})
	f.service.ops["write"].MaxBody = 0
	f.service.ops["wait"] = open(func(c *Call) error { <-c.Context().Done(); return context.Cause(c.Context()) })
	f.service.ops["wait"].MaxBody = 0
	for _, who := range callers(t) {
		conn := dial(t, f, "PUT", who, "read", "", 1000, "only this")
		conn.Close()
		e := f.emitter.entry(t)
		if e.Status != who.prefix+"NetworkError" || e.HTTPStatus != "Unknown" || e.RequestPacketSize != 9 || e.ContentLength != 1000 || e.ResponseHeaderSize != storagelog.NoSize {
			t.Errorf("reading: %+v", e)
		}
		conn = dial(t, f, "GET", who, "write", "", 0, "")
		<-wrote
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
		e = f.emitter.entry(t)
		if e.Status != who.prefix+"NetworkError" || e.HTTPStatus != "200" || e.ResponsePacketSize == 0 || e.ResponsePacketSize == 1<<30 {
			t.Errorf("writing: %+v", e)
		}
		select {
		case <-wrote:
		default:
		}
		conn = dial(t, f, "GET", who, "wait", "", 0, "")
		time.Sleep(50 * time.Millisecond)
		conn.Close()
		e = f.emitter.entry(t)
		if e.Status != who.prefix+"NetworkError" || e.HTTPStatus != "Unknown" {
			t.Errorf("waiting: %+v", e)
		}
	}
}

func TestClientTimeouts(t *testing.T) {
	t.Parallel()
	f := newTestFront(t, func(_ *FrontConfig, s *fakeService) { s.public = PublicBlob })
	f.service.ops["read"] = open(func(c *Call) error { _, err := io.Copy(io.Discard, c.Request.Body); return err })
	f.service.ops["write"] = open(func(c *Call) error {
		c.Response.Set("Content-Length", strconv.Itoa(1<<30))
		piece := make([]byte, 1<<20)
		for range 1 << 10 {
			if _, err := c.Response.Write(piece); err != nil {
				return err
			}
		}
		return nil
	})
	f.service.ops["write"].MaxBody = 0
	for _, who := range callers(t) {
		// A body that does not come.
		conn := dial(t, f, "PUT", who, "read", "timeout=1", 1000, "only this")
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 500 ") || !strings.Contains(string(answer), "OperationTimedOut") {
			t.Errorf("answer %q, %v", answer, err)
		}
		e := f.emitter.entry(t)
		if e.Status != who.prefix+"ClientTimeoutError" || e.HTTPStatus != "500" || e.EndToEndLatency < 900 || e.ServerLatency > 500 {
			t.Errorf("reading: %+v", e)
		}
		// An answer that is not read.
		dial(t, f, "GET", who, "write", "timeout=1", 0, "")
		e = f.emitter.entry(t)
		if e.Status != who.prefix+"ClientTimeoutError" || e.HTTPStatus != "200" || e.ServerLatency > 500 {
			t.Errorf("writing: %+v", e)
		}
	}
}

func TestTimeoutParameter(t *testing.T) {
	f := newTestFront(t, nil)
	for _, v := range []string{"0", "-1", "x", "99999999999"} {
		if body := want(t, f.do(t, "GET", "/c/b?timeout="+v, "", true), 400, "InvalidQueryParameterValue"); !strings.Contains(body, "<QueryParameterName>timeout</QueryParameterName><QueryParameterValue>"+v) {
			t.Errorf("%s: %s", v, body)
		}
		f.emitter.one(t)
	}
	var left time.Duration
	f.service.ops["time"] = &Operation{Name: "PutBlob", Class: Write, Scope: ScopeObject, Timeout: 10 * time.Second, PerMiB: 100 * time.Second, MaxBody: 8 << 20, Run: func(c *Call) error {
		d, _ := c.Context().Deadline()
		left = time.Until(d)
		_, err := io.Copy(io.Discard, c.Request.Body)
		return err
	}}
	for _, c := range []struct {
		size    int
		query   string
		seconds float64
	}{{0, "", 10}, {1, "", 110}, {1 << 20, "", 110}, {1<<20 + 1, "", 210}, {1 << 20, "?timeout=20", 20}, {0, "?timeout=30000", 10}} {
		want(t, f.do(t, "PUT", "/c/time"+c.query, strings.Repeat("x", c.size), true), 200, "")
		if got := left.Seconds(); got > c.seconds || got < c.seconds-2 {
			t.Errorf("%d bytes %s: %.1f s, want %.0f", c.size, c.query, got, c.seconds)
		}
	}
}

// Anonymous callers: what is public, and how the rest is refused.
func TestPublicAccess(t *testing.T) {
	f := newTestFront(t, nil)
	f.service.ops["list"] = &Operation{Name: "ListBlobs", Class: Read, Scope: ScopeContainer, Public: PublicContainer, Run: func(*Call) error { return nil }}
	f.service.ops["never"] = &Operation{Name: "ListContainers", Class: Read, Scope: ScopeService, Run: func(*Call) error { return nil }}
	for _, c := range []struct {
		public          PublicAccess
		get, list, nope int
	}{{PublicNone, 404, 404, 404}, {PublicBlob, 200, 404, 404}, {PublicContainer, 200, 200, 404}} {
		f.service.public = c.public
		for name, status := range map[string]int{"b": c.get, "list": c.list, "never": c.nope} {
			code := ""
			if status == 404 {
				code = "ResourceNotFound"
			}
			want(t, f.do(t, "GET", "/c/"+name, "", false, "x-ms-version", "2015-02-21"), status, code)
			if status == 200 {
				if e := f.emitter.entry(t); e.Status != "AnonymousSuccess" || e.AuthType != "anonymous" || e.RequesterAccount != "" {
					t.Errorf("%+v", e)
				}
			} else {
				f.emitter.none(t)
			}
		}
	}
	res := f.do(t, "PUT", "/c/b", "", false)
	want(t, res, 401, "NoAuthenticationInformation")
	if res.Header.Get("Www-Authenticate") == "" {
		t.Error("no WWW-Authenticate")
	}
}

func TestThrottle(t *testing.T) {
	now := time.Unix(0, 0)
	th := NewRateThrottle(RateConfig{PerSecond: 2, Analytics: 1, Now: func() time.Time { return now }})
	allow := func(account string, analytics bool, n int) (ok int) {
		for range n {
			if th.Allow(account, analytics) {
				ok++
			}
		}
		return ok
	}
	if n := allow("a", false, 5); n != 2 {
		t.Errorf("%d of 5 allowed, want 2", n)
	}
	if n := allow("a", true, 5); n != 1 {
		t.Errorf("$logs: %d of 5 allowed, want 1", n)
	}
	if n := allow("b", false, 5); n != 2 {
		t.Errorf("another account: %d of 5 allowed, want 2", n)
	}
	now = now.Add(500 * time.Millisecond)
	if n := allow("a", false, 5); n != 1 {
		t.Errorf("half a second later: %d of 5 allowed, want 1", n)
	}
	if th := NewRateThrottle(RateConfig{}); !th.Allow("a", false) || !th.Allow("a", true) {
		t.Error("without a limit nothing is refused")
	}
	f := newTestFront(t, func(c *FrontConfig, _ *fakeService) { c.Throttle = NewRateThrottle(RateConfig{PerSecond: 0.001}) })
	want(t, f.do(t, "GET", "/c/b", "", true), 200, "")
	body := want(t, f.do(t, "GET", "/c/b", "", true), 503, "ServerBusy")
	if !strings.Contains(body, "Operations per second is over the account limit.") {
		t.Errorf("body %s", body)
	}
	want(t, f.do(t, "GET", "/$logs/b", "", true), 200, "") // its own budget
	// They are emitted after the answers: all are there before one is looked at.
	for range 3 {
		f.emitter.one(t)
	}
	if r := f.emitter.records[1]; !strings.Contains(string(r.Line), `"metricResponseType":"ClientAccountRequestThrottlingError"`) {
		t.Errorf("line %s", r.Line)
	}
}

func TestQueryParsing(t *testing.T) {
	q, err := parseQuery("A=1&a=2&b&c=%C3%A9+x&d=a;b&&=z")
	want := url.Values{"a": {"1", "2"}, "b": {""}, "c": {"é x"}, "d": {"a;b"}, "": {"z"}}
	if err != nil || q.Encode() != want.Encode() {
		t.Errorf("%v %v", q, err)
	}
	for _, bad := range []string{"a=%zz", "%=1", "a=%ff"} {
		if _, err := parseQuery(bad); !errors.Is(err, ErrInvalidUri) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
