package signalr

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/service/signalr/event"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/token"
)

func free(s *Service, _ *Config) { s.Tier = "Free_F1" }

func TestConnectionLimit(t *testing.T) {
	r := newRig(t, free)
	all := make([]*web, 20)
	for i := range all {
		all[i] = r.connect("chat", "u"+strconv.Itoa(i))
	}
	bearer := r.token("chat", "late")
	res, body := r.do(http.MethodPost, "/client/negotiate?hub=chat&negotiateVersion=1", bearer, "")
	if res.StatusCode != http.StatusTooManyRequests || body != "Connection count reaches limit" || res.Header.Get("Retry-After") == "" {
		t.Errorf("negotiate: %s %s", res.Status, body)
	}
	throttled := r.logged("ConnectionThrottled", "Connection count reaches limit")
	if throttled.Properties.Collection != "Throttling" || throttled.Level != "Warning" || throttled.Properties.UserID != "late" {
		t.Errorf("the record is %s", throttled.raw)
	}
	if _, res, err := r.tryDial(bearer, "chat", ""); err == nil || res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("connect: %v %v", err, res)
	}
	if l := r.logged("ConnectionAborted", "Connection aborted. Reason: Connection count reaches limit"); l.Properties.ConnectionID == "" {
		t.Errorf("the record is %s", l.raw)
	}
	all[0].bye()
	r.until("there is room", func() bool { return r.server.Stats().Clients == 19 })
	r.clock.forward(time.Second) // its rate is 20 a second
	r.connect("chat", "late")
}

func TestConnectionRate(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimits(tierOf("Standard_S1", 1), func() time.Time { return now })
	n := 0
	for l.admit(true, false) == "" {
		n++
	}
	if n != 400 || l.room(true) != limitRate {
		t.Errorf("%d in the first second, then %q", n, l.room(true))
	}
	now = now.Add(100 * time.Millisecond)
	for l.admit(true, false) == "" {
		n++
	}
	if n != 440 {
		t.Errorf("%d after a tenth of a second more", n)
	}
}

func TestDiagnosticLimit(t *testing.T) {
	l := newLimits(tierOf("Standard_S1", 1), time.Now)
	for range maxDiagnostic {
		if over := l.admit(false, true); over != "" {
			t.Fatal(over)
		}
	}
	if over := l.admit(false, true); over != limitDiagnostic {
		t.Errorf("one more: %q", over)
	}
	l.leave(true)
	if over := l.admit(false, true); over != "" {
		t.Error(over)
	}
}

func TestTiers(t *testing.T) {
	for _, test := range []struct {
		sku         string
		units       int
		connections int
		messages    int64
		rate        int
		hard        bool
	}{
		{"Free_F1", 5, 20, 20_000, 20, true},
		{"Standard_S1", 0, 1000, 1_000_000, 400, false},
		{"Standard_S1", 20, 20_000, 20_000_000, 600, false},
		{"Premium_P1", 50, 50_000, 50_000_000, 2000, false},
		{"Premium_P2", 200, 200_000, 200_000_000, 8000, false},
	} {
		want := tier{test.connections, test.messages, test.rate, test.hard}
		if got := tierOf(test.sku, test.units); got != want {
			t.Errorf("%s of %d units: %+v", test.sku, test.units, got)
		}
	}
}

// Server connections count too, but not in Serverless mode.
func TestServersCount(t *testing.T) {
	l := newLimits(tier{connections: 3, rate: 100}, time.Now)
	first, second, third := l.admitServer(), l.admitServer(), l.admit(true, false)
	if !first || !second || third != "" {
		t.Fatal("there is no room for three")
	}
	if l.admitServer() || l.admit(true, false) != event.ReasonConnectionLimit {
		t.Error("there is room for four")
	}
	if over := l.admit(false, false); over != "" {
		t.Errorf("servers count in Serverless mode: %s", over)
	}
}

func TestMessageUnits(t *testing.T) {
	now := time.Date(2026, 3, 4, 23, 59, 59, 0, time.UTC)
	l := newLimits(tier{messages: 10, hard: true}, func() time.Time { return now })
	for _, test := range []struct {
		size int
		n    int64
	}{{1, 1}, {2048, 1}, {2049, 2}, {4096, 2}, {0, 1}} {
		if n, ok := l.spend(test.size); n != test.n || !ok {
			t.Errorf("%d bytes: %d, %t", test.size, n, ok)
		}
	}
	if l.exhausted() {
		t.Error("exhausted after 7 of 10")
	}
	if _, ok := l.spend(8 << 10); ok || !l.exhausted() {
		t.Error("not exhausted after 11 of 10")
	}
	now = now.Add(time.Second)
	if _, ok := l.spend(1); !ok || l.exhausted() {
		t.Error("the day does not begin anew")
	}
}

// The free tier's messages end for the day: everybody is closed, and told why.
func TestMessageLimit(t *testing.T) {
	r := newRig(t, free)
	w := r.connect("chat", "u")
	large := []byte(`{"type":1,"target":"m","arguments":["` + strings.Repeat("x", 500<<10) + `"]}` + "\x1e")
	send := func() {
		t.Helper()
		p := payload.Of(map[payload.Protocol][]byte{payload.JSON: large})
		if err := r.service().hubs.Send(t.Context(), "chat", hub.Target{}, p); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for ; r.service().limits.used.Load()+251 <= 20_000; n++ {
		send()
		if got := w.skip(); len(got)+1 != len(large) {
			t.Fatalf("received %d bytes", len(got))
		}
	}
	if n != 20_000/251 {
		t.Errorf("%d messages of 251 units", n)
	}
	send()
	if got := w.ends(); got != `{"type":7,"error":"Message count reaches limit."}` {
		t.Errorf("the last message is %s", got)
	}
	throttled := r.logged("MessageThrottled", "Message count reaches limit")
	if throttled.Properties.Collection != "Throttling" {
		t.Errorf("the record is %s", throttled.raw)
	}
	r.logged("ConnectionAborted", "Connection aborted. Reason: Message count reaches limit")
	w = r.dial(r.token("chat", "late"), "chat", "")
	w.send(`{"protocol":"json","version":1}`)
	if got := w.ends(); got != `{"error":"Message count reaches limit."}` {
		t.Errorf("who comes later is told %s", got)
	}
	if _, reason := r.service().admitServer(); reason != "Maximum message count limit reached: 20000" {
		t.Errorf("a server connection is told %s", reason)
	}
	if got := r.count("MessageThrottled"); got != 1 {
		t.Errorf("it is logged %d times", got)
	}
	r.clock.forward(24 * time.Hour)
	r.connect("chat", "tomorrow")
}

func TestTransportsOfToken(t *testing.T) {
	r := newRig(t, nil)
	n := r.negotiate(r.token("chat", "u", token.Claim{Type: "asrs.s.htt", Value: "4"}), "chat", "")
	if n.ConnectionToken == "" {
		t.Error("no token")
	}
	if _, res, err := r.tryDial(r.token("chat", "u", token.Claim{Type: "asrs.s.htt", Value: "4"}), "chat", ""); err == nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("a transport that is not allowed: %v %v", err, res)
	}
}

// The metrics of a minute, with their published names.
func TestMetrics(t *testing.T) {
	r := newRig(t, func(_ *Service, c *Config) {
		c.Load = func() (float64, bool) { return 42, true }
	})
	w := r.connect("chat", "u")
	p := payload.Of(map[payload.Protocol][]byte{payload.JSON: []byte(`{"type":1,"target":"m","arguments":["` + strings.Repeat("x", 5000) + `"]}` + "\x1e")})
	if err := r.service().hubs.Send(t.Context(), "chat", hub.Target{}, p); err != nil {
		t.Fatal(err)
	}
	w.skip()
	r.do(http.MethodPost, "/client/negotiate?hub=chat", "x", "")
	w.bye()
	r.logged("ConnectionEnded", "")
	r.tick()
	r.clock.forward(2 * time.Minute)
	r.recorder.Flush(t.Context())
	type values struct {
		Total, Maximum float64
		MetricName     string
		TimeGrain      string
	}
	got := map[string]values{}
	r.sink.mu.Lock()
	for _, rec := range r.sink.records {
		var v values
		if rec.Category == metricCategory && json.Unmarshal(rec.Line, &v) == nil {
			sum := got[v.MetricName]
			sum.Total += v.Total
			sum.Maximum = max(sum.Maximum, v.Maximum)
			got[v.MetricName] = sum
		}
	}
	r.sink.mu.Unlock()
	if got["ServerLoad"].Maximum != 42 {
		t.Errorf("ServerLoad is %v", got["ServerLoad"])
	}
	for name, total := range map[string]float64{"ConnectionOpenCount": 1, "ConnectionCloseCount": 1, "MessageCount": 3} {
		if got[name].Total != total {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	if got["OutboundTraffic"].Total < 5000 || got["InboundTraffic"].Total == 0 || got["UserErrors"].Maximum == 0 {
		t.Errorf("the metrics are %+v", got)
	}
	for _, name := range append(append([]string{}, metricNames...), errorNames...) {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is not there", name)
		}
	}
}
